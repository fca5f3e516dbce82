"""Imports of large libraries, without what nothing here uses.

- Transformers and PyTorch bring some 640,000 objects that live as long as the process. Python's collector looks through
  them again and again while they come, which took 1.2 of 6.0 seconds of loading, and once more in each full collection.
- Transformers marks functions for the compiler of PyTorch (`torch._dynamo`) and knows tensors that are spread over
  machines (`torch.distributed.tensor`). Both bring sympy, and take 0.8 of 3.2 s for all imports.
- A loss for the detection of objects brings scipy, 0.25 s.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableSequence, Sequence
    from functools import _lru_cache_wrapper
    from importlib.machinery import ModuleSpec

_COMPILER: Final = "torch._dynamo"
# With these, functions are marked for the compiler where they are defined.
_MARKS: Final = ("allow_in_graph", "assume_constant_result", "disable")


@contextmanager
def quick_imports() -> Iterator[None]:
    """Pause the collector for a block of imports, and leave the compiler for when it is used.

    What the imports brought is left out of later collections. Functions that are marked for the compiler in the block
    stay unmarked: nothing here compiles them.
    """
    paused, known, finder = gc.isenabled(), len(sys.modules), _CompilerLater()
    gc.disable()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if len(sys.modules) > known:
            gc.freeze()
        if paused:
            gc.enable()


def import_transformers() -> None:
    """Import Transformers as where PyTorch was built without its distributed part (as on macOS) and scipy is missing.

    Transformers asks once whether they are there, and remembers the answer. One process computes here, so neither is
    used; what is spread over several GPUs is so by Accelerate, which asks for itself.
    """
    with quick_imports():
        import torch.distributed
        from transformers.utils import import_utils

        with _answering(torch.distributed, "is_available", False):
            _ask_again(import_utils.is_torch_distributed_available)
        with _answering(import_utils, "_is_package_available", (False, "N/A")):
            _ask_again(import_utils.is_scipy_available)


def _ask_again(known: _lru_cache_wrapper[bool]) -> None:
    known.cache_clear()
    known()


@contextmanager
def _answering(module: ModuleType, name: str, answer: object) -> Iterator[None]:
    asked = getattr(module, name)
    setattr(module, name, lambda *_, **__: answer)
    try:
        yield
    finally:
        setattr(module, name, asked)


class _CompilerLater(MetaPathFinder):
    """Finds the compiler as a module that is executed when it is first used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname, path, target) if fullname == _COMPILER else None
        if found is not None and found.loader is not None:
            found.loader = _LoaderLater(found.loader)
        return found


class _LoaderLater(Loader):
    """Makes a module that executes itself later, as `importlib.util.LazyLoader` does.

    That one would do so as soon as a module inside of the package is imported.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Later(spec.name, self._loader, spec.submodule_search_locations or ())

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Later(ModuleType):
    """A package that is executed when it is used, except by an import that only marks functions with it."""

    def __init__(self, name: str, loader: Loader, places: Sequence[str]) -> None:
        super().__init__(name)
        self._later: Loader | None = loader
        self._places = list(places)
        self._executing = RLock()

    @property
    def __path__(self) -> MutableSequence[str]:  # type: ignore[override] # nobody sets it
        """Where its modules lie. They are looked for here, and rely on the package."""
        if not self._only_marks():
            self._execute()
        return self._places

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the package holds
        if name.startswith("__"):  # asked of every module by `inspect` and its kin
            raise AttributeError(name)
        if name in _MARKS and self._only_marks():
            return _unmarked
        self._execute()
        return object.__getattribute__(self, name)

    def _only_marks(self) -> bool:
        return self._later is not None and any(isinstance(finder, _CompilerLater) for finder in sys.meta_path)

    def _execute(self) -> None:
        with self._executing:  # another thread waits; this one goes on with what is there already
            loader, self._later = self._later, None
            if loader is not None:
                loader.exec_module(self)


def _unmarked(function: Callable[..., Any] | None = None, *_: object, **__: object) -> Any:  # noqa: ANN401 - as given
    """What a mark makes of a function, or of what it is given before the function."""
    return _unmarked if function is None else function
