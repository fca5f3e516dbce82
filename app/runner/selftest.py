"""The programs of the self-test, in the format of a suite (see `suite.py`)."""

from typing import Any


def case(number: int, group: str, name: str, code: str) -> dict[str, Any]:
    """One row of a suite that must be blocked."""
    return {"id": number, "group": group, "name": name, "code": code, "must": "blocked"}


HOSTILE = (
    case(1, "fs-read", "read the application's database", 'print("ESCAPED", open("@APP_DB@", "rb").read(8))'),
    case(2, "fs-read", "list the root folder", 'import os\nprint("ESCAPED", os.listdir("/"))'),
    case(3, "fs-read", "read another session's file", 'print(open("@OTHER_SCRATCH@/secret.txt").read())'),
    case(4, "fs-write", "shorten the application's database", 'import os\nos.truncate("@APP_DB@", 0)'),
    case(5, "fs-write", "open the application's database to everybody", 'import os\nos.chmod("@APP_DB@", 0o777)'),
    case(6, "fs-write", "write beside the scratch folder", 'open("/tmp/evil-@CANARY@", "w")\nprint("ESCAPED")'),
    case(7, "secrets", "read the application's memory", 'open("/proc/@APP_PID@/mem", "rb")\nprint("ESCAPED")'),
    case(8, "secrets", "read the environment", "import os\nprint(dict(os.environ))\n1 / 0"),
    case(
        9,
        "network",
        "connect to the application",
        'import socket\nsocket.create_connection(("127.0.0.1", @PORT@), 1)\nprint("ESCAPED")',
    ),
    case(
        10,
        "network",
        "send a datagram",
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        's.sendto(b"x", ("127.0.0.1", 9))\nprint("ESCAPED")',
    ),
    case(
        11,
        "network",
        "send to a socket by its path",
        "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        'a.sendmsg([b"x"], [], 0, "@UNIXDG@")\nprint("ESCAPED")',
    ),
    case(12, "process", "start a process", 'import os\nos.fork()\nprint("ESCAPED")'),
    case(13, "process", "start a program", 'import subprocess\nsubprocess.run(["/bin/true"])\nprint("ESCAPED")'),
    case(14, "process", "signal the application", 'import os\nos.kill(@APP_PID@, 0)\nprint("ESCAPED")'),
    case(
        15,
        "process",
        "change the application's limits",
        'import resource\nresource.prlimit(@APP_PID@, resource.RLIMIT_NOFILE, (16, 16))\nprint("ESCAPED")',
    ),
    case(
        16,
        "kernel-surface",
        "enter a user namespace",
        "import ctypes\nlibc = ctypes.CDLL(None)\nassert libc.unshare(0x10000000) == 0\nprint('ESCAPED')",
    ),
    case(17, "memory", "take 4 GB", 'x = bytearray(4 << 30)\nprint("ESCAPED")'),
)

HARMLESS = (
    case(101, "harmless", "compute", "assert sum(range(10)) == 45"),
    case(102, "harmless", "write and read a file", 'open("f", "w").write("x")\nassert open("f").read() == "x"'),
    case(
        103,
        "harmless",
        "run a thread",
        "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()",
    ),
    case(104, "harmless", "import numpy", "import numpy\nassert numpy.arange(4).sum() == 6"),
)
