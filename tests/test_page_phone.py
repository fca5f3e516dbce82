"""The page on a phone: one column, two panes, everything in reach of a thumb, nothing sideways."""

from collections.abc import Callable

import pytest
from conftest import arrive
from playwright.sync_api import Locator, Page, expect
from tab import Tab
from website import PHONE, Site, Visitor

WIDE = """import pandas as pd

print("word " * 60, "x" * 300)
pd.DataFrame({f"column_{n}": [n * 1000003] for n in range(30)})"""


@pytest.fixture
def phone(playground: Site, visitor: Callable[..., Visitor]) -> Tab:
    """A phone at the shared server."""
    return arrive(playground, visitor, viewport=PHONE, has_touch=True, is_mobile=True)


def test_the_pill_switches_between_thread_and_cells(phone: Tab) -> None:
    expect(phone.page.get_by_role("tab", name="Thread")).to_have_attribute("aria-selected", "true")
    pane(phone, "Cells")
    expect(phone.page.get_by_role("article", name="New cell")).to_be_in_viewport()
    pane(phone, "Thread")
    expect(phone.page.get_by_role("list", name="First requests")).to_be_in_viewport()


def test_the_composer_is_in_reach_in_both_panes(phone: Tab) -> None:
    expect(phone.composer).to_be_in_viewport(ratio=1)
    pane(phone, "Cells")
    expect(phone.composer).to_be_in_viewport(ratio=1)


def test_one_tap_tells_where_an_answer_may_go_though_the_composer_rests(phone: Tab) -> None:
    phone.ask("Write a function that sorts a list")
    phone.answered(1)
    pane(phone, "Cells")
    phone.page.get_by_role("button", name="The answer goes to").tap()
    phone.page.get_by_role("menuitemradio", name="Refine cell 1").tap()
    phone.settles(lambda view: view["session"]["target"] == view["cells"][0]["id"])


def test_a_request_can_be_asked_and_its_card_opens_the_cell(phone: Tab) -> None:
    phone.composer.tap()
    phone.write("Write a function that sorts a list")
    phone.send.tap()
    phone.answered(1)
    pane(phone, "Thread")
    phone.turn(1).get_by_role("button", name="cell 1 · v1").tap()
    expect(phone.page.get_by_role("tab", name="Cells")).to_have_attribute("aria-selected", "true")
    expect(phone.cell(1)).to_be_in_viewport()


def test_a_cell_can_be_written_run_and_read(phone: Tab) -> None:
    pane(phone, "Cells")
    phone.first("print(6 * 7)")
    phone.cell(1).get_by_role("button", name="Run").tap()
    expect(phone.output(1)).to_contain_text("42")
    expect(phone.output(1)).to_be_in_viewport()


def test_the_run_button_of_a_cell_is_in_reach_while_it_is_typed_in(phone: Tab) -> None:
    pane(phone, "Cells")
    phone.first("\n".join(f"line_{number} = {number}" for number in range(12)))
    phone.editor(1).tap()
    expect(phone.cell(1).get_by_role("button", name="Run")).to_be_in_viewport(ratio=1)


def test_nothing_hangs_over_the_side(phone: Tab) -> None:
    phone.ask("Write a function that sorts a list " + "and-has-a-very-long-word" * 8)
    phone.answered(1)
    phone.act("add_cell", after=phone.view()["cells"][0]["id"], source=WIDE + "\n# " + "long " * 80)
    for name in ("Thread", "Cells"):
        pane(phone, name)
        if name == "Cells":
            phone.run(2)
        assert overflow(phone.page) == []


def test_what_a_thumb_presses_is_large_enough(phone: Tab) -> None:
    offer = phone.page.get_by_role("list", name="First requests").get_by_role("button").first
    assert size(offer) >= 44
    phone.ask("Write a function that sorts a list")
    phone.answered(1)
    pane(phone, "Thread")
    assert size(phone.turn(1).get_by_role("button", name="cell 1 · v1")) >= 44
    pane(phone, "Cells")
    assert size(phone.cell(1).get_by_role("button", name="Run")) >= 44
    phone.write("more")
    assert size(phone.send) >= 36


def test_everything_can_be_pressed_with_a_thumb(phone: Tab) -> None:
    phone.ask("Write a function that sorts a list")
    phone.answered(1)
    cell = phone.view()["cells"][0]["id"]
    phone.act("add_test", cell=cell, call="sort_integers([2, 1])", expected="[1, 2]")  # fails: chips, a notice, a line
    phone.settles(lambda view: all(test["verdict"] for test in view["cells"][0]["tests"]["items"]))
    for name in ("Thread", "Cells"):
        pane(phone, name)
        assert phone.page.evaluate(SMALL, 44) == []


def test_sessions_open_as_a_sheet_and_a_session_can_be_chosen(phone: Tab) -> None:
    phone.ask("Sort a list")
    phone.answered(1)
    phone.page.get_by_role("button", name="Sessions").tap()
    sheet = phone.page.get_by_role("dialog", name="Sessions")
    sheet.get_by_role("link", name="Sort a list").tap()
    expect(sheet).to_have_count(0)


def test_share_settings_and_keys_are_in_one_menu(phone: Tab) -> None:
    phone.ask("Sort a list")
    phone.answered(1)
    phone.page.get_by_role("button", name="Share, export, settings, keys").tap()
    for name in ("Run all", "Share", "Export", "Model and sampling", "Keys"):
        expect(phone.page.get_by_role("menuitem", name=name, exact=True)).to_be_visible()
    phone.page.get_by_role("menuitem", name="Share", exact=True).tap()
    expect(phone.page.get_by_role("dialog", name="Share")).to_be_visible()


def test_what_went_wrong_with_an_action_of_the_menu_is_told_in_the_pane_that_is_shown(phone: Tab) -> None:
    phone.ask("Sort a list")
    phone.answered(1)
    pane(phone, "Thread")
    phone.page.route("**/component_server/**", lambda route: route.abort())
    phone.page.get_by_role("button", name="Share, export, settings, keys").tap()
    phone.page.get_by_role("menuitem", name="Run all", exact=True).tap()
    told = phone.page.get_by_role("alert").filter(has_text="Nothing you typed is lost")
    expect(told).to_be_in_viewport(ratio=1)
    phone.page.unroute_all()
    told.get_by_role("button", name="Close").tap()
    expect(told).to_have_count(0)


# What can be pressed, but not everywhere within a square of so many pixels around its middle: a press there meets
# nothing, instead of it or of something else that can be pressed.
SMALL = """least => {
  const controls = "button, a[href], input, select, textarea, summary, label, [role=tab], [tabindex='0']";
  const far = least / 2 - 1;
  return [...document.querySelectorAll(controls)].filter(it => {
    it.scrollIntoView({block: "center"});
    const {left, top, width, height} = it.getBoundingClientRect();
    if (!it.checkVisibility({visibilityProperty: true}) || width < 2) return false;
    return [[0, -far], [0, far], [-far, 0], [far, 0]].some(([dx, dy]) => {
      const there = document.elementFromPoint(left + width / 2 + dx, top + height / 2 + dy);
      return there && !it.contains(there) && !there.closest(controls);
    });
  }).map(it => (it.getAttribute("aria-label") ?? it.textContent) + " " + JSON.stringify(it.getBoundingClientRect()));
}"""


def pane(phone: Tab, name: str) -> None:
    """Turn to a pane."""
    tab = phone.page.get_by_role("tab", name=name)
    tab.tap()
    expect(tab).to_have_attribute("aria-selected", "true")


def size(target: Locator) -> float:
    """The smaller side of a target, in CSS pixels."""
    box = target.bounding_box()
    assert box is not None
    return min(box["width"], box["height"])


def overflow(page: Page) -> list[str]:
    """What is wider than the screen, and whether the page scrolls sideways."""
    found: list[str] = page.evaluate(
        """() => {
          const wide = [...document.querySelectorAll("body *")].filter(it => {
            const box = it.getBoundingClientRect();
            if (!box.width || box.right <= innerWidth + 1) return false;
            for (let up = it.parentElement; up; up = up.parentElement) {
              const x = getComputedStyle(up).overflowX;
              if (x === "auto" || x === "scroll" || x === "hidden" || x === "clip") return false;
            }
            return it.checkVisibility({visibilityProperty: true});
          }).map(it => `${it.tagName}.${it.className}`);
          if (document.scrollingElement.scrollWidth > innerWidth) wide.push("the page scrolls sideways");
          return wide;
        }"""
    )
    return found
