"""Links to read-only copies: what they show without scripts, what they admit, forks, and withdrawal."""

import re
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tab import Tab
from website import Visitor

Come = Callable[..., Visitor]
CODE = 'def double(n: int) -> int:\n    return 2 * n\n\n\nprint(double(21), "shown")'


def test_a_link_shows_code_and_output_without_javascript(tab: Tab, visitor: Come) -> None:
    page = reader(tab, visitor, shared(tab))
    expect(page.get_by_role("group", name="Code of cell 1")).to_contain_text("return 2 * n")
    expect(page.get_by_role("group", name="Output of cell 1")).to_contain_text("42 shown")


def test_shared_code_is_highlighted(tab: Tab, visitor: Come) -> None:
    page = reader(tab, visitor, shared(tab))
    keyword = page.locator("pre.code span", has_text=re.compile("^def$")).first
    plain = page.locator("pre.code").first
    assert keyword.evaluate("it => getComputedStyle(it).color") != plain.evaluate("it => getComputedStyle(it).color")


def test_a_link_is_shown_as_text_and_has_at_least_128_random_bits(tab: Tab) -> None:
    token = shared(tab).rpartition("/")[2]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,}", token)


def test_the_page_behind_a_link_forbids_scripts_and_other_addresses(tab: Tab) -> None:
    with urllib.request.urlopen(shared(tab)) as answer:
        policy = answer.headers["Content-Security-Policy"]
        text = answer.read().decode()
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "<script" not in text


def test_an_output_that_ran_on_the_code_shown_says_so(tab: Tab, visitor: Come) -> None:
    page = reader(tab, visitor, shared(tab))
    expect(page.get_by_role("article")).to_contain_text(re.compile("ran on exactly this code [0-9a-f]{7}"))


def test_an_output_of_older_code_says_so(tab: Tab, visitor: Come) -> None:
    tab.first(CODE)
    tab.run(1)
    tab.append(1, "\nprint('added')")
    page = reader(tab, visitor, link(tab))
    expect(page.get_by_role("article")).to_contain_text(re.compile("edited since; output of [0-9a-f]{7}"))


def test_a_cell_that_was_never_run_says_so(tab: Tab, visitor: Come) -> None:
    tab.first(CODE)
    page = reader(tab, visitor, link(tab))
    expect(page.get_by_role("article")).to_contain_text("not run")


def test_a_link_keeps_showing_the_copy_until_it_is_updated(tab: Tab, visitor: Come) -> None:
    address = shared(tab)
    tab.page.keyboard.press("Escape")
    tab.rewrite(1, "changed = True")
    tab.stores(1, "changed = True")
    page = reader(tab, visitor, address)
    expect(page.locator("pre.code")).to_contain_text("return 2 * n")
    tab.page.get_by_role("button", name="Share").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Update").click()
    expect(tab.page.get_by_role("dialog").get_by_text("older than the session")).to_have_count(0)
    page.reload()
    expect(page.locator("pre.code")).to_contain_text("changed = True")


def test_a_fork_copies_code_and_requests_into_a_session_of_the_visitors_own(tab: Tab, visitor: Come) -> None:
    tab.ask("Write a function that sorts a list")
    tab.answered(1)
    other = visitor(tab.site)
    page = other.context.new_page()
    page.goto(link(tab))
    page.get_by_role("link", name="Fork").click()
    fork = Tab(page, tab.site)
    expect(fork.turn(1)).to_contain_text("Write a function that sorts a list")
    assert fork.session != tab.session
    assert fork.source(1) == tab.source(1)
    fork.rewrite(1, "mine = 1")
    fork.stores(1, "mine = 1")
    assert "numbers.sort()" in tab.source(1)


def test_a_fork_brings_no_outputs(tab: Tab, visitor: Come) -> None:
    address = shared(tab)
    page = visitor(tab.site).page(f"?fork={address.rpartition('/')[2]}")
    fork = Tab(page, tab.site)
    expect(fork.editor(1)).to_contain_text("return 2 * n")
    assert fork.view()["cells"][0]["run"] is None


def test_a_revoked_link_is_dead_at_once(tab: Tab) -> None:
    address = shared(tab)
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Revoke…").click()
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    expect(dialog.get_by_role("button", name="Create a link")).to_be_visible()
    with pytest.raises(urllib.error.HTTPError, match="410") as gone:
        urllib.request.urlopen(address)
    assert "withdrawn" in gone.value.read().decode()


def test_a_revoked_link_cannot_be_forked(tab: Tab, visitor: Come) -> None:
    token = shared(tab).rpartition("/")[2]
    tab.act("revoke", token=token)
    page = visitor(tab.site).page(f"?fork={token}")
    expect(page.get_by_role("alert")).to_contain_text("This link does not work any more")


def test_an_unknown_token_gets_a_page_that_says_what_may_be_wrong(tab: Tab) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as missing:
        urllib.request.urlopen(f"{tab.site.url}s/{'x' * 32}")
    assert "There is no such link" in missing.value.read().decode()


def test_a_link_prints_in_black_on_white(tab: Tab, visitor: Come) -> None:
    page = reader(tab, visitor, shared(tab), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("body").evaluate("it => getComputedStyle(it).color") == "rgb(21, 25, 28)"
    expect(page.get_by_role("link", name="Fork")).to_be_hidden()


def shared(tab: Tab) -> str:
    """The address of a link to a session with one cell that ran."""
    tab.first(CODE)
    tab.run(1)
    return link(tab)


def link(tab: Tab) -> str:
    """Share the session; the address as the page shows it."""
    tab.page.get_by_role("button", name="Share").click()
    dialog = tab.page.get_by_role("dialog", name="Share")
    dialog.get_by_role("button", name="Create a link").click()
    return dialog.get_by_role("textbox", name="Link").input_value()


def reader(tab: Tab, visitor: Come, address: str, **options: object) -> Page:
    """The link in the browser of somebody else, who runs no scripts."""
    return visitor(tab.site, java_script_enabled=False, **options).page(address.removeprefix(tab.site.url))
