"""Finds out what a remote server is: which model it serves, how long its window is, what it understands."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from model.background import Background
from model.catalogue import MODELS, ModelEntry
from model.dialect import Dialect, chat_body, read, text_body
from model.engine import Sampling
from model.errors import Cancelled, LoadingError, ModelError, Rejected, RemoteError
from model.progress import Progress
from model.prompt import Prompt, Segment
from model.remote import RemoteEngine, Served, explain
from model.wire import Server, Wire

if TYPE_CHECKING:
    from threading import Event

    from model.engine import Engine, PromptStyle
    from model.progress import Report

WINDOW: Final = 8192  # tokens, where neither the server nor the catalogue says more
# The beginning breaks off within a word: only who goes on with it writes the rest of that word, and no answer of its
# own begins so.
QUESTION: Final = "Which city is the capital of France? Answer in one word."
BEGUN: Final = "Par"
GOES_ON: Final = "is"
_NOT_UNDERSTOOD: Final = frozenset({400, 415, 422, 501})
_LADDER: Final = (
    Dialect(),
    Dialect(flags=False),
    Dialect(continues=False, flags=False),
    Dialect(continues=False, flags=False, usage=False),
)


@dataclass(frozen=True, slots=True)
class RemoteLoader:
    """The `Loader` for a model on a server.

    Args:
        server: where.
        model: what the server calls it; empty takes the first that it lists.
        style: how the model is spoken to; None takes the catalogue's word, else chat.
        window: tokens of prompt and answer together; None takes the server's word, or the catalogue's.
    """

    server: Server
    model: str = ""
    style: PromptStyle | None = None
    window: int | None = None

    def entry(self, model_id: str = "") -> ModelEntry:
        """What stands for the model while nothing is known of it."""
        name = self.model or f"Model at {self.server.name}"
        return ModelEntry(
            id=model_id or self.model or "remote", name=name, repository="", licence="", server=self.server.name
        )

    def __call__(self, entry: ModelEntry, report: Report, cancel: Event) -> Engine:
        """Ask the server what it has, and try it with one word.

        Raises:
            LoadingError: it cannot be used; the text says why and what to do.
            Cancelled: `cancel` was set.
        """
        report(Progress("loading"))
        background, wire = Background(f"engine {self.server.name}"), Wire(self.server)
        try:
            served = background.run(self._meet(wire), cancel)
        except ModelError as error:
            _leave(background, wire)
            raise self._explained(error) from error
        if served is None:
            _leave(background, wire)
            raise Cancelled(f"{entry.name} was given up.")
        return RemoteEngine(served, self.server.name, wire, background)

    def _explained(self, error: ModelError) -> ModelError:
        return LoadingError(explain(self.server.name, error)) if isinstance(error, RemoteError) else error

    async def _meet(self, wire: Wire) -> Served:
        listed = await _listed(wire)
        model = self.model or next(iter(listed), "")
        if not model:
            raise LoadingError(f"The engine at {self.server.name} lists no model. Name one: ENGINE_MODEL.")
        known = next((it for it in MODELS if model.lower() in {it.id, it.repository.lower()}), None)
        style = self.style or (known.prompt_style if known else "chat")
        window = self.window or _window(listed.get(model, {})) or (known.context_length if known else WINDOW)
        return Served(model, style, window, await _dialect(wire, model, style))


def _leave(background: Background, wire: Wire) -> None:
    background.run(wire.close(), threading.Event())
    background.close()


async def _listed(wire: Wire) -> dict[str, dict[str, Any]]:
    """The server's models by name; none where it keeps no list."""
    try:
        answer = await wire.get("models")
    except Rejected as error:
        if error.status in {404, 405, 501}:
            return {}
        raise
    models = answer.get("data")
    rows = [it for it in models if isinstance(it, dict)] if isinstance(models, list) else []
    return {str(it["id"]): it for it in rows if it.get("id")}


def _window(facts: dict[str, Any]) -> int | None:
    """The window, wherever a server tells it: vLLM, llama.cpp and gateways each have their own word."""
    meta = facts.get("meta")
    said = [facts.get(name) for name in ("max_model_len", "context_length", "context_window")]
    said.append(meta.get("n_ctx") if isinstance(meta, dict) else None)
    return next((it for it in said if type(it) is int and it > 0), None)


async def _dialect(wire: Wire, model: str, style: PromptStyle) -> Dialect:
    """The first way of asking that the server does not refuse, and whether it goes on with what is begun."""
    ladder = _LADDER if style == "chat" else _LADDER[-2:]
    for dialect in ladder:
        try:
            text = await _say(wire, model, style, dialect)
        except Rejected as error:
            if error.status not in _NOT_UNDERSTOOD or dialect == ladder[-1]:
                raise
        else:
            goes_on = dialect.continues and text.lstrip().startswith(GOES_ON)
            return Dialect(continues=goes_on, flags=goes_on and dialect.flags, usage=dialect.usage)
    raise AssertionError  # the last one returns or raises


async def _say(wire: Wire, model: str, style: PromptStyle, dialect: Dialect) -> str:
    begun = BEGUN if dialect.continues else ""
    segments = (Segment("user", control=True), Segment(QUESTION), Segment("assistant", control=True), Segment(begun))
    asked = segments if style == "chat" else segments[1:2]
    prompt = Prompt(asked, begun, (), (), 0, 0, 0, style)
    sampling = Sampling(max_tokens=4)
    if style == "chat":
        events = wire.stream("chat/completions", chat_body(model, prompt, sampling, dialect))
    else:
        events = wire.stream("completions", text_body(model, prompt, sampling, dialect))
    return "".join([read(event).text async for event in events])
