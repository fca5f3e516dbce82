"""Examples in prose: a call or the values of parameters, and the value that should come of it.

The forms are those that people use when they ask for a function:

    sort([3, 1]) gives [1, 3]           f(2)  # returns "even"          [3, 1] -> [1, 3]
    for n = 5 the output should be 1    Input: xs = [1, 2], k = 1  Output: [2]
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.session.checks import UNREADABLE, Check
from app.session.lineage import tree_of

REACH = 2000  # characters within which a bracket has to close
_WORDS = {"true": "True", "false": "False", "null": "None", "none": "None"}

_CALL = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*\(")
_SHALL = r"(?:should\s+|must\s+|will\s+|would\s+)?"
_LINK = re.compile(
    r"`?[ \t]*(?:\#\s*)?(?:,\s*)?\s*(?:[=\u2013-]{1,2}>|={2,3}|[\u2192\u279e\u21d2\u2794]|=(?!=)"
    rf"|(?:(?:it|the (?:result|answer|output))\s+)?{_SHALL}"
    r"(?:gives?(?:\s+back)?|returns?|be(?:comes?)?|is|equals?|yields?|produces?|results?\s+in|evaluates?\s+to))"
    r"(?:\s+(?:equal\s+to|the\s+(?:list|string|value|number)))?\s*`?\s*",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"`?\s*(?:should\s+|must\s+)?(?:raises?|throws?)\s+(?:an?\s+)?`?(\w+(?:Error|Exception|Exit|Stop\w*))"
)
_ARROW = re.compile(
    r"\s*`?\s*(?:[=-]>|[\u2192\u279e\u21d2\u2794]|gives|becomes|should\s+(?:give|return|become))\s*`?\s*"
)
_INPUT = re.compile(r"\binputs?\s*:\s*", re.IGNORECASE)
_FOR = re.compile(r"\b(?:for|if|when|with|given)\s+`?(?=[A-Za-z_]\w*\s*=[^=])", re.IGNORECASE)
_NAME = re.compile(r"(?!outputs?\b)([A-Za-z_]\w*)\s*[=:]\s*(?!=)", re.IGNORECASE)
_AND = re.compile(r"`?\s*(?:,\s*and\b|,|\band\b|\n)\s*`?")
_OUTPUT = re.compile(r"[.,;]?\s*outputs?\s*:\s*", re.IGNORECASE)
_OUTCOME = re.compile(
    r"[^\n]{0,80}?\b(?:output|result|answer|function|it)\s+"
    rf"{_SHALL}(?:be|is|gives?|returns?|equals?)\s*:?\s*`?",
    re.IGNORECASE,
)
_ATOM = re.compile(
    r"-?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?!\w)|set\(\)|(?:true|false|none|null)\b", re.IGNORECASE
)
_QUOTED = re.compile(r"[rb]?(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")(?!\w)")
_OPERATOR = re.compile(r"[ \t]*(?:[-+*/%^]|\*\*|//)[ \t]*[\w(\[]")
_EQUALS = re.compile(r"(?<![=<>!])=(?!=)\s*")


@dataclass(frozen=True)
class Value:
    """A literal as it stands in a text: in Python's spelling, and where it ends."""

    text: str
    end: int


def calls(text: str) -> Iterator[Check]:
    """`f(1, 2) == 3` and the like, wherever they stand."""
    for found in _CALL.finditer(text):
        end = closing(text, found.end() - 1)
        call = text[found.start() : end]
        if not end or tree_of(call) is None:
            continue
        if error := _ERROR.match(text, end):
            yield Check(" ".join(call.split()), f"raises {error[1]}")
        elif (link := _LINK.match(text, end)) and (value := _outcome_at(text, link.end())):
            yield Check(" ".join(call.split()), value)


def pairs(text: str, name: str) -> Iterator[Check]:
    """`[3, 1, 2] -> [1, 2, 3]`: a literal for the only argument of the function `name`."""
    for found in re.finditer(r"(?<![\w(\[{,=])[\[\"'{(]", text):
        value = literal_at(text, found.start())
        link = _ARROW.match(text, value.end) if value else None
        if value and link and (wanted := _outcome_at(text, link.end())):
            yield Check(f"{name}({value.text})", wanted)


def assignments(text: str, parameters: Mapping[str, Sequence[str]]) -> Iterator[Check]:
    """`for n = 5 the output should be 1`, and `Input:` with `Output:` below it.

    Args:
        text: prose.
        parameters: names of the parameters of each function that may be meant.
    """
    for found in sorted([*_INPUT.finditer(text), *_FOR.finditer(text)], key=re.Match.start):
        named, plain, end = _values(text, found.end())
        link = _OUTPUT.match(text, end) or (_OUTCOME.match(text, end) if named else None)
        wanted = _outcome_at(text, link.end()) if link else ""
        for name, its in parameters.items() if wanted else ():
            if named and set(named) <= set(its):
                yield Check(f"{name}({', '.join(f'{key}={value}' for key, value in named.items())})", wanted)
            elif plain and len(plain) == len(its):
                yield Check(f"{name}({', '.join(plain)})", wanted)


def _values(text: str, start: int) -> tuple[dict[str, str], list[str], int]:
    """Values with a name and those without from `start` on, separated by commas or lines, and where they end."""
    named: dict[str, str] = {}
    plain: list[str] = []
    end = start
    while True:
        name = _NAME.match(text, start)
        value = literal_at(text, name.end() if name else start)
        if value is None:
            return named, plain, end
        if name:
            named[name[1]] = value.text
        else:
            plain.append(value.text)
        end = value.end
        separator = _AND.match(text, end)
        if not separator:
            return named, plain, end
        start = separator.end()


def _outcome_at(text: str, start: int) -> str:
    """The value that is named there, in Python's spelling, or "".

    Where it is reckoned out (`1 + 9 = 10`), what stands behind the last equals sign of the line counts.
    """
    value = literal_at(text, start)
    if value is None or not _OPERATOR.match(text, value.end):
        return value.text if value else ""
    line = text[value.end :].split("\n", 1)[0]
    last = max((found.end() for found in _EQUALS.finditer(line)), default=0)
    reckoned = literal_at(line, last) if last else None
    return reckoned.text if reckoned and not _OPERATOR.match(line, reckoned.end) else ""


def literal_at(text: str, start: int) -> Value | None:
    """The literal that begins there; true, false and null in any spelling."""
    found = _ATOM.match(text, start) or _QUOTED.match(text, start)
    end = found.end() if found else closing(text, start) if text[start : start + 1] in {"[", "(", "{"} else 0
    written = text[start:end]
    if found and written.endswith(".") and written != ".":  # of the sentence
        written, end = written[:-1], end - 1
    written = _WORDS.get(written.lower(), written)
    try:
        ast.literal_eval(written)
    except UNREADABLE:
        return None
    return Value(written, end)


def closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` is closed, one behind; 0 if it is not, within a sensible distance."""
    depth, quote = 0, ""
    for place in range(start, min(len(text), start + REACH)):
        sign = text[place]
        if quote:
            quote = "" if sign == quote and text[place - 1] != "\\" else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if not depth:
                return place + 1
    return 0
