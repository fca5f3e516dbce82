"""The keyboard alone: every key of the sheet, the order of Tab, and where the focus is."""

import re

from playwright.sync_api import expect
from tab import Tab


def test_control_k_goes_to_the_composer_from_anywhere(tab: Tab) -> None:
    tab.first("a = 1")
    tab.editor(1).click()
    tab.page.keyboard.press("Control+k")
    expect(tab.composer).to_be_focused()
    assert tab.source(1) == "a = 1"


def test_enter_sends_what_stands_in_the_composer(tab: Tab) -> None:
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("Sort a list")
    tab.page.keyboard.press("Enter")
    expect(tab.turn(1)).to_contain_text("Sort a list")
    expect(tab.composer).to_be_focused()
    expect(tab.composer).to_have_value("")


def test_control_enter_runs_a_cell_and_stays_in_it(tab: Tab) -> None:
    tab.cells("print(6 * 7)", "other = 1")
    tab.editor(1).click()
    tab.page.keyboard.press("Control+Enter")
    expect(tab.output(1)).to_contain_text("42")
    expect(tab.editor(1)).to_be_focused()
    assert tab.source(1) == "print(6 * 7)"


def test_shift_enter_runs_a_cell_and_goes_to_the_next(tab: Tab) -> None:
    tab.cells("print(6 * 7)", "other = 1")
    tab.editor(1).click()
    tab.page.keyboard.press("Shift+Enter")
    expect(tab.output(1)).to_contain_text("42")
    expect(tab.editor(2)).to_be_focused()


def test_shift_enter_in_the_last_cell_makes_a_new_one(tab: Tab) -> None:
    tab.first("print(6 * 7)")
    tab.editor(1).click()
    tab.page.keyboard.press("Shift+Enter")
    expect(tab.editor(2)).to_be_focused()
    tab.page.keyboard.type("typed = 1")
    tab.stores(2, "typed = 1")


def test_escape_stops_the_answer(slow_tab: Tab) -> None:
    slow_tab.ask("Tell a long story")
    expect(slow_tab.cell(1)).to_contain_text("total += 1")
    slow_tab.page.keyboard.press("Escape")
    slow_tab.settles(lambda view: view["turns"][0]["status"] == "stopped")


def test_escape_interrupts_what_runs(tab: Tab) -> None:
    tab.first('print("begun")\nwhile True:\n    pass')
    tab.editor(1).click()
    tab.page.keyboard.press("Control+Enter")
    expect(tab.output(1)).to_contain_text("begun")
    tab.page.keyboard.press("Escape")
    tab.settles(lambda view: (view["cells"][0]["run"] or {}).get("status") == "interrupted")


def test_alt_and_arrows_move_a_cell_which_keeps_the_focus(tab: Tab) -> None:
    tab.cells("one = 1", "two = 2", "three = 3")
    tab.editor(3).click()
    tab.page.keyboard.press("Alt+ArrowUp")
    tab.page.keyboard.press("Alt+ArrowUp")
    tab.settles(lambda view: [it["source"] for it in view["cells"]] == ["three = 3", "one = 1", "two = 2"])
    expect(tab.editor(1)).to_be_focused()
    tab.page.keyboard.press("Alt+ArrowDown")
    tab.settles(lambda view: [it["source"] for it in view["cells"]] == ["one = 1", "three = 3", "two = 2"])
    expect(tab.editor(2)).to_be_focused()


def test_a_question_mark_lists_the_keys_and_escape_gives_the_focus_back(tab: Tab) -> None:
    opener = tab.page.get_by_role("button", name="Keys")
    opener.focus()
    tab.page.keyboard.press("?")
    sheet = tab.page.get_by_role("dialog", name="Keys")
    for words in ("write a request", "run it and go to the next", "run it and stay", "move the cell up", "this list"):
        expect(sheet).to_contain_text(words)
    tab.page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_question_mark_can_be_typed(tab: Tab) -> None:
    tab.composer.click()
    tab.page.keyboard.type("why?")
    expect(tab.composer).to_have_value("why?")
    expect(tab.page.get_by_role("dialog")).to_have_count(0)


def test_a_menu_works_with_arrows_and_gives_the_focus_back(tab: Tab) -> None:
    tab.cells("one = 1", "two = 2")
    opener = tab.page.get_by_role("button", name="More for cell 2")
    opener.focus()
    tab.page.keyboard.press("Enter")
    items = tab.page.get_by_role("menuitem")
    expect(items.nth(0)).to_be_focused()
    tab.page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    tab.page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_deleting_with_the_keyboard_leads_to_undo(tab: Tab) -> None:
    tab.cells("one = 1", "two = 2")
    tab.page.get_by_role("button", name="More for cell 2").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("menuitem").first).to_be_focused()
    tab.page.keyboard.press("End")
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("button", name="Undo")).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.editor(2)).to_be_focused()


def test_tab_reaches_everything_and_the_focus_is_always_visible(tab: Tab) -> None:
    tab.ask("Write a function that sorts a list")
    tab.answered(1)
    tab.page.evaluate("document.activeElement.blur()")
    met: list[str] = []
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        name, visible = tab.page.evaluate(FOCUS)
        assert visible, f"no visible focus at {name}"
        met.append(name)
        if name in met[:-1] and name == met[0]:
            break
        if name.startswith("Code of cell"):
            tab.page.keyboard.press("Escape")  # CodeMirror: the next Tab leaves the editor
    order = " > ".join(met)
    for name in ("New session", "Search sessions", "Keys", "Your request", "Run", "Refine cell 1", "Add a cell"):
        assert re.search(rf"(^|> ){name}", order), f"{name} was not reached: {order}"


def test_what_was_pressed_and_goes_leaves_the_focus_in_the_composer(tab: Tab) -> None:
    tab.ask("/unheard")
    close = tab.page.get_by_role("button", name="Close")
    close.press("Enter")
    expect(close).to_have_count(0)
    expect(tab.composer).to_be_focused()


def test_fields_of_a_session_can_be_left_without_saving(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    tab.page.get_by_role("heading", level=1).get_by_role("button").focus()
    tab.page.keyboard.press("Enter")
    title = tab.page.get_by_role("textbox", name="Title of the session")
    expect(title).to_be_focused()
    tab.page.keyboard.type("Not this")
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Sort a list")
    expect(tab.page.get_by_role("heading", level=1).get_by_role("button")).to_be_focused()
    edit = tab.page.get_by_role("button", name="Edit request 1")
    edit.press("Enter")
    expect(tab.page.get_by_role("textbox", name="Request 1")).to_be_focused()
    tab.page.keyboard.press("Escape")
    expect(edit).to_be_focused()


# The name of what has the focus, and whether something is drawn around it or around what holds it.
FOCUS = """() => {
  const it = document.activeElement;
  if (it === document.body) return ["the page", true];
  const ring = its => {
    const style = getComputedStyle(its);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    return outline || style.boxShadow !== "none";
  };
  const holders = [it, it.parentElement, it.closest(".composer, .refine, .cell, .search, .code, .cm-editor")];
  const name = it.getAttribute("aria-label") ?? it.labels?.[0]?.textContent.trim() ?? it.textContent.trim();
  return [name || it.tagName, holders.some(one => one && ring(one)) || it.closest(".cell.on") !== null];
}"""
