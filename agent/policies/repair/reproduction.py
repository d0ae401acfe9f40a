"""A reproduction from an issue's text, as a test of our own outside the repository.

A Python block that raises or asserts, or a doctest-like session, stands in for a failing test; what
the issue says should have come is asserted. Nothing of it runs on the host: the text is only taken
apart here, and run in a sandbox.
"""

import ast
import doctest
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.policies.repair.expectations import (
    expected_exceptions,
    expected_place,
    expected_value,
)

_FENCE = re.compile(
    r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*\1", re.DOTALL | re.MULTILINE
)
_INDENTED = re.compile(r"(?:^(?: {4}|\t)[^\n]*\n(?:[ \t]*\n)*)+", re.MULTILINE)
_PYTHON = {"python", "py", "python3", "pycon", "python-console", ""}
_COMMENT = re.compile(r"^(?P<code>[^#'\"]*(?:(?:'[^']*'|\"[^\"]*\")[^#'\"]*)*)#(?P<says>.*)$")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Source that shows the fault.

    Attributes:
        kind: ``script``: it must run without an exception; ``session``: what is printed must be
            what the session shows.
        source: the script or the session.
        raises: exceptions of which the script must raise one instead.
    """

    kind: str
    source: str
    raises: tuple[str, ...] = ()

    def as_test(self) -> bytes:
        """A test file that runs it."""
        if self.kind == "session":
            body = _SESSION_TEST
        else:
            body = _RAISING_TEST if self.raises else _SCRIPT_TEST
        imports = _imports([self.source])
        head = f"SOURCE = {self.source!r}\nRAISES = {self.raises!r}\nIMPORTS = {imports!r}\n"
        return f"{head}{_IMPORT_FIRST}{body}".encode()


# Other tests import what they test beforehand. What importing runs is thus no sign of the fault.
_IMPORT_FIRST = """
for line in IMPORTS:
    try:
        exec(line, {})
    except Exception:
        pass
"""

_SCRIPT_TEST = '''

def test_reproduction():
    """The script of the issue runs without an exception."""
    exec(compile(SOURCE, "reproduction", "exec"), {"__name__": "__main__"})
'''

_RAISING_TEST = '''

def test_reproduction():
    """The script of the issue raises what it should."""
    try:
        exec(compile(SOURCE, "reproduction", "exec"), {"__name__": "__main__"})
    except Exception as error:
        if not any(kind.__name__ in RAISES for kind in type(error).__mro__):
            raise
    else:
        raise AssertionError("nothing was raised")
'''

_SESSION_TEST = '''

def test_reproduction():
    """The session of the issue prints what it shows."""
    import doctest

    test = doctest.DocTestParser().get_doctest(SOURCE, {}, "reproduction", None, 0)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    said = []
    runner.run(test, out=said.append)
    assert runner.failures == 0, "".join(said)
'''


def find_reproductions(text: str) -> list[Reproduction]:
    """What could be run, the likeliest first.

    First what asserts, by itself or by what the issue says should have come, then other scripts,
    then sessions. A session that ends in a traceback is taken without what it printed: it must not
    raise, or not that. One that shows values is taken as it is; whether those are the wrong or the
    wanted ones only running it tells, and one that passes shows nothing.
    """
    text = text.replace("\r\n", "\n")
    blocks, prose = _blocks(text)
    imports = _imports(blocks)
    scripts: list[Reproduction] = []
    sessions: list[Reproduction] = []
    typed: list[Reproduction] = []
    asked: dict[str, list[str]] = {}
    for block in blocks:
        if ">>>" in block:
            inputs, session, shown = _session(block, imports)
            sessions += [session] if session is not None else []
            # Where values are shown, that the inputs do not raise is less than what they show.
            (scripts if session is None else typed).append(inputs)
            asked[inputs.source] = shown
        else:
            scripts.append(Reproduction("script", _with_imports(block, imports)))
    scripts = [each for each in scripts if _is_program(each.source)]
    typed = [each for each in typed if _is_program(each.source)]
    wanted, raises = expected_value(prose), expected_exceptions(text)
    told = []
    for each in scripts + typed:
        one = _asserting(each, asked.get(each.source, []), wanted, expected_place(prose))
        told += [one] if one is not None else []
    if raises:
        told += [replace(each, raises=raises) for each in scripts + typed]
    # A script that ought to raise shows nothing by not raising.
    quiet = [each for each in scripts if "assert" in each.source or not raises]
    quiet.sort(key=lambda each: "assert" not in each.source)
    return list(dict.fromkeys([*told, *quiet, *sessions]))


def _blocks(text: str) -> tuple[list[str], str]:
    """The blocks that may be Python, and the text around them."""
    fenced = [_dedent(match[3]) for match in _FENCE.finditer(text) if match[2].lower() in _PYTHON]
    prose = _FENCE.sub("\n\n", text)
    if fenced:
        return fenced, prose
    if ">>>" in text:
        return [_dedent(text)], "\n".join(
            line for line in text.splitlines() if not line.lstrip().startswith((">>>", "..."))
        )
    indented = [_dedent(match[0]) for match in _INDENTED.finditer(f"{prose}\n")]
    return indented, _INDENTED.sub("\n\n", f"{prose}\n")


def _session(text: str, imports: list[str]) -> tuple[Reproduction, Reproduction | None, list[str]]:
    """A session's inputs as a script, the session where it shows values, what it shows them of."""
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError:
        examples = []
    script = Reproduction("script", _with_imports("".join(e.source for e in examples), imports))
    shown = [example for example in examples if example.want]
    if not shown or any(example.exc_msg for example in examples):
        return script, None, []
    lines = [f">>> {line}" for line in imports if line not in script.source.splitlines()]
    for example in examples:
        first, *rest = example.source.rstrip("\n").split("\n")
        lines += [f">>> {first}", *(f"... {line}" for line in rest)]
        if example.want:
            lines.append(example.want.rstrip("\n"))
    session = Reproduction("session", "\n".join(lines) + "\n")
    return script, session, [example.source for example in shown]


def _asserting(
    script: Reproduction, shown: list[str], wanted: str | None, place: int | None
) -> Reproduction | None:
    """The script with what comments, or the issue, say should come asserted; None without any.

    Args:
        script: what is run.
        shown: of a session, the inputs it shows a value of.
        wanted: the value the issue wants.
        place: of which of several it wants it; None where it does not say, and nobody guesses.
    """
    if not _parses(script.source):
        return None
    tree = ast.parse(script.source)
    lines = script.source.splitlines()
    asked = _asked(tree, shown)
    chosen = asked[0] if len(asked) == 1 else None
    if place is not None and -len(asked) <= place < len(asked):
        chosen = asked[place]
    told = False
    for statement in tree.body:
        if not isinstance(statement, ast.Expr) or statement.end_lineno is None:
            continue
        comment = _COMMENT.match(lines[statement.end_lineno - 1])
        value = expected_value(comment["says"]) if comment is not None else None
        if value is None and statement is chosen:
            value = wanted
        if value is None:
            continue
        told = True
        lines[statement.lineno - 1 : statement.end_lineno] = [
            f"got = {ast.unparse(_shown(statement.value))}\n"
            f"assert got == {value} or str(got) == str({value}), repr(got)",
            *[""] * (statement.end_lineno - statement.lineno),
        ]
    return replace(script, source="\n".join(lines) + "\n") if told else None


def _asked(tree: ast.Module, shown: list[str]) -> list[ast.Expr]:
    """The statements whose values a reader looks at: those shown, printed, or at the very end."""
    expressions = [each for each in tree.body if isinstance(each, ast.Expr)]
    if shown:
        known = {ast.unparse(ast.parse(source)) for source in shown if _parses(source)}
        return [each for each in expressions if ast.unparse(each) in known]
    printed = [each for each in expressions if _shown(each.value) is not each.value]
    last = [each for each in expressions if each is tree.body[-1]]
    return printed or last


def _shown(value: ast.expr) -> ast.expr:
    """What a call of ``print`` prints; everything else shows itself."""
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "print"
        and len(value.args) == 1
    ):
        return value.args[0]
    return value


def _imports(blocks: Iterable[str]) -> list[str]:
    """The imports of all blocks: one often goes on where another ended."""
    found = []
    for block in blocks:
        for line in block.splitlines():
            code = line.removeprefix(">>> ").strip()
            if re.match(r"(?:import|from)\s+\w", code) and _parses(code):
                found.append(code)
    return list(dict.fromkeys(found))


def _with_imports(source: str, imports: list[str]) -> str:
    has_any = re.search(r"^(?:import|from)\s+\w", source, re.MULTILINE)
    return source if has_any else "".join(f"{line}\n" for line in imports) + source


def _dedent(block: str) -> str:
    return textwrap.dedent(block).strip("\n") + "\n"


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _is_program(source: str) -> bool:
    """Whether it is Python that does something: an import or a call, not a lone expression."""
    if not _parses(source):
        return False
    nodes = list(ast.walk(ast.parse(source)))
    imports = any(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes)
    return imports and any(isinstance(node, ast.Call | ast.Assert) for node in nodes)
