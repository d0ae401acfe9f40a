"""Write it: a program from a description and examples, simulated on them before it is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model.budget import BudgetSpent
from model.questions.cases import Case
from model.questions.checks import ValueCheck, check
from model.questions.literals import same_literal
from model.questions.pickled import opened
from model.questions.problems import Problem, contest_tests, described, problem
from model.questions.question import Answer, Asked, BadRow, Mark, Mode, Model, Row, Runner, Way
from model.questions.texts import spoken
from model.questions.tracing import returned

_SIMULATED = 3
"""Examples of each program, at most: a trace takes longer than the program did to write."""
_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class ImplementTask:
    """A program to be written.

    Attributes:
        id: within its data set.
        problem: what it is to do, and what it is tried on.
    """

    id: str
    problem: Problem

    async def answers(self, model: Model, way: Way, runner: Runner) -> list[Answer]:
        """Programs. By trace, each is simulated on its examples; the facts say what is foreseen."""
        given = self.problem
        found = await spoken(
            model, way, "implement", program=True, description=given.description, form=given.form
        )
        if way.mode != "trace":
            return found
        return [await self._simulated(each, model, way) for each in found]

    async def mark(self, answer: Answer, runner: Runner) -> Mark:
        """Right if all tests pass."""
        given = self.problem
        tests = list(given.tests)
        try:
            for each in given.sealed:
                found = await opened(each, runner)
                tests += contest_tests(found.text or "", given.function)
        except BadRow as bad:
            return Mark(None, str(bad))
        if not tests:
            return Mark(None, "there is nothing to try it on")
        cases = list(dict.fromkeys([*given.examples, *tests]))
        source = f"{given.before}{answer.text}\n"
        ran = await check(runner, source, [each.check for each in cases], _SECONDS)
        passed = {case: case.passed(each) for case, each in zip(cases, ran, strict=True)}
        whys = {case: each.why() for case, each in zip(cases, ran, strict=True)}
        failed = next((each for each in tests if not passed[each]), None)
        detail = "" if failed is None else f"{failed.shown}: {whys[failed] or 'it does not hold'}"
        shown = tuple(_line(each, passed[each]) for each in given.examples)
        return Mark(failed is None, detail, _measures(given, answer, passed), shown)

    async def _simulated(self, answer: Answer, model: Model, way: Way) -> Answer:
        foreseen: dict[str, object] = {}
        tokens = answer.tokens
        once = replace(way, samples=1)
        cases = self.problem.examples if answer.text else ()
        for case in _calls(cases)[:_SIMULATED]:
            assert isinstance(case.check, ValueCheck)
            source = f"{self.problem.before}{answer.text}\n"
            try:
                (value,) = await returned(model.predictor, source, case.check.call, once)
            except BudgetSpent as spent:
                if spent.some_will_do:
                    break
                raise
            same = same_literal(value.text, case.expected) if value.text else None
            foreseen[case.shown] = same
            tokens += value.tokens
        return replace(answer, tokens=tokens, facts={"foreseen": foreseen} if foreseen else {})


class Implement:
    """The question."""

    name = "implement"
    about = "a program that does what is described"
    modes: tuple[Mode, ...] = ("reasoning", "direct", "trace")
    votes = False
    runs = True

    def read(self, row: Row) -> ImplementTask:
        """A task from a record of HumanEval, MBPP or LiveCodeBench."""
        return ImplementTask(*problem(row))

    def one(self, asked: Asked) -> ImplementTask:
        """A description, and what is to hold."""
        return ImplementTask("", described(asked.source, asked.examples))


def _calls(cases: Sequence[Case]) -> list[Case]:
    return [each for each in cases if isinstance(each.check, ValueCheck)]


def _measures(
    given: Problem, answer: Answer, passed: Mapping[Case, bool]
) -> dict[str, bool | None]:
    """Whether the examples pass, and whether that was foreseen."""
    measures: dict[str, bool | None] = {}
    if given.examples:
        measures["examples pass"] = all(passed[each] for each in given.examples)
    facts = answer.facts.get("foreseen")
    foreseen = facts if isinstance(facts, dict) else {}
    told = [
        foreseen[each.shown] is passed[each]
        for each in given.examples
        if isinstance(foreseen.get(each.shown), bool)
    ]
    if told:
        measures["simulation right"] = all(told)
    return measures


def _line(case: Case, passed: bool) -> str:
    return f"{'holds' if passed else 'fails'}  {case.shown}"
