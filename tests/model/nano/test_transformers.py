"""The same numbers as transformers computes: logits, greedy tokens, whatever the configuration."""

import random
from pathlib import Path

import numpy as np
import pytest

from model.nano.checkpoint import read_checkpoint, shipped
from model.nano.forward import Cache, Floats, Forward
from tests.model.nano.checkpoints import LLAMA3, ORDINARY, write_checkpoint

pytestmark = [pytest.mark.torch, pytest.mark.timeout(900)]

CLOSE = 1e-3
"""A difference of logits that the order of additions alone can make."""

NANO = {
    "vocab_size": 1024,
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 6,
    "num_key_value_heads": 3,
    "sliding_window": 48,
    "layer_types": ["sliding_attention"] * 3 + ["full_attention"] + ["sliding_attention"] * 2,
}


class Reference:
    """The model in a folder, as transformers loads and runs it."""

    def __init__(self, folder: Path) -> None:
        torch = pytest.importorskip("torch")
        transformers = pytest.importorskip("transformers", "5.0")
        torch.set_num_threads(1)
        self._torch = torch
        self._model = transformers.CwmForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        )

    def logits(self, ids: list[int]) -> Floats:
        """Those after each of the tokens."""
        with self._torch.no_grad():
            found = self._model(self._torch.tensor([ids])).logits[0].numpy()
        assert found.dtype == np.float32
        return found  # type: ignore[no-any-return]

    def greedy(self, prompts: list[list[int]], count: int) -> list[list[int]]:
        """The likeliest tokens, one after the other, after prompts of one length."""
        with self._torch.no_grad():
            given = self._torch.tensor(prompts)
            whole = self._model.generate(
                given,
                attention_mask=self._torch.ones_like(given),  # else what equals the padding goes
                do_sample=False,
                max_new_tokens=count,
                eos_token_id=None,
                pad_token_id=0,
            )
        return [[int(each) for each in row[len(prompts[0]) :]] for row in whole]


def ours(folder: Path) -> Forward:
    found = read_checkpoint(folder)
    return Forward(found.config, found.tensors, 4096)


def agree(network: Forward, ids: list[int], theirs: list[int]) -> bool:
    """Whether ours are the same tokens, up to where two are as likely, if there is such a place."""
    cache = Cache(network.config)
    logits = network.read(ids, cache)
    for token in theirs:
        mine = int(logits.argmax())
        if mine != token:
            return bool(logits[mine] - logits[token] < CLOSE)
        logits = network.read([token], cache)
    return True


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tie_word_embeddings": False},
        {"rope_parameters": LLAMA3},
        {"num_attention_heads": 4, "num_key_value_heads": 1},
        {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16},
        {"sliding_window": 1},
        {"sliding_window": 4096, "rms_norm_eps": 1e-6},
        {"layer_types": ["full_attention"] * 5},
        NANO,
    ],
    ids=["plain", "untied", "llama3", "one-kv-head", "no-groups", "narrow", "wide", "full", "nano"],
)
def test_logits(tmp_path: Path, changes: dict[str, object]) -> None:
    folder = write_checkpoint(tmp_path / "made", **changes)
    network, reference = ours(folder), Reference(folder)
    ids = random.Random(1).choices(range(ORDINARY), k=150)
    expected = reference.logits(ids)
    cache = Cache(network.config)
    # At once, in pieces that are longer and shorter than the window, and one by one.
    for first, end in ((0, 7), (7, 8), (8, 40), (40, 100), *((n, n + 1) for n in range(100, 150))):
        found = network.read(ids[first:end], cache)
        assert np.abs(found - expected[end - 1]).max() < 1e-4, end
    assert np.abs(network.read(ids, Cache(network.config)) - expected[-1]).max() < 1e-4


@pytest.mark.parametrize("weights", ["random", "shipped"])
def test_the_same_greedy_tokens_on_200_prompts(tmp_path: Path, weights: str) -> None:
    made = weights == "random"
    folder = write_checkpoint(tmp_path / "made", seed=3, **NANO) if made else shipped()
    network, reference = ours(folder), Reference(folder)
    chance = random.Random(2)
    # Some lengths, each for many prompts, because transformers is fast with many at a time.
    for length in (1, 2, 7, 20, 47, 48, 49, 90):
        prompts = [chance.choices(range(ORDINARY), k=length) for _ in range(25)]
        for ids, theirs in zip(prompts, reference.greedy(prompts, 24), strict=True):
            assert agree(network, ids, theirs), ids
