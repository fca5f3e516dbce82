"""The page around the cells, in a real browser: sessions, thread, composer, sheets, keys."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tab import Tab
from website import PHONE, Site, Visitor

SORT = "def sort_integers(values):\n    return sorted(values)\n```\nIt leaves the list as it is."
IN_PLACE = "def sort_integers(values):\n    values.sort()\n```\nNow `values` itself is sorted."
SLOW = "def long():\n" + "    x = 1\n" * 400 + "```\n"
PATIENCE = 60_000  # ms

Come = Callable[..., Visitor]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests here; sessions belong to the browsers and so stay apart."""
    its = Site(tmp_path_factory.mktemp("place"), [SORT, IN_PLACE] * 30, tokens_per_second=400)
    its.start()
    yield its
    its.kill()


@pytest.fixture
def page(browser: Browser, place: Site) -> Iterator[Page]:
    """A new browser in an empty session."""
    its = Visitor(browser, place.url)
    page = its.page()
    expect(page.locator(".hello")).to_be_visible(timeout=PATIENCE)
    yield page
    its.close()


def composer(page: Page) -> Locator:
    return page.get_by_label("Your request")


def ask(page: Page, request: str) -> None:
    """Ask and wait until it is answered."""
    turns = page.locator(".turn").count()
    composer(page).fill(request)
    composer(page).press("Enter")
    expect(page.locator(".card .ref")).to_have_count(turns + 1, timeout=PATIENCE)
    answered(page)


def answered(page: Page) -> None:
    """Wait until nothing is being written."""
    expect(page.locator(".card .live")).to_have_count(0, timeout=PATIENCE)


def on_the_page(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')"))


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_a_first_request_makes_a_turn_whose_card_names_the_cell(page: Page) -> None:
    page.locator(".firsts button").first.click()
    expect(page.locator(".card .ref")).to_have_text("cell 1 · v1", timeout=PATIENCE)
    expect(page.locator(".say")).to_contain_text("It leaves the list as it is.", timeout=PATIENCE)


def test_what_people_write_is_text_and_nothing_else(page: Page) -> None:
    ask(page, "<img src=x onerror=alert(1)> **bold** `code` </p><script>alert(2)</script>")
    expect(page.locator(".turn .ask")).to_contain_text("<img src=x onerror=alert(1)> **bold** `code`")
    expect(page.locator(".turn img, .turn script, .sessions img")).to_have_count(0)


def test_a_long_request_is_folded_and_opens(page: Page) -> None:
    ask(page, "word " * 500)
    fold = page.get_by_role("button", name="show all")
    expect(fold).to_be_visible()
    fold.click()
    expect(page.locator(".ask")).to_contain_text("word " * 499)


def test_requests_that_cannot_be_sent_say_why_and_stay(page: Page) -> None:
    composer(page).press("Enter")
    expect(page.locator("#composer-why")).to_have_text("Write a request first.")
    composer(page).fill("x" * 100_001)
    expect(page.locator("#composer-why")).to_contain_text("100,001")
    composer(page).press("Enter")
    assert composer(page).input_value() == "x" * 100_001


def test_text_typed_a_moment_before_a_reload_is_there_again(page: Page) -> None:
    composer(page).fill("half a thought")
    page.reload()
    expect(composer(page)).to_have_value("half a thought", timeout=PATIENCE)


def test_an_edited_request_branches_and_both_branches_can_be_seen(page: Page) -> None:
    ask(page, "Sort a list")
    page.get_by_label("Edit request 1").click()
    page.keyboard.press("End")
    page.keyboard.type(" of integers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Branch 2 of 2")).to_be_visible(timeout=PATIENCE)
    answered(page)
    page.get_by_label("Previous branch").click()
    expect(page.locator(".ask")).to_have_text("Sort a list", timeout=PATIENCE)


def test_escape_leaves_the_request_as_it_was(page: Page) -> None:
    ask(page, "Sort a list")
    page.get_by_label("Edit request 1").click()
    page.keyboard.type("something else")
    page.keyboard.press("Escape")
    expect(page.locator(".ask")).to_have_text("Sort a list")


def test_a_deleted_session_comes_back_by_undo(page: Page) -> None:
    ask(page, "Sort a list")
    address = page.url
    page.get_by_label("More for Sort a list").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.locator(".hello")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".ask")).to_have_text("Sort a list", timeout=PATIENCE)
    assert page.url == address


def test_sessions_are_switched_within_the_page_and_by_the_back_button(page: Page) -> None:
    ask(page, "Sort a list")
    page.evaluate("window.stayed = true")
    page.locator(".side").get_by_role("button", name="New session").click()
    expect(page.locator(".hello")).to_be_visible(timeout=PATIENCE)
    page.go_back()
    expect(page.locator(".ask")).to_have_text("Sort a list", timeout=PATIENCE)
    assert page.evaluate("window.stayed")


def test_another_browser_does_not_see_the_session(page: Page, place: Site, visitor: Come) -> None:
    ask(page, "A secret request")
    stranger = visitor(place).page(page.url.removeprefix(place.url))
    expect(stranger.get_by_role("alert")).to_contain_text("belong to the browser", timeout=PATIENCE)
    expect(stranger.get_by_text("A secret request")).to_have_count(0)


def test_a_sheet_gives_the_focus_back(page: Page) -> None:
    page.get_by_label("Keys").focus()
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert on_the_page(page) == "Keys"


def test_the_composer_is_reached_by_its_key_from_anywhere(page: Page) -> None:
    page.get_by_label("Keys").focus()
    page.keyboard.press("Control+k")
    assert on_the_page(page) == "Your request"


def test_what_the_model_sees_is_shown_in_parts(page: Page) -> None:
    composer(page).fill("Sort a list")
    page.get_by_role("button", name="sees").click(timeout=PATIENCE)
    expect(page.locator(".parts")).to_contain_text("Sort a list", timeout=PATIENCE)


def test_a_link_is_made_shown_as_text_and_withdrawn(page: Page) -> None:
    ask(page, "Sort a list")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("button", name="Create a link").click()
    address = page.get_by_label("Link").input_value(timeout=PATIENCE)
    assert page.request.get(address).status == 200
    page.get_by_role("button", name="Revoke…").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_role("button", name="Create a link")).to_be_visible(timeout=PATIENCE)
    assert page.request.get(address).status in {404, 410}


def test_sampling_is_kept(place: Site, page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Seed").fill("7")
    page.keyboard.press("Tab")
    Tab(page, place).settles(lambda view: view["session"]["sampling"].get("seed") == 7)
    page.reload()
    page.get_by_role("button", name="Settings").click(timeout=PATIENCE)
    expect(page.get_by_label("Seed")).to_have_value("7", timeout=PATIENCE)


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_nothing_scrolls_sideways(place: Site, visitor: Come, width: int) -> None:
    phone: dict[str, Any] = {"viewport": {**PHONE, "width": width}, "is_mobile": True, "has_touch": True}
    page = visitor(place, **phone).page()
    expect(page.locator(".hello")).to_be_visible(timeout=PATIENCE)
    assert overflow(page) == 0
    ask(page, "averylongwordwithoutanyspace" * 20)
    assert overflow(page) == 0
    page.locator(".card").first.tap()
    expect(page.get_by_role("tab", name="Cells")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".cell").first).to_be_in_viewport()
    assert overflow(page) == 0


def test_what_is_typed_while_the_server_is_away_reaches_it(tmp_path: Path, visitor: Come) -> None:
    place = Site(tmp_path / "site", [SORT])
    place.start()
    try:
        visit = visitor(place)
        page = visit.page()
        expect(page.locator(".hello")).to_be_visible(timeout=PATIENCE)
        ask(page, "Sort a list")
        place.kill()
        expect(page.locator(".bar.left")).to_contain_text("reconnecting", timeout=PATIENCE)
        composer(page).fill("typed in between")
        page.evaluate("window.stayed = true")
        place.start()
        expect(page.locator(".bar.left")).to_contain_text("saved", timeout=PATIENCE)
        expect(composer(page)).to_have_value("typed in between")
        assert page.evaluate("window.stayed")
        other = visit.page(page.url.removeprefix(place.url))  # another tab has only what the server knows
        expect(composer(other)).to_have_value("typed in between", timeout=PATIENCE)
    finally:
        place.kill()


def test_escape_stops_the_answer_and_keeps_what_came(tmp_path: Path, visitor: Come) -> None:
    place = Site(tmp_path / "site", [SLOW], tokens_per_second=20)
    place.start()
    try:
        page = visitor(place).page()
        expect(page.locator(".hello")).to_be_visible(timeout=PATIENCE)
        composer(page).fill("Write a long function")
        composer(page).press("Enter")
        expect(page.locator(".card .ref")).to_be_visible(timeout=PATIENCE)
        page.keyboard.press("Escape")
        expect(page.locator(".card")).to_contain_text("stopped", timeout=PATIENCE)
        expect(page.locator(".cell").first).to_contain_text("def long")
    finally:
        place.kill()
