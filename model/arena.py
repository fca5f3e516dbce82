"""Reads safetensors files into memory of large pages.

Writing a token reads every packed weight once. From pages of 4 KB two cores here read 20 GB/s, as the hardware does not
look ahead beyond a page; from pages of 2 MB they read twice as much and more. Mapped files have small pages, so the
packed weights are read instead, which the page cache makes nearly as fast; what is looked up row by row stays mapped.
"""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Final

import torch
from safetensors import safe_open

from model.machine import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from model.machine import Entry

_ALIGNMENT: Final = 64
_MOST_PLACES: Final = os.sysconf("SC_IOV_MAX")
_KINDS: Final = {"U8": torch.uint8, "F16": torch.float16}


def read_tensors(folder: Path, read: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """All tensors of a folder's safetensors files.

    Args:
        folder: holds them.
        read: endings of the names that are read into large pages, uint8 or float16; the others are mapped.
    """
    files = {file: read_header(file) for file in sorted(folder.glob("*.safetensors"))}
    wanted = [(file, name) for file, entries in files.items() for name in entries if name.endswith(read)]
    arena = _Arena(sum(_padded(_size(files[file][name])) for file, name in wanted))
    tensors = {}
    for file, entries in files.items():
        tensors.update(arena.fill(file, {name: entries[name] for of, name in wanted if of is file}))
        tensors.update(_mapped(file, [name for name in entries if not name.endswith(read)]))
    return tensors


class _Arena:
    """One block of memory for many tensors, each at a multiple of a cache line."""

    def __init__(self, size: int) -> None:
        self._memory = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self._memory.madvise(mmap.MADV_HUGEPAGE)
        self._used = 0

    def fill(self, file: Path, entries: dict[str, Entry]) -> dict[str, torch.Tensor]:
        """Read the entries of one file: each stretch of it in one call, which other threads need not wait for."""
        tensors = {}
        with file.open("rb") as source, memoryview(self._memory) as memory:
            start = 8 + int.from_bytes(source.read(8), "little")
            for stretch in _stretches(entries):
                places = []
                for name, entry in stretch:
                    places.append(memory[self._used : self._used + _size(entry)])
                    tensors[name] = self._tensor(entry)
                    self._used += _padded(_size(entry))
                first = start + stretch[0][1]["data_offsets"][0]
                if os.preadv(source.fileno(), places, first) != sum(map(len, places)):
                    raise OSError(f"{file} ends before {stretch[-1][0]}")
        return tensors

    def _tensor(self, entry: Entry) -> torch.Tensor:
        kind = _KINDS[entry["dtype"]]
        count = _size(entry) // kind.itemsize
        return torch.frombuffer(self._memory, dtype=kind, count=count, offset=self._used).view(entry["shape"])


def _stretches(entries: dict[str, Entry]) -> list[list[tuple[str, Entry]]]:
    """Entries in the order of the file, those together that one call can read."""
    found: list[list[tuple[str, Entry]]] = []
    end = -1
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        first, last = entry["data_offsets"]
        if first != end or len(found[-1]) == _MOST_PLACES:
            found.append([])
        found[-1].append((name, entry))
        end = last
    return found


def _mapped(file: Path, names: list[str]) -> dict[str, torch.Tensor]:
    with safe_open(file, framework="pt") as source:
        return {name: source.get_tensor(name) for name in names}


def _size(entry: Entry) -> int:
    first, last = entry["data_offsets"]
    return last - first


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
