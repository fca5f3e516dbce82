"""Turns a GGUF file into what Transformers maps in seconds: safetensors in BF16, tokenizer.json, config.

`from_pretrained(gguf_file=...)` does the same at every start, but takes a minute and several times the file's size in
memory. Here each tensor is unpacked by itself and written with its neighbours into a shard, once.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from model.errors import Cancelled, ConversionFailed
from model.progress import Meter
from model.weights import demand_room, disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from threading import Event

    import torch
    from gguf import GGUFReader
    from transformers import PreTrainedModel

    from model.progress import Report

RECIPE: Final = 1
MARK: Final = "converted.json"
SHARD_BYTES: Final = 400_000_000
# Pre-tokenizers that split off every digit before the regular expression of GPT-2: llama.cpp, src/llama-vocab.cpp.
_SINGLE_DIGITS: Final = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell"})


def convert(source: Path, target: Path, stamp: Mapping[str, object], report: Report, cancel: Event) -> None:
    """Convert `source` into the folder `target`.

    A killed conversion leaves nothing that is mistaken for a model: the work is done in a folder beside `target`,
    which takes its name at the end.

    Args:
        source: a verified GGUF file.
        target: the folder to make; replaced if it is there.
        stamp: says what the folder was made from; `is_current` compares it.
        report: is told of the bytes of `source` that are done.
        cancel: gives the work up.

    Raises:
        ConversionFailed: the file is not what Transformers knows.
        DiskFull: there is no room.
        Cancelled: `cancel` was set.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    demand_room(target.parent, 4 * source.stat().st_size, f"Converting {source.name}")
    for left in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as work, disk_errors(target.parent):
        folder = Path(work) / "model"
        folder.mkdir()
        try:
            _convert(source, folder, report, cancel)
        except (KeyError, ValueError, NotImplementedError, OSError) as error:
            raise ConversionFailed(
                f"{source.name} could not be converted: {error}. Delete it, so that it is fetched again, or choose "
                "another model."
            ) from error
        (folder / MARK).write_text(json.dumps({"recipe": RECIPE, **stamp}))
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)


def is_current(target: Path, stamp: Mapping[str, object]) -> bool:
    """Whether `target` was made from what `stamp` says, by the present recipe."""
    mark = target / MARK
    return mark.is_file() and json.loads(mark.read_text()) == {"recipe": RECIPE, **stamp}


def _convert(source: Path, folder: Path, report: Report, cancel: Event) -> None:
    import torch
    from gguf import GGUFReader
    from transformers import AutoConfig, AutoModelForCausalLM

    reader = GGUFReader(source)
    _convert_tokenizer(source, _text(reader, "tokenizer.ggml.pre"), folder)
    config = AutoConfig.from_pretrained(source.parent, gguf_file=source.name)
    config.dtype = "bfloat16"
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    model.config.save_pretrained(folder)
    if model.generation_config:
        model.generation_config.save_pretrained(folder)
    meter = Meter("converting", source.stat().st_size, report)
    _write_shards(_tensors(reader, model, meter, cancel), folder)


def _convert_tokenizer(source: Path, pre_tokenizer: str, folder: Path) -> None:
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    if pre_tokenizer in _SINGLE_DIGITS:
        # Transformers 5.23 leaves this step out, and numbers then come out in pieces the model has hardly seen.
        backend = tokenizer.backend_tokenizer
        digits = pre_tokenizers.Digits(individual_digits=True)
        backend.pre_tokenizer = pre_tokenizers.Sequence([digits, backend.pre_tokenizer])
    tokenizer.save_pretrained(folder)


def _text(reader: GGUFReader, key: str) -> str:
    field = reader.get_field(key)
    return str(field.contents()) if field else ""


def _tensors(
    reader: GGUFReader, model: PreTrainedModel, meter: Meter, cancel: Event
) -> Iterator[tuple[str, torch.Tensor]]:
    """The model's tensors one after another, by the names that Transformers gives them."""
    import numpy as np
    import torch
    from gguf import dequantize
    from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

    architecture = _text(reader, "general.architecture")
    kind = TENSOR_PROCESSORS.get(architecture, TensorProcessor)
    processor = kind(config=model.config.to_dict())  # type: ignore[no-untyped-call]
    names = get_gguf_hf_weights_map(model, processor)
    done = 0
    for tensor in reader.tensors:
        if cancel.is_set():
            raise Cancelled("The conversion was given up.")
        values = dequantize(tensor.data, tensor.tensor_type)
        result = processor.process(  # type: ignore[no-untyped-call]
            weights=values, name=tensor.name, tensor_key_mapping=names, parsed_parameters={}
        )
        done += int(tensor.n_bytes)
        meter.at(done)
        if result.name in names:
            yield names[result.name], torch.tensor(np.asarray(result.weights), dtype=torch.bfloat16)


def _write_shards(tensors: Iterator[tuple[str, torch.Tensor]], folder: Path) -> None:
    """Write the tensors in files of about `SHARD_BYTES`, with the index that Transformers reads."""
    from safetensors.torch import save_file

    index: dict[str, str] = {}
    shard: dict[str, torch.Tensor] = {}
    total = 0

    def write() -> None:
        name = f"model-{len(set(index.values())) + 1:05d}.safetensors"
        save_file(shard, folder / name, metadata={"format": "pt"})
        index.update(dict.fromkeys(shard, name))
        shard.clear()

    for name, tensor in tensors:
        shard[name] = tensor
        total += tensor.nbytes
        if sum(part.nbytes for part in shard.values()) >= SHARD_BYTES:
            write()
    if shard:
        write()
    document = {"metadata": {"total_size": total}, "weight_map": index}
    (folder / "model.safetensors.index.json").write_text(json.dumps(document, indent=1))
