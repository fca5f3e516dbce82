"""Command line: `python -m model.kernels` compiles packed.cpp for this machine, if it can."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from typing import Final

from model.kernels import BUILT, SOURCE, library

FLAGS: Final = (
    *("-std=c++17", "-O3", "-fopenmp", "-shared", "-fPIC"),
    *("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma", "-mf16c"),
)
WITHOUT: Final = "Models will run on PyTorch's own operations, which are slower.\n"


def main() -> int:
    """Compile, unless it was done before; a machine that cannot is no failure. Gives the exit status."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if library().is_file():
        return 0
    if platform.machine() not in ("x86_64", "AMD64") or compiler is None:
        sys.stderr.write(f"The kernels need a C++ compiler and an x86-64 processor. {WITHOUT}")
        return 0
    BUILT.mkdir(exist_ok=True)
    unfinished = library().with_suffix(f".{os.getpid()}")
    done = subprocess.run(  # noqa: S603 - our own source, by the compiler that is installed
        [compiler, *FLAGS, str(SOURCE), "-o", str(unfinished)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(f"{done.stderr}\nThe kernels could not be compiled by {compiler}. {WITHOUT}")
        return 0
    for old in BUILT.glob("packed-*.so"):
        old.unlink()
    unfinished.rename(library())
    return 0


if __name__ == "__main__":
    sys.exit(main())
