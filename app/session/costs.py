"""What one answer cost: tokens, time and money."""

from dataclasses import dataclass

from storage.records import Turn

HOUR = 3600.0  # seconds
MILLION = 1_000_000


@dataclass(frozen=True)
class Cost:
    """What a turn's answer cost.

    Money is what the machine cost in the meantime, as if it had done nothing else: where several answers were written
    at once, each of them cost less.

    Attributes:
        tokens_per_second: after the first token; None where there is no interval to measure.
        money: in the currency of the machine's price per hour; None where that was not known.
        per_million: money for a million tokens written at this pace.
    """

    tokens_in: int
    tokens_out: int
    estimated: bool
    seconds: float
    first_token_seconds: float | None
    tokens_per_second: float | None
    money: float | None
    per_million: float | None


def cost_of(turn: Turn) -> Cost | None:
    """The cost of an answer that has ended, or None where no token came."""
    if not turn.tokens_out or turn.seconds is None:
        return None
    money = None if turn.price_per_hour is None else turn.price_per_hour * turn.seconds / HOUR
    return Cost(
        tokens_in=turn.tokens_in or 0,
        tokens_out=turn.tokens_out,
        estimated=turn.estimated,
        seconds=turn.seconds,
        first_token_seconds=turn.first_token_seconds,
        tokens_per_second=_speed(turn.tokens_out, turn.seconds, turn.first_token_seconds),
        money=money,
        per_million=None if money is None else money / turn.tokens_out * MILLION,
    )


def _speed(tokens: int, seconds: float, first: float | None) -> float | None:
    if first is None or tokens < 2 or seconds <= first:  # noqa: PLR2004 - a rate needs an interval
        return None
    return (tokens - 1) / (seconds - first)
