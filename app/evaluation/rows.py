"""The file of an evaluation: one JSON line for the run's settings, then one a sample, in the order they were made.

A line is written whole or not at all as far as a reader can tell: what a kill left of the last one is cut off when
the file is opened again. Several processes may append to one file.
"""

import gzip
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from app.evaluation.errors import OtherRun, ResultsDamaged

Row = dict[str, Any]
# What may differ between two starts of one run: it changes how fast the samples come, not what they are.
FREE = frozenset({"command", "machine", "started", "batch", "limit", "samples"})


class Rows:
    """The samples of one run in a file.

    Args:
        path: the file; made if it is not there.
        run: the run's settings. All but those of `FREE` must be those in the file.

    Raises:
        OtherRun: the file holds samples of another run.
        ResultsDamaged: the file is not one of an evaluation.

    Attributes:
        run: the settings as of this start: begun as the file says, with the size and speed of the last command.
    """

    def __init__(self, path: Path, run: Mapping[str, Any]) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(f"{path}.lock")
        with self._lock:
            if path.exists():
                _cut_torn_line(path)
            if not path.exists() or not path.stat().st_size:
                self._write({"run": dict(run)})
            stored, self._known = read(path)
        _agree(path, stored, run)
        self.run = {**stored, **{name: run[name] for name in FREE - {"started"} if name in run}}

    def done(self) -> set[str]:
        """The keys of the samples that were in the file when it was opened."""
        return {row["key"] for row in self._known}

    def locked(self) -> FileLock:
        """Keeps other processes from appending for as long as the context lasts."""
        return self._lock

    def add(self, row: Row) -> None:
        """Append a sample; it survives a kill from here on."""
        with self._lock:
            self._write(row)

    def _write(self, row: Row) -> None:
        line = json.dumps(row, ensure_ascii=True) + "\n"
        with self.path.open("ab") as file:
            file.write(line.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())


def read(path: Path) -> tuple[dict[str, Any], list[Row]]:
    """The settings and the samples of a file, which may be compressed; of two samples with one key the first counts.

    Raises:
        ResultsDamaged: it is not a file of an evaluation.
    """
    rows: dict[str, Row] = {}
    try:
        lines = _lines(path)
        run: dict[str, Any] = next(lines)["run"]
        for row in lines:
            rows.setdefault(row["key"], row)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise ResultsDamaged(
            f"{path} is not the file of an evaluation ({type(error).__name__}: {error}). Name another file with --out."
        ) from error
    return run, list(rows.values())


def budget(rows: Sequence[Row]) -> dict[str, float]:
    """What all samples took: answers and tokens of the model, and seconds of answering, summed over all at a time."""
    names = ("samples", "tokens_in", "tokens_out", "seconds")
    return {name: round(sum(row[name] for row in rows), 1) for name in names}


def _lines(path: Path) -> Iterator[Row]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    yield from (json.loads(line) for line in text.split("\n") if line)


def _cut_torn_line(path: Path) -> None:
    """Cut off a last line that has no end."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _agree(path: Path, stored: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    known = json.loads(json.dumps(given))
    names = sorted((stored.keys() | known.keys()) - FREE)
    differ = [
        f"{name} {stored.get(name)!r}, not {known.get(name)!r}" for name in names if stored.get(name) != known.get(name)
    ]
    if differ:
        raise OtherRun(
            f"{path} holds a run with {'; '.join(differ)}. Go on with those settings, or name another file with --out."
        )
