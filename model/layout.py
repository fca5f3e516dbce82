"""The two styles of prompts: chat, and CodeGen's own."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from model.echo import CHANGE, CURRENT_CODE, CURRENT_FUNCTION, DEFINED, EARLIER, HAPPENED, KEEP
from model.outline import Definition, outline, parse
from model.window import Draft, Group, Piece, cut_middle

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from model.prompt import PromptState, TargetCell

SYSTEM = "You write Python. Answer with the complete code in one python code block, then one sentence that explains it."
TALK = "You know Python well and speak to a programmer: briefly, exactly, in plain words."
CHAT_STOPS = ("<|im_end|>", "<|endoftext|>")
# Where the next turn of a CodeGen dialogue would begin: sample.py of salesforce/CodeGen cuts at the same marks.
CODEGEN_STOPS = ("\n#", "\n'''", '\n"""', "\n\n\n", "<|endoftext|>")
KEPT_CONSTRAINTS = 3
SHORT_EVIDENCE = 800
_SIGNATURE = re.compile(
    r"^(\s*)(?:(?:async )?def |class )?(\S.*?)(?:(?: =|:)(?: \.\.\.)?(?:  # (.*))?)?$", re.MULTILINE
)
_OTHER_NAME = re.compile(
    r"\b(re-?name\w*|call(ed)? (it|the function)|name(d)? (it|the function)|split)\b", re.IGNORECASE
)


def chat(state: PromptState, *, begin: bool = True) -> Draft:
    """A system text, and one user message with the cell as it is now.

    Where the answer cannot be begun for the model, it is told in words how to begin.
    """
    beginning = _beginning(state)
    others = _others(state, Group(f"{DEFINED}, ready to be used:\n", "\n"), _listed)
    constraints = _constraints(state)
    target = _target(state.target)
    evidence = _evidence(state)
    pieces = (*others, *constraints, *target, *evidence, _chat_request(state))
    return Draft(
        style="chat",
        system=SYSTEM if begin else _told(beginning),
        pieces=pieces,
        drops=_drops(evidence, constraints, others),
        squeezed=target[0] if target else None,
        begun="```python\n" + beginning if begin else "",
        stop_strings=CHAT_STOPS,
    )


def talk(state: PromptState) -> Draft:
    """A question about the cell as it is now, answered in words."""
    others = _others(state, Group(f"{DEFINED}:\n```python\n", "```\n\n"))
    target = _target(state.target)
    evidence = _evidence(state)
    request = Piece("request", "Request", (clean(state.request).strip(),))
    return Draft(
        style="chat",
        system=TALK,
        pieces=(*others, *target, *evidence, request),
        drops=_drops(evidence, (), others),
        squeezed=target[0] if target else None,
        begun="",
        stop_strings=CHAT_STOPS,
    )


def codegen(state: PromptState) -> Draft:
    """The dialogue as comments, each followed by its code (Nijkamp et al., CodeGen, ICLR 2023, section 4)."""
    others = _others(state, Group("", "\n"), known={code.strip() for _, code in state.dialogue})
    turns = [
        Piece("turn", f"Turn {number}", (f"{_comment(request)}\n{clean(code).strip()}\n\n", ""))
        for number, (request, code) in enumerate(state.dialogue, 1)
    ]
    target = _codegen_target(state)
    evidence = [Piece("evidence", title, (_comment(f"{title}: {text}") + "\n", "")) for title, text in state.evidence]
    request = Piece("request", "Request", (f"{_comment(state.request)}\n",))
    return Draft(
        style="codegen",
        system="",
        pieces=(*others, *turns, *target, *evidence, request),
        drops=(*reversed(evidence), *turns, *(piece for piece in others for _ in piece.forms[1:])),
        squeezed=target[0] if target else None,
        begun=_beginning(state),
        stop_strings=CODEGEN_STOPS,
    )


def clean(text: str) -> str:
    """`text` as something every tokenizer accepts: no lone surrogates, no NUL, line feeds only."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _others(
    state: PromptState, group: Group, draw: Callable[[str], str] = str, known: Collection[str] = ()
) -> list[Piece]:
    """The other cells, but for those whose whole source is `known` from elsewhere in the prompt."""
    pieces = []
    for cell in state.others:
        if cell.source.strip() in known:
            continue
        full = draw(outline(clean(cell.source)))
        bare = draw(outline(clean(cell.source), docstrings=False))
        forms = (full + "\n", bare + "\n", "") if full != bare else (full + "\n", "")
        if full:
            pieces.append(Piece("cell", f"Cell {cell.number}", forms, group))
    return pieces


def _listed(signatures: str) -> str:
    """An outline as a list: a small model that is shown signatures as code answers with one more of them."""
    return _SIGNATURE.sub(lambda its: f"{its[1]}- {its[2]}" + (f": {its[3]}" if its[3] else ""), signatures)


def _constraints(state: PromptState) -> list[Piece]:
    group = Group(f"{EARLIER}\n", "\n")
    return [
        Piece("constraint", f"Earlier request {number}", (f"- {' '.join(clean(text).split())}\n", ""), group)
        for number, text in enumerate(state.constraints, 1)
    ]


def _target(target: TargetCell | None) -> list[Piece]:
    if target is None:
        return []
    heading = CURRENT_FUNCTION if target.name else CURRENT_CODE
    group = Group(f"{heading}\n```python\n", "\n```\n\n")
    return [Piece("target", target.title, (clean(target.source).strip("\n"),), group)]


def _codegen_target(state: PromptState) -> list[Piece]:
    """The cell as it is now, unless the dialogue ends with just that."""
    if state.target is None or (state.dialogue and state.dialogue[-1][1].strip() == state.target.source.strip()):
        return []
    group = Group("# The code as it is now\n", "\n\n")
    return [Piece("target", state.target.title, (clean(state.target.source).strip("\n"),), group)]


def _evidence(state: PromptState) -> list[Piece]:
    group = Group(f"{HAPPENED}\n", "\n")
    mark = "... left out ..."
    pieces = []
    for title, text in state.evidence:
        full, short = clean(text), cut_middle(clean(text), SHORT_EVIDENCE, mark)
        forms = tuple(f"{title}:\n{form}\n" for form in dict.fromkeys((full, short)))
        pieces.append(Piece("evidence", title, (*forms, ""), group))
    return pieces


def _chat_request(state: PromptState) -> Piece:
    request = clean(state.request).strip()
    if state.target is None:
        return Piece("request", "Request", (request,))
    words = Group(
        CHANGE,
        f"\n{KEEP} Give the complete code, then say in one short sentence what changed.",
    )
    return Piece("request", "Request", (request,), words)


def _drops(evidence: Sequence[Piece], constraints: Sequence[Piece], others: Sequence[Piece]) -> tuple[Piece, ...]:
    """What to shorten, in order: long evidence, old constraints, docstrings, signatures, evidence, constraints."""
    newest = constraints[-KEPT_CONSTRAINTS:]
    return (
        *(piece for piece in reversed(evidence) for _ in piece.forms[2:]),
        *constraints[:-KEPT_CONSTRAINTS],
        *(piece for piece in others for _ in piece.forms[2:]),
        *others,
        *reversed(evidence),
        *newest,
    )


def _beginning(state: PromptState) -> str:
    """The words with which a changed function has to begin, so that it keeps its name; empty where that is open."""
    target = state.target
    if target is None or target.name is None or _OTHER_NAME.search(state.request):
        return ""
    tree = parse(target.source)
    first = tree.body[0] if tree and tree.body else None
    if not isinstance(first, Definition) or first.name != target.name or first.decorator_list:
        return ""
    if isinstance(first, ast.ClassDef):
        return f"class {first.name}"
    return f"async def {first.name}(" if isinstance(first, ast.AsyncFunctionDef) else f"def {first.name}("


def _told(beginning: str) -> str:
    keep = f" The code goes on to define `{beginning.rstrip('(')}` under this name." if beginning else ""
    return f"{SYSTEM} Begin with the code block, without a word before it.{keep}"


def _comment(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in clean(text).strip().splitlines()) or "#"
