"""Whole runs that a model decides: resolved in every profile, ended by limits, two at once."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.conftest import CODE, CommandLine
from tests.agent.scriptedmodel import CHAT, Runs, Voice, finish, serving
from tests.model.http import Exchange
from tests.model.replies import Reply, silent
from tests.model.server import MODEL, ModelServer
from tests.model.tokenizers import small_tokenizer_file

pytestmark = pytest.mark.engine

NONSENSE = (
    CHAT.act("create", path="/tmp/no.diff", content="diff --git a/x b/x\nnonsense\n"),
    CHAT.act("submit", path="/tmp/no.diff"),
)
PRICES = {"input": 3.0, "output": 15.0, "cached": 0.3}


@pytest.fixture
def runs(foretrace: CommandLine, tmp_path: Path) -> Runs:
    return Runs(foretrace, tmp_path)


@pytest.fixture
def cwm(tmp_path: Path) -> Voice:
    return Voice("cwm", small_tokenizer_file(tmp_path))


@pytest.fixture(params=["cwm", "chat", "tools"])
def voice(request: pytest.FixtureRequest, cwm: Voice) -> Voice:
    return cwm if request.param == "cwm" else Voice(request.param)


def test_a_model_resolves_an_issue(runs: Runs, voice: Voice) -> None:
    with serving(*voice.resolution(), voice=voice) as server:
        ended = runs(server, *voice.flags, "--model", MODEL, "--seed", 7)
    assert ended.status == 0, ended
    assert ended.err.splitlines()[0] == "clamp: the cwm policy decides"
    assert f"({voice.profile}, " in ended.err
    assert "+    if value > high:" in ended.out
    assert {path.name for path in runs.folder.iterdir()} >= {
        *("run.json", "events.jsonl", "patch.diff", "result.json")
    }
    assert [event.type for event in runs.events()] == [
        *("started", "prepared", "model", "prompt"),
        *["action", "result"] * 3,
        *("submission", "action", "message", "verification", "ended"),
    ]
    (chosen,) = runs.of("model")
    assert (chosen.model, chosen.profile, chosen.context) == (MODEL, voice.profile, 131_072)
    assert runs.result["status"] == "resolved"
    assert runs.result["submitted_by"] == "policy"
    assert runs.result["steps"] == 4
    assert runs.patch == runs.of("submission")[0].patch
    usage = runs.result["usage"]
    assert isinstance(usage, dict)
    for name in ("input_tokens", "cached_tokens", "output_tokens"):
        assert usage[name] == sum(action.usage[name] for action in runs.of("action")) > 0
    record = json.loads((runs.folder / "run.json").read_text())
    assert (record["policy"], record["seed"]) == ("cwm", 7)
    assert record["settings"]["model"]["url"] == server.url
    endpoint = "/v1/completions" if voice.profile == "cwm" else "/v1/chat/completions"
    assert {request.path for request in server.asked} == {endpoint}
    assert (runs.project.path / "prices.py").read_text() == CODE


def test_what_it_cost_is_summed_up(runs: Runs, cwm: Voice) -> None:
    runs.set(**{f"prices__{name}": price for name, price in PRICES.items()})
    with serving(*cwm.resolution(), voice=cwm) as server:
        ended = runs(server, *cwm.flags, "--json")
    assert ended.err == ""
    result = json.loads(ended.out)
    assert result == runs.result
    usage = result["usage"]
    # Each prompt begins with all of the one before, which the server therefore has cached.
    sizes = [len(request.json["prompt"]) for request in server.asked]
    assert usage["input_tokens"] == sum(sizes)
    assert usage["cached_tokens"] == sum(sizes[:-1])
    fresh = usage["input_tokens"] - usage["cached_tokens"]
    dollars = fresh * 3.0 + usage["cached_tokens"] * 0.3 + usage["output_tokens"] * 15.0
    assert usage["cost"] == pytest.approx(dollars / 1_000_000)


def test_the_tokenizer_alone_says_how_to_speak(runs: Runs, cwm: Voice) -> None:
    with serving(cwm.act("bash", command="ls"), voice=cwm) as server:
        ended = runs(server, "--turns", 1, "--tokenizer", cwm.tokenizer_file)
    assert ended.status == 1, ended
    assert runs.of("model")[0].profile == "cwm"
    assert [action.tool for action in runs.of("action")] == ["bash"]


def test_without_a_tokenizer_the_chat_endpoint_is_used_and_that_is_said(runs: Runs) -> None:
    with serving(CHAT.act("bash", command="ls")) as server:
        ended = runs(server, "--turns", 1)
    assert ended.status == 1, ended
    assert "so the chat endpoint is used" in ended.err
    (chosen,) = runs.of("model")
    assert chosen.profile == "chat"
    assert "so the chat endpoint is used" in chosen.notes[0]


# Limits ---------------------------------------------------------------------------------------

LIMITS: dict[str, tuple[str, Callable[[], list[Reply]]]] = {
    "turns": ("1", lambda: [CHAT.edit()]),
    "seconds": ("8", lambda: [CHAT.edit(), silent()]),
    "tokens": ("1000", lambda: [CHAT.edit()]),
    "cost": ("0.4", lambda: [CHAT.edit(cost=0.5)]),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_what_had_changed_when_a_limit_ends_the_run_is_verified(runs: Runs, limit: str) -> None:
    value, script = LIMITS[limit]
    with serving(*script()) as server:
        ended = runs(server, f"--{limit}", value)
    assert ended.status == 0, ended
    assert not server.script
    assert [each.limit for each in runs.of("limit")] == [limit]
    (submission,) = runs.of("submission")
    assert submission.by == "limit"
    assert runs.result["status"] == "resolved"
    assert runs.result["submitted_by"] == "limit"
    message = runs.of("limit")[0].message
    assert f"(nobody submitted it: {message})" in str(runs.result["reason"])
    assert "nobody submitted it" in ended.out
    assert "+    if value > high:" in runs.patch


def test_an_unsubmitted_candidate_that_fails_is_not_a_resolution(runs: Runs) -> None:
    made = CHAT.act("create", path="notes.txt", content="To be done.")
    with serving(made) as server:
        ended = runs(server, "--turns", 1)
    assert ended.status == 1, ended
    assert runs.result["status"] == "unresolved"
    assert runs.result["submitted_by"] == "limit"
    assert "notes.txt" in runs.patch


def test_a_limit_before_anything_changed_leaves_nothing_to_verify(runs: Runs) -> None:
    with serving(CHAT.act("bash", command="ls")) as server:
        ended = runs(server, "--turns", 1)
    assert ended.status == 1, ended
    assert runs.result["status"] == "unresolved"
    assert runs.result["submitted_by"] is None
    assert runs.result["reason"] == "all 1 turns are used up"
    assert not (runs.folder / "patch.diff").exists()


def test_a_submission_counts_whatever_changes_before_the_limit(runs: Runs) -> None:
    edit, take, submit, _ = CHAT.resolution()
    spoil = CHAT.act("bash", command="git rm -q --cached prices.py; rm prices.py")
    with serving(edit, take, submit, spoil) as server:
        ended = runs(server, "--turns", 4)
    assert ended.status == 0, ended
    assert runs.result["submitted_by"] == "policy"
    assert "+    if value > high:" in runs.patch


def test_a_submission_that_does_not_apply_is_no_better_than_none(runs: Runs) -> None:
    with serving(CHAT.edit(), *NONSENSE) as server:
        ended = runs(server, "--turns", 3)
    assert ended.status == 0, ended
    assert [each.by for each in runs.of("submission")] == ["policy", "limit"]
    assert runs.result["submitted_by"] == "limit"
    assert "+    if value > high:" in runs.patch


def test_a_submission_that_does_not_apply_replaces_none_that_does(runs: Runs) -> None:
    *script, _ = CHAT.resolution()
    with serving(*script, *NONSENSE) as server:
        ended = runs(server, "--turns", 5)
    assert ended.status == 0, ended
    assert [each.applies for each in runs.of("submission")] == [True, False]
    assert runs.result["submitted_by"] == "policy"
    assert runs.patch == runs.of("submission")[0].patch


# Several runs ---------------------------------------------------------------------------------


def test_two_runs_at_once_do_not_disturb_one_another(runs: Runs, tmp_path: Path) -> None:
    good, bad = "It is in clamp.", "It is in total."
    before, after = "        return low", "        return high"
    wrong = CHAT.act("edit", path="prices.py", search=before, replace=after)
    scripts = {good: CHAT.resolution(), bad: [wrong, *CHAT.hand_in()]}
    begun: set[str] = set()
    both = asyncio.Event()

    async def reply(exchange: Exchange, server: ModelServer) -> None:
        messages = exchange.request.json["messages"]
        (whose,) = (issue for issue in scripts if issue in messages[1]["content"])
        begun.add(whose)
        if len(begun) == len(scripts):
            both.set()
        await both.wait()
        answers = sum(message["role"] == "assistant" for message in messages)
        await scripts[whose][answers](exchange, server)

    with serving() as server:
        server.fallback = reply
        children = {}
        for issue, name in ((good, "good"), (bad, "bad")):
            runs.issue = tmp_path / f"{name}.txt"
            runs.issue.write_text(issue)
            children[issue] = runs.start(server, "--out", runs.foretrace.folder / name)
        ended = {issue: finish(child) for issue, child in children.items()}
    assert ended[good].status == 0, ended
    assert ended[bad].status == 1, ended
    for issue, name, line in ((good, "good", "> high"), (bad, "bad", "return high")):
        runs.foretrace.runs = runs.foretrace.folder / name
        assert line in runs.patch
        assert issue in runs.of("prompt")[0].user
        assert len(runs.of("action")) == 4
