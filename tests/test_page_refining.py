"""Refining on the page: which cell an answer goes to, and its versions."""

from conftest import SORT_CODE
from playwright.sync_api import expect
from tab import Tab

OLD = "def sort_integers(numbers: list[int]) -> list[int]:\n    return sorted(numbers)"
OTHER = "def mean(numbers: list[int]) -> float:\n    return sum(numbers) / len(numbers)"


def test_a_change_makes_a_new_version_of_the_same_cell(tab: Tab) -> None:
    tab.first(OLD)
    tab.ask("Make it in-place and return None")
    tab.answered(1)
    [cell] = tab.view()["cells"]
    assert (cell["title"], cell["version"]["number"], cell["source"]) == ("sort_integers", 2, SORT_CODE)
    expect(tab.turn(1)).to_contain_text("cell 1 · v2")


def test_an_answer_goes_to_a_new_cell_where_the_chip_says_so(tab: Tab) -> None:
    tab.first(OLD)
    tab.aim("New cell")
    tab.ask("Make it in-place and return None")
    tab.answered(1)
    assert [cell["source"] for cell in tab.view()["cells"]] == [OLD, SORT_CODE]


def test_an_answer_goes_to_the_cell_that_the_chip_names(tab: Tab) -> None:
    tab.cells(OLD, "numbers = [3, 1, 2]")
    tab.aim("Refine cell 2")
    tab.ask("Make it a function")
    tab.answered(1)
    assert [cell["source"] for cell in tab.view()["cells"]] == [OLD, SORT_CODE]


def test_an_answer_goes_to_the_cell_whose_function_it_defines_again(tab: Tab) -> None:
    tab.cells(OLD, OTHER)
    tab.ask("Write something about lists")
    tab.answered(1)
    assert [cell["source"] for cell in tab.view()["cells"]] == [SORT_CODE, OTHER]


def test_an_answer_with_a_function_of_its_own_gets_a_cell_of_its_own(tab: Tab) -> None:
    tab.first(OTHER)
    tab.ask("Write a function that sorts a list")
    tab.answered(1)
    assert [cell["source"] for cell in tab.view()["cells"]] == [OTHER, SORT_CODE]


def test_an_answer_can_be_moved_to_another_cell_afterwards(tab: Tab) -> None:
    tab.first(OLD)
    tab.ask("Make it in-place")
    tab.answered(1)
    tab.page.get_by_role("button", name="More for turn 1").click()
    tab.page.get_by_role("menuitem", name="Move to a new cell").click()
    expect(tab.cell(2)).to_be_visible()
    assert [cell["source"] for cell in tab.view()["cells"]] == [OLD, SORT_CODE]


def test_the_line_below_a_cell_refines_that_cell(tab: Tab) -> None:
    tab.cells(OTHER, OLD)
    line = tab.page.get_by_role("textbox", name="Refine cell 2")
    line.fill("Make it in-place")
    line.press("Enter")
    tab.answered(1)
    assert [cell["source"] for cell in tab.view()["cells"]] == [OTHER, SORT_CODE]
    expect(line).to_have_value("")


def test_versions_can_be_paged_through(tab: Tab) -> None:
    tab.first(OLD)
    tab.ask("Make it in-place")
    tab.answered(1)
    tab.cell(1).get_by_role("button", name="Previous version").click()
    expect(tab.page.get_by_role("region", name="Code of cell 1, version 1, read-only")).to_contain_text("return sorted")
    tab.cell(1).get_by_role("button", name="Next version").click()
    expect(tab.editor(1)).to_contain_text("numbers.sort()")


def test_two_versions_can_be_compared(tab: Tab) -> None:
    tab.first(OLD)
    tab.ask("Make it in-place")
    tab.answered(1)
    tab.cell(1).get_by_role("button", name="Previous version").click()
    tab.cell(1).get_by_role("button", name="Compare with current").click()
    diff = tab.page.get_by_role("region", name="Difference: v2 against v1")
    expect(diff).to_contain_text("removed:     return sorted(numbers)")
    expect(diff).to_contain_text("added:     numbers.sort()")


def test_restoring_makes_a_new_version_and_overwrites_nothing(tab: Tab) -> None:
    tab.first(OLD)
    tab.ask("Make it in-place")
    tab.answered(1)
    tab.cell(1).get_by_role("button", name="Previous version").click()
    tab.cell(1).get_by_role("button", name="Restore").click()
    tab.stores(1, OLD)
    expect(tab.cell(1)).to_contain_text("v3 of 3")
    versions = tab.act("versions", cell=tab.view()["cells"][0]["id"])["versions"]
    assert [version["source"] for version in versions] == [OLD, SORT_CODE, OLD]


def test_the_history_lists_every_version_with_where_it_came_from(tab: Tab) -> None:
    tab.first(OLD)
    tab.ask("Make it in-place")
    tab.answered(1)
    tab.menu(1, "History")
    history = tab.page.get_by_role("list", name="Versions, newest first").get_by_role("listitem")
    expect(history).to_have_count(2)
    expect(history.first).to_contain_text("turn 1, from v1")
    expect(history.last).to_contain_text("edited by hand")


def test_the_model_is_shown_the_cell_as_it_was_edited_by_hand(tab: Tab) -> None:
    tab.ask("Write a function that sorts a list")
    tab.answered(1)
    tab.rewrite(1, SORT_CODE.replace("numbers.sort()", "numbers.sort(key=abs)"))
    tab.ask("Make it stable")
    tab.answered(2)
    saw = tab.act("sees", turn=tab.view()["turns"][1]["id"])
    assert "numbers.sort(key=abs)" in "".join(part["text"] for part in saw["parts"])


def test_a_card_leads_to_its_cell(tab: Tab) -> None:
    tab.cells(*(f"filler_{number} = [\n" + "    0,\n" * 12 + "]" for number in range(3)))
    tab.aim("New cell")
    tab.ask("Write a function that sorts a list")
    tab.answered(1)
    tab.cell(1).scroll_into_view_if_needed()
    tab.turn(1).get_by_role("button", name="cell 4 · v1").click()
    expect(tab.cell(4)).to_be_in_viewport()
