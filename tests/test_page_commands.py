"""What can be done with a cell by one word: completion by keyboard and by tap, and answers that are only shown."""

from collections.abc import Callable

from conftest import SORT, arrive
from playwright.sync_api import expect
from website import PHONE, Site, Visitor

TALK = "Rust needs a type.\n\n```rust\nfn main() {}\n```\nIt is faster."


def test_commands_are_completed_by_keyboard_and_their_code_is_only_shown(
    site: Callable[..., Site], visitor: Callable[..., Visitor]
) -> None:
    tab = arrive(site([SORT, TALK, SORT]), visitor)
    tab.ask("sort")
    tab.answered(1)
    tab.write("/")
    field = tab.page.get_by_role("combobox", name="Your request")
    options = tab.page.get_by_role("listbox", name="Actions on a cell").get_by_role("option")
    expect(options).to_have_count(5)
    field.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.last.get_attribute("id")
    field.press("Enter")
    expect(tab.composer).to_have_value("/translate ")
    tab.composer.press_sequentially("Rust")
    tab.composer.press("Enter")
    tab.answered(2)
    expect(tab.turn(2).get_by_role("figure")).to_contain_text("rust, shown only: it is not run here")
    expect(tab.turn(2)).to_contain_text("It is faster.")
    assert tab.view()["cells"][0]["version"]["number"] == 1
    tab.turn(2).get_by_role("button", name="about cell 1").click()
    tab.menu(1, "Simplify")
    tab.answered(3)  # with the code as it was
    expect(tab.turn(3).get_by_role("button", name="cell 1 · v1")).to_contain_text("nothing changed")
    expect(tab.turn(3)).to_contain_text("there is no new version")
    assert tab.view()["cells"][0]["version"]["count"] == 1

    tab.write("/ex")
    field.press("Escape")
    expect(tab.page.get_by_role("listbox")).to_have_count(0)
    expect(tab.composer).to_have_value("/ex")


def test_a_command_is_taken_by_a_tap_on_a_phone_and_a_version_tells_its_provenance(
    site: Callable[..., Site], visitor: Callable[..., Visitor]
) -> None:
    tab = arrive(site([SORT, "It sorts.", SORT]), visitor, viewport=PHONE, has_touch=True)
    tab.ask("sort")
    tab.answered(1)
    tab.write("/ex")
    tab.page.get_by_role("option", name="Explain").tap()
    expect(tab.composer).to_have_value("/explain")
    tab.composer.press("Enter")
    tab.answered(2)
    expect(tab.turn(2)).to_contain_text("It sorts.")
    tab.turn(2).get_by_role("button", name="about cell 1").tap()
    tab.menu(1, "Details")
    details = tab.page.get_by_role("region", name="Provenance of cell 1, version 1")
    expect(details).to_contain_text("Seed")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    details.get_by_role("button", name="Write it again").tap()
    tab.settles(lambda view: view["cells"][0]["version"]["number"] == 2)
