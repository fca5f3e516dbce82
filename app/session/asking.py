"""What a turn asks, and what the model is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.session import prompting
from app.session.commands import is_talk
from app.session.placing import Aim
from app.session.provenance import REPLAY, recipe
from app.session.seen import report_of, unseen
from app.session.slots import INPUTS
from app.session.snapshot import Snapshot
from app.session.targets import exactly, resolved
from model.engine import Engine, Sampling
from model.prompt import Prompt, build
from storage.records import Turn

UNKNOWN = "..."  # a request that nobody has made yet
Report = dict[str, object]  # what the model saw and what it did not, as it is stored with the turn


@dataclass(frozen=True)
class Request:
    """What a turn asks, ready to be written.

    Attributes:
        words: the request as the person typed it.
        target: a cell's id, `new`, or `auto`.
        sampling: with the seed that will be used.
        base_id: the version to be changed, where it is not the one the cell shows (a turn that is asked again).
        again: what the cell shows now is not what is to be changed, even where `base_id` is None.
        without: keys of evidence (`app.session.evidence`) that the model is not told.
        candidates: how many answers to sample.
        first_pass: stop sampling once an answer holds every test that binds.
        replay: a past turn's prompt and report, to be answered once more as they were.
    """

    turn_id: str
    session_id: str
    words: str
    target: str
    sampling: Sampling
    base_id: str | None = None
    again: bool = False
    without: Sequence[str] = ()
    candidates: int = 1
    first_pass: bool = False
    replay: tuple[Prompt, Report] | None = None

    @property
    def talk(self) -> bool:
        """Whether the answer is words: it goes to no cell."""
        return is_talk(self.words)

    def aim(self, snapshot: Snapshot) -> Aim:
        """Where the answer is to go, as things stand.

        Raises:
            Missing: the cell that was named is not there any more.
        """
        return exactly(self.target) if self.replay else resolved(snapshot, self.words, self.target)


def prompt_of(
    request: Request, snapshot: Snapshot, aim: Aim, engine: Engine, base: str | None
) -> tuple[Prompt, Report]:
    """The prompt for a request, and the report of it.

    Args:
        request: what is asked.
        snapshot: the session as it is now.
        aim: where the answer is to go.
        engine: who is asked; it counts the tokens.
        base: the source that is to be changed, where it is not the one shown.
    """
    if request.replay:
        return request.replay
    earlier = _earlier(request, snapshot)
    state = prompting.state(
        snapshot,
        request.words,
        aim.cell_id,
        base=base,
        base_number=snapshot.numbers.get(request.base_id or ""),
        earlier=earlier,
        without=request.without,
    )
    prompt = build(state, engine, request.sampling)
    report = report_of(prompt, unseen(snapshot, earlier, state, engine))
    return prompt, {**report, REPLAY: recipe(prompt), INPUTS: prompting.inputs_of(snapshot)}


def expected(snapshot: Snapshot, cell_id: str | None, engine: Engine, sampling: Sampling) -> Prompt:
    """The prompt of whatever is asked next of a cell, with other words in the place of the request."""
    state = prompting.state(snapshot, UNKNOWN, cell_id, base=None, earlier=snapshot.turns)
    return build(state, engine, sampling)


def _earlier(request: Request, snapshot: Snapshot) -> Sequence[Turn]:
    """The turns before this one in the branch shown; all of them, where it is in another branch by now."""
    ids = [turn.id for turn in snapshot.turns]
    return snapshot.turns[: ids.index(request.turn_id)] if request.turn_id in ids else snapshot.turns
