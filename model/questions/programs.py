"""Whether a program can be asked about: it parses, and has what the call on it names."""

import ast
import builtins
import warnings
from collections.abc import Collection

from model.questions.question import BadRow


def check_program(source: str, call: str = "", names: Collection[str] = ()) -> None:
    """See to it that nothing is asked about a program that there is not.

    Args:
        source: of the program.
        call: an expression on it, which parses; may be empty.
        names: that the call may have besides those of the program.

    Raises:
        BadRow: the program does not parse, or nothing gives a name of the call a value.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(source)
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        raise BadRow(f"the program does not parse: {where}{error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise BadRow("the program does not parse") from None
    if call and (missing := missing_name(module, ast.parse(call.strip(), mode="eval"), names)):
        raise BadRow(f"the program has no {missing}")


def missing_name(module: ast.Module, call: ast.Expression, names: Collection[str] = ()) -> str:
    """A name that a call uses and nothing gives a value; empty where there is none.

    Args:
        module: on which it is made.
        call: the expression.
        names: that have values besides.
    """
    bound = {*dir(builtins), "__name__", "__file__", "__doc__", *names}
    for tree in (module, call):
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    bound.add(node.name)
                case ast.Name(ctx=ast.Store()):
                    bound.add(node.id)
                case ast.arg() if tree is call:
                    bound.add(node.arg)
                case ast.alias(name="*"):
                    return ""  # whatever it may be
                case ast.alias():
                    bound.add(node.asname or node.name.partition(".")[0])
    used = (node.id for node in ast.walk(call) if isinstance(node, ast.Name))
    return next((name for name in used if name not in bound), "")
