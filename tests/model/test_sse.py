"""Events come out the same however the network cuts the stream."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import sse
from model.errors import ServerFailed
from model.sse import EventReader


def read(pieces: list[bytes]) -> list[bytes]:
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + list(reader.finish())


@given(
    st.lists(
        st.text().map(json.dumps) | st.text().map(lambda t: json.dumps(t, ensure_ascii=False))
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.integers(0, 400)),
    st.booleans(),
)
def test_any_cut_gives_the_same_events(
    events: list[str], newline: str, cuts: list[int], last: bool
) -> None:
    text = "".join(f": ping{newline}data: {event}{newline * 2}" for event in events)
    stream = (text if last else text.rstrip("\r\n")).encode("utf-8", "surrogatepass")
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert read(pieces) == [event.encode("utf-8", "surrogatepass") for event in events]


@given(st.lists(st.binary()))
def test_any_bytes_can_be_read(pieces: list[bytes]) -> None:
    read(pieces)


def test_lines_of_one_event_are_joined() -> None:
    assert read([b"event: x\ndata: a\ndata:b\n\n\n\ndata: c"]) == [b"a\nb", b"c"]


def test_an_object_is_one_event() -> None:
    assert read([b" \n", b'{"a"', b": 1,\n\n", b'"data": 2}']) == [b'{"a": 1,\n\n"data": 2}']


@pytest.mark.parametrize("piece", [b"x" * 100, b"data: " + b"x" * 94 + b"\n"])
def test_an_event_without_an_end_is_refused(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LONGEST_EVENT", 1000)
    with pytest.raises(ServerFailed, match="without an end"):
        read([piece] * 20)
