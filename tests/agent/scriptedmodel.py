"""Scripted models for whole runs on the command line: how they speak, and runs that they decide."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.events import Event
from agent.trajectory import read_events
from model.tokenizer import Tokenizer
from sandboxes.engine import RUN, Engine
from tests.agent.conftest import CODE, FAILING, TESTS, CommandLine, Ended, Project
from tests.agent.policies.modelruns import EOT, call, done
from tests.model.replies import Reply, say
from tests.model.server import ModelServer, threaded_model_server
from tools.registry import ToolSettings, build_tools

Child = subprocess.Popen[str]


@dataclass(frozen=True)
class Voice:
    """How a model speaks in one profile.

    Attributes:
        profile: its name.
        tokenizer_file: for the profile that needs one.
    """

    profile: str
    tokenizer_file: Path | None = None

    @property
    def flags(self) -> list[str]:
        tokenizer = ["--tokenizer", str(self.tokenizer_file)] if self.tokenizer_file else []
        return ["--profile", self.profile, *tokenizer]

    @property
    def serving(self) -> dict[str, object]:
        """What its server must know."""
        return {"encode": self.tokenizer.encode} if self.tokenizer_file else {}

    @property
    def tokenizer(self) -> Tokenizer:
        assert self.tokenizer_file is not None
        return Tokenizer.from_file(self.tokenizer_file)

    def act(self, tool: str, cost: float | None = None, **values: str) -> Reply:
        """An answer with one call."""
        argument = build_tools(ToolSettings())[tool].compose(values)
        if self.profile == "cwm":
            return say(call(tool, argument), stop_id=self.tokenizer.special(EOT), cost=cost)
        if self.profile == "tools":
            native = [(tool, json.dumps(values))]
            return say("Let me see.", calls=native, finish="tool_calls", cost=cost)
        return say(call(tool, argument, think=None), cost=cost)

    def sum_up(self, summary: str = "All is done.") -> Reply:
        """An answer without a call, which ends the work."""
        if self.profile == "cwm":
            return say(done(summary), stop_id=self.tokenizer.special(EOT))
        return say(summary)

    def edit(self, cost: float | None = None) -> Reply:
        """The repair of `prices_repository`."""
        before, after = "    if value < high:", "    if value > high:"
        return self.act("edit", cost, path="prices.py", search=before, replace=after)

    def hand_in(self) -> list[Reply]:
        """All that comes after a change."""
        take = self.act("bash", command="git add -A && git diff --cached > /tmp/fix.diff")
        return [take, self.act("submit", path="/tmp/fix.diff"), self.sum_up()]

    def resolution(self) -> list[Reply]:
        """A whole resolution, in four answers."""
        return [self.edit(), *self.hand_in()]


CHAT = Voice("chat")


def prices_repository(path: Path) -> Project:
    """A module with one wrong comparison; the same commit each time, so that its image is kept."""
    made = Project(path)
    made.put("prices.py", CODE)
    made.put("tests/test_prices.py", TESTS)
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("add", "-A")
    then = "2026-01-01T00:00:00Z"
    who = {f"GIT_{role}_{what}": "test" for role in ("AUTHOR", "COMMITTER") for what in _WHO}
    dates = {"GIT_AUTHOR_DATE": then, "GIT_COMMITTER_DATE": then}
    command = ["git", "commit", "--quiet", "--message", "Prices"]
    subprocess.run(command, cwd=path, env={**os.environ, **who, **dates}, check=True)
    return made


_WHO = ("NAME", "EMAIL")


class Runs:
    """Runs of ``foretrace`` on that repository, decided by a model.

    Attributes:
        foretrace: the command line.
        project: the repository.
        issue: a file with an issue about it.
    """

    def __init__(self, foretrace: CommandLine, folder: Path) -> None:
        self.foretrace = foretrace
        # A test that disappoints is believed at once: there are no flaky ones here.
        foretrace.environment["FORETRACE_VERIFY__REPEATS"] = "1"
        self.project = prices_repository(folder / "prices")
        self.issue = folder / "clamp.txt"
        self.issue.write_text("clamp(11, 0, 9) gives 11, and it should give 9.\n")

    def set(self, **settings: object) -> None:
        """Settings of the model, by environment variables."""
        for name, value in settings.items():
            self.foretrace.environment[f"FORETRACE_MODEL__{name.upper()}"] = str(value)

    def arguments(self, *flags: object) -> list[object]:
        tests = [word for test in FAILING for word in ("--test", test)]
        return ["run", self.issue, "--repo", self.project.path, *tests, *flags]

    def start(self, server: ModelServer, *flags: object) -> Child:
        return self.foretrace.start(*self.arguments("--model-url", server.url, *flags))

    def __call__(self, server: ModelServer, *flags: object) -> Ended:
        ended = self.foretrace(*self.arguments("--model-url", server.url, *flags))
        assert "Traceback" not in ended.err, ended.err
        return ended

    @property
    def folder(self) -> Path:
        """Of the one run there is."""
        return self.foretrace.run_folder()

    @property
    def result(self) -> dict[str, object]:
        return self.foretrace.result()

    @property
    def patch(self) -> str:
        return (self.folder / "patch.diff").read_text()

    def events(self) -> list[Event]:
        return list(read_events(self.folder / "events.jsonl"))

    def of(self, kind: str) -> list:
        """The data of all events of a type."""
        return [event.data for event in self.events() if event.type == kind]


@contextmanager
def serving(*script: Reply, voice: Voice = CHAT, **settings: object) -> Iterator[ModelServer]:
    """A server with this script, of a model that speaks so."""
    with threaded_model_server(*script, **{**voice.serving, **settings}) as server:
        yield server


def until(true: Callable[[], object], child: Child | None = None) -> None:
    """Wait for something to become true, while the process that should make it so is alive."""
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        assert child is None or child.poll() is None, child.communicate()
        time.sleep(0.02)


def finish(child: Child) -> Ended:
    """Wait for its end."""
    try:
        out, err = child.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    assert "Traceback" not in err, err
    return Ended(child.returncode, out, err)


def containers(engine: Engine, run: str) -> list[str]:
    """Those of a run."""
    found = engine.client.api.containers(all=True, filters={"label": [f"{RUN}={run}"]})
    return [each["Id"] for each in found]
