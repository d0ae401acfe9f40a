"""From what the command line names to a program to predict, and to what records it really.

A call on a file is predicted from the file, and a sandbox is made when it is to be recorded. Of a
repository the sandbox comes first: what the call or the test needs is gathered there, and recorded
there, so that both are of the same code.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.cli.program import Named, read_program
from agent.config import Settings
from agent.errors import WrongUse

if TYPE_CHECKING:
    from agent.cli.recorded import Recorded
    from model.predict.predictor import Program
    from model.trace.recording import Recording
    from sandboxes.recording import Target
    from sandboxes.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Subject:
    """What is predicted, and perhaps recorded.

    Attributes:
        name: of the source, as it is shown.
        asked: the call, or the test's id.
        program: for a predictor.
        record: records what really happens. It raises WrongUse where that cannot be run, and
            SandboxError where there is no sandbox to be had.
        gathered: whether the source was put together, so that its lines are not those of files.
        function: the test's; its call is where a recording begins. Empty where a recording begins
            as the prediction does.
    """

    name: str
    asked: str
    program: "Program"
    record: "Callable[[], Awaitable[Recording]]"
    gathered: bool = False
    function: str = ""


@asynccontextmanager
async def open_subject(
    named: Named, settings: Settings, progress: Callable[[str], None]
) -> AsyncIterator[Subject]:
    """What the command line names, for as long as the context lasts.

    Args:
        named: what it names.
        settings: of the sandbox, and how much source is gathered.
        progress: gets a line for each thing that was left out, and while images are built.

    Raises:
        WrongUse: it cannot be read, or there is no such thing.
        SandboxError: there is no sandbox to be had.
    """
    from agent.cli.recorded import Recorded, sandbox_of

    if named.repo is not None:
        entry = Recorded(named.file, named.repo, named.call, named.test, script=False)
        async with sandbox_of(entry, named.base, settings, progress) as sandbox:
            yield await _of_repository(entry, sandbox, settings, progress)
        return
    assert named.file is not None
    assert named.call is not None
    program = read_program(named.file, named.call)
    entry = Recorded(named.file, None, named.call, None, script=False)

    async def record() -> "Recording":
        from agent.cli.recorded import target_of

        async with sandbox_of(entry, None, settings, progress) as sandbox:
            return await _recorded(entry, sandbox, await target_of(entry, sandbox))

    yield Subject(named.file.name, named.call, program, record)


async def _of_repository(
    entry: "Recorded", sandbox: "Sandbox", settings: Settings, progress: Callable[[str], None]
) -> Subject:
    from agent.cli.recorded import call_of, target_of
    from agent.predicting import within_reach
    from sandboxes.recording import CallTarget, TestTarget
    from tools.programs.program import NoProgram, program_for_call, program_for_test

    target = await target_of(entry, sandbox)
    most = within_reach(settings).simulate.source_tokens
    try:
        if isinstance(target, TestTarget):
            gathered = await program_for_test(sandbox, target.test, most_tokens=most)
        else:
            assert entry.call is not None
            gathered = await program_for_call(sandbox, target.path, entry.call, most_tokens=most)
            # The function that makes the call is to have the name that the model is shown.
            target = CallTarget(target.path, *call_of(gathered.program))
    except NoProgram as problem:
        raise WrongUse(str(problem)) from None
    progress(f"the model is shown {len(gathered.included)} definitions, put together as one source")
    for each in gathered.left_out:
        progress(f"left out: {' '.join(each.split())}")

    async def record() -> "Recording":
        return await _recorded(entry, sandbox, target)

    test = isinstance(target, TestTarget)
    asked = target.test if isinstance(target, TestTarget) else entry.call or ""
    return Subject(
        name=asked.partition("::")[0] if test else str(entry.file),
        asked=asked,
        program=gathered.program,
        record=record,
        gathered=True,
        function=asked.partition("[")[0].rpartition("::")[2] if test else "",
    )


async def _recorded(entry: "Recorded", sandbox: "Sandbox", target: "Target") -> "Recording":
    """Raises WrongUse where it cannot be run."""
    from agent.cli.recorded import unrunnable
    from model.trace.recording import read_recording
    from sandboxes.recording import record

    recording = await record(sandbox, target)
    if recording.end == "error":
        raise unrunnable(entry, recording)
    return read_recording(recording.text)
