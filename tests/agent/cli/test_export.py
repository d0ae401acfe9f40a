"""``foretrace export``: a file for somebody else, or standard output."""

import json
from pathlib import Path

import pytest

from agent.events import Acted, Answered
from tests.agent.conftest import REPAIR, CommandLine
from tests.agent.export.htmlreader import read_html
from tests.agent.replay.looked_ahead import looked_ahead
from tests.agent.replay.recorded import ABOVE, HAND_IN, run_folder


@pytest.fixture
def folder(foretrace: CommandLine) -> Path:
    """A run, made by hand."""
    return run_folder(
        foretrace.runs,
        Acted(step=1, tool="bash", argument="ls"),
        Answered(step=1, tool="bash", ok=True, output="prices.py\n"),
    )


@pytest.mark.engine
def test_a_page_of_a_real_run_holds_its_patch_its_tests_and_both_traces(tmp_path: Path) -> None:
    actions = (("edit", REPAIR), ("test", ABOVE), *HAND_IN)
    recorded = looked_ahead(tmp_path / "here", *actions)
    ended = recorded.foretrace("export", recorded.id, "--to", "html", "-o", tmp_path / "a.html")
    assert ended.status == 0, ended
    assert ended.out == ""
    page = read_html((tmp_path / "a.html").read_text())
    assert page.texts("title")[0].startswith("clamp · resolved")
    assert (page.texts("del")[0], page.texts("ins")[0]) == ("<", ">")
    tables = [each for each in page.every("table") if each.attributes.get("class") == "tests"]
    assert "failedpassedtests/test_prices.py::test_above" in tables[0].text
    (table,) = [each for each in page.every("table") if each.attributes.get("class") == "traces"]
    traces = table.every("tr")
    assert traces[0].texts("th") == ["", "predicted", "recorded"]
    rows = [each.texts("code") for each in traces if each.attributes.get("class") == "same"]
    assert any("    if value > high:" in row for row in rows)
    assert "differs" in {each.attributes.get("class") for each in traces}
    assert "They part here first" in page.text


@pytest.mark.parametrize(
    ("form", "begin"), [("html", "<!DOCTYPE html>"), ("markdown", "# clamp"), ("json", "{")]
)
def test_every_form_goes_to_a_file_or_to_standard_output(
    foretrace: CommandLine, folder: Path, form: str, begin: str
) -> None:
    printed = foretrace("export", folder.name, "--to", form)
    assert printed.status == 0, printed
    assert printed.out.startswith(begin)
    written = foretrace("export", folder.name, "--to", form, "-o", "file")
    assert written.status == 0, written
    assert (foretrace.folder / "file").read_text() == printed.out
    assert "written to file" in written.err


def test_json_is_the_run_and_all_of_its_events(foretrace: CommandLine, folder: Path) -> None:
    whole = json.loads(foretrace("export", folder, "--to", "json").out)
    assert whole["run"] == json.loads((folder / "run.json").read_text())
    assert [event["type"] for event in whole["events"]] == ["action", "result"]
    assert whole["events"][1]["data"]["output"] == "prices.py\n"
    assert (whole["steps"][0]["tool"], whole["result"]) == ("bash", None)


def test_wrong_use_is_a_line(foretrace: CommandLine, folder: Path) -> None:
    for flags, words in (
        (["--to", "pdf"], "there is no form 'pdf'"),
        ([], "--to"),
        (["--to", "html", "-o", "no/such/folder/a.html"], "cannot write no/such/folder/a.html"),
    ):
        ended = foretrace("export", folder, *flags)
        assert ended.status == 2, ended
        assert words in ended.err
        assert "Traceback" not in ended.err
