"""Editing cells by hand: nothing that is typed is lost or moved, whatever else happens."""

from playwright.sync_api import expect
from tab import Tab

MOVE = "ControlOrMeta+Home"


def test_what_is_typed_while_another_cell_streams_is_neither_lost_nor_moved(slow_tab: Tab) -> None:
    slow_tab.first("top = 1\nbottom = 2")
    slow_tab.aim("New cell")
    slow_tab.ask("Tell a long story")
    expect(slow_tab.cell(2)).to_contain_text("total += 1")
    slow_tab.editor(1).click()
    slow_tab.page.keyboard.press(MOVE)
    slow_tab.page.keyboard.type("middle = 3 # typed", delay=40)
    slow_tab.page.keyboard.press("Enter")
    assert slow_tab.view()["turns"][0]["status"] == "writing"
    slow_tab.stores(1, "middle = 3 # typed\ntop = 1\nbottom = 2")
    expect(slow_tab.editor(1)).to_be_focused()
    slow_tab.page.keyboard.type("x")
    slow_tab.stores(1, "middle = 3 # typed\nxtop = 1\nbottom = 2")


def test_a_cell_that_is_being_written_does_not_take_keys(slow_tab: Tab) -> None:
    slow_tab.ask("Tell a long story")
    expect(slow_tab.cell(1)).to_contain_text("total += 1")
    slow_tab.editor(1).click()
    slow_tab.page.keyboard.type("intruder")
    expect(slow_tab.cell(1)).to_contain_text("total += 3")
    assert "intruder" not in slow_tab.source(1)
    expect(slow_tab.editor(1)).not_to_contain_text("intruder")


def test_typing_is_stored_without_being_asked(tab: Tab) -> None:
    tab.first("a = 1")
    tab.append(1, "\nb = 2")
    tab.stores(1, "a = 1\nb = 2")


def test_the_cursor_stays_where_it_is_when_typing_is_stored(tab: Tab) -> None:
    tab.first("tail")
    tab.editor(1).click()
    tab.page.keyboard.press(MOVE)
    tab.page.keyboard.type("ab")
    tab.stores(1, "abtail")
    tab.page.keyboard.type("c")
    tab.stores(1, "abctail")


def test_a_cell_can_be_added_between_two_others(tab: Tab) -> None:
    tab.cells("first = 1", "last = 3")
    tab.page.get_by_role("button", name="Add a cell below cell 1").click()
    expect(tab.editor(2)).to_be_focused()
    tab.page.keyboard.type("middle = 2")
    tab.settles(lambda view: [it["source"] for it in view["cells"]] == ["first = 1", "middle = 2", "last = 3"])


def test_a_deleted_cell_comes_back_to_its_place(tab: Tab) -> None:
    tab.cells("one = 1", "two = 2", "three = 3")
    tab.menu(2, "Delete")
    tab.settles(lambda view: [it["source"] for it in view["cells"]] == ["one = 1", "three = 3"])
    tab.page.get_by_role("button", name="Undo").click()
    tab.settles(lambda view: [it["source"] for it in view["cells"]] == ["one = 1", "two = 2", "three = 3"])
    expect(tab.editor(2)).to_have_text("two = 2")


def test_deleting_a_cell_keeps_what_was_typed_a_moment_before(tab: Tab) -> None:
    tab.cells("one = 1", "two = 2")
    tab.rewrite(2, "two = 22")
    tab.menu(2, "Delete")
    tab.page.get_by_role("button", name="Undo").click()
    tab.stores(2, "two = 22")


def test_a_cell_can_be_moved_to_any_place(tab: Tab) -> None:
    tab.cells("one = 1", "two = 2", "three = 3")
    tab.menu(3, "Move to")
    tab.page.get_by_label("Move cell 3 to place").select_option("1")
    tab.page.get_by_role("button", name="Move", exact=True).click()
    tab.settles(lambda view: [it["source"] for it in view["cells"]] == ["three = 3", "one = 1", "two = 2"])
    expect(tab.editor(1)).to_have_text("three = 3")


def test_a_cell_can_be_duplicated(tab: Tab) -> None:
    tab.first("one = 1")
    tab.menu(1, "Duplicate")
    tab.settles(lambda view: [it["source"] for it in view["cells"]] == ["one = 1", "one = 1"])


def test_a_session_can_be_saved_as_a_notebook(tab: Tab) -> None:
    tab.first("40 + 2")
    tab.run(1)
    with tab.page.expect_download() as coming:
        tab.page.get_by_role("button", name="Export").click()
    assert coming.value.suggested_filename.endswith(".ipynb")
    text = coming.value.path().read_text()
    assert "40 + 2" in text
    assert '"42"' in text
