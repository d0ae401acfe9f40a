"""Predicting with nano: the form is CWM's, and what it is unsure of says so."""

import json
from contextlib import suppress
from pathlib import Path
from shutil import copytree

import pytest

from model.debugger.problems import DebuggerProblem
from model.debugger.session import Session
from model.errors import ContextExceeded
from model.nano.checkpoint import shipped
from model.nano.engine import Engine
from model.nano.predictor import NanoPredictor
from model.predict.asking import Chance
from model.predict.means import Means
from model.predict.predictor import Prediction, Predictor, Program
from model.predict.registry import open_predictor
from model.predict.verdict import judge
from tests.model.nano.checkpoints import write_checkpoint
from tests.model.predict.programs import FRAMES, PROGRAM


def never_sure(folder: Path) -> NanoPredictor:
    """The model that comes with us, which writes frames, and believes none of them."""
    made = copytree(shipped(), folder / "never")
    reach = json.loads((made / "nano.json").read_text())
    (made / "nano.json").write_text(json.dumps(reach | {"sure": 1.0}))
    return NanoPredictor(Engine.load(made))


@pytest.fixture
def predictor(folder: Path) -> NanoPredictor:
    return NanoPredictor(Engine.load(folder))


async def test_traces_are_drawn_after_the_program(predictor: NanoPredictor) -> None:
    needed: Predictor = predictor
    assert (needed.name, needed.model, predictor.context) == ("nano", "small", 400)
    (one,) = await needed.traces(PROGRAM, most=80)
    (again,) = await needed.traces(PROGRAM, most=80)
    assert one.frames[0] == FRAMES[0]
    assert (one.frames, one.text) == (again.frames, again.text)
    assert one.tokens.reused == 0 < again.tokens.reused
    assert one.tokens.computed == again.tokens.reused + again.tokens.computed


async def test_samples_differ_and_share_the_prompt(folder: Path) -> None:
    predictor = NanoPredictor(Engine.load(folder), Chance(1.0, 1.0))
    found = await predictor.traces(PROGRAM, samples=3, seed=4, most=60)
    assert len({each.text for each in found}) == 3
    assert [each.tokens.reused > 0 for each in found] == [False, True, True]
    assert [each.tokens.computed for each in found[1:]] == [1, 1]


async def test_a_trace_takes_what_room_there_is(predictor: NanoPredictor) -> None:
    (found,) = await predictor.traces(PROGRAM)
    took = found.tokens.computed + found.tokens.written
    assert found.cut == (took == 400)
    assert took <= 400


async def test_a_program_that_does_not_fit_is_told(predictor: NanoPredictor) -> None:
    long = Program.of_call("def f(a):\n" + "    a += 1\n" * 200 + "    return a\n", "f(1)")
    with pytest.raises(ContextExceeded, match="context of small is exceeded"):
        await predictor.traces(long)
    with pytest.raises(ContextExceeded):
        await predictor.step(long, long.begun)


async def test_a_step_and_a_value(predictor: NanoPredictor) -> None:
    step = await predictor.step(PROGRAM, FRAMES[:2])
    value = await predictor.value(PROGRAM)
    assert step.tokens.written > 0
    assert value.tokens.reused > 0  # the program is the same
    assert value.frame is None or value.frame.kind == "return"


async def test_a_guess_is_no_verdict(tmp_path: Path, predictor: NanoPredictor) -> None:
    sure = {"context": 400, "sure": 0.99}
    doubting = NanoPredictor(Engine.load(write_checkpoint(tmp_path / "unsure", sure)))
    found = await doubting.traces(PROGRAM, samples=2, most=60)
    judged = judge(found)
    assert (judged.verdict, judged.confidence) == ("unsure", 0.0)
    assert any("it gives one frame a probability of" in each.doubt for each in found)
    assert not any(each.doubt for each in await predictor.traces(PROGRAM, samples=2, most=60))


async def test_the_frames_that_are_guesses_are_told_apart(tmp_path: Path) -> None:
    (found,) = await never_sure(tmp_path).traces(PROGRAM, most=120)
    assert len(found.frames) > 1
    assert len(found.doubts) == len(found.frames)
    assert found.doubts[0] == ""  # it was given
    assert found.doubt in found.doubts or found.cut
    assert all("it gives one frame a probability of" in each for each in found.doubts if each)
    engine = Engine.load()
    engine.reach = engine.reach.model_copy(update={"sure": 0.0, "constructs": None, "names": None})
    (believed,) = await NanoPredictor(engine).traces(PROGRAM, most=120)
    assert (believed.doubts, believed.doubt) == ((), "")
    assert believed.frames == found.frames


async def test_a_step_and_a_value_say_that_they_are_guesses(
    tmp_path: Path, predictor: NanoPredictor
) -> None:
    for number, reach in enumerate(({"sure": 1.0}, {"sure": 0, "constructs": ["FunctionDef"]})):
        folder = write_checkpoint(tmp_path / str(number), {"context": 400, **reach})
        doubting = NanoPredictor(Engine.load(folder))
        step, value = await doubting.step(PROGRAM, FRAMES[:2]), await doubting.value(PROGRAM)
        words = "is nothing that the model" if "constructs" in reach else "the model is not sure"
        assert words in step.doubt
        assert words in value.doubt
        assert step.frame == (await predictor.step(PROGRAM, FRAMES[:2])).frame
    assert (await predictor.step(PROGRAM, FRAMES[:2])).doubt == ""


async def test_a_debugger_s_moments_keep_the_doubts(tmp_path: Path) -> None:
    session = Session(PROGRAM, never_sure(tmp_path), at_once=100)
    await session.begin()
    await session.step()
    with suppress(DebuggerProblem):
        await session.out()
    given, *written = session.moments
    assert given.doubt == ""
    assert written
    assert all("the model is not sure" in each.doubt for each in written)


async def test_what_is_foreign_is_no_verdict(tmp_path: Path) -> None:
    reach = {"context": 400, "sure": 0, "constructs": ["FunctionDef"]}
    predictor = NanoPredictor(Engine.load(write_checkpoint(tmp_path / "narrow", reach)))
    (found,) = await predictor.traces(PROGRAM, most=20)
    assert "is nothing that the model was trained on" in found.doubt


def test_a_doubt_makes_any_trace_unsure() -> None:
    given = (None,) * len(FRAMES)
    from model.predict.predictor import Tokens

    sound = Prediction(tuple(FRAMES), True, (), given, "", Tokens())
    doubted = Prediction(tuple(FRAMES), True, (), given, "", Tokens(), doubt="it is a guess")
    assert judge([sound]).verdict == "pass"
    assert (judge([doubted]).verdict, judge([doubted]).reason) == ("unsure", "it is a guess")
    assert judge([sound, sound, doubted]).verdict == "pass"
    assert judge([sound, sound, doubted]).confidence < judge([sound, sound]).confidence


def test_it_is_chosen_where_it_is_loaded(folder: Path) -> None:
    assert open_predictor("", Means(engine=Engine.load(folder))).name == "nano"
