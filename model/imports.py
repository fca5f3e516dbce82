"""Imports of large libraries without looks for garbage.

Transformers and PyTorch bring some 640,000 objects that live as long as the process. Python's collector looks through
them again and again while they come, which took 1.2 of 6.0 seconds of loading, and once more in each full collection.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def quick_imports() -> Iterator[None]:
    """Pause the collector for a block of imports; what they brought is left out of later collections."""
    paused, known = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        if paused:
            gc.enable()
