"""What is written and does not arrive: it stays where it was written, and one session holds up no other."""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect
from tab import Tab
from test_page_keeping import conflict
from website import Site, Visitor

Come = Callable[..., Visitor]


def test_a_draft_that_the_server_refuses_stays_in_the_composer(tab: Tab) -> None:
    tab.write("short")
    tab.settles(lambda view: view["session"]["draft"] == "short")
    long = "x" * 100_001
    with tab.page.expect_response(lambda answer: sends(answer.request.post_data, "draft")):
        tab.write(long)
    tab.composer.blur()
    tab.act("rename", title="Told by the stream")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Told by the stream")
    expect(tab.composer).to_have_value(long)
    tab.page.reload()
    expect(tab.opened().composer).to_have_value(long)


def test_a_request_that_did_not_arrive_comes_back_before_what_was_typed_since(tab: Tab) -> None:
    held = hold(tab.page, "ask")
    tab.ask("Sort a list")
    expect(tab.composer).to_have_value("")
    tab.write("Parse a date")
    let_go(tab, held)
    expect(tab.composer).to_have_value("Sort a list\n\nParse a date")
    expect(tab.thread.get_by_role("alert")).to_contain_text("Your request is kept below.")


def test_a_request_that_did_not_arrive_comes_back_in_its_session(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    new_session(tab)
    held = hold(tab.page, "ask")
    tab.ask("Parse a date")
    expect(tab.composer).to_have_value("")
    tab.write("and a time")
    tab.sidebar.get_by_role("link", name="Sort a list").click()
    expect(tab.turn(1)).to_contain_text("Sort a list")
    with tab.page.expect_event("requestfailed"):
        let_go(tab, held)
    expect(tab.composer).to_have_value("")
    expect(tab.thread.get_by_role("alert")).to_have_count(0)
    tab.page.go_back()
    expect(tab.composer).to_have_value("Parse a date\n\nand a time")
    tab.settles(lambda view: view["session"]["draft"] == "Parse a date\n\nand a time")


def test_what_is_asked_for_in_a_session_is_done_in_it_though_another_is_shown_by_then(tab: Tab) -> None:
    tab.first("one = 1")
    key, session = tab.key, tab.session
    held = hold(tab.page, "edit")
    tab.append(1, "\nprint(one)")
    tab.page.get_by_role("button", name="Run all").click()
    new_session(tab)
    let_go(tab, held, arrives=True)
    tab.site.wait(lambda: (tab.site.view(key, session)["cells"][0]["run"] or {}).get("status") == "ok")


def test_an_open_conflict_holds_up_its_own_session_alone_and_is_told_by_a_closed_cell(
    playground: Site, visitor: Come
) -> None:
    mine, _ = conflict(playground, visitor)
    mine.menu(1, "Close")
    expect(mine.cell(1)).to_contain_text("Changed in another tab.")
    new_session(mine)
    mine.ask("Sort a list")
    mine.answered(1)


def test_enter_pressed_twice_asks_once(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    tab.page.get_by_role("button", name="Edit request 1").click()
    held = hold(tab.page, "edit_turn")
    field = tab.page.get_by_role("textbox", name="Request 1")
    field.fill("Sort a tuple")
    field.press("Enter")
    field.press("Enter")
    let_go(tab, held, arrives=True)
    expect(field).to_have_count(0)
    tab.answered(1)
    assert tab.view()["turns"][0]["branch"]["count"] == 2


def test_a_selection_that_ends_beside_a_sheet_leaves_it_open(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Load a dialogue with slots").click()
    sheet = tab.page.get_by_role("dialog", name="Inputs and replays")
    line = sheet.get_by_role("textbox")
    line.fill('{"prompts": []}')
    line.hover()
    tab.page.mouse.down()
    tab.page.mouse.move(200, 400)
    tab.page.mouse.up()
    expect(line).to_have_value('{"prompts": []}')
    tab.page.mouse.click(200, 400)
    expect(sheet).to_have_count(0)


def new_session(tab: Tab) -> None:
    """Open a session in which nothing was asked yet."""
    before = tab.session
    tab.sidebar.get_by_role("button", name="New session", exact=True).click()
    tab.page.wait_for_url(lambda url: before not in url)
    expect(tab.page.get_by_role("list", name="First requests")).to_be_visible()
    tab.opened()


def hold(page: Page, kind: str) -> list[Route]:
    """Keep from the server what the page asks of one kind from now on."""
    held: list[Route] = []

    def caught(route: Route) -> None:
        if sends(route.request.post_data, kind):
            held.append(route)
        else:
            route.continue_()

    page.route("**/component_server/**", caught)
    return held


def let_go(tab: Tab, held: list[Route], *, arrives: bool = False) -> None:
    """Let what was held go on, or lose it, once it is there."""
    while not held:
        tab.page.wait_for_timeout(50)
    while held:
        route = held.pop()
        if arrives:
            route.continue_()
        else:
            route.abort()
    tab.page.unroute("**/component_server/**")


def sends(body: str | None, kind: str) -> bool:
    """Whether a request to the server is of a kind of action."""
    return f'"kind":"{kind}"' in (body or "")
