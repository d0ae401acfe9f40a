"""Going on from a step with something else: the dialog, and the process that is started."""

import secrets
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from agent.errors import WrongUse
from agent.replay.reading import RecordedRun
from agent.tui.boardfile import BoardFile, Started
from agent.tui.starting import Assignment


@dataclass(frozen=True, slots=True)
class Fork:
    """What is to be otherwise.

    Attributes:
        after: the last step that is carried over; 0 for none.
        message: the policy is told first; empty for nothing.
        assignment: who goes on, and within which limits; what is empty is as it was.
    """

    after: int
    message: str
    assignment: Assignment


def start_fork(run: RecordedRun, fork: Fork, out: Path, config: Path | None) -> Started:
    """Start a run of its own that goes on from a step of another.

    Args:
        run: the parent.
        fork: from where, with what.
        out: where runs are written.
        config: the settings file that was named.

    Raises:
        WrongUse: nothing can go on from there, or the process cannot be started.
    """
    from agent.replay.fork import fork_of

    fork_of(run, fork.after)  # what is wrong with it is told at once
    token = secrets.token_hex(6)
    log = out.absolute() / "started" / f"{token}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as words:
            process = subprocess.Popen(
                _command(run, fork, token, out.absolute(), config),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,  # the terminal's end and its Ctrl-C are not the run's
            )
    except OSError as error:
        raise WrongUse(f"the fork cannot be started: {error}") from None
    threading.Thread(target=process.wait, daemon=True).start()  # so that it ends when it ends
    issue = run.record.issue
    started = Started(
        token=token,
        issue=issue.id,
        repo=issue.repo,
        policy=fork.assignment.policy,
        time=time.time(),
        pid=process.pid,
        log=log,
    )
    BoardFile(out).note(started)
    return started


def _command(run: RecordedRun, fork: Fork, token: str, out: Path, config: Path | None) -> list[str]:
    command = [sys.executable, "-m", "agent.cli", "replay", str(run.folder.absolute())]
    command += [f"--fork={fork.after}", f"--steered={token}", f"--out={out}"]
    command += fork.assignment.flags()
    if fork.message:
        command.append(f"--message={fork.message}")
    if config is not None:
        command.append(f"--config={config}")
    return command
