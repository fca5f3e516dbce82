"""Provenance: what a version is told to come from, what a notebook file carries of it, and writing the same again."""

import json
from pathlib import Path

import pytest
from conftest import OWNER, Stage
from local_engines import modelled

from app.runner import Kernels
from app.session import Missing, Refused
from app.session.provenance import REPLAY
from model.catalogue import MODELS

QWEN = MODELS[0]


@pytest.fixture
def written(stage: Stage) -> tuple[Stage, str]:
    """A session with a cell of three versions: by the model, by hand, by the model again."""
    stage.engine.model_id, session = QWEN.id, stage.session()
    cell = stage.ask(session, "one", "```python\ndef f():\n    return 1\n```").cells[0]
    stage.playground.cells.edit(OWNER, session, cell.id, "def f():\n    return 10", cell.revision)
    stage.ask(session, "two", "```python\ndef f():\n    return 2\n```", cell.id)
    return stage, session


def test_a_notebook_file_tells_where_each_cell_comes_from(written: tuple[Stage, str]) -> None:
    stage, session = written
    book = json.loads(stage.playground.sessions.export(OWNER, session)[1])
    told = next(cell for cell in book["cells"] if cell["cell_type"] == "code")["metadata"]["codegen_playground"]
    assert (told["version"], told["origin"], told["turn"], told["parent"]) == (3, "model", 2, 2)
    assert told["edited_by_hand"] == [2]
    assert (told["model"], told["quantisation"], told["weights_sha256"]) == (QWEN.id, "none", QWEN.sha256)
    assert told["sampling"]["seed"] is not None


def test_a_version_written_again_gets_the_same_prompt_and_seed(written: tuple[Stage, str]) -> None:
    stage, session = written
    first = stage.playground.snapshot(OWNER, session).versions
    version = next(iter(first.values()))
    stage.engine.enqueue("```python\ndef f():\n    return 2\n```")
    stage.playground.cells.add(OWNER, session, None, "other = 1")  # the notebook has moved on; the prompt has not
    turn = stage.playground.turns.repeat(OWNER, session, version.id)
    snapshot = stage.settled(session)
    assert stage.engine.prompts[-1].segments == stage.engine.prompts[-2].segments
    assert stage.engine.samplings[-1] == stage.engine.samplings[-2]
    again = snapshot.versions[version.cell_id]
    assert (again.sha256, again.parent_id, again.turn_id) == (version.sha256, version.parent_id, turn.id)
    saw = stage.playground.prompts.saw(OWNER, session, turn.id)
    assert saw == stage.playground.prompts.saw(OWNER, session, version.turn_id or "")
    assert REPLAY not in saw


def test_what_nobody_can_write_again_says_why(written: tuple[Stage, str]) -> None:
    stage, session = written
    cell = stage.playground.snapshot(OWNER, session).cells[0].id
    _, versions = stage.playground.cells.versions(OWNER, session, cell)
    with pytest.raises(Missing, match="No turn wrote this version"):
        stage.playground.turns.repeat(OWNER, session, versions[1].id)
    stage.engine.quantisation = "int8"
    with pytest.raises(Refused, match=r"written by .* \(none\); .* \(int8\) is loaded now"):
        stage.playground.turns.repeat(OWNER, session, versions[0].id)


def test_a_model_writes_the_same_text_from_the_same_seed(tmp_path: Path, kernels: Kernels) -> None:
    with modelled(tmp_path, kernels) as (stage, session, cell):
        first = stage.playground.turns.ask(OWNER, session, "Sort", cell).id
        version = stage.settled(session).turns[-1].version_id or ""
        other = stage.playground.turns.again(OWNER, session, first).id
        stage.settled(session)
        same = stage.playground.turns.repeat(OWNER, session, version).id
        stage.settled(session)
        texts = [said(stage, turn_id) for turn_id in (first, other, same)]
        assert texts[0] == texts[2] != texts[1]


def test_a_candidate_is_written_again_alone_as_it_was_in_company(tmp_path: Path, kernels: Kernels) -> None:
    with modelled(tmp_path, kernels) as (stage, session, cell):
        turn = stage.playground.turns.ask(OWNER, session, "Sort", cell, candidates=4).id
        candidates = stage.settled(session).candidates[turn]
        assert len(candidates) > 1
        for candidate in candidates:
            stage.playground.choices.accept(OWNER, session, candidate.id)
            chosen = stage.settled(session).versions[cell]
            again = stage.playground.turns.repeat(OWNER, session, chosen.id).id
            stage.settled(session)
            assert said(stage, again)[1] == chosen.source == candidate.source


def said(stage: Stage, turn_id: str) -> tuple[str, str]:
    with stage.database.read() as tx:
        turn = tx.turn(turn_id)
        return turn.prose, tx.version(turn.version_id).source if turn.version_id else ""
