"""Whole runs whose model server fails in the middle: what passes is outlived, what does not is told
with all that was done until then.
"""

from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine
from tests.agent.scriptedmodel import CHAT, Runs, Voice, finish, serving, until
from tests.model import replies
from tests.model.replies import Reply, say
from tests.model.tokenizers import small_tokenizer_file

pytestmark = pytest.mark.engine


@pytest.fixture
def runs(foretrace: CommandLine, tmp_path: Path) -> Runs:
    return Runs(foretrace, tmp_path)


def test_what_passes_is_asked_for_again(runs: Runs) -> None:
    edit, take, submit, sum_up = CHAT.resolution()
    script = [
        *(replies.rate_limited(after=1), edit),
        *(replies.body("{not json"), replies.body("<html>A proxy</html>", "text/html"), take),
        *(say("half an answer, and then", dies=True), submit),
        *(replies.refuse(500, "out of memory"), sum_up),
    ]
    with serving(*script) as server:
        ended = runs(server)
    assert ended.status == 0, ended
    assert len(server.asked) == len(script)
    retries = runs.of("retry")
    assert [each.number for each in retries] == [1, 1, 2, 1, 1]
    assert retries[0].seconds >= 1
    assert "429: Rate limit reached" in retries[0].reason
    assert "500: out of memory" in retries[-1].reason
    assert [action.reply.retries for action in runs.of("action")] == [1, 2, 1, 1]
    assert runs.result["steps"] == 4  # a retry is no turn
    assert "half an answer" not in (runs.folder / "events.jsonl").read_text()


def test_a_server_that_is_started_anew_is_gone_on_with(runs: Runs) -> None:
    edit, *rest = CHAT.resolution()
    with serving(edit, replies.silent()) as server:
        child = runs.start(server)
        until(lambda: len(server.asked) == 2, child)
    port = int(server.url.split(":")[2].split("/")[0])
    with serving(*rest, port=port) as again:
        ended = finish(child)
    assert ended.status == 0, ended
    assert runs.result["status"] == "resolved"
    assert runs.of("retry")
    # The conversation went on: what the first server was asked begins what the second was.
    messages = server.asked[-1].json["messages"]
    assert again.asked[0].json["messages"] == messages
    assert len(again.asked) == 3


def test_a_server_that_dies_for_good_leaves_what_was_done(runs: Runs) -> None:
    runs.set(retries=1)
    with serving(CHAT.edit(), replies.silent()) as server:
        child = runs.start(server)
        until(lambda: len(server.asked) == 2, child)
    ended = finish(child)
    assert ended.status == 3, ended
    assert f"foretrace: no model server answers at {server.url}" in ended.err
    assert "+    if value > high:" in ended.out
    assert runs.result["status"] == "failed"
    assert runs.result["submitted_by"] == "failure"
    assert runs.result["verification"] is None
    assert "+    if value > high:" in runs.patch
    assert [event.type for event in runs.events()][-4:] == [
        *("retry", "submission", "failure", "ended")
    ]
    assert runs.of("submission")[0].by == "failure"
    assert runs.of("failure")[0].kind == "ServerUnreachable"


def test_a_server_that_dies_after_the_submission_leaves_what_was_submitted(runs: Runs) -> None:
    runs.set(retries=0)
    edit, take, submit, _ = CHAT.resolution()
    more = CHAT.act("create", path="more.py", content="MORE = 1")
    with serving(edit, take, submit, more, fallback=replies.refuse(500)) as server:
        ended = runs(server)
    assert ended.status == 3, ended
    assert runs.result["status"] == "failed"
    assert runs.result["submitted_by"] == "policy"
    (submission,) = runs.of("submission")
    assert runs.patch == submission.patch
    assert "more.py" not in runs.patch


FINAL = {
    "wrong JSON": (replies.body("{not json"), 3, "answer cannot be read"),
    "errors": (replies.refuse(503, "no worker left"), 3, "no worker left"),
    "a model that is gone": (replies.unknown_model("scripted"), 2, "has no model 'scripted'"),
    "an account that is empty": (replies.refuse(402, "pay first"), 3, "is exhausted"),
}


@pytest.mark.parametrize("case", FINAL)
def test_a_server_that_goes_on_failing_ends_the_run_in_a_line(runs: Runs, case: str) -> None:
    reply, status, said = FINAL[case]
    runs.set(retries=1)
    with serving(CHAT.edit(), fallback=reply) as server:
        ended = runs(server)
    assert ended.status == status, ended
    (line,) = (each for each in ended.err.splitlines() if each.startswith("foretrace: "))
    assert said in line
    assert runs.result["status"] == "failed"
    assert said in str(runs.result["reason"])
    assert "+    if value > high:" in runs.patch


RAMBLING = {
    "cwm": say("word " * 100_000, pause=0.001),
    "chat": replies.endless(),
}


@pytest.mark.parametrize("profile", RAMBLING)
def test_an_answer_without_an_end_is_cut_off_and_the_model_told(
    runs: Runs, profile: str, tmp_path: Path
) -> None:
    file = small_tokenizer_file(tmp_path) if profile == "cwm" else None
    voice = Voice(profile, file)
    runs.set(action_tokens=256)
    with serving(RAMBLING[profile], *voice.resolution(), voice=voice) as server:
        ended = runs(server, *voice.flags)
        rambling = server.asked[0]
    assert ended.status == 0, ended
    assert rambling.hung_up
    (told,) = runs.of("format_error")
    assert "cut off" in told.message
    assert len(told.reply.text) < 100_000
    assert runs.result["steps"] == 5


def test_a_context_smaller_than_the_server_said_is_kept_to(runs: Runs) -> None:
    edit, *rest = CHAT.resolution()
    with serving(edit, replies.context_exceeded(9_000), *rest) as server:
        ended = runs(server)
    assert ended.status == 0, ended
    sizes = [request.json["max_tokens"] for request in server.asked]
    assert sizes[1] > 9_000
    assert all(size < 9_000 for size in sizes[2:])


def test_a_context_that_is_exceeded_for_good_ends_the_run_as_a_limit(runs: Runs) -> None:
    exceeded: Reply = replies.context_exceeded(9_000)
    with serving(CHAT.edit(), fallback=exceeded) as server:
        ended = runs(server)
    assert ended.status == 0, ended
    assert len(server.asked) < 30
    assert [each.limit for each in runs.of("limit")] == ["context"]
    assert runs.result["submitted_by"] == "limit"
    assert "nobody submitted it: the context of" in str(runs.result["reason"])
