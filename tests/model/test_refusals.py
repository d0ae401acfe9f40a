"""What is made of a server's errors, whatever they look like."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ContextExceeded, ModelError, RequestRefused, ServerFailed
from model.refusals import error_for, read_refusal, refusal_in_stream
from model.retry import retry_after

WORDS = st.sampled_from(["error", "message", "detail", "code", "type", "n_ctx", "msg"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | WORDS, inner),
    max_leaves=8,
)


@given(st.integers(300, 599), ANYTHING.map(json.dumps) | st.text(), st.text())
def test_any_error_becomes_one_line(status: int, body: str, after: str) -> None:
    refusal = read_refusal(status, {"retry-after": after}, body)
    error = error_for(refusal, "http://h/v1", "m")
    assert error.message.isprintable()
    assert len(error.message) < 500
    assert refusal.unwelcome({"model", "seed"}) <= {"seed"}


@given(ANYTHING)
def test_any_error_inside_a_stream_becomes_one_line(content: object) -> None:
    assert isinstance(error_for(refusal_in_stream({"error": content}), "h", "m"), ModelError)


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("This model's maximum context length is 8,192 tokens.", 8192),
        ("The decoder prompt (length 99) is longer than the maximum model length of 64.", 64),
        ("prompt is too long: 210000 tokens > 200000 maximum", 200_000),
        ("Input tokens exceed the configured limit of 272000 tokens.", 272_000),
        ("the request exceeds the available context size, try increasing it", None),
        ("context length is 99999999999999999999 tokens", None),
    ],
)
def test_the_limit_of_a_context_is_found(words: str, limit: int | None) -> None:
    error = error_for(read_refusal(400, {}, json.dumps({"error": {"message": words}})), "h", "m")
    assert isinstance(error, ContextExceeded)
    assert error.limit == limit


def test_a_rate_limit_that_recommends_to_pay_still_passes() -> None:
    words = "Rate limit reached for tokens. Add a payment method at https://h/account/billing."
    error = error_for(read_refusal(429, {"retry-after": "7"}, words), "h", "m")
    assert isinstance(error, ServerFailed)
    assert (error.passing, error.after) == (True, 7.0)


def test_a_bad_value_of_a_field_is_not_a_field_unknown() -> None:
    refusal = read_refusal(400, {}, '{"error": {"message": "temperature must be at most 2"}}')
    assert isinstance(error_for(refusal, "h", "m"), RequestRefused)
    assert not refusal.unwelcome({"temperature"})


def test_retry_after() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after({"retry-after": "1.5"}) == 1.5
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert 0 < (retry_after({"retry-after": soon}) or 0) <= 60
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after({"retry-after": "inf"}) is None
    assert retry_after({}) is None
