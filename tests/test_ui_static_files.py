"""The page's script and style sheet are kept by browsers exactly as long as they are current."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.ui import static_files


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=static_files.routes()))


@pytest.mark.parametrize("name", ["playground.js", "playground.css"])
def test_a_file_under_its_current_address_may_be_kept_for_ever(client: TestClient, name: str) -> None:
    answer = client.get("/" + static_files.address(name))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == static_files.FOREVER
    assert answer.content == (static_files.BUILT / name).read_bytes()


def test_a_file_under_an_old_address_is_asked_for_again(client: TestClient) -> None:
    answer = client.get("/app-static/playground.js?v=0123456789abcdef")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["other.js", "..%2f..%2ftheme.py", "%2e%2e%2fstatic_files.py"])
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/app-static/{name}").status_code == 404


def test_a_missing_bundle_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(static_files, "BUILT", tmp_path)
    with pytest.raises(static_files.NotBuilt, match="npm run build"):
        static_files.address("playground.js")
