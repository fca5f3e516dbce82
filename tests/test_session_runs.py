"""Runs: what streams, what is recorded, what stops what, and when an output can no longer be trusted."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import OWNER, SharedKernels, Stage, wait_for

from app.runner import Cleared, Kernels, Limits, Output
from app.session import Busy, Conflict, Missing, Refused, Running, Snapshot
from app.session.document import share_document
from app.session.transcript import Transcript
from app.ui import view
from storage.records import Run


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    """Bare kernels: nothing here needs a library."""
    kernels = SharedKernels(Limits(), preload=())
    yield kernels
    kernels.end()


SLEEP = "import time\nprint('begun', flush=True)\ntime.sleep(50)"


def text(outputs: list[dict[str, Any]]) -> str:
    return "".join(output.get("text", "") for output in outputs)


def now(stage: Stage, session_id: str) -> Snapshot:
    return stage.playground.snapshot(OWNER, session_id)


def start(stage: Stage, session_id: str, cell_id: str) -> Running:
    """Run a cell as it is and give the run at work."""
    snapshot = now(stage, session_id)
    cell = next(cell for cell in snapshot.cells if cell.id == cell_id)
    run = stage.playground.runs.run(OWNER, session_id, cell_id, snapshot.versions[cell_id].source, cell.revision)
    return now(stage, session_id).running[run]


def stored(stage: Stage, run: Running) -> Run:
    with stage.database.read() as tx:
        return tx.run(run.run_id)


def test_a_run_streams_and_is_kept(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, SLEEP)
    work = start(stage, session, cell)
    wait_for(lambda: text(work.outputs) == "begun\n")
    assert (work.status, work.execution_count) == ("running", 1)
    wait_for(lambda: text(stored(stage, work).outputs) == "begun\n")
    stage.playground.runs.interrupt(OWNER, session)
    run = stage.settled(session).runs[cell]
    assert (run.status, text(run.outputs[:1]), run.kernel_id) == ("interrupted", "begun\n", run.kernel_id or None)


def test_a_run_is_tied_to_the_code_that_ran(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    snapshot = stage.run(session, cell, "x = 2\nx")
    run, version = snapshot.runs[cell], snapshot.versions[cell]
    assert (version.source, run.sha256, run.version_id) == ("x = 2\nx", version.sha256, version.id)
    assert (run.status, run.outputs[0]["data"]["text/plain"]) == ("ok", "2")
    assert run.milliseconds is not None


def test_a_stale_run_runs_nothing(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    with pytest.raises(Conflict) as conflict:
        stage.playground.runs.run(OWNER, session, cell, "x = 2", 99)
    assert (conflict.value.source, now(stage, session).runs) == ("x = 1", {})


def test_a_refused_run_stores_nothing_either(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, SLEEP)
    start(stage, session, cell)
    revision = now(stage, session).cells[0].revision
    with pytest.raises(Busy, match="running already"):
        stage.playground.runs.run(OWNER, session, cell, "other", revision)
    assert now(stage, session).cells[0].revision == revision
    stage.playground.runs.interrupt(OWNER, session)
    stage.settled(session)


def test_a_deleted_cell_does_not_run(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "x = 1")
    stage.playground.cells.delete(OWNER, session, cell)
    with pytest.raises(Missing, match="Bring it back"):
        stage.playground.runs.run(OWNER, session, cell, "x = 1", 2)


def test_cells_share_a_kernel_and_know_what_they_lean_on(stage: Stage) -> None:
    session = stage.session()
    one = stage.add(session, "def f():\n    return 7")
    two = stage.add(session, "g = f")
    three = stage.add(session, "print(g())")
    for cell in (one, two, three):
        snapshot = stage.run(session, cell)
    assert text(snapshot.runs[three].outputs) == "7\n"
    assert snapshot.runs[three].upstream == {key: snapshot.versions[key].sha256 for key in (one, two)}
    assert [snapshot.stale(cell) for cell in (one, two, three)] == [None, None, None]


def test_a_changed_cell_makes_stale_what_leans_on_it(stage: Stage) -> None:
    session = stage.session()
    one, two = stage.add(session, "a = 1"), stage.add(session, "b = a")
    three, other = stage.add(session, "print(b)"), stage.add(session, "print('other')")
    stage.playground.runs.run_all(OWNER, session)
    cell = stage.settled(session).cells[0]
    stage.playground.cells.edit(OWNER, session, one, "a = 2", cell.revision)
    snapshot = now(stage, session)
    assert snapshot.stale(one) == "edited since it ran"
    assert (snapshot.stale(two), snapshot.stale(three)) == ("cell 1 changed since it ran",) * 2
    assert snapshot.stale(other) is None
    stage.playground.runs.run_stale(OWNER, session)
    snapshot = stage.settled(session)
    assert [snapshot.stale(cell) for cell in (one, two, three, other)] == [None] * 4
    assert [snapshot.runs[cell].execution_count for cell in (one, two, three, other)] == [5, 6, 7, 4]
    assert text(snapshot.runs[three].outputs) == "2\n"


def test_undoing_an_edit_makes_the_output_trustworthy_again(stage: Stage) -> None:
    session = stage.session()
    one, two = stage.add(session, "a = 1"), stage.add(session, "a")
    stage.playground.runs.run_all(OWNER, session)
    revision = stage.settled(session).cells[0].revision
    revision = stage.playground.cells.edit(OWNER, session, one, "a = 2", revision)
    stage.playground.cells.edit(OWNER, session, one, "a = 1", revision)
    assert [now(stage, session).stale(cell) for cell in (one, two)] == [None, None]


def test_a_deleted_cell_makes_stale_what_ran_with_it(stage: Stage) -> None:
    session = stage.session()
    one, two = stage.add(session, "a = 1"), stage.add(session, "a")
    stage.playground.runs.run_all(OWNER, session)
    stage.settled(session)
    stage.playground.cells.delete(OWNER, session, one)
    assert now(stage, session).stale(two) == "ran with a cell that was deleted"
    stage.playground.cells.undelete(OWNER, session, one)
    assert now(stage, session).stale(two) is None


def test_a_cell_that_came_between_makes_stale_what_it_now_feeds(stage: Stage) -> None:
    session = stage.session()
    one, two = stage.add(session, "a = 1"), stage.add(session, "a")
    stage.playground.runs.run_all(OWNER, session)
    stage.settled(session)
    stage.playground.cells.add(OWNER, session, one, "a = 5")
    assert now(stage, session).stale(two) == "cell 2 changed since it ran"


def test_with_nothing_stale_there_is_nothing_to_run_again(stage: Stage) -> None:
    session = stage.session()
    stage.add(session, "a = 1")
    with pytest.raises(Refused, match="nothing to run again"):
        stage.playground.runs.run_stale(OWNER, session)


def test_run_all_stops_at_the_first_failure(stage: Stage) -> None:
    session = stage.session()
    cells = [stage.add(session, source) for source in ("print(1)", "1 / 0", "print(3)", " \n")]
    stage.playground.runs.run_all(OWNER, session)
    snapshot = stage.settled(session)
    assert [snapshot.runs[cell].status for cell in cells[:3]] == ["ok", "error", "interrupted"]
    assert "an earlier cell did not end well" in snapshot.runs[cells[2]].message
    assert (snapshot.runs[cells[1]].failure or {})["name"] == "ZeroDivisionError"
    assert cells[3] not in snapshot.runs


def test_a_cell_that_run_all_did_not_reach_keeps_what_it_showed(stage: Stage) -> None:
    session = stage.session()
    one, two = stage.add(session, "x = 1"), stage.add(session, "print('kept')")
    stage.playground.runs.run_all(OWNER, session)
    stage.settled(session)
    stage.run(session, one, "1 / 0")
    stage.playground.runs.run_all(OWNER, session)
    snapshot = stage.settled(session)
    shown = view.cell(snapshot, snapshot.cells[1])["run"]
    assert (shown["status"], shown["outputs"][0]["text"]) == ("interrupted", "kept\n")
    assert text(snapshot.ran[two].outputs) == "kept\n"
    assert share_document(snapshot)["cells"][1]["run"]["status"] == "ok"
    assert snapshot.stale(two) is None


def test_an_empty_notebook_has_nothing_to_run(stage: Stage) -> None:
    with pytest.raises(Refused, match="no cell to run"):
        stage.playground.runs.run_all(OWNER, stage.session())


def test_interrupt_stops_what_runs_and_what_waits(stage: Stage) -> None:
    session = stage.session()
    one, two = stage.add(session, SLEEP), stage.add(session, "open('ran', 'w')")
    first = start(stage, session, one)
    wait_for(lambda: text(first.outputs) == "begun\n")
    start(stage, session, two)
    stage.playground.runs.interrupt(OWNER, session)
    snapshot = stage.settled(session)
    assert [snapshot.runs[cell].status for cell in (one, two)] == ["interrupted", "interrupted"]
    assert snapshot.runs[two].execution_count is None
    three = stage.add(session, "import os\nprint(os.path.exists('ran'))")
    assert text(stage.run(session, three).runs[three].outputs) == "False\n"


def test_a_run_stopped_before_its_kernel_is_there_does_not_stay(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, SLEEP)
    start(stage, session, cell)
    stage.playground.runs.interrupt(OWNER, session)
    assert stage.settled(session).runs[cell].status == "interrupted"


def test_restart_ends_what_runs_and_forgets_what_was_defined(stage: Stage) -> None:
    session = stage.session()
    one, two, three = stage.add(session, "a = 1"), stage.add(session, SLEEP), stage.add(session, "a")
    stage.run(session, one)
    work = start(stage, session, two)
    wait_for(lambda: text(work.outputs) == "begun\n")
    stage.playground.runs.restart(OWNER, session)
    run = stage.settled(session).runs[two]
    assert (run.status, run.message) == ("interrupted", "Interrupted: the kernel was restarted.")
    assert text(run.outputs) == "begun\n"
    snapshot = stage.run(session, three)
    assert (snapshot.runs[three].failure or {})["name"] == "NameError"
    assert snapshot.stale(one) == "its kernel is gone"
    assert stage.run(session, one).runs[one].kernel_id == snapshot.runs[three].kernel_id


def test_a_killed_kernel_is_said_and_the_next_run_gets_another(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, f"import os\nprint('last words', flush=True)\nos.kill(os.getpid(), {signal.SIGKILL})")
    run = stage.run(session, cell).runs[cell]
    assert (run.status, text(run.outputs)) == ("died", "last words\n")
    assert run.message
    assert stage.run(session, cell, "1").runs[cell].status == "ok"


def test_what_a_killed_kernel_held_is_stale(stage: Stage) -> None:
    session = stage.session()
    kept, fatal = stage.add(session, "a = 1"), stage.add(session, f"import os\nos.kill(os.getpid(), {signal.SIGKILL})")
    stage.run(session, kept)
    stage.run(session, fatal)
    wait_for(lambda: now(stage, session).kernel.state == "none")
    assert now(stage, session).stale(kept) == "its kernel is gone"


def test_input_is_asked_and_answered(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "name = input('Who? ')\nprint(f'Hello {name}')")
    work = start(stage, session, cell)
    wait_for(lambda: work.asks == ("Who? ", False))
    stage.playground.runs.answer(OWNER, session, work.run_id, "Ada")
    assert "Hello Ada" in text(stage.settled(session).runs[cell].outputs)
    with pytest.raises(Missing, match="does not wait"):
        stage.playground.runs.answer(OWNER, session, work.run_id, "Eve")


def test_an_answer_that_no_kernel_can_be_sent_is_made_visible(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "print(ascii(input()))")
    work = start(stage, session, cell)
    wait_for(lambda: work.asks is not None)
    stage.playground.runs.answer(OWNER, session, work.run_id, "\ud800\0")
    assert r"\ufffd\u2400" in text(stage.settled(session).runs[cell].outputs)


def test_nobody_waits_for_input_that_nobody_asked_for(stage: Stage) -> None:
    with pytest.raises(Missing):
        stage.playground.runs.answer(OWNER, stage.session(), "f" * 32, "Eve")


def test_a_deleted_session_runs_nothing_more(stage: Stage) -> None:
    session = stage.session()
    one, two = stage.add(session, SLEEP), stage.add(session, "1")
    first = start(stage, session, one)
    wait_for(lambda: text(first.outputs) == "begun\n")
    second = start(stage, session, two)
    stage.playground.sessions.delete(OWNER, session)
    wait_for(lambda: second.ended.is_set() and first.ended.is_set())
    assert [stored(stage, run).status for run in (first, second)] == ["interrupted", "interrupted"]
    wait_for(lambda: session not in stage.kernels.keys)
    stage.playground.sessions.restore(OWNER, session)
    assert now(stage, session).running == {}


def test_an_error_whose_words_no_database_keeps_ends_its_run(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "raise ValueError('a\\0b')")
    run = start(stage, session, cell)
    wait_for(lambda: not now(stage, session).running)
    assert (stored(stage, run).status, stored(stage, run).message) == ("error", "ValueError: a\N{SYMBOL FOR NULL}b")
    assert stage.run(session, cell, "1 + 1").ran[cell].status == "ok"


def stream(words: str, name: str = "stdout") -> Output:
    return Output({"output_type": "stream", "name": name, "text": words})


def test_pieces_of_a_stream_are_joined() -> None:
    transcript = Transcript()
    for event in (stream("a"), stream("b"), stream("c", "stderr"), stream("d")):
        transcript.add(event)
    assert [output["text"] for output in transcript.outputs] == ["ab", "c", "d"]


def test_a_display_is_updated_where_it_stands() -> None:
    transcript = Transcript()
    show = {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}}
    transcript.add(Output(show, display_id="x"))
    transcript.add(stream("between"))
    transcript.add(Output({**show, "data": {"text/plain": "2"}}, display_id="x", update=True))
    assert [output.get("data") for output in transcript.outputs] == [{"text/plain": "2"}, None]


def test_clearing_waits_for_the_next_output_if_asked() -> None:
    transcript = Transcript()
    transcript.add(stream("old"))
    transcript.clear(Cleared(wait=True))
    assert text(transcript.outputs) == "old"
    transcript.add(stream("new"))
    assert text(transcript.outputs) == "new"
    transcript.clear(Cleared(wait=False))
    assert transcript.outputs == []
