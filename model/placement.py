"""Where a model goes: over GPUs, main memory and disk, in which number format. Pure functions of what is free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from model.errors import DoesNotFit

Dtype = Literal["bfloat16", "float16", "float32"]
Quantisation = Literal["none", "packed"]
MaxMemory = dict[int | str, int]

# Left free on each device for activations and whatever else runs there.
GPU_SPARE: Final = 1_000_000_000
CPU_SPARE: Final = 500_000_000
# Below this share of the model on GPUs, carrying activations to and fro costs more than the GPU saves.
WORTHWHILE_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as Accelerate numbers it."""

    index: int
    free_bytes: int
    bfloat16: bool = True


@dataclass(frozen=True, slots=True)
class Machine:
    """What is free; `cpu_bytes` is main memory, `disk_bytes` the disk of the offload folder."""

    cpu_bytes: int
    disk_bytes: int
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelSize:
    """What has to be placed.

    Args:
        name: for messages.
        values: numbers in all weights.
        largest: numbers in the largest module that cannot be divided (a layer, or the embeddings).
        cache_bytes: key/value cache to plan for, at two bytes a number.
    """

    name: str
    values: int
    largest: int
    cache_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Format:
    """A way to hold the weights in main memory, best first in a list of candidates.

    Args:
        dtype: of what is not quantised, and of the activations.
        quantisation: of the matrices.
        bytes_per_value: at the highest; packed matrices have up to 8.5 bits a number, and embeddings float16.
    """

    dtype: Dtype
    quantisation: Quantisation
    bytes_per_value: float


BF16: Final = Format("bfloat16", "none", 2.0)
PACKED: Final = Format("float32", "packed", 1.2)
CPU_FORMATS: Final = (PACKED, BF16)


@dataclass(frozen=True, slots=True)
class Placement:
    """A decision, in the terms of `from_pretrained`.

    Args:
        device_map: "auto" lets Accelerate divide the modules within `max_memory`; a device takes them all.
        max_memory: bytes for each GPU and "cpu", for "auto".
        offload: whether modules may wait on disk.
        dtype: number format.
        quantisation: applied after loading.
        reason: a sentence for the log and the page.
    """

    device_map: str
    dtype: Dtype
    quantisation: Quantisation
    reason: str
    max_memory: MaxMemory | None = None
    offload: bool = False

    @property
    def label(self) -> str:
        """How the weights are held, in a word, for the page and for provenance."""
        return (
            {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}[self.dtype]
            if (self.quantisation == "none")
            else self.quantisation
        )


def place(size: ModelSize, machine: Machine, formats: tuple[Format, ...] = CPU_FORMATS) -> Placement:
    """Decide where the model goes: one GPU, several, GPU and memory, memory alone, memory and disk.

    Args:
        size: the model.
        machine: what is free.
        formats: ways to hold the weights in main memory, best first.

    Raises:
        DoesNotFit: nowhere; the text says what would.
    """
    return (
        _one_gpu(size, machine)
        or _several(size, machine)
        or _memory(size, machine, formats)
        or _with_disk(size, machine)
        or _refuse(size, machine)
    )


def _one_gpu(size: ModelSize, machine: Machine) -> Placement | None:
    need = _half(size) + size.cache_bytes + GPU_SPARE
    fitting = [gpu for gpu in machine.gpus if gpu.free_bytes >= need]
    if not fitting:
        return None
    gpu = max(fitting, key=lambda one: one.free_bytes)
    return Placement(f"cuda:{gpu.index}", _gpu_dtype((gpu,)), "none", f"{size.name} fits on GPU {gpu.index}.")


def _several(size: ModelSize, machine: Machine) -> Placement | None:
    """Divide over all GPUs, and main memory for the rest, if enough of the model comes to lie on GPUs."""
    room: MaxMemory = {gpu.index: _room(gpu.free_bytes, GPU_SPARE + size.cache_bytes) for gpu in machine.gpus}
    on_gpus = sum(room.values())
    if not machine.gpus or on_gpus < WORTHWHILE_SHARE * _half(size):
        return None
    room["cpu"] = _room(machine.cpu_bytes, CPU_SPARE)
    if sum(room.values()) < _half(size):
        return None
    where = "the GPUs" if on_gpus >= _half(size) else "GPU and main memory"
    reason = f"{size.name} is divided over {where}."
    return Placement("auto", _gpu_dtype(machine.gpus), "none", reason, max_memory=room)


def _memory(size: ModelSize, machine: Machine, formats: tuple[Format, ...]) -> Placement | None:
    for chosen in formats:
        cache = size.cache_bytes * (2 if chosen.dtype == "float32" else 1)
        need = int(size.values * chosen.bytes_per_value) + cache + CPU_SPARE
        if machine.cpu_bytes >= need:
            reason = f"{size.name} fits in main memory."
            return Placement("cpu", chosen.dtype, chosen.quantisation, reason)
    return None


def _with_disk(size: ModelSize, machine: Machine) -> Placement | None:
    """Keep what fits in memory and read the rest from disk at every token; slow, but it runs."""
    room = _room(machine.cpu_bytes, CPU_SPARE + size.cache_bytes)
    if room < 2 * size.largest * 2 or machine.disk_bytes < _half(size):
        return None
    memory: MaxMemory = {gpu.index: _room(gpu.free_bytes, GPU_SPARE) for gpu in machine.gpus}
    dtype = _gpu_dtype(machine.gpus) if machine.gpus else "bfloat16"
    reason = f"{size.name} is larger than the memory: part of it is read from disk for every token, which is slow."
    return Placement("auto", dtype, "none", reason, max_memory={**memory, "cpu": room}, offload=True)


def _refuse(size: ModelSize, machine: Machine) -> Placement:
    need = _half(size) + size.cache_bytes + CPU_SPARE
    least = 4 * size.largest + size.cache_bytes + CPU_SPARE
    raise DoesNotFit(
        f"{size.name} needs {_gb(need)} of memory, and {_gb(machine.cpu_bytes)} are free"
        f"{_gpu_words(machine)}. It would run with {_gb(need)} of free memory, or slowly with {_gb(least)} of memory "
        f"and {_gb(_half(size))} of disk ({_gb(machine.disk_bytes)} are free). Free some, or choose a smaller model."
    )


def _half(size: ModelSize) -> int:
    """Bytes of the weights at two bytes a number."""
    return 2 * size.values


def _room(free: int, spare: int) -> int:
    return max(free - spare, 0)


def _gpu_dtype(gpus: tuple[Gpu, ...]) -> Dtype:
    return "bfloat16" if all(gpu.bfloat16 for gpu in gpus) else "float16"


def _gpu_words(machine: Machine) -> str:
    return "".join(f", {_gb(gpu.free_bytes)} on GPU {gpu.index}" for gpu in machine.gpus)


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
