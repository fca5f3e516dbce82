"""The command line: `python -m model`."""

from pathlib import Path

import pytest

from model.__main__ import main
from model.catalogue import MODELS


def test_list_shows_every_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["list", "--cache", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert [model.id for model in MODELS if model.id not in shown] == []


def test_an_unknown_model_is_an_error_with_a_way_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["fetch", "nonsense", "--cache", str(tmp_path)]) == 1
    assert "python -m model list" in capsys.readouterr().err


def test_a_file_that_is_not_the_published_one_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf"
    file.write_bytes(b"x")
    assert main(["fetch", "smollm2-135m-instruct", "--cache", str(tmp_path / "cache"), "--from", str(file)]) == 1
    assert "98,362,432" in capsys.readouterr().err
