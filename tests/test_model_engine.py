"""Streams, sampling and the scripted engine."""

import threading

import pytest

from model import prompt as prompts
from model.engine import Sampling, TextStream
from model.errors import InvalidSampling
from model.prompt import Prompt, PromptState, TargetCell
from model.scripted import ScriptedEngine


def ask(engine: ScriptedEngine, sampling: Sampling | None = None, state: PromptState | None = None) -> TextStream:
    chosen = sampling or Sampling()
    return engine.stream(prompt_for(engine, chosen, state), chosen, threading.Event())


def prompt_for(engine: ScriptedEngine, sampling: Sampling, state: PromptState | None = None) -> Prompt:
    return prompts.build(state or PromptState("Say it"), engine, sampling)


def test_replies_are_played_in_order() -> None:
    engine = ScriptedEngine(["one two", "three"])
    assert ["".join(ask(engine)), "".join(ask(engine))] == ["one two", "three"]


def test_what_the_prompt_has_begun_is_not_played_again() -> None:
    engine = ScriptedEngine(["```python\ndef f(x):\n    return 2\n```\nDone."])
    state = PromptState("Change it", TargetCell(1, "f", "def f(x):\n    return 1"))
    assert "".join(ask(engine, state=state)).startswith("x):\n")


def test_the_outcome_tells_what_the_answer_cost() -> None:
    stream = ask(ScriptedEngine(["one two three"]))
    assert "".join(stream) == "one two three"
    assert (stream.outcome.status, stream.outcome.tokens_out) == ("done", 3)
    assert stream.outcome.tokens_in > 0


def test_stop_ends_within_one_token_and_keeps_what_came() -> None:
    engine, stop = ScriptedEngine(["one two three four"]), threading.Event()
    stream = engine.stream(prompt_for(engine, Sampling()), Sampling(), stop)
    came = [next(stream)]
    stop.set()
    came += stream
    assert came == ["one"]
    assert stream.outcome.status == "stopped"


def test_the_token_limit_cuts() -> None:
    stream = ask(ScriptedEngine(["one two three"]), Sampling(max_tokens=2))
    assert ["".join(stream), stream.outcome.status] == ["one two", "length"]


def test_a_stop_string_ends_the_answer_before_it() -> None:
    assert "".join(ask(ScriptedEngine(["one<|im_end|>two"]))) == "one"


def test_a_failure_is_an_outcome_and_not_an_exception() -> None:
    stream = ask(ScriptedEngine([RuntimeError("The model broke. Try again.")]))
    assert list(stream) == []
    assert (stream.outcome.status, stream.outcome.message) == ("failed", "The model broke. Try again.")


def test_a_stream_left_early_counts_as_stopped() -> None:
    with ask(ScriptedEngine(["one two"])) as stream:
        next(stream)
    assert stream.outcome.status == "stopped"
    assert list(stream) == []


@pytest.mark.parametrize(
    "setting", [{"temperature": -0.1}, {"top_p": 0.0}, {"top_k": -1}, {"max_tokens": 0}, {"seed": -1}]
)
def test_a_setting_outside_its_range_is_refused_by_name(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidSampling, match=next(iter(setting))):
        Sampling(**setting)
