"""A program for tests: the loop alone, a script's actions, a sandbox, and the user at a terminal.

``python looponterminal.py IMAGE SCRIPT EVENTS CONFIRM [SECONDS]``. It is called as a process of
its own, so that keys and signals reach it as they reach ``foretrace run``.
"""

import sys
from pathlib import Path

from agent.cli.asyncrun import run_async
from agent.cli.console import Console
from agent.cli.human import TerminalOversight
from agent.cli.live import Live
from agent.issue import Issue
from agent.loop import Limits, run_loop
from agent.oversight import EndedByUser
from agent.policies.scripted import ScriptedPolicy
from agent.trajectory import Trajectory
from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from tools.registry import ToolSettings, build_tools


async def main(image: str, script: str, events: str, confirm: str, seconds: str = "600") -> None:
    console = Console()
    engine = Engine.connect()
    with Trajectory(Path(events)) as trajectory:
        trajectory.watch(Live(console).show)
        async with (
            TerminalOversight(console, confirm=confirm) as oversight,  # type: ignore[arg-type]
            DockerSandbox(engine, image, run=Path(events).parent.name) as sandbox,
        ):
            settings = ToolSettings()
            try:
                end = await run_loop(
                    ScriptedPolicy.from_file(Path(script)),
                    Issue(id="a", text="b", repo="c"),
                    tools=build_tools(settings),
                    sandbox=sandbox,
                    trajectory=trajectory,
                    limits=Limits(seconds=float(seconds)),
                    test_command=settings.test_command,
                    oversight=oversight,
                )
                console.say(f"ENDED {end.candidate}: {end.reason}")
            except EndedByUser:
                console.say("STOPPED")
    engine.close()


if __name__ == "__main__":
    try:
        run_async(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
