"""Programs as they are put together for a test of a repository: a section a file, a call of it.

It is what `tools.programs` writes: each section begins with the path of its file, between its
pieces is one empty line, and the function that is traced, added later, calls the test.
"""

import ast
import random
import re
from collections.abc import Sequence

from model.nano.programs import words
from model.nano.programs.asserting import assertion, unlike
from model.nano.programs.program import Generated
from model.nano.programs.values import written

MOST_ASSERTS = 4

_PACKAGES = (
    "tally", "shop", "ledger", "textkit", "app", "core", "games", "plot", "parcel", "garden",
    "notes", "weather", "router", "billing", "store", "utils", "lib", "mixer", "report", "kitchen",
)  # fmt: skip
_MODULES = (
    "places", "scores", "helpers", "utils", "text", "numbers", "tables", "ranges", "parsing",
    "rules", "counts", "orders", "names", "totals", "formats", "search", "limits", "rows", "core",
)  # fmt: skip
_ENDINGS = (
    "", "", "", "_works", "_simple", "_edge_case", "_of_nothing", "_with_one", "_twice", "_basic",
    "_keeps_order", "_is_right", "_returns_the_result", "_of_several", "_at_the_end",
)  # fmt: skip
_CLASSES = 0.12
_CONSTANTS = 0.2
_SECOND = 0.2
_DOCUMENTED = 0.06

_Call = tuple[str, str]
"""An expression, and the `repr` of what it gives."""


def with_suite(
    rng: random.Random, program: Generated, known: Sequence[_Call], fails: float
) -> tuple[str, str] | None:
    """The program and its test in sections, and the call of the test.

    Args:
        rng: draws how it is written, and whether it expects the wrong thing.
        program: the one to test.
        known: calls with the `repr` of what they give, one at least.
        fails: probability that one of the assertions expects something else.

    Returns:
        None where what a call gives is no literal.
    """
    try:
        pairs: list[tuple[str, object]] = [(call, ast.literal_eval(value)) for call, value in known]
    except (ValueError, SyntaxError):
        return None
    rng.shuffle(pairs)
    second = pairs.pop() if len(pairs) > 1 and rng.random() < _SECOND else None
    asked = pairs[: rng.choice((1, 1, 2, 2, 3, MOST_ASSERTS))]
    if rng.random() < fails:
        wrong = rng.randrange(len(asked))
        asked[wrong] = (asked[wrong][0], unlike(rng, asked[wrong][1]))
    module = program.entry.name if rng.random() < 0.2 else rng.choice(_MODULES)
    constant, asked = _constant(rng, program, asked)
    names = _names(rng, program)
    tests = [_test(rng, names[0], asked)]
    if second:
        tests.insert(rng.randint(0, 1), _test(rng, names[1], [second]))
    pieces, call = _entered(rng, module, tests, names[0])
    path, test_path = _paths(rng, module)
    code = re.sub(r"\n{3,}", "\n\n", program.source).strip("\n")
    tested = "\n\n".join([*([constant] if constant else []), *pieces])
    return f"# {path}\n{code}\n\n# {test_path}\n{tested}\n", call


def _paths(rng: random.Random, module: str) -> tuple[str, str]:
    """A file of a repository, and the one with its tests."""
    package = rng.choice(_PACKAGES)
    return rng.choice(
        (
            (f"{package}/{module}.py", f"tests/test_{module}.py"),
            (f"{package}/{module}.py", f"tests/test_{module}.py"),
            (f"{package}/{module}.py", f"tests/{package}/test_{module}.py"),
            (f"{package}/{module}.py", f"{package}/tests/test_{module}.py"),
            (f"src/{package}/{module}.py", f"tests/test_{module}.py"),
            (f"{module}.py", f"tests/test_{module}.py"),
            (f"{module}.py", f"test_{module}.py"),
        )
    )


def _names(rng: random.Random, program: Generated) -> list[str]:
    """Names for two tests."""
    noun = rng.choice(words.NOUNS["int"] + words.NOUNS["str"])
    about = program.entry.name if rng.random() < 0.7 else f"the_{noun}"
    return [f"test_{about}{ending}" for ending in rng.sample([*dict.fromkeys(_ENDINGS)], 2)]


def _test(rng: random.Random, name: str, asked: Sequence[tuple[str, object]]) -> list[str]:
    """The lines of one test."""
    body = [line for call, expected in asked for line in assertion(rng, call, expected)]
    if rng.random() < _DOCUMENTED:
        body.insert(0, f'"""It {rng.choice(("works", "holds", "is as it was"))}."""')
    return [f"def {name}():", *(f"    {line}" for line in body)]


def _entered(
    rng: random.Random, module: str, tests: list[list[str]], name: str
) -> tuple[list[str], str]:
    """The pieces of the tests' file, and the expression that calls one of them."""
    if rng.random() >= _CLASSES:
        return ["\n".join(lines) for lines in tests], f"{name}()"
    class_ = "Test" + "".join(part.capitalize() for part in module.split("_"))
    methods = [
        "\n".join(f"    {line}" for line in [lines[0].replace("()", "(self)"), *lines[1:]])
        for lines in tests
    ]
    return [f"class {class_}:\n" + "\n\n".join(methods)], f"{class_}().{name}()"


def _constant(
    rng: random.Random, program: Generated, asked: list[tuple[str, object]]
) -> tuple[str, list[tuple[str, object]]]:
    """A constant for an argument of the first call, and the calls with its name in place of it."""
    tree = ast.parse(asked[0][0], mode="eval").body
    if rng.random() >= _CONSTANTS or not isinstance(tree, ast.Call) or not tree.args:
        return "", asked
    place = rng.randrange(len(tree.args))
    name = program.entry.arguments[place].name.upper()
    value = written(ast.literal_eval(tree.args[place]))
    if len(name) < 2 or len(value) < 3 or name in program.source:
        return "", asked
    return f"{name} = {value}", [(_named(call, place, value, name), want) for call, want in asked]


def _named(call: str, place: int, value: str, name: str) -> str:
    """A call with a name in place of an argument, where that has this value."""
    tree = ast.parse(call, mode="eval").body
    if not isinstance(tree, ast.Call) or len(tree.args) <= place:
        return call
    argument = tree.args[place]
    data = call.encode()
    start, end = argument.col_offset, argument.end_col_offset
    if data[start:end].decode() != value:
        return call
    return (data[:start] + name.encode() + data[end or start :]).decode()
