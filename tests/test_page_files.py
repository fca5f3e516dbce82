"""Files of a session in the page: up, into a cell, back out, and closed to everybody else."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, expect
from tab import Tab
from website import PHONE

CSV = b"city,people\nOslo,700000\nBergen,290000\n"
TABLE = FilePayload(name="people of t\u00fcbingen.csv", mimeType="text/csv", buffer=CSV)
USES = "import pandas\ntable = pandas.read_csv('people of tübingen.csv')\nprint(table.people.sum())\n"
WRITES = "open('out.bin', 'wb').write(bytes(range(256)))"


def test_a_file_goes_up_into_a_cell_and_what_the_cell_writes_comes_down(tab: Tab, tmp_path: Path) -> None:
    tab.first(USES + WRITES)
    sheet = opened(tab)
    expect(sheet).to_contain_text("Files appear with the first run")
    expect(sheet).to_contain_text("128 MB used; 32 MB at most for a file")
    upload(sheet, TABLE)
    tab.page.keyboard.press("Escape")
    expect(tab.run(1)).to_contain_text("990000")
    opened(tab)
    with tab.page.expect_download() as coming:
        sheet.get_by_role("button", name="Download out.bin").click()
    coming.value.save_as(tmp_path / "came")
    assert coming.value.suggested_filename == "out.bin"
    assert (tmp_path / "came").read_bytes() == bytes(range(256))


def test_a_file_is_deleted_once_that_was_meant(tab: Tab) -> None:
    sheet = opened(started(tab))
    upload(sheet, TABLE)
    row = sheet.get_by_role("listitem")
    row.get_by_role("button", name="Delete people").click()
    row.get_by_role("button", name="Leave it").click()
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Delete people").click()
    row.get_by_role("button", name="Delete", exact=True).click()
    expect(row).to_have_count(0)


def test_files_that_are_kept_outlive_a_restart_of_the_kernel(tab: Tab) -> None:
    sheet = opened(started(tab))
    upload(sheet, TABLE)
    switch = sheet.get_by_role("switch", name="Keep these files with the session")
    expect(sheet).to_contain_text("gone when the kernel ends")
    switch.check()
    expect(sheet).to_contain_text("given to the next one")
    tab.act("restart")
    expect(sheet.get_by_role("listitem")).to_have_count(1)
    switch.uncheck()
    expect(sheet.get_by_role("listitem")).to_have_count(0)


def test_a_name_that_cannot_be_is_refused_in_words(tab: Tab) -> None:
    assert refusal(lambda: post(started(tab), tab.key, "../up.csv"))[0] == 422
    assert "is not the name of a file" in refusal(lambda: post(tab, tab.key, "../up.csv"))[1]


def test_more_than_a_file_may_have_is_refused_by_page_and_server(tab: Tab, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes((32 << 20) + 1))
    sheet = opened(started(tab))
    sheet.get_by_label("Upload files").set_input_files(large)
    expect(sheet.get_by_role("alert")).to_contain_text("32 MB is the most for a file")
    status, words = refusal(lambda: post(tab, tab.key, "large.bin", large.read_bytes()))
    assert (status, "33,554,432 bytes" in words) == (422, True)
    assert tab.act("files")["files"] == []


def test_another_key_finds_nothing_and_no_key_is_turned_away(tab: Tab) -> None:
    post(started(tab), tab.key, "mine.csv", CSV)
    assert get(tab, tab.key, "mine.csv") == CSV
    assert refusal(lambda: get(tab, "x" * 43, "mine.csv"))[0] == 404
    assert refusal(lambda: post(tab, "x" * 43, "mine.csv"))[0] == 404
    assert refusal(lambda: get(tab, "", "mine.csv"))[0] == 403
    assert refusal(lambda: post(tab, "", "mine.csv"))[0] == 403
    assert get(tab, tab.key, "mine.csv") == CSV


def test_a_download_is_never_a_page(tab: Tab) -> None:
    post(started(tab), tab.key, "page.html", b"<script>alert(1)</script>")
    with urllib.request.urlopen(asked(tab, tab.key, "/page.html")) as answer:
        headers = answer.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''page.html"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")


def test_a_phone_reaches_the_files(tab: Tab) -> None:
    tab.page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    tab.page.get_by_role("button", name="Share, export, settings, keys").click()
    tab.page.get_by_role("menuitem", name="Files").click()
    expect(tab.page.get_by_role("dialog", name="Files")).to_contain_text("Upload files")


def started(tab: Tab) -> Tab:
    """The tab, once its session has an address."""
    tab.first("x = 1")
    return tab


def opened(tab: Tab) -> Locator:
    """Open the files from the kernel's menu; the sheet."""
    tab.page.locator(".bar.right .kernel").click()
    tab.page.get_by_role("menuitem", name="Files").click()
    return tab.page.get_by_role("dialog", name="Files")


def upload(sheet: Locator, file: FilePayload) -> None:
    """Choose a file, as the browser's own dialog would, and wait until it is listed."""
    sheet.get_by_label("Upload files").set_input_files(file)
    expect(sheet.get_by_role("listitem").filter(has_text=file["name"])).to_be_visible()


def asked(tab: Tab, key: str, path: str, data: bytes | None = None) -> urllib.request.Request:
    """A request for a file of the tab's session."""
    return urllib.request.Request(f"{tab.site.url}files/{tab.session}{path}", data, {"x-owner-key": key})


def get(tab: Tab, key: str, name: str) -> bytes:
    """Download past the page."""
    with urllib.request.urlopen(asked(tab, key, f"/{urllib.parse.quote(name)}")) as answer:
        return bytes(answer.read())


def post(tab: Tab, key: str, name: str, data: bytes = b"") -> None:
    """Upload past the page."""
    urllib.request.urlopen(asked(tab, key, f"?{urllib.parse.urlencode({'name': name})}", data)).close()


def refusal(request: Callable[[], object]) -> tuple[int, str]:
    """The status and the words with which a request is refused."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        request()
    return refused.value.code, refused.value.read().decode()
