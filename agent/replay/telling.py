"""What an event says, in words: a title and a text, the same for every form a run is shown in.

Nothing is made safe here: whoever shows a section escapes it for where it goes. An event of a kind
that nobody described tells its fields.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from agent.events import (
    Acted,
    Answered,
    Broke,
    Compacted,
    Compared,
    Ended,
    Event,
    Forecasted,
    Forked,
    Limited,
    Localised,
    Malformed,
    ModelChosen,
    Prepared,
    Prompted,
    Retried,
    Reviewed,
    Said,
    Started,
    Steered,
    Submitted,
    Tried,
    Verified,
)

Form = Literal["words", "verbatim", "patch"]

_BY = {
    "policy": "submitted",
    "limit": "taken as it stood at a limit",
    "user": "taken as it stood when the user ended the run",
    "failure": "taken as it stood when the infrastructure failed",
}
_ROLES = {"user": "the user says", "policy": "the policy says", "run": "the policy is told"}


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a run, for people.

    Attributes:
        title: one line, in our words but for what it names.
        text: may be empty.
        form: ``words`` are prose, ``verbatim`` is what a program or a model wrote, its layout
            included, ``patch`` is a diff.
    """

    title: str
    text: str = ""
    form: Form = "words"


def sections(events: Iterable[Event]) -> list[Section]:
    """Events as sections, in their order."""
    return [section for event in events for section in _told(event)]


def _told(event: Event) -> list[Section]:
    tell = _TELL.get(type(event.data))
    return tell(event.data) if tell else [_fields(event)]


def _fields(event: Event) -> Section:
    fields = event.data.model_dump(mode="json", exclude={"type"})
    return Section(event.type, json.dumps(fields, indent=2, ensure_ascii=False), "verbatim")


def _started(data: Started) -> list[Section]:
    return [Section(f"the {data.policy} policy begins with {data.issue}")]


def _prepared(data: Prepared) -> list[Section]:
    commit = data.base_commit[:12]
    return [Section(f"prepared in {data.seconds:.1f} s, at {commit}", "\n".join(data.notes))]


def _model(data: ModelChosen) -> list[Section]:
    title = f"the model is {data.model} at {data.url}"
    return [Section(f"{title} ({data.profile}, {data.context:,} tokens)", "\n".join(data.notes))]


def _prompt(data: Prompted) -> list[Section]:
    return [
        Section("system prompt", data.system, "verbatim"),
        Section("first prompt", data.user, "verbatim"),
    ]


def _action(data: Acted) -> list[Section]:
    if data.tool is None and data.reply is None:
        return []  # what it says in the end is an event of its own
    told = _reply(data)
    if data.tool is not None:
        told.append(Section(f"call: {data.tool}", data.argument, "verbatim"))
    return told


def _reply(data: Acted | Malformed) -> list[Section]:
    """What was said beside a call: all of it where a model said it."""
    reply = data.reply
    if reply is None:
        thought = data.thought if isinstance(data, Acted) else ""
        return [Section("thought", thought)] if thought.strip() else []
    told = [Section("reasoning", reply.reasoning, "verbatim")] if reply.reasoning.strip() else []
    if reply.text.strip():
        told.append(Section("answer", reply.text, "verbatim"))
    calls = "\n".join(f"{call.name} {call.arguments}" for call in reply.calls)
    return [*told, Section("called natively", calls, "verbatim")] if calls else told


def _review(data: Reviewed) -> list[Section]:
    text = data.argument if data.decision == "changed" else data.reason
    return [Section(f"{data.decision} by the user", text, "verbatim")]


def _result(data: Answered) -> list[Section]:
    title = "result" if data.ok else "result: not carried out"
    return [Section(f"{title} ({data.seconds:.2f} s)", data.output, "verbatim")]


def _malformed(data: Malformed) -> list[Section]:
    return [*_reply(data), Section("no valid action", data.message)]


def _retry(data: Retried) -> list[Section]:
    again = f"asked again after {data.seconds:.0f} s ({data.number} of {data.of})"
    return [Section(f"the model's server failed, {again}", data.reason)]


def _compaction(data: Compacted) -> list[Section]:
    freed = f"{data.tokens_before:,} tokens before, {data.tokens_after:,} after"
    steps = ", ".join(map(str, data.steps))
    return [Section(f"old output left the context: {freed}", f"of the steps {steps}")]


def _message(data: Said) -> list[Section]:
    return [Section(_ROLES[data.role], data.text)] if data.text.strip() else []


def _localisation(data: Localised) -> list[Section]:
    lines = [f"{each.score:.3f}  {each.path}:{each.line}" for each in data.lines]
    title = f"{len(data.lines)} suspicious lines by {data.formula}"
    return [Section(f"{title} ({data.seconds:.1f} s)", "\n".join(lines), "verbatim")]


def _trial(data: Tried) -> list[Section]:
    kept = f", those that passed before: {data.kept}" if data.kept else ""
    title = f"edit {data.number} tried in a fork ({data.operator}, {data.path}:{data.line})"
    text = f"- {data.before}\n+ {data.after}"
    return [Section(f"{title}: {data.failing}{kept}", text, "verbatim")]


def _forecast(data: Forecasted) -> list[Section]:
    refused = "; it was kept from running" if data.refused else ""
    title = f"predicted of {data.test}: {data.verdict} ({data.confidence:.2f}){refused}"
    line = [f"decided by: {data.line}"] if data.line else []
    return [Section(title, "\n".join([data.reason, *line]))]


def _comparison(data: Compared) -> list[Section]:
    word = {True: "right", False: "wrong", None: "neither right nor wrong"}[data.right]
    title = f"{data.test} {data.outcome}: the prediction {data.verdict} was {word}"
    return [Section(title, "\n".join(_divergence(data)), "verbatim")]


def _divergence(data: Compared) -> Iterable[str]:
    """Where the traces part, with what both sides say there."""
    found = data.divergence
    if found is None:
        return
    yield "The traces part first here:"
    yield f"  predicted  {found.predicted_line.strip() or '(over)'}"
    yield f"  recorded   {found.recorded_line.strip() or '(over)'}"
    pairs = [*found.names.items()]
    if found.values:
        pairs.append(("its value", found.values))
    for name, (predicted, recorded) in pairs:
        yield f"  {name}: predicted {predicted or 'nothing'}, recorded {recorded or 'nothing'}"


def _steering(data: Steered) -> list[Section]:
    about = f" {data.tool}" if data.tool else ""
    return [Section(f"steered from a screen: {data.what}{about}", data.text or data.argument)]


def _fork(data: Forked) -> list[Section]:
    told = (
        ("other results than there", data.differing),
        ("not done again, for want of the tool", data.left_out),
    )
    lines = [f"{what}: steps {', '.join(map(str, steps))}" for what, steps in told if steps]
    where = f"after step {data.step}" if data.step else "from its beginning"
    return [Section(f"goes on from {data.run}, {where}", "\n".join(lines))]


def _submission(data: Submitted) -> list[Section]:
    title = f"patch {_BY[data.by]}" + ("" if data.applies else "; it does not apply")
    return [Section(title, data.patch, "patch")]


def _limit(data: Limited) -> list[Section]:
    return [Section(f"limit: {data.message}")]


def _verification(data: Verified) -> list[Section]:
    word = "does not apply" if not data.applied else "resolves" if data.resolved else "fails"
    lines = [
        f"{each.before:<8} {each.after:<8} {each.test}{'  (flaky)' if each.flaky else ''}"
        for each in (*data.fail_to_pass, *data.pass_to_pass)
    ]
    heading = ["before   after    test"] if lines else []
    text = "\n".join([*heading, *lines, *(f"note: {note}" for note in data.notes)])
    return [Section(f"verification: the patch {word} ({data.seconds:.1f} s)", text, "verbatim")]


def _failure(data: Broke) -> list[Section]:
    return [Section(f"the infrastructure failed: {data.kind}", data.message)]


def _end(data: Ended) -> list[Section]:
    return [Section(f"the end: {data.status}", data.reason)]


_TELL: dict[type[Any], Callable[[Any], list[Section]]] = {  # each takes the type it is listed by
    Started: _started,
    Prepared: _prepared,
    ModelChosen: _model,
    Prompted: _prompt,
    Acted: _action,
    Reviewed: _review,
    Answered: _result,
    Malformed: _malformed,
    Retried: _retry,
    Compacted: _compaction,
    Said: _message,
    Localised: _localisation,
    Tried: _trial,
    Forecasted: _forecast,
    Compared: _comparison,
    Steered: _steering,
    Forked: _fork,
    Submitted: _submission,
    Limited: _limit,
    Verified: _verification,
    Broke: _failure,
    Ended: _end,
}
