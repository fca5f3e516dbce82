"""Which cell a request is about, when its sender did not say.

The prompt must show the cell to be changed before the answer exists, so the target is guessed from the request; the
answer corrects the guess (`lineage.redefined`).
"""

import re
from collections.abc import Sequence

from app.session.lineage import Piece, definitions

_POLITE = r"^\W*(?:(?:please|now|next|then|can you|could you|i (?:want|need)(?: you to)?)\W+)*"
_VERBS = "write|create|implement|generate|build|define|give me|plot|draw|simulate|show|print|load|read|parse"
_WORK = "compute|calculate|find|count|merge|solve|test|call|run|check"
_CREATE = re.compile(
    rf"{_POLITE}(?:(?:{_VERBS}|{_WORK})\b(?!\s+(?:it|that|this|them|sure)\b)|(?:make|code|use)\s+(?:me\s+)?(?:an?|another)\s)",
    re.IGNORECASE,
)
# "Write a function that sorts it" speaks of its own argument: what is to be made is named, so pronouns prove nothing.
_THING = re.compile(
    rf"{_POLITE}(?:{_VERBS}|make|code)\s+(?:me\s+)?(?:an?|another|one more)\s+(?:[\w-]+\s+){{0,4}}?"
    r"(?:function|class|dataclass|script|program|generator|decorator|cell|game|simulation)\b(?!.*\binstead\b)",
    re.IGNORECASE,
)
# A question with a subject of its own is about data, not about the cell: "which jobs are over their budget?". What
# asks for a reason or an opinion ("why does sorting fail?", "what about ties?") is about the code that is there.
_QUESTION = re.compile(
    rf"{_POLITE}(?:which|who|whose|when|where|how\s+(?:many|much|often|long|far|large|big|old)|what\s+(?:is|are|was|were)|are\s+there|is\s+there)\b",
    re.IGNORECASE,
)
_REFER = re.compile(r"\b(?:it|its|itself|that|this|them|instead|same|everything else|also|too|keep)\b", re.IGNORECASE)


def aim(request: str, pieces: Sequence[Piece], active: str | None) -> str | None:
    """The cell that `request` most likely wants changed, or None for a new one.

    Args:
        request: the words of the person.
        pieces: the cells in order.
        active: the cell that was answered, edited or run last.
    """
    if not pieces:
        return None
    named = _named(request, pieces)
    clause = _first_clause(request)
    asks = _CREATE.match(clause) or _QUESTION.match(clause)
    starts_anew = bool(_THING.match(clause)) or (bool(asks) and not _REFER.search(clause))
    if named is not None and not starts_anew:
        return named
    if starts_anew:
        return None
    return active if any(piece.id == active for piece in pieces) else pieces[-1].id


def _named(request: str, pieces: Sequence[Piece]) -> str | None:
    if found := re.search(r"\bcell\s+(\d+)\b", request, re.IGNORECASE):
        number = int(found[1])
        if 1 <= number <= len(pieces):
            return pieces[number - 1].id
    words = set(re.findall(r"[A-Za-z_]\w*", request))
    for piece in reversed(pieces):
        # A function called `sort` is no proof that "sort" means it: ordinary words need brackets or backticks.
        for name in definitions(piece.source):
            if name in words and ("_" in name or re.search(rf"`{name}`|\b{name}\s*\(", request)):
                return piece.id
    return None


def _first_clause(request: str) -> str:
    return re.split(r"[.;:\n]", request, maxsplit=1)[0]
