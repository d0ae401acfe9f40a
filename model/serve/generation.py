"""What a server goes by where a request does not say: the tokens that end an answer, and sampling.

A checkpoint's own ``generation_config.json`` may name one end or none at all. CWM has three, and a
client that knows nothing of them would get an answer that runs on into turns it makes up.
"""

from pathlib import Path

from pydantic_core import to_json

from model.errors import ModelMisconfigured, TokenizerProblem
from model.tokenizer import Tokenizer
from model.wire import STOPS

CWM_STOPS = (128_001, 128_008, 128_009)
"""The ids of `STOPS` in CWM's own vocabulary."""

_SAMPLING = {"do_sample": True, "temperature": 1.0, "top_p": 0.95}
"""CWM's, as published."""

_NAME = "generation_config.json"


def stops_of(tokenizer: Path) -> tuple[int, ...]:
    """The ids of a CWM's stop tokens; none where its tokenizer cannot be read.

    Args:
        tokenizer: a ``tokenizer.json``, which need not be there.
    """
    try:
        known = Tokenizer.from_file(tokenizer)
    except TokenizerProblem:
        return ()
    return tuple(known.special(name) for name in STOPS)


def write_defaults(stop_ids: tuple[int, ...], folder: Path) -> Path | None:
    """Put a CWM's defaults into a folder, for vLLM to read.

    Returns:
        The folder; None where there are no stop tokens to tell: the model's own file counts then.

    Raises:
        ModelMisconfigured: it cannot be written.
    """
    if not stop_ids:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _NAME).write_bytes(to_json({"eos_token_id": [*stop_ids], **_SAMPLING}))
    except OSError as error:
        message = f"what vLLM is to go by cannot be written to {folder}: {error.strerror}"
        raise ModelMisconfigured(message, "FORETRACE_CACHE names another folder") from None
    return folder
