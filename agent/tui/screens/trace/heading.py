"""The lines above and below the traces: what is shown, where one is in it, what was said."""

import math

from agent.tui.screens.trace.debugging import Seen
from agent.tui.screens.trace.subjects import Subject
from agent.tui.screens.trace.tracks import Point, Tracks
from agent.tui.screens.trace.variables import Node
from agent.tui.words import count

_UNSURE = 0.8
"""A mean probability of a frame's tokens below which it is told."""


def heading(subject: Subject, seen: Seen) -> tuple[str, str]:
    """What is shown, and by which model; not safe to draw yet."""
    name = f"{subject.name}  {subject.asked}".strip()
    if subject.told:
        return name, subject.told
    if not seen.model:
        return name, ""
    tokens = seen.tokens
    read = count(tokens.reused + tokens.computed)
    return name, f"{seen.model}: {read} tokens read, {count(tokens.written)} written"


def unsure(seen: Seen) -> str:
    """From which frame on the model says that it does not know, and why; empty where it says no
    such thing. Not safe to draw yet."""
    tracks = seen.tracks
    for number, point in enumerate(tracks.predicted):
        if point.moment is not None and point.moment.doubt:
            return f"unsure from frame {tracks.pair_of(number) + 1} on: {point.moment.doubt}"
    return ""


def sides(seen: Seen) -> tuple[str, str]:
    """What stands above each of the two traces; empty where there is none."""
    tracks = seen.tracks
    left = right = ""
    if tracks.predicted:
        known = "to the end" if seen.over else "so far"
        left = f"predicted {known}, {_frames(len(tracks.predicted))}"
    if tracks.recorded:
        right = f"recorded, {_frames(len(tracks.recorded))}"
    return left, right


def place(seen: Seen, at: int) -> str:
    """Where the cursor is, and what is doubtful there; not safe to draw yet."""
    tracks = seen.tracks
    predicted, recorded = tracks.sides(at)
    point = predicted or recorded
    if point is None:
        return "no frame"
    words = [f"{at + 1}/{len(tracks.pairs)}", point.kind]
    if predicted is None and tracks.predicted:
        words[1] = f"recorded {point.kind}, not predicted"
    if at == tracks.parting:
        words.append(f"≠ {tracks.words}")
    return "  ".join([*words, *_doubts(point)])


def node_text(node: Node) -> str:
    """A value, and those beside it, in full."""
    others = (("before", node.was), ("recorded", node.real))
    more = "".join(f"\n\n{word}:\n{text}" for word, text in others if text is not None)
    return f"{node.text}{more}"


def frame_text(tracks: Tracks, at: int) -> str:
    """Both frames of a pair with all their variables, in full."""
    predicted, recorded = tracks.sides(at)
    named = (("predicted", predicted), ("recorded", recorded))
    return "\n\n".join(_whole(word, point) for word, point in named if point is not None)


def _whole(word: str, point: Point) -> str:
    lines = [f"{word}: {point.kind} at line {point.line or '?'}", f"    {point.source.strip()}"]
    lines += [f"value {point.value}"] if point.value is not None else []
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in point.locals.items())])


def _doubts(point: Point) -> list[str]:
    moment = point.moment
    if moment is None:
        return []
    doubts = []
    if moment.forced:
        doubts.append("its body was stepped over")
    if moment.spot.others:
        others = ", ".join(map(str, moment.spot.others))
        doubts.append(f"it may be line {others} as well")
    if moment.logprob is not None and (sure := math.exp(min(moment.logprob, 0.0))) < _UNSURE:
        doubts.append(f"the model is not sure: {sure:.2f} a token")
    doubts += [f"not as it should be: {each.detail}" for each in moment.problems[:1]]
    return doubts


def _frames(number: int) -> str:
    return f"{number:,} frame{'s' * (number != 1)}"
