"""Brings a prepared model into memory, where placement says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.errors import LoadingError, OutOfMemory

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from model.placement import Placement


def load_model(folder: Path, placement: Placement, offload: Path) -> PreTrainedModel:
    """Load the weights through Accelerate.

    Args:
        folder: a prepared model.
        placement: where it goes.
        offload: folder for what waits on disk, if the placement says so.

    Raises:
        OutOfMemory: memory ran out on the way.
        LoadingError: the folder is not a model that Transformers can load.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    from model.attention import NAME, register

    disable_progress_bar()  # type: ignore[no-untyped-call]
    register()
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            dtype=getattr(torch, placement.dtype),
            device_map=placement.device_map,
            max_memory=placement.max_memory,
            offload_folder=offload if placement.offload else None,
        )
        if placement.device_map == "cpu" and getattr(model.config, "_attn_implementation", "") == "sdpa":
            model.set_attn_implementation(NAME)
    except (RuntimeError, MemoryError, OSError, ValueError, KeyError, ImportError) as error:
        raise _explained(folder, error) from error
    model.train(mode=False)
    return model


def _explained(folder: Path, error: Exception) -> LoadingError:
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return OutOfMemory(f"There was not enough memory for {folder}: {error}. Free some, or choose a smaller model.")
    return LoadingError(
        f"The model in {folder} could not be loaded: {error}. Delete the folder, so that it is made again."
    )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer that belongs to the model.

    Raises:
        LoadingError: it is missing, damaged, or has no fast (Rust) form.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise LoadingError(
            f"The tokenizer in {folder} could not be loaded: {error}. Delete the folder, so that it is made again."
        ) from error
    if not tokenizer.is_fast:
        raise LoadingError(f"The tokenizer in {folder} has no fast form (tokenizer.json), which this engine needs.")
    return tokenizer
