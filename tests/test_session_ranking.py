"""Which of several answers is the best."""

from app.session.checks import Verdict
from app.session.ranking import Contender, Question, distinct, full_pass, question, rank


def contender(values: str, expected: str, source: str = "x") -> Contender:
    """One letter a test: what came, and what was expected."""
    return Contender(source, [Verdict(passed=a == b, actual=a) for a, b in zip(values, expected, strict=True)])


def test_answers_of_one_syntax_tree_are_one_answer() -> None:
    assert distinct(["f(1)", "f( 1 )  # again", "", "f(2)", "f(", "f("]) == [0, 3, 4]


def test_pinned_tests_decide_before_everything_else() -> None:
    them = [contender("xbb", "abb"), contender("ayy", "abb")]
    assert rank(them, [True, False, False]) == [1, 0]


def test_a_larger_group_that_holds_the_same_tests_wins() -> None:
    # Two hold test 1, one holds tests 2 and 3 and another one test 2: 2 x 1, 1 x 2, 1 x 1.
    them = [contender("aaxx", "aabb"), contender("axbx", "aabb"), contender("axbb", "aabb"), contender("aaxx", "aabb")]
    assert rank(them, [True, False, False, False]) == [0, 2, 3, 1]
    more = [*them, contender("aaxx", "aabb")]
    assert set(rank(more, [True, False, False, False])[:3]) == {0, 3, 4}


def test_the_shorter_one_wins_a_draw() -> None:
    assert rank([contender("a", "a", "long"), contender("a", "a", "s")], [True]) == [1, 0]


def test_the_question_is_where_the_best_answers_differ() -> None:
    them = [contender("aNx", "abb"), contender("aVx", "abb"), contender("zQy", "abb")]
    assert question(them, [True, False, False]) == Question(test=1, first=0, second=1)


def test_there_is_no_question_where_a_pinned_test_decides_or_nothing_differs() -> None:
    assert question([contender("ab", "aa"), contender("aa", "aa")], [True, True]) is None
    assert question([contender("a", "b"), contender("a", "b")], [False]) is None
    assert question([contender("a", "b")], [False]) is None


def test_a_full_pass_holds_every_test_there_is() -> None:
    assert full_pass(contender("ab", "ab"))
    assert not full_pass(contender("ab", "aa"))
    assert not full_pass(contender("", ""))
