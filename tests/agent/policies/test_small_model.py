"""A real small model that does not behave drives whole runs of a real issue."""

import json
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from agent.events import Acted, Answered, Event, Limited, Malformed, ModelChosen, Said
from agent.trajectory import read_events
from tests.agent.conftest import CommandLine
from tests.model.smollm import NAME, SmallModel, small_model

pytestmark = [
    pytest.mark.engine,
    pytest.mark.network,
    pytest.mark.skipif(find_spec("xllamacpp") is None, reason="no wheel of xllamacpp for this"),
]

ISSUE = f"{Path(__file__).parents[3] / 'examples' / 'issues.jsonl'}#humanize-4.2.1"
TURNS = 30
ANSWER = 64
"""Tokens of an answer: enough for a call, and few enough to be cut off by."""


@pytest.fixture(scope="module")
def served() -> Iterator[SmallModel]:
    with small_model() as model:
        yield model


def drive(
    foretrace: CommandLine, model: SmallModel, profile: str, turns: int = TURNS
) -> list[Event]:
    """A run by the model that ends as it must, without a patch and without a failure; its events.

    A tool's answer is kept short, so that thirty turns fit into the context.
    """
    foretrace.environment |= {
        "FORETRACE_MODEL__ACTION_TOKENS": str(ANSWER),
        "FORETRACE_MODEL__RESULT_TOKENS": "256",
    }
    flags = ("--model-url", model.url, "--profile", profile, "--turns", turns, "--json")
    ended = foretrace("run", ISSUE, *flags)
    assert ended.status == 1, ended
    assert ended.err == ""
    result = foretrace.result()
    assert json.loads(ended.out) == result
    assert result["status"] == "unresolved"
    events = list(read_events(foretrace.run_folder() / "events.jsonl"))
    (chosen,) = [event.data for event in events if isinstance(event.data, ModelChosen)]
    assert (chosen.model, chosen.profile, chosen.context) == (NAME, profile, model.context)
    taken = turns_of(events)
    assert result["usage"] == {
        name: sum(turn.usage[name] or 0 for turn in taken)
        for name in ("input_tokens", "cached_tokens", "output_tokens")
    }
    assert all(in_context(turn) <= model.context for turn in taken)
    return events


def turns_of(events: list[Event]) -> list[Acted | Malformed]:
    """Each is an action that a tool answered or a format error, and holds what the model said."""
    turns = [event.data for event in events if isinstance(event.data, Acted | Malformed)]
    assert [turn.step for turn in turns] == list(range(1, len(turns) + 1))
    answered = [event.data.step for event in events if isinstance(event.data, Answered)]
    assert answered == [turn.step for turn in turns if isinstance(turn, Acted)]
    for turn in turns:
        assert turn.reply is not None
        assert turn.reply.text
        assert turn.reply.finish in ("stop", "length")
        if isinstance(turn, Acted):
            assert turn.argument in turn.reply.text
        else:
            assert turn.message
        assert turn.usage["input_tokens"]
        assert 0 < (turn.usage["output_tokens"] or 0) <= ANSWER
    return turns


def in_context(turn: Acted | Malformed) -> float:
    """Tokens a turn takes, prompt and answer together, as the server counts."""
    return (turn.usage["input_tokens"] or 0) + (turn.usage["output_tokens"] or 0)


def limit_of(events: list[Event]) -> str:
    (limit,) = [event.data.limit for event in events if isinstance(event.data, Limited)]
    return limit


def test_thirty_turns_go_by_without_an_exception(
    foretrace: CommandLine, served: SmallModel
) -> None:
    events = drive(foretrace, served, "chat")
    turns = turns_of(events)
    assert len(turns) == TURNS
    assert limit_of(events) == "turns"
    assert any(isinstance(turn, Acted) for turn in turns)
    # Each prompt begins with the one before, so the server reads little more than what is new.
    for before, turn in pairwise(turns):
        assert (turn.usage["cached_tokens"] or 0) >= 0.9 * (before.usage["input_tokens"] or 0)


def test_a_model_that_calls_no_function_is_told_so_each_time(
    foretrace: CommandLine, served: SmallModel
) -> None:
    events = drive(foretrace, served, "tools", turns=8)
    turns = turns_of(events)
    assert len(turns) == 8
    assert limit_of(events) == "turns"
    # Its template knows of no functions, so what looks like calls in its answers is text.
    assert all(isinstance(turn, Malformed) for turn in turns)


def test_a_small_context_is_never_overrun(foretrace: CommandLine) -> None:
    with small_model(2_048) as model:
        events = drive(foretrace, model, "chat")
    assert 1 < len(turns_of(events)) < TURNS
    assert limit_of(events) == "context"
    # It was told in time, and once.
    told = [event.data.text for event in events if isinstance(event.data, Said)]
    assert len(told) == 1
    assert "nearly full" in told[0]
