"""The ``edit`` tool: replaces one run of whole lines of a file."""

from collections.abc import Mapping

from sandboxes.errors import FileProblem
from sandboxes.sandbox import Sandbox
from tools.lines import Ambiguous, Edited, NotFound, numbered, replace_lines, split_lines
from tools.tool import Parameter, ToolResult, ToolSettings

SEARCH, SEPARATOR, REPLACE = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"

_CONTEXT = 4  # lines shown on either side
_MOST_SHOWN = 200
_FORM = f"give the path, then {SEARCH}, the lines, {SEPARATOR}, the new lines, {REPLACE}"


class EditTool:
    """One search, one replacement, one place.

    A line of the content that looks like the separator (as under a heading) is no obstacle: of the
    ways to read the argument, the one with the longest search that matches the file counts.
    """

    name = "edit"
    writes = True
    description = (
        "Replace lines of a file. The search must match whole consecutive lines in exactly one "
        "place, indentation included. Without new lines they are deleted. One replacement a call."
    )
    form = (
        f"[path]\n{SEARCH}\n[lines as they are]\n{SEPARATOR}\n[lines as they shall be]\n{REPLACE}"
    )
    parameters: tuple[Parameter, ...] = (
        Parameter("path", "The file's path."),
        Parameter("search", "Whole lines as they are now, in one place only."),
        Parameter("replace", "The lines that take their place; empty to delete them."),
    )

    def compose(self, values: Mapping[str, str]) -> str:
        """The path, and below it the block."""
        block = [SEARCH, *_whole(values["search"]), SEPARATOR, *_whole(values["replace"]), REPLACE]
        return "\n".join([values["path"].strip(), *block])

    def __init__(self, settings: ToolSettings) -> None:
        """The settings do not matter here."""

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        """Edit the file."""
        try:
            path, readings = parse(argument)
            raw = await sandbox.read_file(path)
            if b"\0" in raw:
                return _refused(f"{path} is a binary file")
            edited = _only_match(raw.decode("utf-8", "surrogateescape"), readings)
            data = edited.text.encode("utf-8", "surrogateescape")
            if data == raw:
                return _refused("search and replacement are the same")
            await sandbox.write_file(path, data)
        except BadArgument as problem:
            return _refused(str(problem))
        except FileProblem as problem:
            return _refused(problem.message)
        except UnicodeEncodeError:
            return _refused("the new lines are not valid text")
        return ToolResult(f"Edited {path}. It now reads:\n{_around(edited)}")


class BadArgument(Exception):
    """The call cannot be carried out; the message says why."""


def parse(argument: str) -> tuple[str, list[tuple[str, str]]]:
    """The path, and each way to read search and replacement out of the argument.

    Raises:
        BadArgument: it has another form.
    """
    lines = argument.split("\n")
    path = lines[0].strip()
    marks = [line.rstrip() for line in lines]
    while marks and not marks[-1]:
        marks.pop()
    if not path or "\0" in path or path == SEARCH:
        raise BadArgument(f"the first line must be the path; {_FORM}")
    if len(marks) < 4 or marks[1] != SEARCH or marks[-1] != REPLACE:
        raise BadArgument(f"the block is not complete; {_FORM}")
    if marks.count(SEARCH) > 1:
        raise BadArgument("one block a call; make a call for each")
    end = len(marks) - 1
    middles = [place for place in range(2, end) if marks[place] == SEPARATOR]
    if not middles:
        raise BadArgument(f"the line {SEPARATOR} is missing; {_FORM}")
    return path, [(_text(lines[2:at]), _text(lines[at + 1 : end])) for at in middles]


def _whole(text: str) -> list[str]:
    """The lines of a text whose last one may lack its end."""
    return text.removesuffix("\n").split("\n") if text else []


def _text(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def _only_match(text: str, readings: list[tuple[str, str]]) -> Edited:
    """The one edit the argument can mean.

    Raises:
        BadArgument: no way to read it matches in exactly one place.
    """
    results = [replace_lines(text, search, new) for search, new in readings]
    edits = [result for result in results if isinstance(result, Edited)]
    if edits:
        return edits[-1]  # the longest search: that all of it matches is no accident
    result = next((each for each in results if isinstance(each, Ambiguous)), results[0])
    if isinstance(result, Ambiguous):
        places = ", ".join(map(str, result.lines[:20])) + (
            ", ..." if len(result.lines) > 20 else ""
        )
        raise BadArgument(f"the search matches at lines {places}; add lines until it matches once")
    if isinstance(result, NotFound):
        raise BadArgument(_nearest(result))
    raise AssertionError("an edit was counted above")


def _nearest(result: NotFound) -> str:
    if result.empty:
        return "the search is empty; to insert, search for a line beside the place and repeat it"
    if result.near is None:
        return "the search matches nowhere"
    first, lines = result.near
    but = "but for white space it matches here" if result.white_space else "this comes nearest"
    return f"the search matches nowhere; {but}:\n{numbered(lines, first)}"


def _around(edited: Edited) -> str:
    """The new lines between their neighbours, numbered."""
    lines = split_lines(edited.text)
    first = max(0, edited.first - _CONTEXT)
    shown = [content for content, _ in lines[first : edited.first + edited.count + _CONTEXT]]
    if not shown:
        return "(an empty file)"
    more = f"\n... and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
    return numbered(shown[:_MOST_SHOWN], first + 1) + more


def _refused(why: str) -> ToolResult:
    return ToolResult(f"Nothing was edited: {why}{'' if why[-1:] in '.:' else '.'}", ok=False)
