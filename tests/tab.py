"""One tab at the playground: what a person does there, and what the server holds of the session it shows."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect
from website import Json, Site

KEY = "codegen-playground-owner"


class Tab:
    """A tab, driven as a person drives it.

    Args:
        page: the browser's tab; it has begun to load.
        site: the server that it looks at.
    """

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site
        self.composer = page.get_by_role("textbox", name="Your request")
        self.send = page.get_by_role("button", name="Send", exact=True)
        self.thread = page.get_by_role("region", name="Thread")
        self.sidebar = page.get_by_role("complementary", name="Sessions")

    def opened(self) -> "Tab":
        """This tab, once it shows its session and a request can be sent."""
        expect(self.page.locator(".hello, .turn").first).to_be_attached()
        expect(self.page.locator(".load")).to_have_count(0)
        return self

    # What a person does

    def write(self, request: str) -> None:
        """Put a request into the composer without sending it."""
        self.composer.fill(request)

    def ask(self, request: str) -> None:
        """Write a request and send it."""
        self.write(request)
        self.composer.press("Enter")

    def answered(self, number: int) -> None:
        """Wait until a turn has been answered."""
        self.settles(lambda view: len(view["turns"]) >= number and view["turns"][number - 1]["status"] == "done")
        expect(self.page.get_by_role("button", name=f"More for turn {number}")).to_be_attached()

    def aim(self, choice: str) -> None:
        """Choose where the next answer goes: "New cell", "Refine cell 1"."""
        self.page.get_by_role("button", name="The answer goes to").click()
        self.page.get_by_role("menuitemradio", name=choice).click()

    def editor(self, number: int) -> Locator:
        """The editor of a cell."""
        return self.cell(number).locator(".cm-content")

    def first(self, source: str) -> None:
        """Write the first cell of an empty session by hand, and wait until it is stored."""
        ghost = self.page.get_by_role("article", name="New cell").locator(".cm-content")
        ghost.click()
        self.page.keyboard.insert_text(source)
        self.stores(1, source)
        expect(self.page.get_by_role("article", name="New cell")).to_have_count(0)

    def add(self, source: str) -> int:
        """Add a cell below all others, write it, wait until it is stored; its number."""
        number = len(self.view()["cells"]) + 1
        self.page.get_by_role("button", name="Add a cell", exact=True).click()
        expect(self.editor(number)).to_be_focused()
        self.page.keyboard.insert_text(source)
        self.stores(number, source)
        return number

    def cells(self, *sources: str) -> None:
        """Write the first cells of an empty session by hand."""
        self.first(sources[0])
        for source in sources[1:]:
            self.add(source)

    def rewrite(self, number: int, source: str) -> None:
        """Replace what stands in a cell by typing over it."""
        self.editor(number).click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def append(self, number: int, text: str) -> None:
        """Type below what stands in a cell."""
        self.editor(number).click()
        self.page.keyboard.press("ControlOrMeta+End")
        self.page.keyboard.insert_text(text)

    def run(self, number: int) -> Locator:
        """Run a cell and wait for its end; the cell's output."""
        before = (self.view()["cells"][number - 1]["run"] or {}).get("id")
        self.cell(number).get_by_role("button", name="Run", exact=False).first.click()
        self.settles(lambda view: _ended(view["cells"][number - 1]["run"], before))
        return self.output(number)

    def menu(self, number: int, item: str) -> None:
        """Choose from the menu of a cell."""
        self.page.get_by_role("button", name=f"More for cell {number}").click()
        self.page.get_by_role("menuitem", name=item, exact=False).first.click()

    # What a person sees

    def cell(self, number: int) -> Locator:
        """A cell."""
        return self.page.get_by_role("article", name=re.compile(rf"^Cell {number},"))

    def turn(self, number: int) -> Locator:
        """A turn."""
        return self.page.get_by_role("article", name=f"Turn {number}", exact=True)

    def output(self, number: int) -> Locator:
        """What a cell put out."""
        return self.page.get_by_role("region", name=re.compile(rf"^Output of cell {number}(,|$)"))

    # What the server holds

    @property
    def key(self) -> str:
        """The key that this browser holds."""
        return str(self.page.evaluate(f"localStorage.getItem('{KEY}')"))

    @property
    def session(self) -> str:
        """The id of the session shown."""
        found = re.search(r"[?&]session=([\w-]+)", self.page.url)
        assert found, self.page.url
        return found[1]

    def view(self) -> Json:
        """The session as the server tells it."""
        return self.site.view(self.key, self.session)

    def source(self, number: int) -> str:
        """What the server holds of a cell."""
        return str(self.view()["cells"][number - 1]["source"])

    def stores(self, number: int, source: str) -> None:
        """Wait until the server holds exactly this in a cell."""
        self.settles(lambda view: len(view["cells"]) >= number and view["cells"][number - 1]["source"] == source)

    def settles(self, condition: Any) -> None:
        """Wait until the session, as the server tells it, meets a condition."""
        self.site.wait(lambda: condition(self.view()))

    def act(self, kind: str, **args: object) -> Json:
        """What the server answers to an action of this browser on the session shown."""
        return self.site.act(kind=kind, owner=self.key, session=self.session, **args)


def _ended(run: Json | None, before: str | None) -> bool:
    return run is not None and run["id"] != before and run["status"] not in {"queued", "running"}
