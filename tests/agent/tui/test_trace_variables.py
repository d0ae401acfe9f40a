"""What the trace screen shows, before any widget: frames in step, values as trees, colours."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.replay.traces import paired
from agent.tui.screens.trace.colours import Colours
from agent.tui.screens.trace.tracks import Pair, Tracks, in_step, of_states, open_scopes
from agent.tui.screens.trace.variables import Node, consists_of_parts, parts, tree
from model.debugger.places import Places
from model.trace.frame import Frame
from model.trace.states import resolve
from tests.agent.tui.traced import TESTED, happened, mistaken

HAPPENED = happened()
PLACES = Places(TESTED)


def both(predicted: tuple[Frame, ...], recorded: tuple[Frame, ...]) -> Tracks:
    left = resolve(replace(frame, place=None) for frame in predicted)
    right = resolve(recorded)
    pairs = tuple(Pair(*pair) for pair in paired(left, right))
    return in_step(of_states(left, PLACES), of_states(right, PLACES), pairs)


def named(nodes: list[Node], name: str) -> Node:
    (found,) = (node for node in nodes if node.name == name)
    return found


def test_every_frame_is_in_one_pair_and_has_its_line() -> None:
    tracks = both(HAPPENED[:9], HAPPENED[3:])
    assert [pair.predicted for pair in tracks.pairs if pair.predicted is not None] == [*range(9)]
    assert len([pair for pair in tracks.pairs if pair.recorded is not None]) == len(HAPPENED) - 3
    lines = [frame.place.line for frame in HAPPENED if frame.place]
    assert [point.line for point in tracks.predicted] == lines[:9]
    assert [point.line for point in tracks.recorded] == lines[3:]


def test_what_is_open_is_the_last_frame_of_each_caller() -> None:
    points = of_states(resolve(HAPPENED), PLACES)
    inner = next(n for n, point in enumerate(points) if point.depth == 1 and point.news)
    functions = [points[number].function for number in open_scopes(points, inner)]
    assert functions == ["total", "test_total"]
    assert open_scopes(points, len(points) - 1) == [len(points) - 1]


def test_what_is_new_changed_or_wrong_has_its_sign() -> None:
    wrong = mistaken(HAPPENED, "append(price)", price="7")
    tracks = both(wrong, HAPPENED)
    at = next(n for n, pair in enumerate(tracks.pairs) if pair.predicted and not pair.same)
    price = named(tree(tracks, at, frozenset()), "price")
    assert (price.text, price.was, price.real, price.differs) == ("7", "1", "1", True)
    called = next(n for n, point in enumerate(tracks.predicted) if point.depth == 1)
    assert [node.sign for node in tree(tracks, called, frozenset())[1:3]] == ["+", "+"]
    result = named(tree(tracks, at, frozenset()), "result")
    assert (result.sign, result.inner, result.open) == ("*", True, False)


def test_a_value_unfolds_into_its_parts_and_they_say_what_changed() -> None:
    tracks = both(HAPPENED, HAPPENED)
    at = next(n for n, frame in enumerate(HAPPENED) if "append" in frame.source)
    nodes = tree(tracks, at, frozenset({("1", "result")}))
    changed = named(nodes, "['sum']")
    assert (changed.text, changed.sign, changed.was) == ("1", "*", "0")
    assert named(nodes, "['items']").sign == " "
    folded = tree(tracks, at, frozenset({("1",), ("0",)}))
    assert [node.name.split()[0] for node in folded] == ["total", "test_total"]
    assert [node.open for node in folded] == [False, True]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[1, 'ä, b', (2,)]", [("[0]", "1"), ("[1]", "'ä, b'"), ("[2]", "(2,)")]),
        ("{'a': 1, 'a': 2}", [("['a']", "1"), ("['a'] (2)", "2")]),
        ("Point(x=1, y=[2])", [("x", "1"), ("y", "[2]")]),
        ("deque([1, 2])", [("[0]", "1"), ("[1]", "2")]),
        ("<Foo object>", []),
        ("[<Foo object>]", []),
        ("[1, 2, 3...", []),
        ("(" * 5000 + ")" * 5000, []),
        ("__import__('os').system('x')", [("[0]", "'x'")]),
    ],
)
def test_values_are_taken_apart_as_they_are_written(
    text: str, found: list[tuple[str, str]]
) -> None:
    assert list(parts(text)) == found


@given(st.text() | st.from_type(object).map(repr) | st.lists(st.integers()).map(repr))
def test_any_text_is_taken_apart_without_harm(text: str) -> None:
    found = parts(text)
    names = [name for name, _ in found]
    assert len(set(names)) == len(names)
    assert all(isinstance(part, str) for _, part in found)
    consists_of_parts(text)


@given(st.recursive(st.integers() | st.text(), st.lists, max_leaves=20).filter(bool))
def test_the_parts_of_a_list_are_its_items(value: object) -> None:
    expected = [repr(each) for each in value] if isinstance(value, list) else []
    assert [part for _, part in parts(repr(value))] == expected


@given(st.lists(st.text(st.characters(exclude_characters="\n\r"))))
def test_colours_lose_nothing(lines: list[str]) -> None:
    colours = Colours(lines)
    assert ["".join(text for _, text in colours.of(n)) for n in range(len(lines))] == lines


def test_a_string_over_lines_keeps_its_colour_and_long_sources_stay_plain() -> None:
    colours = Colours(['"""one', "two", 'three"""', "def f(): pass"])
    assert [style for style, text in colours.of(1) if text] == ["string"]
    assert ("keyword", "def") in colours.of(3)
    assert Colours(["def f(): " + "x" * 6_000]).of(0)[0][0] == "plain"
