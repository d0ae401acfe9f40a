"""nano's network in torch, for training: CWM's architecture, small.

The parameters have the names and shapes that `CwmForCausalLM` of transformers gives them, so that
what is trained here is loaded there, and by vLLM, unchanged. What runs without torch is
`model.nano.forward`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_SHORT = 700
"""Tokens, up to which attention is computed without the fused kernel."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a network.

    Attributes:
        vocabulary: tokens there are.
        hidden: width of the residual stream.
        layers: of attention and SwiGLU.
        heads: that ask.
        kv_heads: keys and values; each serves ``heads / kv_heads`` of those.
        head: width of one.
        inner: width of the SwiGLU.
        window: tokens that a local layer looks back on.
        context: tokens it is trained on at most.
        theta: base of the rotary embedding.
    """

    vocabulary: int = 1024
    hidden: int = 192
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head: int = 64
    inner: int = 512
    window: int = 512
    context: int = 1536
    theta: float = 10_000.0

    def is_local(self, layer: int) -> bool:
        """Whether a layer sees its window only: three of four, as CWM's."""
        return layer % 4 != 3


class Norm(nn.Module):
    """RMSNorm."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        """Scaled to a root mean square of 1, then by the weights."""
        return functional.rms_norm(x, x.shape[-1:], self.weight.to(x.dtype), 1e-5)


class Attention(nn.Module):
    """Causal attention of grouped queries."""

    def __init__(self, shape: Shape, local: bool) -> None:
        super().__init__()
        self.shape, self.local = shape, local
        wide, narrow = shape.heads * shape.head, shape.kv_heads * shape.head
        self.q_proj = nn.Linear(shape.hidden, wide, bias=False)
        self.k_proj = nn.Linear(shape.hidden, narrow, bias=False)
        self.v_proj = nn.Linear(shape.hidden, narrow, bias=False)
        self.o_proj = nn.Linear(wide, shape.hidden, bias=False)

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """``(batch, length, hidden)`` to the same; `turns` are the cosines and sines."""
        batch, length, _ = x.shape
        heads = (batch, length, -1, self.shape.head)
        q = _turned(self.q_proj(x).view(heads).transpose(1, 2), turns)
        k = _turned(self.k_proj(x).view(heads).transpose(1, 2), turns)
        v = self.v_proj(x).view(heads).transpose(1, 2)
        mixed = self._plainly(q, k, v) if length <= _SHORT else self._fused(q, k, v)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))

    def _plainly(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """All heads of a group in one product, which is faster where the scores are few."""
        batch, heads, length, head = q.shape
        groups = heads // k.shape[1]
        asked = (q * head**-0.5).reshape(batch, -1, groups * length, head)
        scores = (asked @ k.transpose(2, 3)).view(batch, -1, groups, length, length)
        scores = scores.masked_fill(~self._seen(length, q.device), -torch.inf)
        weights = torch.softmax(scores, -1).to(v.dtype).view(batch, -1, groups * length, length)
        return (weights @ v).view(batch, heads, length, head)

    def _fused(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        length = q.shape[2]
        windowed = self.local and length > self.shape.window
        mask = self._seen(length, q.device) if windowed else None
        return functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None, enable_gqa=True
        )

    def _seen(self, length: int, device: torch.device) -> Tensor:
        """Which place sees which: ``(length, length)``."""
        places = torch.arange(length, device=device)
        behind = places[:, None] - places
        return (behind >= 0) & (behind < (self.shape.window if self.local else length))


class Mlp(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.inner, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.inner, bias=False)
        self.down_proj = nn.Linear(shape.inner, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, length, hidden)`` to the same."""
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """Attention and SwiGLU, each normed before and added after."""

    def __init__(self, shape: Shape, local: bool) -> None:
        super().__init__()
        self.self_attn = Attention(shape, local)
        self.mlp = Mlp(shape)
        self.input_layernorm = Norm(shape.hidden)
        self.post_attention_layernorm = Norm(shape.hidden)

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """``(batch, length, hidden)`` to the same."""
        x = x + self.self_attn(self.input_layernorm(x), turns)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """Tokens to the hidden states that the next ones are told from."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape, shape.is_local(n)) for n in range(shape.layers))
        self.norm = Norm(shape.hidden)

    def forward(self, ids: Tensor) -> Tensor:
        """``(batch, length)`` to ``(batch, length, hidden)``."""
        x = self.embed_tokens(ids)
        turns = _turns(ids.shape[1], self.shape, x.device)
        for layer in self.layers:
            x = layer(x, turns)
        return self.norm(x)


class Network(nn.Module):
    """The whole: the head shares its weights with the embedding.

    Args:
        shape: of it.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.model = Decoder(shape)
        self.shape = shape
        depth = (2 * shape.layers) ** -0.5
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                if "embed" in name:
                    nn.init.normal_(weight, std=0.02)
                    continue
                size = (3 / weight.shape[1]) ** 0.5
                # What is added to the residual stream grows with the depth.
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    size *= depth
                nn.init.uniform_(weight, -size, size)

    def forward(self, ids: Tensor, at: Tensor | None = None) -> Tensor:
        """Logits: ``(batch, length, vocabulary)``, or ``(n, vocabulary)`` at n flat places."""
        states = self.model(ids)
        if at is not None:
            states = states.flatten(0, 1)[at]
        return functional.linear(states, self.model.embed_tokens.weight)


def _turns(length: int, shape: Shape, device: torch.device) -> tuple[Tensor, Tensor]:
    """The cosines and sines of every place: ``(length, head)`` each."""
    powers = torch.arange(0, shape.head, 2, dtype=torch.float32, device=device) / shape.head
    angles = torch.arange(length, dtype=torch.float32, device=device)[:, None] / shape.theta**powers
    angles = torch.cat((angles, angles), -1)
    return angles.cos(), angles.sin()


def _turned(x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = turns[0].to(x.dtype), turns[1].to(x.dtype)
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin
