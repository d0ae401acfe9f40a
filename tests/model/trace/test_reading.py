"""What a model may write: well-formed, cut off, begun for it, and wrong in every way there is."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.tokenizer import Tokenizer
from model.trace.frame import Frame, Kind
from model.trace.reading import Parsed, read_frames, read_ids
from model.trace.states import compress
from model.trace.writing import EVENTS, write_frame, write_frames
from model.wire import END_OF_TEXT
from tests.model.trace.examples import EXAMPLE_TEXT, PROGRAMS, recorded

CALL, LINE, RETURN, RAISE = EVENTS.values()
SEP, ACTION, ARG, END = "<|frame_sep|>", "<|action_sep|>", "<|arg_sep|>", END_OF_TEXT
TOKENS = [CALL, LINE, RETURN, RAISE, SEP, ACTION, ARG, END, "<|trace_context_start|>", "<|x_sep|>"]
BITS = [*TOKENS, "{", "}", '"', ": ", ", ", "\\", "\n", "a", "..", "é", '{"a": "1"}', '"2"']

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
FRAMES = st.lists(
    st.one_of(
        st.builds(
            Frame,
            st.sampled_from(["call", "line"]),
            st.sampled_from(["    x\n", "def f(a):\n", "\n", "\té = 1\r\n"]),
            locals=st.dictionaries(
                NAMES | st.sampled_from(BITS), st.text() | st.sampled_from(BITS)
            ),
        ),
        st.builds(
            Frame,
            st.sampled_from(["return", "exception"]),
            st.sampled_from(["    return x\n", "x\n"]),
            value=st.text() | st.lists(st.sampled_from(BITS)).map("".join),
        ),
    ),
    max_size=6,
)


def kinds(parsed: Parsed) -> list[str]:
    return [frame.kind for frame in parsed.frames]


def problems(text: str, begun: Kind | None = None) -> list[tuple[int | None, str, str]]:
    """The frame, the kind and the text of each problem."""
    parsed = read_frames(text, begun)
    check_accounted(parsed)
    return [(p.frame, p.kind, text[p.offset : p.offset + p.length]) for p in parsed.problems]


def check_accounted(parsed: Parsed) -> None:
    at = 0
    for start, end in parsed.accounted():
        assert start == at
        at = end
    assert at == len(parsed.text)
    assert len(parsed.frames) == len(parsed.spans)
    for problem in parsed.problems:
        assert 0 <= problem.offset <= problem.offset + problem.length <= len(parsed.text)
        assert "\n" not in problem.detail


# Well formed


def test_the_example_is_read_and_written_byte_for_byte() -> None:
    parsed = read_frames(EXAMPLE_TEXT)
    check_accounted(parsed)
    assert parsed.problems == ()
    assert parsed.ended
    assert kinds(parsed) == ["line", "call", "line", "line", "return", "return"]
    assert parsed.frames[3] == Frame("line", "    return b\n", {"a": "..", "b": "2"})
    assert parsed.frames[4] == Frame("return", "    return b\n", value="2")
    assert write_frames(parsed.frames) == EXAMPLE_TEXT


@settings(max_examples=300, deadline=None)
@given(frames=FRAMES, ended=st.booleans())
def test_what_is_written_is_read(frames: list[Frame], ended: bool) -> None:
    text = write_frames(frames, ended)
    parsed = read_frames(text)
    check_accounted(parsed)
    assert parsed.problems == ()
    assert list(parsed.frames) == frames
    assert parsed.ended == ended
    assert write_frames(parsed.frames, parsed.ended) == text
    assert [text[start:end] for start, end in parsed.spans] == [write_frame(f) for f in frames]


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_read_as_they_were_recorded(name: str) -> None:
    # One of them has the names of tokens in its source and in its values.
    written = [
        Frame(f.kind, f.source, f.locals, f.value) for f in compress(recorded(PROGRAMS[name]))
    ]
    parsed = read_frames(write_frames(written))
    assert list(parsed.frames) == written
    assert parsed.problems == ()


# Begun for the model, or cut off


def test_a_frame_may_be_begun_by_the_caller() -> None:
    text = f'{ACTION}    return b\n{ARG}"2"{SEP}{RETURN}{ACTION}x\n{ARG}"2"{SEP}{END}'
    parsed = read_frames(text, "return")
    assert kinds(parsed) == ["return", "return"]
    assert parsed.problems == ()
    assert parsed.spans[0][0] == 0
    assert kinds(read_frames(f'{{"a": ".."}}{ACTION}x\n{SEP}', "line")) == ["line"]


def test_a_frame_that_was_begun_may_never_come() -> None:
    assert problems("", "line") == [(None, "cut_off", "")]
    assert problems(f"{LINE}{{}}{ACTION}x\n{SEP}", "line") == [(None, "no_action", "")]
    assert problems(f"{END}", "line") == [(None, "no_action", "")]


def test_a_frame_may_end_without_its_token() -> None:
    # As it does where a server stops at that token, and leaves it out.
    for text in (f"{LINE}{{}}{ACTION}x\n", f'{RETURN}{ACTION}x\n{ARG}"2"'):
        parsed = read_frames(text)
        assert len(parsed.frames) == 1
        assert problems(text) == [(0, "no_separator", "")]
        assert read_frames(text + SEP).frames == parsed.frames


@pytest.mark.parametrize(
    "whole", [f'{LINE}{{"a": "1"}}{ACTION}  x\n', f'{RETURN}{ACTION}x\n{ARG}"2"']
)
def test_a_frame_that_is_cut_off_is_none(whole: str) -> None:
    before = f"{CALL}{{}}{ACTION}def f():\n{SEP}"
    for cut in range(whole.index("|>") + 2, len(whole)):
        parsed = read_frames(before + whole[:cut])
        assert kinds(parsed) == ["call"]
        assert problems(before + whole[:cut]) == [(None, "cut_off", whole[:cut])]


def test_nothing_is_no_problem() -> None:
    assert problems("") == []
    assert not read_frames("").ended


# Badly formed

GOOD = f"{LINE}{{}}{ACTION}x\n{SEP}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hello" + GOOD, [(None, "no_event", "hello")]),
        (SEP + GOOD, [(None, "no_event", SEP)]),
        (GOOD + "<|x_sep|>{}" + GOOD, [(None, "no_event", "<|x_sep|>{}")]),
        (f"{GOOD}{LINE}{{}}x\n{SEP}{GOOD}", [(None, "no_action", f"{LINE}{{}}x\n{SEP}")]),
        (GOOD + LINE + GOOD, [(None, "no_action", LINE)]),
        (f"{LINE}{{}}{ACTION}x\n{GOOD}", [(0, "no_separator", "")]),
        (f"{LINE}{{}}{ACTION}x\n{END}", [(0, "no_separator", "")]),
        (f"{LINE}{{'a': 1}}{ACTION}x\n{SEP}", [(0, "bad_locals", "{'a': 1}")]),
        (f"{LINE}{ACTION}x\n{SEP}", [(0, "bad_locals", "")]),
        (f"{LINE}[]{ACTION}x\n{SEP}", [(0, "bad_locals", "[]")]),
        (f'{LINE}{{"a": 1}}{ACTION}x\n{SEP}', [(0, "not_a_string", '{"a": 1}')]),
        (f'{LINE}{{"a":"1","a":"2"}}{ACTION}x\n{SEP}', [(0, "repeated_name", '{"a":"1","a":"2"}')]),
        (f'{RETURN}{{}}{ACTION}x\n{ARG}"2"{SEP}', [(0, "unexpected_locals", "{}")]),
        (f"{RETURN}{ACTION}x\n{ARG}2{SEP}", [(0, "bad_value", "2")]),
        (f"{RETURN}{ACTION}x\n{ARG}{SEP}", [(0, "no_value", "")]),
        (f"{RETURN}{ACTION}x\n{SEP}", [(0, "no_value", "")]),
        (f'{LINE}{{}}{ACTION}x\n{ARG}"2"{SEP}', [(0, "token_in_text", ARG)]),
        (f"{RAISE}{ACTION}x\n{ARG}E: no{SEP}", []),
        (GOOD + END + "\nmore" + GOOD, [(None, "after_end", "\nmore" + GOOD)]),
    ],
)  # fmt: skip
def test_each_problem_is_told_with_its_place(
    text: str, found: list[tuple[int | None, str, str]]
) -> None:
    assert problems(text) == found


def test_what_can_be_made_of_a_bad_frame_is_kept() -> None:
    def only(text: str) -> Frame:
        (frame,) = read_frames(text).frames
        return frame

    assert only(f"{LINE}{{'a'}}{ACTION}x\n{SEP}") == Frame("line", "x\n", raw="{'a'}")
    shown = {"a": "1", "b": "[null]"}
    assert only(f'{LINE}{{"a": 1, "b": [null]}}{ACTION}x\n{SEP}').locals == shown
    assert only(f"{RETURN}{ACTION}x\n{ARG}2{SEP}").value == "2"
    for text in (f"{RETURN}{ACTION}x\n{SEP}", f"{RETURN}{ACTION}x\n{ARG}{SEP}"):
        assert only(text).value is None
        assert write_frame(only(text)) == f"{RETURN}{ACTION}x\n{ARG}{SEP}"
    bare = only(f"{RAISE}{ACTION}x\n{ARG}E: no{SEP}")
    assert bare.value == "E: no"
    assert write_frame(bare) == f"{RAISE}{ACTION}x\n{ARG}E: no{SEP}"
    assert write_frame(replace(bare, value="E()")) == f'{RAISE}{ACTION}x\n{ARG}"E()"{SEP}'


def test_a_tokens_name_may_stand_in_a_line_of_source() -> None:
    line = f"    s = '{SEP}' + '{LINE}' + '{ACTION}{ARG}{END}'\n"
    text = f"{LINE}{{}}{ACTION}{line}{SEP}{RETURN}{ACTION}{line}{ARG}\"'{SEP}{LINE}'\"{SEP}{END}"
    parsed = read_frames(text)
    assert parsed.problems == ()
    assert [frame.source for frame in parsed.frames] == [line, line]
    assert parsed.frames[1].value == f"'{SEP}{LINE}'"


@pytest.mark.parametrize(
    "piece",
    [
        *[LINE, RETURN, SEP, ACTION, ARG, END, '"', "\\", "{", "\n"],
        *[token + text for token in (LINE, SEP) for text in ('{"', "\n")],
        f'{SEP}{LINE}{{"a": "',
        f'{RETURN}{ACTION}{ARG}"',
        f'{LINE}{{"a": "{ACTION}',
        f"{LINE}{ACTION}{SEP}",
    ],
)
def test_a_megabyte_is_read_in_one_go(piece: str) -> None:
    # What is quadratic takes minutes here, and runs into the suite's time limit.
    check_accounted(read_frames(f'{LINE}{{"' + piece * (1_000_000 // len(piece))))


@pytest.mark.parametrize(
    "locals_",
    [
        "[" * 500_000,
        '{"a":' * 100_000,
        '{"a": 1' + "0" * 500_000 + "}",
        '{"a":"",' * 100_000,
        "{" + ",".join(f'"{n % 50_000}":"1"' for n in range(80_000)) + "}",
    ],
    ids=["arrays", "objects", "number", "unclosed", "repeated"],
)
def test_locals_may_be_as_large_as_the_text(locals_: str) -> None:
    parsed = read_frames(f"{LINE}{locals_}{ACTION}x\n{SEP}{GOOD}")
    check_accounted(parsed)
    assert kinds(parsed) == ["line", "line"]
    assert parsed.problems[0].frame == 0


# By the thousand


def mutants(count: int, seed: int) -> list[str]:
    """Traces of programs with bits of them left out, said twice, swapped, or put in."""
    chance = random.Random(seed)
    texts = [write_frames(compress(recorded(source))) for source in PROGRAMS.values()]
    found: list[str] = []
    for _ in range(count):
        text = chance.choice(texts)
        for _ in range(chance.choice([1, 1, 2, 5])):
            a, b = sorted(chance.randrange(len(text) + 1) for _ in range(2))
            b = min(b, a + chance.choice([1, 3, 30]))
            token = chance.choice(TOKENS)
            text = chance.choice(
                [
                    text[:a] + text[b:],
                    text[:b] + text[a:],
                    text[:a] + chance.choice(BITS) + text[a:],
                    text[:a] + chance.choice(BITS) + text[b:],
                    text.replace(token, "", 1),
                    text.replace(token, chance.choice(TOKENS), 1),
                    text[:b],
                    text[a:],
                ]
            )
        found.append(text)
    return found


def test_mangled_traces_are_read_by_the_thousand() -> None:
    for number, text in enumerate(mutants(4_000, seed=4)):
        begun: Kind | None = (None, None, "line", "return")[number % 4]
        parsed = read_frames(text, begun)
        check_accounted(parsed)
        # A frame that can be read is written as one that is read the same.
        again = read_frames(write_frames(parsed.frames, parsed.ended))
        if not {problem.kind for problem in parsed.problems} & {"token_in_text", "no_separator"}:
            assert again.frames == parsed.frames
        assert again.ended or not parsed.ended


@settings(max_examples=300, deadline=None)
@given(text=st.lists(st.sampled_from(BITS) | st.text(max_size=3), max_size=40).map("".join))
def test_any_text_is_read(text: str) -> None:
    for begun in (None, "call", "exception"):
        check_accounted(read_frames(text, begun))


# From token ids


def test_ids_tell_tokens_from_text(small_tokenizer: Tokenizer) -> None:
    encode, special = small_tokenizer.encode, small_tokenizer.special
    line = f"    s = '{SEP}{LINE}' # é\n"
    ids = [special(LINE), *encode('{"é": "1"}'), special(ACTION), *encode(line), special(SEP)]
    ids += [special(RETURN), special(ACTION), *encode(line), special(ARG), *encode('"1"')]
    parsed = read_ids([*ids, special(SEP), special(END)], small_tokenizer)
    check_accounted(parsed)
    assert parsed.problems == ()
    assert parsed.ended
    assert parsed.frames == (Frame("line", line, {"é": "1"}), Frame("return", line, value="1"))


def test_a_token_where_text_should_be_is_a_problem(small_tokenizer: Tokenizer) -> None:
    encode, special = small_tokenizer.encode, small_tokenizer.special
    ids = [special(LINE), *encode('{"a": "'), special(ARG), *encode('"}'), special(ACTION)]
    ids += [*encode("x"), special(ACTION), *encode("y"), special(SEP), *encode("z")]
    parsed = read_ids(ids, small_tokenizer)
    found = [(p.kind, p.detail) for p in parsed.problems]
    assert found[:2] == [("token_in_text", ARG), ("token_in_text", ACTION)]
    assert found[2][0] == "no_event"
    assert parsed.frames[0].source == f"x{ACTION}y"


@settings(max_examples=200, deadline=None)
@given(numbers=st.lists(st.integers(0, 2_047) | st.integers(2_048, 2_160), max_size=40))
def test_any_ids_are_read(small_tokenizer: Tokenizer, numbers: list[int]) -> None:
    parsed = read_ids(numbers, small_tokenizer)
    check_accounted(parsed)
    assert parsed.text == small_tokenizer.decode(numbers) or "\ufffd" in parsed.text
