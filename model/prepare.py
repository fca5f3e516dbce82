"""From a catalogue entry to a folder that Transformers can load: fetch, verify, convert, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from model.convert import convert, is_current
from model.weights import check, is_on_disk, obtain, slug

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from threading import Event

    from model.catalogue import ModelEntry
    from model.progress import Report
    from model.weights import Source

POLL_SECONDS = 0.5


def prepare(entry: ModelEntry, cache: Path, sources: Sequence[Source], report: Report, cancel: Event) -> Path:
    """The folder with the model's safetensors, tokenizer and configuration, made now unless it is there.

    Two processes that share a cache prepare a model one after the other.

    Args:
        entry: which model.
        cache: holds a folder for each model.
        sources: where its weights may come from, in order.
        report: is told how far it is.
        cancel: gives the work up.

    Raises:
        WeightsError: see `obtain` and `convert`.
        Cancelled: `cancel` was set.
    """
    if is_prepared(entry, cache):
        return _folder(entry, cache)
    home = cache / slug(entry.id)
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / ".lock")
    _acquire(lock, cancel)
    try:
        return _prepare(entry, cache, sources, report, cancel)
    finally:
        lock.release()


def is_prepared(entry: ModelEntry, cache: Path) -> bool:
    """Whether the model can be loaded without fetching or converting anything."""
    if entry.gguf:
        return is_current(_folder(entry, cache), _stamp(entry))
    return is_on_disk(entry, cache)


def _prepare(entry: ModelEntry, cache: Path, sources: Sequence[Source], report: Report, cancel: Event) -> Path:
    if entry.gguf and is_prepared(entry, cache):
        return _folder(entry, cache)
    original = obtain(entry, cache, sources, report, cancel)
    if not entry.gguf:
        return original
    convert(original, _folder(entry, cache), _stamp(entry), report, cancel)
    return _folder(entry, cache)


def _folder(entry: ModelEntry, cache: Path) -> Path:
    if entry.gguf:
        return cache / slug(entry.id) / "converted"
    return entry.path or cache / slug(entry.id) / "original"


def _stamp(entry: ModelEntry) -> dict[str, object]:
    """What a converted folder depends on."""
    if entry.path:
        facts = entry.path.stat()
        return {"path": str(entry.path), "bytes": facts.st_size, "modified": facts.st_mtime_ns}
    return {"file": entry.files[0], "sha256": entry.sha256}


def _acquire(lock: FileLock, cancel: Event) -> None:
    while True:
        check(cancel)
        try:
            lock.acquire(timeout=POLL_SECONDS)
        except Timeout:
            continue
        return
