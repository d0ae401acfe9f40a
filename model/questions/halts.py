"""Does it come to an end? HaltEval, any records of code and label, and any program."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from model.predict.predictor import Prediction, Program
from model.predict.verdict import judge
from model.questions.checks import Check, CodeCheck, ValueCheck, check
from model.questions.literals import last_function, parsed
from model.questions.pickled import Pickled, opened, pickles
from model.questions.programs import check_program
from model.questions.question import Answer, Asked, BadRow, Mark, Mode, Model, Row, Runner, Way
from model.questions.rows import row_id
from model.questions.scripts import as_function
from model.questions.texts import spoken
from model.trace.writing import NoEntry

HALTS, ENDLESS = "halts", "endless"

# The names that data sets have for the same things.
_CODE = ("code", "program", "source", "python_code", "solution")
_LABEL = ("halts", "terminates", "terminating", "is_terminating", "halting", "label", "answer")
_NEGATED = ("endless", "infinite", "diverges", "non_terminating", "nonterminating")
_CALL = ("call", "expression")
_ARGUMENTS = ("input", "inputs", "args", "arguments")
_FUNCTION = ("function", "entry_point", "function_name")

_WORDS = {
    **dict.fromkeys(("halts", "halting", "halt", "terminates", "terminating", "t", "true"), True),
    **dict.fromkeys(("yes", "1", "stops", "ends", "terminate", "finite"), True),
    **dict.fromkeys(("endless", "infinite", "loops", "nt", "false", "no", "0"), False),
    **dict.fromkeys(("non-terminating", "nonterminating", "non-halting", "diverges"), False),
    **dict.fromkeys(("does not halt", "does not terminate", "runs forever", "never"), False),
}


@dataclass(frozen=True, slots=True)
class HaltsTask:
    """A program that ends, or does not.

    Attributes:
        id: within its data set.
        source: of the program.
        call: what is called on it; empty for the program itself, as a script.
        label: whether it ends; None where that is not known.
        sealed: the rest of the record, which is read when its pickles are opened.
        row: the record, for that.
        patience: seconds that it is run for where there is no label.
    """

    id: str
    source: str
    call: str = ""
    label: bool | None = None
    sealed: tuple[Pickled, ...] = ()
    row: Row | None = None
    patience: float = 10.0

    async def answers(self, model: Model, way: Way, runner: Runner) -> list[Answer]:
        """``halts`` or ``endless``."""
        try:
            task = await self._opened(runner)
            if way.mode == "trace":
                return await task._traced(model, way)
        except (BadRow, NoEntry) as problem:
            return [Answer("", str(problem))] * way.samples
        what = f"Then this is evaluated: {task.call}" if task.call else "It is run as a script."
        said = await spoken(model, way, "halts", source=task.source, what=what)
        return [_worded(each) for each in said]

    async def mark(self, answer: Answer, runner: Runner) -> Mark:
        """By its label; without one, by running it for some seconds."""
        try:
            task = await self._opened(runner)
        except BadRow as problem:
            return Mark(None, str(problem))
        if task.label is None:
            return await task._run(answer, runner)
        right = answer.text == (HALTS if task.label else ENDLESS)
        measure = "right where it halts" if task.label else "right where it is endless"
        return Mark(right, "", {measure: right})

    async def _opened(self, runner: Runner) -> "HaltsTask":
        """The task with what is in its pickles."""
        row = dict(self.row or {})
        for pickled in self.sealed:
            row.pop(pickled.name)
            found = await opened(pickled, runner)
            if isinstance(found.reprs, list):
                row["input"] = found.text if found.text is not None else ", ".join(found.reprs)
            elif _first(found.fields, _CODE + _LABEL + _NEGATED) is not None:
                row |= found.fields
            else:
                row["input"] = ", ".join(f"{name}={text}" for name, text in found.reprs.items())
        return replace(_read(row), id=self.id) if self.sealed else self

    async def _traced(self, model: Model, way: Way) -> list[Answer]:
        source, call = (self.source, self.call) if self.call else as_function(self.source)
        program = Program.of_call(source, call)
        predictions = await model.predictor.traces(
            program, samples=way.samples, seed=way.seed, most=way.most
        )
        return [of_trace(each) for each in predictions]

    async def _run(self, answer: Answer, runner: Runner) -> Mark:
        asked: Check = ValueCheck(self.call) if self.call else CodeCheck("")
        (ran,) = await check(runner, self.source, [asked], self.patience)
        if ran.end == "time":
            late = f"it did not end within {self.patience:g} seconds"
            # Whether it would have ended later nobody can tell.
            return Mark(True if answer.text == ENDLESS else None, late)
        detail = ran.why() if ran.end != "done" else "it ended"
        return Mark(answer.text == HALTS, detail)


class Halts:
    """The question."""

    name = "halts"
    about = "whether a program comes to an end"
    modes: tuple[Mode, ...] = ("reasoning", "direct", "trace")
    votes = True
    runs = False

    def read(self, row: Row) -> HaltsTask:
        """A task from a record with a program and a label, under any of their usual names."""
        name = row_id(row, "id", "task_id", "program_id", "name")
        sealed = tuple(pickles(row))
        if sealed:
            source = _first(row, _CODE)
            return HaltsTask(name, str(source or ""), sealed=sealed, row=row)
        return replace(_read(row), id=name)

    def one(self, asked: Asked) -> HaltsTask:
        """A call of a program, or the program."""
        if asked.call and parsed(asked.call) is None:
            raise BadRow(f"the call is no expression: {asked.call}")
        check_program(asked.source, asked.call)
        return HaltsTask("", asked.source, asked.call)


def _read(row: Mapping[str, object]) -> HaltsTask:
    source = _first(row, _CODE)
    if not isinstance(source, str) or not source.strip():
        raise BadRow(f"no program: none of {', '.join(_CODE)}")
    label = _label(_first(row, _LABEL))
    if label is None and (negated := _label(_first(row, _NEGATED))) is not None:
        label = not negated
    if label is None:
        raise BadRow(f"no label that means yes or no: {', '.join(_LABEL)}")
    return HaltsTask("", source, _call(row, source), label)


def _call(row: Mapping[str, object], source: str) -> str:
    call = _first(row, _CALL)
    if not isinstance(call, str) or not call.strip():
        given = _first(row, _ARGUMENTS)
        if given is None:
            return ""
        function = _first(row, _FUNCTION) or last_function(source)
        arguments = ", ".join(map(repr, given)) if isinstance(given, list) else str(given)
        call = f"{function}({arguments})"
    if parsed(call) is None:
        raise BadRow(f"the call is no expression: {call[:100]}")
    return call


def _first(row: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _label(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return _WORDS.get(str(value).strip().lower())


def _worded(answer: Answer) -> Answer:
    word = answer.text.strip().strip(".`'\"").lower()
    label = _WORDS.get(word)
    if label is None:
        problem = answer.problem or "the answer is neither halts nor endless"
        return replace(answer, text="", problem=problem)
    return replace(answer, text=HALTS if label else ENDLESS)


def of_trace(prediction: Prediction) -> Answer:
    """``halts``, ``endless`` or no answer, as a predicted trace has it."""
    judged = judge([prediction])
    facts: dict[str, object] = {
        "verdict": judged.verdict,
        "confidence": round(judged.confidence, 3),
        "reason": judged.reason,
    }
    if judged.verdict in ("pass", "fail", "error"):
        return Answer(HALTS, "", prediction.tokens, facts)
    # A trace that takes more than it may is the best sign of one without an end that there is,
    # where its model does not doubt it.
    if judged.verdict == "endless" or (prediction.cut and not prediction.doubt):
        return Answer(ENDLESS, "", prediction.tokens, facts)
    return Answer("", judged.reason, prediction.tokens, facts)
