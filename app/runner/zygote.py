"""The forking process of one-shot runs, from our side; `sealed/zygote.py` is the other."""

import logging
import socket
import subprocess
import sys
from typing import Any

from .errors import JobTooLarge, KernelStartFailed
from .limits import MEBIBYTE, readable_bytes
from .provisioner import CODE, environment
from .sealed import packets

START = "import sys; sys.path.insert(0, {folder!r}); from sealed import zygote; zygote.main()"
MOST_JOB = 32 * MEBIBYTE
START_SECONDS = 60.0
WORDS_SECONDS = 1.0  # how long a lost zygote gets to end by itself

logger = logging.getLogger(__name__)


class Zygote:
    """A forking process and the socket to it."""

    def __init__(self, options: str) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-I", "-c", START.format(folder=str(CODE)), str(theirs.fileno()), options],
                env=environment("/nonexistent"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        self._lost = False
        if self._receive(START_SECONDS) is None:
            self._process.kill()
            words = self._last_words()
            self._lost = False
            self.close()
            raise KernelStartFailed(f"The one-shot runner did not start. It wrote:\n{words}")

    @property
    def sound(self) -> bool:
        """Whether it can take a job."""
        return not self._lost and self._process.poll() is None

    def ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Have a job done; None if the zygote did not answer in time or at all.

        Raises:
            JobTooLarge: the job is not sent.
        """
        text = packets.packed(job)
        if len(text) > MOST_JOB:
            size = f"{readable_bytes(len(text))} of program and arguments"
            raise JobTooLarge(f"A one-shot run takes {readable_bytes(MOST_JOB)}, not {size}.")
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(text)
        except OSError:
            self._lost = True
            return None
        return self._receive(seconds)

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        self._socket.settimeout(seconds)
        try:
            told = packets.receive(self._socket)
        except OSError:
            told = None
        self._lost = told is None
        return told

    def close(self) -> None:
        """End the process."""
        ended = self._lost and self._process.poll() is not None
        self._socket.close()
        if ended and (words := self._last_words()):
            logger.warning("The one-shot runner's process ended. It wrote:\n%s", words)
        self._process.kill()
        if self._process.stderr:
            self._process.stderr.close()
        self._process.wait()

    def _last_words(self) -> str:
        """The end of what it wrote about itself, once it has ended; runs write elsewhere."""
        try:
            self._process.wait(WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            return ""
        return self._process.stderr.read().decode(errors="replace")[-2000:] if self._process.stderr else ""
