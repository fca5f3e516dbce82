"""Kernels in namespaces of bubblewrap where that works, and without it where it does not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

SETTING = Path(__file__).with_name("runner_setting.py")
LAYER = "bubblewrap namespaces"

KERNEL = """
import json, os, shutil, sys, threading
from pathlib import Path
from app.runner import Kernels
from app.runner.bubblewrap import works
from app.runner.probe import found_layers
from app.runner.setting import Setting
from app.runner.suite import ending, shown

runner = Kernels(spare=0, preload=(), check=False)

def run(source):
    events = list(runner.execute("a", source, allow_input=False))
    return ending(events), shown(events)

try:
    status, printed = run("import os\\nopen('f', 'w').write('kept')\\nprint(os.getcwd(), open('f').read())")
    kernel = runner.kernel("a")
    seen = Path("/proc", str(kernel.pid))
    found = {
        "works": works(),
        "layers": found_layers(Setting()),
        "status": status.status,
        "printed": printed,
        "scratch": str(kernel.scratch),
        "processes": sum(name.isdigit() for name in os.listdir(seen / "root/proc")),
        "networks": [line.split(":")[0].strip() for line in (seen / "net/dev").read_text().splitlines()[2:]],
        "folders": os.listdir(seen / "root"),
        "temporary": os.listdir(seen / "root/tmp"),
        "own_network": os.readlink(seen / "ns/net") != os.readlink("/proc/self/ns/net"),
    }
    timer = threading.Timer(0.5, lambda: runner.interrupt("a"))
    timer.start()
    found["interrupted"] = [run("import time\\nx = 7\\ntime.sleep(60)")[0].status, run("print(x)")[1]]
    found["ended"] = run("import ctypes\\nctypes.string_at(0)")[0].message
    found["gone"] = not seen.exists()
finally:
    runner.shutdown()
found["left"] = Path(found["scratch"]).exists()
print(json.dumps(found))
"""


@pytest.fixture
def programs() -> Iterator[Path]:
    """A folder for programs that every user may enter."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def look(setting: str = "user", programs: Path | None = None) -> dict[str, Any]:
    """What is seen of a kernel that was started in this setting; what is in `programs` is found first."""
    program = "import sys; sys.path.insert(0, '.')\n" + KERNEL
    places = os.environ["PATH"] if programs is None else f"{programs}:{os.environ['PATH']}"
    told = subprocess.run(
        [sys.executable, str(SETTING), setting, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PATH": places, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def assert_usable(found: dict[str, Any]) -> None:
    """What holds with and without the layer."""
    assert found["status"] == "ok"
    assert found["printed"] == f"{found['scratch']} kept\n"
    assert found["interrupted"] == ["interrupted", "7\n"]
    assert found["ended"] == "The kernel process was ended by SIGSEGV."
    assert found["gone"]
    assert not found["left"]


def test_a_kernel_inside_sees_itself_alone_and_no_network() -> None:
    found = look()
    assert_usable(found)
    assert (LAYER in found["layers"]) == found["works"] == found["own_network"]
    if found["works"]:
        assert found["processes"] == 2  # bubblewrap and the kernel
        assert found["networks"] == ["lo"]
        assert "home" not in found["folders"]
        # A checkout below /tmp lends the kernel its interpreter; nothing else of /tmp is there.
        lent = {Path(sys.prefix).parts[2]} if Path(sys.prefix).is_relative_to("/tmp") else set()
        assert set(found["temporary"]) - lent == {Path(found["scratch"]).parent.name}
    else:
        assert found["processes"] > 2


def test_a_bubblewrap_that_fails_is_done_without(programs: Path) -> None:
    fake = programs / "bwrap"
    fake.write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    fake.chmod(0o755)
    found = look(programs=programs)
    assert_usable(found)
    assert not found["works"]
    assert LAYER not in found["layers"]


def test_one_that_fails_only_later_is_done_without_too(programs: Path) -> None:
    """As when the number of namespaces a user may have is used up."""
    fake = programs / "bwrap"
    fake.write_text('#!/bin/sh\ncase "$*" in *ipykernel*|*kernel.main*) exit 1;; esac\necho\n')
    fake.chmod(0o755)
    found = look(programs=programs)
    assert_usable(found)
    assert found["works"]
    assert not found["own_network"]


def test_where_user_namespaces_are_forbidden_the_layer_is_not_named() -> None:
    found = look("no-userns")
    assert_usable(found)
    assert LAYER not in found["layers"]


def test_started_as_root_every_kernel_has_a_user_instead() -> None:
    found = look("root")
    assert_usable(found)
    assert ("own user" in found["layers"]) == (os.geteuid() == 0)
    assert not (LAYER in found["layers"] and "own user" in found["layers"])
