"""Every operator mends a fault of its kind, changes nothing else, and proposes only Python."""

import ast
import textwrap

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from agent.policies.repair.operators import NODE_OPERATORS, STATEMENT_OPERATORS
from agent.policies.repair.operators.operator import Hints, Where
from agent.policies.repair.operators.patterns import changes
from agent.policies.repair.source import SourceFile, apply_edits

OPERATORS = {operator.name: operator for operator in (*NODE_OPERATORS, *STATEMENT_OPERATORS)}
HINTS = Hints(exceptions=("OverflowError",), expected=("KeyError",), literals=("'b'", "7"))


def proposals(name: str, source: str) -> set[str]:
    """Everything one operator makes of a file."""
    file = SourceFile("m.py", source.encode())
    operator = OPERATORS[name]
    made = set()
    for statement in file.statements:
        where = Where(file, statement, HINTS)
        if operator in NODE_OPERATORS:
            found = [r for node in statement.expressions for r in operator.propose(node, where)]
        else:
            found = list(operator.propose_statement(where))
        made.update(apply_edits(source, replacement.edits) for replacement in found)
    return made


# Operator, the planted bug, what mends it. Bodies of ``def f(a, b, items=None):``.
FAULTS = [
    ("comparison", "return a < b", "return a <= b"),
    ("comparison", "return a == b", "return a is b"),
    ("comparison", "return a  is not  b", "return a  is  b"),
    ("comparison", "return a not in b", "return a in b"),
    ("comparison", "return (a) >= (b)", "return (a) > (b)"),
    ("boolean", "return a and b", "return a or b"),
    ("boolean", "return a or not b", "return not b"),
    ("negation", "if a:\n    return b", "if not a:\n    return b"),
    ("negation", "if not (a or b):\n    return b", "if a or b:\n    return b"),
    ("negation", "while a and b:\n    a = 0", "while not (a and b):\n    a = 0"),
    ("truthiness", "if a:\n    return b", "if a is not None:\n    return b"),
    ("truthiness", "if not a.x:\n    return b", "if a.x is None:\n    return b"),
    ("truthiness", "if a is None:\n    return b", "if not a:\n    return b"),
    ("truthiness", "return a or b", "return a if a is not None else b"),
    ("type guard", "return a == ''", "return isinstance(a, str) and a == ''"),
    ("arithmetic", "return a + b", "return a - b"),
    ("arithmetic", "return a / b", "return a // b"),
    ("arithmetic", "return a - b", "return b - a"),
    ("arithmetic", "return -a", "return a"),
    ("augmented assignment", "a += b\nreturn a", "a -= b\nreturn a"),
    ("constant", "return a + 1", "return a + 2"),
    ("constant", "return 0", "return 1"),
    ("constant", "return 3", "return 7"),
    ("constant", "return True", "return False"),
    ("constant", "return 'a'", "return 'b'"),
    ("slice bounds", "return a[1:]", "return a[1 + 1:]"),
    ("slice bounds", "return a[:b]", "return a[:b - 1]"),
    ("slice bounds", "return a[:]", "return a[1:]"),
    ("slice bounds", "return a[b]", "return a[b - 1]"),
    ("default value", "return len(a)", "return len(a or [])"),
    ("name", "return a", "return b"),
    ("name", "total = a\nreturn b", "total = a\nreturn total"),
    ("name", "total = count\ncount = b", "total = a\ncount = b"),
    ("arguments", "return max(a, b)", "return max(b, a)"),
    ("arguments", "return max(a, key=b)", "return max(a)"),
    ("pass on", "return g(a)", "return g(a, items=items)"),
    ("sibling function", "return min(a, b)", "return max(a, b)"),
    ("sibling function", "return a.lstrip()", "return a.rstrip()"),
    ("conversion", "x = int(a)\nreturn f'{a}'", "x = int(a)\nreturn f'{int(a)}'"),
    ("conversion", "return a + b", "return str(a) + b"),
    ("normalisation", "return a == 'X'", "return a.upper() == 'X'"),
    (
        "normalisation",
        "x = a == 'X'\ny = a == 'Y'\nreturn x, y",
        "x = a.upper() == 'X'\ny = a.upper() == 'Y'\nreturn x, y",
    ),
    ("unwrap", "return str(a)", "return a"),
    ("unwrap", "return a.strip()", "return a"),
    ("symmetry", "return a > b.time()", "return a.time() > b.time()"),
    (
        "condition order",
        "if a:\n    return 1\nelif b:\n    return 2",
        "if b:\n    return 2\nelif a:\n    return 1",
    ),
    (
        "condition order",
        "if a:\n    # 1\n    b()\nelif b:  # or\n    # 2\n    if a:\n        pass\nelse:\n    a()",
        "if b:\n    # 2\n    if a:\n        pass\nelif a:  # or\n    # 1\n    b()\nelse:\n    a()",
    ),
    ("constant condition", "if a:\n    return b", "if True:\n    return b"),
    (
        "borrowed condition",
        "if a:\n    return 1\nif b > 2:\n    return 2",
        "if a and (not (b > 2)):\n    return 1\nif b > 2:\n    return 2",
    ),
    ("guard", "return len(items)", "if items is None:\n    return None\nreturn len(items)"),
    ("guard", "return a[1]", "if len(a) < 2:\n    return False\nreturn a[1]"),
    (
        "guard",
        "for x in a:\n    b(x)",
        "for x in a:\n    if not x:\n        continue\n    b(x)",
    ),
    (
        "guarded condition",
        "if a > 1:\n    return b",
        "if b is not None and (a > 1):\n    return b",
    ),
    (
        "exception type",
        "try:\n    return a()\nexcept ValueError:\n    return b",
        "try:\n    return a()\nexcept (ValueError, OverflowError):\n    return b",
    ),
    ("exception type", "raise ValueError(a)", "raise KeyError(a)"),
    (
        "handler",
        "a()\nreturn False",
        "try:\n    a()\nexcept OverflowError:\n    return False\nreturn False",
    ),
    ("delete statement", "a()\nb()", "b()"),
    ("swap statements", "a()\nb()\n", "b()\na()\n"),
    (
        "copy statement",
        "if a:\n    return 1\nelse:\n    b[a] = 1\n    return 2",
        "if a:\n    b[a] = 1\n    return 1\nelse:\n    b[a] = 1\n    return 2",
    ),
    ("pattern", "return re.sub('a+', b, a)", "return re.sub('a*', b, a)"),
    ("pattern", r"return b(r'[%&]x')", r"return b(r'[%]x')"),
    ("pattern", r"return b(r'a.b$')", r"return b(r'a\.b$')"),
    ("pattern", r"return b(r'\\r?')", r"return b(r'\\\r?')"),
    ("pattern", r"return b(r'(?:x)*?')", r"return b(r'(?:x)*')"),
    ("type test", "return isinstance(a, int)", "return isinstance(a, (int, float))"),
    ("type test", "return isinstance(a, (int, bool))", "return isinstance(a, (int))"),
    (
        "type test",
        "if isinstance(a, Sequence):\n    return 1",
        "if isinstance(a, Sequence) and not isinstance(a, str):\n    return 1",
    ),
    ("skip empty", "yield a", "if a:\n    yield a"),
    ("skip empty", "yield list(a)", "rest = list(a)\nif rest:\n    yield rest"),
    (
        "skip empty",
        "rest = 1\nb.append(a[1:])",
        "rest = 1\nfound = a[1:]\nif found:\n    b.append(found)",
    ),
]


def in_function(body: str) -> str:
    return "def f(a, b, items=None):\n" + textwrap.indent(body, "    ").rstrip("\n") + "\n"


@pytest.mark.parametrize(
    ("name", "buggy", "fixed"), FAULTS, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(FAULTS)]
)
def test_an_operator_mends_its_fault(name: str, buggy: str, fixed: str) -> None:
    assert in_function(fixed) in proposals(name, in_function(buggy))


def test_the_object_itself_is_proposed_where_an_attribute_is_asked_of_another() -> None:
    method = "class Box:\n    def merge(self, other):\n        return {}\n"
    made = proposals("name", method.format("other.size + len(other)"))
    assert method.format("self.size + len(other)") in made
    assert method.format("other.size + len(self)") not in made


def test_a_conversion_that_could_never_be_equal_is_not_proposed() -> None:
    made = proposals("conversion", in_function("return a == 2"))
    assert in_function("return int(a) == 2") in made
    assert in_function("return str(a) == 2") not in made
    assert not any("str(a)" in one for one in proposals("conversion", in_function("a is None")))


@pytest.mark.parametrize(
    ("name", "body", "never"),
    [
        ("truthiness", "if isinstance(a, int):\n    return b", "is not None"),
        ("conversion", "if isinstance(a, int):\n    return b", "str(isinstance"),
        ("conversion", "b = TypeError(a)\nreturn items", "TypeError(items)"),
        ("guarded condition", "if len(a) > 1:\n    return b", "len is"),
        ("unwrap", "a.visit(b)", "    a\n"),
        ("borrowed condition", "if a:\n    if b:\n        return 1", "(not a)"),
        ("pattern", "return a + 'x*'", "x"),
    ],
)
def test_what_could_change_nothing_is_not_proposed(name: str, body: str, never: str) -> None:
    before = in_function(body).count(never)
    assert all(made.count(never) <= before for made in proposals(name, in_function(body)))


def test_the_comments_of_a_pattern_are_left_alone() -> None:
    pattern = "a+  # one. or more\n  [b#c]"
    comment = range(pattern.index("# one"), pattern.index("\n"))
    made = list(changes(pattern))
    assert not any(start in comment for start, *_ in made)
    assert any(pattern[start:end] == "#" for start, end, *_ in made)


@given(st.text(max_size=30))
def test_a_change_of_a_pattern_lies_within_it(pattern: str) -> None:
    for start, end, new, weight in changes(pattern):
        assert 0 <= start <= end <= len(pattern)
        assert pattern[start:end] != new
        assert 0 < weight <= 1


def test_every_operator_has_a_fault_it_mends() -> None:
    # Attributes need a class, which the table's bodies are not in.
    assert set(OPERATORS) - {name for name, _, _ in FAULTS} == {"attribute"}


def test_attributes_of_the_class_are_known() -> None:
    source = (
        "class C:\n    def __init__(self, low, high):\n        self.low = low\n"
        "        self.high = high\n    def top(self, low):\n        return self.low\n"
    )
    made = proposals("attribute", source)
    assert source.replace("return self.low", "return self.high") in made
    assert source.replace("return self.low", "return low") in made


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "1", "''", "a.x", "b[1:]", "f(a, b)", "b.lower()", "(not a)"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " < ", " and ", " is "]), inner).map(
            lambda parts: f"({''.join(parts)})"
        ),
        inner.map(lambda one: f"[{one} for a in b\n        if {one}]"),
    ),
    max_leaves=4,
)


@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    EXPRESSIONS,
    EXPRESSIONS,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["# keep  me", "import  os ; import sys", "'''é\U0001f600'''"]),
)
def test_edits_stay_in_their_function_and_nearly_all_parse(
    one: str, two: str, newline: str, head: str
) -> None:
    tail = "import  re  # é"
    lines = [head, "def f(a, b):", f"    c = {one}", f"    if {two}:", "        return c", tail]
    source = "\n".join([*lines, ""]).replace("\n", newline)
    total = broken = 0
    for name in OPERATORS:
        for made in proposals(name, source):
            total += 1
            assert made.startswith(head + newline)
            assert made.endswith(newline + tail + newline)
            assert newline == "\n" or "\n" not in made.replace("\r\n", "")
            try:
                ast.parse(made)
            except SyntaxError:
                broken += 1
    assert total > 10
    assert broken <= total * 0.1
