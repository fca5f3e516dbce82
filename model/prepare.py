"""From a catalogue entry to a folder that can be loaded: fetch, verify, convert, each once.

A model has one or two such folders: packed, for processors, and half, in BF16, for GPUs and disks. What comes as a GGUF
file is packed first, as it was made to be; what comes as safetensors is half already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from model.convert import Form, convert, is_current
from model.weights import check, is_on_disk, obtain, slug

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from threading import Event

    from model.catalogue import ModelEntry
    from model.progress import Report
    from model.weights import Source

POLL_SECONDS = 0.5


def prepare(
    entry: ModelEntry,
    cache: Path,
    sources: Sequence[Source],
    report: Report,
    cancel: Event,
    *,
    form: Form | None = None,
) -> Path:
    """The folder with the model's weights, tokenizer and configuration, made now unless it is there.

    Two processes that share a cache prepare a model one after the other.

    Args:
        entry: which model.
        cache: holds a folder for each model.
        sources: where its weights may come from, in order.
        report: is told how far it is.
        cancel: gives the work up.
        form: packed or half; None takes what needs the least work.

    Raises:
        WeightsError: see `obtain` and `convert`.
        Cancelled: `cancel` was set.
    """
    form = form or native_form(entry)
    if is_prepared(entry, cache, form):
        return _folder(entry, cache, form)
    home = cache / slug(entry.id)
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / ".lock")
    _acquire(lock, cancel)
    try:
        if not is_prepared(entry, cache, form):  # another process may have done it meanwhile
            original = obtain(entry, cache, sources, report, cancel)
            if not _is_original(entry, form):
                convert(original, _folder(entry, cache, form), _stamp(entry), report, cancel, form=form)
    finally:
        lock.release()
    return _folder(entry, cache, form)


def native_form(entry: ModelEntry) -> Form:
    """The form that a model is brought into first."""
    return "packed" if entry.gguf else "half"


def is_prepared(entry: ModelEntry, cache: Path, form: Form | None = None) -> bool:
    """Whether the model can be loaded in that form (None: in its first) without fetching or converting anything."""
    form = form or native_form(entry)
    if _is_original(entry, form):
        return is_on_disk(entry, cache)
    return is_current(_folder(entry, cache, form), form, _stamp(entry))


def _is_original(entry: ModelEntry, form: Form) -> bool:
    """Whether the form is the one that the model comes in."""
    return form == "half" and not entry.gguf


def _folder(entry: ModelEntry, cache: Path, form: Form) -> Path:
    if _is_original(entry, form):
        return entry.path or cache / slug(entry.id) / "original"
    return cache / slug(entry.id) / ("packed" if form == "packed" else "converted")


def _stamp(entry: ModelEntry) -> dict[str, object]:
    """What a converted folder depends on."""
    if entry.path:
        changed = [file for file in _files(entry.path) if file.is_file()]
        return {
            "path": str(entry.path),
            "bytes": sum(file.stat().st_size for file in changed),
            "modified": max(file.stat().st_mtime_ns for file in changed),
        }
    if not entry.files:
        return {"repository": entry.repository, "revision": entry.revision}
    return {"file": entry.files[0], "sha256": entry.sha256}


def _files(path: Path) -> list[Path]:
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _acquire(lock: FileLock, cancel: Event) -> None:
    while True:
        check(cancel)
        try:
            lock.acquire(timeout=POLL_SECONDS)
        except Timeout:
            continue
        return
