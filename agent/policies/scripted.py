"""The scripted policy: plays a list of actions, whatever they are answered with.

A script is a JSON-lines file of ``{"tool": ..., "argument": ..., "thought": ...}``, or a run's own
``events.jsonl``, whose actions are played again.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import WrongUse
from agent.events import Acted
from agent.policies.policy import Action, Episode
from agent.trajectory import read_events
from tools.registry import ToolCall


class ScriptLine(BaseModel):
    """One action of a script; a line without ``tool`` ends the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str | None = None
    argument: str = ""
    thought: str = ""


@dataclass
class ScriptedPolicy:
    """Plays its actions in order and is done after the last.

    Attributes:
        actions: what to play.
    """

    actions: tuple[Action, ...]
    name: str = "scripted"
    played: int = 0

    @classmethod
    def from_file(cls, path: Path) -> "ScriptedPolicy":
        """Read a script or a trajectory.

        Raises:
            WrongUse: the file cannot be read or a line is neither.
        """
        return cls(tuple(_read(path)))

    async def act(self, episode: Episode) -> Action:
        """The next action of the script."""
        if self.played >= len(self.actions):
            return Action(None, "the script is at its end")
        action = self.actions[self.played]
        self.played += 1
        return action


def _read(path: Path) -> Iterable[Action]:
    if path.name == "events.jsonl":
        for event in read_events(path):
            if isinstance(event.data, Acted):
                yield _action(event.data.tool, event.data.argument, event.data.thought)
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"cannot read the script {path}: {error}") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                each = ScriptLine.model_validate(json.loads(line))
            except (ValueError, ValidationError):
                raise WrongUse(
                    f"{path}, line {number}: not an action",
                    'a line is {"tool": "bash", "argument": "ls"}',
                ) from None
            yield _action(each.tool, each.argument, each.thought)


def _action(tool: str | None, argument: str, thought: str) -> Action:
    return Action(ToolCall(tool, argument) if tool else None, thought)
