"""Play steps with one agent and print what each cost."""

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.stepping import Clock, Play


def main(name: str, steps: str, folder: str, *arguments: str) -> None:
    """Play, then print; what an agent prints itself goes elsewhere."""
    play: Play = importlib.import_module(f"benchmarks.stepping.{name}").play
    clock = Clock()
    out, sys.stdout = sys.stdout, sys.stderr
    play(int(steps), Path(folder), clock, *arguments)
    # What was asked first is the set-up before the first step; each later question ends a step.
    played = asdict(clock) | {"seconds": clock.seconds[1:], "written": clock.written[1:]}
    json.dump(played, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
