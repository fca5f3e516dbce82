"""Hostile messages become bounded, storable outputs."""

import json
from typing import Any

import pytest

from app.runner.events import Cleared, Output
from app.runner.failure import read_failure
from app.runner.limits import Limits
from app.runner.outputs import OutputReader


def read(kind: str, content: dict[str, Any], limits: Limits | None = None) -> Output | Cleared | None:
    return OutputReader(limits or Limits()).read(kind, content)


def data(event: Output | Cleared | None) -> Any:
    assert isinstance(event, Output)
    return event.output["data"]


def test_only_listed_mime_types_pass() -> None:
    shown = {"text/plain": "z", "text/html;<script>": "x", "<b>": "y", "application/x-evil": "e"}
    assert data(read("display_data", {"data": shown})) == {"text/plain": "z"}


def test_values_of_the_wrong_type_are_dropped() -> None:
    assert read("display_data", {"data": {"text/html": ["x"], "image/png": 3}}) is None
    assert read("display_data", {"data": [1]}) is None
    assert read("stream", {"text": 5, "name": []}) is None


def test_lone_surrogates_become_storable_text() -> None:
    event = read("stream", {"text": "a\ud800b", "name": "stdout"})
    assert isinstance(event, Output)
    assert event.output["text"].encode("utf-8") == b"a?b"


def test_output_is_cut_once_and_says_so() -> None:
    reader = OutputReader(Limits(kept_output=1024))
    first = reader.read("stream", {"text": "x" * 3000})
    assert isinstance(first, Output)
    assert first.output["text"].startswith("x" * 1024)
    assert "more than 1 KB" in first.output["text"]
    assert reader.read("stream", {"text": "y"}) is None


def test_a_large_figure_is_kept_beside_the_text() -> None:
    reader = OutputReader(Limits(kept_output=10))
    assert "image/png" in data(reader.read("display_data", {"data": {"image/png": "A" * 100_000}}))


def test_deeply_nested_json_is_dropped_and_its_text_kept() -> None:
    nested: dict[str, Any] = {}
    for _ in range(100):
        nested = {"a": nested}
    assert data(read("display_data", {"data": {"application/json": nested, "text/plain": "x"}})) == {"text/plain": "x"}


def test_an_update_without_a_name_is_dropped() -> None:
    assert read("update_display_data", {"data": {"text/plain": "x"}}) is None
    assert read("update_display_data", {"data": {"text/plain": "x"}, "transient": {"display_id": "d" * 1000}}) is None


@pytest.mark.parametrize("forged", [None, [], "text", {"frames": "no", "hidden": -5}, {"frames": [1, None]}])
def test_a_forged_failure_is_read_as_an_empty_one(forged: object) -> None:
    failure = read_failure({"ename": 3, "evalue": None, "failure": forged})
    assert failure == {"name": "", "message": "", "frames": [], "hidden": 0, "arguments": {}}


@pytest.mark.parametrize("forged", ["text", [1], {"n": 5, 3: "x"}])
def test_forged_arguments_are_left_out(forged: object) -> None:
    assert read_failure({"failure": {"arguments": forged}})["arguments"] == {}


def test_arguments_are_cut() -> None:
    many = {f"n{place}": "v" * 10_000 for place in range(100)}
    kept = read_failure({"failure": {"arguments": many}})["arguments"]
    assert (len(kept), {len(text) for text in kept.values()}) == (8, {200})


def test_an_endless_failure_is_cut() -> None:
    frame = {"execution_count": 10**30, "line": True, "function": "f" * 10_000, "text": 1}
    failure = read_failure({"ename": "E", "evalue": "m" * 10_000_000, "failure": {"frames": [frame] * 10_000}})
    assert len(json.dumps(failure)) < 40_000
    assert failure["frames"][0]["execution_count"] == 10**9
    assert failure["frames"][0]["line"] == 0
