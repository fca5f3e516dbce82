"""Tiny models with random weights and a tokenizer of bytes, for tests of whatever does not depend on wits."""

import string
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CodeGenConfig,
    CodeGenForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Starcoder2Config,
    Starcoder2ForCausalLM,
)
from transformers import PreTrainedTokenizerFast as FastTokenizer

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(chat_template: str | None = None) -> FastTokenizer:
    """One token a byte and one for "ab", after the special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate((*SPECIAL, *alphabet, "ab"))}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b")]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(list(SPECIAL))
    made = FastTokenizer(tokenizer_object=backend, eos_token=SPECIAL[0], pad_token=SPECIAL[0])
    made.chat_template = chat_template
    return made


def llama(folder: Path, *, layers: int = 4, width: int = 64, heads: int = 4) -> Path:
    """Save a Llama with a chat template."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=260,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=0,
        initializer_range=0.3,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder, max_shard_size="100KB")
    tokenizer(CHATML).save_pretrained(folder)
    return folder


def codegen(folder: Path) -> Path:
    """Save a CodeGen, whose tokenizer has no chat template."""
    torch.manual_seed(0)
    config = CodeGenConfig(
        vocab_size=260,
        n_positions=256,
        n_ctx=256,
        n_embd=64,
        n_layer=2,
        n_head=4,
        rotary_dim=8,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.3,
    )
    CodeGenForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def starcoder(folder: Path) -> Path:
    """Save a StarCoder2, each of whose tokens looks at the last 16 alone."""
    torch.manual_seed(0)
    config = Starcoder2Config(
        vocab_size=260,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        sliding_window=16,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.3,
    )
    Starcoder2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def alphabet(folder: Path) -> Path:
    """Save a Llama that writes the letters from a to z, one after the other, for ever: the easiest text to guess."""
    backend = tokenizer(CHATML)
    letters = [backend.convert_tokens_to_ids(letter) for letter in string.ascii_lowercase]
    config = LlamaConfig(
        vocab_size=260,
        hidden_size=260,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=0,
    )
    model = LlamaForCausalLM(config)
    after = torch.full((260,), letters[0])
    after[letters] = torch.tensor(letters).roll(-1)
    for weight in (model.model.layers[0].self_attn.o_proj.weight, model.model.layers[0].mlp.down_proj.weight):
        weight.data.zero_()
    model.model.embed_tokens.weight.data.copy_(torch.eye(260))
    model.lm_head.weight.data.zero_()[after, torch.arange(260)] = 1
    model.save_pretrained(folder)
    backend.save_pretrained(folder)
    return folder
