"""Which cell a request is about, where nobody said."""

import pytest

from app.session.aiming import aim
from app.session.lineage import Piece

JOBS = Piece("jobs", "def slowest_jobs(path):\n    return sorted(open(path))\n")
DURATION = Piece("duration", "def parse_duration(text):\n    return 1\n")


@pytest.mark.parametrize(
    "request_",
    [
        "Which jobs are over their budget?",
        "How many rows have no date?",
        "What is the average price of a house?",
        "Who wrote the most commits?",
        "Are there duplicates among the names?",
        "Write a function that reverses a string",
    ],
)
def test_a_request_with_a_subject_of_its_own_gets_a_cell_of_its_own(request_: str) -> None:
    assert aim(request_, [JOBS], "jobs") is None


@pytest.mark.parametrize(
    "request_",
    [
        "Why does sorting fail?",
        "What about ties?",
        "What if the file is empty?",
        "How about descending order?",
        "Which of them does it leave out?",
        "What is it good for?",
        "Make it in-place and return None",
        "Also accept upper case",
        "return None for an empty file",
    ],
)
def test_what_speaks_of_the_code_that_is_there_is_about_the_active_cell(request_: str) -> None:
    assert aim(request_, [JOBS, DURATION], "jobs") == "jobs"


def test_a_cell_that_is_named_is_meant() -> None:
    assert aim("Let cell 2 take days", [JOBS, DURATION], "jobs") == "duration"
    assert aim("why is parse_duration so slow", [JOBS, DURATION], "jobs") == "duration"
