"""A trained network as a folder that transformers, vLLM and `model.nano.checkpoint` load."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from model.nano.training.network import Network, Shape
from model.wire import BEGIN_OF_TEXT, END_OF_TEXT


def export(network: Network, tokenizer: str, folder: Path, facts: dict[str, object]) -> None:
    """Write it.

    Args:
        network: whose weights are written, in half precision.
        tokenizer: the text of its ``tokenizer.json``.
        folder: made where it is not there.
        facts: of ``nano.json``, beside the context it was trained with.
    """
    shape = network.shape
    ids = {token["content"]: token["id"] for token in json.loads(tokenizer)["added_tokens"]}
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: weight.detach().cpu().to(torch.float16).contiguous()
        for name, weight in network.state_dict().items()
    }
    path = folder / "model.safetensors"
    save_file(weights, path, metadata={"format": "pt"})
    path.chmod(0o644)  # the library leaves it to its owner alone
    _write(folder / "config.json", _config(shape, ids))
    _write(
        folder / "generation_config.json",
        {
            "bos_token_id": ids[BEGIN_OF_TEXT],
            "eos_token_id": ids[END_OF_TEXT],
            "do_sample": False,
        },
    )
    (folder / "tokenizer.json").write_text(tokenizer)
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": BEGIN_OF_TEXT,
            "eos_token": END_OF_TEXT,
            "pad_token": "<|pad|>",
            "clean_up_tokenization_spaces": False,
            "model_max_length": shape.context,
        },
    )
    _write(folder / "nano.json", {"format": 1, "context": shape.context, **facts})


def _config(shape: Shape, ids: dict[str, int]) -> dict[str, object]:
    kinds = [
        "sliding_attention" if shape.is_local(n) else "full_attention" for n in range(shape.layers)
    ]
    return {
        "architectures": ["CwmForCausalLM"],
        "model_type": "cwm",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head,
        "intermediate_size": shape.inner,
        "sliding_window": shape.window,
        "layer_types": kinds,
        "max_position_embeddings": shape.context,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.theta},
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "bos_token_id": ids[BEGIN_OF_TEXT],
        "eos_token_id": ids[END_OF_TEXT],
        "pad_token_id": ids["<|pad|>"],
        "dtype": "float16",
    }


def _write(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
