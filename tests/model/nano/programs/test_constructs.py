"""Constructs are told by the source."""

import pytest

from model.nano.programs.constructs import NAMES, constructs


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("return a + 1", {"straight line"}),
        ("if not a:\n        return 1", {"branch", "truthiness"}),
        ("for x in range(a):\n        break", {"for", "for range", "break"}),
        ("while a:\n        a = a[::-1]", {"while", "truthiness", "slice", "negative step"}),
        ("return [x for x in a if 1 < x < 3]", {"comprehension", "chained comparison"}),
        ("a //= 2\n    return a % 3", {"floor division", "modulo", "augmented assignment"}),
        ("b, c = a\n    return f(b)", {"unpacking", "recursion"}),
        ("try:\n        pass\n    finally:\n        g(a)", {"try", "finally", "helper call"}),
        ("assert a\n    raise ValueError", {"assert", "raise"}),
        ("return a.get(1) or f'{a}'", {"dict method", "boolean operator", "f-string"}),
    ],
)
def test_each_is_found_where_it_stands(body: str, names: set[str]) -> None:
    found = constructs(f"def g(a):\n    return a\n\n\ndef f(a):\n    {body}\n")
    assert names <= found <= NAMES


def test_what_goes_one_way_is_a_straight_line() -> None:
    assert "straight line" in constructs("def f(a):\n    b = a[1:]\n    return b\n")
    assert "straight line" not in constructs("def f(a):\n    while a:\n        a -= 1\n")
