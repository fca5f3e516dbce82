"""Figures from verdicts: pass@k without bias, and how sure one can be of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

RESAMPLES = 10_000


@dataclass(frozen=True)
class Estimate:
    """A mean over problems with its 95 % interval, all as shares of 1."""

    value: float
    low: float
    high: float


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """The chance that one of `k` samples drawn from `samples` passes, `passed` of which do.

    The unbiased estimator of Chen et al., "Evaluating Large Language Models Trained on Code", 2021, equation 1:
    1 - C(n - c, k) / C(n, k), as a product.

    Raises:
        ValueError: there are fewer than `k` samples.
    """
    if not 1 <= k <= samples:
        raise ValueError(f"pass@{k} needs at least {k} samples of a problem; there are {samples}.")
    if samples - passed < k:
        return 1.0
    return 1.0 - prod(1.0 - k / each for each in range(samples - passed + 1, samples + 1))


def bootstrap(values: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """The mean of `values`, one a problem, with a percentile interval over problems drawn with replacement.

    It covers which problems were asked, not the chance in sampling their answers.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("There is no problem to take a mean over.")
    given = np.asarray(values, dtype=float)
    draws = np.random.default_rng(seed).integers(len(given), size=(resamples, len(given)))
    low, high = np.percentile(given[draws].mean(axis=1), [2.5, 97.5])
    return Estimate(float(given.mean()), float(low), float(high))
