"""Values and expressions that are written down, looked at without running anything."""

import ast
import warnings

_LONGEST = 100_000


class NotLiteral(ValueError):
    """A text is no value that is written down, or one too long to look at."""


def literal(text: str) -> object:
    """The value of a literal: numbers, texts, None, and containers of such; ``set()`` too.

    Raises:
        NotLiteral: it is none.
    """
    if len(text) > _LONGEST:
        raise NotLiteral("the value is too long")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in texts that mean nothing
            return ast.literal_eval(text.strip())
    # Whatever a parser that is led astray may raise, nothing of the text is run.
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise NotLiteral("it is no literal") from None


def is_literal(text: str) -> bool:
    """Whether a text is a value that is written down."""
    try:
        literal(text)
    except NotLiteral:
        return False
    return True


def same_literal(left: str, right: str) -> bool | None:
    """Whether two values are equal, as Python has it; None where one is no literal."""
    if left.strip() == right.strip():
        return True
    try:
        return bool(literal(left) == literal(right))
    except (NotLiteral, RecursionError):
        return None


def parsed(text: str) -> ast.expr | None:
    """The expression that a text is; None where it is none."""
    if len(text) > _LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def unparsed(node: ast.expr) -> str:
    """An expression on one line; empty where it is nested too deeply to be written."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""


def called(node: ast.expr) -> str | None:
    """The name of the function that a call calls; None where it is no plain call."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return None


def calls_within(node: ast.AST, name: str) -> bool:
    """Whether a function of that name is called anywhere in it."""
    return any(isinstance(each, ast.Call) and called(each) == name for each in ast.walk(node))


def module(source: str) -> ast.Module | None:
    """The syntax tree of a program; None where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def last_function(source: str) -> str:
    """The name of the last function at a program's top level; empty where there is none."""
    tree = module(source)
    body = tree.body if tree is not None else []
    names = [each.name for each in body if isinstance(each, ast.FunctionDef)]
    return names[-1] if names else ""
