"""Several answers to one turn: judged, ranked, compared, chosen."""

from collections.abc import Generator
from threading import Event

import pytest
from conftest import OWNER, Stage, wait_for

from app.session import Refused, Snapshot, work
from app.session.comparing import Comparison, comparison
from app.session.contest import alone
from model.engine import Outcome, Sampling, TextStream
from model.prompt import Prompt
from model.scripted import ScriptedEngine

FIRST = "```python\ndef median(xs):\n    return sorted(xs)[len(xs) // 2]\n```\nThe middle one."
NONE = (
    "```python\ndef median(xs):\n    if not xs:\n        return None\n    ys = sorted(xs)\n    n = len(ys) // 2\n"
    "    return ys[n] if len(ys) % 2 else (ys[n - 1] + ys[n]) / 2\n```\nNone if empty."
)
RAISES = (
    "```python\ndef median(xs):\n    if not xs:\n        raise ValueError('empty')\n    ys = sorted(xs)\n"
    "    n = len(ys) // 2\n"
    "    return ys[n] if len(ys) % 2 else (ys[n - 1] + ys[n]) / 2\n\n"
    "print(median([]))  # Output: None\n```\nRaises if empty."
)
REQUEST = "The median of a list: median([3, 1, 2]) is 2, median([4, 1, 3, 2]) is 2.5"


def tried(stage: Stage, *replies: str, request: str = REQUEST, first_pass: bool = False) -> tuple[str, Snapshot]:
    session = stage.session()
    stage.engine.enqueue(*replies)
    stage.playground.turns.ask(OWNER, session, request, "auto", candidates=len(replies), first_pass=first_pass)
    return session, quiet(stage, session)


def quiet(stage: Stage, session: str) -> Snapshot:
    """The session once nothing is written and every test was judged."""

    def done() -> bool:
        snapshot = stage.playground.snapshot(OWNER, session)
        return not snapshot.testing and not any(its.waiting for its in snapshot.tested.values())

    stage.settled(session)
    wait_for(done)
    return stage.playground.snapshot(OWNER, session)


def compared(snapshot: Snapshot) -> Comparison:
    found = comparison(snapshot, snapshot.cells[0].id)
    assert found is not None
    return found


def test_the_best_of_several_answers_becomes_the_version(stage: Stage) -> None:
    _, snapshot = tried(stage, FIRST, NONE)
    assert "% 2" in snapshot.versions[snapshot.cells[0].id].source
    assert snapshot.turns[0].prose == "None if empty."
    assert [column.letter for column in compared(snapshot).columns] == ["A", "B"]


def test_the_same_code_again_is_dropped_and_the_rest_are_sampled_apart(stage: Stage) -> None:
    _, snapshot = tried(stage, FIRST, FIRST.replace("return", "return  "), NONE, "I cannot.")
    found = compared(snapshot)
    assert (len(found.columns), found.dropped) == (2, 2)
    seeds = {sampling.seed for sampling in stage.engine.samplings[:4]}
    assert len(seeds) == 4
    assert [sampling.temperature for sampling in stage.engine.samplings[:4]] == [0.2, 0.7, 0.7, 0.7]


def test_answers_that_are_all_the_same_are_no_comparison(stage: Stage) -> None:
    _, snapshot = tried(stage, NONE, NONE)
    assert comparison(snapshot, snapshot.cells[0].id) is None
    assert snapshot.turns[0].message == "All 2 answers are the same code."


@pytest.mark.parametrize(
    ("sources", "before", "words"),
    [
        (["x"], "", ""),
        (["x"], "y", ""),
        (["x"], "x\n", "The answer is the code as it was, so there is no new version."),
        (["", " "], "", "None of the 2 answers holds code."),
        (["x", "x "], "x", "None of the 2 answers changes the code."),
        (["y", "x", ""], "x", "3 answers came to one code: 1 left it as it was and 1 held none."),
    ],
)
def test_where_nothing_is_to_be_compared_the_turn_says_why(sources: list[str], before: str, words: str) -> None:
    assert alone(sources, before) == words


def test_where_the_best_differ_the_person_is_asked_and_the_answer_is_pinned(stage: Stage) -> None:
    session, snapshot = tried(stage, FIRST, NONE, RAISES)
    question = compared(snapshot).question
    assert question is not None
    test = next(its.test for its in snapshot.tested[snapshot.cells[0].id].states if its.test.id == question.test_id)
    assert test.call == "median([])"
    assert {option["actual"] for option in question.options} == {"None", "raises ValueError"}
    stage.playground.choices.decide(OWNER, session, test.id, "raises ValueError")
    wait_for(lambda: "ValueError" in compared(stage.playground.snapshot(OWNER, session)).columns[0].candidate.source)
    after = quiet(stage, session)
    assert compared(after).question is None
    state = next(its for its in after.tested[after.cells[0].id].states if its.test.id == test.id)
    assert (state.test.standing, state.test.expected) == ("pinned", "raises ValueError")


def test_two_answers_in_a_row_are_ranked_one_after_the_other(stage: Stage) -> None:
    session, snapshot = tried(stage, FIRST, NONE, RAISES)
    question, cell = compared(snapshot).question, snapshot.cells[0].id
    assert question is not None
    # Something else is being ranked: both answers wait, and the cell shows what for.
    before = work.Testing(cell, session, "rank", "ranking the candidates")
    stage.playground._desk.at_work.begin_testing(before)
    stage.playground.choices.decide(OWNER, session, question.test_id, "raises ValueError")
    [first] = [state.test for state in snapshot.tested[cell].states if state.test.call == "median([3, 1, 2])"]
    stage.playground.choices.decide(OWNER, session, first.id, "2")
    at_work = stage.playground.snapshot(OWNER, session).testing[cell]
    assert [its.message for its in at_work] == ["ranking the candidates"]
    assert compared(stage.playground.snapshot(OWNER, session)).question == question
    stage.playground._desk.at_work.end_testing(before)

    def pinned() -> set[str]:
        states = stage.playground.snapshot(OWNER, session).tested[cell].states
        return {state.test.id for state in states if state.test.standing == "pinned"}

    wait_for(lambda: pinned() == {question.test_id, first.id})
    after = quiet(stage, session)
    verdicts = [column.candidate.verdicts for column in compared(after).columns]
    assert [its[question.test_id]["passed"] for its in verdicts] == [True, False, False]
    assert "ValueError" in compared(after).columns[0].candidate.source


def test_answers_that_hold_every_example_are_told_apart_by_inputs_that_no_example_names(stage: Stage) -> None:
    # Of three that hold the example, two return [] for an empty list, and the shortest one fails there.
    short = "```python\ndef peaks(xs):\n    return [max(xs)]\n```\nShort."
    two = [
        f"```python\ndef peaks(xs):\n    {guard}\n        return []\n    return [max(xs)]\n```\nLong."
        for guard in ("if not xs:", "if len(xs) == 0:")
    ]
    session, snapshot = tried(stage, short, *two, request="peaks([1, 3]) gives [3]")
    cell = snapshot.cells[0].id
    assert "return []" in snapshot.versions[cell].source
    found = {its.test.call: its.test for its in snapshot.tested[cell].states}["peaks([])"]
    assert (found.origin, found.expected, found.standing) == ("candidates", "[]", "unconfirmed")
    question = compared(snapshot).question
    assert question is not None
    assert question.test_id == found.id
    assert {option["actual"] for option in question.options} == {"[]", "raises ValueError"}
    stage.playground.choices.decide(OWNER, session, found.id, "raises ValueError")
    wait_for(lambda: "[]" not in compared(stage.playground.snapshot(OWNER, session)).columns[0].candidate.source)


def test_an_accepted_candidate_is_the_version_shown(stage: Stage) -> None:
    session, snapshot = tried(stage, FIRST, NONE)
    other = compared(snapshot).columns[1].candidate
    stage.playground.choices.accept(OWNER, session, other.id)
    after = quiet(stage, session)
    version = after.versions[after.cells[0].id]
    assert (version.source, version.number, version.turn_id) == (other.source, 2, after.turns[0].id)
    assert version.sampling == other.sampling
    assert comparison(after, after.cells[0].id) is None


def test_accepting_the_best_makes_no_new_version(stage: Stage) -> None:
    session, snapshot = tried(stage, FIRST, NONE)
    stage.playground.choices.accept(OWNER, session, compared(snapshot).columns[0].candidate.id)
    after = quiet(stage, session)
    assert after.versions[after.cells[0].id].number == 1


def test_without_any_example_the_model_is_asked_for_tests(stage: Stage) -> None:
    stage.engine.enqueue(FIRST, NONE, "```python\nassert median([4, 1, 3, 2]) == 2.5\n```")
    session = stage.session()
    stage.playground.turns.ask(OWNER, session, "The median of a list", "auto", candidates=2)
    snapshot = quiet(stage, session)
    assert snapshot.tested[snapshot.cells[0].id].states[0].test.origin == "model"
    assert "% 2" in snapshot.versions[snapshot.cells[0].id].source


class Endless:
    """An engine whose second answer from now on goes on until it is stopped."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self.stopped = Event()
        self._stream = engine.stream
        self._calls = 0
        engine.stream = self.stream  # type: ignore[method-assign]

    def stream(self, prompt: Prompt, sampling: Sampling, stop: Event) -> TextStream:
        self._calls += 1
        return self._stream(prompt, sampling, stop) if self._calls == 1 else TextStream(self._until(stop))

    def _until(self, stop: Event) -> Generator[str, None, Outcome]:
        yield "```python\nx = 0\n"
        while not stop.wait(0.01):
            yield "x += 1\n"
        self.stopped.set()
        return Outcome("stopped")


def test_the_first_full_pass_ends_the_search_where_that_is_asked_for(stage: Stage) -> None:
    session, snapshot = tried(stage, FIRST)
    cell = snapshot.cells[0].id
    stage.engine.enqueue(NONE)
    Endless(stage.engine)
    stage.playground.turns.ask(OWNER, session, "Handle even lengths", cell, candidates=2, first_pass=True)
    after = quiet(stage, session)
    assert "% 2" in after.versions[cell].source
    assert after.turns[1].status == "done"


def test_a_turn_whose_first_answer_fails_leaves_nobody_writing(stage: Stage) -> None:
    session = stage.session()
    stage.engine.enqueue(RuntimeError("The server is crowded."))
    endless = Endless(stage.engine)
    stage.playground.turns.ask(OWNER, session, REQUEST, "auto", candidates=2)
    assert quiet(stage, session).turns[0].message == "The server is crowded."
    assert endless.stopped.wait(60)


def test_stopping_the_turn_ends_all_its_samples(stage: Stage) -> None:
    session = stage.session()
    stage.engine.enqueue(FIRST)
    Endless(stage.engine)
    turn = stage.playground.turns.ask(OWNER, session, REQUEST, "auto", candidates=3)
    wait_for(lambda: "1 of 3" in str([w.message for w in stage.playground.snapshot(OWNER, session).writing.values()]))
    stage.playground.turns.stop(OWNER, session, turn.id)
    after = stage.settled(session)
    assert "def median" in after.versions[after.cells[0].id].source
    assert after.candidates == {}


def test_stopping_the_turn_ends_the_tests_of_a_candidate_that_hangs(stage: Stage) -> None:
    session = stage.session()
    stage.engine.enqueue(NONE, "```python\ndef median(xs):\n    while True:\n        pass\n```\nEndless.")
    turn = stage.playground.turns.ask(OWNER, session, REQUEST, "auto", candidates=2)
    wait_for(lambda: "running" in str([w.message for w in stage.playground.snapshot(OWNER, session).writing.values()]))
    stage.playground.turns.stop(OWNER, session, turn.id)
    after = stage.settled(session)
    assert after.turns[0].message == "Stopped before the candidates were compared: this is the first of 2."
    assert "% 2" in after.versions[after.cells[0].id].source
    assert after.candidates == {}


def test_more_candidates_than_make_sense_are_refused(stage: Stage) -> None:
    with pytest.raises(Refused, match="from 1 to 8"):
        stage.playground.turns.ask(OWNER, stage.session(), REQUEST, "auto", candidates=9)


def test_a_turn_costs_what_all_of_its_candidates_cost(stage: Stage) -> None:
    _, snapshot = tried(stage, FIRST, NONE)
    [turn] = snapshot.turns
    each = [its.tokens_out for its in snapshot.candidates[turn.id]]
    assert len(each) == 2
    assert turn.tokens_out == sum(tokens or 0 for tokens in each)
    assert turn.tokens_in == 2 * stage.engine.prompts[0].tokens


def test_the_examples_of_the_request_end_the_search_too(stage: Stage) -> None:
    session = stage.session()
    stage.engine.enqueue(NONE)
    Endless(stage.engine)
    stage.playground.turns.ask(OWNER, session, REQUEST, "auto", candidates=2, first_pass=True)
    after = quiet(stage, session)
    assert "% 2" in after.versions[after.cells[0].id].source


def test_claims_about_an_earlier_version_do_not_choose(stage: Stage) -> None:
    session = stage.session()
    copy = "```python\ndef order(xs):\n    return sorted(xs)\n\nprint(order([2, 1]))  # Output: [1, 2]\n```\nDone."
    other = "```python\ndef order(xs):\n    return list(xs)[::-1] or sorted(xs)\n```\nDone."
    in_place = "```python\ndef order(xs):\n    xs.sort()\n```\nDone."
    cell = stage.ask(session, "Sort a list", copy).cells[0].id
    quiet(stage, session)
    stage.engine.enqueue(in_place, other, "```python\nassert order([2, 1]) == None\n```")
    stage.playground.turns.ask(OWNER, session, "Sort it in place and return None", cell, candidates=2)
    snapshot = quiet(stage, session)
    state = snapshot.tested[cell].states[0]
    assert (state.test.expected, state.test.origin) == ("None", "model")
    assert "xs.sort()" in snapshot.versions[cell].source


def test_the_code_as_it_was_is_no_answer_to_a_request_for_a_change(stage: Stage) -> None:
    session, snapshot = tried(stage, NONE)
    cell = snapshot.cells[0].id
    wait_for(lambda: cell in stage.playground.snapshot(OWNER, session).tested)
    test = quiet(stage, session).tested[cell].states[0].test
    stage.playground.tests.stand(OWNER, session, test.id, "pinned")
    quiet(stage, session)
    stage.engine.enqueue(NONE, RAISES)
    stage.playground.turns.ask(OWNER, session, "Raise if it is empty", cell, candidates=2, first_pass=True)
    after = quiet(stage, session)
    assert "raise ValueError" in after.versions[cell].source


def test_a_version_is_repeated_with_the_seed_of_its_own_candidate(stage: Stage) -> None:
    session, snapshot = tried(stage, FIRST, NONE)
    version = snapshot.versions[snapshot.cells[0].id]
    best = compared(snapshot).columns[0].candidate
    assert version.sampling == best.sampling != snapshot.turns[0].sampling
    stage.engine.enqueue(NONE)
    stage.playground.turns.repeat(OWNER, session, version.id)
    quiet(stage, session)
    assert stage.engine.samplings[-1].seed == best.sampling["seed"]
