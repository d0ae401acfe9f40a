"""The benchmarks by name. A new one is its file and a line here."""

from benchmarks.benchmark import Benchmark
from benchmarks.foretelling.benchmark import Foretelling
from benchmarks.help import Help
from benchmarks.nano import Nano
from benchmarks.recording import Recording
from benchmarks.session import Session
from benchmarks.startup import Startup
from benchmarks.step import Step
from benchmarks.tui import Tui

_ALL: tuple[Benchmark, ...] = (
    Session(),
    Startup(),
    Step(),
    Recording(),
    Nano(),
    Foretelling(),
    Help(),
    Tui(),
)

BENCHMARKS: dict[str, Benchmark] = {each.name: each for each in _ALL}
"""In the order of the results."""
