"""Links to read-only copies: make, bring up to date, withdraw, look up, fork."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.session.auditing import Auditing
from app.session.cells import close_open
from app.session.desk import Desk
from app.session.document import share_document
from app.session.errors import Missing
from app.session.sessions import DEFAULT_SAMPLING
from app.session.snapshot import Snapshot
from storage.errors import NotFound
from storage.records import Session, Share
from storage.transaction import Transaction

Json = dict[str, Any]


class Shares:
    """The service for links.

    Args:
        desk: the leaves.
        auditing: scans what is shown, so that whoever opens the link knows.
        read: reads a session of an owner as it is now.
    """

    def __init__(self, desk: Desk, auditing: Auditing, read: Callable[[str, str], Snapshot]) -> None:
        self._desk = desk
        self._auditing = auditing
        self._read = read

    def share(self, owner: str, session_id: str) -> tuple[Snapshot, Share]:
        """Copy the session as it is now behind its link; the link is made if there is none that works."""
        with self._desk.database.begin() as tx:
            closed = [close_open(tx, cell) for cell in tx.cells(tx.session_of(owner, session_id).id)]
        for version in closed:
            if version is not None and version.status != "writing":
                self._auditing.of(version)
        self._desk.on_records(session_id)
        document = share_document(self._read(owner, session_id))
        with self._desk.database.begin() as tx:
            working = tx.shares(tx.session_of(owner, session_id).id)
            share = tx.replace_share(working[-1].token, document) if working else tx.create_share(session_id, document)
        self._changed(owner, session_id)
        return self._read(owner, session_id), share

    def revoke(self, owner: str, session_id: str, token: str) -> None:
        """Withdraw a link; it is dead when this returns."""
        with self._desk.database.begin() as tx:
            session = tx.session_of(owner, session_id)
            if tx.share(token).session_id != session.id:
                raise NotFound("share", token)
            tx.revoke_share(token)
        self._changed(owner, session_id)

    def find(self, token: str) -> Json | datetime | None:
        """What a link shows: its document, or when it was withdrawn, or None if there is no such link."""
        with self._desk.database.read() as tx:
            try:
                share = tx.share(token)
            except NotFound:
                return None
        return share.revoked_at or share.document

    def fork(self, owner: str, token: str) -> Session:
        """A session of the visitor's own with the link's requests, code and tests: no outputs, nothing trusted."""
        document = self.find(token)
        if not isinstance(document, dict):
            raise Missing("This link does not work any more, so there is nothing to fork. Ask its owner for a new one.")
        model_id = self._desk.engines.status().model_id
        with self._desk.database.begin() as tx:
            session = tx.create_session(
                owner, title=str(document["title"]), sampling=asdict(DEFAULT_SAMPLING), model_id=model_id
            )
            cells = _fork_cells(tx, session, document)
            _fork_turns(tx, session, document, cells)
        self._desk.list_changed(owner)
        return session

    def _changed(self, owner: str, session_id: str) -> None:
        self._desk.records_changed(session_id)
        self._desk.list_changed(owner)


def _fork_cells(tx: Transaction, session: Session, document: Json) -> dict[str, tuple[str, str]]:
    """Copy the cells; the new cell and version ids by old cell id."""
    made = {}
    for old in document["cells"]:
        cell = tx.create_cell(session.id, title=old["title"])
        version = tx.create_version(cell.id, old["source"], origin="forked")
        tx.show_version(cell.id, version.id)
        for test in old.get("tests", ()):
            tx.create_test(cell.id, test["call"], test["expected"], origin=test["origin"], standing=test["standing"])
        made[old["id"]] = cell.id, version.id
    return made


def _fork_turns(tx: Transaction, session: Session, document: Json, cells: dict[str, tuple[str, str]]) -> None:
    parent = None
    for old in document["turns"]:
        turn = tx.create_turn(session.id, old["request"], parent_id=parent, status="done")
        cell_id, version_id = cells.get(old["cell"] or "", (None, None))
        tx.update_turn(turn.id, prose=old["prose"], cell_id=cell_id, version_id=version_id)
        parent = turn.id
    tx.update_session(session.id, head_turn_id=parent)
