"""Makes the folder of a packed model: from a GGUF file, whose quantised values are kept, or from BF16 weights.

The folder holds safetensors files. A packed matrix `x` is `x.values`, `x.scales` and, with some kinds, `x.minima`
(see model/packing.py); embeddings are float16, everything else float32. The names are those of Transformers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from model.blocks import Blocks, read_blocks
from model.packing import GROUP, Packed, quantise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gguf import ReaderTensor
    from transformers import PreTrainedModel
    from transformers.modeling_gguf_pytorch_utils import TensorProcessor

    Named = tuple[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Names:
    """Which weights of a model are matrices to pack, its input embedding, and its output matrix (empty: none)."""

    matrices: frozenset[str]
    embedding: str
    output: str


def names_in(model: PreTrainedModel) -> Names:
    """Sort the names of a model's weights; the weights themselves are not looked at."""
    output = model.get_output_embeddings()  # type: ignore[no-untyped-call]  # Transformers has no type here
    fitting = (name for name, module in model.named_modules() if fits(module))
    return Names(
        frozenset(f"{name}.weight" for name in fitting),
        _weight_of(model, model.get_input_embeddings()),
        _weight_of(model, output),
    )


def fits(module: nn.Module) -> bool:
    """Whether a module's weight is packed: a linear layer whose inputs divide into groups."""
    return isinstance(module, nn.Linear) and module.in_features % GROUP == 0


def from_weights(weights: Iterable[Named], names: Names) -> Iterator[Named]:
    """The tensors of the packed form of a model that is not quantised."""
    for name, weight in weights:
        if name in names.matrices:
            yield from _named(name, quantise(weight))
        else:
            yield name, weight.half() if name == names.embedding else weight.float()


def from_gguf(tensor: ReaderTensor, name: str, processor: TensorProcessor, names: Names) -> Iterator[Named]:
    """The tensors of the packed form of one tensor of a GGUF file, which Transformers calls `name`."""
    blocks = _blocks(tensor, processor) if name in names.matrices else None
    if blocks is not None:
        yield from _named(name, blocks.packed())
    else:
        yield from from_weights([(name, dequantised(tensor, processor))], names)


def dequantised(tensor: ReaderTensor, processor: TensorProcessor) -> torch.Tensor:
    """A tensor of a GGUF file as float32, the way Transformers has it."""
    from gguf import dequantize

    values = _processed(tensor, dequantize(tensor.data, tensor.tensor_type), processor)
    return torch.from_numpy(np.require(values, requirements=["C", "W"]))  # copies what is mapped, and nothing else


def _processed(tensor: ReaderTensor, values: np.ndarray, processor: TensorProcessor) -> np.ndarray:
    result = processor.process(  # type: ignore[no-untyped-call]  # as above
        weights=values, name=tensor.name, tensor_key_mapping={}, parsed_parameters={}
    )
    return np.asarray(result.weights)


def _blocks(tensor: ReaderTensor, processor: TensorProcessor) -> Blocks | None:
    """The tensor's quanta with its rows in Transformers' order; None if they cannot be had."""
    blocks = read_blocks(tensor.data, tensor.tensor_type)
    if blocks is None:
        return None
    # What Transformers does to the weights is seen from what it does to the numbers of the rows.
    numbers = np.arange(len(blocks.quanta), dtype=np.float32)[:, None]
    order = _processed(tensor, numbers.copy(), processor)
    if order.shape != numbers.shape or not np.array_equal(np.sort(order, axis=0), numbers):
        return None
    return blocks.rows(torch.from_numpy(order[:, 0].astype(np.int64)))


def _weight_of(model: nn.Module, module: nn.Module | None) -> str:
    names = [name for name, candidate in model.named_modules() if module is not None and candidate is module]
    return f"{names[0]}.weight" if names else ""


def _named(name: str, packed: Packed) -> Iterator[Named]:
    base = name.removesuffix("weight")
    yield f"{base}values", packed.values
    yield f"{base}scales", packed.scales
    if packed.minima is not None:
        yield f"{base}minima", packed.minima
