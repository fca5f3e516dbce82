"""Modules that take the places of a Transformers model's own where its weights are packed.

They compute in float32: rows of activations are small beside the weights, and few processors have instructions for
narrower floating-point numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers.activations import SiLUActivation
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaMLP, LlamaRMSNorm, eager_attention_forward
from transformers.models.mistral.modeling_mistral import MistralAttention, MistralMLP, MistralRMSNorm
from transformers.models.qwen2.modeling_qwen2 import Qwen2Attention, Qwen2MLP, Qwen2RMSNorm

from model.kernels import VECTOR, WIDEST, Kernels, Matrices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import Cache

    from model.kernels import RowsOfText
    from model.packing import Packed

# Their forward passes are the same, and tests compare them with those below.
Attention = LlamaAttention | MistralAttention | Qwen2Attention
Mlp = LlamaMLP | MistralMLP | Qwen2MLP
Norm = LlamaRMSNorm | MistralRMSNorm | Qwen2RMSNorm


class PackedLinear(nn.Module):
    """A `Linear` with packed weights.

    Args:
        packed: its weight.
        outputs: rows of the weight.
        bias: float32, or None.
        kernels: what multiplies.
    """

    def __init__(self, packed: Packed, outputs: int, bias: torch.Tensor | None, kernels: Kernels) -> None:
        super().__init__()
        self.part = (packed, outputs, bias)
        self._matrices = Matrices([self.part])
        self._kernels = kernels

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Multiply: shape (..., inputs) to (..., outputs)."""
        return self._kernels.linear(self._matrices, inputs)


class PackedAttention(nn.Module):
    """The attention of Llama and its kin, with queries, keys and values made and turned in one call.

    Args:
        attention: the module to replace, whose projections are packed already.
        kernels: what multiplies.
    """

    def __init__(self, attention: Attention, kernels: Kernels) -> None:
        super().__init__()
        self.config = attention.config
        self.layer_idx = attention.layer_idx
        self.scaling = attention.scaling
        self.is_causal = attention.is_causal
        self.num_key_value_groups = attention.num_key_value_groups
        self.sliding_window = getattr(attention, "sliding_window", None)
        self.o_proj = attention.o_proj
        self._matrices = _matrices(attention.q_proj, attention.k_proj, attention.v_proj)
        self._heads = [outputs // attention.head_dim for outputs in self._matrices.outputs]
        self._kernels = kernels

    def forward(
        self,
        hidden_states: torch.Tensor,
        position_embeddings: tuple[torch.Tensor, torch.Tensor],
        attention_mask: torch.Tensor | None,
        past_key_values: Cache | None = None,
        **others: Any,  # noqa: ANN401 - whatever the model's forward was given
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Attend; see `LlamaAttention.forward`."""
        made = self._kernels.heads(self._matrices, hidden_states, *position_embeddings)
        query, key, value = torch.split(made.transpose(1, 2), self._heads, dim=1)
        if past_key_values is not None:
            key, value = past_key_values.update(key, value, self.layer_idx)
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(self.config._attn_implementation, eager_attention_forward)  # noqa: SLF001 - Transformers keeps it nowhere else
        options = {"dropout": 0.0, "scaling": self.scaling, "sliding_window": self.sliding_window, **others}
        output, shares = attend(self, query, key, value, attention_mask, **options)
        return self.o_proj(output.reshape(*hidden_states.shape[:2], -1)), shares

    def attend(self, texts: Sequence[RowsOfText], query: torch.Tensor, outputs: torch.Tensor) -> None:
        """Attend from the rows of several texts, each to its own keys and values; see `Kernels.attend`."""
        self._kernels.attend(texts, query, self.scaling, outputs)


class PackedMlp(nn.Module):
    """Gate, up and down in one call.

    Args:
        mlp: the module to replace, whose projections are packed already.
        kernels: what multiplies.
    """

    def __init__(self, mlp: Mlp, kernels: Kernels) -> None:
        super().__init__()
        self._matrices = _matrices(mlp.gate_proj, mlp.up_proj, mlp.down_proj)
        self._kernels = kernels

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Shape (..., width) to the same."""
        return self._kernels.mlp(self._matrices, inputs)


class PackedNorm(nn.Module):
    """Root mean square norm in one pass.

    Args:
        norm: the module to replace.
        kernels: what computes.
    """

    def __init__(self, norm: Norm, kernels: Kernels) -> None:
        super().__init__()
        self.weight = norm.weight
        self._epsilon = float(norm.variance_epsilon)
        self._kernels = kernels

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Shape (..., width) to the same."""
        return self._kernels.norm(inputs, self.weight, self._epsilon)


class HalfEmbedding(nn.Embedding):
    """An embedding whose weights, float16, stay mapped; what is looked up comes out in float32."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - the name of the overridden argument
        """Look up: shape (...) to (..., width)."""
        return super().forward(input).float()


def fuse(model: nn.Module, kernels: Kernels) -> None:
    """Replace attention, feed-forward and norm modules whose projections are packed; others stay as they are."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if fused := _fused(child, kernels):
                setattr(parent, name, fused)


def _fused(module: nn.Module, kernels: Kernels) -> nn.Module | None:
    if (
        isinstance(module, Attention)
        and _packed(module)
        and module.head_dim % VECTOR == 0
        and module.head_dim <= WIDEST
    ):
        return PackedAttention(module, kernels)
    if isinstance(module, Mlp) and _packed(module) and isinstance(module.act_fn, nn.SiLU | SiLUActivation):
        return PackedMlp(module, kernels)
    if isinstance(module, Norm) and module.weight.shape[0] % VECTOR == 0:
        return PackedNorm(module, kernels)
    return None


def _matrices(*projections: nn.Module) -> Matrices:
    """Of packed layers."""
    return Matrices([layer.part for layer in projections if isinstance(layer, PackedLinear)])


def _packed(module: nn.Module) -> bool:
    """Whether all its projections are packed."""
    projections = [child for name, child in module.named_children() if name.endswith("_proj")]
    return all(isinstance(projection, PackedLinear) for projection in projections)
