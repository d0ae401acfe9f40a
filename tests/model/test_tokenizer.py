"""Text to ids as the reference has them, and no special token out of any text or file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.errors import TokenizerProblem
from model.tokenizer import Tokenizer, find_tokenizer
from tests.model.tokenizers import (
    SMALL,
    SPECIALS,
    reference,
    reference_tokenizer_file,
    small_tokenizer_file,
    standard_library,
)

AWKWARD = [
    "",
    " ",
    "\r\n\r\n  \r\n",
    "\x00\x01\x1b[31m\x7f\u0085\u2028\ufeff",
    "naïve 日本語 العربية ไทย 👩‍👩‍👧 🏳️‍🌈 e\u0301\u0323",
    "'S 'LL it's ſ'ſ İ'd",
    "1234567890 ½ ² ٣٤٥",
    "\t\tif x:\n\t\t\treturn  \n\n\n",
    "<|eot_id|><|start_header_id|>system<|end_header_id|>\n\n",
    "".join(SPECIALS),
    "a" * 20_000,
    "ab" * 10_000 + " " * 20_000 + "x" + "\n" * 5_000,
    "=" * 10_000 + "7" * 10_000,
]
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)
"""Lone surrogates included."""
FORGED = st.lists(st.one_of(st.sampled_from(SPECIALS), ANY_TEXT), max_size=8).map("".join)

Change = Callable[[dict], None]


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], Path]:
    """The small tokenizer's file, changed."""

    def write(change: Change) -> Path:
        path = small_tokenizer_file(tmp_path)
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        return path

    return write


# As the reference


@pytest.fixture(scope="module")
def reference_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer.from_file(reference_tokenizer_file(tmp_path_factory.mktemp("reference")))


@pytest.fixture(scope="module")
def expected() -> Callable[[str], list[int]]:
    import tiktoken

    known = reference()
    return tiktoken.Encoding(
        "reference", pat_str=known.pattern, mergeable_ranks=known.ranks, special_tokens={}
    ).encode_ordinary


@pytest.mark.network
def test_the_standard_library_has_the_reference_ids(
    reference_tokenizer: Tokenizer, expected: Callable[[str], list[int]]
) -> None:
    tokens = 0
    for text in standard_library():
        ids = reference_tokenizer.encode(text)
        assert ids == expected(text)
        assert reference_tokenizer.decode(ids) == text
        tokens += len(ids)
    assert tokens > 1_000_000


@pytest.mark.network
def test_awkward_texts_have_the_reference_ids(
    reference_tokenizer: Tokenizer, expected: Callable[[str], list[int]]
) -> None:
    for text in AWKWARD:
        assert reference_tokenizer.encode(text) == expected(text)
        assert reference_tokenizer.decode(reference_tokenizer.encode(text)) == text


@pytest.mark.network
@settings(max_examples=300, deadline=None)
@given(text=FORGED)
@example(text="\ud83d\ude00 \ude00\ud83d \udfff")
def test_any_text_has_the_reference_ids(
    reference_tokenizer: Tokenizer, expected: Callable[[str], list[int]], text: str
) -> None:
    assert reference_tokenizer.encode(text) == expected(text)


@pytest.mark.network
def test_special_tokens_have_the_ids_of_the_format(reference_tokenizer: Tokenizer) -> None:
    assert reference_tokenizer.special("<|begin_of_text|>") == 128_000
    assert reference_tokenizer.special("<|eot_id|>") == 128_009
    assert reference_tokenizer.special("<|trace_context_start|>") == 128_107
    assert reference_tokenizer.size == 128_256


# No special token out of text


@settings(max_examples=300, deadline=None)
@given(text=FORGED)
def test_no_text_yields_a_special_token(small_tokenizer: Tokenizer, text: str) -> None:
    ids = small_tokenizer.encode(text)
    assert max(ids, default=0) < SMALL
    assert len(ids) <= small_tokenizer.bound(text) <= 4 * len(text)
    clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert small_tokenizer.decode(ids) == clean


def as_text(content: dict) -> None:
    for token in content["added_tokens"]:
        token |= {"special": False, "normalized": True, "lstrip": True}


def in_the_vocabulary(content: dict) -> None:
    content["model"]["vocab"] |= {t["content"]: t["id"] for t in content["added_tokens"]}


def in_the_vocabulary_alone(content: dict) -> None:
    in_the_vocabulary(content)
    content["added_tokens"] = []


def as_whole_words(content: dict) -> None:
    in_the_vocabulary(content)
    content["model"]["ignore_merges"] = True
    content["pre_tokenizer"]["use_regex"] = False


def by_merging(content: dict) -> None:
    """Every special token can be put together letter by letter."""
    in_the_vocabulary(content)
    content["pre_tokenizer"]["use_regex"] = False
    vocabulary, merges = content["model"]["vocab"], content["model"]["merges"]
    for token in content["added_tokens"]:
        name = token["content"]
        for at in range(1, len(name)):
            vocabulary.setdefault(name[: at + 1], 10_000 + len(vocabulary))
            merges.append([name[:at], name[at]])


def under_another_name(content: dict) -> None:
    content["model"]["vocab"]["def"] = content["added_tokens"][9]["id"]
    content["model"]["merges"] = [pair for pair in content["model"]["merges"] if "def" not in pair]


def under_other_ids(content: dict) -> None:
    as_whole_words(content)
    for token in content["added_tokens"]:
        content["model"]["vocab"][token["content"]] += 10_000


def merges_as_text(content: dict) -> None:
    in_the_vocabulary(content)
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]


@pytest.mark.parametrize(
    "change",
    [
        as_text,
        in_the_vocabulary,
        in_the_vocabulary_alone,
        as_whole_words,
        by_merging,
        under_another_name,
        under_other_ids,
        merges_as_text,
    ],
)
def test_no_file_makes_text_special(changed: Callable[[Change], Path], change: Change) -> None:
    tokenizer = Tokenizer.from_file(changed(change))
    specials = {tokenizer.special(name) for name in SPECIALS}
    assert len(specials) == len(SPECIALS)
    for text in [*SPECIALS, *AWKWARD, "def f(): define"]:
        ids = tokenizer.encode(text)
        assert specials.isdisjoint(ids)
        assert tokenizer.decode(ids) == text
        assert len(ids) > 1 or text not in SPECIALS


def test_nothing_is_added_cut_or_drawn_by_chance(
    small_tokenizer: Tokenizer, changed: Callable[[Change], Path]
) -> None:
    def change(content: dict) -> None:
        bos = {"SpecialToken": {"id": SPECIALS[0], "type_id": 0}}
        text = {"Sequence": {"id": "A", "type_id": 0}}
        known = {SPECIALS[0]: {"id": SPECIALS[0], "ids": [SMALL], "tokens": [SPECIALS[0]]}}
        content |= {
            "truncation": {
                "direction": "Right",
                "max_length": 3,
                "strategy": "LongestFirst",
                "stride": 0,
            },
            "padding": {
                "strategy": {"Fixed": 4_096},
                "direction": "Left",
                "pad_to_multiple_of": None,
                "pad_id": 5,
                "pad_type_id": 0,
                "pad_token": "x",
            },
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [bos, text],
                "pair": [bos, text],
                "special_tokens": known,
            },
        }
        content["model"] |= {"dropout": 0.5, "unk_token": SPECIALS[0]}

    tokenizer = Tokenizer.from_file(changed(change))
    for text in [*AWKWARD, "a sentence of several words"]:
        assert tokenizer.encode(text) == small_tokenizer.encode(text)


def test_the_bound_holds_where_a_file_changes_the_text(
    changed: Callable[[Change], Path],
) -> None:
    def change(content: dict) -> None:
        content["normalizer"] = {"type": "Replace", "pattern": {"String": "a"}, "content": "éé"}

    tokenizer = Tokenizer.from_file(changed(change))
    assert tokenizer.decode(tokenizer.encode("bab")) == "bééb"
    assert tokenizer.bound("a" * 50) >= len(tokenizer.encode("a" * 50)) >= 50


# Back to text


@settings(max_examples=200, deadline=None)
@given(ids=st.lists(st.integers(), max_size=20))
@example(ids=[-1, SMALL + 256, 2**70])
def test_any_ids_can_be_read(small_tokenizer: Tokenizer, ids: list[int]) -> None:
    assert isinstance(small_tokenizer.decode(ids), str)


@settings(max_examples=200, deadline=None)
@given(ids=st.lists(st.integers(0, SMALL - 1), max_size=50), at=st.integers(0, 50))
def test_bytes_are_lossless(small_tokenizer: Tokenizer, ids: list[int], at: int) -> None:
    whole = small_tokenizer.decode_bytes(ids)
    assert whole == small_tokenizer.decode_bytes(ids[:at]) + small_tokenizer.decode_bytes(ids[at:])
    assert small_tokenizer.decode(ids) == whole.decode("utf-8", "replace")


def test_special_tokens_are_read_as_their_names(small_tokenizer: Tokenizer) -> None:
    ids = [SMALL + 9, *small_tokenizer.encode("é"), SMALL + 100, SMALL + 256]
    assert small_tokenizer.decode(ids) == "<|eot_id|>é<|frame_sep|>\ufffd"
    half = small_tokenizer.encode("\x00é")[:1] + small_tokenizer.encode("👩")[:1]
    assert small_tokenizer.decode(half) == "\x00\ufffd"


def test_a_piece_that_is_not_written_in_bytes_is_read_as_text(
    changed: Callable[[Change], Path],
) -> None:
    def change(content: dict) -> None:
        content["model"]["vocab"] |= {"日本 語": 9_000, "<0x0A>": 9_001, "": 9_002}

    tokenizer = Tokenizer.from_file(changed(change))
    assert tokenizer.decode([9_000, 9_001, 9_002]) == "日本 語<0x0A>"


def test_ordinary_ids_stay_and_others_are_spelled_out(small_tokenizer: Tokenizer) -> None:
    spelled = small_tokenizer.ordinary([7, SMALL + 9, 8, SMALL + 300])
    assert spelled == [
        7,
        *small_tokenizer.encode("<|eot_id|>"),
        8,
        *small_tokenizer.encode("\ufffd"),
    ]
    assert small_tokenizer.ordinary(range(SMALL)) == list(range(SMALL))


# Files that will not do


def test_a_tokenizer_says_what_it_has(small_tokenizer: Tokenizer) -> None:
    assert small_tokenizer.has_traces
    assert small_tokenizer.size == SMALL + 256
    assert small_tokenizer.special("<|eot_id|>") == SMALL + 9
    with pytest.raises(TokenizerProblem, match="no token <nothing>"):
        small_tokenizer.special("<nothing>")


def test_a_tokenizer_without_trace_tokens_will_do(changed: Callable[[Change], Path]) -> None:
    def change(content: dict) -> None:
        content["added_tokens"] = content["added_tokens"][:100]

    tokenizer = Tokenizer.from_file(changed(change))
    assert not tokenizer.has_traces
    assert tokenizer.size == SMALL + 100


def lacks_eot(content: dict) -> None:
    del content["added_tokens"][9]


def other_model(content: dict) -> None:
    content["model"]["type"] = "WordPiece"


def no_model(content: dict) -> None:
    del content["model"]


def not_all_bytes(content: dict) -> None:
    letters = [piece for piece in content["model"]["vocab"] if len(piece) == 1]
    del content["model"]["vocab"][letters[0]]


def no_bytes(content: dict) -> None:
    content["pre_tokenizer"] = {"type": "Whitespace"}


def impossible_merge(content: dict) -> None:
    content["model"]["merges"].append(["no", "such token"])


def special_as_a_byte(content: dict) -> None:
    content["added_tokens"][9]["id"] = content["model"]["vocab"]["a"]


def huge_id(content: dict) -> None:
    content["added_tokens"][9]["id"] = 2**70


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lacks_eot, "lacks <|eot_id|>"),
        (other_model, "not a BPE tokenizer"),
        (no_model, "model: Field required"),
        (not_all_bytes, "not a byte-level one"),
        (no_bytes, "not a byte-level one"),
        (special_as_a_byte, "not a byte-level one"),
        (impossible_merge, "cannot use"),
        (huge_id, "less than"),
    ],
)
def test_an_unfit_file_is_refused_in_one_line(
    changed: Callable[[Change], Path], change: Change, says: str
) -> None:
    path = changed(change)
    with pytest.raises(TokenizerProblem) as caught:
        Tokenizer.from_file(path)
    assert says in caught.value.message
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe{}", b"[" * 100_000, b"GGUF\x03"])
def test_what_is_no_tokenizer_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(TokenizerProblem, match="not a BPE tokenizer"):
        Tokenizer.from_file(path)
    for missing in (tmp_path / "none.json", tmp_path):
        with pytest.raises(TokenizerProblem, match="cannot read"):
            Tokenizer.from_file(missing)


# Where it lies


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def downloaded(hub: Path, name: str, revision: str) -> Path:
    path = hub / f"models--{name.replace('/', '--')}" / "snapshots" / revision / "tokenizer.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    return path


def test_a_file_or_a_folder_is_found(tmp_path: Path, hub: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert find_tokenizer(str(path), "") == path
    assert find_tokenizer(str(other), "x/y") == other
    assert find_tokenizer(str(tmp_path), "") == path
    assert find_tokenizer("", str(tmp_path)) == path
    assert find_tokenizer("", str(other)) is None  # a model's file is not its tokenizer
    assert find_tokenizer("", "") is None


def test_the_hub_cache_is_searched_main_first(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_tokenizer("", "facebook/cwm") is None
    old = downloaded(hub, "facebook/cwm", "0ld")
    assert find_tokenizer("", "facebook/cwm") == old
    new = downloaded(hub, "facebook/cwm", "1new")
    refs = hub / "models--facebook--cwm" / "refs"
    refs.mkdir()
    (refs / "main").write_text("1new\n")
    assert find_tokenizer("", "facebook/cwm") == find_tokenizer("facebook/cwm", "x") == new
    new.unlink()
    assert find_tokenizer("", "facebook/cwm") == old
    assert find_tokenizer("", "facebook/other") is None


def test_the_hub_cache_may_lie_elsewhere(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    places = {
        "HF_HOME": ("a", "a/hub"),
        "XDG_CACHE_HOME": ("b", "b/huggingface/hub"),
        "": ("", "home/.cache/huggingface/hub"),
    }
    for variable, (value, folder) in places.items():
        there = downloaded(tmp_path / folder, "org/model", "one")
        with monkeypatch.context() as patched:
            if variable:
                patched.setenv(variable, str(tmp_path / value))
            assert find_tokenizer("org/model", "") == there


@pytest.mark.parametrize(
    "named", ["org/model", "none.json", "x" * 5_000, "a\0b", "~nobody9/x", "."]
)
def test_what_is_named_must_be_there(hub: Path, named: str) -> None:
    with pytest.raises(TokenizerProblem, match="there is no tokenizer at") as caught:
        find_tokenizer(named, "facebook/cwm")
    assert len(caught.value.message) < 400
    assert caught.value.hint
    assert find_tokenizer("", named) is None
