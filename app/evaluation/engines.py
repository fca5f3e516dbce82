"""The engine that a run asks: a model on this machine, held as the playground holds it, or one on a server."""

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

from model.catalogue import entry
from model.engine import Engine, PromptStyle
from model.greeting import RemoteLoader
from model.loader import LocalLoader, default_sources
from model.progress import Progress
from model.wire import Server


def local(model_id: str, models: Path, weights: Path | None, style: PromptStyle | None) -> Engine:
    """Load a model.

    Args:
        model_id: of the catalogue, of the hub, or a folder.
        models: where converted weights are kept.
        weights: folder that may hold official weight files.
        style: how to speak to it, where that is not to be the model's own way.

    Raises:
        ModelError: it cannot be had or loaded.
    """
    known = entry(model_id)
    if style is not None:
        known = replace(known, prompt_style=style)
    _take_one_gpu()
    return LocalLoader(models, default_sources(weights))(known, _tell, threading.Event())


def remote(url: str, model: str, style: PromptStyle | None, window: int | None) -> Engine:
    """A model on an OpenAI-compatible server; its key stands in the environment variable `ENGINE_KEY`.

    Raises:
        ModelError: the server cannot be reached, or has no such model.
    """
    loader = RemoteLoader(Server(url, os.environ.get("ENGINE_KEY", "")), model, style, window)
    return loader(loader.entry(), _tell, threading.Event())


def _take_one_gpu() -> None:
    """Of several processes on a machine with GPUs, each sees one; before PyTorch looks for them."""
    rank = os.environ.get("LOCAL_RANK")
    if rank is not None and "CUDA_VISIBLE_DEVICES" not in os.environ and "torch" not in sys.modules:
        os.environ["CUDA_VISIBLE_DEVICES"] = rank


def _tell(progress: Progress) -> None:
    if progress.total_bytes:
        share = f"{progress.done_bytes / 1e6:.0f} of {progress.total_bytes / 1e6:.0f} MB"
        sys.stderr.write(f"\r{progress.stage} {share}   ")
