"""``foretrace eval``: whole evaluations against a scripted model, stopped and gone on with."""

import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from model.tokenizer import Tokenizer
from tests.agent.conftest import CommandLine, Ended
from tests.agent.ptys import OnTerminal
from tests.model.http import Request
from tests.model.predict.programs import write
from tests.model.replies import Reply, by_request, refuse, say, silent
from tests.model.server import ModelServer, threaded_model_server
from tests.model.tokenizers import small_tokenizer_file

CODE = "def f(a):\n    return a * {n}\n"


def rows(count: int) -> list[dict[str, object]]:
    """Records like CRUXEval's: f(2) is twice the record's number."""
    return [
        {"id": f"sample_{n}", "code": CODE.format(n=n), "input": "2", "output": str(2 * n)}
        for n in range(count)
    ]


@pytest.fixture
def data(foretrace: CommandLine) -> Path:
    path = foretrace.folder / "crux.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(10)))
    return path


def knows(answers: Mapping[int, str], *, otherwise: Reply | None = None) -> Reply:
    """A model that has an answer for the records of these numbers."""

    def choose(request: Request) -> Reply:
        text = str(request.json["messages"][-1]["content"])
        number = int(text.partition("return a * ")[2].partition("\n")[0])
        if number in answers:
            return say(f"<answer>{answers[number]}</answer>")
        return otherwise or say("I do not know.")

    return by_request(choose)


RIGHT = {n: str(2 * n) for n in range(10)}


def evaluated(foretrace: CommandLine, server: ModelServer, *more: object) -> Ended:
    ended = foretrace("eval", *more, "--model-url", server.url, "--profile", "chat")
    assert "Traceback" not in ended.err, ended.err
    return ended


def results(foretrace: CommandLine) -> list[dict[str, object]]:
    (path,) = (foretrace.folder / "runs" / "eval").glob("*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_evaluation_from_beginning_to_end(foretrace: CommandLine, data: Path) -> None:
    with data.open("a") as file:
        file.write('{"code": 1}\nnothing\n')
    with threaded_model_server(fallback=knows({**RIGHT, 3: "7", 4: "eight"})) as server:
        ended = evaluated(foretrace, server, "output", data, "--mode", "direct", "-j", "3")
    assert ended.status == 0, ended
    assert "output by direct, scripted, 10 records" in ended.out
    assert "pass@1     80.0%  95 %: 49.0% to 94.3%, of 10" in ended.out
    assert "answered  100.0%" in ended.out
    assert "line 11 is left out: code: input should be a valid string" in ended.err
    assert "line 12 is left out: it is not JSON" in ended.err
    assert "10/10  80.0% right" in ended.err
    header, *found = results(foretrace)
    assert (header["question"], header["mode"], header["model"]) == ("output", "direct", "scripted")
    assert sorted(each["id"] for each in found) == [f"sample_{n}" for n in range(10)]
    (wrong,) = (each["answers"] for each in found if each["id"] == "sample_3")
    assert (wrong[0]["text"], wrong[0]["right"], wrong[0]["detail"]) == ("7", False, "it is 6")


def test_the_table_as_json(foretrace: CommandLine, data: Path) -> None:
    with threaded_model_server(fallback=knows({0: "0", 1: "2"})) as server:
        more = ("--mode", "direct", "--limit", "4", "--samples", "2", "--seed", "3", "--json")
        ended = evaluated(foretrace, server, "output", data, *more)
        assert len(server.asked) == 8
    assert (ended.status, ended.err) == (0, "")
    summary = json.loads(ended.out)
    assert (summary["tasks"], summary["samples"], summary["seed"]) == (4, 2, 3)
    measures = summary["measures"]
    assert [*measures] == ["pass@1", "pass@2", "majority", "answered"]
    assert {each["share"] for name, each in measures.items() if name != "answered"} == {0.5}
    assert summary["tokens"]["written"] > 0
    # A larger limit goes on with the same file.
    with threaded_model_server(fallback=knows(RIGHT)) as server:
        more = ("--mode", "direct", "--samples", "2", "--seed", "3", "--json")
        ended = evaluated(foretrace, server, "output", data, *more)
        assert len(server.asked) == 12
    assert json.loads(ended.out)["measures"]["pass@1"]["share"] == pytest.approx(0.8)


def killed_after(foretrace: CommandLine, server: ModelServer, data: Path, done: int) -> None:
    """Kill an evaluation that has so many results, and may be writing another."""
    child = foretrace.start("eval", "output", data, "--mode", "direct", "--model-url", server.url)
    folder = foretrace.folder / "runs" / "eval"
    deadline = time.monotonic() + 60
    while sum(path.read_bytes().count(b"\n") for path in folder.glob("*")) < done + 1:
        assert time.monotonic() < deadline
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.kill()
    child.communicate()


def test_a_killed_evaluation_goes_on(foretrace: CommandLine, data: Path) -> None:
    some = {n: RIGHT[n] for n in range(6)}
    with threaded_model_server(fallback=knows(some, otherwise=silent())) as server:
        killed_after(foretrace, server, data, 6)
    (path,) = (foretrace.folder / "runs" / "eval").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"id": "sample_9", "answ')  # what was being written
    with threaded_model_server(fallback=knows(RIGHT)) as server:
        ended = evaluated(foretrace, server, "output", data, "--mode", "direct")
        assert len(server.asked) == 4
        assert "10 records, 6 done before" in ended.err
        again = evaluated(foretrace, server, "output", data, "--mode", "direct")
        assert len(server.asked) == 4
    for each in (ended, again):
        assert each.status == 0
        assert "pass@1    100.0%  95 %: 72.2% to 100.0%, of 10" in each.out
    assert len(results(foretrace)) == 11


def test_results_of_another_evaluation_are_kept(foretrace: CommandLine, data: Path) -> None:
    with threaded_model_server(fallback=knows(RIGHT)) as server:
        ask = ("output", data, "--mode", "direct", "--limit", "1")
        assert evaluated(foretrace, server, *ask).status == 0
        other = evaluated(foretrace, server, *ask, "--seed", "4")
        assert (other.status, "results of another evaluation: seed 0" in other.err) == (2, True)
        elsewhere = ("--seed", "4", "--out", foretrace.folder / "elsewhere")
        assert evaluated(foretrace, server, *ask, *elsewhere).status == 0
        (foretrace.folder / "b").mkdir()
        same_name = data.rename(foretrace.folder / "b" / data.name)
        moved = evaluated(foretrace, server, "output", same_name, *ask[2:])
        assert (moved.status, "another evaluation: data" in moved.err) == (2, True)
        same_name.rename(data)
        (path,) = (foretrace.folder / "runs" / "eval").glob("*.jsonl")
        path.write_text("{}\n")
        assert "is no file of results" in evaluated(foretrace, server, *ask).err


def test_a_server_that_goes_away(foretrace: CommandLine, data: Path) -> None:
    foretrace.environment["FORETRACE_MODEL__RETRIES"] = "0"
    gone = knows({n: RIGHT[n] for n in range(5)}, otherwise=refuse(500, "no"))
    with threaded_model_server(fallback=gone) as server:
        ended = evaluated(foretrace, server, "output", data, "--mode", "direct", "-j", "1")
    assert ended.status == 3
    assert "5 of 10 are kept in" in ended.err


def test_records_that_the_server_refuses_count_as_wrong(foretrace: CommandLine, data: Path) -> None:
    refusal = refuse(400, "This prompt is not allowed")
    with threaded_model_server(fallback=knows({0: "0"}, otherwise=refusal)) as server:
        ended = evaluated(foretrace, server, "output", data, "--mode", "direct", "--limit", "2")
    assert ended.status == 0
    assert "pass@1     50.0%" in ended.out
    _, *found = results(foretrace)
    assert any("not allowed" in each["answers"][0]["problem"] for each in found)


def test_stopped_by_its_user(foretrace: CommandLine, data: Path) -> None:
    with threaded_model_server(fallback=knows({0: "0"}, otherwise=silent())) as server:
        arguments = ("output", data, "--mode", "direct", "--model-url", server.url)
        child = foretrace.start("eval", *arguments)
        deadline = time.monotonic() + 60
        while len(server.asked) < 8 or not _kept(foretrace):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "1 of 10 are kept in" in err
    assert "Traceback" not in err


def _kept(foretrace: CommandLine) -> int:
    paths = (foretrace.folder / "runs" / "eval").glob("*.jsonl")
    return sum(path.read_bytes().count(b"\n") for path in paths) - 1


def test_cwm_in_its_own_tokens(foretrace: CommandLine, data: Path) -> None:
    file = small_tokenizer_file(foretrace.folder)
    tokenizer = Tokenizer.from_file(file)
    value = '"2"<|frame_sep|>'
    trace = (
        "<|line_sep|>{}<|action_sep|>    return f(2)\n<|frame_sep|>"
        '<|call_sep|>{"a": "2"}<|action_sep|>def f(a):\n<|frame_sep|>'
        '<|line_sep|>{"a": ".."}<|action_sep|>    return a * 1\n<|frame_sep|>'
        f"<|return_sep|><|action_sep|>    return a * 1\n<|arg_sep|>{value}"
        f"<|return_sep|><|action_sep|>    return f(2)\n<|arg_sep|>{value}"
    )
    data.write_text(json.dumps(rows(2)[1]) + "\n")
    cwm = ("--profile", "cwm", "--tokenizer", file, "--mode", "trace", "--json")
    with threaded_model_server(write(tokenizer, trace), encode=tokenizer.encode) as server:
        ended = foretrace("eval", "output", data, *cwm, "--model-url", server.url)
        assert server.asked[0].path == "/v1/completions"
    assert ended.status == 0, ended
    assert json.loads(ended.out)["measures"]["pass@1"]["share"] == 1.0
    (_, found) = results(foretrace)
    assert found["answers"][0]["facts"] == {"frames": 6, "problems": 0}


def test_the_line_that_changes_on_a_terminal(foretrace: CommandLine, data: Path) -> None:
    with threaded_model_server(fallback=knows(RIGHT)) as server:
        command = [sys.executable, "-m", "agent.cli", "eval", "output", data, "--mode", "direct"]
        more = ["--model-url", server.url, "--profile", "chat"]
        with OnTerminal([*command, *more], folder=foretrace.folder) as terminal:
            assert terminal.end() == 0
    changing, _, table = terminal.screen.partition("10/10  100.0% right\n")
    assert "\r" in changing
    assert changing.count("\n") == 1
    assert table.startswith("output by direct")


@pytest.mark.engine
def test_inputs_are_run(foretrace: CommandLine, data: Path) -> None:
    def choose(request: Request) -> Reply:
        text = str(request.json["messages"][-1]["content"])
        right = "return a * 1\n" in text or "return a * 2\n" in text
        return say(f"Let me see. <answer>f({2 if right else 3})</answer>")

    with threaded_model_server(fallback=by_request(choose)) as server:
        ended = evaluated(foretrace, server, "input", data, "--limit", "5", "--json")
    assert ended.status == 0, ended
    # Of f(a) = a * n for 0 to 4: any argument is right for 0.
    assert json.loads(ended.out)["measures"]["pass@1"]["share"] == pytest.approx(0.6)


SPIN = "def f(n):\n    while n:\n        pass\n"


@pytest.mark.engine
@pytest.mark.parametrize(
    ("question", "record", "said", "measures"),
    [
        (
            "halts",
            {"id": 1, "code": SPIN, "label": False, "input": "1"},
            "<answer>endless</answer>",
            {"pass@1": 1, "answered": 1, "right where it is endless": 1},
        ),
        (
            "complexity",
            {"problem_id": "1", "solution_id": "2", "time_complexity_inferred": "o(nlogn)"}
            | {"solution_code": "print(sorted(input().split()))"},
            "<answer>O(k log k)</answer>",
            {"pass@1": 1, "answered": 1},
        ),
        (
            "implement",
            {"task_id": 1, "text": "Double it.", "test_list": ["assert f(2) == 4"]},
            "<answer>\n```python\ndef f(n):\n    return n + 2\n```\n</answer>",
            {"pass@1": 1, "answered": 1, "examples pass": 1},
        ),
    ],
)
def test_the_other_questions(
    foretrace: CommandLine,
    question: str,
    record: dict[str, object],
    said: str,
    measures: dict[str, float],
) -> None:
    data = foretrace.folder / "data.jsonl"
    data.write_text(json.dumps(record) + "\n")
    with threaded_model_server(say(said)) as server:
        ended = evaluated(foretrace, server, question, data, "--json")
    assert ended.status == 0, ended
    found = json.loads(ended.out)["measures"]
    assert {name: each["share"] for name, each in found.items()} == measures


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("outputs", "crux.jsonl"), "there is no question 'outputs'"),
        (("output", "crux.jsonl", "--mode", "thinking"), "cannot be asked by 'thinking'"),
        (("output", "none.jsonl"), "cannot read none.jsonl"),
        (("output", "empty.jsonl"), "holds no record for output"),
        (("output", "crux.jsonl"), "there is no model at nowhere"),
    ],
)
def test_wrong_use(
    foretrace: CommandLine, data: Path, arguments: tuple[str, ...], words: str
) -> None:
    (foretrace.folder / "empty.jsonl").write_text("\n[]\n")
    foretrace.environment["FORETRACE_NANO"] = "nowhere"
    ended = foretrace("eval", *arguments)
    assert ended.status == 2, ended
    assert words in ended.err
    assert not (foretrace.folder / "runs").exists()


def test_a_limit_ends_it_and_the_same_command_goes_on(foretrace: CommandLine, data: Path) -> None:
    direct = ("output", data, "--mode", "direct", "-j", "2")
    with threaded_model_server(fallback=knows(RIGHT)) as server:
        ended = evaluated(foretrace, server, *direct, "--tokens", "2000")
        first = len(server.asked)
        kept = _kept(foretrace)
        # The limit is one command's: what was spent before does not count.
        again = evaluated(foretrace, server, *direct)
    assert ended.status == 1, ended
    assert "foretrace: the limit of 2,000 tokens is used up" in ended.err
    assert f"{kept} of 10 are kept in" in ended.err
    assert 0 < kept == first < 10  # no answer was lost, none was cut short
    assert again.status == 0, again
    assert f"10 records, {kept} done before" in again.err
    assert "pass@1    100.0%" in again.out


def test_a_limit_leaves_no_record_with_some_of_its_answers(
    foretrace: CommandLine, data: Path
) -> None:
    many = ("output", data, "--mode", "direct", "-j", "1", "--samples", "3")
    with threaded_model_server(fallback=knows(RIGHT)) as server:
        ended = evaluated(foretrace, server, *many, "--tokens", "3000")
        _, *found = results(foretrace)
    assert ended.status == 1, ended
    assert found
    assert {len(each["answers"]) for each in found} == {3}
