"""The self-test at start: does the sandbox hold on this machine, and by which layers?"""

import json
import os
from dataclasses import asdict, dataclass
from typing import Any, Literal

from . import bubblewrap
from .errors import RunnerError
from .sealed import landlock
from .selftest import HARMLESS, HOSTILE
from .setting import Setting
from .suite import Lane

Tier = Literal["strong", "standard", "refused"]

ADVICE = (
    "What helps: Linux 5.13 or newer with Landlock switched on (lsm=landlock,...), a container runtime whose seccomp "
    "profile allows the landlock and seccomp system calls (Docker 23 or newer does), and, when started as root, the "
    "capabilities SETUID and SETGID, or another user to start with."
)


@dataclass(frozen=True)
class Check:
    """One program of the self-test; `kind` is hostile (must not get through) or harmless (must work)."""

    name: str
    kind: Literal["hostile", "harmless"]
    held: bool
    got: str


@dataclass(frozen=True)
class Probe:
    """What the self-test found.

    Attributes:
        tier: strong (files, system calls and users are separated), standard (files and system calls, but all sessions
            run as one user), or refused (code must not be run here).
        layers: the layers in force.
        self_test: the programs that were run in a sealed process, and how each went.
        message: why code is refused and what would help; empty otherwise.
    """

    tier: Tier
    layers: tuple[str, ...]
    self_test: tuple[Check, ...]
    message: str

    def as_json(self) -> str:
        """The whole finding as one JSON object."""
        return json.dumps(asdict(self), indent=2)


def probe(setting: Setting | None = None) -> Probe:
    """Run the self-test in a sealed kernel; takes a few seconds."""
    setting = setting or Setting()
    layers = found_layers(setting)
    try:
        checks = run_checks(setting)
    except (RunnerError, OSError) as error:
        return Probe("refused", layers, (), f"Cells are not run: no sealed process comes up. {error} {ADVICE}")
    broken = [check.name for check in checks if not check.held]
    if broken:
        message = f"Cells are not run: the self-test failed at: {', '.join(broken)}. {ADVICE}"
        return Probe("refused", layers, checks, message)
    return Probe("strong" if "own user" in layers else "standard", layers, checks, "")


def found_layers(setting: Setting) -> tuple[str, ...]:
    """The layers a sealed process has here, by what the machine offers; whether they hold, the self-test says."""
    version = min(landlock.abi(), setting.landlock)
    layers = ["resource limits", "no new privileges", "seccomp allow-list"]
    if version:
        layers.append(f"Landlock ABI {version}")
    if os.geteuid() == 0:
        layers.append("own user")
    if bubblewrap.works():
        layers.append("bubblewrap namespaces")
    return tuple(layers)


def run_checks(setting: Setting) -> tuple[Check, ...]:
    """Run both lists of programs, in the order they stand in, in sessions of one lane."""
    lane = Lane(setting)
    try:
        hostile = [check("hostile", case, lane) for case in HOSTILE]
        harmless = [check("harmless", case, lane) for case in HARMLESS]
    finally:
        lane.close()
    return (*hostile, *harmless)


def check(kind: Literal["hostile", "harmless"], case: dict[str, Any], lane: Lane) -> Check:
    """Run one program."""
    verdict = lane.judge(case)
    held = verdict.held if kind == "hostile" else verdict.got == "ok" and verdict.usable
    return Check(case["name"], kind, held, verdict.got)
