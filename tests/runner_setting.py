"""Start Python in one of the settings that the sandbox must hold in: `runner_setting.py SETTING ARGUMENT...`.

root        as it is; the caller must be root
user        as user 1000, which no capability comes with
no-userns   the same, and user namespaces are forbidden
docker      the same, under what Docker's default seccomp profile forbids to a process without capabilities
            (moby/profiles, seccomp/default.json)

docker-root as root with Docker's default capabilities, under the same profile

The numbers are those of x86-64. For another user than root, who cannot change users, `user` is as it is.
"""

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.runner.sealed import identity, seccomp  # noqa: E402 - the path comes first
from app.runner.sealed.libc import PR_SET_NO_NEW_PRIVS, prctl, system_call  # noqa: E402

UID = 1000
UNSHARE, CLONE, SOCKET, CLONE3 = 272, 56, 41, 435
NEW_NAMESPACES = 0x7E02_0000
NEW_USER = 0x1000_0000
VSOCK = 40
PR_CAPBSET_DROP = 24
LAST_CAPABILITY = 40
DOCKER_LEAVES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
# fmt: off
DOCKER_FORBIDS = (
    134, 136, 139, 153, 155, 156, 163, 164, 165, 166, 167, 168, 169, 172, 173, 174, 175, 176, 177, 178, 179, 180, 212,
    227, 237, 238, 239, 246, 248, 249, 250, 256, 272, 279, 298, 304, 308, 313, 320, 321, 323, 425, 426, 427, 428, 429,
    430, 431, 432, 433, 442, 443,
)
# fmt: on


def forbid(number: int, code: int = errno.EPERM) -> list[bytes]:
    """Refuse a system call."""
    return [
        seccomp.instruction(seccomp.EQUAL, number, no=1),
        seccomp.instruction(seccomp.RETURN, seccomp.ERRNO | code),
    ]


def forbid_bits(number: int, argument: int, bits: int) -> list[bytes]:
    """Refuse a system call where one of the bits is set in the argument."""
    return [
        seccomp.instruction(seccomp.EQUAL, number, no=4),
        seccomp.instruction(seccomp.LOAD, seccomp.ARGUMENTS + 8 * argument),
        seccomp.instruction(seccomp.ANY_BIT, bits, no=1),
        seccomp.instruction(seccomp.RETURN, seccomp.ERRNO | errno.EPERM),
        seccomp.instruction(seccomp.LOAD, seccomp.NUMBER),
    ]


def forbid_family(family: int) -> list[bytes]:
    """Refuse sockets of an address family."""
    return [
        seccomp.instruction(seccomp.EQUAL, SOCKET, no=4),
        seccomp.instruction(seccomp.LOAD, seccomp.ARGUMENTS),
        seccomp.instruction(seccomp.EQUAL, family, no=1),
        seccomp.instruction(seccomp.RETURN, seccomp.ERRNO | errno.EPERM),
        seccomp.instruction(seccomp.LOAD, seccomp.NUMBER),
    ]


def load(rules: list[list[bytes]]) -> None:
    """Hold this process to the rules; everything else is allowed."""
    code = [seccomp.instruction(seccomp.LOAD, seccomp.NUMBER)]
    code += [each for rule in rules for each in rule]
    code.append(seccomp.instruction(seccomp.RETURN, seccomp.ALLOW))
    program = b"".join(code)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = seccomp.SockFprog(len(code), ctypes.cast(buffer, ctypes.c_void_p))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    system_call(317, seccomp.SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(header))


def docker() -> list[list[bytes]]:
    """The simulated profile; clone3 is missing in it, so that programs fall back to clone, whose flags it sees."""
    rules = [forbid(number) for number in DOCKER_FORBIDS]
    return [*rules, forbid(CLONE3, errno.ENOSYS), forbid_bits(CLONE, 0, NEW_NAMESPACES), forbid_family(VSOCK)]


def no_user_namespaces() -> list[list[bytes]]:
    """As with the sysctl user.max_user_namespaces=0, which is not ours to set."""
    return [forbid_bits(UNSHARE, 0, NEW_USER), forbid_bits(CLONE, 0, NEW_USER), forbid(CLONE3, errno.ENOSYS)]


def drop_capabilities() -> None:
    """Leave what Docker leaves to root; the rest goes with the next program that is started (capabilities(7))."""
    for capability in range(LAST_CAPABILITY + 1):
        if capability not in DOCKER_LEAVES:
            prctl(PR_CAPBSET_DROP, capability)


def enter(setting: str) -> None:
    """Turn this process into one of that setting."""
    rules = {"no-userns": no_user_namespaces(), "docker": docker(), "docker-root": docker()}.get(setting, [])
    if setting != "root" and os.geteuid() == 0:
        identity.make_reachable([sys.prefix, sys.base_prefix, str(ROOT)], UID)
        if setting == "docker-root":
            drop_capabilities()
        else:
            identity.drop(UID)
    if rules:
        load(rules)


if __name__ == "__main__":
    assert struct.calcsize("P") == 8
    enter(sys.argv[1])
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
