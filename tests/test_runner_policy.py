"""The seccomp filter, read by an interpreter of its instructions: what the kernel would decide for a call."""

import errno
import struct

import pytest

from app.runner.sealed import seccomp
from app.runner.sealed.numbers import NUMBERS
from app.runner.sealed.policy import KERNEL_POLICY, ONESHOT_POLICY

PID = 4242
MACHINES = sorted(NUMBERS)


def decide(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """The filter's answer to a system call (struct seccomp_data), as classic BPF defines its instructions."""
    program = seccomp.assemble(KERNEL_POLICY, machine, PID)
    arch = seccomp.AUDIT_ARCH[machine] if architecture is None else architecture
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, arch, 0, *[each & (1 << 64) - 1 for each in padded])
    accumulator, at = 0, 0
    while True:
        code, yes, no, operand = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        if code == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("=I", data, operand)
        elif code == seccomp.RETURN:
            return int(operand)
        else:
            jumps = {
                seccomp.EQUAL: accumulator == operand,
                seccomp.ANY_BIT: accumulator & operand != 0,
                seccomp.AT_LEAST: accumulator >= operand,
            }
            at += yes if jumps[code] else no


def answer(machine: str, name: str, *arguments: int) -> int:
    return decide(machine, NUMBERS[machine][name], *arguments)


def refused(number: int) -> int:
    return seccomp.ERRNO | number


@pytest.mark.parametrize("machine", MACHINES)
def test_every_row_has_a_reason_and_a_number_somewhere(machine: str) -> None:
    assert all(row.reason for row in KERNEL_POLICY)
    assert {row.name for row in KERNEL_POLICY} <= set(NUMBERS["x86_64"])
    assert set(NUMBERS[machine]) <= set(NUMBERS["x86_64"])


@pytest.mark.parametrize("machine", MACHINES)
def test_reading_is_let_through_and_new_processes_are_not(machine: str) -> None:
    assert answer(machine, "read", 3) == seccomp.ALLOW
    clone = answer(machine, "clone", 17)
    assert clone == refused(errno.EPERM)
    assert answer(machine, "clone", 0x0001_0000) == seccomp.ALLOW
    assert answer(machine, "clone", 0x1001_0000) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_truncating_needs_write_access(machine: str) -> None:
    assert answer(machine, "openat", -100, 0, 0o1000) == refused(errno.EPERM)
    assert answer(machine, "openat", -100, 0, 0o1001) == seccomp.ALLOW
    assert answer(machine, "openat", -100, 0, 0) == seccomp.ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_no_room_on_the_disk_is_taken_without_writing(machine: str) -> None:
    assert answer(machine, "fallocate", 3, 0, 0, 1 << 20) == refused(errno.EOPNOTSUPP)


@pytest.mark.parametrize("machine", MACHINES)
def test_signals_go_to_oneself_only(machine: str) -> None:
    assert answer(machine, "kill", PID, 9) == seccomp.ALLOW
    for other in (1, 0, -1, PID + 1, PID | 1 << 32):
        assert answer(machine, "kill", other, 0) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_nothing_is_sent_to_an_address_even_a_high_one(machine: str) -> None:
    assert answer(machine, "sendto", 3, 0, 1, 0, 0, 0) == seccomp.ALLOW
    assert answer(machine, "sendto", 3, 0, 1, 0, 1 << 40, 16) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_datagram_pair_is_refused(machine: str) -> None:
    assert answer(machine, "socketpair", 1, 1) == seccomp.ALLOW
    for kind in (2, 3, 2 | 0x80000):
        assert answer(machine, "socketpair", 1, kind) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_metadata_calls_do_nothing_and_say_so_or_not(machine: str) -> None:
    assert answer(machine, "fchmodat", -100, 0, 0o777) == refused(0)
    assert answer(machine, "setxattr", 0) == refused(errno.ENOTSUP)


@pytest.mark.parametrize("machine", MACHINES)
def test_unknown_calls_are_missing_and_old_ones_are_forbidden(machine: str) -> None:
    assert decide(machine, 600) == refused(errno.ENOSYS)
    assert decide(machine, 425) == refused(errno.ENOSYS)  # io_uring_setup
    assert decide(machine, {"x86_64": 321, "aarch64": 280}[machine]) == refused(errno.EPERM)  # bpf


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_architecture_kill(machine: str) -> None:
    assert decide(machine, 0, architecture=0x4000_0003) == seccomp.KILL_PROCESS


def test_x32_calls_kill() -> None:
    assert decide("x86_64", 0x4000_0000) == seccomp.KILL_PROCESS


def test_a_machine_without_a_table_is_named() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.assemble(KERNEL_POLICY, "riscv64", PID)


def test_a_one_shot_run_has_no_sockets() -> None:
    assert not {"accept", "sendto", "socketpair"} & {row.name for row in ONESHOT_POLICY}
