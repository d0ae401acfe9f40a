"""The command line: what it refuses, in one line and with the right exit status."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine, Project


def complains(ended, status: int, *words: str) -> None:  # type: ignore[no-untyped-def]
    """Whether a call was refused as the user would wish: a line or two, no traceback."""
    assert ended.status == status, ended
    assert "Traceback" not in ended.err
    complaint = ended.err[ended.err.index("foretrace: ") :]
    assert len(complaint.splitlines()) <= 2
    for word in words:
        assert word in complaint


def test_help_names_every_command_and_imports_nothing_slow() -> None:
    program = (
        "import sys\n"
        "from agent.cli import main\n"
        "sys.argv = ['foretrace', '--help']\n"
        "try: main()\n"
        "finally: print(sorted(sys.modules), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 0
    for name in ("run", "verify", "env", "doctor", "clean"):
        assert f"  {name} " in ended.stdout
    for slow in ("docker", "pydantic", "libcst", "git", "rich", "torch", "asyncio", "requests"):
        assert f"'{slow}'" not in ended.stderr


@pytest.mark.parametrize("command", ["run", "verify", "env", "doctor", "clean"])
def test_every_command_has_help(foretrace: CommandLine, command: str) -> None:
    ended = foretrace(command, "--help")
    assert ended.status == 0
    assert ended.out.startswith("Usage: ")


def test_wrong_words_are_usage_errors(foretrace: CommandLine) -> None:
    for arguments in (["nope"], ["run"], ["run", "x", "--nope"], ["run", "x", "--turns", "many"]):
        ended = foretrace(*arguments)
        assert ended.status == 2
        assert "Traceback" not in ended.err


def test_an_issue_that_cannot_be_read_is_refused(
    foretrace: CommandLine, tmp_path: Path, project: Project
) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    complains(foretrace("run", tmp_path / "none.txt", "--repo", project.path), 2, "none.txt")
    complains(foretrace("run", tmp_path / "empty.txt", "--repo", project.path), 2, "empty")
    assert not foretrace.runs.exists()


def test_broken_settings_are_refused_with_their_place(
    foretrace: CommandLine, issue_file: Path, project: Project
) -> None:
    settings = foretrace.folder / "foretrace.toml"
    for text, words in (
        ("[sandbox\n", ["not valid TOML", "line 1"]),
        ("[sandbox]\nmemory = 'much'\n", ["sandbox.memory"]),
        ("[sandbox]\ncolour = 'red'\n", ["sandbox.colour"]),
        ("policy = 'oracle'\n", ["oracle", "repair"]),
    ):
        settings.write_text(text)
        complains(foretrace("run", issue_file, "--repo", project.path), 2, *words)
    settings.unlink()
    complains(
        foretrace("run", issue_file, "--repo", project.path, "--config", "none.toml"), 2, "none"
    )
    assert not foretrace.runs.exists()


def test_settings_come_from_flags_then_environment_then_file(
    foretrace: CommandLine, issue_file: Path
) -> None:
    (foretrace.folder / "foretrace.toml").write_text("policy = 'from-file'\n")
    assert "from-file" in foretrace("run", issue_file).err
    foretrace.environment["FORETRACE_POLICY"] = "from-environment"
    assert "from-environment" in foretrace("run", issue_file).err
    assert "from-flag" in foretrace("run", issue_file, "--policy", "from-flag").err


def test_an_engine_that_does_not_answer_is_a_failure_of_the_infrastructure(
    foretrace: CommandLine, issue_file: Path, project: Project
) -> None:
    for address in ("unix:///nowhere.sock", "tcp://127.0.0.1:9"):
        ended = foretrace("run", issue_file, "--repo", project.path, "--engine", address)
        complains(ended, 3, "engine")


def test_debug_shows_the_traceback(foretrace: CommandLine, tmp_path: Path) -> None:
    assert "Traceback" in foretrace("--debug", "run", tmp_path / "none.txt").err
    assert "Traceback" in foretrace("run", tmp_path / "none.txt", "--debug").err
