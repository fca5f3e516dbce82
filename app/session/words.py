"""Text from people: what is let in, and what of it becomes a title."""

import re

from app.session.errors import Refused

LONGEST_REQUEST = 100_000  # characters
LONGEST_SOURCE = 1_000_000  # characters
LONGEST_TITLE = 200  # characters
TITLE_FROM_REQUEST = 60  # characters


def storable(text: str) -> str:
    """`text` with the two things no database keeps made visible: NUL becomes its picture, half a pair U+FFFD."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def request_of(text: str) -> str:
    """A request as it is stored.

    Raises:
        Refused: it is empty, or longer than `LONGEST_REQUEST`.
    """
    request = storable(text).strip()
    if not request:
        raise Refused("The request is empty. Say what the code should do.")
    if len(request) > LONGEST_REQUEST:
        raise Refused(
            f"The request has {len(request):,} characters; {LONGEST_REQUEST:,} is the most. "
            "Shorten it, or put data into a cell and refer to that."
        )
    return request


def source_of(text: str) -> str:
    """A cell's source as it is stored.

    Raises:
        Refused: it is longer than `LONGEST_SOURCE`.
    """
    if len(text) > LONGEST_SOURCE:
        raise Refused(
            f"The cell has {len(text):,} characters; {LONGEST_SOURCE:,} is the most. "
            "Split it over several cells, or load the data from a file."
        )
    return storable(text)


def title_of_request(request: str) -> str:
    """The title of a session that begins with this request: its first line, cut at a word."""
    line = _plain(request.strip().split("\n", 1)[0])
    if len(line) <= TITLE_FROM_REQUEST:
        return line
    return line[:TITLE_FROM_REQUEST].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def title_given(text: str) -> str:
    """A title that a person typed.

    Raises:
        Refused: it is empty or longer than `LONGEST_TITLE`.
    """
    title = _plain(storable(text)).strip()
    if not title:
        raise Refused("A title cannot be empty. Type a name, or leave the old one.")
    if len(title) > LONGEST_TITLE:
        raise Refused(f"The title has {len(title)} characters; {LONGEST_TITLE} is the most. Shorten it.")
    return title


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)
