"""Guesses that make an answer come sooner, and change nothing of it."""

import string
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import local_engines
import pytest
import tiny_models
import torch
from local_engines import plainly, refinement, write

from model.cache import Buffers
from model.decode import Decoding, Task
from model.draft import Drafter
from model.engine import Sampling
from model.steptime import StepTime

SOURCE = [ord(letter) for letter in "def f(x): return sorted(x)\nend"]
PROMPT = [ord(letter) for letter in "say: "] + SOURCE + [ord(letter) for letter in "\n>> "]
PLACE = (5, 5 + len(SOURCE))


def guesses(answer: str) -> str:
    """For each letter of the answer what was guessed for it; a dot for no guess."""
    drafter, guessed = Drafter(PROMPT, PLACE), ""
    for letter in answer:
        guess = drafter.guess(1)
        guessed += chr(guess[0]) if guess else "."
        drafter.learn(len(guess), guess == [ord(letter)])
        drafter.add(ord(letter))
    return guessed


def missed(answer: str) -> int:
    return sum(a != b for a, b in zip(guesses(answer), answer, strict=True))


def test_a_copy_is_guessed_from_its_beginning_on() -> None:
    assert missed("def f(x): return sorted(x)\n") == 0


@pytest.mark.parametrize(
    "answer",
    [
        "def f(y): return sorted(x)\n",  # one token instead of another
        "def f(x): sorted(x)\n",  # some left out
        "def f(x, y): return sorted(x)\n",  # some more
    ],
)
def test_after_a_change_the_place_is_found_again(answer: str) -> None:
    assert missed(answer) <= 6
    assert guesses(answer).endswith("orted(x)\n")


def test_what_follows_in_the_cell_comes_before_what_follows_elsewhere() -> None:
    elsewhere = [ord(letter) for letter in "return reversed(x) return reversed(x) "]
    drafter = Drafter(elsewhere + SOURCE + [10], (len(elsewhere), len(elsewhere) + len(SOURCE)))
    for letter in "def f(x): return ":
        drafter.add(ord(letter))
    assert drafter.guess(6) == [ord(letter) for letter in "sorted"]


def test_chances_fall_with_what_went_wrong() -> None:
    drafter = Drafter(PROMPT, PLACE)
    before = drafter.chances()
    for _ in range(10):
        drafter.learn(4, 0)
    after = drafter.chances()
    assert after[0] < before[0]
    assert after == sorted(after, reverse=True)


def test_nothing_is_guessed_where_nothing_is_known() -> None:
    drafter = Drafter([1, 2, 3], (0, 0))
    assert (drafter.guess(5), drafter.chances()) == ([], [])


def test_rows_that_cost_little_are_worth_guessing_and_dear_ones_are_not() -> None:
    cheap, dear = StepTime(), StepTime()
    for _ in range(100):
        for rows in (1, 2, 3, 4, 6, 8, 12, 16):
            cheap.learn(rows, 1 + rows / 100)
            dear.learn(rows, rows)
    chances = [0.8**length for length in range(1, 16)]
    assert cheap.more(1, 1, chances) > 10
    assert dear.more(1, 1, chances) == 0


def test_a_busy_moment_makes_no_size_dear_for_ever() -> None:
    times, chances = StepTime(), [0.95**length for length in range(1, 9)]
    for _ in range(50):
        times.learn(1, 1.0)
        times.learn(8, 1.2)
    for _ in range(5):
        times.learn(8, 20.0)
    for _ in range(30):
        times.learn(1, 1.0)
    assert times.more(1, 1, chances) > 4


@pytest.mark.parametrize("make", [tiny_models.llama, tiny_models.codegen, tiny_models.starcoder, tiny_models.alphabet])
@pytest.mark.parametrize("sampling", [Sampling(max_tokens=60), Sampling(temperature=0.5, top_p=0.9, seed=1)])
def test_text_with_guesses_is_that_of_a_plain_loop(
    tmp_path: Path, make: Callable[[Path], Path], sampling: Sampling
) -> None:
    folder, state = make(tmp_path), refinement("ab ab", ["ab = ab"] * 3)
    engine = local_engines.engine(folder)
    short = replace(sampling, max_tokens=60)
    assert write(engine, state, short)[0] == plainly(folder, state, short)
    engine.close()


def test_what_is_guessed_well_is_written_in_few_steps(tmp_path: Path) -> None:
    engine = local_engines.engine(tiny_models.alphabet(tmp_path))
    forwards = local_engines.watched(engine)
    text, outcome = write(
        engine, refinement("Spell", [f"return '{string.ascii_lowercase * 3}'"]), Sampling(max_tokens=60)
    )
    assert string.ascii_lowercase in text
    assert outcome.tokens_out == 60
    assert len(forwards.rows) < 40
    engine.close()


def test_guessed_tokens_are_kept_with_their_probability() -> None:
    """The first two tokens of many answers, one guessed: their frequencies are those of the model."""
    first, second = torch.tensor([2.0, 1.0, 0.0, -1.0]), torch.tensor([0.0, 1.5, 0.5, -0.5])
    counts, answers = torch.zeros(4, 4), 4000
    for seed in range(answers):
        task = Task([0, 0], Sampling(temperature=1.0, max_tokens=9, seed=seed), 9, frozenset(), threading.Event())
        decoding = Decoding(task)
        decoding.begin(Buffers())
        decoding._guessed = [1]
        decoding.take(torch.stack([first, second]))
        made = decoding.tokens[2:]
        if made[0] == 1:  # the guess: the second row counted
            counts[1, made[1]] += 1
        else:
            assert len(made) == 1
            counts[made[0], 0] += 1
    shares = first.softmax(0)
    expected = torch.zeros(4, 4)
    expected[:, 0] = shares
    expected[1] = shares[1] * second.softmax(0)
    deviation = ((counts - answers * expected) ** 2 / (answers * expected).clamp(min=1)).sum()
    assert deviation < 20  # chi-square with 6 degrees of freedom: below that in 99.7 % of all draws; seeds are fixed
