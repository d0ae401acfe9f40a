"""nano's tokenizer: made from its training data, read by every library that reads CWM's.

A byte-level BPE file whose words are whole or spelled. A word that is common in programs is one
token, through the file's ``ignore_merges``; any other is its letters. So a string's letters stay
apart, which is what indexing and reversing it needs, and a name that nobody has seen is copied
letter by letter, like every other. Digits are apart. What stands between words is merged as usual:
``": "..", "`` between two names of unchanged locals is a single token.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from model.tokenizer import CHAT_TOKENS, TRACE_TOKENS

PAD = "<|pad|>"
SPECIALS = (*CHAT_TOKENS, PAD, *TRACE_TOKENS)

SPLIT = (
    r"(?:def|return|if|elif|while|for|raise|assert|except|not) "
    r"| (?:in|and|or|if|else|is|as|not in|is not) "
    r"|_?\p{L}+|[0-9]|\n *|_|[^\p{L}_0-9\n]+"
)
"""What is never merged with what stands beside it: keywords with their spaces, words, digits, the
end of a line with the next one's indentation, and runs of all else."""

_LETTER = r"[^\W\d_]"
_PIECE = re.compile(SPLIT.replace(r"[^\p{L}_0-9\n]+", r"[^\w\n]+").replace(r"\p{L}", _LETTER))
_STRING = re.compile(r"'[^'\n]*'|(?<=[(\[ ,{])\"[^\"\n]*\"(?=[)\], :}\n])")


def make_vocabulary(
    sources: Iterable[str], traces: Iterable[str], size: int = 1024, between: int = 300
) -> str:
    """A ``tokenizer.json``.

    Args:
        sources: of programs; their common words become tokens.
        traces: in wire form, for what stands between the words.
        size: tokens in all, special ones included; fewer where there are fewer words.
        between: of them, at most, those merged from what is no word.

    Returns:
        The file's text.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    words: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    for text in sources:
        # Strings' words are to stay spelled; their quotes belong to what stands between.
        _count(_STRING.sub(lambda found: f"{found[0][0]}9{found[0][-1]}", text), words, runs)
    for text in traces:
        _count(re.sub(r"<\|\w+\|>", "\n", text), Counter(), runs)
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + between, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(_repeated(runs), trainer)
    made = json.loads(bpe.to_str())["model"]
    vocabulary: dict[str, int] = made["vocab"]
    room = size - len(SPECIALS) - len(vocabulary)
    for word, _ in words.most_common(room):
        vocabulary.setdefault(word.replace(" ", "Ġ"), len(vocabulary))
    return _file(vocabulary, made["merges"])


def _count(text: str, words: Counter[str], runs: Counter[str]) -> None:
    for piece in _PIECE.findall(text):
        if len(piece) == 1:
            continue
        if re.search(_LETTER, piece):
            if piece.isascii():
                words[piece] += 1
        else:
            runs[piece] += 1


def _repeated(runs: Counter[str]) -> Iterator[str]:
    """Each run as often as it stands there, or a thousandth of that where they are very many."""
    scale = max(1, runs.total() // 500_000)
    for run, count in runs.items():
        for _ in range(count // scale):
            yield run


def _file(vocabulary: dict[str, int], merges: list[object]) -> str:
    # Special tokens come last, as CWM's do; the library allows no gap before them.
    added = [
        {
            "id": len(vocabulary) + number,
            "content": name,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, name in enumerate(SPECIALS)
    ]
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": SPLIT},
                    "behavior": "Isolated",
                    "invert": False,
                },
                {
                    "type": "ByteLevel",
                    "add_prefix_space": False,
                    "trim_offsets": True,
                    "use_regex": False,
                },
            ],
        },
        "post_processor": None,
        "decoder": {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": True,
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": vocabulary,
            "merges": merges,
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
