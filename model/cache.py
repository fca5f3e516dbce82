"""Keys and values of one text, kept from step to step.

A text joins a step or leaves it without anything being moved, because each has buffers of its own.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final, Protocol, Self

import torch
from transformers import DynamicCache

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

# Buffers grow by whole blocks of rows, so that most tokens are written without a copy of what is there.
BLOCK: Final = 256


class TextCache(Protocol):
    """What is known of a text's first `length` tokens."""

    @property
    def length(self) -> int:
        """How many tokens of the text are in it."""

    @property
    def size(self) -> int:
        """Bytes of memory that it holds."""

    @property
    def croppable(self) -> bool:
        """Whether it can go back to fewer tokens."""

    def crop(self, length: int) -> None:
        """Forget all but the first `length` tokens."""

    def fork(self, length: int) -> Self:
        """A copy of the first `length` tokens, which goes its own way."""


class Buffers:
    """The cache of one text for `batch.BatchForward`: two buffers a layer, shape (kv heads, room, width)."""

    croppable = True

    def __init__(self) -> None:
        self.length = 0
        self._layers: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    @property
    def size(self) -> int:
        """Bytes of memory, spare room included."""
        return sum(buffer.nbytes for pair in self._layers.values() for buffer in pair)

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Put new rows, shape (kv heads, rows, width), behind the known ones; `advance` makes them known."""
        end = self.length + keys.shape[1]
        kept = self._layers.get(layer)
        if kept is None or kept[0].shape[1] < end:
            kept = (self._grown(kept and kept[0], keys, end), self._grown(kept and kept[1], values, end))
            self._layers[layer] = kept
        kept[0][:, self.length : end] = keys
        kept[1][:, self.length : end] = values

    def read(self, layer: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of the first `length` tokens, shape (1, kv heads, length, width)."""
        keys, values = self._layers[layer]
        return keys[None, :, :length], values[None, :, :length]

    def buffers(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values with their spare room, shape (kv heads, room, width)."""
        return self._layers[layer]

    def advance(self, rows: int) -> None:
        """Count rows as known that were written at every layer."""
        self.length += rows

    def crop(self, length: int) -> None:
        """Forget all but the first `length` tokens; the room stays."""
        self.length = min(self.length, length)

    def fork(self, length: int) -> Buffers:
        """A copy of the first `length` tokens."""
        other = Buffers()
        other.length = min(self.length, length)
        for layer, (keys, values) in self._layers.items():
            other._layers[layer] = (other._grown(keys, keys, other.length), other._grown(values, values, other.length))
        return other

    def _grown(self, kept: torch.Tensor | None, like: torch.Tensor, rows: int) -> torch.Tensor:
        """A buffer with room for `rows` that holds what is known."""
        heads, _, width = like.shape
        grown = like.new_empty(heads, -(-(rows + 1) // BLOCK) * BLOCK, width)
        if kept is not None:
            grown[:, : self.length] = kept[:, : self.length]
        return grown


class OwnCache:
    """The cache that Transformers makes for a model, whatever its layers are.

    Args:
        config: the model's.
    """

    def __init__(self, config: PreTrainedConfig) -> None:
        self.inner = DynamicCache(config=config)
        self.croppable = bool(self.inner.is_croppable)
        if self.croppable and any(self.inner.is_sliding):
            # Layers that forget what leaves their window cannot go back. Kept whole, the model's mask hides the same.
            self.inner = DynamicCache()

    @property
    def length(self) -> int:
        """How many tokens are in it."""
        return int(self.inner.get_seq_length())

    @property
    def size(self) -> int:
        """Bytes of memory of all tensors in it."""
        held = (value for layer in self.inner.layers for value in vars(layer).values())
        return sum(value.nbytes for value in held if isinstance(value, torch.Tensor))

    def crop(self, length: int) -> None:
        """Forget all but the first `length` tokens."""
        if length < self.length:
            self.inner.crop(length - self.length)

    def fork(self, length: int) -> OwnCache:
        """A copy of the first `length` tokens."""
        other = copy.copy(self)
        other.inner = copy.deepcopy(self.inner)
        other.crop(length)
        return other
