"""``--model nano``, and a folder with a model like it: every command that asks a model, no server.

The weights are random, so that nothing here depends on what they say.
"""

import json
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from agent.trajectory import read_events
from model.nano.checkpoint import shipped
from tests.agent.conftest import FAILING, CommandLine, Ended, Project
from tests.model.nano.checkpoints import write_checkpoint
from tests.model.replies import say
from tests.model.server import threaded_model_server

SOURCE = "def f(a):\n    b = a + 1\n    return b\n"
CALL = ("work.py", "--call", "f(1)")
HERE = "small, the model in {}, predicts"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder; of what its model is sure, nothing is known, and so it never is."""
    return write_checkpoint(tmp_path_factory.mktemp("m") / "small", {"context": 500, "sure": 0.9})


@pytest.fixture
def work(foretrace: CommandLine) -> CommandLine:
    (foretrace.folder / "work.py").write_text(SOURCE)
    return foretrace


@pytest.fixture(scope="module")
def never_sure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that comes with us, which writes frames, and believes none of them."""
    made = copytree(shipped(), tmp_path_factory.mktemp("m") / "never")
    reach = json.loads((made / "nano.json").read_text())
    (made / "nano.json").write_text(json.dumps(reach | {"sure": 1.0, "constructs": None}))
    return made


def tokens(ended: Ended) -> tuple[int, ...]:
    """Of the last line: reused, computed and written."""
    words = ended.out.splitlines()[-1].replace(",", "").split()
    assert words[0] == "tokens:", ended
    reused, computed, written = (int(word) for word in words if word.isdigit())
    return reused, computed, written


def test_a_folder_is_run_here(work: CommandLine, model: Path) -> None:
    ended = work("predict", *CALL, "--model", model)
    assert ended.status in (0, 1), ended
    assert ended.err.splitlines()[0].strip() == HERE.format(model)
    reused, computed, written = tokens(ended)
    assert (reused, computed + written) == (0, 500) or written < 400
    assert "the model is not sure" in ended.out
    again = work("predict", *CALL, "--model", model)
    assert again.out == ended.out


def test_samples_read_the_prompt_once(work: CommandLine, model: Path) -> None:
    one = tokens(work("predict", *CALL, "--model", model))
    three = tokens(work("predict", *CALL, "--model", model, "--samples", "3"))
    assert three[1] == one[1] + 2  # the last token of the prompt is read anew for each
    assert three[0] == 2 * (one[1] - 1)


def test_programs_are_told_that_it_is_not_sure(work: CommandLine, model: Path) -> None:
    ended = work("predict", *CALL, "--model", model, "--format", "json")
    *_, end = map(json.loads, ended.out.splitlines())
    assert "it gives one frame a probability of" in end["doubt"]


def test_a_value_that_is_a_guess_is_called_unsure(work: CommandLine, model: Path) -> None:
    text = work("predict", *CALL, "--model", model, "--value")
    fields = json.loads(work("predict", *CALL, "--model", model, "--value", "--format", "json").out)
    assert "\nunsure: the model is not sure" in text.out
    assert "it gives one frame a probability of" in fields["doubt"]


@pytest.mark.parametrize("mode", ["trace", "step"])
def test_an_answer_that_is_a_guess_is_called_unsure(
    work: CommandLine, never_sure: Path, mode: str
) -> None:
    asked = ("ask", "output", *CALL, "--model", never_sure, "--mode", mode)
    text, fields = work(*asked), json.loads(work(*asked, "--json").out)
    (answer,) = fields["answers"]
    assert "the model is not sure" in answer["facts"]["reason"]
    assert answer["facts"]["verdict"] == "unsure"
    assert answer["answer"] is None or "  verdict: unsure\n" in text.out


def test_whether_it_halts_is_not_told_on_a_guess(work: CommandLine, model: Path) -> None:
    asked = ("ask", "halts", *CALL, "--model", model)
    text, fields = work(*asked), json.loads(work(*asked, "--json").out)
    (answer,) = fields["answers"]
    assert (answer["answer"], answer["facts"]["verdict"]) == (None, "unsure")
    assert text.status == 1
    assert text.out.startswith("no answer: ")
    assert "\n  verdict: unsure\n" in text.out


@pytest.mark.parametrize("how", ["variable", "file", "named", "nothing"])
def test_what_is_set_in_place_of_the_weights_that_come_with_us(
    work: CommandLine, model: Path, how: str
) -> None:
    flags: tuple[object, ...] = ()
    if how == "file":
        (work.folder / "foretrace.toml").write_text(f'nano = "{model}"\n[model]\nname = "nano"\n')
    else:
        work.environment["FORETRACE_NANO"] = str(model)
        flags = ("--model", "nano") if how == "named" else ()
        if how == "variable":
            work.environment["FORETRACE_MODEL__NAME"] = "nano"
    ended = work("predict", *CALL, "--value", *flags)
    assert HERE.format(model) in ended.err, ended
    assert tokens(ended)[1] > 20


def test_a_server_s_model_of_that_name_is_asked_there(work: CommandLine, model: Path) -> None:
    with threaded_model_server(say("{}"), models={"nano": 4096, str(model): 4096}) as server:
        for name in ("nano", model):
            ended = work("predict", *CALL, "--model", name, "--model-url", server.url)
            assert f"{name} at {server.url} predicts, profile" in ended.err
        assert len(server.asked) == 2


def test_stepping(work: CommandLine, model: Path) -> None:
    (work.folder / "commands").write_text("step\nnext\nout\nback\nlist\n")
    ended = work("debug", *CALL, "--model", model, "--commands", "commands")
    assert ended.status == 0, ended
    assert HERE.format(model) in ended.err
    assert "tokens: " in ended.out


def test_stepping_through_guesses(work: CommandLine, never_sure: Path) -> None:
    (work.folder / "commands").write_text("step\nout\n")
    ended = work("debug", *CALL, "--model", never_sure, "--commands", "commands")
    assert "\n     unsure: the model is not sure" in ended.out, ended
    assert "\n     unsure since frame 1\n" in ended.out
    assert "a token" not in ended.out


def test_a_foreign_program_is_called_so_once(work: CommandLine, tmp_path: Path) -> None:
    narrow = copytree(shipped(), tmp_path / "narrow")
    reach = {"context": 500, "sure": 0, "constructs": ["FunctionDef", "arg", "arguments"]}
    (narrow / "nano.json").write_text(json.dumps(reach))
    (work.folder / "commands").write_text("step\nstep\nstep\n")
    ended = work("debug", *CALL, "--model", narrow, "--commands", "commands")
    assert ended.out.count("is nothing that the model was trained on") == 1, ended
    assert "\n     unsure since frame 1" in ended.out


@pytest.mark.engine
def test_comparing(work: CommandLine, model: Path) -> None:
    ended = work("compare", *CALL, "--model", model)
    assert ended.status == 1, ended
    assert HERE.format(model) in ended.err
    assert "Traceback" not in ended.err
    assert "\nunsure: the model is not sure" in ended.out


def test_questions_are_asked_by_traces(work: CommandLine, model: Path) -> None:
    traced = work("ask", "output", *CALL, "--model", model, "--json")
    stepped = work("ask", "output", *CALL, "--model", model, "--mode", "step", "--json")
    halts = work("ask", "halts", *CALL, "--model", model, "--json")
    for ended, mode in ((traced, "trace"), (stepped, "step"), (halts, "trace")):
        assert ended.status in (0, 1), ended
        assert json.loads(ended.out)["mode"] == mode


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("output", *CALL, "--mode", "reasoning"), "output cannot be asked of it by reasoning"),
        (("complexity", "work.py"), "writes only traces: complexity cannot be asked of it"),
        (("implement", "work.py", "--no-check"), "is to be answered in words"),
    ],
)
def test_what_is_answered_in_words_is_for_others(
    work: CommandLine, model: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = work("ask", *arguments, "--model", model)
    assert (ended.status, ended.out) == (2, "")
    assert words in ended.err


@pytest.mark.engine
def test_a_data_set(work: CommandLine, model: Path) -> None:
    rows = [{"id": f"s{n}", "code": SOURCE, "input": str(n), "output": str(n + 1)} for n in (1, 2)]
    data = work.folder / "crux.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = work("eval", "output", data, "--model", model, "--json")
    assert ended.status == 0, ended
    found = json.loads(ended.out)
    assert (found["mode"], found["model"], found["tasks"]) == ("trace", "small", 2)
    assert found["tokens"]["written"] > 0


@pytest.mark.engine
def test_a_run_that_looks_ahead(
    foretrace: CommandLine, project: Project, issue_file: Path, model: Path
) -> None:
    named = [word for test in FAILING for word in ("--test", test)]
    flags = ("--model", model, "--simulate", "advise", *named)
    ended = foretrace("run", issue_file, "--repo", project.path, *flags)
    assert ended.status == 0, ended
    assert "the repair policy decides" in ended.err
    assert HERE.format(model) in ended.err
    events = read_events(foretrace.run_folder() / "events.jsonl")
    said = [event.data for event in events if event.type == "forecast"]
    assert said
    assert {(each.predictor, each.model, each.verdict) for each in said} == {
        ("nano", "small", "unsure")
    }
    assert any(each.tokens["written"] > 0 for each in said)


@pytest.mark.engine
def test_a_run_that_does_not_look_ahead(
    foretrace: CommandLine, project: Project, issue_file: Path, model: Path
) -> None:
    where = (issue_file, "--repo", project.path, "--test", FAILING[0])
    ended = foretrace("run", *where, "--model", model)
    assert ended.status == 0, ended
    assert "the repair policy decides" in ended.err
    assert "only predicts, and --simulate is off: it is not asked" in ended.err
    decides = foretrace("run", *where, "--model", model, "--policy", "cwm")
    assert decides.status == 2
    assert "predicts executions, and cannot decide what to do" in decides.err


def test_what_is_wrong_with_it_is_told_in_a_line(work: CommandLine, tmp_path: Path) -> None:
    broken = write_checkpoint(tmp_path / "broken", {"context": 500})
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    long = "def f(a):\n" + "    a += 1\n" * 300 + "    return a\n"
    (work.folder / "long.py").write_text(long)
    whole = write_checkpoint(tmp_path / "whole", {"context": 500})
    for arguments, words, status in [
        ((*CALL, "--model", broken), f"the weights {weights} are not whole", 2),
        ((*CALL, "--model", whole, "--profile", "chat"), "spoken to in tokens of its own", 2),
        ((*CALL, "--model", whole, "--tokenizer", "x.json"), "in tokens of its own", 2),
        (("long.py", "--call", "f(1)", "--model", whole), "context of whole is exceeded", None),
    ]:
        ended = work("predict", *arguments)
        assert words in ended.err, ended
        assert ended.out == ""
        assert ended.status == status or status is None
        assert "Traceback" not in ended.err


@pytest.mark.engine
def test_the_doctor_looks_at_it(work: CommandLine, model: Path, tmp_path: Path) -> None:
    work.environment["FORETRACE_NANO"] = str(model)
    ended = work("doctor")
    assert ended.status == 0, ended
    (line,) = [each for each in ended.out.splitlines() if each[7:].strip().startswith("nano ")]
    assert line.startswith("ok")
    assert "parameters, context 500 tokens, loads in" in line
    work.environment["FORETRACE_NANO"] = str(tmp_path)
    ended = work("doctor")
    assert ended.status == 3
    assert f"cannot read {tmp_path}/config.json" in ended.out


def test_starting_does_not_load_it() -> None:
    code = "import sys, agent.predicting, agent.policies.registry; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "safetensors", "tokenizers"} & set(found.stdout.split())
