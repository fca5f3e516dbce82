"""Where the files of benchmarks come from: a path, or the official place on the network."""

import gzip
import hashlib
import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.evaluation.errors import DataDamaged, DataMissing

HUB = "hub"
TIMEOUT = 60.0  # seconds
Kind = TypeVar("Kind", bound=BaseModel)


@dataclass(frozen=True)
class Source:
    """An official file at a fixed commit, and its digest where that is known."""

    url: str
    sha256: str | None = None


@dataclass(frozen=True)
class Data:
    """The bytes of a benchmark's file, and how they are called in results."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The digest that results carry."""
        return hashlib.sha256(self.content).hexdigest()


def fetch(place: str, official: Source) -> Data:
    """The file at a path, or the official one where the path is the word `hub`.

    Raises:
        DataMissing: it is not there, or cannot be fetched.
        DataDamaged: the official file is not the one that was published.
    """
    return _download(official) if place == HUB else local(place)


def local(place: str) -> Data:
    """The file at a path.

    Raises:
        DataMissing: it cannot be read.
    """
    try:
        return Data(Path(place).name, Path(place).read_bytes())
    except OSError as error:
        raise DataMissing(f"The data cannot be read: {error}. Name the file, or `--data {HUB}` to fetch it.") from error


def parse(data: Data, kind: type[Kind]) -> list[Kind]:
    """The problems in a file of JSON lines, which may be compressed.

    Raises:
        DataDamaged: a line is not a problem; the text names the line.
    """
    try:
        text = gzip.decompress(data.content) if data.name.endswith(".gz") else data.content
        lines = [line for line in text.decode("utf-8").split("\n") if line.strip()]
    except (OSError, EOFError, ValueError) as error:
        raise DataDamaged(f"{data.name} is not a file of JSON lines: {error}.") from error
    return [_problem(data.name, number, line, kind) for number, line in enumerate(lines, 1)]


def _problem(name: str, number: int, line: str, kind: type[Kind]) -> Kind:
    try:
        return kind.model_validate(json.loads(line))
    except (ValueError, ValidationError) as error:
        raise DataDamaged(f"Line {number} of {name} is not a problem of this benchmark: {error}") from error


def _download(source: Source) -> Data:
    try:
        with urllib.request.urlopen(source.url, timeout=TIMEOUT) as answer:  # noqa: S310 - a constant https address
            data = Data(source.url.rsplit("/", 1)[-1], answer.read())
    except OSError as error:
        raise DataMissing(f"{source.url} cannot be fetched: {error}. Name a file with --data PATH.") from error
    if source.sha256 not in (None, data.sha256):
        raise DataDamaged(f"{source.url} has the digest {data.sha256}, not the published {source.sha256}.")
    return data
