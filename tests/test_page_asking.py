"""Asking on the page: prose into the thread, code into a cell, while it is written; stop, again, branches, settings."""

import re
from collections.abc import Callable

from conftest import LONG_CODE, SORT_CODE, SORT_PROSE, arrive
from playwright.sync_api import Page, expect
from tab import Tab
from website import Site, Visitor

SORT_REQUEST = "Write a Python function to sort a list of integers"
# Collects every line that any editor ever shows.
WITNESS = """
window.shown = new Set();
new MutationObserver(() => {
  for (const line of document.querySelectorAll(".cm-line")) window.shown.add(line.textContent.trim());
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


def test_an_answer_puts_its_code_into_a_cell(tab: Tab) -> None:
    tab.ask(SORT_REQUEST)
    tab.answered(1)
    expect(tab.cell(1)).to_contain_text("def sort_integers(numbers: list[int]) -> None:")
    assert tab.source(1) == SORT_CODE


def test_an_answer_puts_its_prose_into_the_thread(tab: Tab) -> None:
    tab.ask(SORT_REQUEST)
    expect(tab.turn(1)).to_contain_text(SORT_PROSE.replace("`", ""))
    expect(tab.turn(1)).to_contain_text(SORT_REQUEST)


def test_a_session_is_titled_after_its_first_request(tab: Tab) -> None:
    tab.ask(SORT_REQUEST)
    expect(tab.page.get_by_role("heading", level=1)).to_have_text(SORT_REQUEST)
    expect(tab.sidebar.get_by_role("link", name=SORT_REQUEST)).to_be_visible()


def test_code_is_shown_while_it_is_written(slow_tab: Tab) -> None:
    slow_tab.ask("Tell a long story")
    expect(slow_tab.cell(1)).to_contain_text("total += 2")
    assert slow_tab.view()["turns"][0]["status"] == "writing"


def test_code_is_shown_while_it_is_open_which_cell_it_goes_to(slow_tab: Tab) -> None:
    slow_tab.first("def long_story() -> int:\n    return 1\n")
    slow_tab.ask("Write a function that tells a long story")
    on_its_way = slow_tab.page.get_by_role("article", name="Code on its way")
    expect(on_its_way).to_contain_text("total += 2")
    slow_tab.page.get_by_role("button", name="Stop").first.click()
    expect(on_its_way).to_have_count(0)
    expect(slow_tab.cell(1)).to_contain_text("total += 2")


def test_no_fence_and_no_stray_word_is_ever_shown_in_a_cell(
    site: Callable[..., Site], visitor: Callable[..., Visitor]
) -> None:
    replies = [
        "```\npython\ndef one() -> int:\n    return 1\n```\nThat is one.",
        "Here it is:\n\n```py\ndef two() -> int:\n    return 2\n```\n\n```python\nprint(two())  # Output: 2\n```",
        "```python\n```python\ndef three() -> int:\n    return 3\n",
    ]
    place = site(replies, tokens_per_second=60)
    tab = arrive(place, visitor)
    tab.page.evaluate(WITNESS)
    for number, name in enumerate(("one", "two", "three"), 1):
        tab.ask(f"Write a function that returns {name}")
        tab.answered(number)
    shown = set(tab.page.evaluate("[...window.shown]"))
    assert {"def one() -> int:", "def two() -> int:", "def three() -> int:"} <= shown
    assert not [line for line in shown if "`" in line or line in {"py", "python"}]
    assert [cell["source"].splitlines()[0] for cell in tab.view()["cells"]] == [
        "def one() -> int:",
        "def two() -> int:",
        "def three() -> int:",
    ]


def test_an_empty_request_is_not_sent_and_the_page_says_why(tab: Tab) -> None:
    tab.ask("   ")
    expect(tab.page.get_by_text("Write a request first.")).to_be_visible()
    assert tab.view()["turns"] == []


def test_shift_enter_makes_a_new_line_in_the_composer(tab: Tab) -> None:
    tab.composer.click()
    tab.page.keyboard.type("one")
    tab.page.keyboard.press("Shift+Enter")
    tab.page.keyboard.type("two")
    expect(tab.composer).to_have_value("one\ntwo")


def test_an_empty_session_offers_four_first_requests_and_one_click_asks(tab: Tab) -> None:
    offers = tab.page.get_by_role("list", name="First requests").get_by_role("button")
    expect(offers).to_have_count(4)
    offers.first.click()
    tab.answered(1)
    expect(tab.turn(1)).to_contain_text("sorts a list of integers")


def test_stop_ends_the_answer_and_keeps_what_came(slow_tab: Tab) -> None:
    slow_tab.ask("Tell a long story")
    expect(slow_tab.cell(1)).to_contain_text("total += 1")
    slow_tab.page.get_by_role("form", name="Composer").get_by_role("button", name="Stop").click()
    expect(slow_tab.turn(1)).to_contain_text("stopped")
    kept = slow_tab.source(1)
    assert "total += 1" in kept
    assert LONG_CODE.startswith(kept)
    assert len(kept) < len(LONG_CODE)


def test_a_request_sent_meanwhile_waits_for_its_turn_and_can_leave_the_queue(slow_tab: Tab) -> None:
    slow_tab.ask("Tell a long story")
    expect(slow_tab.turn(1)).to_contain_text("writing")
    slow_tab.ask("Tell another")
    expect(slow_tab.turn(2)).to_contain_text("1 ahead")
    slow_tab.turn(2).get_by_role("button", name="Leave the queue").click()
    expect(slow_tab.turn(2)).to_contain_text("stopped")
    assert slow_tab.view()["turns"][0]["status"] == "writing"


def test_regenerating_branches_and_the_old_answer_can_be_shown_again(tab: Tab) -> None:
    tab.ask(SORT_REQUEST)
    tab.answered(1)
    tab.page.get_by_role("button", name="More for turn 1").click()
    tab.page.get_by_role("menuitem", name="Regenerate").click()
    expect(tab.page.get_by_role("group", name="Branch 2 of 2")).to_be_visible()
    tab.answered(1)
    tab.page.get_by_role("button", name="Previous branch").click()
    expect(tab.page.get_by_role("group", name="Branch 1 of 2")).to_be_visible()
    expect(tab.turn(1)).to_contain_text(SORT_REQUEST)


def test_editing_an_earlier_turn_branches_and_keeps_the_old_branch(tab: Tab) -> None:
    tab.ask(SORT_REQUEST)
    tab.answered(1)
    tab.ask("Make it in-place")
    tab.answered(2)
    tab.page.get_by_role("button", name="Edit request 1").click()
    tab.page.get_by_role("textbox", name="Request 1").fill("Write a function that sorts words")
    tab.page.get_by_role("button", name="Ask again").click()
    expect(tab.turn(1)).to_contain_text("sorts words")
    expect(tab.turn(2)).to_have_count(0)
    tab.answered(1)
    tab.page.get_by_role("button", name="Previous branch").click()
    expect(tab.turn(1)).to_contain_text(SORT_REQUEST)
    expect(tab.turn(2)).to_contain_text("Make it in-place")


def test_a_person_can_see_what_the_model_will_see(tab: Tab) -> None:
    tab.first("def area(width: float) -> float:\n    return width**2")
    tab.write("Add the height to `area()`")
    tab.page.get_by_role("button", name=re.compile(r"sees \d+ tokens")).click()
    sheet = tab.page.get_by_role("dialog", name="What the model sees")
    expect(sheet).to_contain_text("tokens")
    expect(sheet).to_contain_text("return width**2")
    expect(sheet).to_contain_text("Add the height to `area()`")


def test_sampling_settings_are_kept_with_the_session(tab: Tab) -> None:
    settings(tab.page)
    tab.page.get_by_role("slider", name="Temperature").fill("0.8")
    tab.page.get_by_role("slider", name="Top-p").fill("0.5")
    tab.page.get_by_role("slider", name="Maximum length").fill("256")
    tab.page.get_by_role("textbox", name="Seed").fill("42")
    wanted = {"temperature": 0.8, "top_p": 0.5, "max_tokens": 256, "seed": 42}
    tab.settles(lambda view: wanted.items() <= view["session"]["sampling"].items())
    tab.page.reload()
    tab.opened()
    settings(tab.page)
    expect(tab.page.get_by_role("slider", name="Temperature")).to_have_value("0.8")
    expect(tab.page.get_by_role("textbox", name="Seed")).to_have_value("42")


def test_the_model_picker_names_size_licence_window_and_whether_it_is_on_disk(tab: Tab) -> None:
    settings(tab.page)
    models = tab.page.get_by_role("dialog").get_by_role("listitem")
    row = models.filter(has_text="SmolLM2")
    expect(row).to_contain_text("Apache-2.0")
    expect(row).to_contain_text("8192 tokens")
    expect(row).to_contain_text("to be fetched")
    for name in ("Qwen2.5-Coder 0.5B", "CodeGen 350M", "CodeGen2 1B", "CodeGen2.5 7B", "StarCoder2", "CodeLlama"):
        expect(
            models.filter(has_text=re.compile(re.escape(name).replace(r"\ ", "[ -]"), re.IGNORECASE)).first
        ).to_be_visible()


def settings(page: Page) -> None:
    page.get_by_role("form", name="Composer").get_by_role("button", name="Settings").click()
    expect(page.get_by_role("dialog", name="Model and sampling")).to_be_visible()
