"""Folders filled by hostile code."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from app.runner.tree import folder_use, remove_tree, sweep


def nest(folder: Path, depth: int) -> None:
    """Make folders inside each other, deeper than a path can say."""
    start = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    try:
        for _ in range(depth):
            Path("deep").mkdir()
            os.chdir("deep")
        Path("file").write_text("x")
    finally:
        os.chdir(start)
        os.close(start)


def test_files_folders_and_blocks_are_counted(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(bytes(10_000))
    use = folder_use(tmp_path, 100)
    assert use.files == 2
    assert use.size >= 10_000


def test_a_sparse_file_counts_by_the_blocks_it_has(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    assert folder_use(tmp_path, 100).size < 1 << 20


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr")
    assert folder_use(tmp_path, 100).files == 1


def test_what_is_nested_out_of_sight_counts_as_too_many(tmp_path: Path) -> None:
    nest(tmp_path, 40)
    assert folder_use(tmp_path, 100).files == 101
    remove_tree(tmp_path)


@pytest.mark.parametrize("depth", [1, 2500])
def test_any_depth_is_removed(tmp_path: Path, depth: int) -> None:
    top = tmp_path / "top"
    top.mkdir()
    nest(top, depth)
    remove_tree(top)
    assert not top.exists()


def test_removing_spares_what_a_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(tmp_path / "kept")
    (top / "locked").mkdir(mode=0)
    remove_tree(top)
    assert (tmp_path / "kept").exists()


def test_folders_of_processes_that_are_gone_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen(["true"])
    gone.wait()
    for name in (f"playground-kernel-{gone.pid}-x", f"playground-kernel-{os.getpid()}-x", "playground-kernel-x"):
        (tmp_path / name / "files").mkdir(parents=True)
    sweep("playground-*-*-*")
    assert sorted(each.name for each in tmp_path.glob("*-x")) == [
        f"playground-kernel-{os.getpid()}-x",
        "playground-kernel-x",
    ]
