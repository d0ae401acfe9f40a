"""What is behind the trace screen: traces that grow frame by frame are as they would be at once."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from agent.config import Settings
from agent.replay.traces import paired
from agent.tui.screens.trace.debugging import Debugging
from agent.tui.screens.trace.subjects import Subject
from model.predict.predictor import Program
from model.trace.frame import Trace
from model.trace.part import part_of
from model.trace.states import resolve
from tests.agent.knownprogram import CALL, SOURCE
from tests.agent.tui.traced import on_call
from tests.model.debugger.knowing import executed

PROGRAM = Program.of_call(SOURCE, CALL)
FRAMES = executed(PROGRAM)
STEPS = 20


@pytest.mark.parametrize("function", ["", "f"])
async def test_frames_that_come_one_by_one_are_laid_beside_as_all_at_once(
    tmp_path: Path, function: str
) -> None:
    part = part_of(FRAMES, function) if function else range(len(FRAMES))
    assert part is not None
    recorded = Trace(tuple(FRAMES[part.start : part.stop]), ended=True)

    async def opening(settings: Settings, opened: AsyncExitStack) -> Subject:
        return Subject("work.py", CALL, PROGRAM, recorded=recorded, function=function)

    with on_call(tmp_path / "here") as call:
        debugging = Debugging(lambda: call.settings, lambda line: None)
        try:
            await debugging.backstage.call(lambda: debugging.open(opening))
            for number in range(STEPS):
                seen = await debugging.backstage.call(
                    lambda at=number: debugging.go(at, lambda session: session.step())
                )
                points = seen.tracks.predicted
                frames = [point.moment.frame for point in points if point.moment is not None]
                assert len(frames) == number + 2
                own = (part_of(frames, function) or range(0)) if function else range(len(frames))
                states = resolve(frames[own.start : own.stop])
                whole = paired(states, resolve(recorded.frames))
                found = [each for each in seen.tracks.pairs if each.recorded is not None]
                assert [(each.predicted, each.recorded, each.same) for each in found] == [
                    (None if i is None else i + own.start, j, same)
                    for i, j, same in whole
                    if j is not None
                ]
                assert all(each.same for each in found if each.predicted is not None)
        finally:
            debugging.backstage.close()
