"""How far a small model is to be believed: ``nano.json`` in its folder, and what follows of it."""

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import exp

from pydantic import BaseModel, ConfigDict, Field


class Reach(BaseModel):
    """What was measured of a model when it was trained."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    context: int = Field(ge=16)
    """Tokens, prompt and trace together, that it was trained with."""

    sure: float = Field(default=0.5, ge=0, le=1)
    """The probability that the least likely frame of a trace must have for it to be believed."""

    constructs: frozenset[str] | None = None
    """The classes of `ast` nodes that its programs had; None where nobody counted."""

    names: frozenset[str] | None = None
    """What its programs called without defining it, methods included; None likewise."""

    def beyond(self, source: str) -> str:
        """Why a program is none of those that the model knows; empty where nothing says so.

        Only what stands in functions counts: the rest has run before a trace begins.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return "the source is no Python that can be read"
        functions = [each for each in ast.walk(tree) if isinstance(each, _FUNCTIONS)]
        defined = {*_bound(tree)}
        for node in (node for function in functions for node in ast.walk(function)):
            kind = type(node).__name__
            if self.constructs is not None and kind not in self.constructs:
                return f"{_where(node)}{kind} is nothing that the model was trained on"
            if self.names is not None and isinstance(node, ast.Call):
                name = _called(node.func)
                if name and name not in self.names and name not in defined:
                    return f"{_where(node)}{name[:80]}() is nothing that the model was trained on"
        return ""

    def doubt(self, lowest: float | None) -> str:
        """Why a trace is not to be believed; empty where it is.

        Args:
            lowest: the natural logarithm of the probability of its least likely frame.
        """
        if lowest is None or exp(min(lowest, 0.0)) >= self.sure:
            return ""
        said = f"the model is not sure: it gives one frame a probability of {exp(lowest):.2f}"
        return f"{said}, and is believed from {self.sure:.2f} on"


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def calibrated(found: Iterable[tuple[float, bool]], right: float = 0.9) -> float:
    """The least `Reach.sure` from which on traces are right as often as wanted.

    Args:
        found: of traces on programs that the model was not trained on: the probability of the least
            likely frame, and whether the trace was right.
        right: the share wanted of those that are believed.

    Returns:
        1 where no threshold will do.
    """
    best, count, good = 1.0, 0, 0
    falling = sorted(found, reverse=True)
    for probability, equal in groupby(falling, key=lambda each: each[0]):
        rights = [was_right for _, was_right in equal]
        count, good = count + len(rights), good + sum(rights)
        if good >= right * count:
            best = probability
    return best


def by_frame(ids: Sequence[int], logprobs: Sequence[float] | None, end: int) -> list[float]:
    """The log-probability of each frame that was written; of none where they are not known.

    What follows the last end of a frame counts as one, and so does its absence, which is certain.

    Args:
        ids: of what was written.
        logprobs: of each of them; None where they are not known.
        end: the token that ends a frame.
    """
    if not logprobs:
        return []
    sums = [0.0]
    for id_, logprob in zip(ids, logprobs, strict=True):
        sums[-1] += logprob
        if id_ == end:
            sums.append(0.0)
    return sums


def lowest_frame(ids: Sequence[int], logprobs: Sequence[float] | None, end: int) -> float | None:
    """The log-probability of the least likely of the frames that were written; see `by_frame`."""
    return min(by_frame(ids, logprobs, end), default=None)


def _bound(tree: ast.AST) -> Iterator[str]:
    """The names that the program itself gives a value, by whatever but an import."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case ast.arg():
                yield node.arg


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _where(node: ast.AST) -> str:
    line = getattr(node, "lineno", None)
    return f"line {line}: " if line else ""
