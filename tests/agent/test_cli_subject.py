"""What is predicted and recorded is opened for a command as for a screen: it prints nothing."""

import pytest

from agent.cli.program import Named
from agent.cli.subject import open_subject
from agent.config import load_settings
from tests.agent.conftest import Project


@pytest.mark.engine
async def test_what_is_done_on_the_way_is_told_to_who_asked_and_printed_nowhere(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    test = "tests/test_prices.py::test_above"
    told: list[str] = []
    named = Named(None, None, test, str(project.path), "main")
    async with open_subject(named, load_settings(None, {}), told.append) as subject:
        assert subject.asked == test
    assert told[-1].startswith("the model is shown ")
    assert told[0].startswith("putting prices into ")
    assert capfd.readouterr() == ("", "")
