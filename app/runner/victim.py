"""Something to attack: files, sockets, a second session and a secret, each watched from outside the sealed process."""

import os
import secrets
import shutil
import socket
import sysconfig
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit

from .kernels import Kernels

PRIVATE = 0o600
LOOKS = 8
TOUCHED = 1_000_000_000  # a time of last change that no attack would set


class Victim:
    """The application as a hostile cell sees it. `harm` tells what has been done to it."""

    def __init__(self) -> None:
        self.canary = "hf_CANARY" + secrets.token_hex(6)
        self._variable = f"HF_TOKEN_{secrets.token_hex(4)}"
        os.environ[self._variable] = self.canary
        self._home = Path(tempfile.mkdtemp(prefix=f"playground-victim-{os.getpid()}-"))
        self._files = self._lay_out()
        self._hits: list[str] = []
        self._sockets = self._listen()
        self._affinity = os.sched_getaffinity(0)
        self._before: dict[str, object] = {}

    def _lay_out(self) -> dict[Path, str]:
        files = {
            self._home / "app/app.db": f"SQLite format 3\0{self.canary}",
            self._home / "app/app.py": "# the application\n",
            self._home / "home/.bashrc": "# settings of the shell\n",
            self._home / "home/.cache/huggingface/token": self.canary,
        }
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(PRIVATE)
            os.utime(path, (TOUCHED, TOUCHED))
        return files

    def _listen(self) -> list[socket.socket]:
        tcp = socket.create_server(("127.0.0.1", 0))
        named, abstract = (socket.socket(socket.AF_UNIX) for _ in range(2))
        named.bind(str(self._home / "stream.sock"))
        abstract.bind("\0app-" + self.canary)
        datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        datagram.bind(str(self._home / "datagram.sock"))
        for each in (named, abstract):
            each.listen()
        self._port = tcp.getsockname()[1]
        served = [threading.Thread(target=self._accept, args=(each,)) for each in (tcp, named, abstract)]
        self._threads = [*served, threading.Thread(target=self._receive, args=(datagram,))]
        for thread in self._threads:
            thread.daemon = True
            thread.start()
        return [tcp, named, abstract, datagram]

    def _accept(self, listener: socket.socket) -> None:
        while listener.fileno() >= 0:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._hits.append("a connection to a socket of the application")
            connection.close()

    def _receive(self, datagrams: socket.socket) -> None:
        while datagrams.recv(100):  # nothing at the end
            self._hits.append("a datagram to the application")

    def placeholders(self, kernels: Kernels, other: str) -> dict[str, str]:
        """What the placeholders of a suite stand for; `other` is a session that is not under attack."""
        list(kernels.execute(other, "1"))
        kernel = kernels.kernel(other)
        assert kernel is not None
        (kernel.scratch / "secret.txt").write_text("ESCAPED: the file of another session")
        database = self._home / "app/app.db"
        return {
            "@APP_DB@": str(database),
            "@APP_DB_INO@": str(database.stat().st_ino),
            "@APP_DIR@": str(self._home / "app"),
            "@APP_HOME@": str(self._home / "home"),
            "@APP_PID@": str(os.getpid()),
            "@UNIX@": str(self._home / "stream.sock"),
            "@UNIXDG@": str(self._home / "datagram.sock"),
            "@OTHER_SCRATCH@": str(kernel.scratch),
            "@OTHER_IPC@": kernel.address,
            "@PORT@": str(self._port),
            "@CANARY@": self.canary,
        }

    def fill(self, source: str, values: dict[str, str]) -> str:
        """The program with its placeholders filled in; the canary may stand in two halves."""
        half = len(self.canary) // 2
        source = source.replace('"@CAN"+"ARY@"', f'"{self.canary[:half]}"+"{self.canary[half:]}"')
        for name, value in values.items():
            source = source.replace(name, value)
        return source

    def watch(self) -> None:
        """Remember the state before an attack."""
        self._hits.clear()
        self._before = self._state()

    def harm(self) -> list[str]:
        """What has changed since `watch`; it is put right again."""
        after = self._state()
        found = [f"{name} was changed" for name, value in self._before.items() if after[name] != value]
        found += self._hits
        if found:
            self._lay_out()
            os.sched_setaffinity(0, self._affinity)
        return found

    def _state(self) -> dict[str, object]:
        state: dict[str, object] = {
            "the processors of the application": os.sched_getaffinity(0),
            "the priority of the application": os.getpriority(os.PRIO_PROCESS, 0),
            "the limits of the application": getrlimit(RLIMIT_NOFILE),
            "the installed packages": (Path(sysconfig.get_paths()["purelib"]) / "evil.pth").exists(),
            "the folder for temporary files": Path(f"/tmp/evil-{self.canary}").exists(),  # noqa: S108 - as in the cases
        }
        for path, text in self._files.items():
            state[path.name] = self._intact(path, text)
        return state

    def _intact(self, path: Path, text: str) -> bool:
        if not path.exists() or path.read_text() != text:
            return False
        found = path.stat()
        return found.st_mode & 0o777 == PRIVATE and found.st_mtime == TOUCHED

    def leaked(self, source: str, printed: str) -> bool:
        """Whether the secret is in what was printed, other than in words of the program itself."""
        for word in (f"app-{self.canary}", f"evil-{self.canary}"):
            printed = printed.replace(word, "")
        return self.canary in printed and self.canary not in source

    def close(self) -> None:
        """Remove it."""
        for each in self._sockets:
            with suppress(OSError):  # a datagram socket is not connected, and is woken all the same
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()
        os.environ.pop(self._variable, None)
        shutil.rmtree(self._home)


def burns(pid: int) -> bool:
    """Whether process `pid` goes on computing: a thread of it wants the processor most of the times we look.

    How much it gets is no measure on a machine that is busy.
    """
    looks = []
    for _ in range(LOOKS):
        looks.append(is_runnable(pid))
        threading.Event().wait(0.01)
    return sum(looks) > LOOKS // 2


def is_runnable(pid: int) -> bool:
    """Whether a thread of the process is running or waiting for a processor (state R of proc_pid_stat(5))."""
    for path in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):
            if path.read_text().rsplit(")", 1)[1].split()[0] == "R":
                return True
    return False
