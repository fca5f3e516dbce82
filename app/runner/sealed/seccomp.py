"""Turns the policy into a seccomp filter and loads it (seccomp(2), Documentation/userspace-api/seccomp_filter.rst)."""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Iterator

from .libc import PR_SET_NO_NEW_PRIVS, prctl, system_call
from .numbers import NUMBERS
from .policy import SELF, UNIFIED_NUMBERS_FROM, Call, If

AUDIT_ARCH = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
X32_BIT = 0x4000_0000  # x86-64 numbers with this bit are the x32 calls, which the policy does not name

# struct seccomp_data: the number at 0, the architecture at 4, six 64-bit arguments from 16, low half first.
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16

# Opcodes of classic BPF (linux/filter.h): load a word, jump on equal / any bit / greater or equal, return.
LOAD, EQUAL, ANY_BIT, AT_LEAST, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
LONGEST_PROGRAM = 4096  # BPF_MAXINSNS
STAND_IN = 0x7FFF_FFF0  # no process has this number (PID_MAX_LIMIT is 2**22)
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1


def load(policy: Iterable[Call], *, all_threads: bool) -> None:
    """Hold this process, from now on and for ever, to the policy.

    Args:
        policy: what is allowed.
        all_threads: also the threads that run already; else the calling one and those it starts.

    Raises:
        OSError: if the kernel has no seccomp filters, or a thread cannot be held.
    """
    load_program(assemble(policy, platform.machine(), STAND_IN), all_threads=all_threads)


def load_program(program: bytes, *, all_threads: bool) -> None:
    """Load a filter that was assembled with `STAND_IN` for the number of the process; see `load`."""
    program = program.replace(struct.pack("=I", STAND_IN), struct.pack("=I", os.getpid()))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = SockFprog(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    flags = SECCOMP_FILTER_FLAG_TSYNC if all_threads else 0
    number = NUMBERS[platform.machine()]["seccomp"]
    thread = system_call(number, SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(header))
    if thread:
        raise OSError(errno.EBUSY, f"thread {thread} could not be sealed")


class SockFprog(ctypes.Structure):
    """struct sock_fprog: the count of instructions and where they are."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def assemble(policy: Iterable[Call], machine: str, pid: int) -> bytes:
    """The filter as BPF instructions of 8 bytes.

    Args:
        policy: rows in the order in which they are tried.
        machine: as `platform.machine()` names it: x86_64 or aarch64.
        pid: takes the place of `SELF` in conditions.

    Raises:
        OSError: ENOTSUP for another machine, E2BIG for a policy that is too long for the kernel.
    """
    if machine not in NUMBERS:
        raise OSError(errno.ENOTSUP, f"no system call table for {machine}; there is one for {', '.join(NUMBERS)}")
    code = list(head(machine))
    for number, rows in by_number(policy, NUMBERS[machine]):
        body = [each for row in rows for each in row_code(row, pid)]
        body.append(instruction(LOAD, NUMBER))  # conditions have overwritten the accumulator
        code.append(instruction(EQUAL, number, no=len(body)))
        code += body
    code += tail()
    if len(code) > LONGEST_PROGRAM:
        raise OSError(errno.E2BIG, f"the filter has {len(code)} instructions, the kernel takes {LONGEST_PROGRAM}")
    return b"".join(code)


def by_number(policy: Iterable[Call], numbers: dict[str, int]) -> Iterator[tuple[int, list[Call]]]:
    """The rows of each call together, in the policy's order, without calls that the architecture lacks."""
    grouped: dict[str, list[Call]] = {}
    for row in policy:
        grouped.setdefault(row.name, []).append(row)
    for name, rows in grouped.items():
        if name in numbers:
            yield numbers[name], rows


def head(machine: str) -> Iterator[bytes]:
    """Kill on calls of another architecture (such as 32-bit calls by int 0x80), then load the number."""
    yield instruction(LOAD, ARCHITECTURE)
    yield instruction(EQUAL, AUDIT_ARCH[machine], yes=1)
    yield instruction(RETURN, KILL_PROCESS)
    yield instruction(LOAD, NUMBER)
    if machine == "x86_64":
        yield instruction(AT_LEAST, X32_BIT, no=1)
        yield instruction(RETURN, KILL_PROCESS)


def tail() -> Iterator[bytes]:
    """Refuse what no row decided."""
    yield instruction(AT_LEAST, UNIFIED_NUMBERS_FROM, no=1)
    yield instruction(RETURN, ERRNO | errno.ENOSYS)
    yield instruction(RETURN, ERRNO | errno.EPERM)


def row_code(row: Call, pid: int) -> list[bytes]:
    """Test the row's conditions; return its answer if all hold, else run on behind it."""
    answer = ALLOW if row.answer is None else ERRNO | row.answer
    code = [instruction(RETURN, answer)]
    for condition in reversed(row.conditions):
        code = condition_code(condition, pid, skip=len(code)) + code
    return code


def condition_code(condition: If, pid: int, skip: int) -> list[bytes]:
    """Fall through if the condition holds, else jump over the next `skip` instructions."""
    low = ARGUMENTS + 8 * condition.argument
    value = pid if condition.value == SELF else condition.value
    if condition.test == "any bit of":
        return [instruction(LOAD, low), instruction(ANY_BIT, value, no=skip)]
    if condition.test == "no bit of":
        return [instruction(LOAD, low), instruction(ANY_BIT, value, yes=skip)]
    # The kernel reads most of these arguments as 32-bit numbers and ignores what stands above: requiring zero
    # there can only refuse more. Negative numbers, which no row names, are refused with it.
    return [
        instruction(LOAD, low),
        instruction(EQUAL, value & 0xFFFF_FFFF, no=skip + 2),
        instruction(LOAD, low + 4),
        instruction(EQUAL, value >> 32, no=skip),
    ]


def instruction(code: int, operand: int, yes: int = 0, no: int = 0) -> bytes:
    """Struct sock_filter; `yes` and `no` are how many instructions a jump skips."""
    return struct.pack("=HBBI", code, yes, no, operand)
