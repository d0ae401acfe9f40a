"""The command line: what it refuses, in one line and with the right exit status."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.conftest import CODE, FAILING, CommandLine, Project
from tests.model.server import MODEL, threaded_model_server
from tests.model.tokenizers import small_tokenizer_file


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
    for name in ("run", "verify", "trace", "env", "doctor", "clean"):
        assert f"  {name} " in ended.stdout
    for slow in ("docker", "pydantic", "libcst", "git", "rich", "torch", "asyncio", "requests"):
        assert f"'{slow}'" not in ended.stderr


@pytest.mark.parametrize("command", ["run", "verify", "trace", "env", "doctor", "clean"])
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


def test_a_nested_variable_with_one_underscore_is_explained(foretrace: CommandLine) -> None:
    foretrace.environment["FORETRACE_MODEL"] = "cwm"
    complains(foretrace("stats"), 2, "FORETRACE_* variable", '"model"', "FORETRACE_MODEL__NAME")


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


@pytest.mark.engine
def test_doctor_says_what_works_and_what_mends_the_rest(foretrace: CommandLine) -> None:
    ended = foretrace("doctor")
    assert ended.status == 0, ended
    for name in ("engine", "base image", "cache", "git", "model server", "tokenizer"):
        assert name in ended.out
    foretrace.environment["FORETRACE_MODEL__URL"] = "http://127.0.0.1:9/v1"
    foretrace.environment["FORETRACE_MODEL__TOKENIZER"] = "/nowhere/tokenizer.json"
    ended = foretrace("doctor", "--engine", "unix:///nowhere.sock")
    assert ended.status == 3
    assert ended.out.count("missing") == 3
    assert ended.out.count("mend it:") == 3


@pytest.mark.engine
def test_doctor_names_the_model_the_way_it_is_spoken_to_and_what_it_lacks(
    foretrace: CommandLine, tmp_path: Path
) -> None:
    with threaded_model_server(key="sk-right") as server:
        foretrace.environment["FORETRACE_MODEL__URL"] = server.url
        refused = foretrace("doctor")
        foretrace.environment["FORETRACE_MODEL_KEY"] = "sk-right"
        answers = foretrace("doctor")
        foretrace.environment["FORETRACE_MODEL__TOKENIZER"] = str(small_tokenizer_file(tmp_path))
        tokenized = foretrace("doctor")
    assert refused.status == 3
    assert "refused the key" in refused.out
    assert answers.status == 0, answers
    assert f"{MODEL} at {server.url}, context 131,072 tokens" in answers.out
    assert "profile chat; no tokenizer" in answers.out
    assert "2,304 tokens; profile cwm" in tokenized.out
    assert "sk-right" not in refused.out + answers.out + tokenized.out


@pytest.mark.engine
def test_env_build_shows_its_plan_then_builds_once(
    foretrace: CommandLine, project: Project
) -> None:
    ended = foretrace("env", "build", project.path, "--show")
    assert ended.status == 0, ended
    assert ended.out.startswith("# Python 3.")
    first = foretrace("env", "build", project.path, "--log", "build.log")
    again = foretrace("env", "build", project.path)
    assert first.status == again.status == 0, (first, again)
    assert "was there already" in again.out
    assert first.out.split()[0] == again.out.split()[0]
    name = again.out.split()[0].removeprefix("sha256:")[:12]
    assert name in foretrace("env", "list").out


@pytest.mark.engine
def test_clean_says_what_it_removed(foretrace: CommandLine) -> None:
    left = foretrace.folder / "cache" / "scratch" / "0123456789abcdef.1.1-x"
    foretrace.environment["FORETRACE_CACHE"] = str(foretrace.folder / "cache")
    program = "from sandboxes.owner import Owner; print(Owner.current().token)"
    dead = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    gone = left.with_name(f"{dead.strip()}-x")
    for folder in (left, gone):
        folder.mkdir(parents=True)
    ended = foretrace("clean")
    assert ended.status == 0, ended
    assert "1 scratch folders" in ended.out
    assert left.exists()  # of another machine: nothing is known of its owner
    assert not gone.exists()


@pytest.mark.engine
def test_verify_grades_a_patch(
    foretrace: CommandLine, project: Project, issue_file: Path, tmp_path: Path
) -> None:
    (project.path / "prices.py").write_text(CODE.replace("value < high", "value > high"))
    good = tmp_path / "good.diff"
    good.write_text(project.git("diff"))
    project.git("checkout", "--", ".")
    stale = tmp_path / "stale.diff"
    stale.write_text(good.read_text().replace("if value < high", "if value <= high"))
    where = ("--issue", issue_file, "--repo", project.path, "--test", FAILING[0])
    ended = foretrace("verify", good, *where)
    assert ended.status == 0, ended
    assert "passed" in ended.out
    ended = foretrace("verify", stale, *where)
    assert ended.status == 1
    assert "does not apply" in ended.out
    complains(foretrace("verify", tmp_path / "none.diff", *where), 2, "none.diff")


@pytest.mark.engine
def test_env_prune_takes_a_projects_images_and_leaves_the_base(
    foretrace: CommandLine, project: Project
) -> None:
    named = project.path.rename(project.path.with_name("prunable"))
    project = Project(named)
    project.put("prices.py", CODE + "\n\nEXTRA = 1\n")
    assert foretrace("env", "build", project.path).status == 0
    listed = foretrace("env", "list").out
    assert "prunable" in listed
    bases = [line for line in listed.splitlines() if " base " in line]
    assert bases
    assert foretrace("env", "prune", "prunable").status == 0
    listed = foretrace("env", "list").out
    assert "prunable" not in listed
    assert set(bases) <= set(listed.splitlines())
