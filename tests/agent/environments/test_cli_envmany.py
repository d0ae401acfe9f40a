"""The environments of whole lists on a real engine: built once each, and checked."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandboxes.engine import Engine
from sandboxes.environment import store
from tests.agent.conftest import FAILING, CommandLine, Ended, Project
from tests.agent.grading.gradings import MISFIT, RIGHT, WRONG
from tests.agent.scriptedmodel import prices_repository

KEPT = ["tests/test_prices.py::test_below", "tests/test_prices.py::test_total"]


@dataclass
class Listed:
    """A list of issues about a repository that has a name of its own."""

    foretrace: CommandLine
    project: Project
    path: Path

    def write(self, **issues: dict[str, object]) -> None:
        """The issues by their ids; what is said of each goes over the usual."""
        usual = {"repo": str(self.project.path), "text": "x", "tests": list(FAILING)}
        rows = [json.dumps({"id": name, **usual, **said}) for name, said in issues.items()]
        self.path.write_text("".join(f"{row}\n" for row in [*rows, '{"id": "half']))

    def __call__(self, *arguments: object) -> Ended:
        ended = self.foretrace("env", *arguments)
        assert "Traceback" not in ended.err, ended.err
        return ended


@pytest.fixture
async def listed(foretrace: CommandLine, tmp_path: Path) -> Listed:
    foretrace.environment["FORETRACE_VERIFY__REPEATS"] = "1"
    foretrace.environment["FORETRACE_CACHE"] = str(tmp_path / "cache")
    project = prices_repository(tmp_path / f"prices-{uuid.uuid4().hex[:8]}")
    return Listed(foretrace, project, tmp_path / "issues.jsonl")


@pytest.fixture
def pruned(engine: Engine, listed: Listed) -> Iterator[None]:
    """What was built for the project goes in the end; what it shares with others stays."""
    import asyncio

    yield
    asyncio.run(store.prune_images(engine, name=listed.project.path.name))


@pytest.mark.engine
@pytest.mark.usefixtures("pruned")
def test_each_environment_is_built_once_and_what_cannot_be_built_is_told(
    listed: Listed, engine: Engine, base_image: str
) -> None:
    earlier = listed.project.git("rev-parse", "HEAD").strip()
    listed.project.put("notes.txt", "changes nothing")
    listed.project.commit()
    own = f"true {uuid.uuid4().hex}"
    name = f"foretrace-test-{uuid.uuid4().hex[:8]}:mine"
    engine.client.images.get(base_image).tag(*name.split(":"))
    listed.write(
        one={"install": own},
        two={"install": own, "base": earlier},
        three={"install": own, "image": "127.0.0.1:9/not/there:1"},
        broken={"install": "echo it broke; exit 7"},
        broken_too={"install": "echo it broke; exit 7", "base": earlier},
        gone={"repo": str(listed.project.path / "nowhere")},
        ready={"image": name},
    )
    try:
        ended = listed("build", "--from", listed.path, "-j", 3, "--json")
        told = json.loads(ended.out)
        again = listed("build", "--from", listed.path, "-j", 3)
    finally:
        engine.client.api.remove_image(name, noprune=True, force=True)
    assert ended.status == again.status == 3
    assert ended.err.strip() == ""
    found = {each["issues"][0]: each for each in told["environments"]}
    assert {key: each["issues"] for key, each in found.items()} == {
        "one": ["one", "two", "three"],
        "broken": ["broken", "broken_too"],
        "gone": ["gone"],
        "ready": ["ready"],
    }
    assert [found[key]["state"] for key in found] == ["built", "failed", "failed", "there"]
    assert found["ready"]["image"] == base_image
    assert found["one"]["image"].startswith("sha256:")
    failure = found["broken"]["failure"]
    assert (failure["kind"], failure["infrastructure"]) == ("BuildFailed", True)
    assert failure["message"].endswith("it broke")
    assert "it broke" in Path(found["broken"]["log"]).read_text()
    assert found["gone"]["failure"]["kind"] == "CheckoutFailed"
    (half,) = told["left_out"]
    assert half["where"] == "line 8"
    assert "left out: line 8" in again.err
    assert "7 issues, 4 environments" in again.err
    assert "4 environments: 2 there, 2 failed" in again.out
    assert "(broken, broken_too): BuildFailed: " in again.out
    assert "the whole log: " in again.out


@pytest.mark.engine
@pytest.mark.usefixtures("pruned")
def test_issues_are_checked_against_their_own_words(listed: Listed) -> None:
    listed.write(
        right={"reference": RIGHT, "keep": KEPT},
        bare={},
        passes={"tests": [KEPT[0]]},
        lost={"keep": [*KEPT, FAILING[1]], "tests": [FAILING[0]], "reference": WRONG},
        misfit={"reference": MISFIT},
        absent={"tests": ["tests/test_prices.py::test_nothing"]},
        gone={"repo": str(listed.project.path / "nowhere")},
    )
    ended = listed("check", listed.path, "-j", 3)
    assert ended.status == 1, ended
    for line in (
        "right: sound (2 to fail before; 2 pass before; with its reference)",
        "bare: sound (2 to fail before; 2 pass before; no reference)",
        "passes: unsound",
        f"  {KEPT[0]} passes before anything is done",
        f"  {FAILING[0]} does not pass with the reference: failed",
        f"  {FAILING[1]} does not pass before: failed",
        "misfit: unsound",
        "  the reference does not fit: the patch does not apply",
        "  tests/test_prices.py::test_nothing is not found",
        "gone: failed (CheckoutFailed: ",
        "7 issues: 2 sound, 4 unsound, 1 failed",
    ):
        assert line in ended.out, line
    again = listed("check", listed.path, "--json")
    rows = {row["issue"]: row for row in map(json.loads, again.out.splitlines())}
    assert (again.status, len(rows)) == (1, 7)
    assert {name for name, row in rows.items() if row["cached"]} == set(rows) - {"gone"}
    assert rows["right"]["problems"] == []
    assert rows["passes"]["problems"][0]["test"] == KEPT[0]


def test_wrong_use_is_refused(listed: Listed, tmp_path: Path) -> None:
    for arguments, words in (
        (["build"], "which environment"),
        (["build", "here", "--from", listed.path], "which environment"),
        (["build", "--from", listed.path, "--show"], "for a single repository"),
        (["build", "--from", tmp_path / "none.jsonl"], "none.jsonl"),
        (["check", tmp_path / "none.jsonl"], "none.jsonl"),
    ):
        ended = listed(*arguments)
        assert ended.status == 2, ended
        assert words in ended.err
        assert ended.out == ""
