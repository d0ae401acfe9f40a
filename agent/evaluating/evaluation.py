"""Putting the tasks of a question to a model, several at a time, and marking what it answers."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from agent.evaluating.log import ResultLog
from model.budget import BudgetSpent
from model.errors import ContextExceeded, RequestRefused
from model.questions.question import Answer, Mark, Model, Runner, Task, Way
from model.questions.results import Given, Result


async def evaluate(
    tasks: Sequence[Task],
    model: Model,
    way: Way,
    runner: Runner,
    log: ResultLog,
    *,
    at_once: int,
    done: Callable[[Result], None],
) -> None:
    """Ask and mark the tasks that the log does not have.

    Args:
        tasks: all of them.
        model: whom to ask.
        way: how.
        runner: runs what has to run.
        log: what is kept.
        at_once: tasks at a time.
        done: told of each that is done.

    Raises:
        BudgetSpent: a limit is reached; tasks that could still be answered are done and kept.
        ModelError, SandboxError: nothing more can be asked or marked; what is done is kept.
    """
    left = iter([task for task in tasks if task.id not in log.results])
    spent: list[BudgetSpent] = []

    async def work(mine: Iterator[Task]) -> None:
        while not spent and (task := next(mine, None)) is not None:
            try:
                result = await ask(task, model, way, runner)
            except BudgetSpent as limit:
                spent.append(limit)
                return
            log.add(result)
            done(result)

    # The first that fails ends the others; what they were asking is asked again another time.
    workers = [asyncio.ensure_future(work(left)) for _ in range(at_once)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if spent:
        raise spent[0]


async def ask(task: Task, model: Model, way: Way, runner: Runner) -> Result:
    """Put one task to the model, and mark its answers; equal ones once.

    Raises:
        ModelError: the model does not answer, this task or any.
        SandboxError: nothing can run.
    """
    started = time.monotonic()
    try:
        answers = await task.answers(model, way, runner)
    except (ContextExceeded, RequestRefused) as problem:
        # That is this task's alone: it is too long, or the server will have none of it.
        answers = [Answer("", problem.message)] * way.samples
    marks: dict[str, Mark] = {}
    given = []
    for answer in answers:
        if answer.text not in marks:
            marks[answer.text] = await mark(task, answer, runner)
        given.append(Given.of(answer, marks[answer.text]))
    seconds = round(time.monotonic() - started, 3)
    return Result(id=task.id, answers=tuple(given), seconds=seconds)


async def mark(task: Task, answer: Answer, runner: Runner) -> Mark:
    """The mark of an answer; none at all is wrong."""
    if not answer.text:
        return Mark(False, answer.problem)
    found = await task.mark(answer, runner)
    return replace(found, detail=found.detail[:500])
