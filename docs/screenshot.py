# ruff: noqa: INP001 - a script, not a package
"""Takes the README's picture, docs/images/session.png, of a session that is played on a server of its own.

`--all FOLDER` also takes the phone, the dark page, the empty session, an error and the page behind a link.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import Browser, expect  # noqa: E402 - the tests' helpers lie in their folder
from tab import Tab  # noqa: E402
from website import DESKTOP, PHONE, Site, Visitor, chromium  # noqa: E402

PARSE = '''def parse_duration(text: str) -> int:
    """Seconds in a duration such as "1h 30m"."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(part[:-1]) * units[part[-1]] for part in text.split())'''
PARSE_ALL = '''def parse_duration(text: str) -> int:
    """Seconds in a duration such as "1h 30m" or "2d4h", else ValueError."""
    import re

    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"(\\d+)\\s*([dhms])", text)
    if not parts:
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(number) * units[unit] for number, unit in parts)'''
CALLS = '\n\n[parse_duration(it) for it in ["90s", "1h 30m", "2d4h"]]'
CHART = """import matplotlib.pyplot as plt
import pandas as pd

jobs = pd.DataFrame({"job": ["build", "test", "deploy"], "took": ["4m", "11m 30s", "1m5s"]})
jobs["seconds"] = jobs["took"].map(parse_duration)
jobs.plot.barh("job", "seconds", figsize=(4.4, 1.2), legend=False)
plt.show()
jobs"""
TOTAL = """def total(durations: list[str]) -> int:
    return sum(parse_duration(it) for it in durations)


total(["4m 10s", "soon"])"""

REQUESTS = [
    "Parse durations such as 1h 30m into seconds",
    "Accept days and texts without spaces, and raise ValueError for nonsense",
    "Plot how long three jobs took, with a table",
    "Write a function that totals a list of durations",
]
REPLIES = [
    f"```python\n{PARSE}\n```\n`parse_duration` adds up hours, minutes and seconds.",
    f"```python\n{PARSE_ALL}\n```\nDays count now, spaces may be left out, and nonsense raises `ValueError`.",
    f"```python\n{CHART}\n```\nA bar for each job; the table is the cell's value.",
    f"```python\n{TOTAL}\n```\nIt leans on `parse_duration`, so it fails where that does.",
]


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="where the other pictures go")
    folder = parser.parse_args().all
    with tempfile.TemporaryDirectory() as data, served(Path(data)) as site, chromium() as browser:
        visitor = Visitor(browser, site.url)
        tab = Tab(visitor.page(), site).opened()
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            tab.page.screenshot(path=folder / "empty.png")
        play(tab)
        tab.page.screenshot(path=ROOT / "docs" / "images" / "session.png")
        if folder:
            others(tab, browser, folder)
        visitor.close()


@contextmanager
def served(data: Path) -> Iterator[Site]:
    """A server that plays the replies."""
    site = Site(data, REPLIES)
    site.start()
    try:
        yield site
    finally:
        site.stop()


def play(tab: Tab) -> None:
    """Hold the session: ask, refine, run."""
    for number, request in enumerate(REQUESTS, 1):
        tab.ask(request)
        tab.answered(number)
        if number == 2:  # noqa: PLR2004 - the second answer is tried out
            tab.append(1, CALLS)
            tab.run(1)
        if number > 2:  # noqa: PLR2004 - the others run as they came
            tab.run(number - 1)
    tab.aim("Refine cell 3")
    tab.write("Leave out what is no duration")
    expect(tab.page.get_by_role("button", name="sees")).to_be_visible()
    tab.page.locator(".cells").evaluate("it => it.scrollTo(0, 0)")
    expect(tab.output(2).get_by_role("img")).to_be_attached()


def others(tab: Tab, browser: Browser, folder: Path) -> None:
    """The other pictures, of the same session."""
    tab.page.emulate_media(color_scheme="dark")
    tab.page.screenshot(path=folder / "dark.png")
    tab.page.emulate_media(color_scheme="light")
    tab.cell(3).scroll_into_view_if_needed()
    tab.page.screenshot(path=folder / "error.png")
    phone(tab, folder)
    tab.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    tab.page.get_by_role("button", name="Share").click()
    tab.page.get_by_role("button", name="Create a link").click()
    address = tab.page.get_by_role("textbox", name="Link").input_value()
    tab.page.screenshot(path=folder / "share-sheet.png")
    reader = Visitor(browser, tab.site.url)
    reader.page(address.removeprefix(tab.site.url)).screenshot(path=folder / "share.png", full_page=True)
    reader.close()


def phone(tab: Tab, folder: Path) -> None:
    """Both panes at the width of a phone."""
    tab.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for name in ("Thread", "Cells"):
        tab.page.get_by_role("tab", name=name).click()
        tab.page.screenshot(path=folder / f"phone-{name.lower()}.png")


if __name__ == "__main__":
    main()
