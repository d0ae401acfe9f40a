"""A repository for the tests of programs: packages, relative imports, fixtures, classes."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

FILES = {
    "conftest.py": """
        import pytest
        from shop.orders import Order

        @pytest.fixture
        def order():
            return Order([("pen", 2), ("cup", 1)])

        @pytest.fixture(name="price_list")
        def _price_list():
            '''Prices for
            the tests.'''
            return {"pen": 3, "cup": 7}
        """,
    "src/shop/__init__.py": """
        from .money import rounded as rounded_up
        from .orders import Order
        """,
    "src/shop/money.py": """
        import math
        from decimal import Decimal

        STEP = 5
        TABLE = {}
        TABLE["small"] = STEP

        def rounded(amount):
            '''Round an amount up.

            It goes to the next step.
            '''
            return math.ceil(amount / STEP) * STEP

        def unused(amount):
            return Decimal(amount)

        def helper(amount):
            return amount + TABLE["small"]

        class Money:
            def _same(self, other):
                return other

            __add__ = _same

        math.floor(1)
        """,
    "src/shop/orders.py": """
        from __future__ import annotations
        import typing as t
        from . import money as m
        from .base import Base, helper
        if t.TYPE_CHECKING:
            from .money import Money

        class Order(Base):
            '''What somebody
            buys.'''

            limit: int = 9

            def __init__(self, lines):
                super().__init__()
                self.lines = lines

            def total(self, prices) -> int:
                amount = sum(prices[name] * number for name, number in self.lines)
                return m.rounded(helper(amount))

            @property
            def empty(self):
                return not self.lines

            def price(self) -> Money:
                raise NotImplementedError

        def broken(n):
            while n != 0:
                n = n - 2
            return n
        """,
    "src/shop/base.py": """
        def helper(amount):
            return amount

        class Base:
            def __init__(self):
                self.seen = 0

            def see(self):
                self.seen += 1
                return self.seen

            def never(self):
                return None
        """,
    "tests/test_orders.py": """
        import unittest
        import unittest.case
        import os.path, shop.money
        import pytest
        import shop
        from shop import Order, rounded_up as up
        from shop.money import rounded, helper as plus

        CASES = [(1, 5), (5, 5), (6, 10)]

        @pytest.mark.parametrize("amount, expected", CASES)
        def test_rounded(amount, expected):
            assert rounded(amount) == expected

        @pytest.mark.parametrize("kind", ["a b", pytest.param([1, 2], id="list"), Order, None])
        @pytest.mark.parametrize("number", [1, -2, 1.5])
        def test_stacked(number, kind):
            assert number

        def test_total(order, price_list):
            assert order.total(price_list) == 15

        def test_wrong(order, price_list):
            assert order.total(price_list) == 14

        def test_alias():
            assert up(3) == shop.rounded_up(4) == plus(0)

        def test_submodules():
            assert unittest.case.TestCase and os.path.sep and shop.money.rounded(1) == 5

        def test_money():
            from shop.money import Money
            assert Money() + 1 == 1

        def test_raises():
            with pytest.raises(KeyError):
                Order([("pin", 1)]).total({})

        def test_error():
            Order([("pin", 1)]).total({})

        def test_endless():
            from shop.orders import broken
            assert broken(3) == 0

        class TestOrder:
            prices = {"pen": 1}

            def setup_method(self):
                self.order = Order([("pen", 4)])

            def test_seen(self):
                assert self.order.see() == 1

            @pytest.fixture
            def five(self):
                return 5

            def test_five(self, five):
                assert up(five) == 5

        class TestPlain:
            def test_empty(self, order):
                assert not order.empty

            @pytest.mark.parametrize("times", [2, pytest.param(3, id="thrice")])
            def test_seen(self, times, order):
                assert [order.see() for _ in range(times)][-1] == times

        @pytest.mark.usefixtures("price_list")
        @pytest.mark.parametrize("unit", ["a", "b"])
        class TestInherited(TestPlain):
            @pytest.fixture(autouse=True)
            def keep(self, unit):
                self.unit = unit

            def test_unit(self):
                assert self.unit in "ab"

        class OrderCase(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.start = 1

            def setUp(self):
                self.value = up(self.start)

            def test_value(self):
                self.assertEqual(self.value, 5)
        """,
    "tests/test_more.py": """
        import asyncio
        import pytest
        from .helpers import twice

        @pytest.fixture
        def log():
            return []

        @pytest.fixture(autouse=True)
        def noted(log):
            log.append("begun")
            yield
            log.append("over")

        @pytest.fixture
        def full(log, request):
            log.append("full")
            return log

        def test_shared(log, full):
            assert log is full
            assert log == ["begun", "full"]

        async def test_async():
            await asyncio.sleep(0)
            assert twice(2) == 4

        @pytest.fixture(params=[1, 2])
        def several(request):
            return request.param

        def test_several(several):
            assert several in (1, 2)

        WORD = "word"

        @pytest.fixture(params=["plain", WORD, twice], ids=["p", None, "t"])
        def kind(request, several):
            made = request.param
            return made, several

        @pytest.mark.parametrize("n", [2, "p"])
        def test_kinds(n, kind):
            assert kind[0] in ("plain", "word", twice)

        @pytest.fixture
        def asking(request):
            return request.node

        def test_asking(asking):
            pass

        def test_captured(capsys):
            pass

        @pytest.fixture
        def held(tmp_path):
            with open(tmp_path / "a", "w") as file:
                yield file

        def test_held(held):
            pass

        def test_path(tmp_path):
            (tmp_path / "a").write_text("x")
            assert (tmp_path / "a").read_text() == "x"

        @pytest.mark.parametrize("n", range(3))
        def test_computed(n):
            pass
        """,
    "tests/__init__.py": "",
    "tests/helpers.py": "def twice(n):\n    return 2 * n\n",
}
"""Nothing of it runs but in a sandbox."""


def write_shop(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """The repository as a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return folder
