"""Command line: `python -m model.kernels` compiles packed.cpp, if this machine can, in each of its builds."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from model.kernels.builds import BUILDS, BUILT, COMMON, SOURCE

if TYPE_CHECKING:
    from model.kernels.builds import Build

WITHOUT: Final = "Models will run on PyTorch's own operations, which are slower.\n"


def main() -> int:
    """Compile, unless it was done before; a machine that cannot is no failure. Gives the exit status."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    missing = [build for build in BUILDS if not build.library.is_file()]
    if missing and (platform.machine() not in ("x86_64", "AMD64") or compiler is None):
        sys.stderr.write(f"The kernels need a C++ compiler and an x86-64 processor. {WITHOUT}")
        return 0
    BUILT.mkdir(exist_ok=True)
    with ThreadPoolExecutor() as beside:
        errors = list(beside.map(partial(_compile, compiler or ""), missing))
    for error in filter(None, errors):
        sys.stderr.write(error)
    if not any(build.ready() for build in BUILDS):
        sys.stderr.write(f"There are no kernels for this processor. {WITHOUT}")
    _sweep()
    return 0


def _compile(compiler: str, build: Build) -> str:
    """Make one build; gives what went wrong."""
    unfinished = build.library.with_suffix(f".{os.getpid()}")
    done = subprocess.run(  # noqa: S603 - our own source, by the compiler that is installed
        [compiler, *COMMON, *build.flags, str(SOURCE), "-o", str(unfinished)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"{done.stderr}\nThe kernels could not be compiled for {build.name} by {compiler}.\n"
    unfinished.rename(build.library)
    return ""


def _sweep() -> None:
    """Take away what was compiled from older sources, where everything was compiled from the present ones."""
    current = {build.library for build in BUILDS}
    if all(library.is_file() for library in current):
        for old in set(BUILT.glob("packed-*.so")) - current:
            old.unlink()


if __name__ == "__main__":
    sys.exit(main())
