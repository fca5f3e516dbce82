"""From a snapshot to what the prompt is made of."""

from collections.abc import Sequence

from app.session import evidence
from app.session.commands import command_of, is_momentary
from app.session.lineage import title_of
from app.session.slots import Json, filled
from app.session.snapshot import Snapshot
from model.prompt import OtherCell, PromptState, TargetCell
from storage.records import Turn


def state(
    snapshot: Snapshot,
    request: str,
    target: str | None,
    *,
    base: str | None,
    base_number: int | None = None,
    earlier: Sequence[Turn],
    without: Sequence[str] = (),
) -> PromptState:
    """What the model is to know for one request.

    Args:
        snapshot: the session as it is now.
        request: the words of the person; its slots are filled with the first row of the table of inputs.
        target: id of the cell to be changed, or None for a new one.
        base: the source that is to be changed, where it is not the one shown (a turn that is asked again).
        base_number: the number of that version.
        earlier: the turns that came before in this branch.
        without: keys of the evidence that is left out. A turn that is asked again gets none: it is of another version.
    """
    sources = {piece.id: piece.source for piece in snapshot.pieces}
    numbers = {piece.id: number for number, piece in enumerate(snapshot.pieces, 1)}
    inputs = inputs_of(snapshot)
    shown = sources.get(target, "") if target else ""
    source = shown if base is None else base
    now = snapshot.versions.get(target or "")
    version = now.number if now and base is None else base_number
    command = command_of(request)
    return PromptState(
        request=filled(command.told if command else request, inputs),
        talk=command is not None and command.its.talk,
        target=TargetCell(numbers[target], title_of(source) or None, source, version)
        if target and source.strip()
        else None,
        constraints=tuple(
            filled(turn.request, inputs)
            for turn in earlier
            if target and turn.cell_id == target and not is_momentary(turn.request)
        ),
        others=tuple(OtherCell(numbers[key], text) for key, text in sources.items() if key != target and text.strip()),
        evidence=evidence.chosen(snapshot, target, without) if base is None else (),
        dialogue=tuple(_dialogue(snapshot, earlier)),
    )


def inputs_of(snapshot: Snapshot) -> Json:
    """The values that fill the slots of requests: the first row's."""
    return snapshot.rows[0].inputs if snapshot.rows else {}


def _dialogue(snapshot: Snapshot, earlier: Sequence[Turn]) -> list[tuple[str, str]]:
    # The cell's present source stands at the last turn that wrote it: hand edits included, and nothing twice.
    inputs = inputs_of(snapshot)
    last = {turn.cell_id: turn.id for turn in earlier if turn.cell_id}
    sources = {piece.id: piece.source for piece in snapshot.pieces}
    return [
        (
            filled(turn.request, inputs),
            sources.get(turn.cell_id or "", "") if turn.cell_id and last.get(turn.cell_id) == turn.id else "",
        )
        for turn in earlier
    ]
