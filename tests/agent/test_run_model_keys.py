"""The model server's key on a run's way: it reaches the server, and nothing and nobody else."""

from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine, Ended
from tests.agent.scriptedmodel import CHAT, Runs, serving
from tests.model import replies

pytestmark = pytest.mark.engine

KEY = "sk-secret/42+x"
PATTERN = "sk-[s]ecret"
"""Finds the key, and not itself."""

LOOK = CHAT.act(
    "bash",
    command=(
        f"env | grep -c '{PATTERN}'; "
        f"cat /proc/*/environ /proc/*/cmdline 2>/dev/null | grep -ac '{PATTERN}'; "
        f"grep -rls '{PATTERN}' /etc /home /opt /root /run /srv /tmp /usr/local /var $PWD; "
        "env | grep -ci foretrace; echo looked"
    ),
)
"""Looks for it in the sandbox, wherever a file or a process could hold it."""


@pytest.fixture
def runs(foretrace: CommandLine, tmp_path: Path) -> Runs:
    return Runs(foretrace, tmp_path)


@pytest.fixture(params=["environment", "file"])
def keyed(runs: Runs, request: pytest.FixtureRequest, tmp_path: Path) -> Runs:
    """Runs that have the key, from either place."""
    if request.param == "environment":
        runs.foretrace.environment["FORETRACE_MODEL_KEY"] = KEY
    else:
        file = tmp_path / "key.txt"
        file.write_text(f"{KEY}\n")
        runs.set(key_file=file)
    return runs


def traces(runs: Runs, ended: Ended) -> list[str]:
    """Where the key stands although it should not."""
    files = (path for path in runs.foretrace.folder.rglob("*") if path.is_file())
    found = [str(path) for path in files if KEY.encode() in path.read_bytes()]
    return found + [text for text in (ended.out, ended.err) if KEY in text]


def test_a_run_leaves_no_trace_of_the_key(keyed: Runs) -> None:
    with serving(LOOK, *CHAT.resolution(), key=KEY) as server:
        ended = keyed(server, "--debug")
        sent = {request.headers.get("authorization") for request in server.asked}
    assert ended.status == 0, ended
    assert sent == {f"Bearer {KEY}"}
    looked = keyed.of("result")[0].output
    assert looked == "0\n0\n0\nlooked\n"
    assert traces(keyed, ended) == []


def test_a_build_that_shows_its_environment_leaves_no_trace_of_the_key(runs: Runs) -> None:
    runs.foretrace.environment["FORETRACE_MODEL_KEY"] = KEY
    runs.project.put("setup.py", "import os\nraise SystemExit(str(dict(os.environ)))\n")
    with serving(key=KEY) as server:
        ended = runs(server, "--debug")
    assert ended.status == 3, ended
    assert "'PATH': " in (runs.folder / "build.log").read_text()
    assert "'PATH': " in ended.err
    assert traces(runs, ended) == []


@pytest.mark.parametrize("debug", [False, True])
def test_a_server_that_repeats_the_key_it_refuses_is_not_quoted(keyed: Runs, debug: bool) -> None:
    flags = ["--debug"] if debug else []
    with serving(key="another") as server:
        url = ("--model-url", server.url)
        ended = keyed.foretrace(*keyed.arguments(*url, *flags))
    assert ended.status == 2, ended
    assert "Incorrect API key provided: Bearer [key]." in ended.err
    assert ("Traceback" in ended.err) == debug
    assert KEY not in ended.err + ended.out


def test_a_key_that_is_refused_in_the_middle_is_not_kept(keyed: Runs) -> None:
    with serving(CHAT.edit(), replies.wrong_key()) as server:
        ended = keyed(server)
    assert ended.status == 2, ended
    assert "refused the key (401: Incorrect API key provided: Bearer [key].)" in ended.err
    assert keyed.result["status"] == "failed"
    assert keyed.of("failure")[0].kind == "KeyRefused"
    assert "+    if value > high:" in keyed.patch
    assert traces(keyed, ended) == []
