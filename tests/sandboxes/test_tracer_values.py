"""The text of values: what `repr` gives, wherever that is safe, and bounded where it is not."""

import collections
import datetime
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.guest.tracer import Values

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
    | st.just("<x at 0x12345678>")
    | st.just(10**400)
)
HASHABLE = st.recursive(
    ATOMS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner), max_leaves=5
)
BUILTIN = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.sets(HASHABLE, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
    ),
    max_leaves=12,
)


class Plain:
    """Has no `repr` of its own."""


class Raises:
    def __repr__(self) -> str:
        raise ValueError("no")


ANYTHING = st.recursive(
    HASHABLE | st.builds(Plain) | st.builds(Raises) | st.just(len) | st.just(Plain),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.builds(collections.deque, st.lists(inner))
    ),
    max_leaves=12,
)


@given(BUILTIN)
def test_builtin_values_have_the_text_that_repr_gives(value: object) -> None:
    text, stable = Values(10**6, 1.0).render(value)
    assert text == repr(value)
    if stable:
        hash(value)  # what cannot be hashed can change


@given(ANYTHING, st.integers(0, 60))
def test_every_value_has_a_bounded_text(value: object, longest: int) -> None:
    text, _ = Values(longest, 1.0).render(value)
    # A marker comes on top; a string is cut before it is escaped, and the text then cut again.
    assert len(text) <= longest + 80
    assert text.isprintable()


@given(st.lists(st.builds(Plain) | st.builds(Raises) | st.just("'") | st.integers()))
def test_parts_that_raise_hide_no_others(parts: list[object]) -> None:
    text, stable = Values(10**6, 1.0).render(parts)
    shown = {
        Plain: f"<{__name__}.Plain object>",
        Raises: "<Raises object: its repr raised ValueError>",
    }
    expected = [shown.get(type(part)) or repr(part) for part in parts]
    assert text == f"[{', '.join(expected)}]"
    assert not stable or all(isinstance(part, int | str) for part in parts)


def numbers() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (iter([1]), "<list_iterator object>"),
        (numbers(), "<generator object numbers>"),
        (Plain, f"<class '{__name__}.Plain'>"),
        (Plain().__init__, "<method-wrapper '__init__' of Plain object>"),
        (lambda: 0, "<function <lambda>>"),
        (collections.OrderedDict(a=1), "OrderedDict([('a', 1)])"),
        (collections.defaultdict(int, a=1), "defaultdict(<class 'int'>, {'a': 1})"),
        (collections.deque([1], 3), "deque([1], maxlen=3)"),
        (collections.Counter("aab"), "Counter({'a': 2, 'b': 1})"),
        (datetime.date(2024, 1, 2), "datetime.date(2024, 1, 2)"),
        (re.compile("a+"), "re.compile('a+')"),
        (range(3), "range(0, 3)"),
        (ValueError("no"), "ValueError('no')"),
        ("\ud800", "'\\ud800'"),
        (collections.deque(range(10**6)), "<deque object of 1000000 parts>"),
    ],
)
def test_other_values_have_no_address(value: object, text: str) -> None:
    shown, stable = Values(1000, 1.0).render(value)
    if text.startswith("OrderedDict"):
        shown = shown.replace("OrderedDict({'a': 1})", text)  # as Python 3.12 writes it
    assert shown == text
    assert stable == isinstance(value, str)


def test_what_grows_without_end_is_cut() -> None:
    values = Values(100, 1.0)
    wide: list[object] = [1]
    for _ in range(100):
        wide = [wide, wide]
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (wide, deep, list(range(10**6)), {"a" * 10**6: 1}, (10**9999,), b"b" * 10**6):
        assert len(values.render(value)[0]) < 200
    while deep:
        deep = deep.pop()  # type: ignore[assignment]  # or its end would be a deep recursion
