"""Several answers to one request on the page, and dialogues with slots."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import arrive
from playwright.sync_api import expect
from test_session_candidates import FIRST, NONE, RAISES, REQUEST
from test_session_slots import ASSIGN, PRINT, PROBLEM
from website import PHONE, Site, Visitor

Sites = Callable[..., Site]
Visitors = Callable[..., Visitor]


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "has_touch": True}], ids=["desktop", "phone"])
def test_candidates_are_compared_asked_about_and_accepted(site: Sites, visitor: Visitors, options: Any) -> None:
    again = RAISES.replace("'empty'", "'nothing'")
    tab = arrive(site([FIRST, NONE, RAISES, again]), visitor, **options)
    tab.page.get_by_role("button", name="Answers to sample: 1 candidate").click()
    tab.page.get_by_role("menuitemradio", name="3 candidates").click()
    tab.ask(REQUEST)
    tab.settles(lambda view: view["turns"] and view["turns"][0]["status"] == "done")
    if options:
        tab.page.get_by_role("tab", name="Cells").tap()
    expect(tab.page.get_by_role("tab", name="A 2/2")).to_have_attribute("aria-selected", "true")
    matrix = tab.page.get_by_role("region", name="What each candidate came to")
    expect(matrix.get_by_role("row", name=re.compile("^A "))).to_contain_text("B on 2")
    expect(matrix.get_by_role("row", name=re.compile("^C "))).to_contain_text("nobody")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    question = tab.page.get_by_text("For median([]): A returns None, B raises ValueError. Which?")
    expect(question).to_be_visible()
    tab.page.get_by_role("button", name="B: raise ValueError").press("Enter")
    expect(question).to_have_count(0)
    expect(tab.page.get_by_role("tabpanel", name="Candidate A")).to_be_focused()  # what was pressed is gone
    # The answer decides: what raises is the best one now.
    tab.page.get_by_role("tab", name="A 3/3").press("End")
    expect(tab.page.get_by_role("tab", name="C 1/3")).to_be_focused()
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.page.get_by_role("tab", name="B 2/3")).to_be_focused()
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.page.get_by_role("region", name="Difference: A against the cell")).to_contain_text("raise ValueError")
    tab.page.get_by_role("button", name="Refine A" if options else "Accept A").press("Enter")
    expect(matrix).to_have_count(0)
    tab.settles(lambda view: "raise ValueError" in view["cells"][0]["source"])
    expect(tab.page.get_by_role("list", name="Tests of cell 1")).to_contain_text("pinned")
    if options:
        line = tab.page.get_by_role("textbox", name="Refine cell 1")
        expect(line).to_be_focused()
        line.fill("Say what is wrong")
        line.press("Enter")
        tab.settles(lambda view: [turn["status"] for turn in view["turns"]] == ["done", "done"])
        assert "raise ValueError('nothing')" in tab.source(1)


def test_a_dialogue_with_slots_is_loaded_and_replayed(site: Sites, visitor: Visitors) -> None:
    tab = arrive(site([ASSIGN.format("cab"), PRINT]), visitor)
    tab.page.get_by_role("button", name="Load a dialogue with slots").click()
    sheet = tab.page.get_by_role("dialog", name="Inputs and replays")
    sheet.get_by_role("textbox").fill(json.dumps(PROBLEM))
    sheet.get_by_role("button", name="Load and ask").click()
    expect(sheet.get_by_role("form", name="Row 2")).to_contain_text("not replayed")
    tab.settles(lambda view: [turn["status"] for turn in view["turns"]] == ["done", "done"])
    sheet.get_by_role("button", name="Replay the code").click()
    expect(sheet).to_contain_text("2 of 2 rows pass")
    expected = sheet.get_by_role("form", name="Row 2").get_by_role("textbox", name="expected")
    expected.fill("['c']")
    expected.press("Tab")
    expect(sheet.get_by_role("form", name="Row 2")).to_contain_text("not replayed")
    sheet.get_by_role("button", name="Replay the code").click()
    expect(sheet).to_contain_text("1 of 2 rows pass")
    tab.page.keyboard.press("Escape")
    expect(tab.turn(1)).to_contain_text("{A}")


def test_a_row_added_or_removed_loses_neither_the_focus_nor_what_is_typed(site: Sites, visitor: Visitors) -> None:
    tab = arrive(site([ASSIGN.format("cab"), PRINT]), visitor)
    tab.page.get_by_role("button", name="Load a dialogue with slots").click()
    sheet = tab.page.get_by_role("dialog", name="Inputs and replays")
    sheet.get_by_role("textbox").fill(json.dumps(PROBLEM))
    sheet.get_by_role("button", name="Load and ask").click()
    field = sheet.get_by_role("form", name="New row").get_by_role("textbox", name="{A}")
    field.fill("xyz")
    sheet.get_by_role("button", name="Add row").press("Enter")
    expect(sheet.get_by_role("form", name="Row 3").get_by_role("textbox", name="{A}")).to_have_value("xyz")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    field.fill("typed")
    sheet.get_by_role("button", name="Remove row 2").press("Enter")
    expect(sheet.get_by_role("form", name="Row 3")).to_have_count(0)
    expect(sheet.locator(".body")).to_be_focused()
    expect(field).to_have_value("typed")
