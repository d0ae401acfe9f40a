"""A run as it happens, line by line: what the agent does and what comes of it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from agent.cli.console import Console
from agent.cli.excerpt import first_line, first_sentence, one_line
from agent.events import (
    Acted,
    Answered,
    Compacted,
    Compared,
    Event,
    EventData,
    Forecasted,
    Limited,
    Localised,
    Malformed,
    ModelChosen,
    Retried,
    Reviewed,
    Said,
    Submitted,
    Tried,
)

_INDENT = " " * 5
_MOST_NOTES = 2
_TEST_COLOURS = {"passed": "green", "failed": "red", "error": "red", "missing": "red"}
_BY = {
    "policy": "submitted",
    "limit": "taken as it stands at the limit",
    "user": "taken as it stands at your word",
    "failure": "taken as it stands at the failure",
}


class Live:
    """Tells a person of a run's events; what is noise to them is left out."""

    def __init__(self, console: Console | None = None, folder: Path | None = None) -> None:
        """Nothing is printed yet.

        Args:
            console: the run's own; without it, stderr.
            folder: the run's, where the traces are; without it none is shown.
        """
        self._console = console or Console()
        self._folder = folder
        self._step = self._refused = 0
        self._trials = self._repaired = self._foretold = self._rightly = 0
        self._held: list[EventData] = []

    def show(self, event: Event) -> None:
        """Print what there is to say of an event: mostly one line; of a prediction, its trace."""
        data = event.data
        if isinstance(data, Tried):
            self._count(data)
            return
        if isinstance(data, Forecasted | Compared) and data.step != self._step:
            self._count_foretold(data)
            return  # of the repairer's trials, or of what the verification says anyway
        if isinstance(data, Acted | Said):
            self._tell_foretold()
        if isinstance(data, Acted):
            self._step = data.step
        if isinstance(data, Reviewed) and data.decision == "refused":
            self._refused = data.step
        elif isinstance(data, Answered) and data.step == self._refused:
            return  # says no more than that
        if isinstance(data, Compared):
            self._held.append(data)  # it comes before the result that it is about
            return
        held, self._held = self._held, []
        for each in [data, *held] if isinstance(data, Answered) else [*held, data]:
            self._say(each)

    def _say(self, data: EventData) -> None:
        for line in lines_about(data, self._console.columns):
            self._console.say(line)
        if self._folder is not None and isinstance(data, Forecasted | Compared):
            from agent.cli.foretoldview import lines_below

            for line in lines_below(data, self._folder, self._console.columns):
                self._console.say(line)

    def _count_foretold(self, data: Forecasted | Compared) -> None:
        """Of the repairer's trials, those that a model was asked about and gave a verdict on."""
        if isinstance(data, Compared) and self._trials and data.right is not None:
            self._foretold += 1
            self._rightly += data.right

    def _tell_foretold(self) -> None:
        if self._foretold:
            said = f"{self._foretold} edits tried were predicted first, {self._rightly} rightly"
            self._console.say(f"{_INDENT}{said}")
        self._foretold = self._rightly = self._trials = 0

    def _count(self, trial: Tried) -> None:
        self._trials += 1
        self._repaired += trial.failing == "pass"
        found = f", {self._repaired} pass" if self._repaired else ""
        self._console.say_fleeting(f"{_INDENT}{self._trials} edits tried{found}")


def lines_about(data: EventData, width: int) -> list[str]:
    """An event in a few lines, styled and safe to print; none where it is noise.

    Args:
        data: of the event.
        width: columns a line may take.
    """
    describe = _DESCRIBE.get(type(data))
    return describe(data, width) if describe else []


def _model(data: ModelChosen, width: int) -> list[str]:
    line = f"the model is {data.model} at {data.url} ({data.profile}, {data.context:,} tokens)"
    notes = [f"{_INDENT}{note}" for note in data.notes[:_MOST_NOTES]]
    return [one_line(each, width) for each in (line, *notes)]


def _retry(data: Retried, width: int) -> list[str]:
    again = f"asks again in {data.seconds:.0f} s ({data.number} of {data.of})"
    reason = one_line(f"{_INDENT}{data.reason}", width)
    together = f"{reason}; {again}"
    # The reason's end says most: the status, and what the server says.
    lines = [together] if one_line(together, width) == together else [reason, f"{_INDENT}{again}"]
    return [click.style(line, fg="yellow") for line in lines]


def _compaction(data: Compacted, width: int) -> list[str]:
    freed = f"{data.tokens_before:,} tokens before, {data.tokens_after:,} now"
    return [f"{_INDENT}the output of {len(data.steps)} old steps left the context: {freed}"]


def _action(data: Acted, width: int) -> list[str]:
    if data.tool is None:
        return []  # what it says in the end is an event of its own
    thought = first_sentence(data.thought)
    lines = [click.style(one_line(f"{_INDENT}{thought}", width), dim=True)] if thought else []
    head = f"{data.step:>3}  {one_line(data.tool, 20)}"
    line = one_line(f"{head}  {first_line(data.argument)}", width)
    return [*lines, click.style(line[: len(head)], bold=True) + line[len(head) :]]


def _review(data: Reviewed, width: int) -> list[str]:
    if data.decision == "allowed":
        return []
    text = first_line(data.reason if data.decision == "refused" else data.argument)
    line = f"{_INDENT}{data.decision} by you" + (f": {text}" if text else "")
    return [click.style(one_line(line, width), fg="yellow")]


def _result(data: Answered, width: int) -> list[str]:
    if not data.ok:
        return [click.style(one_line(f"{_INDENT}{first_line(data.output)}", width), fg="red")]
    words = [*_tests(data.data), *_ending(data.data)] or [click.style("ok", fg="green")]
    return [f"{_INDENT}{', '.join(words)}  ({data.seconds:.1f} s)"]


def _tests(data: Mapping[str, object]) -> list[str]:
    """How many tests ended how, where tests ran."""
    counts = data.get("counts")
    if not isinstance(counts, dict):
        return []
    words = [
        click.style(f"{count} {one_line(str(how), 20)}", fg=_TEST_COLOURS.get(how))
        for how, count in counts.items()
    ]
    if problem := data.get("problem"):
        words.append(click.style(one_line(str(problem), 60), fg="red"))
    return words or ["no test ran"]


def _ending(data: Mapping[str, object]) -> list[str]:
    """How a command ended, where one ran and it is worth a word."""
    status, code = data.get("status"), data.get("exit_code")
    if not isinstance(status, str):
        return []
    if status != "exited":
        return [click.style(one_line(status, 20), fg="red")]
    return [click.style(f"exit code {code}", fg="red")] if code else []


def _forecast(data: Forecasted, width: int) -> list[str]:
    said = f"{data.verdict} ({data.confidence:.2f})" if data.confidence else data.verdict
    line = f"{_INDENT}predicted: {said}, {first_line(data.reason)}"
    return [click.style(one_line(line, width), dim=data.verdict == "unsure")]


def _comparison(data: Compared, width: int) -> list[str]:
    """Whether a prediction was right, and where its trace parts from what happened."""
    if data.right is None:
        return []
    line = f"{_INDENT}the prediction was {'right' if data.right else 'wrong'}"
    if data.divergence is not None:
        where = data.divergence.recorded_line or data.divergence.predicted_line
        line += f"; its trace parts from what ran at {where.strip()}"
    return [click.style(one_line(line, width), fg=None if data.right else "yellow")]


def _malformed(data: Malformed, width: int) -> list[str]:
    line = f"{data.step:>3}  no valid action: {first_line(data.message)}"
    return [click.style(one_line(line, width), fg="red")]


def _message(data: Said, width: int) -> list[str]:
    if data.role == "policy":
        said = first_sentence(data.text)
        return [one_line(f"{_INDENT}the agent is done: {said}", width)] if said else []
    who = "told by you" if data.role == "user" else "the agent is told"
    return [one_line(f"{_INDENT}{who}: {first_line(data.text)}", width)]


def _localisation(data: Localised, width: int) -> list[str]:
    first = f", first {data.lines[0].path}:{data.lines[0].line}" if data.lines else ""
    line = f"{_INDENT}{len(data.lines)} suspicious lines{first}  ({data.seconds:.1f} s)"
    return [one_line(line, width)]


def _submission(data: Submitted, width: int) -> list[str]:
    lines = data.patch.splitlines()
    files = sum(line.startswith("diff ") for line in lines)
    added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    said = f"{_BY[data.by]}: +{added} -{removed} lines in {files} file(s)"
    if not data.applies:
        return [click.style(f"{_INDENT}{said}; it does not apply", fg="red")]
    return [click.style(f"{_INDENT}{said}", fg="green")]


def _limit(data: Limited, width: int) -> list[str]:
    return [click.style(one_line(f"{_INDENT}{data.message}", width), fg="yellow")]


_DESCRIBE: dict[type[EventData], Callable[..., list[str]]] = {
    ModelChosen: _model,
    Retried: _retry,
    Compacted: _compaction,
    Acted: _action,
    Reviewed: _review,
    Answered: _result,
    Forecasted: _forecast,
    Compared: _comparison,
    Malformed: _malformed,
    Said: _message,
    Localised: _localisation,
    Submitted: _submission,
    Limited: _limit,
}
