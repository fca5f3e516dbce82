"""Audits follow versions: what a cell comes to show is scanned, and the findings are kept with exactly that text."""

import logging
import threading
from collections.abc import Callable

from app.audit import Audit, Scanner
from app.session.desk import Desk
from storage.records import Version

log = logging.getLogger(__name__)


class Auditing:
    """Scans versions: in the background as they come to be shown, and at once for whoever cannot go on without.

    Args:
        desk: the leaves.
        scan: makes the audit of a source; see `Scanner.scan`.
    """

    def __init__(self, desk: Desk, scan: Callable[[str], Audit]) -> None:
        self._desk = desk
        self._scan = scan
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._at_work = False

    def of(self, version: Version) -> Audit:
        """The audit of a version; scanned now if it was not yet, or could not be."""
        known = audit_of(version)
        if known is not None and known.state != "failed":
            return known
        audit = self._scan(version.source)
        with self._desk.database.begin() as tx:
            tx.set_audit(version.id, version.sha256, audit.as_json())
        return audit

    def follow(self, session_id: str) -> None:
        """Records of a session changed: scan what it shows now, in the background."""
        with self._lock:
            self._waiting.add(session_id)
            if self._at_work:
                return
            self._at_work = True
        self._desk.start(self._work, name="audit")

    def _work(self) -> None:
        while (session_id := self._next()) is not None:
            try:
                self._scan_session(session_id)
            except Exception:
                # Whatever it is, it concerns one session: all others wait in the same line.
                log.exception("The versions of a session were not audited; the next change or run tries again")

    def _next(self) -> str | None:
        with self._lock:
            if self._desk.closing.is_set() or not self._waiting:
                self._at_work = False
                return None
            return self._waiting.pop()

    def _scan_session(self, session_id: str) -> None:
        with self._desk.database.read() as tx:
            waiting = tx.unaudited(session_id)
        for version in waiting:
            self.of(version)
        if waiting:
            self._desk.records_changed(session_id)


def audit_of(version: Version) -> Audit | None:
    """The audit that is kept with a version, or None before there is one."""
    return None if version.audit is None else Audit.from_json(version.audit)


def scanning(scanner: Scanner | None) -> Callable[[str], Audit]:
    """How to scan: with the scanner, or where there is none, by saying so."""
    return scanner.scan if scanner else lambda _: Audit("failed", "Not audited: this server has no scanner.")
