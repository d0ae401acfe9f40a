"""Frames as JSON lines: written and read, and read out of whatever models write instead."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.predict.jsonlines import read_lines, write_line
from model.trace.frame import Frame
from tests.model.predict.programs import END_LINE, FRAMES, GOOD, LINES, PROGRAM

SOURCE = PROGRAM.source


def frames(text: str, source: str = SOURCE) -> tuple[Frame, ...]:
    return read_lines(text, source).frames


def problems(text: str, source: str = SOURCE) -> list[str]:
    return [problem.kind for problem in read_lines(text, source).problems]


def test_what_is_written_is_read() -> None:
    parsed = read_lines(GOOD, SOURCE)
    assert parsed.frames == FRAMES[1:]
    assert (parsed.ended, parsed.problems) == (True, ())
    assert [parsed.text[slice(*span)] for span in parsed.spans] == LINES


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{GOOD}\n```",
        f"Sure! The set {{a, b}} and {{}} aside, it is:\n\n{GOOD}\n\nI hope that {{it}} helps.",
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", " "),
        "\n".join(f"{number}. {line}" for number, line in enumerate(GOOD.splitlines())),
        "\n".join(f"> - {line}," for line in GOOD.splitlines()),
        "[" + ",\n".join(GOOD.splitlines()) + "]",
        "".join(json.dumps(json.loads(line), indent=2) for line in GOOD.splitlines()),
        json.dumps({"frames": [json.loads(line) for line in GOOD.splitlines()]}),
        GOOD.replace('"line"', '"LINE "').replace('"event"', '"kind"'),
        GOOD.replace('"source"', '"code"').replace('"locals"', '"variables"'),
    ],
    ids=[
        *("fence", "prose", "crlf", "spaces", "numbers", "quote"),
        *("list", "pretty", "wrapped", "kind", "code"),
    ],
)
def test_frames_are_found_in_what_is_around_them(text: str) -> None:
    parsed = read_lines(text, SOURCE)
    assert parsed.frames == FRAMES[1:]
    assert parsed.ended
    assert [p.kind for p in parsed.problems if p.kind != "no_event"] == []


@pytest.mark.parametrize(
    "source", ["b = a + 1", "  b = a + 1", "    b=a+1", "    b = a + 1  # sum"]
)
def test_a_line_is_the_programs_own(source: str) -> None:
    line = json.dumps({"event": "line", "source": source, "locals": {}})
    assert frames(line) == (Frame("line", "    b = a + 1\n", {}),)


def test_a_line_may_be_named_by_its_number() -> None:
    line = '{"event": "line", "line": 2, "locals": {}}'
    assert frames(line) == (Frame("line", "    b = a + 1\n", {}),)
    assert problems(line.replace("2", "99")) == ["no_action"]
    assert problems(line.replace("2", "true")) == ["no_action"]


def test_the_marker_is_no_part_of_a_line() -> None:
    marked = next(line for line in SOURCE.splitlines() if "START_OF_TRACE" in line)
    text = json.dumps({"event": "call", "source": marked, "locals": {}})
    assert frames(text) == (Frame("call", "def main():\n", {}),)


def test_lines_that_stand_twice_keep_their_indentation() -> None:
    source = "def f():\n    if x:\n        return 1\n    return 1\n"
    texts = ["        return 1", "    return 1"]
    lines = [json.dumps({"event": "return", "source": text, "value": "1"}) for text in texts]
    assert [frame.source for frame in frames("\n".join(lines), source)] == [
        "        return 1\n",
        "    return 1\n",
    ]


def test_a_line_that_is_not_the_programs_is_kept() -> None:
    line = '{"event": "line", "source": "    c = 3\\n    d = 4", "locals": {}}'
    assert frames(line) == (Frame("line", "    c = 3\n", {}),)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("1", "1"),
        ("true", "True"),
        ("null", "None"),
        ("2.5", "2.5"),
        ('["a", null]', "['a', None]"),
        ('{"k": false}', "{'k': False}"),
    ],
)
def test_values_of_other_types_are_written_as_python_would(given: str, shown: str) -> None:
    line = f'{{"event": "line", "source": "    return b", "locals": {{"b": {given}}}}}'
    returned = f'{{"event": "return", "source": "    return b", "value": {given}}}'
    parsed = read_lines(f"{line}\n{returned}", SOURCE)
    assert parsed.frames == (
        Frame("line", "    return b\n", {"b": shown}),
        Frame("return", "    return b\n", value=shown),
    )
    assert [(p.kind, p.frame) for p in parsed.problems] == [("not_a_string", 0), ("bad_value", 1)]


WRONG = [
    ("", "no_event"),
    ("It returns 2.", "no_event"),
    ("[]", "no_event"),
    ("null", "no_event"),
    ("{}", "no_event"),
    ('{"event": "jump", "source": "x"}', "no_event"),
    ('{"event": ["line"], "source": "x"}', "no_event"),
    ('{"event": "line", "source": x}\n' + LINES[0], "no_event"),
    ('{"event": "line", "locals": {}}', "no_action"),
    ('{"event": "line", "source": 3.5, "locals": {}}', "no_action"),
    ('{"event": "line", "source": "x", "locals": "{}"}', "bad_locals"),
    ('{"event": "line", "source": "x", "locals": [["a", 1]]}', "bad_locals"),
    ('{"event": "return", "source": "x"}', "no_value"),
    (LINES[0][:-9], "cut_off"),
    (LINES[0] + '\n{"event": "li', "cut_off"),
    (LINES[0] + '\n{"event"', "cut_off"),
    (GOOD + "\n" + LINES[0], "after_end"),
    (GOOD + "\n" + END_LINE, "after_end"),
    (
        f'{{"event": "line", "source": "x", "locals": {{"a": {"9" * 5_000}}}}}\n{END_LINE}',
        "no_event",
    ),
]


@pytest.mark.parametrize(("text", "kind"), WRONG)
def test_what_is_no_frame_is_reported(text: str, kind: str) -> None:
    parsed = read_lines(text, SOURCE)
    assert kind in [problem.kind for problem in parsed.problems]
    for problem in parsed.problems:
        assert 0 <= problem.offset <= problem.offset + problem.length <= len(text)
        assert "\n" not in problem.detail


def test_one_wrong_line_costs_one_frame() -> None:
    wrong = '{"event": "line", "source": "print("x")", "locals": {}}'
    text = "\n".join([LINES[0], wrong, *LINES[1:], END_LINE])
    parsed = read_lines(text, SOURCE)
    assert parsed.frames == FRAMES[1:]
    assert [problem.kind for problem in parsed.problems] == ["no_event"]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_raises_whatever_a_good_answer_has_become(data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 20))
        more = data.draw(
            st.sampled_from(['"', "{", "}", "[", "\n", "```", "null", "\\", ",", "\ud800"])
            | st.text(max_size=5)
        )
        text = text[:at] + more + text[at + cut :]
    parsed = read_lines(text, SOURCE)
    for frame in parsed.frames:
        assert frame.source.endswith("\n")
        assert json.loads(write_line(frame))["event"] == frame.kind
    assert len(parsed.frames) == len(parsed.spans)
    assert parsed.frames or parsed.problems or parsed.ended


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["event", "kind", "source", "line", "locals", "value"]),
        st.sampled_from(["line", "call", "return", "exception", "end", "    return b", 2]) | JSON,
    )
)
def test_nothing_raises_whatever_an_object_holds(content: dict[str, object]) -> None:
    parsed = read_lines(json.dumps(content), SOURCE)
    assert parsed.frames or parsed.problems or parsed.ended


@pytest.mark.parametrize(
    "text",
    [
        '{"event":' * 50_000,
        '{"event":\n' * 50_000,
        '{"a":[' * 50_000,
        '{"a\n{}' * 50_000,
        '{"event":"line","source":"\n' * 20_000,
        "{" * 500_000,
        '{"source":[{}, ' * 30_000,
    ],
    ids=["nested", "nested-lines", "lists", "strings", "cut-strings", "braces", "wide"],
)
def test_reading_takes_time_in_proportion(text: str) -> None:
    # A quadratic reading would not come to an end within the suite's limit.
    read_lines(text, SOURCE)
