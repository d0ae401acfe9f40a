"""A model's own tokenizer: text to token ids that no outside text can bend, and ids back to text.

Special tokens never come out of text. It is not enough to ask the library for that, because files
differ in what they call special; so the file is loaded without any of its added tokens, and their
ids are kept beside it, for `Tokenizer.special` alone to give out.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from model.errors import TokenizerProblem

if TYPE_CHECKING:
    import tokenizers

CHAT_TOKENS = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
)
TRACE_TOKENS = (
    "<|frame_sep|>",
    "<|action_sep|>",
    "<|return_sep|>",
    "<|call_sep|>",
    "<|line_sep|>",
    "<|exception_sep|>",
    "<|arg_sep|>",
    "<|trace_context_start|>",
)

_FILE_NAME = "tokenizer.json"
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
_SPECIAL_NAME = re.compile(r"<\|\w+\|>")
_WANTED = "give the tokenizer.json that came with the model"
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def _byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in the vocabulary of a byte-level tokenizer.

    Printable characters of Latin-1 stand for themselves, the others for those from U+0100 on.
    """
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {b: chr(256 + n) for n, b in enumerate(others)}


_LETTERS = _byte_letters()
_ALL_LETTERS = "".join(_LETTERS.values())
_BYTES = {ord(letter): byte for byte, letter in _LETTERS.items()}


class _Added(BaseModel):
    id: int = Field(ge=0, lt=2**32)
    content: str


class _Bpe(BaseModel):
    model_config = ConfigDict(extra="allow")

    type: Literal["BPE"] = "BPE"
    vocab: dict[str, int]
    merges: list[str | tuple[str, str]]


class _File(BaseModel):
    """What we look at in a ``tokenizer.json``; the rest is the library's."""

    model_config = ConfigDict(extra="allow")

    added_tokens: list[_Added] = []
    normalizer: object = None
    pre_tokenizer: object = None
    model: _Bpe


class Tokenizer:
    """A byte-level BPE tokenizer with the special tokens of the chat format.

    Attributes:
        size: token ids there are, special ones included.
        has_traces: whether it has the tokens that traces are made of.
    """

    def __init__(
        self,
        ordinary: "tokenizers.Tokenizer",
        vocabulary: Mapping[str, int],
        added: dict[str, int],
        *,
        verbatim: bool,
    ) -> None:
        self._ordinary = ordinary
        self._specials = added
        self._verbatim = verbatim
        self._pieces = {id_: _lettered(piece) for piece, id_ in vocabulary.items()}
        self._names = {id_: _spelled(name) for name, id_ in added.items()}
        self.size = len(self._pieces) + len(self._names)
        self.has_traces = all(name in added for name in TRACE_TOKENS)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Load a ``tokenizer.json``, which takes about a second.

        Raises:
            TokenizerProblem: it cannot be read, or is no byte-level BPE, or lacks a special token
                of the chat format.
        """
        content = _read(path)
        added = {token.content: token.id for token in content.added_tokens}
        for piece, id_ in content.model.vocab.items():
            if _SPECIAL_NAME.fullmatch(piece):
                added.setdefault(piece, id_)
        missing = [name for name in CHAT_TOKENS if name not in added]
        if missing:
            raise TokenizerProblem(f"the tokenizer {path} lacks {', '.join(missing)}", _WANTED)
        _take_out(content, added)
        if not set(_ALL_LETTERS) <= content.model.vocab.keys() or not _by_bytes(content):
            raise TokenizerProblem(f"the tokenizer {path} is not a byte-level one", _WANTED)
        verbatim = content.normalizer is None
        return cls(_load(path, content), content.model.vocab, added, verbatim=verbatim)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, none of them special, whatever the text holds."""
        return self._ordinary.encode(_clean(text), add_special_tokens=False).ids

    def bound(self, text: str) -> int:
        """No fewer than the ids of a text; known without encoding it, unless it is changed first.

        A token is a byte at least.
        """
        return len(_clean(text).encode()) if self._verbatim else len(self.encode(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Text for people: special tokens by their names, what is not UTF-8 as U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """What the ids stand for; special tokens by their names, unknown ids as U+FFFD."""
        pieces, names, unknown = self._pieces, self._names, _spelled(_UNKNOWN)
        letters = "".join(pieces[id_] if id_ in pieces else names.get(id_, unknown) for id_ in ids)
        return letters.translate(_BYTES).encode("latin-1")

    def knows(self, id_: int) -> bool:
        """Whether there is a token with this id."""
        return id_ in self._pieces or id_ in self._names

    def special(self, name: str) -> int:
        """The id of a special token, ``<|eot_id|>`` for example.

        Raises:
            TokenizerProblem: there is none of that name.
        """
        try:
            return self._specials[name]
        except KeyError:
            raise TokenizerProblem(f"the tokenizer has no token {name}", _WANTED) from None

    def ordinary(self, ids: Sequence[int]) -> list[int]:
        """The ids themselves, but for special and unknown ones, which are spelled out as text."""
        if self._pieces.keys() >= set(ids):
            return list(ids)
        spelled: list[int] = []
        for id_ in ids:
            spelled += [id_] if id_ in self._pieces else self.encode(self.decode([id_]))
        return spelled


def find_tokenizer(named: str, model: str) -> Path | None:
    """Where a model's ``tokenizer.json`` lies on this machine; nothing is downloaded.

    Args:
        named: by the user: a file, a folder that holds one, or a name on the hub, to look up in the
            hub's local cache. Empty: look for the model's own.
        model: its name on the server, which is often a folder or a name on the hub.

    Returns:
        The place; None when none was named and the model's own is not here.

    Raises:
        TokenizerProblem: what was named is not here.
    """
    wanted = named or model
    if not wanted:
        return None
    place = Path(os.path.expanduser(wanted))  # noqa: PTH111 - Path's own raises for unknown users
    choices = [place / _FILE_NAME, *_cached(wanted)]
    for choice in [place, *choices] if named else choices:
        if _is_file(choice):
            return choice
    if not named:
        return None
    raise TokenizerProblem(
        f"there is no tokenizer at {_one_line(named)}, and none of that name in the hub's cache",
        "name a tokenizer.json, the folder it lies in, or a model downloaded from the hub",
    )


def _cached(name: str) -> list[Path]:
    """Where the hub's cache may have the tokenizer, likeliest first."""
    choices: list[Path] = []
    if not _HUB_NAME.fullmatch(name):
        return choices
    folder = _hub_cache() / f"models--{name.replace('/', '--')}"
    snapshots = folder / "snapshots"
    # Whatever of it is not there, cannot be read or has no possible name holds no tokenizer.
    with suppress(OSError, ValueError):
        choices += sorted(snapshots.glob(f"*/{_FILE_NAME}"))
        newest = (folder / "refs" / "main").read_text().strip()
        choices.insert(0, snapshots / newest / _FILE_NAME)
    return choices


def _hub_cache() -> Path:
    environ = os.environ
    if cache := environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    home = environ.get("HF_HOME") or f"{environ.get('XDG_CACHE_HOME') or '~/.cache'}/huggingface"
    return Path(home).expanduser() / "hub"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # not allowed to look, or no name of a file at all
        return False


def _read(path: Path) -> _File:
    try:
        return _File.model_validate_json(path.read_bytes())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TokenizerProblem(f"cannot read the tokenizer {path}: {reason}", _WANTED) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        what = _one_line(f"{place}: {first['msg']}" if place else first["msg"])
        raise TokenizerProblem(f"{path} is not a BPE tokenizer ({what})", _WANTED) from None


def _take_out(content: _File, added: Mapping[str, int]) -> None:
    """Leave nothing in the file that could make a special token out of text."""
    specials = {*added, *map(_spelled, added)}
    ids = set(added.values())
    vocabulary = content.model.vocab
    kept = {p: id_ for p, id_ in vocabulary.items() if p not in specials and id_ not in ids}
    if len(kept) < len(vocabulary):
        content.model.merges = [pair for pair in content.model.merges if _possible(pair, kept)]
    content.model.vocab = kept
    content.added_tokens = []


def _possible(pair: str | tuple[str, str], vocabulary: Mapping[str, int]) -> bool:
    left, right = pair if isinstance(pair, tuple) else pair.split(" ", 1)
    return left in vocabulary and right in vocabulary and left + right in vocabulary


def _by_bytes(content: _File) -> bool:
    """Whether text is turned into bytes, as the vocabulary says, before it is split into tokens."""
    steps: list[object] = [content.normalizer, content.pre_tokenizer]
    while steps:
        step = steps.pop()
        if isinstance(step, dict):
            if step.get("type") == "ByteLevel":
                return True
            for name in ("normalizers", "pretokenizers"):
                inner = step.get(name)
                steps += inner if isinstance(inner, list) else []
    return False


def _load(path: Path, content: _File) -> "tokenizers.Tokenizer":
    import tokenizers

    # All bytes are there, so nothing is unknown; and what is drawn by chance has no one encoding.
    plain = {"unk_token": None, "dropout": None, "fuse_unk": False, "byte_fallback": False}
    fields = content.model_dump() | {"truncation": None, "padding": None, "post_processor": None}
    fields["model"] |= plain
    try:
        return tokenizers.Tokenizer.from_str(to_json(fields).decode())
    except Exception as error:  # the library raises nothing more special
        reason = _one_line(str(error))
        raise TokenizerProblem(f"cannot use the tokenizer {path}: {reason}", _WANTED) from None


def _lettered(piece: str) -> str:
    """A piece of the vocabulary, which some files write as text instead of letters for bytes."""
    return _spelled(piece) if piece.strip(_ALL_LETTERS) else piece


def _spelled(text: str) -> str:
    return "".join(map(_LETTERS.__getitem__, _clean(text).encode()))


def _clean(text: str) -> str:
    """Lone surrogates, which have no UTF-8, as U+FFFD; all else as it is."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
