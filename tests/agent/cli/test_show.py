"""``foretrace show``: the whole run as plain text, whatever is in it and whoever reads it."""

import subprocess
import sys
from pathlib import Path

from agent.cli.showview import run_lines
from agent.events import Acted, Answered
from agent.replay.reading import open_run
from tests.agent.conftest import CommandLine
from tests.agent.export.hostile import hostile_run
from tests.agent.replay.recorded import run_folder


def test_what_others_wrote_is_indented_and_safe(tmp_path: Path, foretrace: CommandLine) -> None:
    ended = foretrace("show", hostile_run(tmp_path / "runs"))
    assert ended.status == 0, ended
    assert not any(sign in ended.out for sign in "\x1b\x07\u202e\u2066\r")
    assert r"\x1b[31mred" in ended.out
    lines = ended.out.splitlines()
    assert "    # heading" in lines
    assert "    - list" in lines
    ours = ("run ", "issue ", "policy ", "unresolved: ", "seconds: ", "--- ", "=== step ", "    ")
    assert all(line.startswith(ours) for line in lines if line)


def test_nothing_is_cut_or_wrapped(tmp_path: Path) -> None:
    output = "x" * 100_000 + "\n" + "y\n" * 1000
    folder = run_folder(
        tmp_path,
        Acted(step=1, tool="bash", argument="cat it"),
        Answered(step=1, tool="bash", ok=True, output=output),
    )
    lines = [*run_lines(open_run(folder))]
    assert "    " + "x" * 100_000 in lines
    assert lines.count("    y") == 1000


def test_a_reader_that_has_enough_is_no_failure(tmp_path: Path) -> None:
    rows = [Answered(step=1, tool="bash", ok=True, output="line\n" * 100_000)]
    folder = run_folder(tmp_path, Acted(step=1, tool="bash"), *rows)
    command = [sys.executable, "-m", "agent.cli", "show", str(folder)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline().startswith(b"run ")
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(60) == 0


def test_a_run_whose_last_line_is_torn_is_shown(tmp_path: Path, foretrace: CommandLine) -> None:
    folder = run_folder(
        tmp_path,
        Acted(step=1, tool="bash", argument="ls"),
        Answered(step=1, tool="bash", ok=True, output="prices.py\n"),
    )
    events = folder / "events.jsonl"
    events.write_bytes(events.read_bytes()[:-9])
    ended = foretrace("show", folder)
    assert ended.status == 0, ended
    assert "no result yet: it goes on, or was killed" in ended.out
    assert "--- call: bash\n    ls\n" in ended.out
    assert "prices.py" not in ended.out


def test_a_run_of_a_newer_format_is_a_line(tmp_path: Path, foretrace: CommandLine) -> None:
    folder = run_folder(tmp_path)
    record = folder / "run.json"
    record.write_text(record.read_text().replace('"format": 1', '"format": 9'))
    ended = foretrace("show", folder)
    assert ended.status == 2
    assert "format 9" in ended.err
