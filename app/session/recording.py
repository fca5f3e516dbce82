"""The records of a turn that is being answered: as it begins, when its version opens, meanwhile, and at its end."""

from collections.abc import Sequence
from dataclasses import asdict

from app.session.asking import Report, Request
from app.session.contest import Sample, same_text
from app.session.desk import Desk
from app.session.lineage import retitled
from app.session.placing import Aim, Place
from app.session.provenance import weights_of
from app.session.words import storable, title_of_request
from app.session.work import Writing
from model.engine import Engine, Outcome
from model.reply import Reply
from storage.records import TurnStatus, Version
from storage.transaction import Transaction

WORDS: dict[str, TurnStatus] = {"done": "done", "length": "done", "stopped": "stopped", "failed": "failed"}


class Recording:
    """Keeps the records of one turn.

    Args:
        desk: the leaves.
        request: what is asked.
        work: the turn at work, read by the page.
    """

    def __init__(self, desk: Desk, request: Request, work: Writing) -> None:
        self._desk = desk
        self._request = request
        self._work = work
        self._base: Version | None = None  # what is changed

    def begin(self, engine: Engine, aim: Aim) -> None:
        """The turn is being written from now on, by this engine."""
        self._work.status, self._work.message = "writing", ""
        with self._desk.database.begin() as tx:
            tx.update_turn(
                self._request.turn_id,
                status="writing",
                message="",
                target_cell_id=aim.cell_id,
                model=engine.model_id,
                quantisation=engine.quantisation,
                sampling=asdict(self._request.sampling),
            )
        self._desk.records_changed(self._request.session_id)

    def open_version(self, where: Place) -> str:
        """Begin the version that the answer becomes; the source that it changes, "" where it changes none."""
        with self._desk.database.begin() as tx:
            turn = tx.turn(self._request.turn_id)
            cell = tx.cell(where.cell_id) if where.cell_id else tx.create_cell(self._request.session_id)
            shown = tx.version(cell.version_id) if cell.version_id else None
            if shown is not None and shown.status == "open":
                tx.set_version_status(shown.id, "whole")
            base_id = self._request.base_id or (shown.id if shown else None)
            if base_id and (self._request.base_id or not self._request.again):
                self._base = tx.version(base_id)
            version = tx.create_version(
                cell.id,
                self._work.code,
                parent_id=base_id,
                origin="model",
                status="writing",
                turn_id=turn.id,
                model=turn.model,
                quantisation=turn.quantisation,
                weights=weights_of(turn.model),
                sampling=turn.sampling,
            )
            tx.show_version(cell.id, version.id)
            tx.update_turn(turn.id, cell_id=cell.id, version_id=version.id)
        self._work.before = shown.source if shown else None
        self._work.version_id, self._work.cell_id = version.id, cell.id
        self._desk.records_changed(self._request.session_id)
        return self._base.source if self._base else ""

    def keep(self) -> None:
        """Store what has come so far."""
        with self._desk.database.begin() as tx:
            if self._work.version_id:
                tx.update_source(self._work.version_id, self._work.code)
            tx.update_turn(self._request.turn_id, prose=self._work.prose)

    def end(self, answer: Sample, report: Report, carried: Sequence[str]) -> None:
        """Store how the turn ended, as soon as that is possible."""
        self._work.status, self._work.message = WORDS[answer.outcome.status], self._message(answer.outcome)

        def store() -> None:
            with self._desk.database.begin() as tx:
                stays = self._staying(answer)
                if stays:
                    self._take_back(tx, stays)
                else:
                    self._close_version(tx, answer)
                self._close_turn(tx, answer, report, carried)
            if stays:
                self._work.version_id = stays.id

        self._desk.end(self._work, store)

    def _staying(self, answer: Sample) -> Version | None:
        """The version that was to be changed, where the answer is its very code."""
        base = self._base if answer.outcome.status == "done" else None
        here = base is not None and base.cell_id == self._work.cell_id
        return base if base and here and same_text(answer.reply.code, base.source) else None

    def _take_back(self, tx: Transaction, stays: Version) -> None:
        """Let the cell show what it had, and the turn name it: the same code once more is no version."""
        tx.show_version(stays.cell_id, stays.id)
        tx.update_turn(self._request.turn_id, version_id=stays.id)
        tx.drop_version(self._work.version_id or "")

    def _close_version(self, tx: Transaction, answer: Sample) -> None:
        if self._work.version_id and self._work.cell_id:
            whole = answer.outcome.status in {"done", "length"}
            tx.update_source(self._work.version_id, answer.reply.code, sampling=asdict(answer.sampling))
            tx.set_version_status(self._work.version_id, "whole" if whole else "stopped")
            tx.rename_cell(self._work.cell_id, self._title(tx, self._work.cell_id, answer.reply.code))

    def _title(self, tx: Transaction, cell_id: str, code: str) -> str:
        """The cell's function, else the words it was named after, else what was asked for."""
        known = retitled(code, tx.cell(cell_id).title)
        return known or title_of_request(tx.turn(self._request.turn_id).request)

    def _close_turn(self, tx: Transaction, answer: Sample, report: Report, carried: Sequence[str]) -> None:
        outcome = answer.outcome
        tx.update_turn(
            self._request.turn_id,
            prose=storable(prose_of(answer.reply)),
            status=WORDS[outcome.status],
            message=self._message(outcome),
            prompt_report=report,
            carried=carried,
            tokens_in=outcome.tokens_in,
            tokens_out=outcome.tokens_out,
            seconds=outcome.seconds,
            first_token_seconds=outcome.first_token_seconds,
            estimated=outcome.estimated,
            price_per_hour=self._desk.price_per_hour,
        )

    def _message(self, outcome: Outcome) -> str:
        if outcome.status == "length" and not outcome.message:
            return (
                f"Cut at the maximum length of {self._request.sampling.max_tokens} tokens. Raise it, or ask to go on."
            )
        return storable(outcome.message)


def prose_of(reply: Reply) -> str:
    """The prose of a reply, with the examples that were lifted out of its code named as what they are: claims."""
    if not reply.examples:
        return reply.prose
    calls = ", ".join(f"`{example.call}` giving `{example.expected_text}`" for example in reply.examples[:3])
    return f"{reply.prose}\n\nIt claims, unchecked: {calls}.".strip()
