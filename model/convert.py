"""Turns a model's weights into what is mapped in seconds: safetensors, tokenizer.json, config.

Two forms are made: packed, for processors, and BF16, for GPUs and disks. `from_pretrained(gguf_file=...)` unpacks a
GGUF file at every start, takes a minute and several times the file's size in memory. Here each tensor is read by itself
and written with its neighbours into a shard, once.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from model.errors import Cancelled, ConversionFailed
from model.progress import Meter
from model.weights import demand_room, disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from threading import Event

    import torch
    from gguf import GGUFReader, ReaderTensor
    from transformers import PreTrainedModel
    from transformers.modeling_gguf_pytorch_utils import TensorProcessor

    from model.progress import Report
    from model.repack import Named, Names

Form = Literal["packed", "half"]
# Grow when a form is made differently, so that folders of the older kind are made again.
RECIPES: Final[dict[Form, int]] = {"packed": 1, "half": 1}
MARK: Final = "converted.json"
SHARD_BYTES: Final = 200_000_000
_SMALL_FILES: Final = (".json", ".txt", ".model", ".jinja", ".md")
_INDEX: Final = ".index.json"
# Pre-tokenizers that split off every digit before the regular expression of GPT-2: llama.cpp, src/llama-vocab.cpp.
_SINGLE_DIGITS: Final = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell"})


def convert(
    source: Path, target: Path, stamp: Mapping[str, object], report: Report, cancel: Event, *, form: Form
) -> None:
    """Convert `source` into the folder `target`.

    A killed conversion leaves nothing that is mistaken for a model: the work is done in a folder beside `target`,
    which takes its name at the end.

    Args:
        source: a verified GGUF file; or a folder of Transformers' layout, for the packed form.
        target: the folder to make; replaced if it is there.
        stamp: says what the folder was made from; `is_current` compares it.
        report: is told of the bytes of `source` that are done.
        cancel: gives the work up.
        form: packed, or half (BF16).

    Raises:
        ConversionFailed: the file is not what Transformers knows.
        DiskFull: there is no room.
        Cancelled: `cancel` was set.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    demand_room(target.parent, _room(source, form), f"Converting {source.name}")
    for left in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as work, disk_errors(target.parent):
        folder = Path(work) / "model"
        folder.mkdir()
        try:
            with disk_errors(target.parent):
                label = _convert(source, folder, form, report, cancel)
        except (KeyError, ValueError, NotImplementedError, OSError) as error:
            raise ConversionFailed(
                f"{source.name} could not be converted: {error}. Delete it, so that it is fetched again, or choose "
                "another model."
            ) from error
        facts = {"label": label} if form == "packed" else {}
        (folder / MARK).write_text(json.dumps({"recipe": RECIPES[form], **stamp, **facts}))
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)


def is_current(target: Path, form: Form, stamp: Mapping[str, object]) -> bool:
    """Whether `target` was made from what `stamp` says, by the present recipe of the form."""
    mark = target / MARK
    if not mark.is_file():
        return False
    known = json.loads(mark.read_text())
    return {name: known.get(name) for name in ("recipe", *stamp)} == {"recipe": RECIPES[form], **stamp}


def label_of(target: Path) -> str:
    """What a packed model's weights are, in a word; empty if it is not known."""
    mark = target / MARK
    return str(json.loads(mark.read_text()).get("label", "")) if mark.is_file() else ""


def _room(source: Path, form: Form) -> int:
    """Bytes to have free; a packed matrix of a GGUF file is as large as it was, and embeddings grow."""
    if source.is_dir():
        return sum(file.stat().st_size for file in source.iterdir())
    return (2 if form == "packed" else 4) * source.stat().st_size


def _convert(source: Path, folder: Path, form: Form, report: Report, cancel: Event) -> str:
    if source.is_dir():
        return _convert_folder(source, folder, report, cancel)
    return _convert_file(source, folder, form, report, cancel)


def _convert_folder(source: Path, folder: Path, report: Report, cancel: Event) -> str:
    import torch
    from transformers import AutoModelForCausalLM

    from model.repack import from_weights, names_in

    for file in source.iterdir():
        if file.is_file() and file.suffix in _SMALL_FILES and not file.name.endswith(_INDEX):
            shutil.copy(file, folder)
    model = AutoModelForCausalLM.from_pretrained(source, local_files_only=True, dtype=torch.bfloat16)
    weights = model.state_dict()
    meter = Meter("converting", sum(weight.nbytes for weight in weights.values()), report)
    _write_shards(from_weights(_metered(weights, meter, cancel), names_in(model)), folder)
    return "int8"


def _metered(weights: dict[str, torch.Tensor], meter: Meter, cancel: Event) -> Iterator[Named]:
    done = 0
    for name, weight in weights.items():
        _check(cancel)
        yield name, weight
        done += weight.nbytes
        meter.at(done)


def _convert_file(source: Path, folder: Path, form: Form, report: Report, cancel: Event) -> str:
    import torch
    from gguf import GGUFReader
    from transformers import AutoConfig, AutoModelForCausalLM

    meter = Meter("converting", source.stat().st_size, report)
    meter.at(0)  # the tokenizer takes a while, and what was shown before it is over
    reader = GGUFReader(source)
    _convert_tokenizer(source, _text(reader, "tokenizer.ggml.pre"), folder)
    config = AutoConfig.from_pretrained(source.parent, gguf_file=source.name)
    config.dtype = "bfloat16"
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]  # Transformers has no types here
    model.config.save_pretrained(folder)
    if model.generation_config:
        model.generation_config.save_pretrained(folder)
    _write_shards(_tensors(reader, model, form, meter, cancel), folder)
    return _file_type(reader)


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


def _file_type(reader: GGUFReader) -> str:
    """The mixture of kinds in the file, such as Q4_K_M."""
    from gguf import LlamaFileType

    field = reader.get_field("general.file_type")
    try:
        return LlamaFileType(field.contents()).name.removeprefix("MOSTLY_") if field else "GGUF"
    except ValueError:
        return "GGUF"


def _tensors(reader: GGUFReader, model: PreTrainedModel, form: Form, meter: Meter, cancel: Event) -> Iterator[Named]:
    """The model's tensors one after another, by the names that Transformers gives them."""
    from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

    from model.repack import from_gguf, names_in

    kind = TENSOR_PROCESSORS.get(_text(reader, "general.architecture"), TensorProcessor)
    processor = kind(config=model.config.to_dict())  # type: ignore[no-untyped-call]  # as above
    known = get_gguf_hf_weights_map(model, processor)
    names = names_in(model)
    done = 0
    for tensor in reader.tensors:
        _check(cancel)
        for name in _targets(known.get(tensor.name), form, names, model):
            yield from from_gguf(tensor, name, processor, names) if form == "packed" else _half(tensor, name, processor)
        done += int(tensor.n_bytes)
        meter.at(done)


def _targets(name: str | None, form: Form, names: Names, model: PreTrainedModel) -> list[str]:
    """The weights that a tensor becomes: the embedding of a model that shares it is the output matrix too."""
    if name is None:
        return []
    shared = form == "packed" and name == names.embedding and model.config.tie_word_embeddings
    return [name, names.output] if shared and names.output else [name]


def _half(tensor: ReaderTensor, name: str, processor: TensorProcessor) -> Iterator[Named]:
    from model.repack import dequantised

    yield name, dequantised(tensor, processor).bfloat16()


def _check(cancel: Event) -> None:
    if cancel.is_set():
        raise Cancelled("The conversion was given up.")


def _write_shards(tensors: Iterator[tuple[str, torch.Tensor]], folder: Path) -> None:
    """Write the tensors in files of about `SHARD_BYTES`, with the index that Transformers reads."""
    index: dict[str, str] = {}
    shard: dict[str, torch.Tensor] = {}
    total = 0

    def write() -> None:
        name = f"model-{len(set(index.values())) + 1:05d}.safetensors"
        _save(shard, folder / name)
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


def _save(shard: dict[str, torch.Tensor], file: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(shard, file, metadata={"format": "pt"})
    except SafetensorError as error:
        # What the system said stands in the text alone, as in "No space left on device (os error 28)".
        if number := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(number[1]), str(error)) from error
        raise
