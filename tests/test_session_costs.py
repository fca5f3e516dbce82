"""What an answer cost is kept with its turn, and told as it was then."""

import pytest
from conftest import OWNER, Stage

from app.session import Cost, cost_of
from storage.records import Turn


def answered(stage: Stage, reply: str = "```python\nx = 1\n```\nOne.") -> Turn:
    return stage.ask(stage.session(), "Write one", reply).turns[0]


def test_the_tokens_and_times_of_an_answer_are_kept(stage: Stage) -> None:
    turn = answered(stage)
    cost = cost_of(turn)
    assert cost is not None
    assert cost.tokens_in == stage.engine.prompts[-1].tokens
    assert cost.tokens_out > 3
    assert cost.first_token_seconds is not None
    assert 0 <= cost.first_token_seconds <= cost.seconds
    assert (cost.money, cost.per_million) == (None, None)


def test_a_price_by_the_hour_makes_a_cost(stage: Stage) -> None:
    stage.playground._desk.price_per_hour = 3.6
    turn = answered(stage)
    cost = cost_of(turn)
    assert cost is not None
    assert cost.money == pytest.approx(cost.seconds * 0.001)
    assert cost.per_million == pytest.approx(cost.seconds * 1000 / cost.tokens_out)


def test_a_cost_stays_what_it_was_when_the_price_changes(stage: Stage) -> None:
    stage.playground._desk.price_per_hour = 3.6
    session = stage.session()
    before = cost_of(stage.ask(session, "Write one", "```python\nx = 1\n```").turns[0])
    stage.playground._desk.price_per_hour = 99.0
    assert cost_of(stage.playground.snapshot(OWNER, session).turns[0]) == before


def test_an_answer_without_a_token_costs_nothing_that_is_known(stage: Stage) -> None:
    session = stage.session()
    stage.engine.enqueue(RuntimeError("The model broke."))
    stage.playground.turns.ask(OWNER, session, "Write one", "auto")
    assert cost_of(stage.settled(session).turns[0]) is None


def test_the_pace_is_that_after_the_first_token(stage: Stage) -> None:
    turn = answered(stage)
    with stage.database.begin() as tx:
        turn = tx.update_turn(turn.id, tokens_out=11, seconds=3.0, first_token_seconds=1.0)
    assert cost_of(turn) == Cost(turn.tokens_in or 0, 11, False, 3.0, 1.0, 5.0, None, None)
