"""What of this machine's protections is used."""

import pwd
import secrets
from dataclasses import dataclass
from pathlib import Path

from .errors import KernelStartFailed
from .sealed.libc import PR_SET_DUMPABLE, prctl

NEWEST = 99
FIRST_UID, COUNT = 52_000, 8_000
ATTEMPTS = 50


@dataclass(frozen=True)
class Setting:
    """Which layers are used, for tests of what holds when one is missing.

    Attributes:
        landlock: newest Landlock ABI to use; 0 for none.
    """

    landlock: int = NEWEST


def unused_uid() -> int:
    """A user id that nobody has: neither the password file nor a process.

    Raises:
        KernelStartFailed: if none was found.
    """
    taken = {entry.pw_uid for entry in pwd.getpwall()} | running_uids()
    for _ in range(ATTEMPTS):
        uid = FIRST_UID + secrets.randbelow(COUNT)
        if uid not in taken:
            return uid
    raise KernelStartFailed(f"No user id between {FIRST_UID} and {FIRST_UID + COUNT} is free; start with another user.")


def running_uids() -> set[int]:
    """The users of all processes that can be seen."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.add(folder.stat().st_uid)
        except FileNotFoundError:
            continue
    return found


def protect_memory() -> None:
    """Keep other processes of this user, sealed or not, from reading this one's memory and environment in /proc."""
    prctl(PR_SET_DUMPABLE, 0)
