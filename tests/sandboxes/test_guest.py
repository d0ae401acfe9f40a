"""The parts of the shell server that need no container."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.guest import wire
from sandboxes.guest.events import Output
from sandboxes.guest.state import State
from sandboxes.session import bundle

GUEST = Path(__file__).parents[2] / "sandboxes" / "guest"


@given(st.lists(st.binary(max_size=40)), st.integers(2, 60))
def test_output_keeps_head_and_tail(pieces: list[bytes], limit: int) -> None:
    output = Output(limit)
    for piece in pieces:
        output.add(memoryview(piece))
    whole = b"".join(pieces)
    head, tail = output.parts()
    assert output.total == len(whole)
    if len(whole) <= limit:
        assert (head, tail) == (whole, b"")
    else:
        assert (head, tail) == (whole[: limit // 2], whole[-(limit - limit // 2) :])


_messages = st.lists(
    st.tuples(
        st.dictionaries(st.text(max_size=5).filter(lambda k: k != "blobs"), st.integers()),
        st.lists(st.binary(max_size=20), max_size=3),
    ),
    max_size=5,
)


@given(_messages, st.integers(1, 30))
def test_messages_arrive_however_they_are_cut(
    messages: list[tuple[dict[str, object], list[bytes]]], size: int
) -> None:
    stream = b"".join(wire.packed(header, *blobs) for header, blobs in messages)
    unpacker = wire.Unpacker(1000)
    arrived = []
    for at in range(0, len(stream), size):
        arrived += unpacker.feed(stream[at : at + size])
    assert arrived == messages


@given(st.binary(max_size=200))
def test_what_is_no_message_is_refused_or_waited_for(junk: bytes) -> None:
    unpacker = wire.Unpacker(1000)
    try:
        unpacker.feed(junk)
    except wire.Malformed:
        return


@pytest.mark.parametrize(
    "header",
    [b"[]", b"{}", b'{"blobs": 1}', b'{"blobs": [-1]}', b'{"blobs": [2000]}', b"\xff\xff", b"nul"],
)
def test_malformed_headers(header: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.Unpacker(1000).feed(len(header).to_bytes(4, "big") + header)


def test_a_huge_header_is_refused_at_once() -> None:
    with pytest.raises(wire.Malformed):
        wire.Unpacker(1000).feed(b"\x7f\xff\xff\xff")


def _saved(variables: bytes) -> bytes:
    return b"\0".join([b"state", b"a/b", b"/x\n", b"0022\n", variables, b"", b"", b"", b"end"])


def test_declarations_of_every_bash_are_told_apart() -> None:
    kept = (
        b'declare -- a="one \\" two\ndeclare -- fake=1"\n'
        b"declare -x b=$'x\\'\\ny'\n"
        b"declare -a old='([0]=\"x\" [1]=\"y'\\''z\")'\n"
        b'declare -A m=(["q\\"]"]="2)" [k]=$\'\\n\' [d]="$" )\n'
        b"declare -x unset_one\n"
        b"declare -i n=5\n"
    )
    own = b'declare -r BASHPID="5"\ndeclare -ir PPID="1"\ndeclare -- __foretrace_x="1"\n'
    state = State.saved(_saved(own + kept + own), None, [])
    assert state is not None
    assert (state.variables, state.cwd) == (kept, b"/x")
    lent = State.saved(_saved(b'declare -x b="lent"\ndeclare -- c="1"\n'), state, [b"b"])
    assert lent is not None
    assert lent.variables == b"declare -- c=\"1\"\ndeclare -x b=$'x\\'\\ny'\n"
    again = State.unpack(lent.pack())
    assert again is not None
    assert again.pack() == lent.pack()


@given(st.binary(max_size=300))
def test_a_state_of_junk_is_none_or_harmless(junk: bytes) -> None:
    State.saved(junk, None, [])
    State.unpack(junk)
    junk = junk.replace(b"\0", b"")
    state = State.saved(_saved(b'declare -- a="' + junk), None, [b"a"])
    assert state is not None


def test_what_bash_did_not_finish_is_no_state() -> None:
    whole = _saved(b'declare -- a="1"\n')
    assert State.saved(whole, None, []) is not None
    for length in range(len(whole)):
        assert State.saved(whole[:length], None, []) is None


def test_unfinished_quotes_take_no_time() -> None:
    """A regular expression that backtracks would take for ever here."""
    for piece in (b"$'a' ", b'"a" ', b"'a' ", b"a$", b"\\\\"):
        State.saved(_saved(b"declare -A m=(" + piece * 20_000), None, [])


@pytest.mark.parametrize("module", [each[0] for each in bundle()][2:])
def test_it_is_written_for_old_pythons(module: str) -> None:
    path = GUEST / f"{module.rpartition('.')[2]}.py"
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
