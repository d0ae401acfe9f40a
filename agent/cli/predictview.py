"""Predicted traces as text: for people, for the model, for programs."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.cli.subject import Subject
from agent.cli.terminal import safe
from model.trace.compare import exception_text
from model.trace.score import Ending, ending
from model.trace.writing import write_frames

if TYPE_CHECKING:
    from model.predict.predictor import Prediction, Step, Tokens
    from model.trace.frame import Trace
    from model.trace.reading import Problem

_PROBLEMS = 5
_VALUE = 200


def as_text(found: "Sequence[Prediction]", asked: Subject, limit: str = "") -> str:
    """The likeliest of the traces, how many say the same, and what they took.

    Args:
        found: at least one.
        asked: what was predicted.
        limit: which limit of the user's cut the last one short; empty for none.
    """
    from agent.cli.traceview import as_text as trace_text
    from model.predict.predictor import Tokens
    from model.trace.recording import End, Recording

    ends = [end_of(each) for each in found]
    most = Counter(ends).most_common()
    shown = found[ends.index(most[0][0])]
    trace = placed(shown, asked)
    lines = [trace_text(Recording(trace, End("left")), primed=False).rstrip("\n"), ""]
    if len(found) == 1:
        lines.append(_how(most[0][0], shown, limit))
    else:
        last = limit if shown is found[-1] else ""
        lines += [f"{count} of {len(found)}: {_how(end, shown, last)}" for end, count in most]
    if any(frame.place and not frame.place.line for frame in trace.frames):
        lines.append(f"line 0 is none: {asked.name} has no line with that text")
    lines += _troubles(shown)
    lines += [f"unsure: {shown.doubt}"] if shown.doubt else []
    lines.append(tokens_line(sum((each.tokens for each in found), Tokens())))
    return safe("\n".join(lines) + "\n")


def as_cwm(found: "Sequence[Prediction]", asked: Subject) -> str:
    """What follows the given frames in the model's form; each trace ends with a new line where
    there are several."""
    given = len(asked.program.begun)
    texts = [write_frames(each.frames[given:], each.ended) for each in found]
    return texts[0] if len(texts) == 1 else "".join(text + "\n" for text in texts)


def as_json(found: "Sequence[Prediction]", asked: Subject) -> str:
    """Each frame as a JSON object on a line, its locals in full; each trace's end as another."""
    lines: list[str] = []
    for sample, prediction in enumerate(found):
        frames = placed(prediction, asked).frames
        for frame, logprob in zip(frames, prediction.logprobs, strict=True):
            fields: dict[str, object] = {"kind": frame.kind, "source": frame.source}
            if frame.locals is not None:
                fields["locals"] = dict(frame.locals)
            if frame.value is not None:
                fields["value"] = frame.value
            assert frame.place is not None
            fields |= {"line": frame.place.line, "function": frame.place.function}
            fields |= {"depth": frame.place.depth, "logprob": logprob, "sample": sample}
            lines.append(_line(fields))
        end = end_of(prediction)
        last: dict[str, object] = {"end": None, "value": end.value if end else None}
        if end is not None:
            last["end"] = "raised" if end.raised else "returned"
        problems = [
            {"kind": each.kind, "detail": each.detail, "frame": each.frame, "offset": each.offset}
            for each in prediction.problems
        ]
        last |= {"cut": prediction.cut, "problems": problems, "doubt": prediction.doubt}
        lines.append(_line(last | {"tokens": tokens_json(prediction.tokens), "sample": sample}))
    return "".join(lines)


def placed(prediction: "Prediction", asked: Subject) -> "Trace":
    """A prediction as a trace with full locals and the places of its frames; line 0 is no line."""
    from model.debugger.places import Places
    from model.trace.frame import Place, Trace
    from model.trace.states import resolve

    states = resolve(prediction.frames)
    spots = Places(asked.program.source).locate(states)
    frames = tuple(
        replace(state.frame, place=Place(asked.name, spot.line or 0, spot.function, state.depth))
        for state, spot in zip(states, spots, strict=True)
    )
    return Trace(frames, prediction.ended, asked.program.source)


def value_text(step: "Step") -> str:
    """What a call returns."""
    lines = [f"returns {_short(step.frame.value or 'None')}"] if step.frame else []
    if step.frame is None:
        why = step.problems[0].detail if step.problems else "it says that the trace is over"
        lines = [f"the model wrote no value: {why}"]
    lines += [f"unsure: {step.doubt}"] if step.doubt else []
    return safe("\n".join([*lines, tokens_line(step.tokens)]) + "\n")


def value_json(step: "Step") -> dict[str, object]:
    """The same for programs."""
    value = step.frame.value if step.frame else None
    fields: dict[str, object] = {"value": value, "logprob": step.logprob, "doubt": step.doubt}
    return fields | {"tokens": tokens_json(step.tokens)}


def tokens_line(tokens: "Tokens") -> str:
    """What predictions took, for people."""
    return (
        f"tokens: {tokens.reused:,} of the prompt reused, {tokens.computed:,} computed, "
        f"{tokens.written:,} written"
    )


def tokens_json(tokens: "Tokens") -> dict[str, int]:
    """The same for programs."""
    return {
        "reused": tokens.reused,
        "computed": tokens.computed,
        "written": tokens.written,
    }


def end_of(prediction: "Prediction") -> Ending | None:
    """How a predicted call is left; None where the trace does not say."""
    return ending(prediction.frames) if prediction.ended else None


def _how(end: Ending | None, prediction: "Prediction", limit: str) -> str:
    if end is not None:
        if end.raised:
            return f"raises {_short(exception_text(end.value))}"
        return f"returns {_short(end.value)}"
    if prediction.cut and limit:
        return f"no end: {limit}"
    if prediction.cut:
        return "no end: it took the most tokens that a trace may"
    return "no end that could be read"


def _troubles(prediction: "Prediction") -> list[str]:
    # That a frame goes no further is no trouble of its own where the whole text does not.
    problems = [each for each in prediction.problems if not (prediction.cut and _is_cut(each))]
    lines = [
        f"in frame {each.frame}: {each.detail}" if each.frame is not None else each.detail
        for each in problems[:_PROBLEMS]
    ]
    more = len(problems) - _PROBLEMS
    lines += [f"{more} more problems"] if more > 0 else []
    return [f"the model's text is not as it should be: {line}" for line in lines]


def _is_cut(problem: "Problem") -> bool:
    return problem.kind in ("cut_off", "no_separator", "no_action")


def _short(text: str) -> str:
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return line if len(line) <= _VALUE else line[: _VALUE - 3] + "..."


def _line(fields: Mapping[str, object]) -> str:
    # json leaves this one as it is; a terminal would act on it.
    return json.dumps(fields).replace("\x7f", "\\u007f") + "\n"


FORMS: "Mapping[str, Callable[[Sequence[Prediction], Subject], str]]" = {
    "text": as_text,
    "cwm": as_cwm,
    "json": as_json,
}
"""What ``--format`` may name."""
