"""``foretrace nano eval`` as users call it."""

import json
from pathlib import Path

import pytest

from agent.nano.dataset import make
from agent.nano.examples import Plan
from model.nano.checkpoint import shipped
from model.nano.programs.mix import Mix
from tests.agent.conftest import CommandLine
from tests.model.nano.checkpoints import write_checkpoint


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("nano") / "data"
    make(out, Plan(5, Mix()), 120, 1, lambda traces: None)
    return out


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("nano") / "made", {"context": 500, "sure": 0.3})


def test_a_table_and_a_report(
    foretrace: CommandLine, data: Path, weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    ended = foretrace(
        "nano", "eval", "--weights", weights, "--data", data, "--most", "1", "--out", out, "-j", "1"
    )
    assert ended.status == 0, ended.err
    assert "whole traces, up to 30 frames" in ended.out
    assert "valid format" in ended.out
    assert "believed from 0.30 on" in ended.out
    report = json.loads((out / "eval.json").read_text())
    assert report["programs"] + report["left_out"] == 1
    assert (report["split"], report["context"]) == ("test", 500)
    assert {each["name"] for each in report["lines"]} >= {"output", "whether it ends"}
    assert "\x1b" not in ended.out


def test_a_threshold_is_chosen_on_other_programs(
    foretrace: CommandLine, data: Path, weights: Path
) -> None:
    ended = foretrace(
        *("nano", "eval", "--weights", weights, "--data", data, "--most", "1", "-j", "1"),
        *("--calibrate", "--json"),
    )
    assert ended.status == 0, ended.err
    report = json.loads(ended.out)
    assert report["split"] == "valid"
    # What is written at random says nothing, or nothing right: none of it is to be believed.
    assert json.loads((weights / "nano.json").read_text()) == {"context": 500, "sure": 1.0}
    assert report["said"]["sure"] == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--data", "nowhere"), "cannot read nowhere/test.jsonl.gz: No such file or directory"),
        (("--weights", "nowhere"), "there is no model at nowhere"),
    ],
)
def test_what_is_not_there_is_told_in_a_line(
    foretrace: CommandLine, data: Path, weights: Path, wrong: tuple[str, str], said: str
) -> None:
    given = {"--data": data, "--weights": weights, wrong[0]: wrong[1]}
    ended = foretrace("nano", "eval", *(part for pair in given.items() for part in pair))
    assert ended.status == 2
    assert ended.err.splitlines()[0] == f"foretrace: {said}"


def test_a_truncated_model_is_told_in_a_line(
    foretrace: CommandLine, data: Path, tmp_path: Path
) -> None:
    broken = write_checkpoint(tmp_path / "made")
    path = broken / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    ended = foretrace("nano", "eval", "--weights", broken, "--data", data)
    assert ended.status == 2
    assert "are not whole" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.skipif(not (shipped() / "model.safetensors").exists(), reason="there are no weights")
def test_the_model_that_is_shipped_has_learnt_something(foretrace: CommandLine, data: Path) -> None:
    ended = foretrace("nano", "eval", "--data", data, "--most", "12", "-j", "1", "--json")
    assert ended.status == 0, ended.err
    lines = {each["name"]: each["count"] for each in json.loads(ended.out)["lines"]}
    assert lines["single frames, told from the right ones"]["share"] > 0.3
    assert lines["output"]["of"] > 0
