"""Record each program with each recorder, in turns, and print what it cost."""

import json
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.recorders.programs import PROGRAMS
from benchmarks.recorders.recorders import RECORDERS, Ours


def main(rounds: str, folder: str) -> None:
    """Run everything once to warm up, then take times."""
    seconds: dict[str, dict[str, list[float]]] = {
        name: {recorder: [] for recorder in RECORDERS} for name in PROGRAMS
    }
    events = {}
    for number in range(-1, int(rounds)):
        for name, program in PROGRAMS.items():
            for recorder, run in RECORDERS.items():
                began = perf_counter()
                run(program, Path(folder) / "recording")
                took = perf_counter() - began
                if number >= 0:
                    seconds[name][recorder].append(took)
                if isinstance(run, Ours):
                    events[name] = run.events
    json.dump({"seconds": seconds, "events": events}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
