"""For which input does it return that? CRUXEval's input prediction, and any function."""

import ast
from dataclasses import dataclass, replace

from model.questions.checks import ValueCheck, check
from model.questions.literals import (
    called,
    is_literal,
    last_function,
    parsed,
    same_literal,
    unparsed,
)
from model.questions.output import FUNCTION, CruxevalRow
from model.questions.programs import check_program
from model.questions.question import Answer, Asked, BadRow, Mark, Mode, Model, Row, Runner, Way
from model.questions.rows import checked, row_id
from model.questions.texts import spoken
from model.questions.tracing import returned


@dataclass(frozen=True, slots=True)
class InputTask:
    """A function and a value that it is to return.

    Attributes:
        id: within its data set.
        source: of the program.
        function: its name.
        output: the value, as an expression.
    """

    id: str
    source: str
    function: str
    output: str

    async def answers(self, model: Model, way: Way, runner: Runner) -> list[Answer]:
        """Calls of the function.

        By trace, a call that was found is traced; the facts say what it returns by that.
        """
        said = await spoken(
            model, way, "input", source=self.source, function=self.function, output=self.output
        )
        found = [self._call(each) for each in said]
        if way.mode != "trace":
            return found
        return [await self._traced(each, model, way) for each in found]

    async def mark(self, answer: Answer, runner: Runner) -> Mark:
        """Right if the call, run, returns the value."""
        (ran,) = await check(runner, self.source, [ValueCheck(answer.text, self.output)])
        right = bool(ran.equal)
        if right and is_literal(self.output):
            # Written down, values are beyond the reach of objects that equal everything.
            right = same_literal(ran.value, self.output) is True
        told = answer.facts.get("foreseen")
        measures = {} if told is None else {"trace says whether": told is right}
        detail = ran.why() or ("" if right else f"it returns {ran.value}")
        return Mark(right, detail, measures)

    def _call(self, answer: Answer) -> Answer:
        """An answer with the call alone; arguments alone are taken for those of a call."""
        if not answer.text:
            return answer
        node = parsed(answer.text.strip().removeprefix("assert "))
        if isinstance(node, ast.Compare):
            node = node.left
        if node is None or called(node) != self.function:
            node = parsed(f"{self.function}({answer.text})")
        good = node is not None and called(node) == self.function
        text = unparsed(node) if node is not None and good else ""
        return replace(answer, text=text, problem="" if text else "the answer is no call")

    async def _traced(self, answer: Answer, model: Model, way: Way) -> Answer:
        if not answer.text:
            return answer
        once = replace(way, samples=1)
        (value,) = await returned(model.predictor, self.source, answer.text, once)
        same = same_literal(value.text, self.output) if value.text else None
        facts = {"foreseen": same, "traced": value.text or value.problem}
        return replace(answer, tokens=answer.tokens + value.tokens, facts=facts)


class Input:
    """The question."""

    name = "input"
    about = "for which arguments a function returns a value"
    modes: tuple[Mode, ...] = ("reasoning", "direct", "trace")
    votes = False
    runs = True

    def read(self, row: Row) -> InputTask:
        """A task from a record of CRUXEval."""
        given = checked(CruxevalRow, row)
        if parsed(given.output) is None:
            raise BadRow("output: it is no value")
        return InputTask(row_id(row, "id"), given.code, FUNCTION, given.output)

    def one(self, asked: Asked) -> InputTask:
        """A function of a program, the last one unless it is named."""
        if not asked.output:
            raise BadRow("for which value? give --output VALUE")
        if parsed(asked.output) is None:
            raise BadRow(f"the output is no expression: {asked.output}")
        function = asked.call.partition("(")[0].strip() or last_function(asked.source)
        if not function.isidentifier():
            raise BadRow("of which function? give --call NAME")
        check_program(asked.source, function)
        return InputTask("", asked.source, function, asked.output)
