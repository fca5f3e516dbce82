"""The audit on the page: a chip, triangles at the lines, findings with a way out, and a question before risky code."""

from collections.abc import Callable

from conftest import arrive
from playwright.sync_api import expect
from website import PHONE, Site, Visitor

RISKY = "import subprocess\nname = 'x'\nsubprocess.run('ls ' + name, shell=True)\nimport pandasx"
SAFE = "```python\nimport os\n\nname = 'x'\nos.listdir(name)\n```\nNo shell is needed."


def test_findings_stand_at_their_lines_and_are_asked_about(
    site: Callable[..., Site], visitor: Callable[..., Visitor]
) -> None:
    tab = arrive(site([SAFE]), visitor)
    tab.first(RISKY)
    cell = tab.cell(1)
    chip = cell.get_by_role("button", name="2 warnings")
    expect(chip).to_have_attribute("aria-expanded", "false")
    expect(cell.locator(".cm-lineNumbers .cm-warned")).to_have_text(["3", "4"])

    cell.get_by_role("button", name="Run").click()
    expect(cell.get_by_role("status").filter(has_text="Cell 1 was not run.")).to_contain_text("without a shell")
    assert tab.view()["cells"][0]["run"] is None
    cell.get_by_role("button", name="Run anyway").press("Enter")
    tab.settles(lambda view: (view["cells"][0]["run"] or {}).get("status") == "error")
    expect(cell.get_by_role("button", name="Run anyway")).to_have_count(0)

    chip.press("Enter")
    findings = cell.get_by_role("list", name="Audit of cell 1").get_by_role("listitem")
    expect(findings).to_have_count(3)
    expect(findings.nth(2)).to_contain_text("There is no module pandasx here.")
    findings.nth(1).get_by_role("button", name="line 3").click()
    expect(tab.editor(1)).to_be_focused()
    findings.nth(1).get_by_role("button", name="Fix").click()
    tab.answered(1)
    assert "subprocess.run('ls ' + name, shell=True)" in tab.view()["turns"][0]["request"]
    expect(cell.get_by_text("audit clean")).to_be_visible()
    expect(cell.locator(".cm-warned")).to_have_count(0)


def test_code_that_does_not_parse_says_so_on_a_phone(
    site: Callable[..., Site], visitor: Callable[..., Visitor]
) -> None:
    tab = arrive(site(["```python\ndef f(:\n    eval('1')\n```\nDone."]), visitor, viewport=PHONE, has_touch=True)
    tab.ask("f")
    tab.answered(1)
    card = tab.thread.get_by_role("button", name="cell 1 · v1")
    expect(card).to_contain_text("does not parse")
    card.click()
    tab.cell(1).get_by_role("button", name="does not parse").tap()
    expect(tab.cell(1).get_by_role("list", name="Audit of cell 1")).to_contain_text("invalid syntax, line 1")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
