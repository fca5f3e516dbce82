"""The page with a real model: Qwen2.5-Coder-0.5B-Instruct, fetched once into data/models."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from conftest import arrive
from playwright.sync_api import expect
from tab import Tab
from website import ROOT, Site, Visitor

MODEL = "qwen2.5-coder-0.5b-instruct"
MODELS = ROOT / "data" / "models"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with the real model; the weights are prepared first where they are not."""
    subprocess.run([sys.executable, "-m", "model", "fetch", MODEL], cwd=ROOT, check=True, capture_output=True)
    data = tmp_path_factory.mktemp("model")
    (data / "models").symlink_to(MODELS)
    site = Site(data, [], env={"PLAYGROUND_SCRIPT": "", "PLAYGROUND_MODEL": MODEL})
    site.start()
    yield site
    site.kill()


@pytest.mark.timeout(600)
def test_a_function_is_asked_for_run_and_refined(place: Site, visitor: Callable[..., Visitor]) -> None:
    tab = arrive(place, visitor)
    # The likeliest answer: one in six that are sampled leaves the sentence out.
    tab.act("settings", sampling={"temperature": 0.0, "top_p": 1.0, "max_tokens": 400, "seed": 1})
    tab.ask("Write a Python function to sort a list of integers")
    expect(tab.cell(1)).to_contain_text("def ")
    tab.answered(1)
    cell = tab.view()["cells"][0]
    name = cell["title"]
    assert cell["source"].startswith(("def ", "from ", "import "))
    assert "`" not in cell["source"]
    assert tab.view()["turns"][0]["prose"]

    tab.append(1, f"\n\nprint({name}([3, 1, 2]))")
    expect(tab.run(1)).to_contain_text("[1, 2, 3]")

    tab.ask("Make it in-place and return None")
    tab.answered(2)
    [cell] = tab.view()["cells"]
    assert cell["title"] == name
    assert cell["version"]["number"] == 3
    tab.rewrite(1, f"{cell['source']}\n\nnumbers = [3, 1, 2]\nprint({name}(numbers), numbers)")
    expect(tab.run(1)).to_contain_text("None [1, 2, 3]")


@pytest.mark.timeout(600)
def test_stop_ends_the_models_answer_and_keeps_what_came(place: Site, visitor: Callable[..., Visitor]) -> None:
    tab = arrive(place, visitor)
    tab.ask("Write a class for a chess board with all pieces and all their moves")
    expect(tab.cell(1)).to_contain_text("class ")
    tab.page.keyboard.press("Escape")
    expect(tab.turn(1)).to_contain_text("stopped")
    turn = tab.view()["turns"][0]
    assert turn["status"] == "stopped"
    kept = tab.source(1)
    assert "class " in kept
    tab.page.reload()
    tab.opened()
    assert tab.source(1) == kept


def pin(tab: Tab, call: str) -> None:
    """Pin lines with asserts as a test of cell 1."""
    tab.act("add_test", cell=tab.view()["cells"][0]["id"], call=call, expected="")


def holds(tab: Tab, calls: list[str]) -> None:
    """Wait until the tests of cell 1 were run on what stands there; just these are pinned, and it passes them."""
    tab.settles(lambda view: all(test["verdict"] for test in view["cells"][0]["tests"]["items"]))
    tests = [test for test in tab.view()["cells"][0]["tests"]["items"] if test["standing"] == "pinned"]
    assert [(test["call"], test["verdict"]["passed"]) for test in tests] == [(call, True) for call in calls]


@pytest.mark.timeout(600)
def test_the_seed_dialogue_runs_to_three_versions_with_its_pinned_test_held(
    place: Site, visitor: Callable[..., Visitor]
) -> None:
    tab = arrive(place, visitor)
    tab.act("settings", sampling={"temperature": 0.0, "top_p": 1.0, "max_tokens": 400, "seed": 1})
    tab.ask("Write a Python function to sort a list of integers")
    tab.answered(1)
    name = tab.view()["cells"][0]["title"]
    tab.page.get_by_role("button", name="Add a test to cell 1").click()
    call = f"xs = [3, 1, 2]\nys = {name}(xs)\nassert (xs if ys is None else ys) == [1, 2, 3]"
    tab.page.get_by_role("textbox", name="Call, or lines with asserts").fill(call)
    tab.page.get_by_role("button", name="Add and pin").click()
    expect(tab.page.get_by_role("region", name="Tests of cell 1")).to_contain_text("1 pinned")
    holds(tab, [call])
    tab.ask("Make it in-place and return None")
    tab.answered(2)
    in_place = f"xs = [3, 1, 2]\nassert {name}(xs) is None\nassert xs == [1, 2, 3]"
    pin(tab, in_place)
    holds(tab, [call, in_place])
    tab.ask("Sort descending if reverse is true, keep everything else")
    tab.answered(3)
    descending = f"xs = [3, 1, 2]\nassert {name}(xs, reverse=True) is None\nassert xs == [3, 2, 1]"
    pin(tab, descending)
    holds(tab, [call, in_place, descending])
    [cell] = tab.view()["cells"]
    assert (cell["title"], cell["version"]["number"]) == (name, 3)
    assert [turn["score"]["broke"] for turn in tab.view()["turns"]] == [[], [], []]
    expect(tab.turn(3)).to_contain_text("cell 1 · v3")
