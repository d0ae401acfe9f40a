"""Batches that a model decides: its server is spared, and waited for when it goes down."""

import pytest

from tests.agent.batch.batches import Batches, checked
from tests.agent.batch.chaos import Conversations
from tests.agent.scriptedmodel import Child, finish, serving, until
from tests.model.server import ModelServer

pytestmark = pytest.mark.engine


def start(batches: Batches, server: ModelServer, *flags: object) -> Child:
    chosen = ("--model-url", server.url, "--profile", "chat")
    return batches.foretrace.start("batch", batches.list, *chosen, *flags)


def test_no_more_requests_are_under_way_than_may_be(batches: Batches) -> None:
    batches.write(3, judged=False)
    replies = Conversations()
    with serving(fallback=replies) as server:
        ended = checked(finish(start(batches, server, "-j", 3, "--requests", 1)))
    assert ended.status == 0, ended
    assert batches.counts() == {"submitted": 3}
    assert replies.most == 1
    status = batches.status()
    assert status.tokens > 0
    assert {row.model for row in status.rows} == {"scripted"}


def test_a_model_that_goes_down_is_waited_for(batches: Batches) -> None:
    batches.write(4, judged=False)
    for name, value in (("MODEL__RETRIES", 0), ("BATCH__BREAKER", 2), ("BATCH__RETRIES", 4)):
        batches.foretrace.environment[f"FORETRACE_{name}"] = str(value)
    replies = Conversations()
    with serving(fallback=replies) as server:
        child = start(batches, server, "-j", 2, "--workers", 1)
        until(lambda: len(server.asked) >= 2, child)
    until(lambda: batches.status().stage == "waiting", child)
    assert "the model is down" in batches.status().note
    begun = len(list(batches.folder.runs.glob("*/run.json")))
    port = int(server.url.split(":")[2].split("/")[0])
    with serving(fallback=replies, port=port):
        ended = checked(finish(child))
    assert ended.status == 0, ended
    assert "going on: the model is there again" in ended.err
    assert batches.counts() == {"submitted": 4}
    assert begun <= 4  # nothing new was started while it was down
    failures = set(batches.status().failures)
    assert failures
    assert failures <= {"ServerUnreachable", "ServerFailed"}


def test_a_model_that_was_never_there_is_told_at_once(batches: Batches) -> None:
    with serving() as server:
        pass
    ended = checked(finish(start(batches, server)))
    assert ended.status == 3, ended
    assert f"no model server answers at {server.url}" in ended.err
