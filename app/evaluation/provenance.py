"""What a figure must carry so that it can be repeated: commit, machine, command."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent


def commit() -> str:
    """The commit of the code that runs, with `+changes` if files differ from it; `unknown` outside of a checkout."""
    head = _git("rev-parse", "HEAD")
    if not head:
        return "unknown"
    return head[:12] + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")


def machine() -> str:
    """Cores, processor, memory and system in one line."""
    cores = len(os.sched_getaffinity(0))
    gigabytes = round(psutil.virtual_memory().total / 2**30)
    return f"{cores} cores of {_processor()}, {gigabytes} GB, {platform.system()} {platform.release()}"


def command() -> str:
    """The command line as it can be typed again; folders of this machine are left out of it."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return shlex.join(["python", "-m", "app.evaluation", *words])


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _git(*words: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    told = subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - git
    return told.stdout.strip() if told.returncode == 0 else ""
