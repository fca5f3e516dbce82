"""One row of a dialogue with slots: the program that its values give, as the code stands or asked anew; its result."""

import threading
from collections.abc import Mapping
from dataclasses import replace

from app.runner.outcome import Outcome
from app.session import prompting, slots
from app.session.carrying import code_of, completed
from app.session.errors import Refused
from app.session.lineage import LONGEST, tree_of
from app.session.sessions import sampling_of
from app.session.slots import Json
from app.session.snapshot import Snapshot
from app.session.words import storable
from model.engine import Engine, Sampling
from model.prompt import PromptState, build
from model.reply import Reply, ReplyReader
from storage.records import Turn, sha256_of

SHOWN = 1000  # characters of what a program printed


def asked(snapshot: Snapshot) -> list[Turn]:
    """The turns that a replay is made of: those that wrote a cell which is still there."""
    return [turn for turn in snapshot.turns if turn.cell_id in snapshot.versions]


def basis(snapshot: Snapshot, *, anew: bool) -> str:
    """Names what a replay is made from, the row apart: SHA-256 of the requests, or of the notebook's code."""
    texts = [turn.request for turn in asked(snapshot)] if anew else [piece.source for piece in snapshot.pieces]
    return sha256_of("\0".join(texts))


def standing(snapshot: Snapshot, given: Mapping[str, Json], inputs: Json) -> str:
    """The notebook as one program, with a row's values in the places of those for which each cell was written.

    Args:
        snapshot: the session.
        given: the values with which the model was asked, by the turn's id.
        inputs: the row's values.

    Raises:
        Refused: a value is nowhere in the code, or the row lacks one, or a cell does not parse.
    """
    _refuse_gaps(snapshot, inputs)
    written = {turn.cell_id: given[turn.id] for turn in asked(snapshot) if not snapshot.unchanged(turn)}
    sources, found = [], set[str]()
    for number, piece in enumerate(snapshot.pieces, 1):
        if len(piece.source) <= LONGEST and tree_of(piece.source) is None:
            raise Refused(f"Cell {number} does not parse, so there is no program to replay. Mend it, or delete it.")
        source, names = slots.substituted(piece.source, written.get(piece.id, snapshot.rows[0].inputs), inputs)
        sources.append(source)
        found |= names
    for turn in asked(snapshot):
        _refuse_unfound(turn, given[turn.id], inputs, found)
    return "\n\n".join(sources)


def anew(snapshot: Snapshot, engine: Engine, stop: threading.Event, inputs: Json) -> str:
    """Every turn that wrote code, asked again with the row's values; the program that comes of it.

    Raises:
        Refused: the row lacks a value, or the model failed; the text says why.
    """
    _refuse_gaps(snapshot, inputs)
    codes: dict[str, str] = {}
    turns = asked(snapshot)
    for place, turn in enumerate(turns):
        cell_id = turn.cell_id or ""
        before = codes.get(cell_id)
        now = replace(_as_of(snapshot, codes), rows=[replace(snapshot.rows[0], inputs=inputs)])
        target = None if before is None else cell_id
        state = prompting.state(now, turn.request, target, base=before, earlier=turns[:place])
        reply = _written(engine, state, replace(sampling_of(snapshot.session.sampling), seed=_seed(turn)), stop)
        if stop.is_set():
            break
        others = [code for key, code in codes.items() if key != cell_id]
        codes[cell_id] = storable(completed(reply, [code_of(state.request), before or ""], others).code)
    return "\n\n".join(piece.source for piece in _as_of(snapshot, codes).pieces)


def result(outcome: Outcome, expected: str) -> Json:
    """What a program came to on one row: what it printed last, against what was expected."""
    printed = outcome.output.strip()
    last = printed.split("\n")[-1] if printed else ""
    if outcome.status != "ok":
        return told(passed=False, actual=last, detail=outcome.message)
    if not printed:
        return told(passed=False, detail="The program printed nothing.")
    return told(passed=slots.agrees(printed, expected) if expected else None, actual=last)


def told(*, passed: bool | None, actual: str = "", detail: str = "") -> Json:
    """A result as a row keeps it; `passed` is None where nothing was expected."""
    return {"passed": passed, "actual": storable(actual)[:SHOWN], "detail": storable(detail)[:SHOWN]}


def _refuse_gaps(snapshot: Snapshot, inputs: Json) -> None:
    lacking = [name for name in slots.slots_of([turn.request for turn in asked(snapshot)]) if name not in inputs]
    if lacking:
        raise Refused(f"The row has no value for {slots.named(lacking)}.")


def _refuse_unfound(turn: Turn, given: Json, inputs: Json, found: set[str]) -> None:
    for name in slots.slots_of([turn.request]):
        if name not in given:
            raise Refused(
                f"{slots.named([name])} had no value when its request was sent. Ask it again, or replay anew."
            )
        if given[name] != inputs[name] and name not in found:
            value = str(given[name])[:80]
            raise Refused(f"{slots.named([name])} was {value} when the code was written, and that is not found in it.")


def _as_of(snapshot: Snapshot, codes: Mapping[str, str]) -> Snapshot:
    """The session with other code, and without the cells that there is none for yet."""
    return replace(
        snapshot,
        cells=[cell for cell in snapshot.cells if cell.id in codes],
        versions={key: replace(snapshot.versions[key], source=code) for key, code in codes.items()},
    )


def _seed(turn: Turn) -> int:
    seed = turn.sampling.get("seed")
    return seed if isinstance(seed, int) else 0


def _written(engine: Engine, state: PromptState, sampling: Sampling, stop: threading.Event) -> Reply:
    prompt = build(state, engine, sampling)
    reader = ReplyReader(prompt.begun, prompt.style, prompt.stubs)
    with engine.stream(prompt, sampling, stop) as pieces:
        for piece in pieces:
            reader.feed(piece)
    if pieces.outcome.status == "failed":
        raise Refused(pieces.outcome.message)
    return reader.finish()
