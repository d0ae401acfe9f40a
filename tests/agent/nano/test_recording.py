"""Programs recorded by the process that goes on living: the same frames as a sandbox gives."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.nano import recording
from agent.nano.recording import EVENTS, Recorder
from model.nano.programs.arguments import calls
from model.predict.predictor import Program
from model.trace.recording import Recording, read_recording
from model.trace.states import compress
from model.trace.writing import write_frames
from tests.agent.conftest import CommandLine
from tests.model.nano.programs.samples import programs
from tests.sandboxes.tracing import Tracer


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as made:
        yield made


def written(found: Recording) -> str:
    return write_frames(compress(found.trace.frames), ended=found.trace.ended)


def test_frames_are_those_that_the_tracer_gives_by_itself(
    recorder: Recorder, tmp_path: Path
) -> None:
    tracer = Tracer(recorder.python, tmp_path / "programs")
    for program in programs(12, seed=4):
        for call in calls(random.Random(1), program, 1):
            ours = recorder.record(Program.of_call(program.source, call))
            theirs = read_recording(tracer.call(program.source, call, events=EVENTS).text)
            assert written(ours) == written(theirs), program.source
            assert ours.end == theirs.end
            assert ours.python == theirs.python


@pytest.mark.engine
def test_frames_are_those_of_foretrace_trace(recorder: Recorder, foretrace: CommandLine) -> None:
    source = "def f(items):\n    return [n // 0 if n > 3 else -n // 2 for n in items]\n"
    (foretrace.folder / "work.py").write_text(source)
    for call in ("f([1, 2])", "f([9])"):
        ended = foretrace("trace", "work.py", "--call", call, "--format", "cwm")
        frames = compress(recorder.record(Program.of_call(source, call)).trace.frames)
        assert write_frames(frames[1:]) == ended.out


def test_a_test_is_entered_at_its_own_function(recorder: Recorder) -> None:
    source = "def f(n):\n    return n\n\n\ndef test_f():\n    assert f(1) == 2\n"
    found = recorder.record(Program.of_function(source, "test_f"), "test_f")
    assert found.end.why == "left"
    assert found.end.error == ("AssertionError", "")
    assert [frame.source.strip() for frame in found.trace.frames][:3] == [
        "def test_f():", "assert f(1) == 2", "def f(n):",
    ]  # fmt: skip
    assert not any("START_OF_TRACE" in frame.source for frame in found.trace.frames)


def test_what_does_not_end_is_cut_and_the_next_one_runs(recorder: Recorder) -> None:
    source = (
        "def loop():\n    try:\n        while True:\n            pass\n"
        "    finally:\n        g = 1\n\n\n"
        "def deep(n):\n    return deep(n + 1)\n\n\n"
        "def fine():\n    return 1\n"
    )
    asked = ("loop()", "deep(0)", "fine()")
    found = recorder.record_calls([Program.of_call(source, call) for call in asked])
    assert [each.end.why for each in found] == ["events", "events", "left"]
    assert [len(each.trace.frames) for each in found] == [EVENTS, EVENTS, 6]


def test_what_does_not_give_the_process_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "SECONDS", 1)
    source = "def f(x):\n    while True:\n        x = x**x\n\n\ndef g():\n    return 1\n"
    with Recorder() as own:
        found = own.record_calls([Program.of_call(source, call) for call in ("f(9)", "g()")])
    assert [each.end.why for each in found] == ["killed", "left"]


@pytest.mark.parametrize(
    ("call", "halts"),
    [("loop()", False), ("deep(0)", True), ("count(3000)", True), ("full()", None)],
)
def test_whether_it_halts_is_found_by_running_it(
    recorder: Recorder, call: str, halts: bool | None
) -> None:
    source = (
        "def loop():\n    while True:\n        pass\n\n\n"
        "def deep(n):\n    return deep(n + 1)\n\n\n"
        "def count(n):\n    while n:\n        n -= 1\n    return n\n\n\n"
        "def full():\n    return [0] * (1 << 40)\n"
    )
    assert recorder.halts(Program.of_call(source, call)) is halts


def test_what_cannot_be_loaded_says_so(recorder: Recorder) -> None:
    found = recorder.record(Program.of_call("1 / 0\n", "1"))
    assert (found.end.why, found.end.error) == ("error", ("ZeroDivisionError", "division by zero"))
