"""A checkpoint's ``config.json``, as transformers writes it for ``CwmForCausalLM``."""

from math import pi
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_FULL, _SLIDING = "full_attention", "sliding_attention"


class Rope(BaseModel):
    """How places are turned into angles."""

    model_config = ConfigDict(frozen=True)

    rope_type: Literal["default", "llama3"] = "default"
    rope_theta: float = Field(gt=1, allow_inf_nan=False)
    factor: float = Field(default=1.0, ge=1, allow_inf_nan=False)
    low_freq_factor: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    high_freq_factor: float = Field(default=4.0, gt=0, allow_inf_nan=False)
    original_max_position_embeddings: int = Field(default=8192, gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high_freq_factor <= self.low_freq_factor:
            raise ValueError("high_freq_factor is to be larger than low_freq_factor")
        return self

    def frequencies(self, head: int) -> list[float]:
        """Radians that each pair of a head's numbers is turned by from one place to the next."""
        plain = [self.rope_theta ** -(n / head) for n in range(0, head, 2)]
        return plain if self.rope_type == "default" else [*map(self._scaled, plain)]

    def _scaled(self, frequency: float) -> float:
        """Slower where a turn takes longer than what was seen before the context was extended."""
        turns = self.original_max_position_embeddings * frequency / (2 * pi)
        span = self.high_freq_factor - self.low_freq_factor
        kept = min(max((turns - self.low_freq_factor) / span, 0.0), 1.0)
        return frequency * (kept + (1 - kept) / self.factor)


class Config(BaseModel):
    """The network: CWM's architecture, and nothing but that."""

    model_config = ConfigDict(frozen=True)

    model_type: Literal["cwm"]
    vocab_size: int = Field(gt=0, le=1 << 20)
    hidden_size: int = Field(gt=0, le=1 << 16)
    intermediate_size: int = Field(gt=0, le=1 << 18)
    num_hidden_layers: int = Field(gt=0, le=1_000)
    num_attention_heads: int = Field(gt=0, le=1_000)
    num_key_value_heads: int = Field(gt=0, le=1_000)
    head_dim: int = Field(gt=0, le=1_024, multiple_of=2)
    max_position_embeddings: int = Field(gt=0, le=1 << 24)
    rms_norm_eps: float = Field(default=1e-5, gt=0, lt=1)
    hidden_act: Literal["silu"] = "silu"
    mlp_bias: Literal[False] = False
    attention_bias: Literal[False] = False
    tie_word_embeddings: bool = False
    sliding_window: int | None = Field(default=None, gt=0)
    layer_types: tuple[Literal["full_attention", "sliding_attention"], ...]
    rope_parameters: Rope
    bos_token_id: int = Field(ge=0)
    eos_token_id: int | tuple[int, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.num_attention_heads % self.num_key_value_heads:
            raise ValueError("num_attention_heads is no multiple of num_key_value_heads")
        if len(self.layer_types) != self.num_hidden_layers:
            raise ValueError("layer_types has not as many entries as there are layers")
        if self.sliding_window is None and _SLIDING in self.layer_types:
            raise ValueError("sliding_window is missing")
        return self

    @property
    def windows(self) -> tuple[int | None, ...]:
        """Tokens that each layer looks back on, the token itself included; None for all."""
        return tuple(None if each == _FULL else self.sliding_window for each in self.layer_types)

    @property
    def ends(self) -> tuple[int, ...]:
        """The tokens that end a text."""
        ids = self.eos_token_id
        return (ids,) if isinstance(ids, int) else ids

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor, by the name that transformers gives it."""
        hidden, inner, head = self.hidden_size, self.intermediate_size, self.head_dim
        wide, narrow = self.num_attention_heads * head, self.num_key_value_heads * head
        of_layer = {
            "input_layernorm": (hidden,),
            "self_attn.q_proj": (wide, hidden),
            "self_attn.k_proj": (narrow, hidden),
            "self_attn.v_proj": (narrow, hidden),
            "self_attn.o_proj": (hidden, wide),
            "post_attention_layernorm": (hidden,),
            "mlp.gate_proj": (inner, hidden),
            "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner),
        }
        shapes: dict[str, tuple[int, ...]] = {
            "model.embed_tokens.weight": (self.vocab_size, hidden),
            "model.norm.weight": (hidden,),
        }
        if not self.tie_word_embeddings:
            shapes["lm_head.weight"] = (self.vocab_size, hidden)
        for number in range(self.num_hidden_layers):
            for name, shape in of_layer.items():
                shapes[f"model.layers.{number}.{name}.weight"] = shape
        return shapes
