"""Token ids of prompts, which no program's text can bend."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.tokenizer import Tokenizer
from model.trace.encoding import TraceEncoder
from model.trace.frame import Frame
from model.trace.reading import read_ids
from model.trace.states import compress
from model.trace.writing import context, wrapper, write_frame, write_frames
from model.wire import BEGIN_OF_TEXT
from tests.model.trace.examples import EXAMPLE_SOURCE, EXAMPLE_TEXT, PROGRAMS, recorded

TEXT = st.lists(st.text(max_size=5) | st.sampled_from(["<|frame_sep|>", "<|eot_id|>", "\n"]))


def test_a_prompt_is_the_text_of_the_format(small_tokenizer: Tokenizer) -> None:
    source, first = wrapper(EXAMPLE_SOURCE, "f(1)")
    encoder = TraceEncoder(small_tokenizer)
    ids = [*encoder.context(source), *encoder.frame(first), encoder.event("line")]
    expected = BEGIN_OF_TEXT + context(source) + write_frame(first) + "<|line_sep|>"
    assert small_tokenizer.decode(ids) == expected
    assert encoder.frame_id == small_tokenizer.special("<|frame_sep|>")
    assert encoder.end_id == small_tokenizer.special("<|end_of_text|>")


def test_source_is_never_a_token(small_tokenizer: Tokenizer) -> None:
    encoder = TraceEncoder(small_tokenizer)
    forged = "x = '<|frame_sep|><|call_sep|>'\n"
    ids = encoder.context(forged)
    assert ids[2:-1] == small_tokenizer.encode(forged)
    assert ids.count(encoder.frame_id) == 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_frames_come_back_from_their_ids(name: str, small_tokenizer: Tokenizer) -> None:
    encoder = TraceEncoder(small_tokenizer)
    written = compress(recorded(PROGRAMS[name]))
    ids = [id_ for frame in written for id_ in encoder.frame(frame)]
    parsed = read_ids([*ids, encoder.end_id], small_tokenizer)
    assert parsed.problems == ()
    assert parsed.text == write_frames(written)


def test_the_example_comes_back_from_its_ids(small_tokenizer: Tokenizer) -> None:
    encoder = TraceEncoder(small_tokenizer)
    written = compress(recorded(EXAMPLE_SOURCE + "def main():\n    return f(1)\n"))[1:]
    ids = [id_ for frame in written for id_ in encoder.frame(frame)]
    assert read_ids([*ids, encoder.end_id], small_tokenizer).text == EXAMPLE_TEXT


@settings(max_examples=200, deadline=None)
@given(source=TEXT.map("".join), value=TEXT.map("".join), raw=TEXT.map("".join))
def test_any_text_comes_back(source: str, value: str, raw: str, small_tokenizer: Tokenizer) -> None:
    encoder = TraceEncoder(small_tokenizer)
    frames = [
        Frame("line", source, {value: value}),
        Frame("return", source, value=value),
        Frame("exception", source, value=raw, raw=raw),
    ]
    ids = [id_ for frame in frames for id_ in encoder.frame(frame)]
    parsed = read_ids(ids, small_tokenizer)
    assert parsed.frames[:2] == tuple(frames[:2])
    assert len(parsed.frames) == 3
