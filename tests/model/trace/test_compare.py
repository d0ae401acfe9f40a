"""When a predicted value may be the recorded one."""

import pytest

from model.trace.compare import agrees


@pytest.mark.parametrize(
    ("predicted", "recorded"),
    [
        ("<Shop object>", "<shop.money.Shop object>"),
        ("<__main__.Shop object>", "<shop.money.Shop object>"),
        ("[<Shop object>, 1]", "[<shop.Shop object>, 1]"),
        ("<Shop object>", "<shop.make.<locals>.Shop object>"),
    ],
)
def test_where_an_objects_class_was_defined_does_not_count(predicted: str, recorded: str) -> None:
    assert agrees(predicted, recorded)
    assert agrees(recorded, predicted)


@pytest.mark.parametrize(
    ("predicted", "recorded"),
    [
        ("<Shop object>", "<shop.Till object>"),
        ("<Shop object>", "<shop.Shop>"),
        ("[<Shop object>, 1]", "[<shop.Shop object>, 2]"),
        ("<shop.Shop objects>", "<Shop object>"),
        ("1", "1.0"),
    ],
)
def test_everything_else_does(predicted: str, recorded: str) -> None:
    assert not agrees(predicted, recorded)
    assert not agrees(recorded, predicted)


def test_a_value_that_was_cut_off_goes_on_as_it_may() -> None:
    assert agrees("[<a.Shop object>, 12345]", "[<Shop object>, 1<4 more characters>")
    assert not agrees("[<a.Till object>, 12345]", "[<Shop object>, 1<4 more characters>")
