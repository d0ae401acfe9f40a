"""``foretrace eval``: a question, put to a model for every record of a data set."""

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import budget_options, engine_options, settings_options
from agent.cli.questions import asking, chosen, question_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, WrongUse

if TYPE_CHECKING:
    from agent.evaluating.log import Evaluation, ResultLog
    from model.questions.question import Question, Task, Way
    from model.questions.results import Measure, Result
    from model.questions.rows import Skipped

_SANDBOXES = 2
_TOLD = 20


@click.command("eval")
@click.argument("question", metavar="QUESTION")
@click.argument("data", metavar="DATA", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(1), help="Only the first so many records.")
@click.option("-j", "at_once", type=click.IntRange(1), default=8, help="Requests at a time.")
@click.option("--out", type=click.Path(path_type=Path), help="Where runs are written.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON, nothing else.")
@question_options
@budget_options
@engine_options
@settings_options
def command(
    question: str,
    data: Path,
    limit: int | None,
    at_once: int,
    as_json: bool,
    mode: str | None,
    samples: int,
    most: int,
    settings: Settings,
) -> int:
    """Put a question to a model for every record of a data set, and say how often it is right.

    QUESTION is output, input, halts, complexity or implement; DATA a file of JSON lines as the
    benchmark publishes them. Called again, it goes on where it was stopped, also by a limit.
    """
    from model.questions.question import Way
    from model.questions.rows import DataProblem, read_tasks

    asked, by = chosen(question, mode, settings)
    try:
        tasks, skipped = read_tasks(data, asked)
    except DataProblem as problem:
        raise WrongUse(str(problem)) from None
    if not as_json:
        _tell_skipped(skipped)
    if not tasks:
        raise WrongUse(f"{data} holds no record for {question}")
    way = Way(by, samples, settings.seed, most)
    work = _eval(
        asked, data.resolve(), tasks[:limit], skipped, way, asking(settings, at_once), as_json
    )
    return run_async(work)


async def _eval(
    question: "Question",
    data: Path,
    tasks: "list[Task]",
    skipped: "list[Skipped]",
    way: "Way",
    settings: Settings,
    as_json: bool,
) -> int:
    from agent.cli.progressline import ProgressLine
    from agent.evaluating.bench import Bench
    from agent.evaluating.evaluation import evaluate
    from agent.evaluating.log import Evaluation, ResultLog
    from agent.evaluating.models import open_model
    from model.budget import Budget

    def say(line: str) -> None:
        if not as_json:
            click.echo(f"  {safe(line)}", err=True)

    at_once = settings.model.in_flight
    budget = Budget(settings.limits.tokens, settings.limits.cost)
    async with open_model(settings, say, budget) as (model, name):
        evaluation = Evaluation(
            question=question.name,
            mode=way.mode,
            model=name,
            data=str(data),
            samples=way.samples,
            seed=way.seed,
            most=way.most,
        )
        path = settings.out / "eval" / _file_name(evaluation)
        with ResultLog(path, evaluation) as log:
            wanted = {task.id for task in tasks}
            before = len(wanted & log.results.keys())
            say(f"{question.name} by {way.mode}, {len(tasks)} records, {before} done before")
            line = ProgressLine(len(tasks), before, quiet=as_json)
            tally = _Tally([each for each in log.results.values() if each.id in wanted])

            def done(result: "Result") -> None:
                line.advance(tally.add(result))

            try:
                async with Bench(settings, say, min(at_once, _SANDBOXES)) as bench:
                    await evaluate(tasks, model, way, bench, log, at_once=at_once, done=done)
            except BaseException:
                line.end()
                kept = len(wanted & log.results.keys())
                say(f"{kept} of {len(tasks)} are kept in {path}; the same command goes on")
                raise
            line.end()
            _show(question, evaluation, tasks, skipped, log, path, as_json)
    return DONE


class _Tally:
    """How it goes so far."""

    def __init__(self, results: "list[Result]") -> None:
        self._right = self._of = 0.0
        for result in results:
            self.add(result)

    def add(self, result: "Result") -> str:
        """One more; how it goes, in a few words."""
        rights = result.rights()
        if rights:
            self._right += sum(rights) / len(rights)
            self._of += 1
        return f"{self._right / self._of:.1%} right" if self._of else "none marked"


def _file_name(evaluation: "Evaluation") -> str:
    data = Path(evaluation.data).name
    parts = (evaluation.question, evaluation.mode, data, evaluation.model)
    names = [re.sub(r"[^\w.=-]+", "-", part).strip("-.")[:80] for part in parts]
    return f"{'-'.join(names)}.jsonl"


def _tell_skipped(skipped: "list[Skipped]") -> None:
    for each in skipped[:_TOLD]:
        click.echo(f"  {each.place} is left out: {safe(' '.join(each.why.split()))}", err=True)
    if len(skipped) > _TOLD:
        click.echo(f"  and {len(skipped) - _TOLD} more are left out", err=True)


def _show(
    question: "Question",
    evaluation: "Evaluation",
    tasks: "list[Task]",
    skipped: "list[Skipped]",
    log: "ResultLog",
    path: Path,
    as_json: bool,
) -> None:
    from model.questions.results import table

    results = [log.results[task.id] for task in tasks]
    measures = table(results, samples=evaluation.samples, votes=question.votes)
    given = [each.tokens for result in results for each in result.answers]
    reused, computed, written = (sum(each[n] for each in given) for n in range(3))
    if as_json:
        summary = {
            **evaluation.model_dump(exclude={"format"}),
            "results": str(path),
            "tasks": len(tasks),
            "skipped": [{"place": each.place, "why": each.why} for each in skipped],
            "measures": {each.name: _as_json(each) for each in measures},
            "tokens": {"reused": reused, "computed": computed, "written": written},
        }
        click.echo(json.dumps(summary))
        return
    click.echo(
        f"{question.name} by {evaluation.mode}, {safe(evaluation.model)}, {len(tasks)} records"
    )
    width = max(len(each.name) for each in measures)
    for each in measures:
        click.echo(f"  {each.name:{width}}  {_share(each)}")
    click.echo(f"  tokens: {reused:,} reused, {computed:,} read, {written:,} written")
    click.echo(f"  results: {safe(str(path))}")


def _share(measure: "Measure") -> str:
    if not measure.tasks:
        return "   -"
    low, high = f"{measure.low:.1%}", f"{measure.high:.1%}"
    return f"{measure.share:6.1%}  95 %: {low} to {high}, of {measure.tasks}"


def _as_json(measure: "Measure") -> dict[str, object]:
    share = None if math.isnan(measure.share) else measure.share
    return {"share": share, "low": measure.low, "high": measure.high, "tasks": measure.tasks}
