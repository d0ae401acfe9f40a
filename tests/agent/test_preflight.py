"""Runs that look ahead: what the world model says of a test before it runs, and what came of it."""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from agent.events import Event
from agent.trajectory import read_events
from model.predict.jsonlines import write_line
from model.trace.frame import Frame
from tests.agent.conftest import FAILING, REPAIR, CommandLine, Project, edit
from tests.model.http import Exchange
from tests.model.replies import refuse, say
from tests.model.server import ModelServer, threaded_model_server

pytestmark = pytest.mark.engine

Script = Callable[..., Path]
ABOVE = FAILING[0]
CALLED = "    return test_above()\n"
ASSERT = "    assert clamp(11, 0, 9) == 9\n"
HAND_IN = (("bash", "git diff > /tmp/fix.diff"), ("submit", "/tmp/fix.diff"))
WRONG = edit("    return sum(prices)", "    return sum(prices) + 0")
"""A change that does not touch what the tests are about."""


def trace(*inside: Frame, raises: bool) -> str:
    """A predicted trace of ``test_above``, as a model without CWM's tokens writes it."""
    frames = [
        Frame("line", CALLED, {}),
        Frame("call", "def test_above():\n", {}),
        Frame("line", ASSERT, {}),
        *inside,
    ]
    for line in (ASSERT, CALLED):
        if raises:
            frames.append(Frame("exception", line, value="AssertionError()"))
        frames.append(Frame("return", line, value="None"))
    return "\n".join([*map(write_line, frames), '{"event": "end"}'])


def clamped(last: str, value: str) -> list[Frame]:
    """The call of ``clamp(11, 0, 9)`` that leaves by this line."""
    given = {"value": "11", "low": "0", "high": "9"}
    same = dict.fromkeys(given, "..")
    lines = ["    if value < low:\n", "    if value > high:\n", last]
    return [
        Frame("call", "def clamp(value, low, high):\n", given),
        *(Frame("line", line, same) for line in lines),
        Frame("return", last, value=value),
    ]


PASSES = trace(*clamped("        return high\n", "9"), raises=False)
FAILS = trace(*clamped("    return value\n", "11"), raises=True)


@pytest.fixture
def world(foretrace: CommandLine) -> Iterator[ModelServer]:
    """A model server that is set as the model, its script still empty."""
    with threaded_model_server() as server:
        foretrace.environment["FORETRACE_MODEL__URL"] = server.url
        foretrace.environment["FORETRACE_SIMULATE__SAMPLES"] = "1"
        foretrace.environment["FORETRACE_MODEL__RETRIES"] = "0"
        yield server


@pytest.fixture
def run(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> Callable[..., int]:
    """Runs the scripted policy with a mode of looking ahead; returns the exit status."""

    def with_actions(mode: str, *actions: tuple[str, str]) -> int:
        flags = ("--script", write_script(*actions), "--simulate", mode, "--test", ABOVE)
        ended = foretrace("run", issue_file, "--repo", project.path, *flags)
        assert "Traceback" not in ended.err
        return ended.status

    return with_actions


def of(foretrace: CommandLine, *kinds: str) -> list[Event]:
    events = read_events(foretrace.run_folder() / "events.jsonl")
    return [event for event in events if event.type in kinds]


def kept(foretrace: CommandLine, name: str) -> Sequence[dict[str, object]]:
    text = gzip.decompress((foretrace.run_folder() / name).read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def test_advise_tells_the_prediction_beside_what_happened(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(PASSES)]
    assert run("advise", ("edit", REPAIR), ("test", ABOVE), *HAND_IN) == 0
    (forecast,) = of(foretrace, "forecast")
    assert (forecast.data.test, forecast.data.verdict) == (ABOVE, "pass")
    assert forecast.data.model == "scripted"
    assert 0.5 < forecast.data.confidence <= 1
    assert forecast.data.tokens["written"] > 0
    # Nothing has changed at the submission: it is not predicted twice.
    assert len(world.asked) == 1

    (compared,) = of(foretrace, "comparison")
    assert (compared.data.outcome, compared.data.right) == ("passed", True)
    assert compared.data.divergence is None
    tested = next(each for each in of(foretrace, "result") if each.data.tool == "test")
    assert tested.data.output.startswith("1 passed")
    assert f"Predicted before it ran:\n* {ABOVE}: pass (confidence" in tested.data.output
    assert tested.data.output.endswith("; it passed")


def test_a_wrong_prediction_is_laid_beside_the_recording(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(FAILS)]
    assert run("advise", ("edit", REPAIR), ("test", ABOVE), *HAND_IN) == 0
    compared = of(foretrace, "comparison")[0].data
    assert (compared.verdict, compared.outcome, compared.right) == ("fail", "passed", False)
    assert compared.divergence.what == "line"
    assert compared.divergence.predicted_line == "    return value"
    assert compared.divergence.recorded_line == "        return high"
    assert compared.divergence.recorded_state == {"value": "11", "low": "0", "high": "9"}

    source, predicted = kept(foretrace, of(foretrace, "forecast")[0].data.trace)
    assert "def clamp(value, low, high):" in str(source["source"])
    assert "# << START_OF_TRACE" in str(source["source"])
    assert "<|exception_sep|>" in str(predicted["trace"])
    recorded = kept(foretrace, compared.trace)
    assert recorded[0]["format"] == 1
    assert recorded[-1]["end"] == "left"


def test_gate_keeps_a_test_from_running_that_is_bound_to_fail(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(FAILS), say(PASSES)]
    actions = (("edit", WRONG), ("test", ABOVE), ("edit", REPAIR), ("test", ABOVE))
    foretrace.environment["FORETRACE_SIMULATE__CONFIDENCE"] = "0.5"
    assert run("gate", *actions, *HAND_IN) == 0
    first, second = (each.data for each in of(foretrace, "result") if each.data.tool == "test")
    assert not first.ok
    assert first.output.startswith("Nothing was run. Predicted by scripted")
    assert "fail (confidence" in first.output
    assert "make the same call again" in first.output
    assert second.output.startswith("1 passed")
    refused, believed = (each.data for each in of(foretrace, "forecast"))
    assert (refused.verdict, refused.refused) == ("fail", True)
    assert (believed.verdict, believed.refused) == ("pass", False)


def test_a_refused_call_made_again_runs_all_the_same(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(FAILS)]
    foretrace.environment["FORETRACE_SIMULATE__CONFIDENCE"] = "0.5"
    hand_in = (*HAND_IN, HAND_IN[1])
    assert run("gate", ("edit", REPAIR), ("test", ABOVE), ("test", ABOVE), *hand_in) == 0
    refused, ran = (each.data for each in of(foretrace, "result") if each.data.tool == "test")
    assert not refused.ok
    assert ran.output.startswith("1 passed")
    compared = of(foretrace, "comparison")[0].data
    assert (compared.right, compared.refused) == (False, True)
    assert len(of(foretrace, "forecast")) == len(world.asked) == 1
    # The submission is refused once as well, and then goes through.
    submitted = [each.data for each in of(foretrace, "result") if each.data.tool == "submit"]
    assert [each.ok for each in submitted] == [False, True]


def test_gate_draws_as_many_samples_as_it_takes_to_believe_them(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(FAILS)] * 4  # without probabilities, one alone is never believed
    assert run("gate", ("edit", REPAIR), ("test", ABOVE)) == 1
    (forecast,) = (each.data for each in of(foretrace, "forecast"))
    assert (forecast.refused, forecast.votes) == (True, {"fail": 4})
    assert forecast.confidence >= 0.8
    assert len(world.asked) == 4
    assert len({each.json["seed"] for each in world.asked}) == 4


def test_samples_that_do_not_agree_keep_nothing_from_running(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(FAILS), say(FAILS), say(PASSES), say(FAILS)]
    assert run("gate", ("edit", REPAIR), ("test", ABOVE), *HAND_IN) == 0
    forecast = of(foretrace, "forecast")[0].data
    assert (forecast.refused, forecast.votes) == (False, {"fail": 3, "pass": 1})
    assert len(world.asked) == 4


def test_a_doubtful_prediction_keeps_nothing_from_running(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(FAILS)]
    foretrace.environment["FORETRACE_SIMULATE__CONFIDENCE"] = "0.99"
    assert run("gate", ("edit", REPAIR), ("test", ABOVE), *HAND_IN) == 0
    assert not any(each.data.refused for each in of(foretrace, "forecast"))


@pytest.mark.parametrize(
    "reply",
    [say("I would rather not say."), say(""), refuse(500, "no")],
    ids=["prose", "nothing", "failure"],
)
def test_a_model_that_cannot_predict_changes_nothing(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int], reply: object
) -> None:
    world.fallback = reply
    assert run("gate", ("edit", REPAIR), ("test", ABOVE), *HAND_IN) == 0
    forecast = of(foretrace, "forecast")[0].data
    assert (forecast.verdict, forecast.confidence, forecast.refused) == ("unsure", 0.0, False)
    assert forecast.reason
    tested = next(each.data for each in of(foretrace, "result") if each.data.tool == "test")
    assert "Predicted" not in tested.output


def test_without_a_change_nothing_is_predicted(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    assert run("advise", ("test", ABOVE), ("bash", "true")) == 1
    assert not of(foretrace, "forecast", "comparison")
    assert not world.asked


def test_files_and_the_whole_suite_stand_for_the_tests_the_issue_names(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(PASSES)]
    assert run("advise", ("edit", REPAIR), ("test", "./tests/"), ("test", "all"), *HAND_IN) == 0
    assert {each.data.test for each in of(foretrace, "forecast")} == {ABOVE}
    assert len(of(foretrace, "comparison")) == 2


def test_a_submission_that_was_not_tested_is_compared_with_its_verification(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(PASSES)]
    assert run("advise", ("edit", REPAIR), *HAND_IN) == 0
    (compared,) = (each.data for each in of(foretrace, "comparison"))
    assert (compared.test, compared.outcome, compared.right) == (ABOVE, "passed", True)


def test_simulate_is_a_tool_of_runs_that_look_ahead(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(PASSES)]
    assert run("advise", ("simulate", ABOVE)) == 1
    (answer,) = of(foretrace, "result")
    assert answer.data.ok
    assert "pass" in answer.data.output


def test_what_the_policy_simulates_is_compared_once_it_runs(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(PASSES)]
    assert run("advise", ("edit", REPAIR), ("simulate", ABOVE), ("test", ABOVE), *HAND_IN) == 0
    assert len(world.asked) == 1  # it is not predicted once more before it runs
    (forecast,) = (each.data for each in of(foretrace, "forecast"))
    (compared,) = (each.data for each in of(foretrace, "comparison"))
    assert (forecast.step, forecast.test, forecast.verdict) == (2, ABOVE, "pass")
    assert (compared.step, compared.outcome, compared.right) == (3, "passed", True)
    assert compared.divergence is None
    assert kept(foretrace, forecast.trace)
    assert kept(foretrace, compared.trace)
    (told,) = json.loads(foretrace("stats", "--json").out)
    assert (told["forecasts"], told["compared"]) == (1, 1)


def test_a_simulation_without_a_change_or_of_another_one(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(FAILS), say(PASSES)]
    actions = [("simulate", ABOVE), ("test", ABOVE), ("edit", REPAIR), ("test", ABOVE)]
    assert run("gate", *actions, *HAND_IN) == 0
    compared = [each.data for each in of(foretrace, "comparison")]
    # Nothing has changed, so that the test runs; the second is of the change.
    assert [(each.step, each.verdict, each.outcome) for each in compared] == [
        (2, "fail", "failed"),
        (4, "pass", "passed"),
    ]
    assert [each.right for each in compared] == [True, True]


def test_a_simulated_test_is_among_those_of_a_file(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    other = f"{ABOVE.partition('::')[0]}::test_total"
    world.script += [say("Nobody knows."), say(PASSES)]
    assert run("advise", ("edit", REPAIR), ("simulate", other), ("test", "tests"), *HAND_IN) == 0
    assert [each.data.test for each in of(foretrace, "forecast")] == [other, ABOVE]
    tests = {each.data.test: each.data.right for each in of(foretrace, "comparison")}
    assert tests == {ABOVE: True, other: None}


def test_simulate_draws_as_many_samples_as_are_set(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    foretrace.environment["FORETRACE_SIMULATE__SAMPLES"] = "3"
    world.script += [say(PASSES), say(FAILS), say(PASSES)]
    assert run("advise", ("edit", REPAIR), ("simulate", ABOVE)) == 1
    (forecast,) = (each.data for each in of(foretrace, "forecast"))
    assert forecast.votes == {"pass": 2, "fail": 1}
    (answer,) = (each.data for each in of(foretrace, "result") if each.data.tool == "simulate")
    assert "Of 3 predicted traces: 2 pass, 1 fail." in answer.output


def test_looking_ahead_needs_a_model(
    foretrace: CommandLine, project: Project, issue_file: Path, write_script: Script
) -> None:
    script = write_script(("bash", "true"))
    flags = ("--script", script, "--simulate", "gate", "--test", ABOVE)
    foretrace.environment["FORETRACE_NANO"] = "nowhere"
    ended = foretrace("run", issue_file, "--repo", project.path, *flags)
    assert ended.status == 2
    assert "there is no model at nowhere" in ended.err


async def knowing(exchange: Exchange, server: ModelServer) -> None:
    """A model that knows the repair when it sees it."""
    shown = json.dumps(exchange.request.json["messages"])
    await say(PASSES if "value > high" in shown else FAILS)(exchange, server)


async def mistaken(exchange: Exchange, server: ModelServer) -> None:
    """A model that believes in everything but the repair."""
    shown = json.dumps(exchange.request.json["messages"])
    await say(FAILS if "value > high" in shown else PASSES)(exchange, server)


@pytest.fixture
def repair(
    foretrace: CommandLine, project: Project, issue_file: Path, world: ModelServer
) -> Callable[..., int]:
    def with_mode(mode: str, *tests: str) -> int:
        named = [word for test in tests or (ABOVE,) for word in ("--test", test)]
        flags = ("--policy", "repair", "--simulate", mode, *named)
        ended = foretrace("run", issue_file, "--repo", project.path, *flags)
        assert "Traceback" not in ended.err
        return ended.status

    return with_mode


def test_the_repairer_tries_what_is_foretold_to_work_and_nothing_else(
    foretrace: CommandLine, world: ModelServer, repair: Callable[..., int]
) -> None:
    world.fallback = knowing
    assert repair("advise") == 0
    trials = [each.data for each in of(foretrace, "trial")]
    assert len(trials) == 1
    assert "value > high" in trials[0].after
    believed = [each.data for each in of(foretrace, "comparison")]
    assert (believed[0].verdict, believed[0].outcome, believed[0].right) == ("pass", "passed", True)


def test_the_repairer_finds_the_repair_although_a_model_is_wrong_about_it(
    foretrace: CommandLine, world: ModelServer, repair: Callable[..., int]
) -> None:
    world.fallback = mistaken
    assert repair("advise") == 0
    compared = [each.data for each in of(foretrace, "comparison")]
    assert any(each.outcome == "passed" for each in compared)
    assert not any(each.right for each in compared)


def test_the_repairer_hands_in_what_a_wrong_prediction_keeps_back(
    foretrace: CommandLine, world: ModelServer, repair: Callable[..., int]
) -> None:
    world.fallback = mistaken
    foretrace.environment["FORETRACE_SIMULATE__CONFIDENCE"] = "0.5"
    assert repair("gate") == 0
    done = [(each.data.tool, each.data.ok) for each in of(foretrace, "result")]
    assert done[-3:] == [("bash", True), ("submit", False), ("submit", True)]
    assert done.count(("test", False)) == 1
    assert any(each.data.refused and not each.data.right for each in of(foretrace, "comparison"))


def test_the_repairer_does_not_wait_for_a_model_that_takes_its_time(
    foretrace: CommandLine, world: ModelServer, repair: Callable[..., int]
) -> None:
    world.fallback = say(PASSES, hangs=True)
    foretrace.environment["FORETRACE_REPAIR__SECONDS"] = "30"
    foretrace.environment["FORETRACE_SIMULATE__SECONDS"] = "20"
    assert repair("advise") == 0
    (forecast,) = (each.data for each in of(foretrace, "forecast"))
    assert forecast.verdict == "unsure"
    assert forecast.reason == "the model took longer than 20 s"
    trials = [each.data for each in of(foretrace, "trial")]
    assert any("value > high" in each.after for each in trials)


def test_a_submission_that_is_kept_back_counts_if_the_policy_ends_with_it(
    foretrace: CommandLine, world: ModelServer, run: Callable[..., int]
) -> None:
    world.script += [say(FAILS)]
    foretrace.environment["FORETRACE_SIMULATE__CONFIDENCE"] = "0.5"
    assert run("gate", ("edit", REPAIR), *HAND_IN) == 0
    assert [each.data.ok for each in of(foretrace, "result")] == [True, True, False]
    (submission,) = (each.data for each in of(foretrace, "submission"))
    assert submission.by == "policy"
    (compared,) = (each.data for each in of(foretrace, "comparison"))
    assert (compared.outcome, compared.right, compared.refused) == ("passed", False, True)
    assert foretrace.result()["status"] == "resolved"


def test_of_several_failing_tests_none_is_said_to_fail_that_may_have_passed(
    foretrace: CommandLine, world: ModelServer, repair: Callable[..., int]
) -> None:
    world.fallback = mistaken
    assert repair("advise", *FAILING) == 0
    assert len(FAILING) > 1
    assert any(each.data.failing == "fail" for each in of(foretrace, "trial"))
    assert {each.data.outcome for each in of(foretrace, "comparison")} == {"passed"}
