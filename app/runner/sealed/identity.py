"""Giving up root: another user for every sealed process, and a way for that user to reach the interpreter."""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from .libc import CLONE_NEWNS, LIBC, PR_SET_DUMPABLE, PR_SET_PDEATHSIG, check, prctl

MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV = 4096, 16384, 1 << 18, 2, 4
KILL = 9


def become(uid: int, needed: Iterable[str]) -> None:
    """Turn root into the user and group `uid`, without any group or capability besides.

    Args:
        uid: a user that owns nothing but its own scratch folder.
        needed: folders that must stay reachable. Where one lies behind a folder that others may not enter (an
            interpreter below /root), it is mounted so that it can be reached, in a mount namespace of this process.

    Raises:
        OSError: if root lacks the capabilities to do so.
    """
    make_reachable(needed, uid)
    drop(uid)


def make_reachable(needed: Iterable[str], uid: int) -> None:
    """Let the user `uid` reach these folders, in a mount namespace of this process; nothing happens if it can."""
    folders = [Path(folder) for folder in needed]
    hidden = sorted({gate for folder in folders if (gate := closed_gate(folder, uid))})
    if hidden:
        open_passages(hidden, folders)


def drop(uid: int) -> None:
    """Become the user and group `uid` alone; with the user all capabilities go (capabilities(7))."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # Changing users has hidden this process in /proc from its own user, as whom the parent looks at its open files.
    prctl(PR_SET_DUMPABLE, 1)


def closed_gate(folder: Path, uid: int) -> Path | None:
    """The uppermost folder on the way to `folder` that the user `uid` may not pass; None if there is none."""
    for parent in (*reversed(folder.resolve().parents), folder.resolve()):
        found = parent.stat()
        if not found.st_mode & stat.S_IXOTH and found.st_uid != uid:
            return parent
    return None


def open_passages(gates: list[Path], needed: list[Path]) -> None:
    """Cover each gate with an empty file system that holds nothing but the needed folders behind it."""
    enter_namespace()
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    for gate in gates:
        behind = [folder.resolve() for folder in needed if folder.resolve().is_relative_to(gate)]
        held = [(folder, os.open(folder, os.O_PATH | os.O_CLOEXEC)) for folder in behind]
        mount("tmpfs", str(gate), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=755")
        for folder, descriptor in held:
            folder.mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{descriptor}", str(folder), None, MS_BIND)
            os.close(descriptor)


def enter_namespace() -> None:
    """Enter a mount namespace of one's own (unshare(2))."""
    check(LIBC.unshare(CLONE_NEWNS), f"the interpreter in {sys.prefix} cannot be reached by other users: unshare")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mount `source` on `target`; flags and options as the system call takes them.

    Raises:
        OSError: with the errno of the call.
    """
    given = [None if text is None else text.encode() for text in (source, target, kind)]
    check(LIBC.mount(*given, ctypes.c_ulong(flags), options.encode()), f"mount on {target}")


def die_with(parent: int) -> None:
    """Be killed when the process `parent`, which started this one, ends (PR_SET_PDEATHSIG of prctl(2))."""
    prctl(PR_SET_PDEATHSIG, KILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), KILL)
