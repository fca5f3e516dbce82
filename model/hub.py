"""Official weights from the Hugging Face hub, or from a mirror that speaks its protocol."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from model.errors import DigestMismatch
from model.progress import Meter
from model.weights import SourceFailed, check, demand_room

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from threading import Event

    from huggingface_hub.hf_api import RepoSibling

    from model.catalogue import ModelEntry
    from model.progress import Report

SMALL_FILES: Final = ("*.json", "*.txt", "*.model", "*.jinja", "LICENSE*")
CONNECT_SECONDS: Final = 4.0
READ_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub, asked through huggingface_hub.

    Args:
        endpoint: address of the hub or of a mirror; None is the one that huggingface_hub is set up for.
    """

    endpoint: str | None = None
    name: str = "Hugging Face hub"

    def fetch(self, entry: ModelEntry, folder: Path, report: Report, cancel: Event) -> Path:
        """Download the entry's files, resuming partial ones; a whole repository is marked when it is complete."""
        files = self._files(entry)
        total = sum(file.size or 0 for file in files)
        demand_room(folder, total, f"Fetching {entry.repository}")
        meter, done = Meter("fetching", total, report), 0
        for file in files:
            self._download(entry, file, folder / file.rfilename, _Count(meter, done), cancel)
            done += file.size or 0
        if entry.files:
            return folder / entry.files[0]
        (folder / "complete.json").write_text(json.dumps({"files": [file.rfilename for file in files]}))
        return folder

    def _files(self, entry: ModelEntry) -> list[RepoSibling]:
        """What to fetch, with sizes and digests."""
        from httpx2 import HTTPError
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

        try:
            info = HfApi(endpoint=self.endpoint).model_info(
                entry.repository, revision=entry.revision, files_metadata=True, timeout=CONNECT_SECONDS
            )
        except (HTTPError, HfHubHTTPError, OfflineModeIsEnabled, HFValidationError, OSError) as error:
            raise SourceFailed(_reason(error)) from error
        found = _select(info.siblings or [], entry.files)
        if not found:
            raise SourceFailed(f"{entry.repository} holds no weights that can be loaded")
        return found

    def _download(self, entry: ModelEntry, file: RepoSibling, target: Path, count: _Count, cancel: Event) -> None:
        if target.is_file():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".hub.partial")
        self._stream(entry, file, partial, count, cancel)
        expected = file.lfs.sha256 if file.lfs else None
        if expected and (digest := _sha256(partial)) != expected:
            partial.unlink()
            raise DigestMismatch(
                f"{file.rfilename} of {entry.repository} came with the SHA-256 {digest} instead of {expected}. "
                "It was deleted; try again."
            )
        partial.rename(target)

    def _stream(self, entry: ModelEntry, file: RepoSibling, partial: Path, count: _Count, cancel: Event) -> None:
        import httpx2
        from huggingface_hub import get_token, hf_hub_url

        have = partial.stat().st_size if partial.exists() else 0
        token = get_token()
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
        headers |= {"Range": f"bytes={have}-"} if have else {}
        url = hf_hub_url(entry.repository, file.rfilename, revision=entry.revision, endpoint=self.endpoint)
        timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        try:
            with httpx2.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as answer:
                if have and answer.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
                    return
                answer.raise_for_status()
                with partial.open("ab" if answer.status_code == httpx2.codes.PARTIAL_CONTENT else "wb") as output:
                    for piece in answer.iter_raw():
                        check(cancel)
                        output.write(piece)
                        count.at(output.tell())
        except httpx2.HTTPError as error:
            raise SourceFailed(f"{file.rfilename}: {_reason(error)}") from error


@dataclass(frozen=True, slots=True)
class _Count:
    """Counts the bytes of one file after those of the files before it."""

    meter: Meter
    before: int

    def at(self, done: int) -> None:
        self.meter.at(self.before + done)


def _select(files: Sequence[RepoSibling], wanted: tuple[str, ...]) -> list[RepoSibling]:
    """The named files, or the weights (safetensors if there are any, else .bin) with what belongs to them."""
    if wanted:
        return [file for file in files if file.rfilename in wanted]
    top = [file for file in files if "/" not in file.rfilename]
    kinds = ("*.safetensors", "pytorch_model*.bin")
    weights = next((found for kind in kinds if (found := _matching(top, (kind,)))), [])
    return [*_matching(top, SMALL_FILES), *weights] if weights else []


def _matching(files: Sequence[RepoSibling], patterns: Sequence[str]) -> list[RepoSibling]:
    return [file for file in files if any(fnmatch.fnmatch(file.rfilename, pattern) for pattern in patterns)]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
