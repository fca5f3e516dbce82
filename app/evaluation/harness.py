"""Makes the samples of a run that are not there yet: several at a time, shared among processes, one file."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Protocol, Self, TypeVar

from tqdm import tqdm

from app.evaluation.booth import PLAIN, Booth, Way
from app.evaluation.rows import Row, Rows
from app.runner import Kernels
from model.engine import Engine


class Keyed(Protocol):
    """Something that a sample is to be made of; the key tells it from all others of the run."""

    @property
    def key(self) -> str:
        """The key of its sample's row."""


Item = TypeVar("Item", bound=Keyed)


# The variables that Accelerate itself looks for.
RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
SIZES = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")


@dataclass(frozen=True)
class Rank:
    """Which of several processes this one is, as `accelerate launch`, `torchrun` or MPI number them."""

    number: int = 0
    of: int = 1

    @classmethod
    def from_env(cls) -> Self:
        """The rank that a launcher gave to this process; 0 of 1 without one."""
        number, of = (
            next((int(os.environ[name]) for name in names if name in os.environ), default)
            for names, default in ((RANKS, 0), (SIZES, 1))
        )
        return cls(number, of)

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Every how-manieth item, so that each belongs to one process whatever is done already."""
        return items[self.number :: self.of]


class Harness:
    """Several booths around one engine.

    Args:
        engine: answers for all of them; it decides what it does at a time.
        booths: problems at a time.
        kernels: the sandbox of all of them; shut down with the harness.
        way: how each of them asks.
    """

    def __init__(self, engine: Engine, booths: int, kernels: Kernels, way: Way = PLAIN) -> None:
        self._engine = engine
        self._count = booths
        self._kernels = kernels
        self._way = way
        self._free: SimpleQueue[Booth] = SimpleQueue()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="evaluation-")))
            stack.callback(self._kernels.shutdown)
            for number in range(self._count):
                place = folder / str(number)
                place.mkdir()
                self._free.put(stack.enter_context(Booth(place, self._engine, self._kernels, self._way)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, items: Sequence[Item], attempt: Callable[[Booth, Item], Row], rows: Rows, *, show: bool) -> None:
        """Make the samples that are missing in `rows`, and add each as soon as it is judged.

        Args:
            items: of this process.
            attempt: makes one sample; called in several threads.
            rows: what is done already, and where the rest goes.
            show: a progress bar with the time left, on standard error.

        Raises:
            EvaluationError: of the first attempt that could not be made; the samples until then are kept.
        """
        done = rows.done()
        todo = [item for item in items if item.key not in done]
        with tqdm(total=len(items), initial=len(items) - len(todo), disable=not show, unit="sample") as bar:
            passed = 0
            for row in self._made(todo, attempt):
                rows.add(row)
                passed += bool(row.get("passed"))
                bar.set_postfix_str(f"{passed} passed", refresh=False)
                bar.update()

    def _made(self, items: Sequence[Item], attempt: Callable[[Booth, Item], Row]) -> Iterator[Row]:
        with ThreadPoolExecutor(self._count, thread_name_prefix="booth") as pool:
            futures: list[Future[Row]] = [pool.submit(self._attempt, attempt, item) for item in items]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                for future in futures:
                    future.cancel()

    def _attempt(self, attempt: Callable[[Booth, Item], Row], item: Item) -> Row:
        with self._borrow() as booth:
            return attempt(booth, item)

    @contextmanager
    def _borrow(self) -> Iterator[Booth]:
        booth = self._free.get()
        try:
            yield booth
        finally:
            self._free.put(booth)
