"""Storing beside a stream: whatever the moment, the end of the stream is the end of it."""

import threading

from app.session.saving import Saver


class Late(threading.Event):
    """Is cleared only after the stream has ended and said so."""

    def __init__(self) -> None:
        super().__init__()
        self.said = threading.Semaphore(0)

    def set(self) -> None:
        super().set()
        self.said.release()

    def clear(self) -> None:
        for _ in range(2):  # by the change, by the end
            self.said.acquire(timeout=60)
        super().clear()


def test_a_stream_that_ends_while_it_is_stored_does_not_wait_for_ever() -> None:
    saved = threading.Event()
    saver = Saver(saved.set)
    saver._changed = Late()

    def stream() -> None:
        with saver:
            saver.changed()
            threading.Event().wait(1.0)  # longer than between two times of storing

    thread = threading.Thread(target=stream, daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert saved.is_set()
