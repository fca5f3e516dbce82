"""Where a version comes from: what wrote it, from what, and whether hands changed what it was made from.

Provenance is told, never believed: a file or a share that is opened brings text, and its claims stay in it.
"""

from collections.abc import Sequence
from typing import Any

from app.session.errors import Missing, Refused
from model.catalogue import MODELS
from model.engine import Engine, Sampling
from model.prompt import Part, Prompt, Segment
from storage.records import Turn, Version

Json = dict[str, Any]
REPLAY = "replay"  # the part of a turn's report that makes its prompt again


def weights_of(model_id: str) -> str:
    """SHA-256 of a catalogue model's file, which was compared when it was fetched; "" where none is published."""
    return next((entry.sha256 or "" for entry in MODELS if entry.id == model_id), "")


def provenance(version: Version, ancestors: Sequence[Version], turn: int | None) -> Json:
    """All that is known of how a version came to be.

    Args:
        version: the version.
        ancestors: its parent, that one's parent, and so on.
        turn: number of the turn that wrote it, where it is in the branch shown.
    """
    return {
        "version": version.number,
        "origin": version.origin,
        "turn": turn,
        "parent": ancestors[0].number if ancestors else None,
        "edited_by_hand": [its.number for its in (version, *ancestors) if its.origin == "hand"],
        "model": version.model,
        "weights_sha256": version.weights,
        "quantisation": version.quantisation,
        "sampling": version.sampling,
        "sha256": version.sha256,
    }


def changed_nothing(turn: Turn, writer: str | None) -> bool:
    """Whether a turn names a version that it did not write, as its answer was the code as it was.

    Args:
        turn: the turn; a copy of one, in a session made from a share, has no model, and its version no writer.
        writer: id of the turn that wrote the version, or None.
    """
    return bool(turn.model) and writer != turn.id


def ancestors_of(version: Version, versions: Sequence[Version]) -> list[Version]:
    """The versions that it was made from, the nearest first; only those of the same cell."""
    by_id = {its.id: its for its in versions}
    found: list[Version] = []
    while (parent := by_id.get(version.parent_id or "")) is not None and parent not in found:
        found.append(parent)
        version = parent
    return found


def recipe(prompt: Prompt) -> Json:
    """What has to be kept of a prompt to say exactly the same again."""
    return {
        "segments": [[segment.text, segment.control] for segment in prompt.segments],
        "begun": prompt.begun,
        "stop_strings": list(prompt.stop_strings),
        "tokens": prompt.tokens,
        "window": prompt.window,
        "reserved": prompt.reserved,
        "style": prompt.style,
        "estimated": prompt.estimated,
        "stubs": list(prompt.stubs),
    }


def prompt_again(turn: Turn, version: Version, engine: Engine) -> tuple[Prompt, Sampling]:
    """The very prompt of a past turn, and the sampling of one of the versions that came of it.

    Raises:
        Missing: they were not kept.
        Refused: another model, or the same one in another form, is loaded now: its text would be another.
    """
    kept = turn.prompt_report.get(REPLAY)
    if not kept:
        raise Missing("What the model was told in this turn was not kept, so it cannot be told the same again.")
    if (turn.model, turn.quantisation) != (engine.model_id, engine.quantisation):
        raise Refused(
            f"This was written by {turn.model} ({turn.quantisation}); {engine.model_id} ({engine.quantisation}) is "
            "loaded now and would write something else. Choose that model first, or regenerate."
        )
    segments = tuple(Segment(text, control) for text, control in kept["segments"])
    lists = {name: tuple(kept.get(name, ())) for name in ("stop_strings", "stubs")}
    carried = tuple(Part("evidence", title, "", 0, kept=True) for title in turn.carried)
    whole = {**kept, **lists, "segments": segments, "parts": carried}
    return Prompt(**whole), Sampling(**(version.sampling or turn.sampling))
