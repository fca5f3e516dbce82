"""What is free on this machine, and how large a model on disk is: the facts that placement decides from."""

from __future__ import annotations

import json
import math
import shutil
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from model.errors import WeightsError
from model.imports import import_transformers, quick_imports
from model.placement import Gpu, Machine, ModelSize

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

CGROUP: Final = Path("/sys/fs/cgroup")
# Sessions rarely fill a long window; planning for all of it would refuse models that run well.
PLANNED_TOKENS: Final = 8192


class Entry(TypedDict):
    """A tensor in the header of a safetensors file; offsets count from the end of the header."""

    dtype: str
    shape: list[int]
    data_offsets: list[int]


def survey(disk: Path) -> Machine:
    """What is free now, on the disk of `disk`, which may not be there yet, among others; a container's limit counts."""
    there = next(folder for folder in (disk, *disk.absolute().parents) if folder.exists())
    return Machine(cpu_bytes=free_memory(), disk_bytes=shutil.disk_usage(there).free, gpus=_gpus())


def memory_alone() -> Machine:
    """Main memory that is free now, without a look at GPUs and disks."""
    return Machine(cpu_bytes=free_memory(), disk_bytes=0)


def free_memory(cgroup: Path = CGROUP) -> int:
    """Bytes of main memory that can be had, within the control group's limit (of version 2 or 1) if there is one."""
    import psutil

    free = int(psutil.virtual_memory().available)
    for limit, used in (
        (cgroup / "memory.max", cgroup / "memory.current"),
        (cgroup / "memory" / "memory.limit_in_bytes", cgroup / "memory" / "memory.usage_in_bytes"),
    ):
        if limit.is_file() and used.is_file() and (text := limit.read_text().strip()) != "max":
            taken = int(used.read_text()) - _file_pages(limit.with_name("memory.stat"))
            free = min(free, max(int(text) - taken, 0))
    return free


def _file_pages(stat: Path) -> int:
    """Bytes of files that a control group counts as used and gives up when asked for memory.

    A model that was just fetched or converted is among them, as large as it is.
    """
    lines = stat.read_text().splitlines() if stat.is_file() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith(("inactive_file ", "active_file ")))


def measure(folder: Path, name: str) -> ModelSize:
    """The size of a model in a folder of Transformers' layout, packed or not.

    Raises:
        WeightsError: the folder has no weights, or a file of them is damaged.
    """
    import_transformers()
    with quick_imports():  # of the model's own configuration, too
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    shapes = _shapes(folder)
    values = sum(shapes.values()) or sum(file.stat().st_size for file in folder.glob("*.bin")) // 2
    if not values:
        raise WeightsError(f"{folder} holds no weights (safetensors or .bin). Fetch the model again.")
    return ModelSize(name, values, _largest(shapes) or values // 10, _cache_bytes(config))


def _gpus() -> tuple[Gpu, ...]:
    import torch

    if not torch.cuda.is_available():
        return ()
    return tuple(
        Gpu(index, torch.cuda.mem_get_info(index)[0], torch.cuda.get_device_capability(index)[0] >= 8)  # noqa: PLR2004 - Ampere
        for index in range(torch.cuda.device_count())
    )


def _shapes(folder: Path) -> dict[str, int]:
    """Numbers in each tensor, from the headers of the safetensors files."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        for name, tensor in read_header(file).items():
            found[name] = _numbers(name, tensor["shape"])
    return found


def _numbers(name: str, shape: list[int]) -> int:
    """Numbers of a tensor; of a packed matrix (model/packing.py) all are counted with its values."""
    if name.endswith(".values"):
        return shape[0] * shape[1] * 512
    return 0 if name.endswith((".scales", ".minima")) else math.prod(shape)


def read_header(file: Path) -> dict[str, Entry]:
    """The tensors of a safetensors file (https://huggingface.co/docs/safetensors), checked against its length.

    Raises:
        WeightsError: it is damaged or cut off.
    """
    with file.open("rb") as source:
        start = source.read(8)
        try:
            (size,) = struct.unpack("<Q", start)
            header: dict[str, Entry] = json.loads(source.read(size))
        except (struct.error, ValueError, OverflowError, MemoryError) as error:
            raise WeightsError(f"{file} is damaged ({error}). Delete its folder, so that it is made again.") from error
    header.pop("__metadata__", None)
    end = 8 + size + max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
    if file.stat().st_size < end:
        raise WeightsError(
            f"{file} is cut off: {file.stat().st_size:,} of {end:,} bytes. Delete its folder, so that it is made again."
        )
    return header


def _largest(shapes: dict[str, int]) -> int:
    """Numbers in the largest layer, or in the largest tensor outside of the layers."""
    blocks: dict[str, int] = {}
    for name, count in shapes.items():
        parts = name.split(".")
        number = next((index for index, part in enumerate(parts) if part.isdigit()), None)
        block = name if number is None else ".".join(parts[: number + 1])
        blocks[block] = blocks.get(block, 0) + count
    return max(blocks.values(), default=0)


def _cache_bytes(config: PreTrainedConfig) -> int:
    """Key/value cache for `PLANNED_TOKENS` (or the window, if that is shorter), two bytes a number."""
    heads = getattr(config, "num_attention_heads", 0) or 0
    width = getattr(config, "head_dim", None) or (getattr(config, "hidden_size", 0) // heads if heads else 0)
    kept = getattr(config, "num_key_value_heads", None) or heads
    layers = getattr(config, "num_hidden_layers", 0) or 0
    tokens = min(PLANNED_TOKENS, getattr(config, "max_position_embeddings", 0) or PLANNED_TOKENS)
    return int(2 * 2 * layers * kept * width * tokens)
