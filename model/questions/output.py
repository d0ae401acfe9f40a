"""What does it return? CRUXEval's output prediction, and any call of any program."""

import ast
from dataclasses import dataclass, replace

from pydantic import BaseModel

from model.questions.checks import ValueCheck, check
from model.questions.literals import (
    NotLiteral,
    called,
    calls_within,
    literal,
    parsed,
    same_literal,
    unparsed,
)
from model.questions.programs import check_program
from model.questions.question import Answer, Asked, BadRow, Mark, Mode, Model, Row, Runner, Way
from model.questions.rows import checked, row_id
from model.questions.texts import spoken
from model.questions.tracing import returned, stepped

FUNCTION = "f"
"""What CRUXEval's programs define."""


class CruxevalRow(BaseModel):
    """A record of CRUXEval.

    Attributes:
        code: defines `FUNCTION`.
        input: its arguments, as they stand between the parentheses of a call.
        output: the ``repr`` of what it returns.
    """

    code: str
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class OutputTask:
    """A call whose value is asked for.

    Attributes:
        id: within its data set.
        source: of the program.
        call: the expression.
        expected: the value, as an expression; None where it is not known and found by running it.
    """

    id: str
    source: str
    call: str
    expected: str | None = None

    async def answers(self, model: Model, way: Way, runner: Runner) -> list[Answer]:
        """Values of the call, as literals where they are such."""
        match way.mode:
            case "trace":
                found = await returned(model.predictor, self.source, self.call, way)
            case "step":
                found = await stepped(model.predictor, self.source, self.call)
            case _:
                found = await spoken(model, way, "output", source=self.source, call=self.call)
        return [_value(each) for each in found]

    async def mark(self, answer: Answer, runner: Runner) -> Mark:
        """Right if it equals the value. Only what is no literal has to run for that."""
        node = parsed(answer.text)
        call = parsed(self.call)
        name = None if call is None else called(call)
        if node is None or (name is not None and calls_within(node, name)):
            return Mark(False, "the answer is no value")
        if self.expected is not None:
            same = same_literal(answer.text, self.expected)
            if same is not None:
                return Mark(same, "" if same else f"it is {self.expected}")
        asked = ValueCheck(self.expected or self.call, answer.text)
        (ran,) = await check(runner, self.source, [asked])
        if ran.end == "done":
            return Mark(ran.equal, "" if ran.equal else f"it is {ran.value}")
        # What the call raises is the program's doing where it is the call that ran.
        return Mark(False if self.expected is not None else None, ran.why())


class Output:
    """The question."""

    name = "output"
    about = "what a call returns"
    modes: tuple[Mode, ...] = ("reasoning", "direct", "trace", "step")
    votes = True
    runs = False

    def read(self, row: Row) -> OutputTask:
        """A task from a record of CRUXEval."""
        given = checked(CruxevalRow, row)
        call = f"{FUNCTION}({given.input})"
        node = parsed(call)
        if node is None or called(node) != FUNCTION:
            raise BadRow("input: it is no list of arguments")
        if parsed(given.output) is None:
            raise BadRow("output: it is no value")
        return OutputTask(row_id(row, "id"), given.code, call, given.output)

    def one(self, asked: Asked) -> OutputTask:
        """A call of a program; what it returns is found by running it."""
        if not asked.call:
            raise BadRow("which call? give --call 'f(1)'")
        if parsed(asked.call) is None:
            raise BadRow(f"the call is no expression: {asked.call}")
        check_program(asked.source, asked.call)
        return OutputTask("", asked.source, asked.call, asked.output or None)


def _value(answer: Answer) -> Answer:
    """An answer with its value alone, in the one form that `repr` has for it."""
    if not answer.text:
        return answer
    node = parsed(answer.text.strip().removeprefix("assert "))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        node = node.comparators[0]
    text = "" if node is None else unparsed(node)
    if not text:
        return replace(answer, text="", problem="the answer is no value")
    try:
        return replace(answer, text=repr(literal(text)))
    except (NotLiteral, RecursionError, ValueError):
        return replace(answer, text=text)
