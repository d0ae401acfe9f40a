"""nano's network, run with NumPy: the same numbers as ``CwmForCausalLM`` of transformers.

A token at a time takes some hundred small operations, so that what counts is how few they are. What
can be multiplied into the weights beforehand is: the norms' weights, the scale of the attention,
and half of the SwiGLU's gate. The pairs of numbers that the rotary embedding turns lie beside one
another, as complex numbers; queries and keys are reordered alike, which changes no product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.nano.config import Config
from model.nano.threads import one_thread

Floats = NDArray[np.float32]
Masks = Mapping[int | None, Floats]

_FIRST_ROOM = 512
"""Tokens that a cache has room for at first."""


class Cache:
    """The keys and values of the tokens read so far.

    Attributes:
        ids: the tokens.
    """

    def __init__(self, config: Config) -> None:
        layers, heads, head = (
            config.num_hidden_layers,
            config.num_key_value_heads,
            config.head_dim,
        )
        self.ids: list[int] = []
        self._keys = np.empty((layers, heads, head, 0), np.float32)
        self._values = np.empty((layers, heads, 0, head), np.float32)

    def __len__(self) -> int:
        return len(self.ids)

    def upto(self, length: int) -> "Cache":
        """A copy that knows so many tokens only."""
        copy = object.__new__(Cache)
        copy.ids = self.ids[:length]
        copy._keys, copy._values = self._roomy(length, max(_FIRST_ROOM, length + length // 2))
        return copy

    def room(self, more: int) -> None:
        """Make room for so many tokens."""
        length = len(self.ids)
        if length + more > self._keys.shape[-1]:
            room = max(_FIRST_ROOM, 2 * length, length + more)
            self._keys, self._values = self._roomy(length, room)

    def put(self, layer: int, keys: Floats, values: Floats) -> None:
        """A layer's keys and values of the next tokens: ``(tokens, heads, head)`` each."""
        at = slice(len(self.ids), len(self.ids) + len(keys))
        self._keys[layer, :, :, at] = keys.transpose(1, 2, 0)
        self._values[layer, :, at] = values.transpose(1, 0, 2)

    def got(self, layer: int, first: int, end: int) -> tuple[Floats, Floats]:
        """A layer's keys ``(heads, head, tokens)`` and values ``(heads, tokens, head)``."""
        return self._keys[layer, :, :, first:end], self._values[layer, :, first:end]

    def _roomy(self, length: int, room: int) -> tuple[Floats, Floats]:
        keys = np.empty((*self._keys.shape[:-1], room), np.float32)
        values = np.empty((*self._values.shape[:2], room, self._values.shape[-1]), np.float32)
        keys[..., :length] = self._keys[..., :length]
        values[:, :, :length] = self._values[:, :, :length]
        return keys, values


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer's weights, ready to be multiplied with rows: ``(in, out)``."""

    qkv: Floats
    out: Floats
    gate_up: Floats
    down: Floats
    window: int | None


class Forward:
    """Runs the network.

    Args:
        config: of it.
        tensors: by their names in transformers, as `config` shapes them.
        context: tokens that it is to be run for at most.
    """

    def __init__(self, config: Config, tensors: Mapping[str, Floats], context: int) -> None:
        self.config = config
        self._embedding = tensors["model.embed_tokens.weight"]
        head = self._embedding if config.tie_word_embeddings else tensors["lm_head.weight"]
        self._head = _rows(head * tensors["model.norm.weight"])
        self._layers = [_layer(config, tensors, n) for n in range(config.num_hidden_layers)]
        places = np.arange(context, dtype=np.float32)[:, None]
        angles = places * np.array(config.rope_parameters.frequencies(config.head_dim), np.float32)
        self._turns = (np.cos(angles) + 1j * np.sin(angles)).astype(np.complex64)[:, None]

    def read(self, ids: Sequence[int], cache: Cache) -> Floats:
        """Read tokens after those of the cache, at most as many in all as the context holds.

        Args:
            ids: at least one.
            cache: knows them afterwards.

        Returns:
            The logits of the token that follows the last of them: ``(vocabulary,)``.
        """
        with one_thread():
            return self._read(ids, cache)

    def _read(self, ids: Sequence[int], cache: Cache) -> Floats:
        cache.room(len(ids))
        x: Floats = self._embedding[ids]
        masks = self._masks(len(cache), len(ids))
        for number, layer in enumerate(self._layers):
            x += self._attended(_normed(x, layer.qkv, self._eps), number, cache, masks) @ layer.out
            x += _gated(_normed(x, layer.gate_up, self._eps)) @ layer.down
        cache.ids += ids
        logits: Floats = _normed(x[-1:], self._head, self._eps)[0]
        return logits

    @property
    def _eps(self) -> float:
        return self.config.rms_norm_eps

    def _attended(self, qkv: Floats, number: int, cache: Cache, masks: Masks) -> Floats:
        """What the heads gather: ``(tokens, heads * head)``."""
        config, count, start = self.config, len(qkv), len(cache)
        heads, kv_heads, head = (
            config.num_attention_heads,
            config.num_key_value_heads,
            config.head_dim,
        )
        turned = qkv[:, : (heads + kv_heads) * head].view(np.complex64)
        turned = turned.reshape(count, heads + kv_heads, head // 2)
        turned *= self._turns[start : start + count]
        split = qkv.reshape(count, heads + 2 * kv_heads, head)
        cache.put(number, split[:, heads : heads + kv_heads], split[:, heads + kv_heads :])
        window = self._layers[number].window
        keys, values = cache.got(number, _first(start, window), start + count)
        asked = split[:, :heads].reshape(count, kv_heads, heads // kv_heads, head)
        scores: Floats = asked.transpose(1, 2, 0, 3).reshape(kv_heads, -1, head) @ keys
        if count > 1:
            by_row = scores.reshape(kv_heads, -1, count, scores.shape[-1])
            by_row += masks[window]
        scores -= np.maximum.reduce(scores, axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        mixed: Floats = scores @ values
        mixed /= np.add.reduce(scores, axis=-1, keepdims=True)
        by_head = mixed.reshape(kv_heads, heads // kv_heads, count, head)
        return by_head.transpose(2, 0, 1, 3).reshape(count, heads * head)

    def _masks(self, start: int, count: int) -> Masks:
        """By window, what is added to the scores so that no token sees beyond its own."""
        if count == 1:
            return {}
        masks: dict[int | None, Floats] = {}
        for window in {layer.window for layer in self._layers}:
            first = _first(start, window)
            places = np.arange(start, start + count)
            behind = places[:, None] - np.arange(first, start + count)
            seen = (behind >= 0) & (behind < (window or start + count + 1))
            masks[window] = np.where(seen, 0, -np.inf).astype(np.float32)
        return masks


def _first(start: int, window: int | None) -> int:
    """The first token that one at this place sees."""
    return 0 if window is None else max(0, start + 1 - window)


def _normed(x: Floats, weights: Floats, eps: float) -> Floats:
    """The rows, scaled to a root mean square of 1, times the weights."""
    rows: Floats = x @ weights
    if len(x) == 1:  # a number of Python's takes a tenth of the time
        rows *= (float(x[0] @ x[0]) / x.shape[1] + eps) ** -0.5
    else:
        rows /= np.sqrt(np.vecdot(x, x) / x.shape[1] + eps)[:, None]
    return rows


def _gated(gate_up: Floats) -> Floats:
    """SwiGLU of rows whose first half is half of the gate."""
    inner = gate_up.shape[1] // 2
    half, up = gate_up[:, :inner], gate_up[:, inner:]
    gated: Floats = np.tanh(half)  # silu(2 h) is h (1 + tanh h), which never overflows
    gated += 1
    gated *= half
    gated *= up
    return gated


def _layer(config: Config, tensors: Mapping[str, Floats], number: int) -> _Layer:
    def weight(name: str) -> Floats:
        return tensors[f"model.layers.{number}.{name}.weight"]

    head = config.head_dim
    pairs = np.arange(head).reshape(2, head // 2).T.ravel()

    def paired(rows: Floats) -> Floats:
        return rows.reshape(-1, head, config.hidden_size)[:, pairs].reshape(rows.shape)

    queries = paired(weight("self_attn.q_proj")) * np.float32(head**-0.5)
    keys, values = paired(weight("self_attn.k_proj")), weight("self_attn.v_proj")
    half_gate = weight("mlp.gate_proj") * np.float32(0.5)
    return _Layer(
        qkv=_rows(np.concatenate((queries, keys, values)) * weight("input_layernorm")),
        out=_rows(weight("self_attn.o_proj")),
        gate_up=_rows(
            np.concatenate((half_gate, weight("mlp.up_proj"))) * weight("post_attention_layernorm")
        ),
        down=_rows(weight("mlp.down_proj")),
        window=config.windows[number],
    )


def _rows(weights: Floats) -> Floats:
    """Weights ``(out, in)`` as ``(in, out)``, in one piece."""
    return np.ascontiguousarray(weights.T)
