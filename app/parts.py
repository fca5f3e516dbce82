"""Builds the parts of a server from its settings, and takes them down again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel

from app.audit import Scanner
from app.runner import Kernels, Limits
from app.session import Playground
from app.settings import Settings
from model.catalogue import default_model
from model.greeting import RemoteLoader
from model.host import EngineHost
from model.loader import LocalLoader, default_sources
from model.machine import free_memory, survey
from model.prepare import is_prepared
from model.scripted import ScriptedEngine
from model.wire import Server
from storage import Database


class CannotStart(Exception):
    """The server cannot start as it is set up; the text says what to change."""


class Script(BaseModel):
    """A file of replies for the scripted engine.

    Attributes:
        tokens_per_second: how fast they are played; 0 is as fast as possible.
        replies: played in this order, one a request.
    """

    tokens_per_second: float = 0.0
    replies: list[str]


@contextmanager
def assembled(settings: Settings) -> Iterator[Playground]:
    """A playground over the data folder, as long as the context lasts.

    Raises:
        CannotStart: the data folder cannot be used, another server uses it, or the script is unreadable.
        StorageError: the database cannot be used.
        UnknownModel: the settings name no model.
    """
    with _alone(settings.data):
        database = Database(settings.database)
        database.migrate()
        engines = _engines(settings)
        limits = Limits()
        playground = Playground(
            database,
            engines,
            Kernels(limits),
            on_disk=lambda entry: is_prepared(entry, settings.models),
            fixed_model=settings.engine_url is not None and settings.script is None,
            kept=settings.kept,
            limits=limits,
            scanner=Scanner(),
            price_per_hour=settings.price_per_hour,
            machine=None if settings.script else lambda: survey(settings.data),
        )
        try:
            yield playground
        finally:
            playground.close()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the data folder: a second server on it would take the first one's running work for cut off."""
    lock = FileLock(folder / "server.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise CannotStart(
            f"Another server uses the data folder {folder}. Open its page, stop it, or name another folder: "
            "PLAYGROUND_DATA=/some/folder make run"
        ) from error
    except OSError as error:
        raise CannotStart(
            f"The data folder {folder} cannot be used: {error}. Name another: PLAYGROUND_DATA."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _engines(settings: Settings) -> EngineHost:
    """The host, already at work on the model that the settings name, or else on the one that suits this machine."""
    if settings.script:
        engine = _scripted(settings.script)
        host = EngineHost(lambda *_: engine)
    elif settings.engine_url:
        return _remote(settings)
    else:
        host = EngineHost(LocalLoader(settings.models, default_sources(settings.weights)))
    host.use(settings.model or default_model(free_memory()).id)
    return host


def _remote(settings: Settings) -> EngineHost:
    server = Server(str(settings.engine_url), settings.engine_key.get_secret_value())
    loader = RemoteLoader(server, settings.engine_model, settings.engine_style, settings.engine_window)
    host = EngineHost(loader, loader.entry)
    host.use(loader.entry().id)
    return host


def _scripted(path: Path) -> ScriptedEngine:
    try:
        script = Script.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise CannotStart(
            f"The script {path} (PLAYGROUND_SCRIPT) cannot be read: {error}. "
            'It must hold {"tokens_per_second": 30, "replies": ["..."]}; unset the variable to use a model.'
        ) from error
    return ScriptedEngine(script.replies, tokens_per_second=script.tokens_per_second)
