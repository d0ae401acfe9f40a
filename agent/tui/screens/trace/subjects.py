"""What the screen is opened on: a run's predictions, or a call or a test that is named."""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.config import Settings
from agent.events import DivergedAt
from agent.replay.traces import Told, read_traces, told
from model.predict.predictor import Program
from model.trace.frame import Frame, Trace

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
        compared: whether the two were compared already.
        parting: the first difference that was found then; None where there is none.
        record: records what happens; None where that cannot be done.
        function: with whose call the recording begins, and at whose return it ends; empty where it
            is of all that is predicted.
    """

    name: str
    asked: str
    program: Program
    predicted: tuple[Frame, ...] = ()
    ended: bool = False
    told: str = ""
    recorded: Trace | None = None
    compared: bool = False
    parting: DivergedAt | None = None
    record: Record | None = None
    function: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call on a file, or a call or a test of a project, as a user names it.

    Attributes:
        file: with the source; None with a test's whole id.
        call: the expression; empty of a test.
        first: what is done at once: ``step``: nothing; ``predict``: all of it is predicted;
            ``record``: it is recorded; ``both``.
        test: its id, as pytest names it; empty of a call.
        repo: where the project is: a path, an address, or ``pypi:NAME==VERSION``; empty for the
            file alone.
        base: a revision of it; empty for what is there.
    """

    file: Path | None
    call: str
    first: str = "predict"
    test: str = ""
    repo: str = ""
    base: str = ""

    @property
    def problem(self) -> str:
        """Why that cannot be opened, as far as that is seen at once; empty where nothing is."""
        if bool(self.call) == bool(self.test):
            return "give a call, or a test: one of the two"
        if not self.repo and (self.test or self.base):
            return f"a {'test' if self.test else 'revision'} needs its project"
        return "a call needs its file" if self.call and self.file is None else ""


Opening = Callable[[Settings, AsyncExitStack], Coroutine[Any, Any, Subject]]
"""Makes a subject; what it opens is closed with the stack."""


def opening_of(asked: Asked, progress: Callable[[str], None]) -> Opening:
    """Opens a call, or a test.

    Args:
        asked: which; there is no `Asked.problem`.
        progress: gets a line now and then.
    """

    async def open_(settings: Settings, opened: AsyncExitStack) -> Subject:
        from agent.cli.program import Named
        from agent.cli.subject import open_subject

        names = (asked.call or None, asked.test or None, asked.repo or None, asked.base or None)
        named = Named(asked.file, *names)
        found = await opened.enter_async_context(open_subject(named, settings, progress))

        async def record() -> "Recording":
            return await found.record()

        function = found.function
        return Subject(found.name, found.asked, found.program, record=record, function=function)

    return open_


@dataclass(frozen=True, slots=True)
class Listed:
    """A prediction of a run, its traces not read yet.

    Attributes:
        name: of the test.
        told: one line on what was predicted, and what came of it; not safe to draw yet.
        parts: whether what happened was found to be another thing.
        read: reads the traces.
    """

    name: str
    told: str
    parts: bool
    read: Callable[[], Subject]


def predictions_of(folder: Path) -> list[Listed]:
    """What was predicted in a run, oldest first; a test that was predicted twice is there twice.

    Raises:
        WrongUse: the run cannot be read.
        TrajectoryCorrupt: its trajectory is none.
    """
    from agent.replay.reading import open_run
    from agent.replay.steps import steps_of

    steps = steps_of(open_run(folder).events)
    return [_listed(step.number, each, folder) for step in steps for each in told(step)]


def _listed(step: int, each: Told, folder: Path) -> Listed:
    words = _words(step, each)
    parts = each.compared is not None and each.compared.divergence is not None
    return Listed(each.about.test, words, parts, lambda: _subject(each, folder, words))


def _subject(each: Told, folder: Path, words: str) -> Subject:
    found = read_traces(each, folder)
    recorded = found.recorded
    return Subject(
        name=each.about.test,
        asked="",
        program=Program(found.source, found.predicted[:1]),
        predicted=found.predicted,
        ended=_leaves(found.predicted),
        told=words,
        recorded=recorded if recorded.threads[0] else None,
        compared=each.compared is not None,
        parting=each.compared.divergence if each.compared else None,
    )


def _leaves(frames: Sequence[Frame]) -> bool:
    """Whether the entry point is left with the last frame."""
    depth = 0
    for frame in frames:
        depth += frame.kind == "call" or not depth
        last, depth = depth, depth - (frame.kind == "return")
    return bool(frames) and last == 1 and frames[-1].kind in ("return", "exception")


def _words(step: int, each: Told) -> str:
    test = each.about
    words = [f"step {step}: {test.verdict} predicted ({test.confidence:.2f})"]
    if each.compared is not None:
        right = {True: "rightly: ", False: "wrongly: ", None: ""}[each.compared.right]
        words.append(f"{right}it {_ENDS.get(each.compared.outcome, each.compared.outcome)}")
    elif each.forecast is not None and each.forecast.refused:
        words.append("so it was not run")
    return ", ".join(words)


_ENDS = {"error": "ended with an error", "timeout": "took too long", "missing": "is missing"}
"""Outcomes of tests that make no sentence."""
