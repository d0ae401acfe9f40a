"""Real issues of real projects, resolved from beginning to end by scripted models.

A script is what a model might do: it reads the code, sees the tests fail, changes a line or two,
sees them pass, and hands in. The changes are ours; nothing of the upstream repair is known here.
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from agent.trajectory import read_events
from tests.agent.conftest import CommandLine
from tests.agent.scriptedmodel import Voice, serving
from tests.model.replies import Reply
from tests.model.tokenizers import small_tokenizer_file

pytestmark = [pytest.mark.engine, pytest.mark.network]

ISSUES = Path(__file__).parents[2] / "examples/issues.jsonl"


@dataclass(frozen=True)
class Change:
    """A change that resolves an issue.

    Attributes:
        path: of the file.
        search: a line that is there once.
        replace: what takes its place.
    """

    path: str
    search: str
    replace: str


CHANGES = {
    "humanize-4.2.1": Change(
        "src/humanize/number.py",
        "    if ndigits:",
        "    if ndigits is not None:",
    ),
    "tinydb-4.8.2": Change(
        "tinydb/utils.py",
        "        if self.cache.get(key):",
        "        if key in self.cache:\n            self.cache[key] = value",
    ),
    "w3lib-2.1.0": Change(
        "w3lib/html.py",
        "            except ValueError:",
        "            except (ValueError, OverflowError):",
    ),
}


@pytest.fixture
def voice(tmp_path: Path) -> Voice:
    return Voice("cwm", small_tokenizer_file(tmp_path))


def resolution(voice: Voice, change: Change, tests: list[str]) -> list[Reply]:
    """What the model does."""
    named = "\n".join(tests)
    return [
        voice.act("bash", command=f"git log --oneline; cat {change.path}"),
        voice.act("test", tests=named),
        voice.act("edit", path=change.path, search=change.search, replace=change.replace),
        voice.act("test", tests=named),
        *voice.hand_in(),
    ]


@pytest.mark.parametrize("name", CHANGES)
def test_a_model_resolves_a_real_issue(foretrace: CommandLine, voice: Voice, name: str) -> None:
    rows = map(json.loads, ISSUES.read_text().splitlines())
    row = next(each for each in rows if each["id"] == name)
    change = CHANGES[name]
    with serving(*resolution(voice, change, row["tests"]), voice=voice) as server:
        ended = foretrace("run", f"{ISSUES}#{name}", "--model-url", server.url, *voice.flags)
        prompts = [request.json["prompt"] for request in server.asked]
    assert ended.status == 0, ended

    result = foretrace.result()
    assert (result["status"], result["submitted_by"]) == ("resolved", "policy")
    verification = result["verification"]
    assert isinstance(verification, dict)
    judged = {
        each["test"]: (each["before"], each["after"]) for each in verification["fail_to_pass"]
    }
    assert judged == dict.fromkeys(row["tests"], ("failed", "passed"))
    kept = [each for each in verification["pass_to_pass"] if each["before"] == "passed"]
    assert len(kept) > 20
    assert all(each["after"] == "passed" for each in kept)

    events = list(read_events(foretrace.run_folder() / "events.jsonl"))
    first, last = [e.data.data for e in events if e.type == "result" and e.data.tool == "test"]
    assert {each["status"] for each in first["outcomes"]} == {"failed"}
    assert {each["status"] for each in last["outcomes"]} == {"passed"}
    assert (
        f"+{change.replace.splitlines()[0]}" in (foretrace.run_folder() / "patch.diff").read_text()
    )

    asked = voice.tokenizer.decode(prompts[0])
    assert row["text"] in asked
    for test in row["tests"]:
        assert test in asked
    # What a line says for its readers is not for the model, nor is where its tests come from.
    for secret in (row["upstream"], row["tests_from"]["pypi"], f"=={row['buggy']}"):
        assert secret not in asked
    for one, other in pairwise(prompts):
        assert other[: len(one)] == one
