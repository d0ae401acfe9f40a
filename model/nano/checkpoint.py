"""A checkpoint's folder, read whole and looked over: what is wrong with it is told in one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from model.errors import ModelMisconfigured, TokenizerProblem
from model.nano.config import Config
from model.nano.reach import Reach
from model.tokenizer import Tokenizer
from model.wire import BEGIN_OF_TEXT, END_OF_TEXT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Model = TypeVar("Model", bound=BaseModel)

NAME = "nano"
"""What the model is called that comes with this package."""

CONFIG, WEIGHTS, TOKENIZER, REACH = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "nano.json",
)

_MOST_BYTES = 256 * 1024**2
"""Of weights. What has more is for a server with a GPU."""

_MOST_TEXT = 16 * 1024**2
_HINT = "a checkpoint is a folder as transformers saves a CwmForCausalLM, with its tokenizer.json"


class CheckpointProblem(ModelMisconfigured):
    """A checkpoint is not there, not whole, or not of the one architecture that runs here."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model, ready to be run.

    Attributes:
        name: of the model.
        config: of the network.
        tensors: by their names in transformers, float32.
        tokenizer: the model's own.
        reach: how far it is to be believed.
    """

    name: str
    config: Config
    tensors: Mapping[str, "NDArray[np.float32]"]
    tokenizer: Tokenizer
    reach: Reach

    @property
    def parameters(self) -> int:
        """Numbers in all tensors together."""
        return sum(each.size for each in self.tensors.values())


def shipped() -> Path:
    """The folder of the model that comes with this package."""
    return Path(str(files("model.nano").joinpath("weights")))


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds a model to be run here, as far as can be told without reading it all.

    CWM itself has the same architecture; by the size of its weights it is not meant.
    """
    try:
        content = from_json(_bytes(folder / CONFIG, _MOST_TEXT))
        weights = folder / WEIGHTS
        size = weights.stat().st_size if weights.is_file() else 0
        return (
            isinstance(content, dict)
            and content.get("model_type") == "cwm"
            and size <= _MOST_BYTES
            and not (folder / f"{WEIGHTS}.index.json").exists()
        )
    except (OSError, ValueError, CheckpointProblem):
        return False


def context_of(folder: Path) -> int:
    """Tokens that the model in a folder reads and writes; 0 where there is none to be had."""
    try:
        if (folder / REACH).exists():
            return _parsed(Reach, folder / REACH).context
        return _parsed(Config, folder / CONFIG).max_position_embeddings
    except CheckpointProblem:
        return 0


def read_checkpoint(folder: Path, name: str = "") -> Checkpoint:
    """The checkpoint in a folder.

    Args:
        folder: with ``config.json``, ``model.safetensors``, ``tokenizer.json`` and, if it is known
            how far the model is to be believed, ``nano.json``.
        name: of the model; the folder's without it.

    Raises:
        CheckpointProblem: something is missing or wrong; the message says what.
    """
    if not folder.is_dir():
        raise CheckpointProblem(f"there is no model at {folder}", _HINT)
    config = _parsed(Config, folder / CONFIG)
    tokenizer = _tokenizer(folder / TOKENIZER, config)
    path = folder / REACH
    reach = _parsed(Reach, path) if path.exists() else Reach(context=config.max_position_embeddings)
    if reach.context > config.max_position_embeddings:
        raise CheckpointProblem(
            f"{path} has a context of {reach.context:,} tokens, and the network goes to "
            f"{config.max_position_embeddings:,}"
        )
    tensors = _tensors(folder / WEIGHTS, config)
    return Checkpoint(name or folder.resolve().name, config, tensors, tokenizer, reach)


def _parsed(kind: type[Model], path: Path) -> Model:
    try:
        return kind.model_validate_json(_bytes(path, _MOST_TEXT))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        what = " ".join(f"{place}: {first['msg']}".lstrip(": ").split())[:200]
        raise CheckpointProblem(f"{path} is of no model that runs here ({what})", _HINT) from None


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointProblem(f"cannot read {path}: {reason}", _HINT) from None
    if len(data) > most:
        raise CheckpointProblem(
            f"{path} has more than {most / 1024**2:.0f} MiB, which is too much for here",
            "larger models are served: foretrace serve, and --model-url",
        )
    return data


def _tokenizer(path: Path, config: Config) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(path)
    except TokenizerProblem as error:
        raise CheckpointProblem(error.message, error.hint) from None
    if not tokenizer.has_traces:
        raise CheckpointProblem(f"the tokenizer {path} has no tokens for traces", _HINT)
    begin, end = tokenizer.special(BEGIN_OF_TEXT), tokenizer.special(END_OF_TEXT)
    if tokenizer.size > config.vocab_size:
        why = f"it has {tokenizer.size:,} tokens, the model {config.vocab_size:,}"
    elif begin != config.bos_token_id:
        why = f"its {BEGIN_OF_TEXT} is {begin}, the model's {config.bos_token_id}"
    elif end not in config.ends:
        why = f"its {END_OF_TEXT} is {end}, which does not end the model's texts"
    else:
        return tokenizer
    raise CheckpointProblem(
        f"the tokenizer {path} is another model's: {why}",
        "give the tokenizer.json that came with the model",
    )


def _tensors(path: Path, config: Config) -> dict[str, "NDArray[np.float32]"]:
    """The weights, each of the shape that the configuration asks for."""
    import numpy as np
    import safetensors

    try:
        found = dict(safetensors.deserialize(_bytes(path, _MOST_BYTES)))  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointProblem(
            f"the weights {path} are not whole ({reason})", "copy or download them again"
        ) from None
    tensors = {}
    for name, shape in config.shapes().items():
        if name not in found:
            raise CheckpointProblem(f"the weights {path} lack {name}", _HINT)
        has = tuple(found[name]["shape"])
        if has != shape:
            raise CheckpointProblem(f"{name} in {path} is of shape {has}, not {shape}", _HINT)
        numbers = _floats(found[name]["dtype"], bytes(found[name]["data"]), path)
        if not np.isfinite(numbers).all():
            raise CheckpointProblem(f"{name} in {path} holds what is no number", _HINT)
        tensors[name] = numbers.reshape(shape)
    return tensors


def _floats(kind: str, data: bytes, path: Path) -> "NDArray[np.float32]":
    import numpy as np

    if kind == "F32":
        return np.frombuffer(data, "<f4").astype(np.float32)
    if kind == "F16":
        return np.frombuffer(data, "<f2").astype(np.float32)
    if kind == "BF16":
        # The upper half of a float32.
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    raise CheckpointProblem(
        f"the weights {path} are of type {' '.join(kind.split())[:20]}",
        "float32, float16 and bfloat16 run here",
    )
