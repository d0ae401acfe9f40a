"""A reproduction from an issue's text, as a test of our own outside the repository.

A fenced Python block that raises, or a doctest-like session, stands in for a failing test. Nothing
of it runs on the host: the text is only taken apart here, and run in a sandbox.
"""

import ast
import doctest
import re
from dataclasses import dataclass

_FENCE = re.compile(
    r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*\1", re.DOTALL | re.MULTILINE
)
_PYTHON = {"python", "py", "python3", "pycon", ""}


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Source that shows the fault.

    Attributes:
        kind: ``script``: it must run without an exception; ``session``: what is printed must be
            what the session shows.
        source: the script or the session.
    """

    kind: str
    source: str

    def as_test(self) -> bytes:
        """A test file that runs it."""
        body = _SCRIPT_TEST if self.kind == "script" else _SESSION_TEST
        return f"SOURCE = {self.source!r}\n{body}".encode()


_SCRIPT_TEST = '''

def test_reproduction():
    """The script of the issue runs without an exception."""
    exec(compile(SOURCE, "reproduction", "exec"), {"__name__": "__main__"})
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
    """What could be run, the likeliest first: blocks that assert, other blocks, sessions.

    A session that ends in a traceback is taken without what it printed: it must not raise. One that
    shows values is taken as it is; whether those are the wrong or the wanted ones only running it
    tells, and one that passes shows nothing.
    """
    scripts: list[Reproduction] = []
    sessions: list[Reproduction] = []
    blocks = [match[3] for match in _FENCE.finditer(text) if match[2].lower() in _PYTHON]
    for block in blocks:
        source = _dedent(block)
        if ">>>" in source:
            sessions += _session(source)
        elif _is_program(source):
            scripts.append(Reproduction("script", source))
    if not blocks and ">>>" in text:
        sessions += _session(text)
    scripts.sort(key=lambda each: "assert" not in each.source)
    return scripts + sessions


def _session(text: str) -> list[Reproduction]:
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError:
        return []
    if not examples:
        return []
    sources = "".join(example.source for example in examples)
    if any(example.exc_msg for example in examples):
        return [Reproduction("script", sources)] if _is_program(sources) else []
    if not any(example.want for example in examples):
        return [Reproduction("script", sources)] if _is_program(sources) else []
    lines = []
    for example in examples:
        first, *rest = example.source.rstrip("\n").split("\n")
        lines += [f">>> {first}", *(f"... {line}" for line in rest)]
        if example.want:
            lines.append(example.want.rstrip("\n"))
    return [Reproduction("session", "\n".join(lines) + "\n")]


def _dedent(block: str) -> str:
    import textwrap

    return textwrap.dedent(block).strip("\n") + "\n"


def _is_program(source: str) -> bool:
    """Whether it is Python that does something: an import or a call, not a lone expression."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    imports = any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))
    return imports and any(isinstance(node, ast.Call | ast.Assert) for node in ast.walk(tree))
