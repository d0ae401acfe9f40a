"""What a model is made of, as far as its memory depends on it: built in for CWM, else read.

A checkpoint is a folder with a ``config.json`` in Hugging Face's form and its weights, or a model's
name on the hub, whose folder may lie in the hub's local cache. Nothing is downloaded here.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import from_json

from model.errors import ModelMisconfigured
from model.serve.generation import CWM_STOPS, stops_of
from model.tokenizer import find_tokenizer

CWM = "facebook/cwm"

_ALIKE = frozenset({CWM, "facebook/cwm-sft", "facebook/cwm-pretrain"})
"""Its release has three sets of weights of one shape."""

_CONFIG = "config.json"
_CWM_ARCHITECTURE = "CwmForCausalLM"
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_FULL = "full_attention"
_MOST_BYTES = 16 * 1024 * 1024
"""A configuration is some kilobytes; what is larger is none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder, as its memory sees it.

    Attributes:
        parameters: numbers in all weights together; 0 where they are stored quantized.
        tables: those that quantization leaves alone: the tables of tokens at both ends.
        stored: bytes of the weights as they are stored.
        windows: tokens each layer looks back; None where it looks at all of them.
        heads: that ask, in each layer.
        kv_heads: whose keys and values are kept.
        head_dim: numbers in a key, and in a value.
        context: tokens the model was trained for.
    """

    parameters: int
    tables: int
    stored: int
    windows: tuple[int | None, ...]
    heads: int
    kv_heads: int
    head_dim: int
    context: int


CWM_SHAPE = Shape(
    parameters=32_581_097_472,
    tables=2 * 128_256 * 6_144,
    stored=2 * 32_581_097_472,
    windows=(None, 8_192, 8_192, 8_192) * 16,
    heads=48,
    kv_heads=8,
    head_dim=128,
    context=131_072,
)
"""Its release's figures. Where the full layers stand among the others does not matter here."""


class _Quantization(BaseModel):
    quant_method: str = ""


class _Config(BaseModel):
    """The fields of a ``config.json`` that memory depends on."""

    architectures: list[str] = []
    hidden_size: int = Field(gt=0)
    num_hidden_layers: int = Field(gt=0, le=10_000)
    num_attention_heads: int = Field(gt=0)
    num_key_value_heads: int | None = Field(default=None, gt=0)
    head_dim: int | None = Field(default=None, gt=0)
    vocab_size: int = Field(gt=0)
    max_position_embeddings: int = Field(gt=0)
    tie_word_embeddings: bool = False
    sliding_window: int | None = Field(default=None, gt=0)
    layer_types: list[str] | None = None
    dtype: str | None = None
    torch_dtype: str | None = None
    quantization_config: _Quantization | None = None

    def windows(self) -> tuple[int | None, ...]:
        """One for each layer.

        A window without a list of layers may hold for all, for some, or be switched off by a field
        of the model's own, so that none is counted on.
        """
        if self.layer_types is None:
            return (None,) * self.num_hidden_layers
        return tuple(None if each == _FULL else self.sliding_window for each in self.layer_types)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model to be served.

    Attributes:
        source: what vLLM is told: a folder, or a name on the hub.
        name: what it is called on the server.
        shape: None where it is not known: the model is not here, or of a kind not counted here.
        local: whether the source is a folder here, so that nothing has to be fetched.
        stop_ids: tokens that end its answers; empty where that is left to its own files.
    """

    source: str
    name: str
    shape: Shape | None
    local: bool
    stop_ids: tuple[int, ...] = ()


def find_checkpoint(model: str) -> Checkpoint:
    """The model of this name or at this place.

    Raises:
        ModelMisconfigured: there is no such folder, or it holds no model.
    """
    folder = Path(os.path.expanduser(model))  # noqa: PTH111 - Path's own raises for unknown users
    if folder.is_dir():
        shape, stops = _read_shape(folder), _stops(folder)
        return Checkpoint(
            str(folder.absolute()), folder.resolve().name, shape, local=True, stop_ids=stops
        )
    if model.startswith(("/", "./", "../", "~")) or model.count("/") > 1 or not model.strip():
        raise ModelMisconfigured(
            f"there is no model at {model!r}", "give a folder with a config.json, or a hub name"
        )
    return _on_hub(model)


def _on_hub(name: str) -> Checkpoint:
    """A model on the hub, of which much is known if it is built in or its folder is cached."""
    if name in _ALIKE:
        return Checkpoint(name, name, CWM_SHAPE, local=False, stop_ids=CWM_STOPS)
    with suppress(ModelMisconfigured):
        tokenizer = find_tokenizer("", name)
        if tokenizer is not None:
            shape, stops = _read_shape(tokenizer.parent), _stops(tokenizer.parent)
            return Checkpoint(name, name, shape, local=False, stop_ids=stops)
    return Checkpoint(name, name, None, local=False)


def _stops(folder: Path) -> tuple[int, ...]:
    """What ends the answers of the model in a folder, if it is a CWM."""
    config = _read_config(folder)
    if config is None or _CWM_ARCHITECTURE not in config.architectures:
        return ()
    return stops_of(folder / "tokenizer.json")


def _read_shape(folder: Path) -> Shape | None:
    """The shape of the model in a folder; None where its configuration has other fields.

    Raises:
        ModelMisconfigured: the folder has no configuration, or no weights.
    """
    config = _read_config(folder)
    stored = sum(_sizes(folder))
    if not stored:
        raise ModelMisconfigured(
            f"{folder} has no weights", "they are files named *.safetensors, beside config.json"
        )
    if config is None:
        return None
    number = _BYTES.get(config.dtype or config.torch_dtype or "bfloat16", 2)
    parameters = 0 if config.quantization_config else stored // number
    tables = config.vocab_size * config.hidden_size * (1 if config.tie_word_embeddings else 2)
    return Shape(
        parameters=parameters,
        tables=min(tables, parameters),
        stored=stored,
        windows=config.windows(),
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads or config.num_attention_heads,
        head_dim=config.head_dim or config.hidden_size // config.num_attention_heads,
        context=config.max_position_embeddings,
    )


def _read_config(folder: Path) -> _Config | None:
    path = folder / _CONFIG
    try:
        with path.open("rb") as file:
            content = from_json(file.read(_MOST_BYTES))
    except OSError as error:
        raise ModelMisconfigured(
            f"{folder} is no model: its {_CONFIG} cannot be read ({error.strerror})",
            "give the folder that holds config.json and the weights",
        ) from None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ModelMisconfigured(f"{path} does not describe a model", "it is a JSON object")
    try:
        return _Config.model_validate(content)
    except ValidationError:
        return None


def _sizes(folder: Path) -> Iterator[int]:
    """Bytes of each file of weights."""
    for pattern in ("*.safetensors", "*.bin"):
        found = [path.stat().st_size for path in folder.glob(pattern) if path.is_file()]
        if found:
            yield from found
            return
