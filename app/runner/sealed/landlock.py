"""Which files a sealed process can reach (landlock(7), Documentation/userspace-api/landlock.rst)."""

import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag

from .libc import PR_SET_NO_NEW_PRIVS, prctl, system_call

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # alike on all architectures
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1


class Access(IntFlag):
    """LANDLOCK_ACCESS_FS_*; the comment is the ABI that brought it, where that is not the first."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13  # 2; before it, moving a file to another folder is always refused
    TRUNCATE = 1 << 14  # 3; before it, the seccomp policy asks for write access
    IOCTL_DEV = 1 << 15  # 5; the seccomp policy lists the ioctls anyway


READ = Access.READ_FILE | Access.READ_DIR
# No links, sockets, pipes or devices: what the parent reads in a scratch folder is a file or a folder.
WRITE = (
    READ
    | Access.WRITE_FILE
    | Access.REMOVE_DIR
    | Access.REMOVE_FILE
    | Access.MAKE_DIR
    | Access.MAKE_REG
    | Access.REFER
    | Access.TRUNCATE
)
BIND_SOCKETS = READ | Access.MAKE_SOCK | Access.REMOVE_FILE
FILE_RIGHTS = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV

HANDLED = {1: Access.REFER - 1, 2: Access.TRUNCATE - 1, 3: Access.IOCTL_DEV - 1, 5: (Access.IOCTL_DEV << 1) - 1}
"""All rights that exist from an ABI on; what is handled and not granted is refused."""

NETWORK_FROM, ALL_TCP = 4, 0b11  # bind and connect
SCOPE_FROM, ALL_SCOPES = 6, 0b11  # abstract unix sockets and signals stay inside


@dataclass(frozen=True)
class Grant:
    """A path and what may be done with it and below it."""

    path: str
    access: Access


def abi() -> int:
    """The version of Landlock that this kernel offers; 0 if it is missing, switched off or filtered."""
    try:
        return system_call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    except OSError:
        return 0


class RulesetAttr(ctypes.Structure):
    """struct landlock_ruleset_attr; an older kernel is given only the fields it knows."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class PathBeneathAttr(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def restrict(grants: Iterable[Grant], version: int) -> None:
    """Refuse this thread, and those it starts, every file but the granted ones; and TCP, where the ABI covers it.

    Args:
        grants: paths that do not exist are passed over.
        version: the ABI to use, at most `abi()`.

    Raises:
        OSError: if Landlock is missing.
    """
    ruleset = prepare(grants, version)
    if ruleset is None:
        raise OSError(errno.ENOSYS, "this kernel offers no Landlock")
    try:
        enforce(ruleset)
    finally:
        os.close(ruleset)


def prepare(grants: Iterable[Grant], version: int) -> int | None:
    """The descriptor of a ruleset, which may be enforced later and often; None where there is no Landlock."""
    if version < 1:
        return None
    handled = HANDLED[max(known for known in HANDLED if known <= version)]
    ruleset = create_ruleset(handled, version)
    for grant in grants:
        add(ruleset, grant, handled)
    return ruleset


def enforce(ruleset: int) -> None:
    """Hold this thread, and those it starts, to the ruleset."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    system_call(RESTRICT_SELF, ruleset, 0)


def create_ruleset(handled: int, version: int) -> int:
    """The descriptor of an empty ruleset: everything it handles is refused."""
    network = ALL_TCP if version >= NETWORK_FROM else 0
    scoped = ALL_SCOPES if version >= SCOPE_FROM else 0
    attributes = RulesetAttr(handled, network, scoped)
    size = 24 if scoped else 16 if network else 8
    return system_call(CREATE_RULESET, ctypes.byref(attributes), size, 0)


def add(ruleset: int, grant: Grant, handled: int) -> None:
    """Grant a path, as far as it exists and its kind allows."""
    try:
        path = os.open(grant.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        access = grant.access & handled
        if not stat.S_ISDIR(os.fstat(path).st_mode):
            access &= FILE_RIGHTS
        rule = PathBeneathAttr(access, path)
        system_call(ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(path)
