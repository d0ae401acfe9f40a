"""What the trace screen gets of a run: traces read back whole, and only once they are looked at."""

import asyncio
import gzip
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from agent.config import Settings, load_settings
from agent.tui.screens.trace.debugging import Debugging, Seen
from agent.tui.screens.trace.subjects import Subject, predictions_of
from model.predict.predictor import Program
from model.trace.frame import Frame, Place, Trace
from model.trace.states import compress, resolve
from tests.agent.tui.traced import TESTED, foretold_run, happened, mistaken
from tests.model.trace.examples import recorded as executed

DELETES = """\
def test_total():
    first = 1
    second = 2
    del first
    assert second == 2


def main():
    test_total()
"""


def only(run: Path) -> Subject:
    (listed,) = predictions_of(run)
    return listed.read()


def test_a_local_that_was_deleted_is_gone(tmp_path: Path) -> None:
    frames = happened(DELETES)
    subject = only(foretold_run(tmp_path, (frames, frames), source=DELETES))
    assert subject.recorded is not None
    for trace in (subject.predicted, subject.recorded.frames):
        states = {state.frame.source.strip(): state.locals for state in resolve(trace)}
        assert states["del first"].keys() == {"first", "second"}
        assert states["assert second == 2"] == {"second": "2"}


def test_both_traces_are_what_was_written(tmp_path: Path) -> None:
    frames = happened()
    wrong = mistaken(frames, "append(price)", price="7")
    subject = only(foretold_run(tmp_path, (wrong, frames)))
    plain = [replace(frame, place=None) for frame in wrong]
    assert subject.predicted == tuple(compress(plain))
    assert subject.ended
    assert subject.recorded is not None
    assert [state.locals for state in resolve(subject.recorded.frames)] == [
        state.locals for state in resolve(frames)
    ]
    assert subject.recorded.ended
    assert subject.compared
    assert subject.parting is not None


def test_where_comprehensions_have_no_frames_is_known(tmp_path: Path) -> None:
    source = TESTED.replace("for price in prices:", "for price in [p for p in prices]:")
    frames = happened(TESTED)
    run = foretold_run(tmp_path, (frames, frames), source=source)
    file = run / "traces/1-b.jsonl.gz"
    text = gzip.decompress(file.read_bytes()).decode()
    file.write_bytes(gzip.compress(text.replace('"frames"', '"inlined"').encode()))
    recorded = only(run).recorded
    assert recorded is not None
    assert recorded.inlined["/testbed/work.py"].keys() == {3}
    assert any("comprehensions" in note for note in recorded.notes)


def test_files_are_read_when_they_are_looked_at(tmp_path: Path) -> None:
    frames = happened()
    wrong = mistaken(frames, "append(price)", price="7")
    run = foretold_run(tmp_path, (frames, frames), (wrong, frames))
    agreed, parted = predictions_of(run)
    assert (agreed.parts, parted.parts) == (False, True)
    assert "step 2: fail predicted (0.75)" in parted.told
    for file in (run / "traces").iterdir():
        file.unlink()
    assert agreed.read() == replace(agreed.read(), predicted=(), recorded=None, ended=False)


def test_other_threads_do_not_shift_where_they_part() -> None:
    frames = happened()
    wrong = mistaken(frames, "append(price)", price="7")
    other = replace(frames[1], place=Place("/testbed/work.py", 2, "total", 0, thread=1))
    alone = seen_of(wrong, Trace(frames, ended=True))
    threaded = seen_of(wrong, Trace((*frames[:2], other, other, *frames[2:]), ended=True))
    assert alone.tracks.parting is not None
    assert threaded.tracks.parting == alone.tracks.parting
    assert threaded.tracks.parted == alone.tracks.parted
    assert threaded.tracks.pairs == alone.tracks.pairs


def test_a_recording_may_be_of_a_part_of_what_is_predicted() -> None:
    whole = tuple(executed(TESTED))
    test = happened()
    begin = next(n for n, frame in enumerate(whole) if "def test_total" in frame.source)
    seen = seen_of(whole, Trace(test, ended=True), "test_total")
    assert seen.tracks.parting is None
    paired = {pair.predicted: pair.recorded for pair in seen.tracks.pairs}
    assert paired[0] is None
    assert [paired[begin + n] for n in range(len(test))] == [*range(len(test))]
    assert all(pair.same for pair in seen.tracks.pairs if pair.recorded is not None)
    wrong = mistaken(whole, "append(price)", price="7")
    seen = seen_of(wrong, Trace(test, ended=True), "test_total")
    predicted, recorded = seen.tracks.parted
    assert predicted is not None
    assert recorded is not None
    assert predicted == begin + recorded
    assert whole[predicted].source == test[recorded].source
    missed = seen_of(whole[:begin], Trace(test, ended=True), "test_total")
    assert missed.tracks.parting is None
    assert len(missed.tracks.pairs) == begin + len(test)


def seen_of(predicted: tuple[Frame, ...], recorded: Trace, function: str = "") -> Seen:
    """How things stand once a subject is opened."""
    plain = tuple(compress(replace(frame, place=None) for frame in predicted))
    subject = Subject(
        "t", "", Program(TESTED, plain[:1]), plain, True, recorded=recorded, function=function
    )
    debugging = Debugging(lambda: load_settings(None, {}), lambda line: None)

    async def opening(settings: Settings, opened: AsyncExitStack) -> Subject:
        return subject

    try:
        return asyncio.run(debugging.open(opening))
    finally:
        debugging.backstage.close()
