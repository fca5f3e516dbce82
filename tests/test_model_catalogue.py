"""The catalogue, and entries made for models outside of it."""

from pathlib import Path

import pytest

from model.catalogue import MODELS, default_model, entry
from model.errors import UnknownModel
from model.wheels import slices


def test_ids_are_unique_and_found() -> None:
    assert len({model.id for model in MODELS}) == len(MODELS)
    for model in MODELS:
        assert entry(model.id) is model


OFFERED = """
    qwen2.5-coder-0.5b-instruct qwen2.5-coder-1.5b-instruct smollm2-135m-instruct
    codegen-350m-mono codegen-350m-multi codegen-2b-mono codegen-2b-multi
    codegen-6b-mono codegen-6b-multi codegen-16b-mono codegen-16b-multi
    codegen2-1b codegen2-3.7b codegen2-7b codegen2.5-7b-mono
    starcoder2-3b codellama-7b-instruct deepseek-coder-1.3b-instruct
"""


@pytest.mark.parametrize("model_id", OFFERED.split())
def test_the_catalogue_offers_it_with_all_that_the_picker_shows(model_id: str) -> None:
    model = entry(model_id)
    assert model.repository.count("/") == 1
    assert model.licence
    assert model.bytes > 0
    assert model.parameters > 0
    assert model.context_length >= 2048


def test_an_unknown_model_is_refused_with_the_near_ones() -> None:
    with pytest.raises(UnknownModel, match=r"qwen2\.5-coder-0\.5b-instruct"):
        entry("qwen-coder-0.5b")


def test_the_default_follows_from_free_memory() -> None:
    assert default_model(8_000_000_000).id == "qwen2.5-coder-1.5b-instruct"
    assert default_model(7_999_999_999).id == "qwen2.5-coder-0.5b-instruct"


def test_a_local_folder_and_a_file_and_a_repository_make_entries(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").touch()
    assert entry(str(tmp_path)).path == tmp_path
    assert entry(str(tmp_path / "tiny.gguf")).gguf
    assert entry("someone/some-model").repository == "someone/some-model"


def test_the_slices_of_the_wheels_add_up_to_the_published_file() -> None:
    for model in MODELS:
        if model.wheels:
            assert sum(part.bytes for part in slices(model.wheels)) == model.bytes
