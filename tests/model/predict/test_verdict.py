"""Verdicts: of one trace that is wrong in itself, of several together, and how sure they are."""

from dataclasses import replace
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.predict.predictor import Prediction
from model.predict.verdict import VERDICTS, Expect, judge, samples_to_believe
from model.trace.frame import Frame
from model.trace.reading import Problem, read_frames
from tests.model.predict.programs import FRAMES
from tests.model.predict.running import predicted

MAIN = Frame("call", "def test_it():\n", {})
LINE = Frame("line", "    assert f(1) == 2\n", {})
RETURN = Frame("return", "    assert f(1) == 2\n", value="None")
FAILURE = Frame("exception", "    assert f(1) == 2\n", value="AssertionError()")
ERROR = Frame("exception", "    assert f(1) == 2\n", value="TypeError('no')")

PASSING = predicted(MAIN, LINE, RETURN, logprob=-0.1)
FAILING = predicted(MAIN, LINE, FAILURE, RETURN, logprob=-0.1)
RAISING = predicted(MAIN, LINE, ERROR, RETURN, logprob=-0.1)
UNSURE = predicted(MAIN, LINE, ended=False)


def lost(kind: str = "no_event") -> Problem:
    return Problem(0, 5, kind, "no frame begins here")  # type: ignore[arg-type]


# One trace


@pytest.mark.parametrize(
    ("prediction", "verdict", "reason"),
    [
        (PASSING, "pass", "returns at"),
        (FAILING, "fail", "AssertionError leaves"),
        (RAISING, "error", "TypeError leaves"),
        (predicted(*FRAMES), "pass", "return f(1)"),
        (predicted(MAIN, LINE, FAILURE), "fail", "AssertionError leaves"),
        (predicted(), "unsure", "no frame"),
        (predicted(MAIN), "unsure", "breaks off"),
        (predicted(MAIN, LINE), "unsure", "breaks off"),
        (predicted(MAIN, LINE, RETURN, ended=False), "unsure", "cut off"),
        (predicted(MAIN, LINE, ended=False, cut=True), "unsure", "more tokens"),
        (predicted(MAIN, LINE, RETURN, LINE, RETURN), "unsure", "contradicts"),
        (predicted(MAIN, LINE, MAIN, FAILURE), "unsure", "breaks off"),
        (predicted(MAIN, LINE, RETURN, problems=(lost(),)), "unsure", "malformed"),
        (predicted(MAIN, LINE, RETURN, problems=(lost("no_action"),)), "unsure", "malformed"),
        (predicted(MAIN, LINE, RETURN, problems=(lost("after_end"),)), "pass", "returns"),
        (
            predicted(MAIN, replace(ERROR, value="Skipped('later')"), RETURN),
            "unsure",
            "skipped",
        ),
    ],
)
def test_one_trace(prediction: Prediction, verdict: str, reason: str) -> None:
    judged = judge([prediction])
    assert (judged.verdict, judged.votes[verdict]) == (verdict, 1)
    assert reason in judged.reason
    assert (judged.confidence == 0) == (verdict == "unsure")
    assert set(judged.votes) == set(VERDICTS)


def test_an_entry_point_that_is_resumed_goes_on() -> None:
    again = Frame("call", "    await g()\n", {})
    suspended = Frame("return", "    await g()\n", value="<Future pending>")
    frames = (MAIN, Frame("line", "    await g()\n", {}), suspended, again, LINE, RETURN)
    assert judge([predicted(*frames)]).verdict == "pass"


# What is expected


@pytest.mark.parametrize(
    ("prediction", "expect", "verdict"),
    [
        (predicted(*FRAMES), Expect(value="2"), "pass"),
        (predicted(*FRAMES), Expect(value="3"), "fail"),
        (PASSING, Expect(value="None"), "pass"),
        (RAISING, Expect(value="None"), "error"),
        (PASSING, Expect(raises="TypeError"), "fail"),
        (RAISING, Expect(raises="TypeError"), "pass"),
        (RAISING, Expect(raises="builtins.TypeError"), "pass"),
        (RAISING, Expect(raises="KeyError"), "error"),
        (RAISING, Expect(failures=frozenset({"TypeError"})), "fail"),
        (FAILING, Expect(failures=frozenset()), "fail"),
    ],
)
def test_what_is_expected_decides(prediction: Prediction, expect: Expect, verdict: str) -> None:
    assert judge([prediction], expect=expect).verdict == verdict


# Several


def test_nothing_predicted_is_unsure() -> None:
    judged = judge([])
    assert (judged.verdict, judged.confidence, judged.decided_by) == ("unsure", 0.0, None)
    assert judged.votes == dict.fromkeys(VERDICTS, 0)


def test_most_samples_decide() -> None:
    judged = judge([PASSING, FAILING, FAILING, UNSURE])
    assert judged.verdict == "fail"
    assert judged.votes == {"pass": 1, "fail": 2, "error": 0, "endless": 0, "unsure": 1}
    assert judged.decided_by == FAILURE
    assert (judged.sample, judged.at) == (1, 2)


def test_one_sample_that_says_something_outweighs_those_that_say_nothing() -> None:
    judged = judge([UNSURE, UNSURE, PASSING])
    assert judged.verdict == "pass"
    assert judged.confidence < judge([PASSING]).confidence / 2


def test_samples_that_contradict_each_other_are_unsure() -> None:
    judged = judge([PASSING, FAILING, UNSURE])
    assert (judged.verdict, judged.confidence, judged.decided_by) == ("unsure", 0.0, None)
    assert "as many" in judged.reason


def test_the_surest_sample_is_shown() -> None:
    sure = replace(FAILING, logprobs=(None, None, -0.01, None))
    judged = judge([FAILING, sure, FAILING])
    assert (judged.sample, judged.decided_by) == (1, FAILURE)


def test_the_confidence_is_what_is_said_of_it() -> None:
    assert judge([PASSING]).confidence == pytest.approx(1.1 / 1.5 * exp(-0.1))
    assert judge([PASSING] * 5).confidence == pytest.approx(5.1 / 5.5 * exp(-0.1))
    unknown = replace(PASSING, logprobs=(None,) * 3)
    assert judge([unknown]).confidence == pytest.approx(1.1 / 1.5 * 0.9)


LOGPROBS = st.floats(-20, 0)


UNTOLD = predicted(MAIN, LINE, FAILURE, RETURN)
"""A failure from a server that tells no probabilities."""


@pytest.mark.parametrize(
    ("samples", "confidence", "needed"),
    [
        ([UNTOLD], 0.8, 4),
        ([UNTOLD] * 3, 0.8, 4),
        ([UNTOLD] * 5, 0.8, 5),
        ([UNTOLD], 0.6, 1),
        ([UNTOLD], 0.95, None),
        ([predicted(MAIN, LINE, FAILURE, RETURN, logprob=0.0)], 0.8, 2),
        ([UNTOLD, UNTOLD, PASSING], 0.8, None),
        ([UNTOLD, UNSURE], 0.8, None),
        ([UNSURE], 0.8, None),
        ([], 0.8, None),
    ],
)
def test_how_many_samples_it_takes(
    samples: list[Prediction], confidence: float, needed: int | None
) -> None:
    found = samples_to_believe(judge(samples), confidence, 8)
    assert found == needed
    if needed is not None and samples:
        enough = [*samples, *samples[:1] * (needed - len(samples))]
        assert judge(enough).confidence >= confidence
        assert needed == len(samples) or judge(enough[1:]).confidence < confidence


@given(st.integers(0, 6), st.integers(1, 6), LOGPROBS, LOGPROBS)
def test_the_confidence_grows_with_agreement_and_likelihood(
    others: int, more: int, one: float, two: float
) -> None:
    def confidence(agreeing: int, logprob: float) -> float:
        sample = replace(FAILING, logprobs=(logprob,) * 4)
        return judge([sample] * agreeing + [UNSURE] * others).confidence

    low, high = sorted((one, two))
    assert 0 <= confidence(more, low) <= confidence(more, high) <= 1
    assert confidence(more, low) <= confidence(more + 1, low)


# Whatever the model wrote


TOKENS = st.sampled_from(
    [
        *("<|call_sep|>", "<|line_sep|>", "<|return_sep|>", "<|exception_sep|>", "<|action_sep|>"),
        *("<|arg_sep|>", "<|frame_sep|>", "<|end_of_text|>", "{}", '{"a": ".."}', '"None"', "x\n"),
        *("    while True:\n", "  except:\n", "for x in y:\n", "  with a:\n", "  raise\n"),
        "\x1b[31m",
    ]
)


@given(st.lists(TOKENS, max_size=60).map("".join) | st.text(max_size=40), st.booleans())
def test_nothing_raises_whatever_was_written(text: str, cut: bool) -> None:
    parsed = read_frames(text)
    prediction = predicted(
        *parsed.frames, ended=parsed.ended, cut=cut, problems=parsed.problems, logprob=-1.0
    )
    judged = judge([prediction, PASSING])
    assert judged.verdict in VERDICTS
    assert 0 <= judged.confidence <= 1
    assert "\n" not in judged.reason
    assert len(judged.reason) < 400


KINDS = st.sampled_from(["call", "line", "return", "exception"])
SOURCES = st.sampled_from(
    [
        *("def f():\n", "    x = 1\n", "    except A:\n", "    with a():\n", "    raise\n", "\n"),
        *("    while x:\n", "    for x in y:\n", "    return\n", "    try: f()\n", "  finally:\n"),
        "",
    ]
)
ANY_FRAMES = st.lists(
    st.builds(
        Frame,
        KINDS,
        SOURCES,
        st.none() | st.dictionaries(st.sampled_from("ab"), st.sampled_from(["1", ".."])),
        st.none() | st.sampled_from(["None", "A()", "StopIteration()", "1"]),
    ),
    max_size=40,
)


@given(ANY_FRAMES, st.booleans(), st.booleans())
def test_nothing_raises_whatever_the_frames(frames: list[Frame], ended: bool, cut: bool) -> None:
    judged = judge([predicted(*frames, ended=ended, cut=cut)])
    assert judged.verdict in VERDICTS
    if judged.at is not None:
        assert frames[judged.at] == judged.decided_by
