"""What the recorder can be pointed at: files and functions, calls, scripts, tests."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.sandboxes.tracing import Tracer, minor, pythons


@pytest.fixture(params=pythons(), ids=minor)
def tracer(request: pytest.FixtureRequest, tmp_path: Path) -> Tracer:
    """Every Python."""
    return Tracer(request.param, tmp_path / "project")


@pytest.fixture
def here(tmp_path: Path) -> Tracer:
    """The Python of the tests, for what does not depend on it."""
    return Tracer(pythons()[0], tmp_path / "project")


def test_files_and_functions_can_be_chosen(here: Tracer) -> None:
    here.folder.joinpath("other.py").write_text(
        "def g(x):\n    return h(x)\ndef h(x):\n    return x"
    )
    here.folder.joinpath("site-packages").mkdir()
    here.folder.joinpath("site-packages", "lib.py").write_text("def k(x):\n    return x\n")
    source = dedent("""
        import sys
        sys.path.append('site-packages')
        import json, lib, other

        def f():
            json.dumps(1)
            return other.g(lib.k(1))
    """)

    def functions(**chosen: object) -> set[object]:
        return {event["fn"] for event in here.call(source, **chosen).events}

    assert functions() == {"main", "f", "g", "h"}
    assert functions(files=["other.py"]) == {"main", "g", "h"}
    assert functions(functions=["h"]) == {"main", "h"}


@pytest.mark.parametrize(
    ("source", "call", "kind", "message"),
    [
        ("def f(:\n", "f()", "SyntaxError", "program.py, line 1"),
        ("import no_such_module", "f()", "ModuleNotFoundError", "no_such_module"),
        ("1 / 0", "f()", "ZeroDivisionError", "division by zero"),
        ("def f(): pass", "g()", "Unrunnable", "program.py has no g"),
        ("def f(): pass", "f(", "Unrunnable", "does not parse"),
        ("def f(): pass", "x = 1", "Unrunnable", "does not parse"),
    ],
)
def test_what_cannot_be_run_is_said(
    here: Tracer, source: str, call: str, kind: str, message: str
) -> None:
    end = here.call(source, call).end
    assert (end["end"], end["events"]) == ("error", 0)
    error = end["error"]
    assert isinstance(error, dict)
    assert error["type"] == kind
    assert message in error["message"]
    assert "\n" not in error["message"]


def test_a_file_in_a_package_is_imported_under_its_name(here: Tracer) -> None:
    folder = here.folder / "src" / "pkg"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from pkg.names import NAME\n")
    (folder / "names.py").write_text("NAME = __name__\n")
    (folder / "work.py").write_text("from .names import NAME\n\ndef f():\n    return NAME\n")
    traced = here(kind="call", path="src/pkg/work.py", call="f()")
    assert traced.returned() == "'pkg.names'"


def test_a_script_is_run_as_main(tracer: Tracer) -> None:
    source = "import sys\nword = sys.argv[1]\nif __name__ == '__main__':\n    print(word)\n"
    (tracer.folder / "told.py").write_text(source)
    traced = tracer(kind="script", path="told.py", arguments=["hi"])
    assert traced.end["stdout"] == "hi\n"
    assert traced.values("<module>", "word") == ["'hi'"]
    assert "__builtins__" not in traced.text


TESTS = """
    import functools
    import unittest

    import pytest

    def decorated(function):
        @functools.wraps(function)
        def wrapper(*args, **named):
            return function(*args, **named)
        return wrapper

    @pytest.fixture
    def two():
        return 2

    @decorated
    def test_good(two):
        print("said")
        assert two == 2

    def test_bad(two):
        three = two + 1
        assert three == 2

    class TestOld(unittest.TestCase):
        def setUp(self):
            self.value = 1

        def test_it(self):
            self.assertEqual(self.value, 1)

    @pytest.mark.parametrize("n", [1, 2])
    def test_each(n):
        assert n

    @pytest.mark.skip(reason="not now")
    def test_skipped():
        pass

    @pytest.fixture
    def broken():
        raise KeyError("k")

    def test_set_up(broken):
        pass
"""


def test_a_test_is_recorded_from_its_own_function_on(here: Tracer) -> None:
    (here.folder / "test_it.py").write_text(dedent(TESTS))

    def run(test: str) -> tuple[list[object], object, object]:
        traced = here(kind="test", test=f"test_it.py::{test}")
        error = traced.end["error"]
        kind = error["type"] if isinstance(error, dict) else None
        return [event["fn"] for event in traced.events][:1], traced.end["end"], kind

    assert run("test_good") == (["test_good"], "left", None)
    assert run("test_bad") == (["test_bad"], "left", "AssertionError")
    assert run("TestOld::test_it") == (["test_it"], "left", None)
    assert run("test_each[2]") == (["test_each"], "left", None)
    good = here(kind="test", test="test_it.py::test_good")
    assert good.end["stdout"] == "said\n"
    assert not any("@" in str(event.get("v")) for event in good.events)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("test_it.py::test_skipped", "not now"),
        ("test_it.py::test_set_up", "KeyError: 'k'"),
        ("test_it.py::test_none", "pytest found no test test_it.py::test_none"),
        ("test_worse.py::test_it", "cannot be collected"),
    ],
)
def test_a_test_that_does_not_come_to_run_says_why(here: Tracer, test: str, message: str) -> None:
    (here.folder / "test_it.py").write_text(dedent(TESTS))
    (here.folder / "test_worse.py").write_text("import no_such_module\n")
    end = here(kind="test", test=test).end
    assert end["end"] == "error"
    assert message in str(end["detail"])
