"""``foretrace ask``: one question about one program."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.budgets import budget_of, say_limit
from agent.cli.options import budget_options, engine_options, settings_options
from agent.cli.questions import asking, chosen, question_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, WrongUse

if TYPE_CHECKING:
    from model.questions.question import Answer, Mark, Task, Way


@click.command("ask")
@click.argument("question", metavar="QUESTION")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--call", default="", metavar="EXPR", help="A call on FILE: 'f(1)'.")
@click.option("--output", default="", metavar="VALUE", help="What it is to return.")
@click.option(
    "--example", "examples", multiple=True, metavar="EXPR", help="What is to hold: 'f(1) == 2'."
)
@click.option(
    "--check/--no-check", default=None, help="Run it in a sandbox, and say what is right."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON, nothing else.")
@question_options
@budget_options
@engine_options
@settings_options
def command(
    question: str,
    file: Path,
    call: str,
    output: str,
    examples: tuple[str, ...],
    check: bool | None,
    as_json: bool,
    mode: str | None,
    samples: int,
    most: int,
    settings: Settings,
) -> int:
    """Ask a model one question about a program.

    \b
    output      what does --call return?
    input       which call returns --output?
    halts       does --call, or the program itself, come to an end?
    complexity  how does its time grow? with --call 'f(list(range(n)))' it is measured, too;
                so is a script that reads, with --example and what it reads
    implement   write what FILE describes, so that every --example holds

    The model does not run anything. What is run for --check runs in a sandbox; input, complexity
    and implement do that unless told not to.
    """
    from model.questions.question import Asked, BadRow, Way

    about, by = chosen(question, mode, settings)
    try:
        source = file.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"cannot read {file}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise WrongUse(f"cannot read {file}: {error}") from None
    try:
        task = about.one(Asked(source, call, output, examples))
    except BadRow as problem:
        raise WrongUse(str(problem)) from None
    way = Way(by, samples, settings.seed, most)
    marked = about.runs if check is None else check
    return run_async(_ask(task, way, asking(settings, samples), marked, as_json))


async def _ask(task: "Task", way: "Way", settings: Settings, marked: bool, as_json: bool) -> int:
    from agent.evaluating.bench import Bench
    from agent.evaluating.evaluation import mark
    from agent.evaluating.models import open_model
    from model.questions.results import merit

    def say(line: str) -> None:
        if not as_json:
            click.echo(f"  {safe(line)}", err=True)

    marks: dict[str, Mark] = {}
    settings, budget = budget_of(settings)
    async with open_model(settings, say, budget) as (model, _), Bench(settings, say) as bench:
        answers = await task.answers(model, way, bench)
        counts = Counter(answer.text for answer in answers)
        distinct = {answer.text: answer for answer in reversed(answers)}
        for text in counts if marked else ():
            marks[text] = await mark(task, distinct[text], bench)
    ranked = [distinct[text] for text, _ in counts.most_common()]
    # What a simulation foresees says more than how often an answer came.
    ranked.sort(key=lambda each: merit(each.facts) or 0, reverse=True)
    if as_json:
        shown = [_as_json(each, counts[each.text], marks.get(each.text)) for each in ranked]
        click.echo(json.dumps({"mode": way.mode, "answers": shown}))
    else:
        for each in ranked:
            _show(each, counts[each.text], len(answers), marks.get(each.text))
    best = ranked[0]
    wrong = best.text in marks and marks[best.text].right is False
    drawn = f"{len(answers)} of {way.samples} answers were drawn" if way.samples > 1 else ""
    ended = say_limit(budget, drawn)
    return NOT_VERIFIED if wrong or ended or not best.text else DONE


def _show(answer: "Answer", count: int, of: int, mark: "Mark | None") -> None:
    times = f"  ({count} of {of})" if of > 1 else ""
    _say(f"{answer.text}{times}" if answer.text else f"no answer: {answer.problem}{times}")
    for name, fact in answer.facts.items():
        _say(f"  {name}: {fact}")
    if mark is None or not answer.text:
        return
    said = {True: "right", False: "wrong", None: "nobody can tell"}[mark.right]
    detail = f": {' '.join(mark.detail.split())}" if mark.detail else ""
    _say(f"  run in a sandbox: {said}{detail}")
    for line in mark.shown:
        _say(f"  {line}")


def _say(text: str) -> None:
    from model.questions.replies import whole

    click.echo(whole(safe(text)))


def _as_json(answer: "Answer", count: int, mark: "Mark | None") -> dict[str, object]:
    found: dict[str, object] = {"answer": answer.text or None, "count": count}
    if answer.problem:
        found["problem"] = answer.problem
    if answer.facts:
        found["facts"] = dict(answer.facts)
    if mark is not None:
        found |= {"right": mark.right, "detail": mark.detail, "shown": list(mark.shown)}
    return found
