"""The page with an engine on another server: the same as with one of its own, and honest about where it is."""

from collections.abc import Callable, Iterator

import pytest
from conftest import SORT, SORT_CODE, arrive
from engine_server import MODEL, EngineServer, Talk, answer
from playwright.sync_api import expect
from website import Site, Visitor


@pytest.fixture
def server() -> Iterator[EngineServer]:
    with EngineServer(key="secret").running() as it:
        yield it


def breaks_off(talk: Talk) -> None:
    talk.say("def half(x):\n    return x")
    talk.drop()


def test_a_remote_engine_answers_fails_and_answers_again(
    server: EngineServer, site: Callable[..., Site], visitor: Callable[..., Visitor]
) -> None:
    place = server.url.removeprefix("http://")
    server.plays.extend([answer(SORT, {"prompt_tokens": 90, "completion_tokens": 40}), breaks_off, answer(SORT)])
    env = {"PLAYGROUND_SCRIPT": "", "ENGINE_URL": server.url, "ENGINE_KEY": "secret"}
    tab = arrive(site([], env=env), visitor)
    tab.ask("Sort a list of integers in place")
    tab.answered(1)
    assert tab.source(1) == SORT_CODE

    model = tab.sidebar.get_by_role("button", name=MODEL.rpartition("/")[2])
    expect(model).to_contain_text(f"remote, {place}")
    model.click()
    picker = tab.page.get_by_role("dialog", name="Model and sampling")
    expect(picker).to_contain_text(f"remote · {place}")
    expect(picker.get_by_role("button", name="Use")).to_have_count(0)
    assert "fixed" in tab.act("use_model", model="smollm2-135m-instruct")["fault"]["message"]
    tab.page.keyboard.press("Escape")

    tab.ask("Write a function that halves a number")
    expect(tab.turn(2)).to_contain_text(f"The engine at {place} broke the connection off")
    assert tab.source(2) == "def half(x):\n    return x"
    tab.turn(2).get_by_role("button", name="Try again").click()
    tab.answered(2)
