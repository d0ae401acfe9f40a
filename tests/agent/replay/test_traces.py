"""What was predicted of a test beside what was recorded, read from a run's folder."""

import gzip
import shutil
from pathlib import Path

import pytest

from agent.events import Acted, Compared, Forecasted
from agent.replay.reading import RecordedRun, open_run
from agent.replay.steps import Step, steps_of
from agent.replay.traces import foretold
from tests.agent.conftest import REPAIR
from tests.agent.replay.looked_ahead import looked_ahead
from tests.agent.replay.recorded import ABOVE, HAND_IN, Recorded
from tests.agent.replay.test_steps import as_events

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A run whose one prediction was wrong."""
    return looked_ahead(
        tmp_path_factory.mktemp("ahead") / "here", ("edit", REPAIR), ("test", ABOVE), *HAND_IN
    )


@pytest.fixture
def copy(ahead: Recorded, tmp_path: Path) -> RecordedRun:
    """The same, to be broken."""
    shutil.copytree(ahead.folder, tmp_path / "copy")
    return open_run(tmp_path / "copy")


def foreseen(run: RecordedRun) -> Step:
    return next(step for step in steps_of(run.events) if step.forecasts)


def test_the_traces_stand_in_step_until_they_part(ahead: Recorded) -> None:
    run = open_run(ahead.folder)
    (found,) = foretold(foreseen(run), run.folder)
    assert found.forecast is not None
    assert found.compared is not None
    assert (found.forecast.verdict, found.compared.outcome) == ("fail", "passed")
    assert "def clamp(value, low, high):" in found.source
    sources = [
        (
            row.predicted.source.strip() if row.predicted else None,
            row.recorded.source.strip() if row.recorded else None,
            row.same,
        )
        for row in found.rows
    ]
    assert ("if value > high:", "if value > high:", True) in sources
    first = next(n for n, (_, _, same) in enumerate(sources) if not same)
    assert all(same for *_, same in sources[:first])
    apart = {text for pair in sources[first:] for text in pair[:2]}
    assert {"return high", "return value"} <= apart
    called = next(row for row in found.rows if row.recorded and "def clamp" in row.recorded.source)
    assert called.recorded is not None
    assert called.recorded.news == {"value": "11", "low": "0", "high": "9"}
    assert called.recorded.line == 4


def test_what_is_predicted_and_never_ran_stands_alone(copy: RecordedRun) -> None:
    step = foreseen(copy)
    alone = Step(step.number, tuple(e for e in step.events if not isinstance(e.data, Compared)))
    (found,) = foretold(alone, copy.folder)
    assert found.compared is None
    assert found.rows
    assert all(row.recorded is None and not row.same for row in found.rows)


# Without a time: a test is known by its arguments.
_CUT_OFF = gzip.compress(b"{\n[]\n\xff", mtime=0)[:-9]


@pytest.mark.parametrize("content", [b"", b"no gzip", _CUT_OFF, None])
def test_a_file_that_cannot_be_read_is_an_empty_one(
    copy: RecordedRun, content: bytes | None
) -> None:
    for path in (copy.folder / "traces").iterdir():
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
    (found,) = foretold(foreseen(copy), copy.folder)
    assert (found.rows, found.source) == ((), "")
    assert found.forecast is not None


@pytest.mark.parametrize("name", ["../secret.gz", "/etc/hostname", "traces/../../secret.gz"])
def test_a_name_that_leads_out_of_the_folder_leads_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "secret.gz").write_bytes(gzip.compress(b'{"source": "secret"}\n'))
    forecast = Forecasted(
        step=1,
        test=ABOVE,
        predictor="chat",
        model="m",
        verdict="pass",
        confidence=0.9,
        reason="",
        trace=name,
    )
    (step,) = steps_of(as_events(Acted(step=1, tool="test"), forecast))
    (found,) = foretold(step, tmp_path / "run")
    assert (found.source, found.rows) == ("", ())
