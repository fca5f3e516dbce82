"""The file of a run: whatever a kill leaves of it, the next start goes on with what was whole."""

import gzip
import json
from pathlib import Path

import pytest

from app.evaluation.errors import OtherRun, ResultsDamaged
from app.evaluation.rows import Rows, read

RUN = {"benchmark": "humaneval", "model": "a", "seed": 1, "command": "first"}
ROWS = [{"key": f"task/{number}", "passed": number % 2 == 0, "code": "print('é')\n" * number} for number in range(4)]


def filled(path: Path) -> Rows:
    rows = Rows(path, RUN)
    for row in ROWS:
        if row["key"] not in rows.done():
            rows.add(row)
    return rows


def test_samples_are_read_as_they_were_added(tmp_path: Path) -> None:
    filled(tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl") == (RUN, ROWS)


def test_a_file_cut_anywhere_is_gone_on_with_to_the_same_end(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    filled(whole)
    content = whole.read_bytes()
    for end in range(0, len(content), 7):
        path = tmp_path / f"{end}.jsonl"
        path.write_bytes(content[:end])
        filled(path)
        assert path.read_bytes() == content


def test_a_torn_line_longer_than_one_read_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    filled(path)
    content = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'{"key": "' + b"x" * 200_000)
    Rows(path, RUN)
    assert path.read_bytes() == content


@pytest.mark.parametrize("change", [{"model": "b"}, {"seed": 2}, {"temperature": 0.8}])
def test_samples_of_two_runs_do_not_mix(tmp_path: Path, change: dict[str, object]) -> None:
    filled(tmp_path / "a.jsonl")
    (name,) = change
    with pytest.raises(OtherRun, match=rf"{name} .*, not .*--out"):
        Rows(tmp_path / "a.jsonl", {**RUN, **change})


def test_what_only_changes_the_speed_may_differ(tmp_path: Path) -> None:
    filled(tmp_path / "a.jsonl")
    rows = Rows(tmp_path / "a.jsonl", {**RUN, "command": "second", "limit": None})
    assert len(rows.done()) == len(ROWS)
    assert rows.run == {**RUN, "command": "second", "limit": None}


def test_the_first_of_two_samples_with_one_key_counts(tmp_path: Path) -> None:
    filled(tmp_path / "a.jsonl").add({"key": "task/0", "passed": False, "code": ""})
    assert read(tmp_path / "a.jsonl")[1] == ROWS


def test_two_processes_may_append_to_one_file(tmp_path: Path) -> None:
    one, two = Rows(tmp_path / "a.jsonl", RUN), Rows(tmp_path / "a.jsonl", RUN)
    for number, row in enumerate(ROWS):
        (one, two)[number % 2].add(row)
    assert read(tmp_path / "a.jsonl")[1] == ROWS


def test_compressed_files_can_be_read(tmp_path: Path) -> None:
    filled(tmp_path / "a.jsonl")
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    assert read(packed) == (RUN, ROWS)


@pytest.mark.parametrize("content", ["", "[]\n", '{"key": 1}\n', "no json\n", json.dumps({"run": {}}) + '\n{"a": 1}\n'])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(ResultsDamaged, match="not the file of an evaluation"):
        read(tmp_path / "a.jsonl")
