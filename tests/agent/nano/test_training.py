"""``foretrace nano train`` as users call it, from a small data set to weights that are run."""

import json
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree

import pytest

from agent.nano.dataset import make
from agent.nano.examples import Plan
from model.nano.checkpoint import read_checkpoint
from model.nano.programs.mix import Mix
from tests.agent.conftest import CommandLine, Ended

pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def train(foretrace: CommandLine, *flags: object) -> Ended:
    small = ("--hidden", 32, "--layers", 1, "--threads", 1, "--device", "cpu")
    return foretrace("nano", "train", "--data", "data", "--out", "made", *small, *flags)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A folder with data and what was trained on them, and what was said meanwhile."""
    folder = tmp_path_factory.mktemp("nano")
    make(folder / "data", Plan(5, Mix()), 120, 1, lambda traces: None)
    return folder, train(CommandLine(folder), "--tokens", "0.03")


@pytest.fixture
def further(foretrace: CommandLine, trained: tuple[Path, Ended]) -> CommandLine:
    """The same once more, to go on with."""
    copytree(trained[0], foretrace.folder, dirs_exist_ok=True)
    return foretrace


def curve(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]


def test_it_makes_weights_and_a_curve(trained: tuple[Path, Ended]) -> None:
    folder, ended = trained
    assert ended.status == 0, ended
    assert "the weights are in made/weights" in ended.out
    assert "0.0M tokens, long traces: loss" in ended.err
    found = read_checkpoint(folder / "made" / "weights")
    assert found.reach.constructs is not None
    assert {"FunctionDef", "Return"} <= found.reach.constructs
    (line,) = curve(folder / "made")
    assert {"tokens", "train_loss", "loss", "frames", "wholes", "phase"} <= line.keys()


def test_the_curve_is_drawn_where_that_can_be(trained: tuple[Path, Ended]) -> None:
    folder, ended = trained
    drawn = find_spec("matplotlib") is not None
    assert drawn == ("no picture of the curve: matplotlib is not installed" not in ended.err)
    assert drawn == (folder / "made" / "curve.svg").exists()
    assert not drawn or b"<svg" in (folder / "made" / "curve.svg").read_bytes()


def test_what_it_makes_predicts(further: CommandLine) -> None:
    (further.folder / "work.py").write_text("def f(a):\n    return a + 1\n")
    ended = further("predict", "work.py", "--call", "f(1)", "--model", "made/weights")
    assert ended.status in (0, 1), ended
    assert "the model in made/weights, predicts" in ended.err


def test_a_training_is_gone_on_with(further: CommandLine) -> None:
    ended = train(further, "--tokens", "0.06")
    assert ended.status == 0, ended
    first, second = curve(further.folder / "made")
    assert 30_000 <= first["tokens"] < 60_000 <= second["tokens"]
    assert second["steps"] > first["steps"]


def test_a_training_of_other_sizes_is_not_gone_on_with(further: CommandLine) -> None:
    ended = train(further, "--tokens", "0.06", "--hidden", "48")
    assert ended.status == 2, ended
    assert "holds a network of other sizes" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--device", "abacus"), "torch cannot train on 'abacus'"),
        (("--data", "nowhere"), "cannot read nowhere/train.jsonl.gz"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    foretrace: CommandLine, flags: tuple[str, ...], said: str
) -> None:
    ended = train(foretrace, "--tokens", "0.01", *flags)
    assert (ended.status, ended.out) == (2, ""), ended
    assert said in ended.err
    assert "Traceback" not in ended.err
