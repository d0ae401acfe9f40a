"""``foretrace debug``: whole sessions, from files, from a pipe and on a terminal."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.trace.writing import FRAME_SEP
from tests.agent.conftest import CommandLine
from tests.agent.knownprogram import Known, known_program
from tests.agent.ptys import CTRL_C, CTRL_D, OnTerminal
from tests.model import replies
from tests.model.debugger.knowing import executed, lines, stepping
from tests.model.predict.programs import FRAMES, PROGRAM, write
from tests.model.server import threaded_model_server
from tests.model.trace.examples import EXAMPLE_SOURCE

NO_MODEL = "there is no model at nowhere"


@pytest.fixture
def known(foretrace: CommandLine) -> Iterator[Known]:
    with known_program(foretrace) as made:
        yield made


COMMANDS = """\
# To the first call of g, and over the second.
break 4 if i == 2
breaks
run
where
print
print total == 1 and i in [2, 3]
set total = 10
step
back
back
clear 1
out
next
list

goto 2
next
frobnicate
until 1000
print g(1)
"""

SESSION = """\
    7
    8    def f(a):
    9        b = g(a)
   10        c = g(b)
   11        return b + c
   12 >  def main():
   13        return f(3)
#0 call      main:12        def main():
(debug) break 4 if i == 2
breakpoint 1 at line 4
(debug) breaks
1: line 4 if i == 2
(debug) run
breakpoint 1, line 4
#11 line      g:4                    total += i
     i = 2
(debug) where
  #1 line      main:13            return f(3)
  #3 line      f:9                b = g(a)
> #11 line      g:4                    total += i
(debug) print
     n = 3
     total = 1
     i = 2
(debug) print total == 1 and i in [2, 3]
True
(debug) set total = 10
#11 line      g:4                    total += i
     total = 10  (set)
     i = 2
(debug) step
#12 line      g:3                for i in range(n):
     total = 3
(debug) back
#11 line      g:4                    total += i
     total = 10  (set)
     i = 2
(debug) back
the edit is undone
#11 line      g:4                    total += i
     i = 2
(debug) clear 1
no breakpoints
(debug) out
#14 return    g:5                return total
     returns 3
(debug) next
#15 line      f:10               c = g(b)
     b = 3
(debug) list
    5        return total
    6
    7
    8    def f(a):
    9        b = g(a)
   10 >      c = g(b)
   11        return b + c
   12    def main():
   13        return f(3)
(debug) goto 2
#2 call      f:8            def f(a):
     a = 3
(debug) next
#19 return    f:11               return b + c
     returns 6
(debug) frobnicate
! there is no command frobnicate; help lists them
(debug) until 1000
! the source has lines 1 to 13
(debug) print g(1)
! only names, literals and comparisons, not Call
"""


def test_a_session_from_a_file(foretrace: CommandLine, known: Known) -> None:
    (foretrace.folder / "commands").write_text(COMMANDS)
    ended = foretrace("debug", *known.flags, "--commands", "commands")
    assert ended.status == 0, ended
    *session, last = ended.out.splitlines(keepends=True)
    assert "".join(session) == SESSION
    assert last.startswith("tokens: ")
    assert "written" in last
    assert "profile cwm" in ended.err


def test_a_session_that_is_kept_can_be_run_again(foretrace: CommandLine, known: Known) -> None:
    (foretrace.folder / "commands").write_text(
        "step\nstep\nset a = 4\nout\nbogus\nprint\nquit\ns\n"
    )
    first = foretrace("debug", *known.flags, "--commands", "commands", "--record", "kept.jsonl")
    kept = (foretrace.folder / "kept.jsonl").read_text()
    begin, *kept_lines = map(json.loads, kept.splitlines())
    assert (begin["file"], begin["call"]) == ("work.py", "f(3)")
    commands = ["step", "step", "set a = 4", "out", "bogus", "print"]
    assert [line["command"] for line in kept_lines] == commands
    assert kept_lines[2]["locals"] == {"a": "4"}
    returned = kept_lines[3]
    assert (returned["kind"], returned["line"], returned["value"]) == ("return", 11, "6")
    assert "bogus" in kept_lines[4]["error"]
    again = foretrace("debug", *known.flags, "--commands", "kept.jsonl")
    assert again.status == 0, again
    without_quit = first.out.replace("(debug) quit\n", "")
    assert again.out.splitlines()[:-1] == without_quit.splitlines()[:-1]


def test_commands_come_from_a_pipe(foretrace: CommandLine, known: Known) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "agent.cli", "debug", *known.flags],
        cwd=foretrace.folder,
        env=foretrace.environment,
        input="s\ns\np a == 3\nhelp",
        capture_output=True,
        text=True,
    )
    assert child.returncode == 0, child
    assert "(debug) p a == 3\nTrue\n" in child.stdout
    assert "to a breakpoint, or to the end" in child.stdout


def on_terminal(foretrace: CommandLine, known: Known) -> OnTerminal:
    return OnTerminal(
        [sys.executable, "-m", "agent.cli", "debug", *known.flags],
        folder=foretrace.folder,
    )


def test_a_session_on_a_terminal(foretrace: CommandLine, known: Known) -> None:
    with on_terminal(foretrace, known) as screen:
        screen.wait_for("(debug) ")
        screen.type("s")
        screen.wait_for("return f(3)")
        screen.wait_for("(debug) ")
        screen.type("")  # the same again
        screen.wait_for("a = 3")
        screen.wait_for("(debug) ")
        screen.press(CTRL_C)
        screen.wait_for("quit leaves")
        screen.wait_for("(debug) ")
        screen.type("print a")
        screen.wait_for("3\n")
        screen.press(CTRL_D)
        screen.wait_for("tokens: ")
        assert screen.end() == 0
        assert "Traceback" not in screen.screen


def test_ctrl_c_stops_a_run_and_not_the_session(foretrace: CommandLine) -> None:
    endless = "def f(a):\n    while True:\n        a = 1\n"
    line = '<|line_sep|>{"a": "1"}<|action_sep|>        a = 1\n'
    with known_program(foretrace, replies.silent(), source=endless, call="f(1)") as known:
        frame = write(known.tokenizer, line, "<|frame_sep|>")
        known.server.script[:] = [frame, frame, frame, replies.silent(), frame]
        with on_terminal(foretrace, known) as screen:
            screen.wait_for("(debug) ")
            screen.type("run")
            while len(known.server.asked) < 4:
                screen._receive(0.05)
            screen.press(CTRL_C)
            screen.wait_for("stopped\n#3 line")
            screen.wait_for("(debug) ")
            screen.type("step")
            screen.wait_for("#4 line")
            screen.wait_for("(debug) ")
            screen.type("quit")
            assert screen.end() == 0


HOSTILE = "\\u001b[2J\\u0007\\r\\n\\u202e"


def test_what_a_model_writes_cannot_steer_the_terminal(foretrace: CommandLine) -> None:
    call = f'<|call_sep|>{{"a": "{HOSTILE}", "b{HOSTILE}": "1"}}<|action_sep|>def f(a):\n'
    line = '<|line_sep|>{"a": ".."}<|action_sep|>\x1b[2Jpass\x07\n'
    value = f'<|return_sep|><|action_sep|>    return b\n<|arg_sep|>"{HOSTILE}"'
    bad = "<|line_sep|>\x1b[2J not json<|action_sep|>    return b\n"
    with known_program(foretrace, replies.silent(), source=EXAMPLE_SOURCE, call="f(1)") as known:
        frames = (call, line, bad, value)
        known.server.script[:] = [write(known.tokenizer, f, "<|frame_sep|>") for f in frames]
        commands = "s\nprint\nprint a\ns\ns\ns\nwhere\nset a = \x1b[2J\nprint \x1b[2J\n\x1b[2J\n"
        (foretrace.folder / "commands").write_text(commands)
        ended = foretrace("debug", *known.flags, "--commands", "commands")
    assert ended.status == 0, ended
    assert not set(ended.out + ended.err) & set("\x1b\x07\r\u202e")
    assert "\\x1b[2J\\x07\\r\\n\\x202e" in ended.out
    assert "no line of the source has that text" in ended.out
    assert "not as it should be" in ended.out


def test_what_fails_is_a_line_and_the_session_goes_on(foretrace: CommandLine) -> None:
    with known_program(foretrace, replies.silent(), source=EXAMPLE_SOURCE, call="f(1)") as known:
        right = stepping(known.tokenizer, executed(PROGRAM))
        words = write(known.tokenizer, "Well.", "<|frame_sep|>")
        known.server.script[:] = [right, words, replies.refuse(400, "no such thing"), right]
        (foretrace.folder / "commands").write_text("s\ns\ns\ns\nback\nback\nback\nset x = 1\n")
        ended = foretrace("debug", *known.flags, "--commands", "commands")
    assert ended.status == 0, ended
    complaints = [line for line in ended.out.splitlines() if line.startswith("! ")]
    assert len(complaints) == 3
    assert complaints[0].startswith("! the model wrote no frame")
    assert "no such thing" in complaints[1]
    assert complaints[2] == "! this is the first frame"
    assert "     a = 1\n" in ended.out
    assert "     x = 1  (set)\n" in ended.out


def test_an_exception_is_seen_to_leave(foretrace: CommandLine) -> None:
    source = "def f(a):\n    return 1 / a\n"
    with known_program(foretrace, source=source, call="f(0)") as known:
        (foretrace.folder / "commands").write_text("until 2\nstep\nstep\nrun\n")
        ended = foretrace("debug", *known.flags, "--commands", "commands")
    assert "#4 exception f:2" in ended.out
    assert "     raises ZeroDivisionError('division by zero')\n" in ended.out
    assert ended.out.count("     left by the exception\n") == 2


def test_any_model_is_asked_by_chat_and_for_a_run_only_once(foretrace: CommandLine) -> None:
    (foretrace.folder / "work.py").write_text(EXAMPLE_SOURCE)
    with threaded_model_server(lines(FRAMES)) as server:
        (foretrace.folder / "commands").write_text("until 3\nrun\n")
        flags = ["--call", "f(1)", "--model-url", server.url, "--commands", "commands"]
        ended = foretrace("debug", "work.py", *flags)
        assert len(server.asked) == 1
    assert ended.status == 0, ended
    assert "#4 line      f:3                return b\n     b = 2\n" in ended.out
    assert "the trace is over\n#6 return" in ended.out


def test_two_lines_that_are_alike_are_said(foretrace: CommandLine) -> None:
    source = "def f(t):\n    if t.x:\n        y = 1\n    else:\n        y = 1\n    return y\n"
    frames = [
        '<|line_sep|>{"t": "<T object>"}<|action_sep|>    if t.x:\n',
        '<|line_sep|>{"t": ".."}<|action_sep|>        y = 1\n',
    ]
    call = '<|call_sep|>{"t": "<T object>"}<|action_sep|>def f(t):\n'
    with known_program(foretrace, replies.silent(), source=source, call="f(1)") as known:
        frames.insert(0, call)
        known.server.script[:] = [write(known.tokenizer, f, "<|frame_sep|>") for f in frames]
        (foretrace.folder / "commands").write_text("s\ns\ns\nlist\n")
        ended = foretrace("debug", *known.flags, "--commands", "commands")
    assert "that text stands more than once; it may be line 5 as well" in ended.out
    assert "    3 >          y = 1\n" in ended.out
    assert "    5 ?          y = 1\n" in ended.out


@pytest.mark.engine
def test_the_real_execution_beside_what_is_predicted(foretrace: CommandLine, known: Known) -> None:
    commands = "until 4\nreal\nset total = 10\nstep\nreal\nback\nback\nrun\nreal\n"
    (foretrace.folder / "commands").write_text(commands)
    ended = foretrace("debug", *known.flags, "--commands", "commands")
    assert ended.status == 0, ended
    assert "the recorded execution says the same up to frame 7" in ended.out
    assert "total: predicted 10, recorded 0" in ended.out
    assert "a local was set at frame 7" in ended.out
    assert "what was recorded for frame 8:\n  line at line 3: for i in range(n):" in ended.out
    assert "the recorded execution says the same up to frame 29" in ended.out


@pytest.mark.engine
def test_a_program_that_cannot_be_recorded_ends_no_session(foretrace: CommandLine) -> None:
    source = "import no_such_package\n" + EXAMPLE_SOURCE
    with known_program(foretrace, replies.silent(), source=source, call="f(1)") as known:
        (foretrace.folder / "commands").write_text("real\nprint\n")
        ended = foretrace("debug", *known.flags, "--commands", "commands")
    assert ended.status == 0, ended
    assert "! work.py cannot be loaded: ModuleNotFoundError" in ended.out
    assert ended.out.count("no locals are known") == 1


def test_without_a_model_a_line_says_how_to_set_one(foretrace: CommandLine, tmp_path: Path) -> None:
    (foretrace.folder / "work.py").write_text(EXAMPLE_SOURCE)
    for command in ("debug", "predict", "compare"):
        foretrace.environment["FORETRACE_NANO"] = "nowhere"
        ended = foretrace(command, "work.py", "--call", "f(1)")
        assert (ended.status, ended.out) == (2, "")
        assert NO_MODEL in ended.err
        assert len(ended.err.splitlines()) == 2


def test_what_cannot_be_debugged_is_refused(foretrace: CommandLine, known: Known) -> None:
    (foretrace.folder / "latin").write_bytes(b"# \xe9\n")
    file, _, _, *model = known.flags
    for wrong, words in [
        (["none.py", "--call", "f(1)"], "cannot read none.py"),
        (["latin", "--call", "f(1)"], "latin is not UTF-8"),
        ([file, "--call", "f("], "the call does not parse"),
        ([file, "--call", "f(1)", "--commands", "none"], "cannot read none"),
        ([file, "--call", "f(1)", "--commands", "latin"], "latin is not UTF-8"),
        ([file, "--call", "f(1)", "--record", "none/x"], "cannot write none/x"),
    ]:
        ended = foretrace("debug", *wrong, *model)
        assert (ended.status, ended.out) == (2, ""), ended
        assert words in ended.err
        assert "Traceback" not in ended.err


def test_a_value_that_the_model_does_not_write_is_not_made_up(
    foretrace: CommandLine, known: Known
) -> None:
    known.server.script[:] = [
        write(known.tokenizer, "<|return_sep|><|action_sep|>    return f(3)\n", FRAME_SEP)
    ]
    (foretrace.folder / "commands").write_text("step\n")
    ended = foretrace("debug", *known.flags, "--commands", "commands")
    assert ended.status == 0, ended
    assert "     returns what is not written\n" in ended.out
    assert "returns None" not in ended.out


def test_a_limit_of_tokens_ends_the_asking_and_not_the_session(
    foretrace: CommandLine, known: Known
) -> None:
    (foretrace.folder / "commands").write_text("step\nstep\nback\n")
    ended = foretrace("debug", *known.flags, "--commands", "commands", "--tokens", "2")
    assert ended.status == 1, ended
    assert len(known.server.asked) == 1  # the first began within the limit
    first, second, back = ended.out.split("(debug) ")[-3:]
    assert "limit" not in first
    assert "! the limit of 2 tokens is used up" in second
    assert "!" not in back.partition("tokens:")[0]
