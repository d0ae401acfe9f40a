"""Our loop with the model policy, a model server that answers at once, and such a tool."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from agent.events import Acted
from agent.issue import Issue
from agent.loop import Limits, run_loop
from agent.policies.cwm.connect import connect
from agent.policies.cwm.policy import ModelPolicy
from agent.policies.cwm.settings import ModelSettings
from agent.policies.policy import Action, Episode
from agent.trajectory import Trajectory
from benchmarks.stepping import COMMAND, THOUGHT, Clock
from benchmarks.stepping.answering import MODEL
from benchmarks.stepping.foretrace import Answering
from model.tokenizer import Tokenizer
from model.wire import END_OF_TURN, THINK_END, render_call
from sandboxes.sandbox import Sandbox


@dataclass
class _Timed:
    """The model policy, telling the clock when it is asked."""

    policy: ModelPolicy
    clock: Clock
    name: str = "cwm"

    async def act(self, episode: Episode) -> Action:
        self.clock.asked()
        return await self.policy.act(episode)


def play(steps: int, folder: Path, clock: Clock, profile: str, tokenizer: str) -> None:
    """Play that many steps with the model policy.

    Args:
        steps: how many.
        folder: for what is written.
        clock: takes our own time.
        profile: how the model is spoken to.
        tokenizer: a ``tokenizer.json``.
    """
    _write_answer(folder / "answer.json", profile, Tokenizer.from_file(Path(tokenizer)))
    with _server(folder / "answer.json", clock) as url:
        settings = ModelSettings(url=url, name=MODEL, profile=profile, tokenizer=tokenizer)
        asyncio.run(_play(steps, folder, clock, settings))


async def _play(steps: int, folder: Path, clock: Clock, settings: ModelSettings) -> None:
    async with connect(settings, 0, None, lambda line: None) as connected:
        policy = _Timed(ModelPolicy(connected, settings, 0, 120.0), clock)
        with Trajectory(folder / "events.jsonl") as trajectory:
            clock.start()
            await run_loop(
                policy,
                Issue(id="steps", text="The last element is missing."),
                tools={"bash": Answering()},
                # No tool here touches it: the sandbox's time is another benchmark's.
                sandbox=cast(Sandbox, None),
                trajectory=trajectory,
                limits=Limits(turns=steps + 1),
                test_command="",
            )
        acted = [event.data for event in trajectory.events if isinstance(event.data, Acted)]
        clock.prompts = [int(each.usage["input_tokens"] or 0) for each in acted]


def _write_answer(path: Path, profile: str, tokenizer: Tokenizer) -> None:
    """The answer, a piece a token: a few hundred of reasoning, then a call."""
    end = f"\n{THINK_END}\n" if profile == "cwm" else "\n"
    ids = tokenizer.encode(f"{THOUGHT * 4}{end}{render_call('bash', COMMAND)}")
    pieces = [(tokenizer.decode([id_]), id_) for id_ in ids]
    if profile == "cwm":
        pieces.append(("", tokenizer.special(END_OF_TURN)))
    path.write_text(json.dumps(pieces), encoding="utf-8")


@contextmanager
def _server(answer: Path, clock: Clock) -> Iterator[str]:
    """The server's address; in the end the clock is given what the server saw."""
    command = [sys.executable, "-m", "benchmarks.stepping.answering", str(answer)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            seen = process.stdout.read()
    clock.between = json.loads(seen)
