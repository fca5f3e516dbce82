"""Tests that the model proposes for a function."""

import threading

from app.session import claims
from app.session.checks import Check
from app.session.lineage import title_of
from model.engine import Engine, Sampling
from model.prompt import PromptState, build
from model.reply import ReplyReader

LONGEST = 400  # tokens
REQUEST = (
    "Here is a Python function:\n```python\n{source}\n```\n"
    "Write six different assert statements that test `{name}`, one on each line, each of the form "
    "`assert {name}(...) == value`, with edge cases among them. Give nothing but the asserts."
)


def proposals(engine: Engine, source: str, sampling: Sampling, stop: threading.Event) -> list[Check]:
    """The checks that the model proposes for what `source` defines last: some are wrong, none if it defines nothing.

    Args:
        engine: answers, in its likeliest words.
        source: code of a cell.
        sampling: bounds the length of the answer.
        stop: ends it within one token.
    """
    name = title_of(source)
    if not name:
        return []
    asked = Sampling(temperature=0.0, max_tokens=min(LONGEST, sampling.max_tokens))
    prompt = build(PromptState(REQUEST.format(source=source, name=name)), engine, asked)
    reader = ReplyReader(prompt.begun, prompt.style, prompt.stubs)
    with engine.stream(prompt, asked, stop) as pieces:
        for piece in pieces:
            reader.feed(piece)
    reply = reader.finish()
    found = [*claims.of_proposal(reply.code), *claims.of_reply(reply.examples)]
    return [check for check in found if name in check.call]
