"""What an issue's text gives to run: scripts, sessions, and what should have come of them."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.policies.repair.expectations import expected_exceptions, expected_value
from agent.policies.repair.reproduction import Reproduction, find_reproductions


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("It breaks.", []),
        ("```python\nfrom m import f\nassert f(1) == 2\n```", ["script"]),
        ("```\n>>> from m import f\n>>> f(1)\n2\n```", ["session"]),
        (
            ">>> from m import f\n>>> f(1)\nTraceback (most recent call last):\nKeyError: 1",
            ["script"],
        ),
        ("```python\nf(1)\n```", []),
        ("```toml\n[a]\n```\n```python\nimport m\nm.f(\n```", []),
        (
            "```py\nimport m\nm.f()\n```\nand\n~~~python\nimport m\nassert m.g()\n~~~",
            ["script", "script"],
        ),
    ],
)
def test_reproductions_are_found_in_an_issue(text: str, kinds: list[str]) -> None:
    found = find_reproductions(text)
    assert [each.kind for each in found] == kinds
    for each in found:
        ast.parse(each.as_test())
    if len(found) == 2:
        assert "assert" in found[0].source


def asserted(text: str) -> str:
    """What the first script found checks."""
    source = find_reproductions(text)[0].source
    return next(line for line in source.splitlines() if line.startswith("assert"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I get `1.0`, but expected `'1'`.", "'1'"),
        ("It prints 3 instead of 4.", "4"),
        ("This should be [1, 2] and nothing else", "[1, 2]"),
        ("Expected result:\n\n    None", None),
        ("Expected: None", "None"),
        ("I expected it to work. There are 12 of them.", None),
        ("Nobody expects `os.system('x')`", None),
        ("It returns 'a' rather than \"b\"", "'b'"),
        ("The first should return -1.5.", "-1.5"),
        ("Nothing is wrong with 7", None),
    ],
)
def test_the_value_that_should_have_come_is_read(text: str, value: str | None) -> None:
    assert expected_value(text) == value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("decode() should raise InvalidIssuerError, but it does not.", ("InvalidIssuerError",)),
        ("A TypeError comes where a `ParserError` is documented.", ("ParserError",)),
        ("expected a ValueError\n\nValueError: no", ()),
        ("It should raise jwt.exceptions.DecodeError", ("DecodeError",)),
        ("It raises KeyError.", ()),
    ],
)
def test_the_exception_that_should_have_come_is_read(text: str, names: tuple[str, ...]) -> None:
    assert expected_exceptions(text) == names


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    for fence in ("", "```python\n", ">>> "):
        for each in find_reproductions(f"{fence}{text}\n"):
            ast.parse(each.as_test())


def test_a_session_that_shows_the_wrong_value_asserts_the_one_the_issue_wants() -> None:
    text = ">>> from m import f\n>>> f(1,\n...   0)\n'1.0'\n\nI would expect '1' here.\n"
    first, session = find_reproductions(text)
    assert first.kind == "script"
    assert "from m import f" in first.source
    assert "got = f(1, 0)" in first.source
    assert asserted(text) == "assert got == '1' or str(got) == str('1'), repr(got)"
    assert session.kind == "session"


def test_of_several_values_the_one_the_issue_speaks_of_is_asserted() -> None:
    session = ">>> from m import f\n>>> f(1)\n'1.0'\n>>> f(2)\n'2'\n\n"
    first, _ = find_reproductions(f"{session}The first one should be '1'.\n")
    assert "got = f(1)\n" in first.source
    assert "\nf(2)\n" in first.source
    # Nobody guesses: what is asserted of the wrong one can never be repaired.
    assert [each.kind for each in find_reproductions(f"{session}It should be '1'.\n")] == [
        "session"
    ]


def test_what_a_script_calls_before_the_end_is_not_what_it_shows() -> None:
    text = "```python\nimport m\nm.set(1)\nm.get()\n```\nI expected 2.\n"
    source = find_reproductions(text)[0].source
    assert "\nm.set(1)\ngot = m.get()\nassert got == 2 " in source


def test_what_is_imported_is_imported_before_the_test() -> None:
    namespace: dict[str, object] = {}
    source = "import textwrap\nimport no_such_module_here\nassert textwrap\n"
    made = Reproduction("script", source).as_test().decode()
    exec(compile(made.partition("def test")[0], "test", "exec"), namespace)
    assert namespace["IMPORTS"] == ["import textwrap", "import no_such_module_here"]


def test_a_comment_says_what_its_line_should_give() -> None:
    text = (
        "```python\nfrom m import f, g\nprint(f('#'))  # gives 2, should be 3\n"
        "g(1)  # expected: 'x'\ng(2)  # whatever\n```\n"
    )
    source = find_reproductions(text)[0].source
    assert "got = f('#')\nassert got == 3 " in source
    assert "got = g(1)\nassert got == 'x' " in source
    assert "\ng(2)  # whatever\n" in source


def test_the_imports_of_one_block_serve_the_next() -> None:
    text = "```python\nimport m\n```\nand then\n```python\nm.f(1)\n```\n"
    assert [each.source for each in find_reproductions(text)] == ["import m\nm.f(1)\n"]


def test_an_indented_block_is_a_script_where_nothing_is_fenced() -> None:
    text = "It breaks with\r\n\r\n    import m\r\n    m.f(1)\r\n\r\nevery time.\r\n"
    assert find_reproductions(text) == [Reproduction("script", "import m\nm.f(1)\n")]


def run(reproduction: Reproduction) -> str:
    """The name of the exception that the test dies of, or ``passed``."""
    namespace: dict[str, object] = {}
    exec(compile(reproduction.as_test(), "test", "exec"), namespace)
    test = namespace["test_reproduction"]
    assert callable(test)
    try:
        test()
    except Exception as error:
        return type(error).__name__
    return "passed"


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        ("int('x')", "passed"),
        ("int(None)", "TypeError"),
        ("int('1')", "AssertionError"),
        ("b''.decode('utf-8'); b'\\xff'.decode('utf-8')", "passed"),
    ],
)
def test_a_script_that_should_raise_passes_by_raising_just_that(call: str, outcome: str) -> None:
    text = f"```python\nimport m\n{call}\n```\nIt should raise ValueError.\n"
    (found,) = find_reproductions(text)
    source = found.source.replace("import m\n", "")
    assert run(Reproduction("script", source, found.raises)) == outcome
