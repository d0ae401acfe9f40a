"""Programs put together from a repository: they do what pytest says that the tests do."""

import ast
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from tests.repobox import SITE_PACKAGES, Box, box, installed_pytest
from tests.tools.shop import write_shop
from tools.programs.program import Gathered, NoProgram, program_for_call, program_for_test
from tools.testrun import run_tests
from tools.tool import ToolSettings

pytestmark = [
    pytest.mark.engine,
    pytest.mark.network,
    pytest.mark.asyncio(loop_scope="module"),
]

PATH = f"PYTHONPATH=src:/{SITE_PACKAGES}"
SETTINGS = ToolSettings(
    test_command=ToolSettings().test_command.replace("python -m", f"{PATH} python3 -m")
)
O, M = "tests/test_orders.py", "tests/test_more.py"  # noqa: E741

RUN = """
import asyncio, json, sys, unittest
from _pytest.outcomes import OutcomeException
ends = {}
for name, source in json.load(sys.stdin).items():
    scope = {"__name__": "program"}
    try:
        exec(compile(source, name, "exec"), scope)
        scope["main"]()
        ends[name] = "passed"
    except (Exception, OutcomeException) as error:
        ends[name] = type(error).__name__
print(json.dumps(ends))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(
    engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Box]:
    installed = installed_pytest(tmp_path_factory.mktemp("pytest") / "8", "8.4.2")
    source = write_shop(tmp_path_factory.mktemp("shop"))
    async with box(engine, base_image, source, pytest=installed) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(shop: Box) -> AsyncIterator[DockerSandbox]:
    """One sandbox for all: programs only read it."""
    async with shop.sandbox() as made:
        yield made


NO_PROGRAM = {
    f"{M}::test_asking": "the fixture asking looks at the request",
    f"{M}::test_captured": "the fixture capsys is not in the repository",
    f"{M}::test_held": "the fixture held yields within a block",
    f"{M}::test_computed[0]": "the test's parameters are computed, not written down",
    f"{M}::test_computed[1]": "the test's parameters are computed, not written down",
    f"{M}::test_computed[2]": "the test's parameters are computed, not written down",
}
"""Tests of the shop that need more than calls."""

ENDS = {
    f"{O}::test_wrong": "AssertionError",
    f"{O}::test_error": "KeyError",
}
"""How those end that do not pass."""


async def test_programs_do_what_pytest_says_of_the_tests(shared: DockerSandbox) -> None:
    files = [f"{O}", f"{M}"]
    deselect = f"--deselect {O}::test_endless"
    settings = ToolSettings(test_command=f"{SETTINGS.test_command} {deselect} -p no:asyncio")
    run = await run_tests(shared, files, settings)
    status = {each.id: each.status for each in run.outcomes}
    status.pop(f"{M}::test_async")  # pytest alone does not run it
    assert len(status) == 58, status
    programs: dict[str, str] = {}
    refused: dict[str, str] = {}
    for test in status:
        try:
            programs[test] = (await program_for_test(shared, test)).program.source
        except NoProgram as problem:
            refused[test] = str(problem)
    assert refused == NO_PROGRAM
    programs["async"] = (await program_for_test(shared, f"{M}::test_async")).program.source
    result = await shared.run(
        f"{PATH} python3 -c '{RUN}'", state=None, stdin=json.dumps(programs).encode()
    )
    ends = json.loads(result.text)
    assert ends == {test: ENDS.get(test, "passed") for test in programs}
    for test in programs.keys() & status.keys():
        assert (status[test] == "passed") == (ends[test] == "passed"), test


async def test_a_program_has_what_the_test_uses_and_no_more(shared: DockerSandbox) -> None:
    found = await program_for_test(shared, f"{O}::test_total")
    assert found.program.source == (
        "from __future__ import annotations\n"
        "\n"
        "# src/shop/money.py\n"
        "import math\n"
        "\n"
        "STEP = 5\n"
        "\n"
        "def rounded(amount):\n"
        "    return math.ceil(amount / STEP) * STEP\n"
        "\n"
        "# src/shop/base.py\n"
        "def helper(amount):\n"
        "    return amount\n"
        "\n"
        "class Base:\n"
        "    def __init__(self):\n"
        "        self.seen = 0\n"
        "\n"
        "# src/shop/orders.py\n"
        "from shop import money as m\n"
        "\n"
        "class Order(Base):\n"
        "    limit: int = 9\n"
        "\n"
        "    def __init__(self, lines):\n"
        "        super().__init__()\n"
        "        self.lines = lines\n"
        "\n"
        "    def total(self, prices) -> int:\n"
        "        amount = sum(prices[name] * number for name, number in self.lines)\n"
        "        return m.rounded(helper(amount))\n"
        "\n"
        "# conftest.py\n"
        "def order():\n"
        '    return Order([("pen", 2), ("cup", 1)])\n'
        "\n"
        "def _price_list():\n"
        '    return {"pen": 3, "cup": 7}\n'
        "\n"
        "# tests/test_orders.py\n"
        "def test_total(order, price_list):\n"
        "    assert order.total(price_list) == 15\n"
        "\n"
        "\n"
        "def main():  # << START_OF_TRACE\n"
        "    return test_total(order(), _price_list())\n"
    )
    assert found.included[0] == f"{O}::test_total"
    assert found.left_out == ()
    assert found.call == "test_total(order(), _price_list())"


async def test_every_line_is_one_of_the_repository_or_of_the_start(
    shared: DockerSandbox,
) -> None:
    """So that predicted lines can be found in recorded ones."""
    found = await program_for_test(shared, f"{O}::TestOrder::test_five")
    known = {"from __future__ import annotations", "", "from shop.money import rounded as up"}
    for path in ("src/shop/money.py", "src/shop/orders.py", "src/shop/base.py", O):
        known |= {f"# {path}", *(await shared.read_file(path)).decode().split("\n")}
    lines = found.program.source.split("\n")
    assert [line for line in lines if line not in known] == [
        "def run_test():",
        "    case = TestOrder()",
        "    case.setup_method()",
        "    the_five = case.five()",
        "    case.test_five(the_five)",
        "def main():  # << START_OF_TRACE",
        "    return run_test()",
    ]


async def test_the_nearest_comes_first_and_what_has_no_room_is_said(
    shared: DockerSandbox,
) -> None:
    whole = await program_for_test(shared, f"{O}::test_total")
    part = await program_for_test(shared, f"{O}::test_total", most_tokens=whole.tokens * 3 // 5)
    assert part.tokens <= whole.tokens * 3 // 5
    assert part.included[0] == f"{O}::test_total"
    assert {*part.included} < {*whole.included}
    missing = {*whole.included} - {*part.included}
    assert any(each.startswith(key) for key in missing for each in part.left_out)
    ast.parse(part.program.source)
    with pytest.raises(NoProgram, match="does not fit"):
        await program_for_test(shared, f"{O}::test_total", most_tokens=10)


async def test_what_changed_is_shown_though_nothing_is_seen_to_call_it(
    shared: DockerSandbox,
) -> None:
    changed = {
        "src/shop/orders.py": {"Order.price", "broken"},
        "src/shop/money.py": {16},
        "gone.py": {3},
        "src/shop/base.py": {"nothing", 1_000_000},
    }
    found = await program_for_test(shared, f"{O}::test_rounded[1-5]", changed=changed)
    assert {
        "src/shop/orders.py::Order.price",
        "src/shop/orders.py::broken",
        "src/shop/money.py::unused",
    } <= {*found.included}
    assert found.included[0] == f"{O}::test_rounded"


async def test_a_name_that_two_files_define_is_told_apart_by_imports_and_said(
    shared: DockerSandbox,
) -> None:
    changed = {"src/shop/money.py": {"helper"}}
    found = await program_for_test(shared, f"{O}::test_total", changed=changed)
    assert found.program.source.count("def helper(") == 2
    assert "# src/shop/orders.py\nfrom shop import money as m\nfrom shop.base import helper\n" in (
        found.program.source
    )
    (said,) = found.left_out
    assert said == (
        "the name helper is defined in src/shop/money.py, src/shop/base.py: "
        "only the imports tell which"
    )


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (f"{O}::test_missing", f"{O} has no test_missing"),
        (f"{O}::TestOrder::test_missing", f"{O} has no method test_missing in TestOrder"),
        (f"{O}::TestMissing::test", f"{O} has no TestMissing"),
        (f"{O}::Order::test", f"{O} has no method test in Order"),
        ("tests/test_none.py::test", "there is no file tests/test_none.py"),
        ("/etc/passwd.py::test", "there is no file /etc/passwd.py"),
        ("../../etc/a.py::test", "there is no file ../../etc/a.py"),
        (O, f"{O} is not the id of one test: path/file.py::test_name"),
        (f"{O}::a b", f"{O}::a b is not the id of one test: path/file.py::test_name"),
        ("", " is not the id of one test: path/file.py::test_name"),
        (
            f"{O}::test_rounded",
            "the test has parameter sets; name one in brackets: [1-5], [5-5], [6-10], ...",
        ),
        (
            f"{O}::test_rounded[7-7]",
            "the parameter set [7-7] cannot be told from the source",
        ),
        (f"{O}::test_alias[1]", "neither the test nor a fixture of it has parameters"),
    ],
)
async def test_what_is_not_there_is_one_clear_line(
    shared: DockerSandbox, test: str, why: str
) -> None:
    with pytest.raises(NoProgram) as caught:
        await program_for_test(shared, test)
    assert str(caught.value) == why


async def test_a_call_with_the_names_of_a_file(shared: DockerSandbox) -> None:
    found = await program_for_call(shared, "src/shop/orders.py", "m.rounded(helper(len('abc')))")
    assert found.included == (
        "src/shop/money.py::rounded",
        "src/shop/base.py::helper",
        "src/shop/money.py::STEP",
    )
    assert found.program.source.endswith("\n    return m.rounded(helper(len('abc')))\n")
    assert "from shop import money as m\n" in found.program.source


@pytest.mark.parametrize(
    ("path", "call", "why"),
    [
        ("src/shop/orders.py", "nothing()", "src/shop/orders.py has no nothing"),
        ("src/shop/none.py", "f()", "there is no file src/shop/none.py"),
        ("src/shop/orders.py", "x = 1", "the call is not one expression"),
        ("src/shop/orders.py", "f(", "the call is not one expression"),
        ("src/shop/orders.py", "(" * 10_000, "the call is not one expression"),
        ("src/shop/orders.py", "f(\0)", "the call is not one expression"),
    ],
)
async def test_a_call_that_cannot_be_is_one_clear_line(
    shared: DockerSandbox, path: str, call: str, why: str
) -> None:
    with pytest.raises(NoProgram) as caught:
        await program_for_call(shared, path, call)
    assert str(caught.value).startswith(why)
    assert len(str(caught.value).splitlines()) == 1


def _sources(found: Gathered) -> list[str]:
    return [each.partition("::")[0] for each in found.included]


async def test_files_that_cannot_be_read_are_left_out_and_said(shop: Box) -> None:
    files = {
        "broken.py": b"def f(:\n",
        "deep.py": b"x = " + b"(" * 5_000 + b")" * 5_000 + b"\n",
        "long.py": b"x = 1\n" * 200_000,
        "coded.py": b"# coding: utf-7\nx = 1\n",
        "binary.py": b"x = '\xff\0'\n",
        "test_all.py": (
            b"import broken, deep, long, coded, binary, fine\n"
            b"def test_all():\n"
            b"    assert broken.f() or deep.x or long.x or coded.x or binary.x or fine.f()\n"
        ),
        "fine.py": b"def f(): return 'a\\u2028b'  # \x0c\xc3\xa9\r\ndef g(): pass\r\n",
    }
    async with shop.sandbox() as sandbox:
        for path, data in files.items():
            await sandbox.write_file(path, data)
        await sandbox.run("ln -s test_all.py loop_a.py; ln -s /dev/zero endless.py; mkdir dir.py")
        found = await program_for_test(sandbox, "test_all.py::test_all")
        with pytest.raises(NoProgram, match=r"broken.py: it does not parse \(line 1\)"):
            await program_for_test(sandbox, "broken.py::test")
        with pytest.raises(NoProgram, match=r"endless\.py: it cannot be read"):
            await program_for_test(sandbox, "endless.py::test")
        with pytest.raises(NoProgram, match=r"there is no file dir\.py"):
            await program_for_test(sandbox, "dir.py::test")
    assert _sources(found) == ["test_all.py", "fine.py"]
    assert sorted(each.partition(":")[0] for each in found.left_out) == sorted(
        {*files} - {"fine.py", "test_all.py"}
    )


async def test_a_repository_that_refers_to_itself_in_circles(shop: Box) -> None:
    files = {
        "one.py": "from two import *\nfrom two import a\nx = 1\n",
        "two.py": "from one import *\nfrom one import a\nfrom .two import b\n",
        "three.py": "from three import f as g\ndef f(n): return g(n)\nclass A(A): pass\n",
        "test_it.py": (
            "from one import a, b\nfrom three import f, A\n"
            "class TestA(A):\n"
            "    def test(self, r): assert a(b(f(1)))\n"
            "import pytest\n"
            "@pytest.fixture\ndef r(s): pass\n"
            "@pytest.fixture\ndef s(r): pass\n"
            "def test_plain(): assert a(b(f(1)))\n"
        ),
    }
    async with shop.sandbox() as sandbox:
        for path, text in files.items():
            await sandbox.write_file(path, text.encode())
        found = await program_for_test(sandbox, "test_it.py::test_plain")
        with pytest.raises(NoProgram, match="needs too many others"):
            await program_for_test(sandbox, "test_it.py::TestA::test")
    assert found.included == ("test_it.py::test_plain", "three.py::f")


async def test_a_fixture_that_nobody_asked_for_is_left_out_and_said(shop: Box) -> None:
    files = {
        "conftest.py": (
            "import pytest\n"
            "@pytest.fixture\ndef base(): return 1\n"
            "@pytest.fixture(autouse=True)\n"
            "def add_names(base, doctest_namespace): doctest_namespace['base'] = base\n"
            "@pytest.fixture(autouse=True)\ndef kept(): pass\n"
        ),
        "test_it.py": "def test_plain(): pass\ndef test_asking(add_names): pass\n",
    }
    async with shop.sandbox() as sandbox:
        for path, text in files.items():
            await sandbox.write_file(path, text.encode())
        found = await program_for_test(sandbox, "test_it.py::test_plain")
        with pytest.raises(NoProgram, match="the fixture doctest_namespace is not in the repo"):
            await program_for_test(sandbox, "test_it.py::test_asking")
    assert found.left_out == (
        "the automatic fixture add_names: the fixture doctest_namespace is not in the repository",
    )
    assert found.included == ("test_it.py::test_plain", "conftest.py::kept")
    assert "the_kept = kept()\n    test_plain()\n" in found.program.source
