"""Keeps one model loaded, in the background, and tells how far it is."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from model.catalogue import ModelEntry, entry
from model.errors import Cancelled, EngineNotReady, ModelError

if TYPE_CHECKING:
    from model.engine import Engine
    from model.progress import Progress, Report

log = logging.getLogger(__name__)
HostState = Literal["empty", "fetching", "converting", "loading", "ready", "failed"]
Loader = Callable[[ModelEntry, "Report", threading.Event], "Engine"]
Listener = Callable[["EngineStatus"], None]

_WORDS: Final[dict[str, str]] = {
    "empty": "No model is loaded. Choose one.",
    "fetching": "{name} is being downloaded.",
    "converting": "{name} is being converted. This is done once.",
    "loading": "{name} is being loaded.",
    "ready": "{name} is ready.",
}


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the page shows about the model.

    Bytes, speed and time left belong to the work at hand, and are None (or 0) where they are not known.
    `tokens_per_second` is the decoding speed of the last answer, `server` the place of a remote engine. `message` is a
    sentence for people; in the state failed it says why and what to do. `failure` is why another model could not be
    fetched, while the one named here stays loaded.
    """

    state: HostState = "empty"
    model_id: str = ""
    model_name: str = ""
    quantisation: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_second: float | None = None
    seconds_left: float | None = None
    tokens_per_second: float | None = None
    server: str = ""
    message: str = _WORDS["empty"]
    failure: str = ""


class EngineHost:
    """Loads models one after another in a thread of its own.

    Args:
        load: brings an engine for a catalogue entry: reports progress, raises `ModelError` when it cannot and
            `Cancelled` once the event is set. `LocalLoader` is the one for models on this machine, `RemoteLoader` the
            one for a model on a server.
        find: gives the entry of an id, or raises `UnknownModel`.
    """

    def __init__(self, load: Loader, find: Callable[[str], ModelEntry] = entry) -> None:
        self._load = load
        self._find = find
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._listeners: list[Listener] = []
        self._status = EngineStatus()
        self._engine: Engine | None = None
        self._loaded: ModelEntry | None = None
        self._wanted: ModelEntry | None = None
        self._cancel = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="model-host", daemon=True)
        self._thread.start()

    def status(self) -> EngineStatus:
        """How far the model is."""
        with self._lock:
            speed = self._engine.tokens_per_second if self._engine else None
            return replace(self._status, tokens_per_second=speed)

    def engine(self) -> Engine:
        """The loaded model.

        Raises:
            EngineNotReady: none is loaded (yet); the text says how far it is, or why it failed.
        """
        with self._lock:
            if self._engine is None or self._status.state != "ready":
                raise EngineNotReady(self._status.message)
            return self._engine

    def use(self, model_id: str) -> None:
        """Load this model instead, once it is fetched: running answers of the present one end, its memory is freed.

        A model that cannot be fetched leaves the present one loaded.

        Raises:
            UnknownModel: there is no such model; the present one stays.
        """
        self._want(self._find(model_id))

    def retry(self) -> None:
        """Try the model again that failed; does nothing in any other state."""
        status = self.status()
        if status.state == "failed":
            self._want(self._find(status.model_id))

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call `callback` with every new status, from the thread that made it; returns what ends that.

        No lock is held meanwhile, so the callback may ask the host anything.
        """
        with self._lock:
            self._listeners.append(callback)
        return lambda: self._forget(callback)

    def close(self) -> None:
        """Give up what is being loaded, let running answers end, free the memory."""
        with self._changed:
            self._closed = True
            self._cancel.set()
            self._changed.notify_all()
        self._thread.join()

    def _forget(self, callback: Listener) -> None:
        with self._lock, contextlib.suppress(ValueError):  # it was forgotten already
            self._listeners.remove(callback)

    def _want(self, model: ModelEntry) -> None:
        with self._changed:
            if self._status.state not in ("empty", "failed") and self._status.model_id == model.id:
                return
            self._wanted = model
            self._cancel.set()
            self._status = _status("loading", model)
            self._changed.notify_all()
        self._announce()

    def _work(self) -> None:
        while model := self._next():
            self._bring(model)
        self._unload()

    def _next(self) -> ModelEntry | None:
        """Wait for a model to be wanted; None when the host closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted is not None or self._closed)
            model, self._wanted = self._wanted, None
            if self._closed:
                return None
            self._cancel = threading.Event()
            return model

    def _unload(self) -> None:
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _bring(self, model: ModelEntry) -> None:
        cancel = self._cancel
        if self._engine is not None and self._loaded == model:  # it was left for one that was given up
            self._set(_ready(model, self._engine), cancel)
            return
        try:
            engine = self._load(model, lambda progress: self._tell(model, progress, cancel), cancel)
        except Cancelled:
            return
        except ModelError as error:
            self._fail(model, str(error), cancel)
        except Exception as error:
            # A loader's bug or a library's surprise must not leave the page waiting for ever.
            log.exception("Loading %s failed", model.id)
            text = f"{model.name} could not be loaded: {type(error).__name__}: {error}. Try again or choose another."
            self._fail(model, text, cancel)
        else:
            self._install(model, engine, cancel)

    def _install(self, model: ModelEntry, engine: Engine, cancel: threading.Event) -> None:
        self._unload()
        with self._lock:
            wanted = not cancel.is_set()
            if wanted:
                self._engine, self._loaded = engine, model
                self._status = _ready(model, engine)
        if wanted:
            self._announce()
        else:
            engine.close()

    def _fail(self, model: ModelEntry, message: str, cancel: threading.Event) -> None:
        with self._lock:
            engine, loaded = self._engine, self._loaded
        if engine is not None and loaded is not None:
            self._set(replace(_ready(loaded, engine), failure=message), cancel)
        else:
            self._set(replace(_status("failed", model), message=message), cancel)

    def _tell(self, model: ModelEntry, progress: Progress, cancel: threading.Event) -> None:
        if progress.stage != "fetching" and not cancel.is_set():
            self._unload()  # what comes now needs its memory
        status = replace(
            _status(progress.stage, model),
            done_bytes=progress.done_bytes,
            total_bytes=progress.total_bytes,
            bytes_per_second=progress.bytes_per_second,
            seconds_left=progress.seconds_left,
        )
        self._set(status, cancel)

    def _set(self, status: EngineStatus, cancel: threading.Event) -> None:
        """Take the status on, unless its work was given up meanwhile."""
        with self._lock:
            if cancel.is_set():
                return
            self._status = status
        self._announce()

    def _announce(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for callback in listeners:
            try:
                callback(self.status())
            except Exception:
                # A listener's bug is not the model's: the others are told, and loading goes on.
                log.exception("A listener of the model's status failed")


def _ready(model: ModelEntry, engine: Engine) -> EngineStatus:
    return replace(_status("ready", model), model_name=engine.model_name, quantisation=engine.quantisation)


def _status(state: HostState, model: ModelEntry) -> EngineStatus:
    message = _WORDS.get(state, "").format(name=model.name)
    return EngineStatus(state=state, model_id=model.id, model_name=model.name, server=model.server, message=message)
