"""Checkpoints of nano's form, with random weights and a tokenizer trained on the spot."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from model.nano.config import Config
from tests.model.tokenizers import NAMES

Floats = NDArray[np.float32]

ORDINARY = 768
SPECIALS = [f"<|{name}|>" for name in NAMES.values()]
"""The special tokens, from `ORDINARY` on."""

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


def config(**changes: object) -> dict[str, object]:
    """A ``config.json`` as transformers writes it: small, but with all that matters."""
    return {
        "architectures": ["CwmForCausalLM"],
        "model_type": "cwm",
        "dtype": "float32",
        "vocab_size": ORDINARY + len(SPECIALS),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 5,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "mlp_bias": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": True,
        "sliding_window": 24,
        "layer_types": ["sliding_attention"] * 3 + ["full_attention", "sliding_attention"],
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
        "bos_token_id": ORDINARY,
        "eos_token_id": [ORDINARY + 1, ORDINARY + 5, ORDINARY + 6],
        "pad_token_id": ORDINARY + 2,
        **changes,
    }


def tensors(content: dict[str, object], seed: int = 0) -> dict[str, Floats]:
    """Random weights, large enough that the likeliest token is a clear one."""
    chance = np.random.default_rng(seed)
    found = {}
    for name, shape in Config.model_validate(content).shapes().items():
        drawn = chance.standard_normal(shape)
        if len(shape) == 1:
            found[name] = (1 + 0.2 * drawn).astype(np.float32)
        else:
            size = 0.3 if "embed" in name or "lm_head" in name else shape[1] ** -0.5
            found[name] = (size * drawn).astype(np.float32)
    return found


def write_checkpoint(
    folder: Path, reach: dict[str, object] | None = None, seed: int = 0, **changes: object
) -> Path:
    """A whole folder; ``changes`` are of its ``config.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    content = config(**changes)
    (folder / "config.json").write_text(json.dumps(content))
    save_file(tensors(content, seed), folder / "model.safetensors", {"format": "pt"})
    (folder / "tokenizer.json").write_text(tokenizer())
    if reach is not None:
        (folder / "nano.json").write_text(json.dumps(reach))
    return folder


def tokenizer(first_special: int = ORDINARY) -> str:
    """A ``tokenizer.json`` of `ORDINARY` tokens, the special ones from a number on."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=ORDINARY,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        special_tokens=[],
    )
    made.train_from_iterator([json.__doc__ or "", Path(json.__file__).read_text()], trainer)
    content = json.loads(made.to_str())
    assert len(content["model"]["vocab"]) == ORDINARY
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    added = [
        {"id": first_special + n, "content": name, **flags, "special": True}
        for n, name in enumerate(SPECIALS)
    ]
    return json.dumps(content | {"added_tokens": added})
