"""What the screen is opened on: a run's predictions of its tests, or a call on a file."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.config import Settings
from agent.events import DivergedAt
from agent.replay.traces import Foretold, Row, Shown, foretold
from model.predict.predictor import Program
from model.trace.frame import Frame, Place, Trace
from model.trace.states import compress, resolve

if TYPE_CHECKING:
    from model.trace.recording import Recording

# Any: what coroutines send and take is of no account.
Record = Callable[[], Coroutine[Any, Any, "Recording"]]


@dataclass(frozen=True, slots=True)
class Subject:
    """A program, and what is known of its execution.

    Attributes:
        name: of the source; of a prediction, the test.
        asked: the call; empty of a test.
        program: for a predictor.
        predicted: the frames that were predicted already, as a model writes them.
        ended: whether they are all there are.
        told: one line on what was predicted, and what came of it; not safe to draw yet.
        recorded: what happened; None where that is not known yet.
        rows: the two in step, where that was done already.
        parting: the first difference between them, where it was looked for already; None where
            there is none.
        record: records what happens; None where that cannot be done.
    """

    name: str
    asked: str
    program: Program
    predicted: tuple[Frame, ...] = ()
    ended: bool = False
    told: str = ""
    recorded: Trace | None = None
    rows: tuple[Row, ...] = ()
    parting: DivergedAt | None = None
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A call on a file, as a user names it.

    Attributes:
        file: with the source.
        call: the expression.
        first: what is done at once: ``step``: nothing; ``predict``: all of it is predicted;
            ``record``: it is recorded; ``both``.
    """

    file: Path
    call: str
    first: str = "predict"


Opening = Callable[[Settings, AsyncExitStack], Coroutine[Any, Any, Subject]]
"""Makes a subject; what it opens is closed with the stack."""


def opening_of(asked: Asked, progress: Callable[[str], None]) -> Opening:
    """Opens a call on a file.

    Args:
        asked: which.
        progress: gets a line now and then.
    """

    async def open_(settings: Settings, opened: AsyncExitStack) -> Subject:
        from agent.cli.program import Named
        from agent.cli.subject import open_subject

        named = Named(asked.file, asked.call, None, None, None)
        found = await opened.enter_async_context(open_subject(named, settings, progress))

        async def record() -> "Recording":
            return await found.record()

        return Subject(found.name, found.asked, found.program, record=record)

    return open_


def subjects_of(folder: Path) -> list[Subject]:
    """What was predicted in a run, oldest first; a test that was predicted twice is there twice.

    Raises:
        WrongUse: the run cannot be read.
        TrajectoryCorrupt: its trajectory is none.
    """
    from agent.replay.reading import open_run
    from agent.replay.steps import steps_of

    steps = steps_of(open_run(folder).events)
    every = ((step.number, each) for step in steps for each in foretold(step, folder))
    return [_of_prediction(number, each) for number, each in every]


def _of_prediction(step: int, each: Foretold) -> Subject:
    predicted = tuple(compress(_frames(row.predicted for row in each.rows)))
    recorded = tuple(_frames(row.recorded for row in each.rows))
    test = each.forecast or each.compared
    assert test is not None
    return Subject(
        name=test.test,
        asked="",
        program=Program(each.source, predicted[:1]),
        predicted=predicted,
        ended=bool(predicted) and _leaves(predicted),
        told=_told(step, each),
        recorded=Trace(recorded, ended=True) if recorded else None,
        rows=each.rows,
        parting=each.compared.divergence if each.compared else None,
    )


def _leaves(frames: Sequence[Frame]) -> bool:
    """Whether the entry point is left with the last frame."""
    state = resolve(frames)[-1]
    return state.depth == 0 and state.frame.kind in ("return", "exception")


def _told(step: int, each: Foretold) -> str:
    test = each.forecast or each.compared
    assert test is not None
    words = [f"step {step}: {test.verdict} predicted ({test.confidence:.2f})"]
    if each.compared is not None:
        right = {True: "rightly: ", False: "wrongly: ", None: ""}[each.compared.right]
        words.append(f"{right}it {_ENDS.get(each.compared.outcome, each.compared.outcome)}")
    elif each.forecast is not None and each.forecast.refused:
        words.append("so it was not run")
    return ", ".join(words)


_ENDS = {"error": "ended with an error", "timeout": "took too long", "missing": "is missing"}
"""Outcomes of tests that make no sentence."""


def _frames(shown: Iterable[Shown | None]) -> Sequence[Frame]:
    """Frames with full locals, made of what a reader is shown: what is new at each.

    A local that was deleted stays.
    """
    scopes: list[dict[str, str]] = []
    frames = []
    for each in shown:
        if each is None:
            continue
        if each.kind == "call" or not scopes:
            scopes.append({})
        locals_ = None
        if each.kind in ("call", "line"):
            scopes[-1] = locals_ = {**scopes[-1], **each.news}
        place = Place("", each.line, "", len(scopes) - 1) if each.line is not None else None
        frames.append(_frame(each, locals_, place))
        if each.kind == "return":
            scopes.pop()
    return frames


def _frame(shown: Shown, locals_: dict[str, str] | None, place: Place | None) -> Frame:
    kinds = {"call": "call", "line": "line", "return": "return", "exception": "exception"}
    kind = kinds[shown.kind]
    return Frame(kind, shown.source + "\n", locals_, shown.value, place)  # type: ignore[arg-type]
