"""Tokens become text without breaking a character, and stop strings never show."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from model.tokens import Detokenizer, StopCutter


class Bytes:
    """A codec with one token for each byte: the worst case for characters of several bytes."""

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(ids).decode(errors="replace")


@given(st.text())
def test_no_piece_of_text_holds_a_broken_character(text: str) -> None:
    detokenizer = Detokenizer(Bytes())
    pieces = [detokenizer.add(byte) for byte in text.encode()]
    assert "".join(pieces) + detokenizer.finish() == text
    if "\ufffd" not in text:
        assert not [piece for piece in pieces if "\ufffd" in piece]


def test_broken_bytes_do_not_hold_the_text_back_for_ever() -> None:
    detokenizer = Detokenizer(Bytes())
    assert "ok" in "".join(detokenizer.add(byte) for byte in b"\xff\xff\xff\xff\xffok")


def test_a_character_cut_off_at_the_end_is_replaced() -> None:
    detokenizer = Detokenizer(Bytes())
    detokenizer.add("é".encode()[0])
    assert detokenizer.finish() == "\ufffd"


@settings(deadline=None)
@given(st.text("ab#\n", max_size=30), st.lists(st.text("ab#\n", min_size=1, max_size=4), max_size=3), st.data())
def test_text_is_cut_before_the_first_stop_string(text: str, stops: list[str], data: st.DataObject) -> None:
    cutter, shown, rest = StopCutter(stops), "", text
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        shown += cutter.feed(rest[:size])
        rest = rest[size:]
        assert not any(stop in shown for stop in stops)
    shown += cutter.finish()
    assert shown == expected(text, stops)


def expected(text: str, stops: list[str]) -> str:
    """The beginning of the text before the stop string that is complete first."""
    for end in range(1, len(text) + 1):
        found = [text[:end].find(stop) for stop in stops if stop in text[:end]]
        if found:
            return text[: min(found)]
    return text
