"""Files of a session: from outside, with a hostile cell inside."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.runner import FileRefused, Files, Kernels, Limits

LIMITS = Limits(files=20, disk=1 << 20, file_size=1 << 18)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, LIMITS)


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    runner = Kernels(Limits(wall=20), preload=(), check=False)
    yield runner
    runner.shutdown()


def test_what_is_written_is_listed_read_and_removed(files: Files) -> None:
    files.write("data/table.csv", b"a,b")
    assert [(entry.name, entry.size) for entry in files.list()] == [("data/table.csv", 3)]
    assert files.read("data/table.csv") == b"a,b"
    files.remove("data/table.csv")
    assert files.list() == []


@pytest.mark.parametrize(
    "name", ["../up", "/etc/passwd", "a/../../b", "", ".", "a//b", "nul\0", "x" * 300, "a/" * 40 + "b"]
)
def test_a_name_cannot_lead_elsewhere(files: Files, name: str) -> None:
    with pytest.raises(FileRefused):
        files.write(name, b"")
    with pytest.raises(FileRefused):
        files.read(name)


def test_links_are_neither_followed_nor_listed(files: Files, tmp_path: Path) -> None:
    secret = tmp_path.parent / "secret"
    secret.write_text("secret")
    (tmp_path / "link").symlink_to(secret)
    (tmp_path / "folder").symlink_to(tmp_path.parent)
    os.link(secret, tmp_path / "hard")
    for name in ("link", "folder/secret", "hard"):
        with pytest.raises(FileRefused):
            files.read(name)
    assert [entry.name for entry in files.list()] == ["hard"]
    files.write("link", b"mine")
    with pytest.raises(FileRefused):
        files.write("folder/secret", b"mine")
    assert secret.read_text() == "secret"


def test_a_pipe_does_not_make_us_wait(files: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileRefused, match="not a regular file"):
        files.read("pipe")


def test_limits_are_kept_and_named(files: Files) -> None:
    with pytest.raises(FileRefused, match="256 KB"):
        files.write("large", bytes(1 << 19))
    for number in range(4):
        files.write(f"f{number}", bytes(250_000))
    with pytest.raises(FileRefused, match="no room"):
        files.write("last", bytes(250_000))


def test_a_cell_reads_an_upload_and_its_result_is_downloaded(kernels: Kernels) -> None:
    kernels.files("a").write("in.txt", b"abc")
    list(
        kernels.execute(
            "a", "open('out.txt', 'w').write(open('in.txt').read().upper())\nopen('in.txt', 'a').write('d')"
        )
    )
    assert kernels.files("a").read("out.txt") == b"ABC"
    assert kernels.files("a").read("in.txt") == b"abcd"


def test_files_go_with_the_kernel_unless_they_are_kept(kernels: Kernels, tmp_path: Path) -> None:
    kernels.files("gone").write("f", b"1")
    kernels.restart("gone")
    assert kernels.files("gone").list() == []
    kernels.keep_files("gone", tmp_path)
    kernels.files("gone").write("f", b"2")
    kernels.restart("gone")
    assert kernels.files("gone").read("f") == b"2"
    kernels.close("gone")
    assert (tmp_path / "f").read_bytes() == b"2"
