"""The self-test, and what it lets through."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.runner import Finished, Kernels, KernelStartFailed, Refused
from app.runner.probe import probe
from app.runner.setting import Setting

ROOT = Path(__file__).resolve().parent.parent


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.runner", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def test_this_machine_passes_and_the_tier_follows_from_the_layers() -> None:
    found = json.loads(command("probe").stdout)
    assert [check for check in found["self_test"] if not check["held"]] == []
    assert {check["kind"] for check in found["self_test"]} == {"hostile", "harmless"}
    assert found["tier"] == ("strong" if os.geteuid() == 0 else "standard")
    assert ("own user" in found["layers"]) == (os.geteuid() == 0)


def test_without_landlock_cells_are_refused_and_it_is_said_why() -> None:
    runner = Kernels(setting=Setting(landlock=0), spare=0, preload=())
    try:
        with pytest.raises(Refused, match="the self-test failed"):
            next(runner.execute("a", "1"))
        status = runner.status("a")
    finally:
        runner.shutdown()
    assert (status.state, status.tier) == ("refused", "refused")
    assert "What helps" in status.message


def test_where_no_process_can_be_sealed_the_finding_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    found = probe()
    assert found.tier == "refused"
    assert "no sealed process comes up" in found.message


def test_a_kernel_that_does_not_start_is_an_error_and_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Kernels(most=1, spare=0, preload=("no_such_module",), check=False)
    try:
        for key in ("a", "b"):
            with pytest.raises(KernelStartFailed, match="No module named 'no_such_module'"):
                next(runner.execute(key, "1"))
            assert runner.status(key).state == "none"
    finally:
        runner.shutdown()


def test_run_prints_one_object_a_program(tmp_path: Path) -> None:
    sources = {"good.py": "print('hi')\n40 + 2", "bad.py": "1 / 0", "slow.py": "import time\ntime.sleep(60)"}
    for name, source in sources.items():
        (tmp_path / name).write_text(source)
    files = [str(tmp_path / name) for name in sources]
    for how in ("--kernel", "--oneshot"):
        done = command("run", *files, how, "--limits", "wall=1.5")
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert [each["status"] for each in told] == ["ok", "error", "limit:wall"]
        assert told[0]["outputs"][0] == {"output_type": "stream", "name": "stdout", "text": "hi\n"}
        assert all(each["duration"] > 0 for each in told)
        assert done.returncode == 1


def test_a_wrong_limit_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("1")
    done = command("run", str(tmp_path / "f.py"), "--limits", "speed=9")
    assert done.returncode == 2
    assert "no limit 'speed'" in done.stderr


def test_the_gate_opens_for_cells_once_the_self_test_holds() -> None:
    runner = Kernels(spare=0, preload=())
    try:
        *_, last = runner.execute("a", "1")
        assert isinstance(last, Finished)
        assert runner.tier in ("strong", "standard")
    finally:
        runner.shutdown()
