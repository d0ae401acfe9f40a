"""This benchmark alone, which needs no engine; or draw the faults that it is run on."""

import argparse
import asyncio
import sys
from pathlib import Path

from agent.nano.recording import Recorder
from benchmarks.foretelling.benchmark import FAULTS, measured
from benchmarks.foretelling.drawing import draw
from benchmarks.report import section

DRAWN = 120


def main() -> int:
    """Parse, run, print."""
    options = _options()
    if options.draw is not None:
        with Recorder() as recorder, FAULTS.open("w", encoding="utf-8") as file:
            for fault in draw(options.draw, options.faults or DRAWN, 0, recorder):
                file.write(fault.model_dump_json() + "\n")
        return 0
    tables = asyncio.run(measured(options.faults, _tell, options.weights))
    print("\n".join(map(section, tables)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.foretelling", description=__doc__)
    parser.add_argument("--weights", type=Path, help="of another nano")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="faults out of a test.jsonl.gz")
    parser.add_argument("--faults", type=int, help="only so many")
    return parser.parse_args()


def _tell(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
