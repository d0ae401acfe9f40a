"""The lines above the traces: how far a prediction goes, and where its model is unsure."""

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from agent.config import load_settings
from agent.tui.screens.trace.debugging import Seen
from agent.tui.screens.trace.heading import sides, unsure
from agent.tui.screens.trace.subjects import Asked
from agent.tui.screens.trace.tracks import Pair, in_step, of_moments
from model.debugger.history import Moment
from model.debugger.places import Places
from model.nano.checkpoint import shipped
from model.trace.states import resolve
from tests.agent.knownprogram import CALL, SOURCE
from tests.agent.tui.test_screens import size_name
from tests.agent.tui.traced import TESTED, OnCall, app_in, happened, press
from tests.agent.tui.watched import LARGE, SMALL, shows, text_of


def seen(*doubts: str, over: bool = False) -> Seen:
    """A prediction of so many frames, with what is doubted of each."""
    states = resolve(replace(frame, place=None) for frame in happened()[: len(doubts)])
    spots = Places(TESTED).locate(states)
    rows = zip(states, spots, doubts, strict=True)
    moments = [Moment(state.frame, state, spot, doubt=doubt) for state, spot, doubt in rows]
    pairs = tuple(Pair(n, None, same=False) for n in range(len(doubts)))
    return Seen(in_step(of_moments(moments), (), pairs), over=over)


def test_how_far_a_prediction_goes_is_said_in_words_that_fit() -> None:
    assert sides(seen("")) == ("predicted so far, 1 frame", "")
    assert sides(seen("", "", over=True)) == ("predicted to the end, 2 frames", "")
    assert sides(seen()) == ("", "")


def test_the_first_frame_that_is_doubted_is_named_with_the_reason() -> None:
    assert unsure(seen("", "", "it guesses", "it guesses wildly")) == (
        "unsure from frame 3 on: it guesses"
    )
    assert unsure(seen("", "")) == unsure(seen()) == ""


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_where_nano_is_unsure_is_a_line_of_the_heading(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    never = copytree(shipped(), tmp_path / "never")
    reach = json.loads((never / "nano.json").read_text())
    (never / "nano.json").write_text(json.dumps(reach | {"sure": 1.0}))
    file = tmp_path / "work.py"
    file.write_text(SOURCE)
    call = OnCall(Asked(file, CALL, "step"), load_settings(None, {"nano": never}))
    async with app_in(tmp_path).run_test(size=size) as pilot:
        await call.opened(pilot)
        assert "unsure" not in text_of(pilot)  # the call was given
        await press(pilot, "s")
        await shows(pilot, "predicted so far, 2 frames")
        heading, doubt = text_of(pilot).splitlines()[:2]
        assert heading.startswith(" work.py  f(3)")
        assert doubt.startswith(" unsure from frame 2 on: ")
        await press(pilot, "X")
        await shows(pilot, "begun anew")
        assert "unsure" not in text_of(pilot)
