"""What commands answer where nano knows that it does not know."""

from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine
from tests.model.nano.checkpoints import write_checkpoint


@pytest.fixture(scope="module")
def ignorant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows no construct at all, and whose traces have no end."""
    reach = {"context": 300, "sure": 0, "constructs": []}
    return write_checkpoint(tmp_path_factory.mktemp("nano") / "made", reach)


@pytest.mark.parametrize("question", ["halts", "output"])
def test_a_question_has_no_answer_and_the_reason(
    foretrace: CommandLine, tmp_path: Path, ignorant: Path, question: str
) -> None:
    file = tmp_path / "a.py"
    file.write_text("def f(a):\n    return a\n")
    ended = foretrace("ask", question, file, "--call", "f(1)", "--model", ignorant)
    assert ended.status in (0, 1), ended.err
    assert ended.out.startswith("no answer: ")
    assert "Traceback" not in ended.err


def test_a_prediction_says_that_it_is_not_to_be_believed(
    foretrace: CommandLine, tmp_path: Path, ignorant: Path
) -> None:
    file = tmp_path / "a.py"
    file.write_text("def f(a):\n    return a\n")
    ended = foretrace("predict", file, "--call", "f(1)", "--model", ignorant)
    assert ended.status == 1, "what it wrote has no end"
    assert "is nothing that the model was trained on" in ended.out
