"""What packed.cpp is compiled for: each build is one file, for the processors that have what it needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("packed.cpp")
BUILT: Final = Path(__file__).with_name("built")
# Products and sums are joined only where the source says so: then all builds round alike.
COMMON: Final = ("-std=c++17", "-O3", "-ffp-contract=off", "-fopenmp", "-shared", "-fPIC")


@dataclass(frozen=True, slots=True)
class Build:
    """One way to compile packed.cpp.

    Args:
        name: of its vectors.
        needed: what a processor must have, as `torch.cpu.get_capabilities` calls it.
        flags: of the compiler, for these instructions.
    """

    name: str
    needed: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def library(self) -> Path:
        """The compiled file; its name holds a digest of sources and flags, so that an older one is not found."""
        sources = (SOURCE, *sorted(SOURCE.parent.glob("*.h")))
        known = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
        known.update(" ".join((*COMMON, *self.flags)).encode())
        return BUILT / f"{SOURCE.stem}-{self.name}-{known.hexdigest()[:16]}.so"

    def runs(self) -> bool:
        """Whether this processor has what it needs."""
        import torch

        able = torch.cpu.get_capabilities()
        return all(able.get(name) for name in self.needed)

    def ready(self) -> bool:
        """Whether it was compiled from the present source, and this processor can run it."""
        return self.library.is_file() and self.runs()


# The fastest first.
BUILDS: Final = (
    Build(
        "avx512",
        ("avx512_f", "avx512_bw", "avx512_vl", "avx512_dq", "avx512_vnni", "fma3", "f16c"),
        ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma", "-mf16c"),
    ),
    Build("avx2", ("avx2", "fma3", "f16c"), ("-mavx2", "-mfma", "-mf16c")),
)
