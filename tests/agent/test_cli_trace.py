"""``foretrace trace``: what is recorded and shown, and what is refused."""

import json
from pathlib import Path

import pytest

from agent.cli.traceview import as_cwm, as_json, as_text
from model.trace.recording import read_recording
from tests.agent.conftest import CommandLine, Ended, Project

EXAMPLE = """\
<|line_sep|>{}<|action_sep|>    return f(1)
<|frame_sep|><|call_sep|>{"a": "1"}<|action_sep|>def f(a):
<|frame_sep|><|line_sep|>{"a": ".."}<|action_sep|>    b = a + 1
<|frame_sep|><|line_sep|>{"a": "..", "b": "2"}<|action_sep|>    return b
<|frame_sep|><|return_sep|><|action_sep|>    return b
<|arg_sep|>"2"<|frame_sep|><|return_sep|><|action_sep|>    return f(1)
<|arg_sep|>"2"<|frame_sep|><|end_of_text|>"""

RAISED = """\
<|line_sep|>{}<|action_sep|>    return find('abc', 'z')
<|frame_sep|><|call_sep|>{"text": "'abc'", "sign": "'z'"}<|action_sep|>def find(text, sign):
<|frame_sep|><|line_sep|>{"text": "..", "sign": ".."}<|action_sep|>    return text.rindex(sign)
<|frame_sep|><|exception_sep|><|action_sep|>    return text.rindex(sign)
<|arg_sep|>"(<class 'ValueError'>, ValueError('substring not found'), <traceback object>)"\
<|frame_sep|><|return_sep|><|action_sep|>    return text.rindex(sign)
<|arg_sep|>"None"<|frame_sep|><|exception_sep|><|action_sep|>    return find('abc', 'z')
"""
"""An exception as the model's own generations have it: what `sys.settrace` gives, as a tuple."""

SOURCE = """\
import beside


def f(a):
    b = a + 1
    return b


def main():
    return beside.double(3)


def bad():
    print("\\x1b[31mred")
    raise ValueError("\\x1b[31mno")


def endless():
    while True:
        pass


if __name__ == "__main__":
    told = main()
"""


@pytest.fixture
def source(foretrace: CommandLine) -> Path:
    """A file with another one beside it."""
    (foretrace.folder / "beside.py").write_text("def double(n):\n    return 2 * n\n")
    path = foretrace.folder / "work.py"
    path.write_text(SOURCE)
    return path


def refused(ended: Ended, *words: str) -> None:
    """Wrong use, in a line and perhaps a hint."""
    assert ended.status == 2, ended
    assert ended.out == ""
    complaint = ended.err[ended.err.index("foretrace: ") :]
    assert len(complaint.splitlines()) <= 2
    for word in words:
        assert word in complaint


@pytest.mark.engine
def test_a_call_in_the_model_s_form_byte_for_byte(foretrace: CommandLine) -> None:
    (foretrace.folder / "add.py").write_text("def f(a):\n    b = a + 1\n    return b\n")
    ended = foretrace("trace", "add.py", "--call", "f(1)", "--format", "cwm")
    assert (ended.status, ended.out) == (0, EXAMPLE), ended


@pytest.mark.engine
def test_an_exception_is_written_as_the_model_writes_it(foretrace: CommandLine) -> None:
    path = foretrace.folder / "find.py"
    path.write_text("def find(text, sign):\n    return text.rindex(sign)\n")
    ended = foretrace("trace", path, "--call", "find('abc', 'z')", "--format", "cwm")
    assert ended.status == 1, ended
    assert ended.out.startswith(RAISED)
    shown = foretrace("trace", path, "--call", "find('abc', 'z')")
    assert "!   ValueError('substring not found')" in shown.out


@pytest.mark.engine
def test_a_program_with_a_main_of_its_own_keeps_it(foretrace: CommandLine, source: Path) -> None:
    ended = foretrace("trace", source, "--call", "main()", "--format", "json")
    assert ended.status == 0, ended
    frames = [json.loads(line) for line in ended.out.splitlines()]
    calls = [frame["source"] for frame in frames if frame["kind"] == "call"]
    assert calls == ["def main_():\n", "def main():\n", "def double(n):\n"]
    assert frames[-1]["value"] == "6"
    assert [frame["depth"] for frame in frames][:3] == [0, 0, 1]


@pytest.mark.engine
def test_a_script_is_shown_with_what_changes(foretrace: CommandLine, source: Path) -> None:
    ended = foretrace("trace", source, "--script")
    assert ended.status == 0, ended
    assert "/testbed/beside.py" in ended.out
    assert "def double(n):" in ended.out
    assert "# n = 3" in ended.out


@pytest.mark.engine
def test_a_trace_that_does_not_end_as_it_should_is_shown_and_said(
    foretrace: CommandLine, source: Path
) -> None:
    raised = foretrace("trace", source, "--call", "bad()")
    assert raised.status == 1
    assert "ValueError" in raised.out
    assert raised.err.splitlines()[-1].startswith("foretrace: bad() raised ValueError: ")
    assert "\x1b" not in raised.out + raised.err
    limited = foretrace("trace", source, "--call", "endless()", "--events", "9", "--format", "cwm")
    assert limited.status == 1
    assert limited.out.count("<|frame_sep|>") == 8
    assert "<|end_of_text|>" not in limited.out
    assert "9 events were recorded" in limited.err


@pytest.mark.engine
def test_what_cannot_be_recorded_is_refused(foretrace: CommandLine, source: Path) -> None:
    (foretrace.folder / "broken.py").write_text("def f(:\n")
    (foretrace.folder / "needs.py").write_text("import no_such_package\n")
    refused(foretrace("trace", "none.py", "--call", "f()"), "none.py", "No such file")
    refused(foretrace("trace", "broken.py", "--call", "f()"), "broken.py does not parse", "line 1")
    refused(foretrace("trace", "needs.py", "--call", "f()"), "no_such_package", "--repo")
    refused(foretrace("trace", source, "--call", "nothing(1)"), "work.py has no nothing")
    refused(foretrace("trace", source, "--call", "f(1"), "the call does not parse")
    refused(foretrace("trace", "--test", "test_it.py::test_it"), "--repo")
    refused(foretrace("trace", source, "--call", "f(1)", "--repo", "nowhere"), "nowhere")


def test_what_to_record_must_be_said_once(foretrace: CommandLine, source: Path) -> None:
    for more in ([], ["--call", "f(1)", "--script"], ["--script", "--test", "x"]):
        ended = foretrace("trace", source, *more)
        assert ended.status == 2
        assert "say what to record" in ended.err
    assert foretrace("trace", source, "--call", "f(1)", "--events", "0").status == 2


@pytest.mark.engine
def test_a_project_s_test_runs_in_its_environment(foretrace: CommandLine, project: Project) -> None:
    test = "tests/test_prices.py::test_above"
    ended = foretrace("trace", "--repo", project.path, "--test", test)
    assert ended.status == 1, ended
    assert "/testbed/prices.py" in ended.out
    assert "# value = 11, low = 0, high = 9" in ended.out
    assert "raised AssertionError" in ended.err
    call = ("--call", "clamp(-1, 0, 9)", "--format", "cwm")
    for path in ("prices.py", project.path / "prices.py"):
        ended = foretrace("trace", path, "--repo", project.path, *call)
        assert ended.status == 0, ended
        assert ended.out.endswith('<|arg_sep|>"0"<|frame_sep|><|end_of_text|>')
    missing = ("tests/test_prices.py", "--repo", project.path, "--test", "test_none")
    refused(foretrace("trace", *missing), "pytest found no test tests/test_prices.py::test_none")
    refused(foretrace("trace", "none.py", "--repo", project.path, *call), "none.py")
    refused(foretrace("trace", __file__, "--repo", project.path, *call), "is not below")


def test_recordings_of_hostile_programs_are_shown_safely() -> None:
    lines = [
        {"format": 1},
        {"file": 0, "path": "/a\x1b[2J.py", "text": "x = '\x1b[2J'\n"},
        {"k": "c", "f": 0, "n": 1, "fn": "f", "d": 0, "s": 0, "v": {"x\x1b": "\x1b]0;\x07\x7f"}},
        {"k": "l", "f": 7, "n": -5, "fn": "f", "d": 9**9, "s": 0, "t": 3, "v": {}, "g": ["x\x1b"]},
        {"k": "r", "f": 0, "n": 99, "fn": "f", "d": 0, "s": 5, "o": "\x9b31m" * 1000},
        {"end": "left", "stdout": "\x1b[31m\n" * 1000},
    ]
    recording = read_recording("\n".join(map(json.dumps, lines)))
    text = as_text(recording, False)
    assert len(recording.trace.frames) == 3
    assert not set(text) & {"\x1b", "\x07", "\x7f", "\x9b"}
    assert len(text) < 4000
    assert "... and 980 more lines" in text
    for frame in as_json(recording, False).splitlines():
        assert json.loads(frame)
        assert frame.isascii()
        assert frame.isprintable()
    assert as_cwm(recording, False).endswith("<|end_of_text|>")
    assert as_text(read_recording(""), True) == as_json(read_recording(""), True) == ""
