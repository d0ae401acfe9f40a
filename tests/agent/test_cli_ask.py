"""``foretrace ask``: one question about one program, answered and perhaps checked."""

import json
from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine, Ended
from tests.model.replies import say
from tests.model.server import ModelServer, threaded_model_server

SOURCE = "def f(a):\n    b = a + 1\n    return b\n"


@pytest.fixture
def source(foretrace: CommandLine) -> Path:
    path = foretrace.folder / "work.py"
    path.write_text(SOURCE)
    return path


def asked(foretrace: CommandLine, server: ModelServer, *more: object) -> Ended:
    ended = foretrace("ask", *more, "--model-url", server.url, "--profile", "chat")
    assert "Traceback" not in ended.err, ended.err
    return ended


def test_what_a_call_returns(foretrace: CommandLine, source: Path) -> None:
    script = [say(f"<answer>{text}</answer>") for text in ("It is two.", "2", "f(1) == 2")]
    with threaded_model_server(*script) as server:
        ended = asked(foretrace, server, "output", source, "--call", "f(1)", "--samples", "3")
    second = "no answer: the answer is no value  (1 of 3)"
    assert (ended.status, ended.out) == (0, f"2  (2 of 3)\n{second}\n")


def test_answers_do_not_steer_the_terminal(foretrace: CommandLine, source: Path) -> None:
    with threaded_model_server(say("```\nx = '\x1b[2J'\n```")) as server:
        ended = asked(foretrace, server, "implement", source, "--no-check")
    assert (ended.status, ended.out) == (0, "x = '\\x1b[2J'\n")


@pytest.mark.engine
def test_answers_are_checked_on_request(foretrace: CommandLine, source: Path) -> None:
    with threaded_model_server(say("<answer>2</answer>"), say("<answer>3</answer>")) as server:
        call = ("output", source, "--call", "f(1)", "--mode", "direct", "--check")
        right, wrong = asked(foretrace, server, *call), asked(foretrace, server, *call, "--json")
    assert (right.status, right.out) == (0, "2\n  run in a sandbox: right\n")
    assert wrong.status == 1
    assert json.loads(wrong.out) == {
        "mode": "direct",
        "answers": [
            {"answer": "3", "count": 1, "right": False, "detail": "it is 2", "shown": []},
        ],
    }


@pytest.mark.engine
def test_which_call_returns_a_value(foretrace: CommandLine, source: Path) -> None:
    with threaded_model_server(say("I think.\n<answer>f(4)</answer>")) as server:
        ended = asked(foretrace, server, "input", source, "--output", "5")
    assert (ended.status, ended.out) == (0, "f(4)\n  run in a sandbox: right\n")


def test_no_answer(foretrace: CommandLine, source: Path) -> None:
    with threaded_model_server(say("<answer>2", finish="length")) as server:
        ended = asked(foretrace, server, "output", source, "--call", "f(1)")
    assert (ended.status, ended.out) == (1, "no answer: the answer was cut off\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("outputs", "work.py"), "there is no question 'outputs'"),
        (("output", "none.py"), "cannot read none.py"),
        (("output", "work.py"), "which call? give --call"),
        (("output", "work.py", "--call", "f("), "the call is no expression"),
        (("output", "work.py", "--call", "g(1)"), "the program has no g"),
        (("output", "bad.py", "--call", "f(1)"), "the program does not parse: line 1: "),
        (("halts", "bad.py"), "the program does not parse: line 1: "),
        (("input", "work.py"), "for which value? give --output"),
        (("output", "bytes.py", "--call", "f(1)"), "cannot read bytes.py"),
        (("output", "work.py", "--call", "f(1)"), "there is no model at nowhere"),
        (("complexity", "work.py"), "nano writes only traces: complexity cannot be asked of it"),
        (("output", "work.py", "--mode", "direct"), "output cannot be asked of it by direct"),
    ],
)
def test_wrong_use(
    foretrace: CommandLine, source: Path, arguments: tuple[str, ...], words: str
) -> None:
    (foretrace.folder / "bytes.py").write_bytes(b"\xff\xfe")
    (foretrace.folder / "bad.py").write_text("def f(:\n")
    foretrace.environment["FORETRACE_NANO"] = "nowhere"
    ended = foretrace("ask", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert words in ended.err


def test_no_model_is_asked_about_a_program_that_there_is_not(
    foretrace: CommandLine, source: Path
) -> None:
    (foretrace.folder / "bad.py").write_text("def f(:\n")
    with threaded_model_server(say("<answer>O(1)</answer>")) as server:
        for file, call, words in (
            ("bad.py", "f(n)", "the program does not parse: line 1: "),
            ("work.py", "g(n)", "the program has no g"),
            ("work.py", "f(m)", "the program has no m"),
        ):
            ended = asked(foretrace, server, "complexity", file, "--call", call)
            assert (ended.status, ended.out) == (2, "")
            assert words in ended.err
        wrong = asked(foretrace, server, "input", "work.py", "--call", "g", "--output", "1")
        assert (wrong.status, wrong.out) == (2, "")
        assert not server.asked
        right = asked(foretrace, server, "complexity", "work.py", "--call", "f(n)", "--no-check")
    assert (right.status, right.out) == (0, "O(1)\n")


@pytest.mark.engine
def test_whether_it_ends(foretrace: CommandLine, source: Path) -> None:
    with threaded_model_server(say("<answer>halts</answer>")) as server:
        ended = asked(foretrace, server, "halts", source, "--call", "f(1)", "--check")
    assert (ended.status, ended.out) == (0, "halts\n  run in a sandbox: right: it ended\n")


@pytest.mark.engine
def test_how_it_scales_beside_what_was_measured(foretrace: CommandLine, source: Path) -> None:
    source.write_text("def f(xs):\n    for x in xs:\n        pass\n")
    with threaded_model_server(say("<answer>O(N)</answer>")) as server:
        ended = asked(foretrace, server, "complexity", source, "--call", "f(range(n))")
    first, second, head, *rows, lines, _ = ended.out.splitlines()
    assert (ended.status, first) == (0, "O(n)")
    assert second.startswith("  run in a sandbox: right: it grows like O(n)")
    assert head.split() == ["n", "lines", "seconds"]
    assert [row.split()[:2] for row in rows[:2]] == [["2", "5"], ["4", "9"]]
    assert lines.startswith("  lines run: O(n), within 0.0%")


@pytest.mark.engine
def test_a_program_is_written_simulated_and_run(foretrace: CommandLine, source: Path) -> None:
    source.write_text("Add one to a number.\n")
    trace = '{"event": "return", "source": "    return f(1)", "value": "2"}\n{"event": "end"}'
    script = say(f"<answer>\n```python\n{SOURCE}```\n</answer>"), say(trace)
    with threaded_model_server(*script) as server:
        more = ("--mode", "trace", "--example", "f(1) == 2", "--json")
        ended = asked(foretrace, server, "implement", source, *more)
    (answer,) = json.loads(ended.out)["answers"]
    assert ended.status == 0
    assert answer["answer"] == SOURCE.strip()
    assert answer["facts"] == {"foreseen": {"f(1) == 2": True}}
    assert (answer["right"], answer["shown"]) == (True, ["holds  f(1) == 2"])


def test_a_limit_keeps_the_answers_that_came(foretrace: CommandLine, source: Path) -> None:
    script = [say("<answer>2</answer>")] * 3
    call = ("output", source, "--call", "f(1)", "--samples", "3")
    with threaded_model_server(*script) as server:
        some = asked(foretrace, server, *call, "--tokens", "500")
        requests = len(server.asked)
    assert some.status == 1, some
    assert requests < 3
    times = "" if requests == 1 else f"  ({requests} of {requests})"
    assert some.out == f"2{times}\n"
    assert "the limit of 500 tokens is used up" in some.err
    assert f"{requests} of 3 answers were drawn" in some.err
