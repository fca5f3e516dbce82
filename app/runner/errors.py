"""What can go wrong with the runner itself; code that fails in a cell is a value (`RunResult`), never one of these.

RunnerError
├── KernelStartFailed   the sealed process did not come up
├── JobTooLarge         a one-shot run was given more than can be sent to it
├── NotAsking           an answer was given, but no cell asks for input
├── FileRefused         a file of a session cannot be read or written
├── LimitUnknown        a limit was named that does not exist, or given a value it cannot have
├── Refused             this machine offers too little protection to run code
└── RunnerClosed        the runner has been shut down
"""


class RunnerError(Exception):
    """Base of every error of this package."""


class KernelStartFailed(RunnerError):
    """The kernel process did not become ready; the message carries the end of what it wrote."""


class JobTooLarge(RunnerError):
    """A one-shot run was given more text and arguments than may be sent to it."""


class NotAsking(RunnerError):
    """`answer_input` was called while no cell of that session waits for input."""


class FileRefused(RunnerError):
    """A file of a session cannot be read or written; the message says why."""


class LimitUnknown(RunnerError):
    """A limit was named that does not exist, or its value is out of range."""


class Refused(RunnerError):
    """The self-test found too few layers of protection on this machine, so no code is run."""


class RunnerClosed(RunnerError):
    """The runner was shut down before, or while, this was asked of it."""
