"""Starting runs, and stopping them: each is a process of its own that outlives the screen."""

import os
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from agent.errors import WrongUse
from agent.issue import Issue
from agent.tui.boardfile import BoardFile, Started
from agent.tui.queue import at_once, queue_of, set_at_once


@dataclass(frozen=True, slots=True)
class Assignment:
    """How an issue is to be worked on; what is empty is as the settings have it.

    Attributes:
        policy: what decides.
        model, model_url: which model, and where it answers.
        simulate: off, advise or gate.
        confirm: before which calls to ask.
        attempts: how many runs.
        turns, seconds, tokens, cost: limits of each.
        script: actions for the scripted policy.
    """

    policy: str = ""
    model: str = ""
    model_url: str = ""
    simulate: str = ""
    confirm: str = ""
    attempts: int = 1
    turns: str = ""
    seconds: str = ""
    tokens: str = ""
    cost: str = ""
    script: str = ""

    def flags(self) -> list[str]:
        """As ``foretrace run`` takes them."""
        named = {
            "--policy": self.policy,
            "--model": self.model,
            "--model-url": self.model_url,
            "--simulate": self.simulate,
            "--confirm": self.confirm,
            "--turns": self.turns,
            "--seconds": self.seconds,
            "--tokens": self.tokens,
            "--cost": self.cost,
            "--script": self.script,
        }
        return [f"{flag}={value}" for flag, value in named.items() if value]


class Starter:
    """Starts runs in one folder, and stops those of it."""

    def __init__(self, out: Path, config: Path | None = None) -> None:
        """Args: out: where runs are written. config: the settings file that was named."""
        self._out = out.absolute()
        self._config = config
        self._children: list[int] = []

    def start(self, issue: Issue, assignment: Assignment) -> list[Started]:
        """Start the attempts at one issue.

        Raises:
            WrongUse: the issue names no repository, or a process cannot be started.
        """
        if not issue.repo:
            raise WrongUse(f"{issue.id} names no repository", "add it again, with its repository")
        return [self._start(issue, assignment) for _ in range(assignment.attempts)]

    def stop(self, pid: int) -> None:
        """Have a run's process end as Ctrl-C does: it cleans up and says so in its folder.

        Raises:
            WrongUse: it cannot be told.
        """
        try:
            os.kill(pid, signal.SIGINT)
        except ProcessLookupError:
            pass  # it has ended on its own
        except OSError as error:
            raise WrongUse(f"the run cannot be stopped: {error.strerror}") from None

    @property
    def at_once(self) -> int:
        """How many of the runs that are started here may be at work at once.

        Raises:
            ConfigProblem: the settings cannot be read.
        """
        from agent.config import load_settings

        return at_once(queue_of(self._out), load_settings(self._config, {}).tui.at_once)

    def set_at_once(self, number: str) -> None:
        """Change that; runs that wait take heed, those at work stay.

        Args:
            number: as it was typed.

        Raises:
            WrongUse: it is no number above nothing, or cannot be written down.
        """
        if not number.strip().isdecimal() or int(number) < 1:
            raise WrongUse("that is not a number of runs", "write one: 4")
        try:
            set_at_once(queue_of(self._out), int(number))
        except OSError as error:
            raise WrongUse(f"the number cannot be kept: {error.strerror}") from None

    def reap(self) -> None:
        """Let go of processes that have ended, so that they count as such."""
        self._children = [pid for pid in self._children if not _ended(pid)]

    def launch(
        self, words: list[str], issue: Issue, policy: str, token: str = "", resumes: str = ""
    ) -> Started:
        """Start a command that makes a run, and note it on the board.

        Args:
            words: the command and its arguments; who may steer it, where runs are written and the
                settings file come after them.
            issue: that the run is about.
            policy: that was named; empty for none.
            token: of the run; a new one where it is empty.
            resumes: id of the lost run that it goes on with; empty for none.

        Raises:
            WrongUse: the process cannot be started.
        """
        token = token or secrets.token_hex(6)
        log = self.log_of(token)
        queue = ["--queue", str(self.at_once), str(queue_of(self._out))]
        pid = self.spawn([*queue, *words, f"--steered={token}"], log)
        started = Started(
            token=token,
            issue=issue.id,
            repo=issue.repo,
            policy=policy,
            time=time.time(),
            pid=pid,
            log=log,
            resumes=resumes,
        )
        BoardFile(self._out).note(started)
        return started

    def spawn(self, words: list[str], log: Path) -> int:
        """Start a command that writes to the folder of runs, and outlives this process.

        Args:
            words: the command and its arguments; where runs are written and the settings file come
                after them.
            log: gets what it says.

        Returns:
            Its process.

        Raises:
            WrongUse: it cannot be started.
        """
        command = [sys.executable, "-m", "agent.cli", *words, f"--out={self._out}"]
        if self._config is not None:
            command.append(f"--config={self._config}")
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            pid = _spawn(command, log)
        except OSError as error:
            raise WrongUse(f"{words[0]} cannot be started: {error}") from None
        self._children.append(pid)
        return pid

    def log_of(self, name: str) -> Path:
        """Where that which is started under a name says what it has to say."""
        return self._out / "started" / f"{name}.log"

    def _start(self, issue: Issue, assignment: Assignment) -> Started:
        token = secrets.token_hex(6)
        listed = self.log_of(token).with_suffix(".jsonl")
        try:
            listed.parent.mkdir(parents=True, exist_ok=True)
            listed.write_text(issue.model_dump_json() + "\n", encoding="utf-8")
        except OSError as error:
            raise WrongUse(f"the run cannot be started: {error}") from None
        words = ["run", f"{listed}#{issue.id}", *assignment.flags()]
        return self.launch(words, issue, assignment.policy, token)


def _spawn(command: list[str], log: Path) -> int:
    """Start a process that the end of this one, of its terminal, and Ctrl-C there do not touch."""
    words = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    files = [nothing, words, (os.POSIX_SPAWN_DUP2, 1, 2)]
    return os.posix_spawn(command[0], command, os.environ, file_actions=files, setsid=True)


def _ended(pid: int) -> bool:
    """Whether a child has ended; if so, it is gone for good after this."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
