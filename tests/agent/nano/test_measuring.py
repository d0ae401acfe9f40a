"""What is measured of a model that is right, and of ones that are wrong in one thing each."""

import asyncio
import math
from pathlib import Path

import pytest

from agent.nano.measuring import Measurement, measure
from agent.nano.recording import Recorder
from model.nano.engine import Engine
from model.nano.record import Record
from model.predict.predictor import Program
from model.tokenizer import Tokenizer
from model.trace.score import Count
from model.trace.states import compress
from model.trace.writing import write_frames
from tests.agent.nano.writing import Writing
from tests.model.nano.checkpoints import write_checkpoint
from tests.model.tokenizers import small_tokenizer_file

SUMS = """\
def add_up(items):
    total = 0
    for item in items:
        total += item
    return total
"""
TEST = "\n\ndef test_add_up():\n    assert add_up([1, 2]) == 3\n"
ENDLESS = "def wait(count):\n    while count:\n        count = count\n    return count\n"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer.from_file(small_tokenizer_file(tmp_path_factory.mktemp("tokenizer")))


@pytest.fixture
def model(tokenizer: Tokenizer) -> Writing:
    return Writing(tokenizer)


def recorded(source: str, call: str, form: str = "call", most: int = 99) -> Record:
    program = Program.of_call(source, call)
    with Recorder() as recorder:
        trace = recorder.record(program).trace
    frames = compress(trace.frames)[: most + 1]
    ended = trace.ended and len(frames) <= most
    return Record.model_validate(
        {
            "id": "1-1-1",
            "program": "1-1",
            "source": program.source,
            "begun": write_frames(frames[:1], ended=False),
            "trace": write_frames(frames[1:], ended=ended),
            "frames": len(frames) - 1,
            "ended": ended,
            "constructs": ("for",),
            "family": "grammar",
            "call": call,
            "form": form,
            "size": "short",
        }
    )


def measured(record: Record, model: Writing) -> Measurement:
    return asyncio.run(measure(record, model, model.tokenizer))


def test_a_model_that_is_right_in_everything(model: Writing) -> None:
    record = recorded(SUMS, "add_up([1, 2])")
    model.learn(record.prompt + record.trace)
    model.learn(
        record.prompt
        + '<|return_sep|><|action_sep|>    return add_up([1, 2])\n<|arg_sep|>"3"<|frame_sep|>'
    )
    found = measured(record, model)
    assert (found.whole, found.output, found.halting, found.value) == (True,) * 4
    assert found.singles == Count(record.frames, record.frames)
    assert all(count.hits == count.of for count in found.scores.values())
    assert (found.verdict, found.right, found.passes) == ("pass", True, True)
    tokens = len(model.texts[0])
    assert math.exp(-0.01 * tokens) < found.lowest < 1
    assert 0 < found.tokens < tokens


def test_one_wrong_frame_is_one_whatever_follows_from_it(model: Writing) -> None:
    record = recorded(SUMS, "add_up([1, 2])")
    # It goes on as if nothing had happened, but for the total.
    wrong = record.trace.replace('"total": "1"', '"total": "7"')
    assert wrong != record.trace
    model.learn(record.prompt + wrong)
    model.learn(record.prompt + record.trace)
    found = measured(record, model)
    assert not found.whole
    assert found.output
    assert found.singles == Count(record.frames - 1, record.frames)
    assert found.right is True
    assert found.scores["state exact match"].hits == found.scores["state exact match"].of - 1
    assert found.scores["action exact match"].share == 1


def test_a_test_that_fails(model: Writing) -> None:
    record = recorded(SUMS.replace("= 0", "= 1") + TEST, "test_add_up()", "test")
    model.learn(record.prompt + record.trace)
    found = measured(record, model)
    assert (found.verdict, found.right, found.passes) == ("fail", True, False)
    assert found.value is None


def test_a_program_without_an_end(model: Writing) -> None:
    record = recorded(ENDLESS, "wait(3)", most=20)
    longer = recorded(ENDLESS, "wait(3)", most=150)
    model.learn(longer.prompt + longer.trace)
    model.context = len(model.texts[0]) - 20
    found = measured(record, model)
    assert (found.output, found.whole, found.halting) == (None, False, True)
    assert (found.verdict, found.right) == ("endless", True)
    assert (found.halts, found.told) == (None, None)  # nobody looked
    for halts in (False, True):
        known = measured(record.model_copy(update={"halts": halts}), model)
        assert (known.halts, known.told) == (halts, not halts)


def test_a_model_that_knows_nothing_is_wrong_in_all_of_it(model: Writing) -> None:
    record = recorded(SUMS, "add_up([1, 2])")
    found = measured(record, model)
    assert (found.whole, found.output, found.value) == (False,) * 3
    assert found.singles == Count(0, record.frames)
    assert (found.halts, found.told) == (True, False)
    assert (found.verdict, found.right, found.lowest) == ("unsure", None, 0)


def test_one_with_random_weights_runs_to_the_end(tmp_path: Path) -> None:
    engine = Engine.load(write_checkpoint(tmp_path / "made", {"context": 300}))
    record = recorded("def one():\n    return 1\n", "one()")
    found = asyncio.run(measure(record, engine, engine.tokenizer))
    assert 0 <= found.lowest < 1
    assert found.singles is not None
    assert found.singles.of == record.frames
