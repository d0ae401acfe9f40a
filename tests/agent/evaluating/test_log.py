"""Results on disk: whole lines, whatever happens to the process that writes them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import WrongUse
from agent.evaluating.log import Evaluation, ResultLog
from model.predict.predictor import Tokens
from model.questions.question import Answer, Mark
from model.questions.results import Given, Result

EVALUATION = Evaluation(question="output", mode="direct", model="m", data="d.jsonl")


def result(id_: str, text: str = "1") -> Result:
    answer = Answer(text, "", Tokens(1, 2, 3), {"a": [1], "b\ud800": {"c": text}})
    given = Given.of(answer, Mark(True, f"it is {text}", {"m": None}))
    return Result(id=id_, answers=(given,), seconds=0.5)


def test_results_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.jsonl"
    with ResultLog(path, EVALUATION) as log:
        for id_ in ("a", "b"):
            log.add(result(id_))
    with ResultLog(path, EVALUATION) as log:
        assert log.results == {"a": result("a"), "b": result("b")}
        log.add(result("a", "2"))
    with ResultLog(path, EVALUATION) as log:
        assert log.results["a"].answers[0].text == "2"
    assert path.read_text().count("\n") == 4


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.data())
def test_a_file_cut_off_anywhere_goes_on(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "results.jsonl"
    path.unlink(missing_ok=True)
    with ResultLog(path, EVALUATION) as log:
        log.add(result("a"))
        log.add(result("b"))
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    with ResultLog(path, EVALUATION) as log:
        kept = set(log.results)
        assert len(kept) == max(whole[:cut].count(b"\n") - 1, 0)
        for id_ in sorted({"a", "b"} - kept):
            log.add(result(id_))
    assert path.read_bytes() == whole


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_any_text_of_a_model_can_be_kept(text: str) -> None:
    kept = result("a", text)
    assert Result.model_validate_json(kept.model_dump_json()) == kept


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with (
        ResultLog(path, EVALUATION),
        pytest.raises(WrongUse, match="another process"),
    ):
        ResultLog(path, EVALUATION)
    with ResultLog(path, EVALUATION) as log:
        assert not log.results


@pytest.mark.parametrize("content", ["no json\n", "{}\n", "\n"])
def test_other_files_are_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(content)
    with pytest.raises(WrongUse, match="no file of results"):
        ResultLog(path, EVALUATION)
    assert path.read_text() == content
    with pytest.raises(WrongUse, match="cannot write"):
        ResultLog(tmp_path, EVALUATION)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(EVALUATION.model_dump_json() + "\n{}\n")
    with pytest.raises(WrongUse, match="line 2"):
        ResultLog(path, EVALUATION)
    other = EVALUATION.model_copy(update={"samples": 2, "mode": "trace"})
    with pytest.raises(WrongUse, match="mode 'direct', samples 1"):
        ResultLog(path, other)
