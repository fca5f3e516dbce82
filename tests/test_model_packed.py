"""Whole models on packed weights give the logits of the same weights in Transformers' own modules."""

import threading
from pathlib import Path

import pytest
import tiny_models
import torch
from transformers import (
    AutoModelForCausalLM,
    DynamicCache,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
)

from model.convert import convert
from model.kernels import Kernels, find
from model.kernels.builds import BUILDS, Build
from model.loading import load_packed, reading
from model.machine import measure

SIZES = {
    "vocab_size": 260,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.2,
}
FAMILIES = {
    "llama": LlamaConfig(**SIZES),
    "qwen2": Qwen2Config(**SIZES, tie_word_embeddings=True),
    "mistral": MistralConfig(**SIZES, sliding_window=24),
}
HERE = [build for build in BUILDS if build.runs()]
IDS = torch.arange(40)[None] * 5 + 50


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model of each family, saved in BF16."""
    base = tmp_path_factory.mktemp("families")
    for name, config in FAMILIES.items():
        save(base / name, config)
    return {**{name: base / name for name in FAMILIES}, "codegen": tiny_models.codegen(base / "codegen")}


def save(folder: Path, config: PreTrainedConfig) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    torch.nn.init.normal_(model.lm_head.weight, std=0.2)
    model.to(torch.bfloat16).save_pretrained(folder)


def packed(folder: Path, target: Path, kernels: Kernels | None) -> PreTrainedModel:
    if not target.exists():
        convert(folder, target, {}, lambda _: None, threading.Event(), form="packed")
    with reading(target) as weights:
        return load_packed(target, kernels, weights)


@torch.inference_mode()
def logits(model: PreTrainedModel, ids: torch.Tensor = IDS, **options: object) -> torch.Tensor:
    found: torch.Tensor = model(ids, **options).logits.float()
    return found


def off(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("family", [*FAMILIES, "codegen"])
def test_logits_stay_those_of_the_whole_weights(folders: dict[str, Path], tmp_path: Path, family: str) -> None:
    whole = AutoModelForCausalLM.from_pretrained(folders[family], dtype=torch.float32)
    for kernels in (find(), None):
        model = packed(folders[family], tmp_path / "packed", kernels)
        for ids in (IDS[:, :1], IDS[:, :7], IDS):
            assert off(logits(model, ids), logits(whole, ids)) < 0.06


@pytest.mark.parametrize("build", HERE, ids=[build.name for build in HERE])
def test_every_build_gives_the_same_logits(folders: dict[str, Path], tmp_path: Path, build: Build) -> None:
    shapes = IDS[:, :1], IDS[:, :7], IDS
    fastest = packed(folders["qwen2"], tmp_path / "packed", find())
    expected = [logits(fastest, ids) for ids in shapes]  # before the other's attention is registered
    model = packed(folders["qwen2"], tmp_path / "packed", Kernels(build.library))
    for ids, wanted in zip(shapes, expected, strict=True):
        assert torch.equal(logits(model, ids), wanted)


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_one_by_one_give_what_they_give_together(folders: dict[str, Path], tmp_path: Path, family: str) -> None:
    model = packed(folders[family], tmp_path / "packed", find())
    cache = DynamicCache(config=model.config)
    single = torch.cat([logits(model, token, past_key_values=cache) for token in IDS.split(1, dim=1)], dim=1)
    assert torch.equal(single, logits(model))


@pytest.mark.parametrize("family", FAMILIES)
def test_drafted_tokens_give_the_very_numbers_of_single_ones(
    folders: dict[str, Path], tmp_path: Path, family: str
) -> None:
    model = packed(folders[family], tmp_path / "packed", find())
    found = []
    for steps in ([1] * 9, [9], [2, 4, 3]):
        cache = DynamicCache(config=model.config)
        logits(model, IDS[:, :20], past_key_values=cache)
        drafted = IDS[:, 20:29].split(steps, dim=1)
        found.append(torch.cat([logits(model, tokens, past_key_values=cache) for tokens in drafted], dim=1))
    for other in found[1:]:
        assert torch.equal(other, found[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_sequences_of_a_batch_do_not_touch_each_other(folders: dict[str, Path], tmp_path: Path, family: str) -> None:
    model = packed(folders[family], tmp_path / "packed", find())
    mask = torch.ones(2, 12, dtype=torch.long)
    mask[1, :5] = 0
    ids = torch.stack([IDS[0, :12], torch.cat([torch.zeros(5, dtype=torch.long), IDS[0, 20:27]])])
    places = (mask.cumsum(1) - 1).clamp(min=0)
    together = logits(model, ids, attention_mask=mask, position_ids=places)
    assert off(together[0], logits(model, IDS[:, :12])[0]) < 1e-4
    assert off(together[1, 5:], logits(model, IDS[:, 20:27])[0]) < 1e-4


def test_a_model_packed_for_memory_is_measured_by_its_numbers(folders: dict[str, Path], tmp_path: Path) -> None:
    packed(folders["llama"], tmp_path / "packed", find())
    whole, small = measure(folders["llama"], "Whole"), measure(tmp_path / "packed", "Small")
    assert whole.values <= small.values < 1.05 * whole.values
    assert small.cache_bytes == whole.cache_bytes


def test_few_rows_of_a_padded_batch_go_on_from_a_cache(folders: dict[str, Path], tmp_path: Path) -> None:
    model = packed(folders["qwen2"], tmp_path / "packed", find())
    mask = torch.ones(2, 12, dtype=torch.long)
    mask[1, :5] = 0
    ids = torch.stack([IDS[0, :12], torch.cat([torch.zeros(5, dtype=torch.long), IDS[0, 20:27]])])
    places = (mask.cumsum(1) - 1).clamp(min=0)
    cache = DynamicCache(config=model.config)
    first = {"attention_mask": mask[:, :9], "position_ids": places[:, :9]}
    logits(model, ids[:, :9], past_key_values=cache, **first)
    rest = logits(model, ids[:, 9:], past_key_values=cache, attention_mask=mask, position_ids=places[:, 9:])
    assert off(rest[1], logits(model, IDS[:, 20:27])[0, 4:]) < 1e-4
