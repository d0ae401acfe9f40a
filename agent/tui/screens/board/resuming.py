"""Going on with lost runs from the board: what is in the way of it, and the process that does."""

from pathlib import Path

from agent.errors import WrongUse
from agent.replay.reading import RecordedRun
from agent.tui.boardfile import Started
from agent.tui.starting import Starter


def lost_run(folder: Path) -> RecordedRun:
    """A run that can be gone on with from here. May take a moment: all its events are read.

    Raises:
        AgentError: it cannot; the message says why.
    """
    from agent.policies.scripted import ScriptedPolicy
    from agent.replay.reading import open_run
    from agent.replay.resume import resumed_from

    run = open_run(folder)
    origin = resumed_from(run)
    if run.record.policy == ScriptedPolicy.name and origin.instead is None:
        raise WrongUse(
            "a run does not remember where its script was",
            f"foretrace replay {run.record.id} --resume --script FILE goes on with it",
        )
    return run


def start_resumption(run: RecordedRun, starter: Starter) -> Started:
    """Start the process that goes on with a lost run.

    Args:
        run: see `lost_run`.
        starter: of the folder it is in.

    Raises:
        WrongUse: the process cannot be started.
    """
    record = run.record
    words = ["replay", str(run.folder.absolute()), "--resume"]
    if confirm := record.settings.get("confirm"):
        words.append(f"--confirm={confirm}")
    return starter.launch(words, record.issue, record.policy, resumes=record.id)
