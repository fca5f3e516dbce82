"""The few C functions that sealing needs and Python does not offer."""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNS = 0x0002_0000


def system_call(number: int, *arguments: object) -> int:
    """Make a system call by number; whole numbers are passed as C longs.

    Raises:
        OSError: with the errno of the call.
    """
    passed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return check(LIBC.syscall(ctypes.c_long(number), *passed), f"system call {number}")


def prctl(option: int, value: int) -> None:
    """Set an option of this process (PR_* of linux/prctl.h).

    Raises:
        OSError: with the errno of the call.
    """
    check(LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def check(answer: int, what: str) -> int:
    """The answer of a C function that reports failure as a negative number.

    Raises:
        OSError: if it is negative.
    """
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return answer
