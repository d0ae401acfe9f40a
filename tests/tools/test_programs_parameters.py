"""The arguments that a parameter set's id names: as a real pytest gives them."""

import ast
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.programs.module import Function, read_module
from tools.programs.parameters import NotFound, arguments, marks_of

CASES = """
import enum, math, pytest

class Color(enum.Enum):
    RED = 1

CASES = [(1, 2), (3, 4)]
WORD = "said"
param = pytest.param
LATER: list = [7, 8]

@pytest.mark.parametrize("a", [1, -1, 0x10, 1.50, 1e100, True, None, 2j, 10**3])
def test_numbers(a): ...

@pytest.mark.parametrize("a", ["", "b c", "é", "\\n\\t\\x7f", "a-b", "[1]", "::", b"by\\xff", "q'"])
def test_texts(a): ...

@pytest.mark.parametrize("a", [[], {}, (1, 2), {"k": [1]}, lambda: 1, math, object()])
def test_objects(a): ...

@pytest.mark.parametrize("a", [math.floor, int, Color, Color.RED, WORD, math.pi, WORD.upper()])
def test_names(a): ...

@pytest.mark.parametrize("a, b", CASES)
def test_constant(a, b): ...

@pytest.mark.parametrize("a", LATER)
def test_annotated(a): ...

@pytest.mark.parametrize(("a", "b"), [(1, "x"), [2, "y"], pytest.param(3, "z"), param(4, "w")])
def test_pairs(a, b): ...

@pytest.mark.parametrize(argnames=["a"], argvalues=((5,), (6,)))
def test_keywords(a): ...

@pytest.mark.parametrize("a", [1, 2, 3], ids=["one", None, "th-ree"])
def test_ids(a): ...

@pytest.mark.parametrize("a", [1, 2], ids=str)
def test_ids_made(a): ...

@pytest.mark.parametrize("a", [pytest.param([1], id="x"), pytest.param([2], id="y")], ids=str)
def test_own_ids(a): ...

@pytest.mark.parametrize("a", ["x", "y", "x", "x1"])
def test_same(a): ...

@pytest.mark.parametrize("a", [1, 2])
@pytest.mark.parametrize("b", ["-", "1"])
@pytest.mark.parametrize("c, d", [("", 3), ("4-", 5)])
def test_stacked(a, b, c, d): ...

@pytest.mark.parametrize("k", [1, 2])
class TestAll:
    @pytest.mark.parametrize("a", "xy".split() + ["z"])
    def test_made(self, a, k): ...

    @pytest.mark.parametrize("a", ["m", "n"])
    def test_both(self, a, k): ...

    def test_alone(self, k): ...
"""

PLUGIN = """
import json
def pytest_collection_modifyitems(items):
    found = [(item.nodeid, {k: repr(v) for k, v in item.callspec.params.items()}) for item in items]
    with open("found.json", "w") as file:
        json.dump(found, file)
"""

NOT_TOLD = {
    "test_names[3.141592653589793]",
    "test_ids_made[1]",
    "test_ids_made[2]",
    *(f"test_made[{a}-{k}]" for a in ("xy", "z") for k in (1, 2)),
    "test_names[SAID]",
}
"""Those whose ids or values are computed, and not told apart."""


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("collected")
    (folder / "test_it.py").write_text(CASES)
    (folder / "conftest.py").write_text(PLUGIN)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--co",
        "--rootdir=.",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run([*command, "test_it.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return json.loads((folder / "found.json").read_text())


def test_every_id_of_pytest_is_found(collected: list[tuple[str, dict[str, str]]]) -> None:
    module = read_module("test_it.py", CASES.encode())
    scope: dict[str, object] = {}
    exec(CASES, scope)
    not_told: set[str] = set()
    for nodeid, values in collected:
        head, _, rest = nodeid.partition("::")[2].partition("[")
        function = module.scope(head.replace("::", "."))
        assert isinstance(function, Function)
        decorators = [function.decorator_list]
        if "::" in head:
            decorators.append(module.scope("TestAll").decorator_list)  # type: ignore[union-attr]
        try:
            found = arguments(marks_of(decorators), rest[:-1], constants(scope))
        except NotFound:
            not_told.add(f"{head.rpartition(':')[2]}[{rest}")
            continue
        assert found.keys() == values.keys(), nodeid
        for name, value in found.items():
            made = repr(eval(ast.unparse(value), scope))
            assert made.partition(" at ")[0] == values[name].partition(" at ")[0], nodeid
    assert not_told == NOT_TOLD


def constants(scope: dict[str, object]) -> object:
    def constant(name: str) -> ast.expr | None:
        literal = isinstance(scope.get(name), str | list)
        return ast.parse(repr(scope[name]), mode="eval").body if literal else None

    return constant


def decorated(marks: str) -> list[ast.expr]:
    (function,) = ast.parse(f"{marks}\ndef f(): ...").body
    assert isinstance(function, Function)
    return function.decorator_list


@pytest.mark.parametrize(
    "marks",
    [
        "@p.parametrize",
        "@p.parametrize()",
        "@p.parametrize('a')",
        "@p.parametrize('a', *x)",
        "@p.parametrize(**x)",
        "@p.parametrize('a', [*x])",
        "@p.parametrize('a, b', [1])",
        "@p.parametrize('a, b', [(1, *x)])",
        "@p.parametrize('', [1])",
        "@p.parametrize(1, [1])",
        "@p.parametrize('a', range(2))",
        "@p.parametrize('a', [1], indirect=True)",
        "@p.parametrize('a', [1], True)",
        "@p.parametrize('a', [p.param()])",
        "@p.parametrize('a', [" + "1, " * 3_000 + "])\n" + "@p.parametrize('b', [1, 1])" * 1,
    ],
)
def test_what_cannot_be_told_is_one_line(marks: str) -> None:
    with pytest.raises(NotFound) as caught:
        arguments(marks_of([decorated(marks)]), "2", lambda _: None)
    assert len(str(caught.value).splitlines()) == 1


@given(st.text(), st.lists(st.text() | st.integers() | st.floats() | st.booleans() | st.binary()))
def test_whatever_the_id_is_it_is_found_or_told(wanted: str, values: list[object]) -> None:
    marks = decorated(f"@p.parametrize('a', {values!r})")
    try:
        found = arguments(marks_of([marks]), wanted, lambda _: None)
    except NotFound:
        return
    assert ast.unparse(found["a"])
