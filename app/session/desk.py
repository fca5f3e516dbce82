"""What the services of a session share: the leaves, the work in progress, and who is told of changes."""

import threading
from collections.abc import Callable

from app.runner import Kernels
from app.session.feed import Changes, Feed
from app.session.kept import Kept
from app.session.work import AtWork, Running, Writing
from model.host import EngineHost
from storage import Database
from storage.errors import StorageError

TRY_AGAIN = 2.0  # seconds until what could not be stored is tried again


class Desk:
    """The parts that one server works with.

    Args:
        database: where everything ends up.
        engines: the model that answers.
        kernels: where cells run, one kernel a session.
        kept: files that outlive their kernels.
        price_per_hour: of the machine that writes the answers, in any currency; None if it is not known.
    """

    def __init__(
        self,
        database: Database,
        engines: EngineHost,
        kernels: Kernels,
        kept: Kept,
        price_per_hour: float | None = None,
    ) -> None:
        self.database = database
        self.engines = engines
        self.kernels = kernels
        self.kept = kept
        self.price_per_hour = price_per_hour
        self.feed = Feed()
        self.at_work = AtWork()
        self.on_records: Callable[[str], None] = lambda _: None
        self.on_changed: Callable[[str], None] = lambda _: None
        self.closing = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._starting = threading.Lock()
        engines.listen(lambda _: self.feed.tell_all(Changes(engine=True)))
        kernels.listen(self._kernel_changed)

    def check_owner(self, owner: str, session_id: str) -> None:
        """Return if the session is the owner's; raises `NotFound` if it is not, or there is none."""
        with self.database.read() as tx:
            tx.session_of(owner, session_id)

    def records_changed(self, session_id: str) -> None:
        """Stored records of a session changed: nothing read before may be shown again."""
        self.on_records(session_id)
        self.feed.tell(session_id, Changes(records=True, sessions=True))
        self.on_changed(session_id)

    def end(self, work: Writing | Running, store: Callable[[], None]) -> None:
        """Store how a piece of work ended, and forget it.

        Where storage fails, the work stays in memory, says so, and is stored as soon as that is possible.
        """
        while not self._ended(work, store):
            work.ended.set()
            if self.closing.wait(TRY_AGAIN):
                return
        work.ended.set()

    def _ended(self, work: Writing | Running, store: Callable[[], None]) -> bool:
        try:
            store()
        except StorageError as error:
            work.message = f"Not stored yet: {error}"
            self.records_changed(work.session_id)
            return False
        # In this order, no reader finds the work ended and the records still as they were.
        self.on_records(work.session_id)
        self.at_work.end(work)
        self.records_changed(work.session_id)
        return True

    def keep_files(self, session_id: str) -> None:
        """Tell the runner, which forgets it when the server ends, whether a session's files are kept, and where."""
        folder = self.kept.folder(session_id)
        if folder is not None:
            self.kernels.keep_files(session_id, folder)

    def list_changed(self, owner: str) -> None:
        """An owner's list of sessions changed."""
        self.feed.tell_owner(owner)

    def start(self, job: Callable[[], None], name: str) -> None:
        """Do slow work outside of the browser's request."""

        def work() -> None:
            try:
                job()
            finally:
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._starting:  # so that nobody waits for a thread that has not begun
            self._threads.add(thread)
            thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the work in progress, so long for each piece at most."""
        with self._starting:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(seconds)

    def _kernel_changed(self, session_id: str) -> None:
        self.feed.tell(session_id, Changes(kernel=True))
