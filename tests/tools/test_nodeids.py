"""Node ids: what a report says and what the user wrote."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.nodeids import Locator, covers, normal_id, with_users_paths


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("tests/test_a.py", "tests/test_a.py"),
        ("./tests//test_a.py::test_b", "tests/test_a.py::test_b"),
        ("/testbed/tests/test_a.py::A::b[x/../y]", "tests/test_a.py::A::b[x/../y]"),
        ("tests/", "tests"),
        ("/testbed", "."),
        (" a.py ", "a.py"),
        ("../a.py", "../a.py"),
    ],
)
def test_ids_have_one_form(written: str, normal: str) -> None:
    assert normal_id(written) == normal
    assert normal_id(normal) == normal


@pytest.mark.parametrize(
    ("asked", "test", "expected"),
    [
        ("a.py", "a.py::t", True),
        ("tests", "tests/a.py::t", True),
        (".", "tests/a.py::t", True),
        ("a.py::t", "a.py::t[1]", True),
        ("a.py::T", "a.py::T::m[1]", True),
        ("a.py::t[1]", "a.py::t[1]", True),
        ("a.py::t", "a.py::t2", False),
        ("a.py::t[1]", "a.py::t[10]", False),
        ("test", "tests/a.py::t", False),
        ("a.py", "a.pyx::t", False),
        ("a.py::t", "b/a.py::t", False),
    ],
)
def test_what_covers_what(asked: str, test: str, expected: bool) -> None:
    assert covers(asked, test) is expected


_word = st.from_regex(r"[a-z_][a-z0-9_.]{0,5}", fullmatch=True).filter(lambda w: ".." not in w)
_class = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
_file = st.lists(_word, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + ".py")


@given(_file, st.lists(_class, max_size=3), _class, st.text(max_size=8), st.booleans())
def test_an_id_survives_the_report(
    file: str, classes: list[str], name: str, parameters: str, named: bool
) -> None:
    """The dotted path is made as pytest makes it; the file is known from one side or the other."""
    name = f"{name}[{parameters}]" if parameters else name
    dotted = ".".join([re.sub(r"\.py$", "", file.replace("/", ".")), *classes])
    locator = Locator([] if named else [file])
    found = locator.find(dotted, name, file if named else "elsewhere/base.py")
    assert found == "::".join([file, *classes, name])
    assert not locator.unsure


def test_a_file_nobody_knows_is_guessed_and_said() -> None:
    locator = Locator([])
    assert locator.find("tests.test_a.TestB", "test_c", "") == "tests/test_a.py::TestB::test_c"
    assert locator.unsure


def test_a_file_that_was_not_collected_stands_for_itself() -> None:
    assert Locator([]).find("", "tests.test_bad", "tests/test_bad.py") == "tests/test_bad.py"
    assert Locator([]).find("", "a test of another runner", "") == "a test of another runner"


@pytest.mark.parametrize(
    ("found", "asked", "expected"),
    [
        ("tests/a.py::t", "tests/a.py::t", "tests/a.py::t"),
        ("a.py::t", "sub/tests/a.py::t", "sub/tests/a.py::t"),
        ("testbed/tests/a.py::t", "tests/a.py::t", "tests/a.py::t"),
        ("tests/a.py::t", "tests", "tests/a.py::t"),
        ("tests/a.py::t", "other.py", "tests/a.py::t"),
    ],
)
def test_pytests_root_folder_may_be_another(found: str, asked: str, expected: str) -> None:
    assert with_users_paths([found], [asked]) == [expected]
