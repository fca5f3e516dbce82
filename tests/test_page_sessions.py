"""The list of sessions, and that sessions belong to the browser that made them."""

import re
from collections.abc import Callable

import pytest
from conftest import arrive
from playwright.sync_api import expect
from tab import Tab
from website import Json, Site, Visitor

Come = Callable[..., Visitor]
STRANGER = "s" * 43


def test_sessions_are_listed_newest_first(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    tab.page.get_by_role("button", name="New session").first.click()
    expect(tab.page.get_by_role("list", name="First requests")).to_be_visible()
    tab.ask("Parse a date")
    links = tab.sidebar.get_by_role("link")
    expect(links).to_have_count(2)
    expect(links.first).to_contain_text("Parse a date")
    expect(links.last).to_contain_text("Sort a list")


def test_a_listed_session_opens_with_a_click(tab: Tab) -> None:
    two_sessions(tab)
    tab.sidebar.get_by_role("link", name="Sort a list").click()
    expect(tab.turn(1)).to_contain_text("Sort a list")


def test_the_back_button_leads_to_the_session_before(tab: Tab) -> None:
    two_sessions(tab)
    tab.page.go_back()
    expect(tab.turn(1)).to_contain_text("Sort a list")


def test_search_finds_sessions_by_what_their_cells_hold(tab: Tab) -> None:
    two_sessions(tab)
    tab.add("needle_in_code = 1")
    search = tab.page.get_by_role("searchbox", name="Search sessions")
    search.fill("needle_in")
    expect(tab.sidebar.get_by_role("link")).to_have_count(1)
    expect(tab.sidebar.get_by_role("link")).to_contain_text("Parse a date")
    search.fill("nowhere at all")
    expect(tab.sidebar).to_contain_text("Nothing holds “nowhere at all”.")


def test_a_session_can_be_renamed(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    tab.page.get_by_role("button", name="More for Sort a list").click()
    tab.page.get_by_role("menuitem", name="Rename").click()
    tab.page.get_by_role("textbox", name="Title of the session").fill("My sorting")
    tab.page.keyboard.press("Enter")
    expect(tab.sidebar.get_by_role("link", name="My sorting")).to_be_visible()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("My sorting")


def test_a_deleted_session_comes_back_with_undo(tab: Tab) -> None:
    two_sessions(tab)
    tab.page.get_by_role("button", name="More for Sort a list").click()
    tab.page.get_by_role("menuitem", name="Delete").click()
    expect(tab.sidebar.get_by_role("link", name="Sort a list")).to_have_count(0)
    tab.sidebar.get_by_role("button", name="Undo").click()
    tab.sidebar.get_by_role("link", name="Sort a list").click()
    expect(tab.turn(1)).to_contain_text("Sort a list")


def test_deleting_the_session_that_is_shown_leads_to_another(tab: Tab) -> None:
    two_sessions(tab)
    tab.page.get_by_role("button", name="More for Parse a date").click()
    tab.page.get_by_role("menuitem", name="Delete").click()
    expect(tab.turn(1)).to_contain_text("Sort a list")


def test_another_browser_lists_none_of_them(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    assert tab.site.act(kind="sessions", owner=STRANGER, session=None, query="")["sessions"] == []


def test_another_browser_cannot_open_a_session_by_its_address(tab: Tab, visitor: Come) -> None:
    tab.first("secret = 42")
    page = visitor(tab.site).page(f"?session={tab.session}")
    expect(page.get_by_role("alert")).to_contain_text("Sessions belong to the browser that made them.")
    expect(page.get_by_text("secret")).to_have_count(0)


def test_another_browser_is_offered_a_session_of_its_own(tab: Tab, visitor: Come) -> None:
    tab.first("secret = 42")
    page = visitor(tab.site).page(f"?session={tab.session}")
    page.get_by_role("alert").get_by_role("button", name="New session").click()
    stranger = Tab(page, tab.site).opened()
    assert stranger.session != tab.session


def test_the_live_stream_tells_another_key_nothing(tab: Tab) -> None:
    tab.first("secret = 42")
    message = tab.site.live(STRANGER, tab.session)
    assert message["type"] == "gone"
    assert "secret" not in str(message)


FORGED: dict[str, Json] = {
    "rename": {"title": "mine now"},
    "delete_session": {},
    "restore_session": {},
    "draft": {"text": "mine now"},
    "aim": {"target": "new"},
    "settings": {"sampling": {"temperature": 1.0}},
    "export": {},
    "retry_model": {},
    "ask": {"request": "mine now"},
    "stop": {"turn": "turn"},
    "regenerate": {"turn": "turn"},
    "edit_turn": {"turn": "turn", "request": "mine now"},
    "show_branch": {"turn": "turn"},
    "move_answer": {"turn": "turn", "target": "new"},
    "sees": {"request": "what is there"},
    "add_cell": {"after": None, "source": "mine now"},
    "delete_cell": {"cell": "cell"},
    "restore_cell": {"cell": "cell"},
    "move_cell": {"cell": "cell", "index": 0},
    "edit": {"cell": "cell", "source": "mine now", "revision": 1},
    "versions": {"cell": "cell"},
    "restore": {"cell": "cell", "version": "version", "revision": 1},
    "run": {"cell": "cell", "source": "mine now", "revision": 1},
    "run_all": {},
    "run_stale": {},
    "interrupt": {},
    "restart": {},
    "answer": {"run": "run", "text": "mine now"},
    "share": {},
    "revoke": {"token": "x" * 22},
}


def test_no_forged_action_of_another_browser_reads_or_changes_anything(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    tab.run(1)
    tab.settles(lambda view: view["cells"][0]["version"]["audit"] is not None)
    before = tab.view()
    real = {
        "turn": before["turns"][0]["id"],
        "cell": before["cells"][0]["id"],
        "version": before["cells"][0]["version"]["id"],
        "run": before["cells"][0]["run"]["id"],
    }
    for kind, args in FORGED.items():
        named = {name: real.get(name, value) for name, value in args.items()}
        answer = tab.site.act(kind=kind, owner=STRANGER, session=tab.session, **named)
        assert answer.get("fault", {}).get("kind") == "missing", (kind, answer)
        assert "numbers.sort" not in str(answer), kind
    assert tab.view() == before


@pytest.mark.parametrize("kind", ["edit", "run", "versions", "delete_cell", "move_cell", "restore_cell"])
def test_a_cell_of_another_owner_cannot_be_reached_through_ones_own_session(kind: str, tab: Tab, visitor: Come) -> None:
    tab.first("secret = 42")
    tab.settles(lambda view: view["cells"][0]["version"]["audit"] is not None)
    cell = tab.view()["cells"][0]
    stranger = arrive(tab.site, visitor)
    args = FORGED[kind] | {"cell": cell["id"]}
    answer = stranger.act(kind, **args)
    assert answer["fault"]["kind"] == "missing"
    assert tab.view()["cells"][0] == cell


def test_a_turn_of_another_owner_cannot_be_reached_through_ones_own_session(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    mine = tab.site.act(kind="new_session", owner=STRANGER, session=None)["session"]
    turn = tab.view()["turns"][0]["id"]
    for kind in ("sees", "regenerate", "show_branch", "edit_turn"):
        args = FORGED[kind] | {"turn": turn}
        args.pop("request", None) if kind == "sees" else None
        answer = tab.site.act(kind=kind, owner=STRANGER, session=mine, **args)
        assert answer["fault"]["kind"] == "missing", (kind, answer)


@pytest.mark.parametrize("key", ["", "short", None, 7, ["list"]])
def test_a_call_without_a_proper_key_is_refused(key: object, playground: Site) -> None:
    answer = playground.act(kind="sessions", owner=key, session=None, query="")
    assert "reload the page" in answer["fault"]["message"]


def test_ids_cannot_be_guessed(tab: Tab) -> None:
    tab.first("a = 1")
    view = tab.view()
    for its in (tab.session, view["cells"][0]["id"], view["cells"][0]["version"]["id"]):
        assert re.fullmatch(r"[0-9a-f]{32}|[\w-]{22,}", its)


def two_sessions(tab: Tab) -> None:
    """Two sessions of one browser; the newer one is shown."""
    tab.ask("Sort a list")
    tab.answered(1)
    tab.page.get_by_role("button", name="New session").first.click()
    expect(tab.page.get_by_role("list", name="First requests")).to_be_visible()
    tab.ask("Parse a date")
    tab.answered(1)
