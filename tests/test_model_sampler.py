"""Tokens are drawn as Transformers' processors say."""

import pytest
import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from model.engine import Sampling
from model.sampler import Sampler

LOGITS = torch.randn(50, generator=torch.Generator().manual_seed(1)) * 2
DRAWS = 20_000


@pytest.mark.parametrize(
    ("sampling", "processors"),
    [
        (Sampling(temperature=1.0, seed=1), []),
        (Sampling(temperature=0.7, top_p=0.9, seed=1), [TemperatureLogitsWarper(0.7), TopPLogitsWarper(0.9)]),
        (
            Sampling(temperature=1.3, top_k=12, top_p=0.95, seed=1),
            [TemperatureLogitsWarper(1.3), TopKLogitsWarper(12), TopPLogitsWarper(0.95)],
        ),
    ],
)
def test_frequencies_are_those_of_the_processors(sampling: Sampling, processors: list[object]) -> None:
    sampler, counts = Sampler(sampling), torch.zeros(50)
    for _ in range(DRAWS):
        counts[sampler.choose(LOGITS, [])] += 1
    scores = LogitsProcessorList(processors)(torch.zeros(1, 0, dtype=torch.long), LOGITS[None].clone())
    expected = scores[0].softmax(0) * DRAWS
    assert counts[expected == 0].sum() == 0
    kept = expected > 0
    deviation = ((counts - expected)[kept] ** 2 / expected[kept]).sum()
    freedom = int(kept.sum()) - 1
    assert deviation < freedom + 4 * (2 * freedom) ** 0.5


@pytest.mark.parametrize("top_p", [0.01, 0.3, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0])
def test_the_nucleus_is_that_of_the_warper_over_the_whole_vocabulary(top_p: float, spread: float) -> None:
    scores = torch.randn(5000, generator=torch.Generator().manual_seed(2)) * spread
    tokens, shares = Sampler(Sampling(temperature=1.0, top_p=top_p))._nucleus(scores, scores.softmax(0))
    expected = TopPLogitsWarper(top_p)(torch.zeros(1, 0, dtype=torch.long), scores[None].clone())[0].softmax(0)
    found = torch.zeros(5000).index_copy(0, tokens, shares)
    assert torch.allclose(found, expected, atol=1e-5)


def test_each_choice_draws_one_number_whatever_the_logits_are() -> None:
    one, other = (Sampler(Sampling(temperature=1.0, seed=3)) for _ in range(2))
    one.choose(LOGITS, [])
    other.choose(LOGITS.flip(0) * 9, [])
    assert [one.choose(LOGITS, []) for _ in range(9)] == [other.choose(LOGITS, []) for _ in range(9)]


def test_tokens_seen_are_penalised() -> None:
    likeliest = int(LOGITS.argmax())
    sampler = Sampler(Sampling(repetition_penalty=2.0))
    assert sampler.choose(LOGITS, []) == likeliest
    assert sampler.choose(LOGITS, [likeliest]) != likeliest


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        Sampler(Sampling()).choose(torch.tensor([1.0, float("nan")]), [])
