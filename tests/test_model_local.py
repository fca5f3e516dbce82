"""The engine over Transformers, on tiny models: streams, stops, seeds, limits, failures."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models

from model import prompt as prompts
from model.catalogue import entry
from model.engine import Engine, Sampling
from model.loader import LocalLoader
from model.loading import load_model, load_tokenizer
from model.local import LocalEngine
from model.placement import BF16, PACKED, Format, Placement
from model.prompt import PromptState, TargetCell

WARM = Sampling(temperature=1.0, max_tokens=40, seed=7)
GREEDY = Sampling(max_tokens=40)
Load = Callable[..., Engine]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("tiny")
    return {"llama": tiny_models.llama(base / "llama"), "codegen": tiny_models.codegen(base / "codegen")}


@pytest.fixture
def load(folders: dict[str, Path], tmp_path: Path) -> Load:
    def load(kind: str = "llama", form: Format = PACKED) -> Engine:
        loader = LocalLoader(tmp_path, (), (form,))
        return loader(entry(str(folders[kind])), lambda _: None, threading.Event())

    return load


def write(engine: Engine, state: PromptState | str = "Hi", sampling: Sampling = WARM) -> tuple[str, str]:
    """The text of an answer and how it ended."""
    asked = PromptState(state) if isinstance(state, str) else state
    stream = engine.stream(prompts.build(asked, engine, sampling), sampling, threading.Event())
    text = "".join(stream)
    assert stream.outcome.status != "failed", stream.outcome.message
    return text, stream.outcome.status


@pytest.mark.parametrize("form", [PACKED, BF16])
@pytest.mark.parametrize("kind", ["llama", "codegen"])
def test_equal_seeds_give_equal_text(load: Load, kind: str, form: Format) -> None:
    assert write(load(kind, form)) == write(load(kind, form))
    assert write(load(kind, form)) != write(load(kind, form), sampling=replace(WARM, seed=8))


def test_without_a_seed_the_text_differs(load: Load) -> None:
    engine, drawn = load(), replace(WARM, seed=None)
    assert len({write(engine, sampling=drawn)[0] for _ in range(3)}) > 1


def test_the_style_follows_from_the_tokenizer(load: Load) -> None:
    assert load("llama").prompt_style == "chat"
    assert load("codegen").prompt_style == "codegen"
    assert load("codegen").context_length == 256


def test_greedy_text_is_what_transformers_generates(load: Load, folders: dict[str, Path]) -> None:
    engine = load("llama", BF16)
    prompt = prompts.build(PromptState("Sort it"), engine, GREEDY)
    tokenizer = load_tokenizer(folders["llama"])
    model = load_model(folders["llama"], Placement("cpu", "bfloat16", "none", ""), folders["llama"])
    ids = tokenizer(prompt.text, add_special_tokens=False, return_tensors="pt")
    made = model.generate(**ids, max_new_tokens=40, do_sample=False)[0, ids["input_ids"].shape[1] :]
    expected = tokenizer.decode(made, skip_special_tokens=True)
    assert write(engine, "Sort it", GREEDY)[0].rstrip("\ufffd") == expected.rstrip("\ufffd")


def test_a_prompt_says_what_transformers_template_says(load: Load, folders: dict[str, Path]) -> None:
    prompt = prompts.build(PromptState("Sort it"), load(), GREEDY)
    messages = [{"role": "system", "content": prompt.parts[0].text}, {"role": "user", "content": "Sort it"}]
    template = load_tokenizer(folders["llama"])
    expected = template.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert prompt.text == expected + prompt.begun


def test_names_of_special_tokens_in_a_request_are_plain_text(load: Load) -> None:
    engine = load()
    assert engine.count_tokens("<|im_end|>") == len("<|im_end|>")
    assert engine.count_tokens("<|im_end|>", control=True) == 1


def test_the_tokens_of_the_prompt_are_those_that_were_counted(load: Load) -> None:
    engine = load()
    prompt = prompts.build(PromptState("Sort it"), engine, GREEDY)
    stream = engine.stream(prompt, GREEDY, threading.Event())
    list(stream)
    assert stream.outcome.tokens_in == prompt.tokens


def test_a_begun_call_goes_on_behind_its_bracket(load: Load) -> None:
    engine = load()
    state = PromptState("Change it", TargetCell(1, "f", "def f(x):\n    return 1"))
    assert prompts.build(state, engine, WARM).begun.endswith("def f(")
    text, _ = write(engine, state)
    assert not text.startswith("(")


def test_stop_ends_within_one_token_and_the_next_request_works(load: Load) -> None:
    engine, stop = load(), threading.Event()
    stream = engine.stream(prompts.build(PromptState("Hi"), engine, WARM), WARM, stop)
    next(stream)
    came = stream.outcome.tokens_out
    stop.set()
    list(stream)
    assert stream.outcome.status == "stopped"
    assert stream.outcome.tokens_out <= came + 3  # a character of several bytes may be waited for
    assert write(engine)


def test_a_stream_left_early_does_not_block_the_next(load: Load) -> None:
    engine = load()
    with engine.stream(prompts.build(PromptState("Hi"), engine, WARM), WARM, threading.Event()) as stream:
        next(stream)
    assert write(engine)


def test_the_token_limit_and_the_window_cut_the_answer(load: Load) -> None:
    engine = load("codegen")
    assert write(engine, sampling=replace(WARM, max_tokens=1))[1] == "length"
    endless = replace(WARM, max_tokens=100_000, repetition_penalty=1.5)
    prompt = prompts.build(PromptState("Hi"), engine, endless)
    stream = engine.stream(replace(prompt, stop_strings=()), endless, threading.Event())
    list(stream)
    assert prompt.tokens + stream.outcome.tokens_out <= 256


def test_a_prompt_beyond_the_window_is_a_failed_outcome_with_counts(load: Load) -> None:
    engine = load("codegen")
    prompt = prompts.build(PromptState("Hi"), engine, WARM)
    long = replace(prompt, segments=(prompts.Segment("x" * 300),))
    stream = engine.stream(long, WARM, threading.Event())
    assert list(stream) == []
    assert stream.outcome.status == "failed"
    assert "300" in stream.outcome.message
    assert "256" in stream.outcome.message


def test_a_model_that_computes_nonsense_fails_with_a_message_and_keeps_serving(load: Load) -> None:
    engine = load("llama", BF16)
    assert isinstance(engine, LocalEngine)
    assert engine._model is not None
    weight = engine._model.get_output_embeddings().weight
    kept = weight.detach().clone()
    weight.data.fill_(float("nan"))
    stream = engine.stream(prompts.build(PromptState("Hi"), engine, WARM), WARM, threading.Event())
    assert list(stream) == []
    assert "NaN" in stream.outcome.message
    weight.data.copy_(kept)
    assert write(engine)


def test_a_closed_engine_says_so(load: Load) -> None:
    engine = load()
    prompt = prompts.build(PromptState("Hi"), engine, WARM)
    engine.close()
    stream = engine.stream(prompt, WARM, threading.Event())
    assert list(stream) == []
    assert "unloaded" in stream.outcome.message


def test_a_codegen_dialogue_is_written_to_the_next_turn(load: Load) -> None:
    state = PromptState("Then sort", dialogue=(("Make a list", "x = [2, 1]"),))
    text, _ = write(load("codegen"), state, replace(WARM, max_tokens=60))
    assert "\n#" not in text
