"""Local engines over tiny models in float32, where equal texts are a fair demand, and a plain loop to compare with."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from conftest import OWNER, Stage, wait_for
from tiny_models import llama
from torch import nn
from website import PATIENCE

from app.runner import Kernels
from app.session import Playground
from model import prompt as prompts
from model.catalogue import entry
from model.engine import Engine, Outcome, Sampling
from model.host import EngineHost
from model.loader import LocalLoader
from model.loading import load_model, load_tokenizer
from model.local import LocalEngine
from model.placement import Placement
from model.prompt import PromptState, TargetCell
from model.sampler import Sampler
from model.tokens import Detokenizer

GREEDY = Sampling(max_tokens=40)
WARM = Sampling(temperature=1.0, max_tokens=40, seed=7)


@contextmanager
def modelled(folder: Path, kernels: Kernels) -> Iterator[tuple[Stage, str, str]]:
    """A stage with a real model, a session, and a cell in it whose name begins every answer, so that there is code."""
    stage = Stage(folder, kernels)
    engines = EngineHost(LocalLoader(folder, ()))
    engines.use(str(llama(folder / "llama")))
    stage.playground = Playground(stage.database, engines, kernels, on_disk=lambda _: False)
    wait_for(lambda: engines.status().state == "ready")
    session = stage.session()
    stage.playground.sessions.keep_sampling(OWNER, session, {"temperature": 1.0, "max_tokens": 60})
    yield stage, session, stage.add(session, "def f(x):\n    return x")
    engines.close()


class Forwards(nn.Module):
    """Stands before a model's embeddings, and counts steps, their rows and what `damage` makes of them."""

    def __init__(self, inner: nn.Module, damage: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.inner = inner
        self.damage = damage
        self.rows: list[int] = []

    @property
    def weight(self) -> torch.Tensor:
        weight: torch.Tensor = self.inner.weight  # type: ignore[assignment]
        return weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        self.rows.append(ids.shape[-1])
        return self.damage(ids, self.inner(ids))


def engine(folder: Path, **options: Any) -> LocalEngine:
    model = load_model(folder, Placement("cpu", "float32", "none", ""), folder)
    return LocalEngine(entry(str(folder)), model, load_tokenizer(folder), "float32", **options)


def watched(
    it: LocalEngine, damage: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = lambda _, made: made
) -> Forwards:
    """Puts a `Forwards` into the engine's model."""
    assert it._model is not None
    forwards = Forwards(it._model.get_input_embeddings(), damage)
    it._model.set_input_embeddings(forwards)
    return forwards


class Gate:
    """Holds every step of an engine up until it is opened."""

    def __init__(self, engine: LocalEngine) -> None:
        self.open = threading.Event()
        self.reached = threading.Event()
        self.forwards = watched(engine, self._hold)

    def _hold(self, _: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        self.reached.set()
        self.open.wait(PATIENCE)  # a test that failed must not keep the process from ending
        return made


def write(it: Engine, request: str | PromptState = "Hi", sampling: Sampling = WARM) -> tuple[str, Outcome]:
    """The text of an answer and how it ended."""
    state = PromptState(request) if isinstance(request, str) else request
    stream = it.stream(prompts.build(state, it, sampling), sampling, threading.Event())
    return "".join(stream), stream.outcome


def write_all(it: Engine, asked: Iterable[tuple[str | PromptState, Sampling]]) -> list[tuple[str, Outcome]]:
    """What is written when all are asked at once, each by a thread of its own."""
    questions = list(asked)
    found: list[tuple[str, Outcome]] = [("", Outcome("failed"))] * len(questions)

    def ask(number: int) -> None:
        found[number] = write(it, *questions[number])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def in_line(it: LocalEngine, count: int) -> None:
    """Wait until so many answers are being written or wait."""
    wait_for(lambda: len(it._scheduler._live) + len(it._scheduler._waiting) == count)


def plainly(folder: Path, request: str | PromptState, sampling: Sampling) -> str:
    """The answer by reading everything again for each token: no cache, no company, no guesses."""
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine took minutes for these small products
    it = engine(folder)
    assert it._model is not None
    state = PromptState(request) if isinstance(request, str) else request
    prompt = prompts.build(state, it, sampling)
    ids, bracket = it._codec.heal(it._codec.encode(prompt.segments)) if prompt.begun else ([], "")
    ids = ids or it._codec.encode(prompt.segments)
    allowed = it._codec.beginning_with(bracket) if bracket else []
    sampler, made = Sampler(sampling), list[int]()
    with torch.inference_mode():
        while len(made) < sampling.max_tokens and not (made and made[-1] in it.ends):
            logits = it._model(torch.tensor([[*ids, *made]]), use_cache=False).logits[0, -1]
            if allowed and not made:
                logits = torch.full_like(logits, float("-inf")).index_copy(
                    0, torch.tensor(allowed), logits[torch.tensor(allowed)]
                )
            made.append(sampler.choose(logits, [*ids, *made]))
    detokenizer = Detokenizer(it._codec)
    text = "".join(detokenizer.add(token) for token in made if token not in it.ends) + detokenizer.finish()
    return text[len(bracket) :]


def refinement(request: str = "Sort it", lines: Sequence[str] = ("return 1",)) -> PromptState:
    """A request to change a function."""
    return PromptState(request, TargetCell(1, "f", "def f(x):\n    " + "\n    ".join(lines)))


def seeded(*seeds: int) -> list[Sampling]:
    """Samplings that differ in their seeds alone."""
    return [replace(WARM, seed=seed) for seed in seeds]
