"""The forms that a recorded trace is trained in."""

import random
from pathlib import Path

import numpy
import pytest

from model.nano.training.batches import batches
from model.nano.training.examples import Examples, texts
from model.trace.reading import read_frames
from model.trace.states import resolve
from tests.model.nano.training.programs import examples, forms, record


def test_whole_stepped_and_value() -> None:
    found = texts(record(3), random.Random(1), 1, 1)
    whole, *_, value = found
    assert whole.answer == record(3).trace
    assert whole.prompt.startswith("<|begin_of_text|><|trace_context_start|>def add_up(")
    assert value.prompt == whole.prompt + "<|return_sep|>"
    last = read_frames(whole.answer).frames[-1]
    parsed = read_frames(value.answer, "return")
    assert parsed.frames == (last,)
    assert parsed.ended
    assert not parsed.problems


@pytest.mark.parametrize("seed", range(8))
def test_a_call_that_is_stepped_over_has_only_its_return(seed: int) -> None:
    whole, *others = texts(record(5), random.Random(seed), 1, 0)
    for over in others:
        parsed = read_frames(over.answer)
        assert parsed.ended
        assert not parsed.problems
        assert len(parsed.frames) < len(read_frames(whole.answer).frames)
        states = resolve((*read_frames(record(5).begun).frames, *parsed.frames))
        assert states[-1].depth == 0
        assert parsed.frames[-1] == read_frames(whole.answer).frames[-1]


def test_examples_are_kept_on_disk(tmp_path: Path) -> None:
    made = examples(20)
    made.save(tmp_path / "examples.npz")
    read = Examples.load(tmp_path / "examples.npz")
    assert (read.ids == made.ids).all()
    assert (read.starts == made.starts).all()
    assert (read.prompts == made.prompts).all()


def test_each_example_is_in_one_batch() -> None:
    made = examples(50)
    found = list(batches(made, 2_000, pad=0, seed=1))
    assert sum(len(batch.ids) for batch in found) == len(made) == len(forms(50))
    assert sum(batch.tokens for batch in found) == len(made.ids)
    assert all(batch.ids.size <= 2_000 for batch in found)
    assert sum(int(batch.wanted.sum()) for batch in found) == len(made.ids) - made.prompts.sum()
    again = batches(made, 2_000, pad=0, seed=1)
    assert all((a.ids == b.ids).all() for a, b in zip(found, again, strict=True))
    other = list(batches(made, 2_000, pad=0, seed=2))
    assert [batch.ids.shape for batch in other] != [batch.ids.shape for batch in found]


def test_long_examples_can_be_left_out() -> None:
    made = examples(50)
    lengths = numpy.diff(made.starts)
    half = int(numpy.median(lengths))
    found = list(batches(made, 2_000, pad=0, seed=1, longest=half))
    assert sum(len(batch.ids) for batch in found) == int((lengths <= half).sum())
