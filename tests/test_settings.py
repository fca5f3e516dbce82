"""What the environment decides."""

from pathlib import Path

import pytest

from app.settings import Settings, WrongSettings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PLAYGROUND_{name.upper()}", raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_bare_environment_serves_this_machine_alone() -> None:
    settings = Settings.from_env()
    assert (settings.host, settings.port) == ("127.0.0.1", 7860)
    assert settings.database == f"sqlite:///{settings.data / 'playground.db'}"
    assert settings.models.parent == settings.data


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLAYGROUND_PORT", "0")
    monkeypatch.setenv("PLAYGROUND_DATA", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/play")
    settings = Settings.from_env()
    assert (settings.port, settings.models) == (0, tmp_path / "models")
    assert settings.database == "postgresql://db/play"


def test_each_database_has_its_own_kept_files_whoever_opens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"": Settings.from_env().kept}
    for url in ("postgresql://db/play", "postgresql://a:b@db/play", "postgresql://db/other", "sqlite:////tmp/a.db"):
        monkeypatch.setenv("DATABASE_URL", url)
        found[url] = Settings.from_env().kept
    assert found["postgresql://db/play"] == found["postgresql://a:b@db/play"]
    assert len(set(found.values())) == 4


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PLAYGROUND_PORT", port)
    with pytest.raises(WrongSettings, match=f"^PLAYGROUND_PORT='{port}': .*Change or unset it"):
        Settings.from_env()


def test_a_remote_engine_is_set_up_by_names_without_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_URL", "http://gpu.example.org:8000")
    monkeypatch.setenv("ENGINE_KEY", "secret")
    monkeypatch.setenv("ENGINE_WINDOW", "4096")
    settings = Settings.from_env()
    assert str(settings.engine_url) == "http://gpu.example.org:8000/"
    assert (settings.engine_key.get_secret_value(), settings.engine_window) == ("secret", 4096)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("address", ["gpu:8000", "ftp://gpu", "nonsense"])
def test_a_wrong_address_of_the_engine_names_its_variable(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("ENGINE_URL", address)
    with pytest.raises(WrongSettings, match="ENGINE_URL"):
        Settings.from_env()
