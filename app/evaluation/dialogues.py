"""Dialogues of refinements with hidden checks (tests/dialogues/): what each turn gains, breaks and repairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.evaluation.booth import Booth, together
from app.evaluation.dialogue import Check, Dialogue, judge
from app.evaluation.estimate import bootstrap
from app.evaluation.rows import Row
from app.runner.oneshot import OneShot


@dataclass(frozen=True)
class Item:
    """One dialogue to be held; `seed` is of its sampling."""

    dialogue: Dialogue
    sample: int
    seed: int

    @property
    def key(self) -> str:
        """What tells it from the others of a run."""
        return f"dialogue/{self.dialogue.name}/{self.sample}"


class Dialogues:
    """Holds dialogues and judges the program after every turn.

    Args:
        runner: runs the programs.
        sampling: settings of the sessions, as the page would set them.
    """

    def __init__(self, runner: OneShot, sampling: Mapping[str, float | int | None]) -> None:
        self._runner = runner
        self._sampling = dict(sampling)

    def attempt(self, booth: Booth, item: Item) -> Row:
        """Ask turn by turn in one session."""
        session = booth.session({**self._sampling, "seed": item.seed})
        held: dict[Check, bool] = {}
        turns, answers = [], []
        for number, turn in enumerate(item.dialogue.turns, 1):
            answer = booth.ask(session, turn.request)
            answers.append(answer)
            checks = item.dialogue.in_force(number)
            first = self._judged(answer.first_program, checks, item.dialogue)
            now = self._judged(answer.program, checks, item.dialogue)
            turns.append(
                {
                    "passed": all(now.values()),
                    "first_passed": all(first.values()),
                    "broke": [check.call for check, holds in now.items() if held.get(check) and not holds],
                    "failed": [check.call for check, holds in now.items() if not holds],
                    "repairs": answer.repairs,
                    "program": answer.program,
                    "message": answer.message,
                    **asdict(answer.cost),
                }
            )
            held = now
        return {
            "key": item.key,
            "task_id": item.dialogue.name,
            "topic": item.dialogue.topic,
            "sample": item.sample,
            "seed": item.seed,
            "passed": all(turn["passed"] for turn in turns),
            "turns": turns,
            **asdict(together(answer.cost for answer in answers)),
            "exchanges": [asdict(exchange) for answer in answers for exchange in answer.exchanges],
        }

    def _judged(self, program: str, checks: Sequence[Check], dialogue: Dialogue) -> dict[Check, bool]:
        return dict(zip(checks, judge(self._runner, program, checks, dialogue.given), strict=True))


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Shares of turns, each first over the turns of a dialogue and then over dialogues.

    A turn has passed if every check in force holds after it, broke something if a check that held before it does not
    any more, and was repaired if its first answer did not pass and the code in the end does.
    """
    turns = [turn for row in rows for turn in row["turns"]]
    return {
        "problems": len({row["task_id"] for row in rows}),
        "dialogues passed": asdict(bootstrap([float(row["passed"]) for row in rows])),
        "turns": len(turns),
        "turns passed": _share(rows, lambda turn: bool(turn["passed"])),
        "turns passed at the first answer": _share(rows, lambda turn: bool(turn["first_passed"])),
        "turns that broke an earlier check": _share(rows, lambda turn: bool(turn["broke"])),
        "turns repaired": _share(rows, lambda turn: bool(turn["passed"] and not turn["first_passed"])),
        "seconds a turn": round(sum(turn["seconds"] for turn in turns) / len(turns), 2),
    }


def _share(rows: Sequence[Row], holds: Callable[[Mapping[str, Any]], bool]) -> dict[str, float]:
    return asdict(bootstrap([sum(map(holds, row["turns"])) / len(row["turns"]) for row in rows]))
