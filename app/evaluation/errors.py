"""What can go wrong in an evaluation, as a tree.

    EvaluationError
    ├── DataMissing      the benchmark's file is not there, or cannot be fetched
    ├── DataDamaged      the file is not what it should be
    │   └── DialogueUnreadable (dialogue.py)  it holds no dialogue
    ├── OtherRun         the output file belongs to a run with other settings
    ├── ResultsDamaged   a stored result cannot be read
    ├── ModelFailed      the engine failed while it answered
    └── CannotJudge      there is no sandbox to judge in, or the check itself is broken

A program that fails its check is no error: that is its verdict.
"""


class EvaluationError(Exception):
    """Base of all errors of this package; the text names the thing, the value and the way out."""


class DataMissing(EvaluationError):
    """The data of a benchmark is not where it was said to be."""


class DataDamaged(EvaluationError):
    """The data of a benchmark cannot be read."""


class OtherRun(EvaluationError):
    """The output file holds the samples of a run with other settings."""


class ResultsDamaged(EvaluationError):
    """A stored result cannot be read."""


class CannotJudge(EvaluationError):
    """No verdict is possible; nothing is known about the program."""


class ModelFailed(EvaluationError):
    """The engine failed, so that there is no answer to judge."""
