"""More turns than the engine writes at once: each shows its place, and gets its answer."""

import threading
from pathlib import Path

import local_engines
import tiny_models
import torch
from conftest import OWNER, Stage, wait_for
from website import PATIENCE

from app.runner import Kernels


def test_a_turn_shows_how_many_are_ahead_of_it(tmp_path: Path, kernels: Kernels) -> None:
    stage = Stage(tmp_path, kernels)
    engine = local_engines.engine(tiny_models.llama(tmp_path / "tiny"), most_live=1)
    opened = threading.Event()

    def hold(_: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        opened.wait(PATIENCE)
        return made

    local_engines.watched(engine, hold)
    stage.engines._engine = engine
    sessions = []
    for number in range(3):
        sessions.append(stage.session())
        stage.playground.turns.ask(OWNER, sessions[-1], "Hi", "auto")
        local_engines.in_line(engine, number + 1)

    def shown(session_id: str) -> list[tuple[str, str]]:
        works = stage.playground.snapshot(OWNER, session_id).writing.values()
        return [(work.status, work.message) for work in works]

    wait_for(lambda: shown(sessions[1]) == [("queued", "1 ahead")])
    wait_for(lambda: shown(sessions[2]) == [("queued", "2 ahead")])
    opened.set()
    assert [stage.settled(session_id).turns[0].status for session_id in sessions] == ["done"] * 3
    engine.close()
