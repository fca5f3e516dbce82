"""Loading through Accelerate, part of the model on disk; damaged folders; conversion of GGUF files."""

import json
import threading
from pathlib import Path

import gguf
import numpy as np
import pytest
import tiny_models
import torch
from transformers import LlamaForCausalLM

from model import convert as conversion
from model.catalogue import entry
from model.convert import Form, convert
from model.errors import Cancelled, ConversionFailed, DiskFull, LoadingError, WeightsError
from model.loading import load_model, load_tokenizer
from model.machine import measure
from model.placement import BF16, Machine, Placement, place
from model.prepare import is_prepared, prepare
from model.progress import Progress

IN_MEMORY = Placement("cpu", "bfloat16", "none", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.llama(tmp_path_factory.mktemp("llama"))


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(torch.arange(20)[None] + 50).logits
    return found


def test_a_model_larger_than_memory_runs_from_disk_with_the_same_result(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = measure(folder, "Tiny")
    monkeypatch.setattr("model.placement.CPU_SPARE", 0)
    cap = size.cache_bytes + 4 * size.largest + size.values // 2
    placement = place(size, Machine(cap, 10**9), (BF16,))
    assert placement.offload
    model = load_model(folder, placement, tmp_path / "offload")
    devices = set(model.hf_device_map.values())
    assert devices == {"cpu", "disk"}
    assert torch.equal(logits(model), logits(load_model(folder, IN_MEMORY, tmp_path)))


def test_the_size_is_read_from_the_headers(folder: Path) -> None:
    model = LlamaForCausalLM.from_pretrained(folder)
    assert measure(folder, "Tiny").values == sum(weight.numel() for weight in model.parameters())


def test_a_cut_off_file_is_named_before_it_is_loaded(tmp_path: Path) -> None:
    tiny_models.llama(tmp_path)
    file = min(tmp_path.glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=rf"{file.name} is cut off"):
        measure(tmp_path, "Tiny")


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(LoadingError, match="could not be loaded"):
        load_model(tmp_path, IN_MEMORY, tmp_path)


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadingError, match="tokenizer"):
        load_tokenizer(tmp_path)


def write_gguf(path: Path, folder: Path) -> Path:
    """Write a folder's Llama as a GGUF file, the way llama.cpp's converter does."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    tokens = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(list(tokens))
    writer.add_token_types([3, 3, 3, *[1] * (len(tokens) - 3)])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(0)
    writer.add_chat_template(tiny_models.CHATML)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        values = permuted(name, tensor, config.num_attention_heads, config.num_key_value_heads)
        writer.add_tensor(names.get_name(name, (".weight",)), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def permuted(name: str, tensor: torch.Tensor, heads: int, kept: int) -> np.ndarray:
    """Rows of the query and key matrices in the order of llama.cpp."""
    values = tensor.numpy()
    if not name.endswith(("q_proj.weight", "k_proj.weight")):
        return values
    count = heads if "q_proj" in name else kept
    halves = values.reshape(count, 2, values.shape[0] // count // 2, *values.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(values.shape))


@pytest.fixture(scope="module")
def file(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", folder)


def prepared(file: Path, cache: Path, form: Form = "packed") -> Path:
    return prepare(entry(str(file)), cache, (), lambda _: None, threading.Event(), form=form)


def test_a_converted_model_computes_the_same(file: Path, folder: Path, tmp_path: Path) -> None:
    made = load_model(prepared(file, tmp_path, "half"), IN_MEMORY, tmp_path)
    assert torch.equal(logits(made), logits(load_model(folder, IN_MEMORY, tmp_path)))


def test_a_converted_tokenizer_keeps_special_tokens_digits_and_template(file: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(prepared(file, tmp_path))
    assert tokenizer.chat_template == tiny_models.CHATML
    assert tokenizer("<|im_end|>")["input_ids"] == [2]
    digits = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str("a12")
    assert [piece for piece, _ in digits] == ["a", "1", "2"]


def test_conversion_is_done_once_and_again_when_the_file_changes(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = entry(str(file))
    assert not is_prepared(model, tmp_path)
    mark = prepared(file, tmp_path) / conversion.MARK
    first = mark.stat().st_mtime_ns
    assert is_prepared(model, tmp_path)
    assert (prepared(file, tmp_path) / conversion.MARK).stat().st_mtime_ns == first
    monkeypatch.setitem(conversion.RECIPES, "packed", conversion.RECIPES["packed"] + 1)
    assert not is_prepared(model, tmp_path)


def test_a_conversion_that_is_given_up_leaves_nothing(file: Path, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        convert(file, tmp_path / "converted", {}, lambda _: None, cancel, form="packed")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_is_named_instead_of_the_file(file: Path, tmp_path: Path) -> None:
    def fill(_: Progress) -> None:
        for folder in tmp_path.glob(".converted-*/model"):
            (folder / "config.json").symlink_to("/dev/full")

    with pytest.raises(DiskFull, match="Make room there"):
        convert(file, tmp_path / "converted", {}, fill, threading.Event(), form="packed")
    assert list(tmp_path.iterdir()) == []


def test_what_the_system_says_of_a_shard_is_not_lost(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No such file"):
        conversion._write_shards(iter([("a", torch.zeros(3))]), tmp_path / "gone")


def test_what_a_killed_conversion_left_is_cleared_away(file: Path, tmp_path: Path) -> None:
    (tmp_path / ".converted-abc" / "model").mkdir(parents=True)
    convert(file, tmp_path / "converted", {}, lambda _: None, threading.Event(), form="packed")
    assert [path.name for path in tmp_path.iterdir()] == ["converted"]


def test_a_file_that_is_not_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"nonsense" * 100)
    with pytest.raises(ConversionFailed, match=r"bad\.gguf could not be converted"):
        convert(tmp_path / "bad.gguf", tmp_path / "converted", {}, lambda _: None, threading.Event(), form="packed")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.gguf"]
