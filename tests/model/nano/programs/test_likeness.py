"""Which programs are alike: names, constants and comments make no difference, what is done does."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from model.nano.programs.likeness import ALIKE, alike, groups, likeness, tokens
from tests.model.nano.programs.samples import programs

SUM = """def total(items):
    result = 0
    for item in items:
        result += item
    return result
"""
SAME = '''def add_up(xs):
    """Add up."""
    acc = 10  # a start
    for x in xs:
        acc += x
    return acc
'''
OTHER = "def total(items):\n    return [item.upper() for item in items if len(item) > 3]\n"


def shape(source: str) -> frozenset[tuple[str, ...]]:
    found = tokens(source)
    return frozenset(found[start : start + 5] for start in range(len(found) - 4))


def test_names_constants_and_comments_are_no_difference() -> None:
    assert tokens(SUM) == tokens(SAME)
    assert tokens(SUM) != tokens(OTHER)
    assert ".upper(" in "".join(tokens(OTHER))


def test_what_is_alike_or_of_one_origin_is_in_one_group() -> None:
    apart = groups([tokens(SUM), tokens(OTHER), tokens(SAME)])
    assert apart[0] == apart[2] != apart[1]
    assert groups([tokens(SUM), tokens(OTHER)], ["1", "1"]) == [0, 0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_no_two_groups_have_programs_that_are_alike(seed: int) -> None:
    """Held against the comparison of all with all."""
    sources = [program.source for program in programs(40, seed)]
    random.Random(seed).shuffle(sources)
    numbers = groups([tokens(source) for source in sources])
    shapes = [shape(source) for source in sources]
    for one, first in enumerate(shapes):
        for two, second in enumerate(shapes[:one]):
            share = len(first & second) / len(first | second)
            assert share < ALIKE or numbers[one] == numbers[two]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_alike_to_one_of_others_is_found(seed: int) -> None:
    """Held against the comparison of all with all."""
    sources = [program.source for program in programs(60, seed)]
    random.Random(seed).shuffle(sources)
    some, others = sources[:30], sources[30:]
    expected = {
        number
        for number, one in enumerate(some)
        if any(likeness(shape(one), shape(two)) >= ALIKE for two in others)
    }
    assert alike([tokens(one) for one in some], map(tokens, others)) == expected
    assert alike([tokens(SUM), tokens(OTHER)], [tokens(SAME)]) == {0}


def test_likeness_is_the_share_of_what_both_have() -> None:
    assert likeness(frozenset({1, 2, 3}), frozenset({2, 3, 4})) == 0.5
    assert likeness(frozenset(), frozenset()) == 0
