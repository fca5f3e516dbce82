"""The sessions of one owner: list, make, rename, delete, and what a session remembers of its controls."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from app.session.desk import Desk
from app.session.document import notebook
from app.session.errors import Refused
from app.session.snapshot import Snapshot
from app.session.words import LONGEST_REQUEST, storable, title_given
from app.session.work import Running
from model.engine import Sampling
from storage.records import NEW_CELL, Session, SessionSummary

UNTITLED = "New session"
DEFAULT_SAMPLING = Sampling(temperature=0.2, top_p=0.95, max_tokens=1024, seed=None)


class Sessions:
    """The service for sessions as a whole.

    Args:
        desk: the leaves.
        read: reads a session of an owner as it is now.
    """

    def __init__(self, desk: Desk, read: Callable[[str, str], Snapshot]) -> None:
        self._desk = desk
        self._read = read

    def rows(self, owner: str, query: str = "") -> list[SessionSummary]:
        """The owner's sessions, newest first; only those that mention the query, if there is one.

        A session in which nothing happened yet is left out.
        """
        with self._desk.database.read() as tx:
            found = tx.sessions_of(owner, search=storable(query).strip())
        return [row for row in found if row.cells or row.title != UNTITLED]

    def create(self, owner: str) -> Session:
        """A new session, or the owner's newest one if nothing happened in it yet."""
        with self._desk.database.begin() as tx:
            for row in tx.sessions_of(owner, limit=1):
                if not row.cells and row.title == UNTITLED and not tx.turn_links(row.id):
                    return tx.session(row.id)
            sampling = {**asdict(DEFAULT_SAMPLING)}
            model_id = self._desk.engines.status().model_id
            session = tx.create_session(owner, title=UNTITLED, sampling=sampling, model_id=model_id)
        self._desk.list_changed(owner)
        return session

    def rename(self, owner: str, session_id: str, title: str) -> None:
        """Give a session a title of its own."""
        wanted = title_given(title)
        with self._desk.database.begin() as tx:
            tx.rename_session(tx.session_of(owner, session_id).id, wanted)
        self._changed(owner, session_id)

    def delete(self, owner: str, session_id: str) -> None:
        """Take a session from the list; its kernel ends and its links stop until `restore`."""
        with self._desk.database.begin() as tx:
            tx.delete_session(tx.session_of(owner, session_id).id)
        runs = list(self._desk.at_work.running(session_id).values())
        for work in self._desk.at_work.everything():
            if work.session_id == session_id:
                work.stop.set()
        self._desk.kernels.interrupt(session_id)
        self._desk.start(lambda: self._close_kernel(session_id, runs), name=f"close {session_id[:8]}")
        self._changed(owner, session_id)

    def restore(self, owner: str, session_id: str) -> None:
        """Undo `delete`."""
        with self._desk.database.begin() as tx:
            tx.restore_session(tx.session_of(owner, session_id, deleted=True).id)
        self._changed(owner, session_id)

    def keep_draft(self, owner: str, session_id: str, text: str) -> None:
        """Keep what stands in the composer. Other tabs are not told: each has its own composer."""
        if len(text) > LONGEST_REQUEST:
            raise Refused(
                f"What stands in the composer has {len(text):,} characters; it is kept up to {LONGEST_REQUEST:,}."
            )
        with self._desk.database.begin() as tx:
            tx.update_session(tx.session_of(owner, session_id).id, draft=storable(text))
        self._desk.on_records(session_id)

    def keep_target(self, owner: str, session_id: str, target: str) -> None:
        """Keep where the next answer is to go: a cell's id, `new`, or `auto`."""
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            if target not in {"auto", NEW_CELL}:
                tx.cell(target, session_id=session.id)
            tx.update_session(session.id, target_cell_id=None if target == "auto" else target)
        self._desk.records_changed(session_id)

    def keep_sampling(self, owner: str, session_id: str, sampling: Mapping[str, float | int | None]) -> None:
        """Keep the sampling settings; they apply from the next turn on.

        Raises:
            InvalidSampling: a value is out of its range; the text names it.
        """
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            tx.update_session(session.id, sampling=asdict(sampling_of({**session.sampling, **sampling})))
        self._desk.records_changed(session_id)

    def export(self, owner: str, session_id: str) -> tuple[str, str]:
        """File name and text of the session as a Jupyter notebook."""
        snapshot = self._read(owner, session_id)
        stem = re.sub(r"[^\w-]+", "-", snapshot.session.title.lower()).strip("-")[:60] or "session"
        with self._desk.database.read() as tx:
            histories = {cell.id: tx.versions(cell.id) for cell in snapshot.cells}
        return f"{stem}.ipynb", notebook(snapshot, histories)

    def _close_kernel(self, session_id: str, runs: Sequence[Running]) -> None:
        # A run that waits for its kernel would bring one up behind the back of a session closed under it.
        for run in runs:
            run.ended.wait()
        self._desk.kernels.close(session_id)

    def _changed(self, owner: str, session_id: str) -> None:
        self._desk.records_changed(session_id)
        self._desk.list_changed(owner)


def sampling_of(stored: Mapping[str, float | int | None]) -> Sampling:
    """Settings as they were stored or sent; unknown names are left out.

    Raises:
        Refused: a value is no number.
        InvalidSampling: a value is out of its range.
    """
    known = {**asdict(DEFAULT_SAMPLING), **{k: v for k, v in stored.items() if k in asdict(DEFAULT_SAMPLING)}}
    seed = known["seed"]
    try:
        return Sampling(
            temperature=float(known["temperature"]),
            top_p=float(known["top_p"]),
            top_k=int(known["top_k"]),
            repetition_penalty=float(known["repetition_penalty"]),
            max_tokens=int(known["max_tokens"]),
            seed=None if seed is None else int(seed),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise Refused(f"A sampling setting is no number: {error}. Correct it, or reload the page.") from error
