"""Play steps with one agent and print what each cost."""

import importlib
import json
import sys
from pathlib import Path

from benchmarks.stepping import Clock, Play


def main(name: str, steps: str, folder: str) -> None:
    """Play, then print; what an agent prints itself goes elsewhere."""
    play: Play = importlib.import_module(f"benchmarks.stepping.{name}").play
    clock = Clock()
    out, sys.stdout = sys.stdout, sys.stderr
    play(int(steps), Path(folder), clock)
    # What was asked first is the set-up before the first step; each later question ends a step.
    json.dump({"seconds": clock.seconds[1:], "written": clock.written[1:]}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
