"""The tokenizer that is made for nano."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.nano.training.vocabulary import SPECIALS
from model.tokenizer import TRACE_TOKENS, Tokenizer
from tests.model.nano.training.programs import records, vocabulary


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    path: Path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.json"
    path.write_text(vocabulary())
    return Tokenizer.from_file(path)


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    return [tokenizer.decode([id_]) for id_ in tokenizer.encode(text)]


def test_common_words_are_one_token_and_others_are_spelled(tokenizer: Tokenizer) -> None:
    line = "    for i in range(total):\n"
    assert pieces(tokenizer, line)[1:5] == ["for ", "i", " in ", "range"]
    assert pieces(tokenizer, "zebra") == list("zebra")
    assert pieces(tokenizer, "120") == ["1", "2", "0"]


def test_what_stands_between_unchanged_locals_is_one_token(tokenizer: Tokenizer) -> None:
    found = pieces(tokenizer, '{"total": "..", "i": "3"}')
    assert found == ['{"', "total", '": "..", "', "i", '": "', "3", '"}']


def test_special_tokens_are_cwms_and_come_last(tokenizer: Tokenizer) -> None:
    assert tokenizer.has_traces
    ids = [tokenizer.special(name) for name in SPECIALS]
    assert ids == list(range(tokenizer.size - len(SPECIALS), tokenizer.size))
    assert tokenizer.size <= 512
    assert not {*ids} & {*tokenizer.encode("".join(TRACE_TOKENS))}


@given(st.text())
def test_any_text_comes_back(tokenizer: Tokenizer, text: str) -> None:
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_prompt_is_encoded_as_the_predictor_encodes_it(tokenizer: Tokenizer) -> None:
    import tokenizers

    library = tokenizers.Tokenizer.from_str(vocabulary())
    for record in records(20):
        whole = library.encode(record.prompt + record.trace, add_special_tokens=False).ids
        parts: list[int] = []
        text = record.prompt + record.trace
        while text:
            ends = [(text.find(name), name) for name in SPECIALS if name in text]
            at, name = min(ends, default=(len(text), ""))
            parts += tokenizer.encode(text[:at]) + ([tokenizer.special(name)] if name else [])
            text = text[at + len(name) :]
        assert parts == whole
