"""pass@k and its intervals, against exhaustive enumeration."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evaluation.estimate import bootstrap, pass_at_k


@settings(deadline=None)
@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_draws_that_hold_a_pass(case: tuple[int, int, int]) -> None:
    samples, passed, k = case
    draws = list(combinations([number < passed for number in range(samples)], k))
    assert pass_at_k(samples, passed, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_pass_at_k_of_many_samples_does_not_overflow() -> None:
    assert pass_at_k(10_000, 1, 100) == pytest.approx(0.01)


@pytest.mark.parametrize("k", [0, 3])
def test_pass_at_more_than_there_is_says_so(k: int) -> None:
    with pytest.raises(ValueError, match=f"pass@{k} needs at least {k} samples of a problem; there are 2"):
        pass_at_k(2, 1, k)


def test_the_interval_covers_the_mean_as_the_normal_one_does() -> None:
    estimate = bootstrap([1.0] * 82 + [0.0] * 82)
    assert estimate.value == 0.5
    half = 1.96 * (0.25 / 164) ** 0.5
    assert estimate.low == pytest.approx(0.5 - half, abs=0.01)
    assert estimate.high == pytest.approx(0.5 + half, abs=0.01)


def test_equal_seeds_give_equal_intervals() -> None:
    values = [0.0, 0.25, 1.0, 0.5, 1.0]
    assert bootstrap(values, seed=3) == bootstrap(values, seed=3)


def test_there_is_no_mean_over_nothing() -> None:
    with pytest.raises(ValueError, match="no problem"):
        bootstrap([])
