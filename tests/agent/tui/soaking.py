"""A program for tests: writes a run's events as fast as it is told to, as a run does.

``python soaking.py EVENTS.JSONL COUNT``. After every hundredth it waits for a line on standard
input, so that who reads them sets the pace.
"""

import sys
from pathlib import Path

from agent.events import Acted, Answered
from agent.trajectory import Trajectory
from tests.agent.tui.samples import REPLY, USAGE, beginning, issue

LINES = 400
TURN = 100


def main(path: Path, count: int) -> None:
    with Trajectory(path) as log:
        for data in beginning(issue()):
            log.append(data)
        for number in range(count // 2):
            step = number + 1
            command = f"grep -rn clamp_{number} ."
            log.append(Acted(step=step, tool="bash", argument=command, reply=REPLY, usage=USAGE))
            output = "\n".join(f"prices.py:{line}: clamp_{number}({line})" for line in range(LINES))
            log.append(Answered(step=step, tool="bash", ok=True, output=output, seconds=0.01))
            if step % (TURN // 2) == 0:
                sys.stdin.readline()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
