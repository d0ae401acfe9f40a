"""What the model wrote, read as frames.

Nothing raises here, whatever the text; every character of it belongs to exactly one frame, one
problem or the mark of the trace's end; and reading is linear in the text. Where there are token
ids, read those: `model.trace.layout` says why.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model.tokenizer import TRACE_TOKENS, Tokenizer
from model.trace.frame import Frame, Kind
from model.trace.layout import KINDS, Layout, Mark, Marked, Span
from model.trace.writing import ACTION_SEP, ARG_SEP, FRAME_SEP
from model.wire import END_OF_TEXT

ProblemKind = Literal[
    # Of text that is in no frame
    "no_event",
    "no_action",
    "cut_off",
    "after_end",
    # Of a frame that could be read
    "no_separator",
    "no_value",
    "bad_value",
    "bad_locals",
    "not_a_string",
    "repeated_name",
    "unexpected_locals",
    "token_in_text",
]

_Found = tuple[Span, ProblemKind, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as the format has it.

    Attributes:
        offset: in the text, in characters.
        length: in characters.
        kind: of problem.
        detail: for people; one line.
        frame: the number of the frame it is in; None when it is in none.
    """

    offset: int
    length: int
    kind: ProblemKind
    detail: str
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was found in a text.

    Attributes:
        text: itself.
        frames: in their order.
        spans: where each frame is in the text.
        problems: in their order.
        end: where the mark of the trace's end is; None when it is missing.
    """

    text: str
    frames: tuple[Frame, ...]
    spans: tuple[Span, ...]
    problems: tuple[Problem, ...]
    end: Span | None

    @property
    def ended(self) -> bool:
        """Whether the model wrote that the entry point's scope was left."""
        return self.end is not None

    def accounted(self) -> list[Span]:
        """The spans of frames, of problems in no frame, and of the end: together all the text."""
        outside = [(p.offset, p.offset + p.length) for p in self.problems if p.frame is None]
        spans = [*self.spans, *outside, *([self.end] if self.end else [])]
        return sorted(span for span in spans if span[0] < span[1])


def read_frames(text: str, begun: Kind | None = None) -> Parsed:
    """Read what the model wrote after a context, or after frames that were given to it.

    Args:
        text: without what the model was given.
        begun: the kind of frame whose first token was given too; the text goes on after it.
    """
    return _read(Marked(text), begun)


def read_ids(ids: Sequence[int], tokenizer: Tokenizer, begun: Kind | None = None) -> Parsed:
    """Read the token ids that the model wrote; see `read_frames`.

    Raises:
        TokenizerProblem: the tokenizer has no tokens for traces.
    """
    names = {tokenizer.special(name): name for name in (*TRACE_TOKENS, END_OF_TEXT)}
    pieces: list[str] = []
    marks: list[Mark] = []
    size = first = 0
    # A character may be made of several tokens: what stands between two marks is decoded at once.
    for place in [*(n for n, id_ in enumerate(ids) if id_ in names), len(ids)]:
        name = names[ids[place]] if place < len(ids) else ""
        text = tokenizer.decode(ids[first:place])
        pieces += text, name
        marks.append(Mark(size + len(text), size + len(text) + len(name), name))
        size, first = marks[-1].end, place + 1
    return _read(Marked("".join(pieces), marks[:-1]), begun)


def _read(marked: Marked, begun: Kind | None) -> Parsed:
    text = marked.text
    frames: list[Frame] = []
    spans: list[Span] = []
    problems: list[Problem] = []
    end: Span | None = None
    at, kind = 0, begun
    while at < len(text) or kind:
        mark = marked.at(at) if kind is None else None
        kind = KINDS.get(mark.name) if mark else kind
        body = mark.end if mark and kind else at
        if mark and mark.name == END_OF_TEXT:
            end = mark.span
            if mark.end < len(text):
                rest = len(text) - mark.end
                problems.append(Problem(mark.end, rest, "after_end", "the trace was over"))
            break
        layout = marked.layout(at, body, kind) if kind else None
        if kind and layout and not _cut_off(layout, text):
            number = len(frames)
            frame, found = _frame(kind, layout, text)
            frames.append(frame)
            spans.append(layout.span)
            problems += [Problem(a, b - a, what, detail, number) for (a, b), what, detail in found]
            at = layout.span[1]
        else:
            after = layout.span[1] if layout else marked.next_frame(body)
            problems.append(_outside(at, after, kind, layout, text))
            at = after
        kind = None
    return Parsed(text, tuple(frames), tuple(spans), tuple(problems), end)


def _cut_off(layout: Layout, text: str) -> bool:
    return not (layout.closed or layout.complete) and layout.span[1] == len(text)


def _outside(at: int, after: int, kind: Kind | None, layout: Layout | None, text: str) -> Problem:
    """What to say of text that is in no frame."""
    if kind is None:
        return Problem(at, after - at, "no_event", "no frame begins here")
    if layout or (after == len(text) and FRAME_SEP not in text[at:after]):
        return Problem(at, after - at, "cut_off", f"the {kind} frame goes no further")
    return Problem(at, after - at, "no_action", f"the {kind} frame has no {ACTION_SEP}")


def _frame(kind: Kind, layout: Layout, text: str) -> tuple[Frame, list[_Found]]:
    """A frame, and the problems in it."""
    found: list[_Found] = [(m.span, "token_in_text", m.name) for m in layout.strays]
    source = text[slice(*layout.source)]
    before = text[slice(*layout.locals)]
    if kind in ("call", "line"):
        locals_, problems = _locals(before)
        found += [(layout.locals, what, detail) for what, detail in problems]
        frame = Frame(kind, source, locals_, raw=before if locals_ is None else None)
    else:
        if before:
            found.append((layout.locals, "unexpected_locals", f"a {kind} frame has none"))
        value = raw = None
        if layout.value is None or layout.value[0] == layout.value[1]:
            place = layout.value or (layout.source[1], layout.source[1])
            found.append((place, "no_value", f"the {kind} frame has nothing after {ARG_SEP}"))
        else:
            value, raw = _value(text[slice(*layout.value)])
            # How an exception is written is not known for sure, so anything is right.
            if raw is not None and kind == "return":
                found.append((layout.value, "bad_value", "not a JSON string"))
        frame = Frame(kind, source, value=value, raw=raw)
    if not layout.closed:
        end = layout.span[1], layout.span[1]
        found.append((end, "no_separator", f"the {kind} frame has no {FRAME_SEP}"))
    return frame, sorted(found)


def _locals(text: str) -> tuple[dict[str, str] | None, list[tuple[ProblemKind, str]]]:
    """Names and values, if the text is a JSON object, and what is not as it should be."""
    repeated: list[str] = []

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated.append(Counter(name for name, _ in pairs).most_common(1)[0][0])
        return found

    try:
        read = json.loads(text, object_pairs_hook=unique)
        if not isinstance(read, dict):
            return None, [("bad_locals", "not a JSON object")]
        shown = {n: v if isinstance(v, str) else json.dumps(v) for n, v in read.items()}
    except (ValueError, RecursionError) as error:
        return None, [("bad_locals", _one_line(str(error)))]
    problems: list[tuple[ProblemKind, str]] = []
    problems += [("repeated_name", _one_line(name)) for name in repeated]
    others = (name for name, value in read.items() if not isinstance(value, str))
    problems += [("not_a_string", _one_line(name)) for name in others]
    return shown, problems


def _value(text: str) -> tuple[str, str | None]:
    """A value, and how it was written if it is not the JSON string that it should be."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return text, text
    return (read, None) if isinstance(read, str) else (text, text)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:100]
