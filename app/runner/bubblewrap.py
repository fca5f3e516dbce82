"""The optional layer: namespaces by bubblewrap (bwrap(1)), where that program is found and works.

A kernel inside has no network but a loopback of its own, sees no process but itself and bubblewrap, and finds no file
but those that Landlock would let it read. It seals itself there as it does without.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

PARENT = 1
"""The parent of whatever runs inside: bubblewrap, as the first process of its namespace."""

CHECK_SECONDS = 20.0
EXIT_BY_SIGNAL = 128
NAMESPACES = ("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts")
OPTIONS = (*NAMESPACES, "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--unsetenv", "JPY_PARENT_PID")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
CODE = Path(__file__).resolve().parent / "sealed"
ASK = (
    "import sys; sys.path.insert(0, {folder!r}); from sealed import places; del sys.path[0];"
    "print(*places.named(), *places.readable(), sep='\\n')"
)


def wrapper(writable: Sequence[str]) -> list[str] | None:
    """The words that go before a command to run it inside, in the first of the folders; None if that does not work.

    Args:
        writable: folders that can be written to.
    """
    inside = starting_words()
    if inside is None:
        return None
    binds = [word for folder in writable for word in ("--bind", folder, folder)]
    return [*inside, *binds, "--chdir", writable[0], "--"]


def works() -> bool:
    """Whether kernels are started inside."""
    return starting_words() is not None


def starting_words() -> tuple[str, ...] | None:
    """The program and its options for what is seen inside; None where there is none, or it does not work."""
    program = shutil.which("bwrap")
    # Started as root, every kernel becomes a user of its own, which a namespace with one user would not let it.
    return None if program is None or os.geteuid() == 0 else tried(program)


@cache
def tried(program: str) -> tuple[str, ...] | None:
    """The same for this program, which is started once: user namespaces may be forbidden, whatever is installed."""
    try:
        if not children_file(os.getpid()).exists():
            return None
        words = (program, *OPTIONS, "--tmpfs", "/tmp", "--proc", "/proc", *binds_for(needed()))  # noqa: S108 - inside
        run([*words, "--", sys.executable, "-I", "-c", "import ctypes, ssl"])
    except (OSError, subprocess.SubprocessError):
        return None
    return words


def needed() -> list[str]:
    """What the interpreter and its libraries read, as a clean interpreter sees it: our own path is not its."""
    told = run([sys.executable, "-I", "-c", ASK.format(folder=str(CODE.parent))])
    own = (sys.executable, os.path.realpath(sys.executable), f"{sys.prefix}/pyvenv.cfg", str(CODE))
    return sorted(path for path in {*told.splitlines(), *own} - {*DEVICES} if Path(path).is_absolute())


def binds_for(paths: Sequence[str]) -> list[str]:
    """Options that show these paths and the devices; paths that lie in others need none of their own."""
    words = [word for device in DEVICES for word in ("--dev-bind", device, device)]
    shown: list[str] = []
    for path in sorted(paths):
        if not any(Path(path).is_relative_to(outer) for outer in shown):
            shown.append(path)
            words += ["--ro-bind-try", path, path]
    return words


def run(command: Sequence[str]) -> str:
    """What the command prints.

    Raises:
        OSError, SubprocessError: if it fails or takes too long.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter, and bubblewrap
        command, env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=CHECK_SECONDS
    )
    return done.stdout


def children_file(pid: int) -> Path:
    """Lists the children of the main thread of process `pid` (proc_pid_task_tid_children(5))."""
    return Path(f"/proc/{pid}/task/{pid}/children")


def only_child(pid: int) -> int | None:
    """The first child of a process; None if it has none or is gone."""
    try:
        children = children_file(pid).read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


class Inside:
    """A process inside, held by descriptors: its number may belong to another once it is gone.

    Attributes:
        pid: its number as seen from outside.
    """

    def __init__(self, first: int, pid: int) -> None:
        self.pid = pid
        self._first = os.pidfd_open(first)
        try:
            self._own = os.pidfd_open(pid)
        except OSError:
            os.close(self._first)
            raise

    @classmethod
    def of(cls, bwrap: int) -> "Inside | None":
        """The process that runs inside the bubblewrap with process number `bwrap`; None if it is not there (yet)."""
        first = only_child(bwrap)
        pid = only_child(first) if first is not None else None
        if first is None or pid is None:
            return None
        try:
            return cls(first, pid)
        except OSError:
            return None

    def send(self, number: int) -> None:
        """Send it a signal; a kill ends its whole namespace, and bubblewrap once everything in it is gone."""
        try:
            signal.pidfd_send_signal(self._first if number == signal.SIGKILL else self._own, number)
        except ProcessLookupError:
            return

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self._first)
        os.close(self._own)


def exit_code(code: int | None) -> int | None:
    """The exit status of the process inside, made from bubblewrap's: negative for a signal, as in `subprocess`."""
    by_signal = code is not None and code - EXIT_BY_SIGNAL in set(signal.Signals)
    return EXIT_BY_SIGNAL - code if by_signal and code is not None else code
