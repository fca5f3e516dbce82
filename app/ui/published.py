"""Figures that others published, for comparison on the results page, each with where it stands."""

from dataclasses import dataclass

_CODEGEN = ("Nijkamp et al., CodeGen, ICLR 2023", "https://arxiv.org/abs/2203.13474")
_CODEX = ("Chen et al., Evaluating Large Language Models Trained on Code, 2021", "https://arxiv.org/abs/2107.03374")
_QWEN = ("Hui et al., Qwen2.5-Coder Technical Report, 2024", "https://arxiv.org/abs/2409.12186")
_CODET = ("Chen et al., CodeT, ICLR 2023", "https://arxiv.org/abs/2207.10397")
_GPT4 = ("OpenAI, GPT-4 Technical Report, 2023", "https://arxiv.org/abs/2303.08774")


@dataclass(frozen=True)
class Published:
    """One figure.

    Attributes:
        benchmark, figure: as in the summaries of evaluations.
        percent: the value, in per cent.
        source: name and address of the publication.
        how: what tells it from other figures of that model.
    """

    benchmark: str
    figure: str
    model: str
    percent: float
    source: tuple[str, str]
    how: str = ""


PUBLISHED = (
    Published("humaneval", "pass@1", "CodeGen-Mono 350M", 12.8, _CODEGEN, "sampled"),
    Published("humaneval", "pass@1", "CodeGen-Mono 2.7B", 23.7, _CODEGEN, "sampled"),
    Published("humaneval", "pass@1", "CodeGen-Mono 6.1B", 26.1, _CODEGEN, "sampled"),
    Published("humaneval", "pass@1", "CodeGen-Mono 16.1B", 29.3, _CODEGEN, "sampled"),
    Published("humaneval", "pass@1", "Codex 12B", 28.8, _CODEX, "sampled"),
    Published("humaneval", "pass@1", "Qwen2.5-Coder-0.5B-Instruct", 61.6, _QWEN, "greedy, full precision"),
    Published("humaneval", "pass@1", "Qwen2.5-Coder-1.5B-Instruct", 70.7, _QWEN, "greedy, full precision"),
    Published("humaneval", "pass@1", "code-davinci-002", 47.0, _CODET, "sampled"),
    Published("humaneval", "pass@1", "code-davinci-002 with CodeT", 65.8, _CODET, "chosen by generated tests"),
    Published("humaneval", "pass@1", "GPT-4", 67.0, _GPT4, "first release"),
    Published("humaneval", "pass@10", "CodeGen-Mono 16.1B", 49.9, _CODEGEN, "sampled"),
    Published("humaneval", "pass@10", "Codex 12B", 46.8, _CODEX, "sampled"),
    Published("mtpb", "pass rate", "CodeGen-Mono 350M", 17.0, _CODEGEN, "all 115 problems"),
    Published("mtpb", "pass rate", "CodeGen-Mono 16.1B", 47.3, _CODEGEN, "all 115 problems"),
)
