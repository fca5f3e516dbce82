"""One forward pass over new tokens of several texts.

The rows of all texts stand one after another, as if they were one text: whatever works on single rows (matrices, norms,
activations) does all of them at once. Only attention tells the texts apart, each over its own filled part of its own
cache, so texts of any length go together and nothing is padded. Transformers' extension points carry this: a cache
that takes each text's rows to its own buffers, and an attention function that gets that cache by keyword.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import torch
from transformers import AttentionInterface, Cache
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from model.cache import Buffers, OwnCache, TextCache
from model.packed import PackedAttention

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn
    from transformers import PreTrainedModel

_PREFIX: Final = "batch-"


@dataclass(frozen=True, slots=True)
class Rows:
    """New tokens of one text.

    Args:
        cache: what is known of the text before them; it knows them afterwards.
        tokens: at least one.
        wanted: the last rows whose logits are asked for.
    """

    cache: TextCache
    tokens: Sequence[int]
    wanted: int


class Forward(Protocol):
    """Computes one step."""

    @property
    def together(self) -> bool:
        """Whether texts gain from each other's company; where not, one that fails leaves the others half done."""

    def new_cache(self) -> TextCache:
        """An empty cache for one text."""

    def __call__(self, work: Sequence[Rows]) -> list[torch.Tensor]:
        """The logits of each text, shape (wanted, vocabulary)."""


def forward_of(model: PreTrainedModel) -> Forward:
    """The best way to compute with this model: together where its attention can be replaced, else text by text."""
    return BatchForward(model) if _packs(model) else SeparateForward(model)


class SeparateForward:
    """Computes text by text, for models whose attention or cache is of a kind of its own.

    Args:
        model: in evaluation mode.
    """

    together = False

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._device = _input_device(model)

    def new_cache(self) -> OwnCache:
        """An empty cache of the kind that the model asks for."""
        return OwnCache(self._model.config)

    def __call__(self, work: Sequence[Rows]) -> list[torch.Tensor]:
        """The logits of each text, shape (wanted, vocabulary)."""
        return [self._one(rows) for rows in work]

    def _one(self, rows: Rows) -> torch.Tensor:
        assert isinstance(rows.cache, OwnCache)
        output = self._model(
            input_ids=torch.tensor([rows.tokens], device=self._device),
            past_key_values=rows.cache.inner,
            use_cache=True,
            logits_to_keep=max(rows.wanted, 1),
        )
        logits: torch.Tensor = output.logits[0]
        return logits[len(logits) - rows.wanted :]


class BatchForward:
    """Computes all texts in one pass.

    Args:
        model: in evaluation mode; its attention function is wrapped into one that tells texts apart.
    """

    together = True

    def __init__(self, model: PreTrainedModel) -> None:
        inner = _attention_of(model).removeprefix(_PREFIX)
        AttentionInterface.register(_PREFIX + inner, partial(batch_attention, ALL_ATTENTION_FUNCTIONS[inner]))
        model.set_attn_implementation(_PREFIX + inner)
        self._model = model
        self._device = _input_device(model)

    def new_cache(self) -> Buffers:
        """An empty cache for one text."""
        return Buffers()

    def __call__(self, work: Sequence[Rows]) -> list[torch.Tensor]:
        """The logits of each text, shape (wanted, vocabulary)."""
        batch = Batch(work)
        output = self._model(
            input_ids=torch.tensor([[token for rows in work for token in rows.tokens]], device=self._device),
            position_ids=torch.tensor([batch.positions], device=self._device),
            past_key_values=batch,
            use_cache=True,
            logits_to_keep=torch.tensor(batch.wanted or [0]),
            batch=batch,
        )
        batch.advance()
        split: tuple[torch.Tensor, ...] = output.logits[0, : len(batch.wanted)].split([rows.wanted for rows in work])
        return list(split)


@dataclass(frozen=True, slots=True)
class _Text:
    """One text in a batch: its rows are `start` to `stop`, and it has `length` tokens with them."""

    cache: Buffers
    start: int
    stop: int
    length: int

    @property
    def rows(self) -> int:
        """How many it has in this step."""
        return self.stop - self.start


class Batch(Cache):
    """The caches of the texts of one step, as the one cache that a model of Transformers takes.

    Args:
        work: the rows of the step.

    Attributes:
        positions: of each row in its text.
        wanted: numbers of the rows whose logits are asked for.
    """

    def __init__(self, work: Sequence[Rows]) -> None:
        super().__init__(layers=[])
        self.texts: list[_Text] = []
        self.positions: list[int] = []
        self.wanted: list[int] = []
        self._masks: dict[int, torch.Tensor] = {}
        for rows in work:
            assert isinstance(rows.cache, Buffers)
            start, known = len(self.positions), rows.cache.length
            length, stop = known + len(rows.tokens), start + len(rows.tokens)
            self.texts.append(_Text(rows.cache, start, stop, length))
            self.positions += range(known, length)
            self.wanted += range(stop - rows.wanted, stop)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take the new rows, shape (1, kv heads, rows, width), to their texts."""
        for text in self.texts:
            text.cache.write(
                layer_idx, key_states[0, :, text.start : text.stop], value_states[0, :, text.start : text.stop]
            )
        return key_states, value_states

    def advance(self) -> None:
        """Count the rows of the step as known, now that all layers have them."""
        for text in self.texts:
            text.cache.advance(text.rows)

    def mask(self, text: _Text, device: torch.device) -> torch.Tensor | None:
        """What each row of a text may look at, shape (1, 1, rows, length); None if that is all that is not after it."""
        if text.rows in (1, text.length):
            return None
        if text.start not in self._masks:
            may = torch.ones(text.rows, text.length, dtype=torch.bool, device=device).tril_(text.length - text.rows)
            self._masks[text.start] = may[None, None]
        return self._masks[text.start].to(device)


def batch_attention(  # noqa: PLR0917 - what Transformers passes, behind the inner function
    inner: Callable[..., tuple[torch.Tensor, torch.Tensor | None]],
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    batch: Batch | None = None,
    **options: Any,  # noqa: ANN401 - whatever the model's forward was given
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Attend from `query`, shape (1, heads, rows, width), each text's rows to its own cache, by the `inner` function.

    All texts go together in one call where the module has the kernels for it: then each row comes out bit for bit as it
    does alone. Without a `batch` it is the attention of one text, as in any other call of the model.

    Returns:
        Shape (1, rows, heads, width), and no weights.
    """
    if batch is None:
        return inner(module, query, key, value, attention_mask, **options)
    layer = int(module.layer_idx)  # type: ignore[arg-type] # every attention module of Transformers has its number
    outputs = query.new_empty(1, query.shape[2], query.shape[1], query.shape[3])
    if isinstance(module, PackedAttention):
        texts = [(*its.cache.buffers(layer), its.start, its.rows, its.length) for its in batch.texts]
        module.attend(texts, query, outputs)
        return outputs, None
    for text in batch.texts:
        keys, values = text.cache.read(layer, text.length)
        mask = batch.mask(text, query.device)
        its = inner(module, query[:, :, text.start : text.stop], keys, values, mask, **options)[0]
        outputs[:, text.start : text.stop] = its
    return outputs, None


def _packs(model: PreTrainedModel) -> bool:
    """Whether the model takes any attention function, and its layers look at everything before them."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    plain = set(kinds) == {"full_attention"} if kinds else not getattr(config, "sliding_window", None)
    # What these ask for is beyond the attention here: caps on scores, biases, sinks.
    plain = plain and not getattr(config, "attn_logit_softcapping", None)
    used = _attention_of(model).removeprefix(_PREFIX)
    return plain and used in ("sdpa", "decode") and bool(getattr(model, "_supports_attention_backend", False))


def _attention_of(model: PreTrainedModel) -> str:
    return str(getattr(model.config, "_attn_implementation", ""))


def _input_device(model: PreTrainedModel) -> torch.device:
    """Where the model's inputs go: the device of its first weights, unless those wait on disk."""
    weights: torch.Tensor = model.get_input_embeddings().weight  # type: ignore[assignment]  # every embedding has one
    return torch.device("cpu") if weights.device.type == "meta" else weights.device
