"""No cell before the self-test has been passed."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from .errors import Refused
from .setting import Setting

if TYPE_CHECKING:
    from .probe import Probe


class Gate:
    """Runs the self-test in the background and lets nobody through where it fails.

    Args:
        setting: what to test.
        check: whether to test at all; without it everybody is let through.
        done: called when the finding is there.
    """

    def __init__(self, setting: Setting, *, check: bool, done: Callable[[], None]) -> None:
        self._setting = setting
        self._check = check
        self._done = done
        self._found: Future[Probe] = Future()
        self._thread = threading.Thread(target=self._look, name="self-test", daemon=True)
        if check:
            self._thread.start()

    def _look(self) -> None:
        from .probe import probe  # it runs kernels, which pass a gate

        try:
            self._found.set_result(probe(self._setting))
        except BaseException as error:
            self._found.set_exception(error)  # whoever wants to run a cell gets to see it
            raise
        self._done()

    def probe(self) -> "Probe":
        """What was found; waits for it."""
        return self._found.result()

    @property
    def tier(self) -> str:
        """Strong, standard or refused; checking until that is known."""
        return self._found.result().tier if self._found.done() else "checking"

    def enter(self) -> None:
        """Wait for the finding.

        Raises:
            Refused: where code is not to be run.
        """
        if self._check and self.probe().tier == "refused":
            raise Refused(self.probe().message)

    def close(self) -> None:
        """Wait for the self-test to end."""
        if self._check:
            self._thread.join()
