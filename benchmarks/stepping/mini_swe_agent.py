"""mini-swe-agent's default agent, with a model and an environment that answer at once."""

# The peers are installed in an environment of their own.
# mypy: disable-error-code="import-not-found"

import os
import time
from pathlib import Path

from benchmarks.stepping import COMMAND, OUTPUT, THOUGHT, Clock


class _Model:
    """Asks for the same command every time, in the form of the peer's own models for tests."""

    def __init__(self, steps: int, clock: Clock) -> None:
        self.left = steps
        self.clock = clock
        self.config = None

    def query(self, messages: list[dict[str, object]], **_: object) -> dict[str, object]:
        self.clock.asked()
        if self.left == 0:
            from minisweagent.exceptions import Submitted

            raise Submitted({"role": "exit", "content": "", "extra": {"exit_status": "Submitted"}})
        self.left -= 1
        extra = {"actions": [{"command": COMMAND}], "cost": 0.0, "timestamp": time.time()}
        return {"role": "assistant", "content": THOUGHT, "extra": extra}

    def format_message(self, **message: object) -> dict[str, object]:
        return message

    def format_observation_messages(
        self,
        message: dict[str, object],
        outputs: list[dict[str, object]],
        template_vars: dict[str, object] | None = None,
    ) -> list[dict[str, object]]:
        from minisweagent.models.utils.actions_text import format_observation_messages

        template = "<returncode>{{output.returncode}}</returncode>\n<output>\n{{output.output}}"
        found: list[dict[str, object]] = format_observation_messages(
            outputs, observation_template=template, template_vars=template_vars
        )
        return found

    def get_template_vars(self, **_: object) -> dict[str, object]:
        return {}

    def serialize(self) -> dict[str, object]:
        return {"info": {"config": {"model": {}}}}


class _Environment:
    """Answers every command with the same output."""

    config = None

    def execute(self, action: dict[str, object], cwd: str = "") -> dict[str, object]:
        return {"output": OUTPUT, "returncode": 1, "exception_info": ""}

    def get_template_vars(self, **_: object) -> dict[str, object]:
        return {}

    def serialize(self) -> dict[str, object]:
        return {"info": {"config": {"environment": {}}}}


def play(steps: int, folder: Path, clock: Clock) -> None:
    """Play that many steps, the trajectory saved as its command line does."""
    os.environ["MSWEA_SILENT_STARTUP"] = "1"
    from minisweagent.agents.default import DefaultAgent

    agent = DefaultAgent(
        _Model(steps, clock),
        _Environment(),
        system_template="You resolve issues.",
        instance_template="{{task}}",
        cost_limit=0.0,
        output_path=folder / "trajectory.json",
    )
    clock.start()
    agent.run("The last element is missing.")
