"""What is kept: through reloads, closed tabs, killed servers, and between two tabs."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from conftest import LONG, LONG_CODE, arrive
from playwright.sync_api import Route, expect
from tab import Tab
from website import Site, Visitor

Come = Callable[..., Visitor]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that the tests kill and start again."""
    site = Site(tmp_path_factory.mktemp("kept"), [LONG] * 20, tokens_per_second=30)
    site.start()
    yield site
    site.kill()


def test_a_reload_shows_turns_cells_outputs_and_the_draft(tab: Tab) -> None:
    tab.ask("Write a function that sorts a list")
    tab.answered(1)
    tab.add('print("kept")')
    tab.run(2)
    tab.write("half a thou")
    tab.page.reload()
    tab.opened()
    expect(tab.turn(1)).to_contain_text("changes the list itself")
    expect(tab.editor(1)).to_contain_text("numbers.sort()")
    expect(tab.output(2)).to_contain_text("kept")
    expect(tab.composer).to_have_value("half a thou")


def test_an_answer_goes_on_when_its_tab_is_closed(slow: Site, visitor: Come) -> None:
    person = visitor(slow)
    tab = Tab(person.page(), slow).opened()
    tab.ask("Tell a long story")
    expect(tab.cell(1)).to_contain_text("total += 1")
    key, session = tab.key, tab.session
    tab.page.close()
    written = len(slow.view(key, session)["cells"][0]["source"])
    slow.wait(lambda: len(slow.view(key, session)["cells"][0]["source"]) > written + 100)
    again = Tab(person.page(f"?session={session}"), slow).opened()
    expect(again.cell(1)).to_contain_text("total += 5")


def test_a_draft_is_there_in_a_new_tab(playground: Site, visitor: Come) -> None:
    person = visitor(playground)
    tab = Tab(person.page(), playground).opened()
    tab.write("written in the first tab")
    tab.settles(lambda view: view["session"]["draft"] == "written in the first tab")
    again = Tab(person.page(f"?session={tab.session}"), playground).opened()
    expect(again.composer).to_have_value("written in the first tab")


def test_a_killed_server_comes_back_with_everything_and_marks_what_was_cut_off(place: Site, visitor: Come) -> None:
    tab = arrive(place, visitor)
    tab.first('print("kept")')
    tab.run(1)
    tab.add("import time\nprint('begun')\ntime.sleep(600)")
    tab.cell(2).get_by_role("button", name="Run").click()
    expect(tab.output(2)).to_contain_text("begun")
    tab.aim("New cell")
    tab.ask("Tell a long story")
    expect(tab.cell(3)).to_contain_text("total += 5")
    place.wait(lambda: on_disk(place, "total += 1"))
    place.kill()
    place.start()
    expect(tab.turn(1)).to_contain_text("Cut off")
    expect(tab.cell(3)).to_contain_text("total += 1")
    expect(tab.cell(2)).to_contain_text("cut off: the server stopped")
    expect(tab.output(2)).to_contain_text("begun")
    expect(tab.output(1)).to_contain_text("kept")
    view = tab.view()
    assert LONG_CODE.startswith(view["cells"][2]["source"])
    assert [cell["version"]["status"] for cell in view["cells"]][2] == "cut"


def test_what_is_typed_while_the_server_is_down_is_stored_when_it_is_back(place: Site, visitor: Come) -> None:
    tab = arrive(place, visitor)
    tab.first("before = 1")
    place.kill()
    tab.append(1, "\nmeanwhile = 2")
    tab.write("typed without a server")
    expect(tab.page.get_by_text("reconnecting…")).to_be_visible()
    place.start()
    tab.stores(1, "before = 1\nmeanwhile = 2")
    tab.settles(lambda view: view["session"]["draft"] == "typed without a server")
    expect(tab.editor(1)).to_contain_text("meanwhile = 2")


def test_an_edit_in_one_tab_arrives_in_the_other(playground: Site, visitor: Come) -> None:
    mine, other = two_tabs(playground, visitor)
    mine.append(1, "\nsecond = 2")
    expect(other.editor(1)).to_contain_text("second = 2")


def test_two_edits_of_one_cell_are_shown_as_a_conflict_and_both_are_kept(playground: Site, visitor: Come) -> None:
    mine, other = conflict(playground, visitor)
    expect(mine.cell(1)).to_contain_text("Changed in another tab.")
    expect(mine.editor(1)).to_contain_text("mine = 2")
    assert other.source(1) == "first = 1\ntheirs = 2"
    mine.cell(1).get_by_role("button", name="Compare").click()
    diff = mine.page.get_by_role("region", name="Difference: Mine against theirs")
    expect(diff).to_contain_text("theirs = 2")
    expect(diff).to_contain_text("mine = 2")


def test_a_conflict_can_be_ended_with_ones_own_text(playground: Site, visitor: Come) -> None:
    mine, other = conflict(playground, visitor)
    mine.cell(1).get_by_role("button", name="Keep mine").click()
    mine.stores(1, "first = 1\nmine = 2")
    expect(other.editor(1)).to_contain_text("mine = 2")


def test_a_conflict_can_be_ended_with_the_other_text(playground: Site, visitor: Come) -> None:
    mine, _ = conflict(playground, visitor)
    mine.cell(1).get_by_role("button", name="Take theirs").click()
    expect(mine.editor(1)).to_contain_text("theirs = 2")
    expect(mine.editor(1)).not_to_contain_text("mine = 2")
    mine.stores(1, "first = 1\ntheirs = 2")


def test_a_write_that_names_an_old_revision_is_refused_with_what_is_stored(tab: Tab) -> None:
    tab.first("one = 1")
    cell = tab.view()["cells"][0]
    tab.append(1, "\ntwo = 2")
    tab.stores(1, "one = 1\ntwo = 2")
    late = tab.act("edit", cell=cell["id"], source="", revision=cell["revision"])
    assert late["conflict"]["source"] == "one = 1\ntwo = 2"


def two_tabs(site: Site, visitor: Come) -> tuple[Tab, Tab]:
    """The same session, with one cell, in two tabs of one browser."""
    person = visitor(site)
    first = Tab(person.page(), site).opened()
    first.first("first = 1")
    second = Tab(person.page(f"?session={first.session}"), site).opened()
    expect(second.editor(1)).to_contain_text("first = 1")
    return first, second


def conflict(site: Site, visitor: Come) -> tuple[Tab, Tab]:
    """Two tabs, of which the first typed while its writes did not arrive and the other one's did."""
    mine, other = two_tabs(site, visitor)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    mine.page.route("**/component_server/**", hold)
    mine.append(1, "\nmine = 2")
    other.append(1, "\ntheirs = 2")
    other.stores(1, "first = 1\ntheirs = 2")
    while held:
        held.pop(0).continue_()
    mine.page.unroute("**/component_server/**")
    return mine, other


def on_disk(site: Site, text: str) -> bool:
    """Whether any version in the database holds the text: what would be left if the server died now."""
    with closing(sqlite3.connect(site.data / "playground.db")) as database:
        sources = database.execute("SELECT source FROM versions WHERE status = 'writing'").fetchall()
    return any(text in source for (source,) in sources)
