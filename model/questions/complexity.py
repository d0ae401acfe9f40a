"""How does its time grow? BigOBench's time complexity prediction, and any program."""

from dataclasses import dataclass, replace

from pydantic import BaseModel

from model.questions.bigo import NoGrowth, read_growth
from model.questions.growth import Growth
from model.questions.literals import parsed
from model.questions.measured import SECONDS, Measured, measure
from model.questions.programs import check_program
from model.questions.question import Answer, Asked, BadRow, Mark, Mode, Model, Row, Runner, Way
from model.questions.rows import checked, row_id
from model.questions.stdin import NotUnderstood, grown
from model.questions.texts import spoken
from model.trace.writing import NoEntry


class _Test(BaseModel):
    input: str


class _Tests(BaseModel):
    public_tests: list[_Test] = []
    private_tests: list[_Test] = []


class _BigOBench(BaseModel):
    solution_code: str
    time_complexity_inferred: str
    inputs_example: str = ""
    tests: _Tests = _Tests()

    def examples(self) -> tuple[str, ...]:
        """What the program may read, the published example first."""
        tests = (*self.tests.public_tests, *self.tests.private_tests)
        return (self.inputs_example, *(each.input for each in tests[:_EXAMPLES]))


_EXAMPLES = 10
"""Tests that are looked at where the example of a record may grow in more than one way."""


_UNMEASURED = "give a call with n in it, or an example of what it reads, and it is measured"


class _Plain(BaseModel):
    code: str
    complexity: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class ComplexityTask:
    """A program whose growth is asked for.

    Attributes:
        id: within its data set.
        source: of the program.
        call: an expression in which ``n`` is the size, by which it is measured; may be empty.
        label: the class; None where that is not known.
        seconds: that measuring it may take.
        examples: of what it reads from standard input, by which a script is measured. The first
            that can grow in one way only is taken.
    """

    id: str
    source: str
    call: str = ""
    label: Growth | None = None
    seconds: float = SECONDS
    examples: tuple[str, ...] = ()

    async def answers(self, model: Model, way: Way, runner: Runner) -> list[Answer]:
        """Classes, each in the one form that we have for it."""
        what = f"`{self.call}`" if self.call else "it"
        said = await spoken(model, way, "complexity", source=self.source, what=what)
        return [_classed(each) for each in said]

    async def mark(self, answer: Answer, runner: Runner) -> Mark:
        """By its label; the measured growth stands beside it, or decides where there is no label.

        What is measured is one kind of input, not the worst, and small: it is evidence.
        """
        growth = read_growth(answer.text)
        measured, note = await self._measured(runner)
        agrees = None if measured is None else _agrees(growth, measured)
        shown = (*filter(None, [note]), *(() if measured is None else measured.shown()))
        measures = {} if agrees is None else {"as measured": agrees}
        if self.label is not None:
            right = growth == self.label
            return Mark(right, "" if right else f"it is {self.label}", measures, shown)
        if measured is None:
            return Mark(None, note or _UNMEASURED)
        return Mark(agrees, _believed(measured), measures, shown)

    async def _measured(self, runner: Runner) -> tuple[Measured | None, str]:
        """What was measured, if it could be, and what there is to say of that."""
        if self.call:
            return await measure(runner, self.source, self.call, self.seconds), ""
        whys: list[str] = []
        for example in filter(None, self.examples):
            try:
                made = grown(self.source, example)
                break
            except (NotUnderstood, NoEntry) as why:
                whys.append(str(why))
        else:
            lost = "it is not measured: how its input grows is not understood"
            return None, f"{lost}: {whys[0]}" if whys else ""
        measured = await measure(runner, made.source, made.call, self.seconds)
        return measured, f"measured as its input grows: {made.shape}"


class Complexity:
    """The question."""

    name = "complexity"
    about = "how the time that a program takes grows"
    modes: tuple[Mode, ...] = ("reasoning", "direct")
    votes = True
    runs = True

    def read(self, row: Row) -> ComplexityTask:
        """A task from a record of BigOBench's test set for time, or one of code and complexity."""
        if "solution_code" in row:
            given = checked(_BigOBench, row)
            name = row_id(row, "solution_id", "id")
            # One solution stands for one problem only, but ids are unique within a problem alone.
            if isinstance(row.get("problem_id"), str) and "solution_id" in row:
                name = f"{row['problem_id']}/{name}"
            label = _label(given.time_complexity_inferred)
            return ComplexityTask(name, given.solution_code, "", label, examples=given.examples())
        plain = checked(_Plain, row)
        if plain.call and parsed(plain.call) is None:
            raise BadRow("call: it is no expression")
        label = _label(plain.complexity)
        return ComplexityTask(row_id(row, "id"), plain.code, plain.call, label)

    def one(self, asked: Asked) -> ComplexityTask:
        """A program, and perhaps a call with ``n`` in it, or an example of what it reads."""
        if asked.call and parsed(asked.call) is None:
            raise BadRow(f"the call is no expression: {asked.call}")
        check_program(asked.source, asked.call, names=("n",))
        return ComplexityTask("", asked.source, asked.call, examples=asked.examples)


def _label(text: str) -> Growth:
    try:
        return read_growth(text)
    except NoGrowth as problem:
        raise BadRow(f"the class {text[:50]!r}: {problem}") from None


def _classed(answer: Answer) -> Answer:
    if not answer.text:
        return answer
    try:
        return replace(answer, text=str(read_growth(answer.text)))
    except NoGrowth as problem:
        return replace(answer, text="", problem=f"the answer is no class of growth: {problem}")


def _agrees(growth: Growth, measured: Measured) -> bool | None:
    """Whether a class is the one that was measured, or cannot be told from it."""
    found = measured.fit
    if found is None:
        return None
    classes = [read_growth(each) for each in (found.growth, *found.alike)]
    # To measure a base is one thing, to name a round one above it another.
    return growth in classes or (growth.exponential and any(each.exponential for each in classes))


def _believed(measured: Measured) -> str:
    found = measured.fit
    if found is None:
        return "too few points were measured, or too uneven ones" + (
            f": {measured.error}" if measured.error else ""
        )
    also = f", or {' or '.join(found.alike)}" if found.alike else ""
    return f"it grows like {found.growth}{also}, as far as it was measured"
