"""Native parameters: what a tool makes of them means what was filled in."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tools.edit import REPLACE, SEARCH, SEPARATOR, parse
from tools.registry import ToolSettings, build_tools

TOOLS = build_tools(ToolSettings())
MARKS = {SEARCH, SEPARATOR, REPLACE}

line = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20)
lines = st.lists(line.filter(lambda text: text.rstrip() not in MARKS), min_size=1, max_size=5)


def test_every_tool_names_its_parameters_and_composes_them() -> None:
    for name, tool in TOOLS.items():
        assert tool.parameters, name
        argument = tool.compose({each.name: f"<{each.name}>" for each in tool.parameters})
        for each in tool.parameters:
            assert f"<{each.name}>" in argument, (name, each.name)


def test_a_tools_form_and_description_say_what_a_policy_needs() -> None:
    for name, tool in TOOLS.items():
        assert re.search(r"\[.+\]", tool.form), name
        assert tool.description.endswith("."), name


@given(lines, lines)
def test_an_edit_in_parameters_is_the_same_edit_on_the_wire(
    search: list[str], replace: list[str]
) -> None:
    was, becomes = ("".join(f"{each}\n" for each in these) for these in (search, replace))
    argument = TOOLS["edit"].compose({"path": "a.py", "search": was, "replace": becomes})
    path, readings = parse(argument)
    assert path == "a.py"
    assert (was, becomes) in readings


def test_the_last_line_of_a_parameter_may_lack_its_end() -> None:
    argument = TOOLS["edit"].compose({"path": "a.py", "search": "x = 1", "replace": "x = 2"})
    assert parse(argument) == ("a.py", [("x = 1\n", "x = 2\n")])


def test_an_empty_replacement_deletes_rather_than_leaves_an_empty_line() -> None:
    argument = TOOLS["edit"].compose({"path": "a.py", "search": "x = 1\n", "replace": ""})
    assert parse(argument) == ("a.py", [("x = 1\n", "")])


def test_content_is_kept_to_its_last_empty_line() -> None:
    compose = TOOLS["create"].compose
    assert compose({"path": " a.py ", "content": "x\n\n"}) == "a.py\nx\n\n"
    assert compose({"path": "a.py", "content": ""}) == "a.py\n"
