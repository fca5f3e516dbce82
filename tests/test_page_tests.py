"""The tests of a cell on the page: taken up, pinned by key, broken by a version, kept, reverted, fixed."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import arrive
from playwright.sync_api import expect
from tab import Tab
from website import PHONE, Site, Visitor

SORT = (
    "```python\ndef sort_list(xs):\n    return sorted(xs)\n\nprint(sort_list([9, 8]))  # Output: [9, 8]\n```\nIt sorts."
)
IN_PLACE = "```python\ndef sort_list(xs):\n    xs.sort()\n```\nIt sorts in place."
REQUEST = "Sort a list: sort([3, 1]) gives [1, 3]"

Sites = Callable[..., Site]
Visitors = Callable[..., Visitor]


def sorting(site: Sites, visitor: Visitors, *replies: str, **options: Any) -> Tab:
    """A tab whose first answer came with two unconfirmed tests, both judged."""
    tab = arrive(site([SORT, *replies]), visitor, **options)
    tab.ask(REQUEST)
    tab.answered(1)
    tab.settles(lambda view: len(view["cells"][0]["tests"]["items"]) == 2 and judged(view))
    return tab


def judged(view: Any) -> bool:
    return all(test["verdict"] for test in view["cells"][0]["tests"]["items"])


def ends(tab: Tab, number: int) -> None:
    """Wait until a turn has been answered, whichever pane a phone shows."""
    tab.settles(lambda view: len(view["turns"]) >= number and view["turns"][number - 1]["status"] == "done")


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "has_touch": True}], ids=["desktop", "phone"])
def test_a_pinned_test_that_breaks_leads_back_or_on(site: Sites, visitor: Visitors, options: Any) -> None:
    tab = sorting(site, visitor, IN_PLACE, IN_PLACE, SORT, **options)
    if options:
        tab.page.get_by_role("tab", name="Cells").tap()
    panel = tab.page.get_by_role("region", name="Tests of cell 1")
    expect(panel).to_contain_text("2 unconfirmed")
    expect(panel.get_by_text("claimed by the answer")).to_be_visible()
    panel.get_by_role("button", name="Pin test 1").click()
    expect(panel).to_contain_text("1 pinned, 1 unconfirmed")
    tab.ask("Make it in-place")
    ends(tab, 2)
    notice = tab.cell(1).get_by_role("alert")
    expect(notice).to_contain_text("v2 broke test 1, pinned in turn 1: keep, revert, or fix.")
    expect(notice).to_contain_text("should be [1, 3]; v2 gave None, v1 passed.")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    notice.get_by_role("button", name="Revert to v1").click()
    expect(notice).to_have_count(0)
    expect(tab.cell(1)).to_contain_text("1/1 tests")
    if not options:
        expect(tab.turn(2)).to_contain_text("0/1 tests")
    tab.ask("Make it in-place")
    ends(tab, 3)
    notice.get_by_role("button", name="Fix", exact=True).click()
    ends(tab, 4)
    expect(notice).to_have_count(0)
    if options:
        tab.page.get_by_role("tab", name="Thread").tap()
    tab.turn(4).get_by_role("button", name="test 1", exact=True).press("Enter")
    expect(tab.page.get_by_role("dialog")).to_contain_text("should be [1, 3]. It gave None")


def test_nothing_moves_when_a_test_is_pinned_and_its_verdict_comes(site: Sites, visitor: Visitors) -> None:
    tab = sorting(site, visitor)
    stays = (
        tab.page.get_by_role("region", name="Tests of cell 1"),
        tab.page.get_by_role("listitem", name="Test 2"),
        tab.page.get_by_role("textbox", name="Refine cell 1"),
    )
    before = [its.bounding_box() for its in stays]
    tab.page.get_by_role("button", name="Pin test 2").click()
    expect(tab.cell(1).get_by_role("alert")).to_contain_text("v1 fails test 2.")
    assert [its.bounding_box() for its in stays] == before


def test_tests_are_pinned_edited_and_rejected_by_one_key_each(site: Sites, visitor: Visitors) -> None:
    tab = sorting(site, visitor)
    rows = tab.page.get_by_role("list", name="Tests of cell 1").get_by_role("listitem")
    rows.first.focus()
    tab.page.keyboard.press("p")
    expect(rows.first).to_contain_text("pinned")
    tab.page.keyboard.press("ArrowDown")
    expect(rows.last).to_be_focused()
    tab.page.keyboard.press("e")
    field = tab.page.get_by_role("textbox", name="Expected")
    field.fill("[8, 9]")
    field.press("Enter")
    expect(rows.last).to_contain_text("pinned")
    tab.settles(lambda view: judged(view) and view["cells"][0]["tests"]["items"][1]["verdict"]["passed"])
    expect(rows.last).to_be_focused()
    tab.page.keyboard.press("e")
    tab.page.keyboard.press("Escape")
    expect(rows.last).to_be_focused()
    tab.page.keyboard.press("r")
    expect(rows).to_have_count(1)
    expect(rows.first).to_be_focused()


def test_a_test_is_added_by_hand_and_what_was_typed_survives_a_reload(site: Sites, visitor: Visitors) -> None:
    tab = sorting(site, visitor)
    tab.page.get_by_role("button", name="Add a test to cell 1").click()
    tab.page.get_by_role("textbox", name="Call, or lines with asserts").fill("sort_list([2")
    tab.page.reload()
    tab.opened()
    tab.page.get_by_role("button", name="Add a test to cell 1").click()
    call = tab.page.get_by_role("textbox", name="Call, or lines with asserts")
    expect(call).to_have_value("sort_list([2")
    tab.page.get_by_role("textbox", name="Expected").fill("raises TypeError")
    tab.page.get_by_role("button", name="Add and pin").click()
    expect(tab.cell(1).get_by_role("alert")).to_contain_text("is not Python")
    call.fill("sort_list(2)")
    call.press("Control+Enter")
    expect(tab.page.get_by_role("listitem", name="Test 3: sort_list(2)")).to_contain_text("raises TypeError")


def test_evidence_goes_along_as_chips_and_each_can_be_left_out(site: Sites, visitor: Visitors) -> None:
    tab = sorting(site, visitor, IN_PLACE, SORT)
    tab.ask("Make it in-place")
    tab.answered(2)
    chip = tab.page.get_by_role("button", name="Leave out test 1 of cell 1")
    expect(chip).to_be_visible()
    chip.press("Enter")
    expect(chip).to_have_count(0)
    expect(tab.composer).to_be_focused()
    tab.write("Now what?")
    tab.page.get_by_role("button", name="sees ").press("Enter")
    sheet = tab.page.get_by_role("dialog", name="What the model sees")
    expect(sheet).to_contain_text("Now what?")
    expect(sheet).not_to_contain_text("Evidence")
    tab.page.keyboard.press("Escape")
    tab.composer.press("Enter")
    tab.answered(3)
    saw = tab.act("sees", turn=tab.view()["turns"][2]["id"])
    assert "should be [1, 3]" not in "".join(part["text"] for part in saw["parts"])


def test_the_model_proposes_tests_that_somebody_pins(site: Sites, visitor: Visitors) -> None:
    tab = sorting(site, visitor, "```python\nassert sort_list([5, 4]) == [4, 5]\n```")
    tab.page.get_by_role("button", name="Propose tests").click()
    row = tab.page.get_by_role("listitem", name="Test 3: sort_list([5, 4]) should be [4, 5], passes")
    expect(row).to_contain_text("unconfirmed")
    row.get_by_role("button", name="Pin test 3").click()
    expect(row).to_contain_text("pinned")


def test_a_repair_makes_visible_attempts_until_it_holds(site: Sites, visitor: Visitors) -> None:
    tab = sorting(site, visitor, IN_PLACE, IN_PLACE, SORT)
    tab.ask("Make it in-place")
    tab.answered(2)
    tab.cell(1).get_by_role("button", name="Fix, up to 3 tries").press("Enter")
    tab.answered(4)
    expect(tab.turn(4)).to_contain_text("Repair 2 of 3")
    expect(tab.cell(1)).to_be_focused()  # what was pressed is gone
    expect(tab.cell(1).get_by_role("alert")).to_have_count(0)
    expect(tab.cell(1)).to_contain_text("1/1 tests")
