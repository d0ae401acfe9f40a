"""Run the benchmarks and write `RESULTS.md`."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import peers
from benchmarks.benchmark import Bench, Table
from benchmarks.contenders.process import ContenderFailed
from benchmarks.registry import BENCHMARKS
from benchmarks.report import render
from sandboxes.engine import Engine, sweep
from sandboxes.errors import SandboxError

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Parse, run, write; 3 when what a run needs is not there."""
    options = _options()
    names = options.names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}", file=sys.stderr)
        return 2
    try:
        report = asyncio.run(_run(names, options.quick))
    except SandboxError as error:
        print(f"{error.message}{f' ({error.hint})' if error.hint else ''}", file=sys.stderr)
        return 3
    except (peers.PeersMissing, ContenderFailed) as error:
        print(error, file=sys.stderr)
        return 3
    whole = names == list(BENCHMARKS) and not options.quick
    out = options.out or (RESULTS if whole else None)
    if out is None:
        print(report)
    else:
        out.write_text(report, encoding="utf-8")
        print(f"the results are in {out}", file=sys.stderr)
    return 0


def _options() -> argparse.Namespace:
    lines = [f"  {name:11} {each.goal}" for name, each in BENCHMARKS.items()]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure Foretrace beside its peers. A whole run writes benchmarks/RESULTS.md;"
        " a partial or quick one prints.",
        epilog="\n".join(["benchmarks:", *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these benchmarks")
    parser.add_argument("--quick", action="store_true", help="few samples: does it work at all")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the results there")
    return parser.parse_args()


async def _run(names: list[str], quick: bool) -> str:
    engine = Engine.connect()
    try:
        await sweep(engine)  # what an earlier run left, had it been killed
        python = await peers.ensure_python(_tell)
        image = await peers.ensure_image(engine, _tell)
        started = time.monotonic()
        tables: list[Table] = []
        with tempfile.TemporaryDirectory(prefix="foretrace-benchmarks-") as scratch:
            bench = Bench(engine, image, python, Path(scratch), quick, _tell)
            for name in names:
                tables += await BENCHMARKS[name].run(bench)
        return render(tables, engine.describe(), (time.monotonic() - started) / 60)
    finally:
        engine.close()


def _tell(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
