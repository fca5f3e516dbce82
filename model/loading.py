"""Brings a prepared model into memory, where placement says."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from model.errors import LoadingError, OutOfMemory
from model.imports import quick_imports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch
    from torch import nn
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from model.kernels import Kernels
    from model.packing import Packed
    from model.placement import Placement

    Tensors = dict[str, torch.Tensor]


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

    disable_progress_bar()  # type: ignore[no-untyped-call]  # Transformers has no types here
    register(None)
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


@contextmanager
def reading(folder: Path) -> Iterator[Future[Tensors]]:
    """Read a packed model's weights beside what else is to be done: Transformers keeps one core busy for longer."""
    with quick_imports():
        from model.arena import read_tensors

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(read_tensors, folder, (".values", ".scales", ".minima"))


def load_packed(folder: Path, kernels: Kernels | None, weights: Future[Tensors]) -> PreTrainedModel:
    """Load a packed model.

    Args:
        folder: a model in the packed form.
        kernels: what multiplies; None for PyTorch's own operations, with weights of 8 bits made now.
        weights: of this folder; see `reading`.

    Raises:
        OutOfMemory: memory ran out on the way.
        LoadingError: the folder is not such a model.
    """
    try:
        model = _empty_model(folder)
        _fill(model, weights.result(), kernels)
    except (RuntimeError, MemoryError, OSError, ValueError, KeyError, ImportError) as error:
        raise _explained(folder, error) from error
    model.train(mode=False)
    return model


def _empty_model(folder: Path) -> PreTrainedModel:
    with quick_imports():  # of the model's own modules, too
        from accelerate import init_empty_weights
        from transformers import AutoConfig, AutoModelForCausalLM
        from transformers.initialization import no_init_weights

        config = AutoConfig.from_pretrained(folder, local_files_only=True, dtype="float32")
        with no_init_weights(), init_empty_weights():  # the latter keeps buffers, which no file holds
            model: PreTrainedModel = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]  # as above
    return model


def _fill(model: PreTrainedModel, tensors: Tensors, kernels: Kernels | None) -> None:
    """Give the model its weights, and the modules that compute with them."""
    with quick_imports():
        from model.attention import NAME, register
        from model.packed import fuse

    register(kernels)
    _replace_linear(model, tensors, kernels)
    _replace_embedding(model, tensors)
    missing, _ = model.load_state_dict(tensors, strict=False, assign=True)
    if missing:
        raise ValueError(f"it has no {missing[0]}")
    if kernels is not None:
        fuse(model, kernels)
    if getattr(model.config, "_attn_implementation", "") == "sdpa":
        model.set_attn_implementation(NAME)


def _replace_linear(model: nn.Module, tensors: Tensors, kernels: Kernels | None) -> None:
    """Put packed layers in the places of those whose weights are packed; takes these out of `tensors`."""
    from model.packing import Packed

    for name in [name.removesuffix(".values") for name in tensors if name.endswith(".values")]:
        parent, _, child = name.rpartition(".")
        outputs = cast("nn.Linear", model.get_submodule(name)).out_features
        minima = tensors.pop(f"{name}.minima", None)
        packed = Packed(tensors.pop(f"{name}.values"), tensors.pop(f"{name}.scales"), minima)
        layer = _linear(packed, outputs, tensors.pop(f"{name}.bias", None), kernels)
        setattr(model.get_submodule(parent), child, layer)


def _linear(packed: Packed, outputs: int, bias: torch.Tensor | None, kernels: Kernels | None) -> nn.Module:
    if kernels is not None:
        from model.packed import PackedLinear

        return PackedLinear(packed, outputs, bias, kernels)
    import torch

    from model.int8 import Int8Linear
    from model.packing import unpack

    return Int8Linear(unpack(packed, outputs), bias, torch.float32)


def _replace_embedding(model: PreTrainedModel, tensors: Tensors) -> None:
    from model.packed import HalfEmbedding

    old = model.get_input_embeddings()
    name = next(name for name, module in model.named_modules() if module is old)
    weight = tensors[f"{name}.weight"]
    model.set_input_embeddings(HalfEmbedding.from_pretrained(weight))  # type: ignore[no-untyped-call]  # as above


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
    try:
        with quick_imports():  # the vocabulary is 300,000 objects more
            from transformers import AutoTokenizer

            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise LoadingError(
            f"The tokenizer in {folder} could not be loaded: {error}. Delete the folder, so that it is made again."
        ) from error
    if not tokenizer.is_fast:
        raise LoadingError(f"The tokenizer in {folder} has no fast form (tokenizer.json), which this engine needs.")
    return tokenizer
