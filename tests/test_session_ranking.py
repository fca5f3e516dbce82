"""Which of several answers is the best."""

from app.session.checks import Check, Verdict
from app.session.ranking import Contender, Question, disagreements, distinct, full_pass, question, rank, votes_of


def contender(values: str, expected: str, source: str = "x") -> Contender:
    """One letter a test: what came, and what was expected."""
    return Contender(source, [Verdict(passed=a == b, actual=a) for a, b in zip(values, expected, strict=True)])


def test_answers_of_one_syntax_tree_are_one_answer() -> None:
    assert distinct(["f(1)", "f( 1 )  # again", "", "f(2)", "f(", "f("]) == [0, 3, 4]


def test_pinned_tests_decide_before_everything_else() -> None:
    them = [contender("xbb", "abb"), contender("ayy", "abb")]
    assert rank(them, ["binds", "claims", "claims"]) == [1, 0]


def test_a_larger_group_that_holds_the_same_tests_wins() -> None:
    # Two hold test 1, one holds tests 2 and 3 and another one test 2: 2 x 1, 1 x 2, 1 x 1; two outvote one.
    them = [contender("aaxx", "aabb"), contender("axbx", "aabb"), contender("axbb", "aabb"), contender("aaxx", "aabb")]
    assert rank(them, ["binds", "claims", "claims", "claims"]) == [0, 3, 2, 1]
    more = [*them, contender("aaxx", "aabb")]
    assert set(rank(more, ["binds", "claims", "claims", "claims"])[:3]) == {0, 3, 4}


def test_code_that_came_more_often_wins_over_shorter_code() -> None:
    often = Contender("longer", [Verdict(passed=True, actual="a")], votes=3)
    assert rank([contender("a", "a", "s"), often], ["binds"]) == [1, 0]


def test_a_copied_result_stands_behind_code_that_reads_its_arguments() -> None:
    copied = contender("a", "a", "def f(x):\n    return [4, 2]")
    assert rank([copied, copied, contender("a", "a", "def f(x):\n    return sorted(x)")], ["binds"])[0] == 2
    assert rank([contender("x", "a", "def f(x):\n    return sorted(x)"), copied], ["binds"])[0] == 1


def test_answers_that_agree_are_of_one_group_whatever_their_code() -> None:
    them = [contender("ax", "ab", "s"), contender("ab", "ab", "one_way"), contender("ab", "ab", "another_way")]
    assert rank(them, ["binds", "claims"])[0] == 1


def test_a_test_that_asks_splits_the_groups_and_speaks_for_none() -> None:
    # Three agree on x, the others differ from each other; only the last one holds what was claimed.
    them = [contender("bp", "bc", "s"), *[contender("xp", "bc", name) for name in ("aa", "bb", "cc")]]
    assert rank(them, ["asks", "claims"]) == [1, 2, 3, 0]
    assert rank([*them, contender("yc", "bc", "long")], ["asks", "claims"])[0] == 4


def test_votes_count_the_same_syntax_tree() -> None:
    assert votes_of("f(1)", ["f(1)", "f( 1 )", "f(2)"]) == 2


def test_calls_on_which_answers_differ_become_checks_of_what_most_return() -> None:
    calls = ["f([])", "f([1])", "f([2])"]
    results = [["None", "1", "2"], ["None", "1", "2"], ["raises IndexError", "1", "2"]]
    assert disagreements(calls, results, [1, 1, 1]) == [Check("f([])", "None")]
    assert disagreements(calls, results, [1, 1, 3]) == [Check("f([])", "raises IndexError")]


def test_each_check_divides_what_those_before_it_left_together() -> None:
    results = [["1", "1", "1"], ["1", "2", "1"], ["2", "3", "1"], ["2", "3", "2"]]
    found = disagreements(["f(0)", "f(1)", "f(2)"], results, [1, 1, 1, 1])
    assert [check.call for check in found] == ["f(1)", "f(2)"]


def test_what_cannot_be_expected_is_no_check() -> None:
    assert disagreements(["f(0)"], [["<object>"], [""]], [2, 1]) == []


def test_the_shorter_one_wins_a_draw() -> None:
    assert rank([contender("a", "a", "long"), contender("a", "a", "s")], ["binds"]) == [1, 0]


def test_the_question_is_where_the_best_answers_differ() -> None:
    them = [contender("aNx", "abb"), contender("aVx", "abb"), contender("zQy", "abb")]
    assert question(them, ["binds", "claims", "claims"]) == Question(test=1, answers=[0, 1])


def test_the_question_names_everything_that_the_best_answers_came_to() -> None:
    them = [contender("aN", "ab"), contender("aV", "ab"), contender("aN", "ab", "xx"), contender("aZ", "ab", "xxx")]
    assert question(them, ["binds", "claims"]) == Question(test=1, answers=[0, 1, 3])


def test_what_does_not_parse_comes_last() -> None:
    assert rank([contender("", "", "f("), contender("", "", "f(longer)")], []) == [1, 0]


def test_there_is_no_question_where_a_pinned_test_decides_or_nothing_differs() -> None:
    assert question([contender("ab", "aa"), contender("aa", "aa")], ["binds", "binds"]) is None
    assert question([contender("a", "b"), contender("a", "b")], ["claims"]) is None
    assert question([contender("a", "b")], ["claims"]) is None


def test_a_full_pass_holds_every_test_there_is() -> None:
    assert full_pass(contender("ab", "ab"))
    assert not full_pass(contender("ab", "aa"))
    assert not full_pass(contender("", ""))
