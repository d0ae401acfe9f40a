"""``foretrace predict`` and ``foretrace compare``: what is asked, shown, scored and refused."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli.program import read_program
from agent.errors import WrongUse
from model.predict.jsonlines import write_line
from model.predict.predictor import Program
from model.trace.frame import Frame
from model.trace.writing import FRAME_SEP, write_frames
from tests.agent.conftest import CommandLine
from tests.agent.knownprogram import CALL, SOURCE, Known, known_program
from tests.model import replies
from tests.model.debugger.knowing import executed
from tests.model.predict.programs import END, FRAMES, write
from tests.model.replies import Reply, say
from tests.model.server import threaded_model_server
from tests.model.trace.examples import EXAMPLE_SOURCE, EXAMPLE_TEXT

EXAMPLE = {"source": EXAMPLE_SOURCE, "call": "f(1)"}


def answers(known: Known, *traces: Sequence[Frame], end: str = END) -> None:
    """Let the model write these traces."""
    written = [write_frames(trace[1:], ended=False) for trace in traces]
    known.server.script[:] = [write(known.tokenizer, text, end) for text in written]


def wrong(frames: Sequence[Frame], number: int, **changes: object) -> list[Frame]:
    """A trace with one frame that is otherwise."""
    return [replace(f, **changes) if n == number else f for n, f in enumerate(frames)]


# predict

TEXT = """\
work.py
    4 > def main():
    5       return f(1)
    1 >   def f(a):                                           # a = 1
    2         b = a + 1
    3         return b                                        # b = 2
    3 <   2
    5 < 2

returns 2
"""


def test_a_trace_for_people(foretrace: CommandLine) -> None:
    with known_program(foretrace, **EXAMPLE) as known:
        ended = foretrace("predict", *known.flags)
    assert ended.status == 0, ended
    shown, _, tokens = ended.out.rpartition("tokens: ")
    assert shown == TEXT
    assert tokens.endswith("written\n")
    assert "profile cwm" in ended.err


def test_the_model_s_form_byte_for_byte(foretrace: CommandLine) -> None:
    with known_program(foretrace, **EXAMPLE) as known:
        ended = foretrace("predict", *known.flags, "--format", "cwm")
    assert (ended.status, ended.out) == (0, EXAMPLE_TEXT), ended


def test_a_trace_for_programs(foretrace: CommandLine) -> None:
    with known_program(foretrace, **EXAMPLE) as known:
        ended = foretrace("predict", *known.flags, "--format", "json")
    assert ended.status == 0, ended
    *frames, end = map(json.loads, ended.out.splitlines())
    assert [frame["line"] for frame in frames] == [4, 5, 1, 2, 3, 3, 5]
    assert [frame["depth"] for frame in frames] == [0, 0, 1, 1, 1, 1, 0]
    assert frames[3]["locals"] == {"a": "1"}  # in full
    assert frames[0]["logprob"] is None
    assert frames[1]["logprob"] < 0
    assert (end["end"], end["value"], end["problems"]) == ("returned", "2", [])
    assert set(end["tokens"]) == {"reused", "computed", "written"}
    assert end["tokens"]["written"] > 50


def test_samples_are_counted_and_the_likeliest_is_shown(foretrace: CommandLine) -> None:
    other = wrong(wrong(FRAMES, 5, value="3"), 6, value="3")
    with known_program(foretrace, replies.silent(), **EXAMPLE) as known:
        answers(known, other, FRAMES, FRAMES)
        ended = foretrace("predict", *known.flags, "--samples", "3", "--seed", "7")
        seeds = sorted(asked.json["seed"] for asked in known.server.asked)
        answers(known, FRAMES, FRAMES)
        twice = foretrace("predict", *known.flags, "--samples", "2", "--format", "cwm")
    assert ended.status == 0, ended
    assert "2 of 3: returns 2\n1 of 3: returns 3\n" in ended.out
    assert "    3 <   2\n" in ended.out
    assert seeds == [7, 8, 9]
    assert "tokens: 0 of" not in ended.out  # the others found the prompt read
    assert twice.out == f"{EXAMPLE_TEXT}\n" * 2


def test_a_value_at_once(foretrace: CommandLine) -> None:
    with known_program(foretrace, **EXAMPLE) as known:
        shown = foretrace("predict", *known.flags, "--value")
        read = foretrace("predict", *known.flags, "--value", "--format", "json")
        silly = foretrace("predict", *known.flags, "--value", "--samples", "2")
        known.server.script[:] = [write(known.tokenizer, "Two.", FRAME_SEP)]
        none = foretrace("predict", *known.flags, "--value")
    assert shown.out.startswith("returns 2\ntokens: ")
    assert json.loads(read.out)["value"] == "2"
    assert silly.status == 2
    assert none.status == 1
    assert "the model wrote no value" in none.out


def test_any_model_is_asked_by_chat(foretrace: CommandLine) -> None:
    (foretrace.folder / "work.py").write_text(EXAMPLE_SOURCE)
    text = "\n".join(map(write_line, FRAMES[1:])) + '\n{"event": "end"}\n'
    with threaded_model_server(say(text)) as server:
        flags = ["--model-url", server.url, "--format", "cwm"]
        ended = foretrace("predict", "work.py", "--call", "f(1)", *flags)
        assert server.asked[0].path == "/v1/chat/completions"
    assert (ended.status, ended.out) == (0, EXAMPLE_TEXT), ended
    assert "profile chat" in ended.err


def test_a_trace_without_an_end_is_shown_and_said(foretrace: CommandLine) -> None:
    with known_program(foretrace, replies.silent(), **EXAMPLE) as known:
        answers(known, FRAMES[:4], end="")
        ended = foretrace("predict", *known.flags)
        answers(known, FRAMES[:4])
        broken = foretrace("predict", *known.flags)
    assert broken.status == 1, broken
    assert "no end that could be read" in broken.out
    assert ended.status == 1, ended
    assert "no end: it took the most tokens" in ended.out
    assert "    2         b = a + 1\n" in ended.out


def test_an_exception_is_what_a_call_raises(foretrace: CommandLine) -> None:
    source = "def f(a):\n    return 1 / a\n"
    with known_program(foretrace, source=source, call="f(0)") as known:
        ended = foretrace("predict", *known.flags)
    assert ended.status == 0, ended
    assert "raises ZeroDivisionError('division by zero')\n" in ended.out


HOSTILE = "\x1b[2J\x07\r\u202e"


def test_what_a_model_writes_is_shown_safely(foretrace: CommandLine) -> None:
    locals_ = {f"a{HOSTILE}": HOSTILE}
    frames = [*FRAMES[:2], Frame("line", f"{HOSTILE}\n", locals_), *FRAMES[2:]]
    frames = wrong(frames, 7, value=HOSTILE)
    with known_program(foretrace, replies.silent(), **EXAMPLE) as known:
        answers(known, frames, frames)
        text = foretrace("predict", *known.flags)
        lines = foretrace("predict", *known.flags, "--format", "json")
    for ended in (text, lines):
        assert ended.status == 0, ended
        assert not set(ended.out + ended.err) & set(HOSTILE) - {"[", "2", "J"}
    assert "line 0 is none: work.py has no line with that text" in text.out
    assert json.loads(lines.out.splitlines()[2])["locals"] == locals_


def test_what_cannot_be_asked_is_refused(foretrace: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(SOURCE)
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "null.py").write_text("def f(n):\n    return n\0\n")
    for file, call, words in [
        ("broken.py", "f(1)", "broken.py does not parse: line 1"),
        ("null.py", "f(1)", "null.py does not parse: source code"),
        ("work.py", "nothing(1)", "work.py has no nothing"),
        ("none.py", "f(1)", "cannot read"),
        (".", "f(1)", "cannot read"),
        ("work.py", "f(", "the call does not parse"),
        ("work.py", "x = 1", "the call does not parse"),
    ]:
        with pytest.raises(WrongUse) as caught:
            read_program(tmp_path / file, call)
        assert words in caught.value.message
        assert "\n" not in caught.value.message
    for command in ("predict", "compare"):
        model = ["--model-url", "http://127.0.0.1:9"]
        ended = foretrace(command, tmp_path / "work.py", "--call", "nothing(1)", *model)
        assert (ended.status, ended.out) == (2, ""), ended
        assert len(ended.err.splitlines()) == 1
    away = foretrace("predict", tmp_path / "work.py", "--call", "f(1)", *model)
    assert (away.status, away.out) == (3, "")
    assert "Traceback" not in away.err


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("import math as m\nimport os.path\n", "max(m.sqrt(4), len(os.sep))"),
        ("for n in range(3): pass\n", "[k + n for k in (1, 2)]"),
        ("if True:\n    def f(x): return x\n", "(lambda x: f(x))(1)"),
        ("class A:\n    def go(self): return 1\n", "A().go()"),
        ("from sys import *\n", "getsizeof(1)"),
        ("# -*- coding: latin-1 -*-\nf = '\xe9'.upper\n", "f()"),
        ("\ufefff = str\n", "f(1)"),
    ],
)
def test_calls_of_all_kinds_are_taken(source: str, call: str, tmp_path: Path) -> None:
    encoding = "latin-1" if "latin-1" in source else "utf-8"
    (tmp_path / "work.py").write_bytes(source.encode(encoding))
    program = read_program(tmp_path / "work.py", call)
    assert program.source.startswith(source.lstrip("\ufeff"))
    assert program.source.endswith(f"    return {call}\n")


# compare


def compared(foretrace: CommandLine, known: Known, *more: str) -> tuple[int, str]:
    ended = foretrace("compare", *known.flags, *more)
    assert "Traceback" not in ended.err, ended.err
    return ended.status, ended.out


@pytest.mark.engine
def test_a_prediction_that_is_right(foretrace: CommandLine) -> None:
    with known_program(foretrace) as known:
        status, text = compared(foretrace, known)
        read_status, read = compared(foretrace, known, "--json")
    assert (status, read_status) == (0, 0)
    assert text.startswith("30 frames predicted, 30 recorded\n")
    assert "  output pass@1         yes\n" in text
    assert "no difference was found" in text
    fields = json.loads(read)
    assert (fields["agree"], fields["divergence"]) == (True, None)
    assert fields["scores"]["action exact match"] == {"hits": 29, "of": 29}
    assert '"output pass@1": {"hits": 1, "of": 1}' in read


@pytest.mark.engine
def test_the_first_difference_is_shown_with_both_states(foretrace: CommandLine) -> None:
    frames = executed(Program.of_call(SOURCE, CALL))
    at = next(n for n, frame in enumerate(frames) if "total += i" in frame.source)
    locals_ = {**(frames[at].locals or {}), "i": "5"}
    with known_program(foretrace, replies.silent()) as known:
        script: list[Sequence[Frame]] = [wrong(frames, at, locals=locals_)] * 2
        answers(known, *script)
        status, text = compared(foretrace, known)
        read_status, read = compared(foretrace, known, "--json")
    assert (status, read_status) == (1, 1)
    assert f"first difference, at frame {at}: other locals\n" in text
    assert "  i: predicted 5, recorded 0\n" in text
    assert "predicted line at line 4: total += i\n" in text
    assert "recorded line at line 4: total += i\n" in text
    assert "  output pass@1         yes\n" in text
    divergence = json.loads(read)["divergence"]
    assert divergence["names"] == {"i": ["5", "0"]}
    assert divergence["frame"] == {"predicted": at, "recorded": at}
    assert divergence["recorded"]["locals"] == {"n": "3", "total": "0", "i": "0"}


@pytest.mark.engine
def test_a_wrong_value_and_a_trace_without_an_end(foretrace: CommandLine) -> None:
    reply: Reply = replies.silent()
    with known_program(foretrace, reply, **EXAMPLE) as known:
        answers(known, wrong(FRAMES, 5, value="3"))
        status, text = compared(foretrace, known)
        answers(known, FRAMES[:4], end="")
        cut_status, cut = compared(foretrace, known)
    assert (status, cut_status) == (1, 1)
    assert "another value\n  predicted 3, recorded 2\n" in text
    assert "the predicted trace has no end" in cut
    assert "  output pass@1         no\n" in cut


@pytest.mark.engine
def test_what_cannot_be_recorded_is_told_before_the_model_is_asked(foretrace: CommandLine) -> None:
    source = "import no_such_package\n" + EXAMPLE_SOURCE
    with known_program(foretrace, replies.silent(), source=source, call="f(1)") as known:
        ended = foretrace("compare", *known.flags)
        assert not known.server.asked
    assert (ended.status, ended.out) == (2, "")
    assert "work.py cannot be loaded: ModuleNotFoundError" in ended.err


# limits


def spent_for(known: Known) -> int:
    """Tokens of the first answer, as the server counts them."""
    prompt = len(known.server.asked[0].json["prompt"])
    written = write_frames(FRAMES[1:], ended=False) + END
    return prompt + len(known.tokenizer.encode(written))


def test_a_limit_of_tokens_keeps_the_samples_that_were_drawn(foretrace: CommandLine) -> None:
    with known_program(foretrace, replies.silent(), **EXAMPLE) as known:
        answers(known, FRAMES, FRAMES)
        foretrace("predict", *known.flags)
        limit = spent_for(known) + 1
        known.server.requests.clear()
        answers(known, FRAMES, FRAMES, FRAMES, FRAMES)
        ended = foretrace("predict", *known.flags, "--samples", "4", "--tokens", str(limit))
        asked = len(known.server.asked)
    assert ended.status == 1, ended
    assert asked == 2  # the second began within the limit
    assert ended.out.startswith("work.py\n    4 > def main():")
    assert f"limit of {limit:,} tokens is used up; 2 of 4 traces were drawn" in ended.err


def test_a_limit_of_tokens_cuts_the_answer_that_reaches_it(foretrace: CommandLine) -> None:
    with known_program(foretrace, **EXAMPLE) as known:
        foretrace("predict", *known.flags)
        limit = len(known.server.asked[0].json["prompt"]) + 5
        known.server.requests.clear()
        ended = foretrace("predict", *known.flags, "--tokens", str(limit))
        (asked,) = known.server.asked
    assert asked.json["max_tokens"] == limit
    assert ended.status == 1, ended
    assert "work.py\n    4 > def main():" in ended.out  # what came is shown
    assert f"\nno end: the limit of {limit} tokens is used up\ntokens: " in ended.out
    assert "limit" not in ended.err
    assert "not as it should be" not in ended.out


def test_programs_hear_of_a_limit_beside_the_output(foretrace: CommandLine) -> None:
    with known_program(foretrace, **EXAMPLE) as known:
        foretrace("predict", *known.flags)
        limit = len(known.server.asked[0].json["prompt"]) + 5
        ended = foretrace("predict", *known.flags, "--tokens", str(limit), "--format", "json")
    assert ended.status == 1, ended
    assert json.loads(ended.out.splitlines()[-1])["cut"] is True
    assert f"foretrace: the limit of {limit} tokens is used up" in ended.err


@pytest.mark.engine
def test_a_limit_holds_for_a_comparison_too(foretrace: CommandLine) -> None:
    with known_program(foretrace, **EXAMPLE) as known:
        foretrace("predict", *known.flags)
        limit = len(known.server.asked[0].json["prompt"]) + 5
        ended = foretrace("compare", *known.flags, "--tokens", str(limit))
        (asked,) = known.server.asked[1:]
    assert asked.json["max_tokens"] == limit
    assert ended.status == 1, ended
    assert f"the predicted trace has no end: the limit of {limit} tokens is used up" in ended.out


def test_a_limit_of_cost_needs_prices(foretrace: CommandLine) -> None:
    with known_program(foretrace, replies.silent(), **EXAMPLE) as known:
        answers(known, FRAMES, FRAMES, FRAMES)
        free = foretrace("predict", *known.flags, "--samples", "3", "--cost", "0.01")
        settings = foretrace.folder / "foretrace.toml"
        settings.write_text("[model]\nprices = { input = 1000.0, output = 1000.0 }\n")
        answers(known, FRAMES, FRAMES, FRAMES)
        dear = foretrace("predict", *known.flags, "--samples", "3", "--cost", "0.01")
    assert free.status == 0, free
    assert "no prices are set: the limit on cost holds only if" in free.err
    assert dear.status == 1, dear
    assert "the cost limit of 0.01 US dollars is reached; 1 of 3 traces were drawn" in dear.err
    assert "returns 2" in dear.out


def test_limits_that_are_none_are_refused(foretrace: CommandLine) -> None:
    with known_program(foretrace, **EXAMPLE) as known:
        ended = foretrace("predict", *known.flags, "--tokens", "0")
    assert ended.status == 2
    assert "limits.tokens" in ended.err
