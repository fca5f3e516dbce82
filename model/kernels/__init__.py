"""Products and small operations of a forward pass in C++ (packed.cpp), for processors with AVX-512 VNNI or AVX2.

`python -m model.kernels` compiles them, as `make install` does. Where there is no compiler, or another processor,
`find` gives None, and models run on PyTorch's own operations.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Final

import torch

from model.kernels.builds import BUILDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from model.packing import Packed

# Widths of heads that the kernels take: a multiple of the first, at most the second.
VECTOR: Final = 16
WIDEST: Final = 256
_POINTER, _COUNT = ctypes.c_void_p, ctypes.c_int64
# A text's keys and values, shape (kept heads, room, width), its first row of the step's, how many, its length in all.
RowsOfText = tuple[torch.Tensor, torch.Tensor, int, int, int]


class Matrix(ctypes.Structure):
    """A packed matrix as packed.cpp sees it. Whoever makes one keeps the tensors alive."""

    _fields_ = (
        ("values", _POINTER),
        ("scales", _POINTER),
        ("minima", _POINTER),
        ("bias", _POINTER),
        ("outputs", _COUNT),
        ("inputs", _COUNT),
        ("bits", ctypes.c_int32),
        ("parts", ctypes.c_int32),
    )


class Heads(ctypes.Structure):
    """Queries, keys and values as packed.cpp sees them."""

    _fields_ = (
        *((name, _POINTER) for name in ("query", "key", "value", "mask")),
        *((name, _COUNT) for name in ("batch", "heads", "kept", "rows", "length", "width")),
        *((f"{name}_{step}", _COUNT) for name in ("query", "key", "value") for step in ("batch", "head", "row")),
        ("mask_batch", _COUNT),
        ("mask_row", _COUNT),
        ("scale", ctypes.c_float),
    )


class Text(ctypes.Structure):
    """The rows of one text in a step, and the keys and values of a layer, as packed.cpp sees them."""

    _fields_ = (
        ("key", _POINTER),
        ("value", _POINTER),
        *((name, _COUNT) for name in ("room", "start", "rows", "length")),
    )


class Step(ctypes.Structure):
    """The texts of a step with their queries, as packed.cpp sees them."""

    _fields_ = (
        ("texts", _POINTER),
        ("query", _POINTER),
        *((name, _COUNT) for name in ("count", "heads", "kept", "width", "query_head", "query_row")),
        ("scale", ctypes.c_float),
    )


class Matrices:
    """Packed matrices that are multiplied with the same rows.

    Args:
        parts: each matrix with its number of outputs, and its bias, float32 of shape (outputs,), if it has one.
    """

    def __init__(self, parts: Sequence[tuple[Packed, int, torch.Tensor | None]]) -> None:
        self._parts = parts  # keeps the memory
        self._matrices = [_matrix(*part) for part in parts]
        self.first = ctypes.addressof(self._matrices[0])
        self._pointers = (_POINTER * len(parts))(*(ctypes.addressof(matrix) for matrix in self._matrices))
        self.all = ctypes.addressof(self._pointers)
        self.outputs = tuple(outputs for _, outputs, _ in parts)


def _matrix(packed: Packed, outputs: int, bias: torch.Tensor | None) -> Matrix:
    return Matrix(
        packed.values.data_ptr(),
        packed.scales.data_ptr(),
        None if packed.minima is None else packed.minima.data_ptr(),
        None if bias is None else bias.data_ptr(),
        outputs,
        packed.inputs,
        packed.bits,
        packed.parts,
    )


class Kernels:
    """The functions of packed.cpp on tensors: float32, and made contiguous where they are not.

    All of them raise `MemoryError` where there is no memory for what lies between inputs and outputs.

    Args:
        library: the compiled file.
    """

    def __init__(self, library: Path) -> None:
        loaded = ctypes.CDLL(str(library))
        self._linear = _function(loaded, "packed_linear", _POINTER, _POINTER, _COUNT, _POINTER)
        self._heads = _function(
            loaded, "packed_heads", _POINTER, _POINTER, _COUNT, _COUNT, _POINTER, _POINTER, _COUNT, _POINTER
        )
        self._attention = _function(loaded, "attention", _POINTER, _POINTER)
        self._texts = _function(loaded, "texts_attention", _POINTER, _POINTER)
        self._mlp = _function(loaded, "packed_mlp", _POINTER, _POINTER, _COUNT, _POINTER)
        self._norm = _function(loaded, "rms_norm", _POINTER, _POINTER, ctypes.c_float, _COUNT, _COUNT, _POINTER)

    def linear(self, matrices: Matrices, inputs: torch.Tensor) -> torch.Tensor:
        """The first of `matrices` times `inputs`, shape (..., inputs), plus its bias: shape (..., outputs)."""
        inputs = inputs.contiguous()
        outputs = inputs.new_empty(*inputs.shape[:-1], matrices.outputs[0])
        self._linear(matrices.first, inputs.data_ptr(), _rows(inputs), outputs.data_ptr())
        return outputs

    def heads(
        self, matrices: Matrices, inputs: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor
    ) -> torch.Tensor:
        """Queries, keys and values side by side, queries and keys turned by their positions.

        Args:
            matrices: the three.
            inputs: shape (batch, rows, inputs).
            cosines: shape (batch or 1, rows, width of a head).
            sines: likewise.

        Returns:
            Shape (batch, rows, heads of all three, width of a head).
        """
        inputs, cosines, sines = inputs.contiguous(), cosines.contiguous(), sines.contiguous()
        width = cosines.shape[-1]
        outputs = inputs.new_empty(*inputs.shape[:2], sum(matrices.outputs) // width, width)
        turns = cosines.data_ptr(), sines.data_ptr(), cosines.shape[0] * cosines.shape[1]
        self._heads(matrices.all, inputs.data_ptr(), _rows(inputs), width, *turns, outputs.data_ptr())
        return outputs

    def attention(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float
    ) -> torch.Tensor:
        """Attend from (batch, heads, rows, width) to (batch, kept heads, length, width), numbers of a row side by side.

        Args:
            query: the last positions.
            key: of all positions.
            value: likewise.
            mask: bool, shape (batch or 1, 1, rows, length), true where a row may look; None: at what is not after it.
            scale: factor of the products.

        Returns:
            Shape (batch, rows, heads, width).
        """
        batch, heads, rows, width = query.shape
        outputs = query.new_empty(batch, rows, heads, width)
        call = Heads(
            query.data_ptr(),
            key.data_ptr(),
            value.data_ptr(),
            None if mask is None else mask.data_ptr(),
            *(batch, heads, key.shape[1], rows, key.shape[2], width),
            *query.stride()[:3],
            *key.stride()[:3],
            *value.stride()[:3],
            0 if mask is None or mask.shape[0] == 1 else mask.stride(0),
            0 if mask is None else mask.stride(2),
            scale,
        )
        self._attention(ctypes.addressof(call), outputs.data_ptr())
        return outputs

    def attend(self, texts: Sequence[RowsOfText], query: torch.Tensor, scale: float, outputs: torch.Tensor) -> None:
        """Attend from the rows of several texts, each to its own keys, in one call.

        Args:
            texts: a row looks at what is not after it.
            query: shape (1, heads, rows of all texts, width), numbers of a row side by side.
            scale: factor of the products.
            outputs: shape (1, rows of all texts, heads, width); rows of these texts are written, others are not.
        """
        if not texts:
            return
        _, heads, _, width = query.shape
        known = (Text * len(texts))(
            *(Text(keys.data_ptr(), values.data_ptr(), keys.shape[1], *place) for keys, values, *place in texts)
        )
        kept = texts[0][0].shape[0]
        counts = len(texts), heads, kept, width, *query.stride()[1:3]
        step = Step(ctypes.addressof(known), query.data_ptr(), *counts, scale)
        self._texts(ctypes.addressof(step), outputs.data_ptr())

    def mlp(self, matrices: Matrices, inputs: torch.Tensor) -> torch.Tensor:
        """silu(gate(inputs)) * up(inputs), through down; `matrices` are gate, up and down. Shape like `inputs`."""
        inputs = inputs.contiguous()
        outputs = inputs.new_empty(*inputs.shape[:-1], matrices.outputs[2])
        self._mlp(matrices.all, inputs.data_ptr(), _rows(inputs), outputs.data_ptr())
        return outputs

    def norm(self, inputs: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        """Divide each row by its root mean square and multiply with `weight`; the width is a multiple of 16."""
        inputs = inputs.contiguous()
        outputs = torch.empty_like(inputs)
        width = inputs.shape[-1]
        self._norm(inputs.data_ptr(), weight.data_ptr(), epsilon, _rows(inputs), width, outputs.data_ptr())
        return outputs


def find() -> Kernels | None:
    """The fastest kernels that were compiled from the present source and that this processor can run."""
    return next((Kernels(build.library) for build in BUILDS if build.ready()), None)


def _rows(inputs: torch.Tensor) -> int:
    return inputs.numel() // inputs.shape[-1]


def _function(loaded: ctypes.CDLL, name: str, *arguments: type) -> ctypes._NamedFuncPointer:
    function = loaded[name]
    function.argtypes = arguments
    function.restype = ctypes.c_int
    function.errcheck = _done  # type: ignore[assignment] # it asks for a function of any result
    return function


def _done(state: int, function: ctypes._NamedFuncPointer, _: object) -> None:
    if state:
        raise MemoryError(f"not enough memory for {function.__name__}")
