"""What of Gradio's own interface can be reached on the real server, and how much it takes."""

import http.client
import json

import psutil
import pytest
from website import PATIENCE, Site

from app.ui.doors import LARGEST

KEY = "d" * 64
API = "/gradio_api/component_server"


def asked(
    site: Site, method: str, path: str, body: bytes = b"", content_type: str = "application/json"
) -> tuple[int, bytes]:
    """Status and body of the server's answer."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {"Content-Type": content_type})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_nobody_can_leave_files_with_gradio(playground: Site) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.html"\r\n\r\n<script>1</script>\r\n--x--\r\n'
    )
    status, answer = asked(playground, "POST", "/gradio_api/upload", form, "multipart/form-data; boundary=x")
    assert (status, answer) == (404, b"Not Found")


@pytest.mark.parametrize(
    "path",
    [
        *("upload_progress?upload_id=a", "heartbeat/a", "queue/data?session_hash=a", "deep_link?session_hash=a"),
        *("file=/etc/hostname", "proxy=http://127.0.0.1/", "custom_component/a/client/b/c"),
        *("../gradio_api/info", "component_server/../info"),
    ],
)
def test_what_the_page_does_not_use_is_closed(path: str, playground: Site) -> None:
    assert asked(playground, "GET", f"/gradio_api/{path}")[0] == 404


def test_an_action_that_is_too_large_is_answered_in_words_and_the_next_one_as_ever(playground: Site) -> None:
    action = {"data": {"kind": "sessions", "owner": KEY, "query": "x" * LARGEST}, "session_hash": "a"}
    status, answer = asked(playground, "POST", API, json.dumps(action).encode())
    assert status == 200
    assert f"{LARGEST:,} bytes" in json.loads(answer)["fault"]["message"]
    assert playground.act(kind="sessions", owner=KEY) == {"sessions": []}


def test_names_of_gradio_sessions_are_not_kept(playground: Site) -> None:
    process = psutil.Process(playground.pid)
    before = process.memory_info().rss
    for number in range(40):
        name = f"{number}".ljust(LARGEST - 1000, "x")
        action = {"data": {"kind": "sessions", "owner": KEY}, "component_id": playground.component, "fn_name": "act"}
        assert asked(playground, "POST", API, json.dumps({**action, "session_hash": name}).encode())[0] == 200
    assert process.memory_info().rss - before < 20 * LARGEST
