"""What is imported for a first answer, in a process of its own; and what was left out is there when it is used."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import tiny_models

from model.catalogue import entry
from model.prepare import prepare

ANSWER = """
import json, sys, threading
from pathlib import Path

from model import prompt
from model.catalogue import entry
from model.engine import Sampling
from model.loader import LocalLoader
from model.prompt import PromptState

folder, cache = sys.argv[1:]
engine = LocalLoader(Path(cache), ())(entry(folder), lambda _: None, threading.Event())
sampling = Sampling(max_tokens=5)
stream = engine.stream(prompt.build(PromptState("Hi"), engine, sampling), sampling, threading.Event())
list(stream)
engine.close()
imported = sorted({"scipy", "sympy", "torch.distributed.tensor", "torch._inductor"} & set(sys.modules))

import torch
import transformers.utils

twice = torch.compile(lambda number: number * 2, backend="eager")
print(json.dumps({
    "answer": stream.outcome.status,
    "imported": imported,
    "compiled": twice(torch.ones(1)).item(),
    "disabled": torch.compiler.disable(lambda: 1) is not None and torch.compiler.is_compiling(),
    "torch": torch.distributed.is_available(),
    "transformers": transformers.utils.is_torch_distributed_available(),
}))
"""


def test_an_answer_needs_no_compiler_and_nothing_distributed_and_both_can_be_used_later(tmp_path: Path) -> None:
    folder = tiny_models.llama(tmp_path / "llama")
    prepare(entry(str(folder)), tmp_path / "cache", (), lambda _: None, threading.Event(), form="packed")
    command = [sys.executable, "-W", "error::ImportWarning", "-c", ANSWER, str(folder), str(tmp_path / "cache")]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(told.stdout.splitlines()[-1]) == {
        "answer": "length",
        "imported": [],
        "compiled": 2.0,
        "disabled": False,
        "torch": True,
        "transformers": False,
    }
