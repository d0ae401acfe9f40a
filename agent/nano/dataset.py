"""A folder of examples: made in parallel, and split so that no test program was nearly seen.

``train.jsonl.gz``, ``valid.jsonl.gz``, ``test.jsonl.gz``: one `model.nano.record.Record` a line.
``summary.json``: how many, of what, made by what.
"""

import gzip
import hashlib
import io
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, Field

from agent.nano.examples import Plan, examples
from agent.nano.recording import Recorder
from model.nano.programs.likeness import alike, groups, tokens
from model.nano.record import Record
from model.predict.predictor import Program

SPLITS = ("train", "valid", "test")
CHUNK = 200
"""Programs that are made in one go."""

_HELD = {"valid": 0.04, "test": 0.06}
"""Shares of the groups of programs that are held out."""

_LARGEST_HELD = 0.004
"""Of all programs; a group that is larger is learnt from, so that little is lost."""

_Likeness = tuple[str, tuple[str, ...]]
"""A program's number, and its tokens."""


class Counts(BaseModel):
    """What a split has.

    Attributes:
        traces: examples.
        programs: they are of, mutants not counted.
        characters: of all that the model reads and writes.
        frames: of a trace: the ``median``, the 95th percentile ``p95``, the ``most``.
        forms: traces by how the program is entered.
        constructs: traces by what their programs have.
        families: traces by where their programs are from.
    """

    traces: int = 0
    programs: int = 0
    characters: int = 0
    frames: dict[str, int] = Field(default_factory=dict)
    forms: Counter[str] = Field(default_factory=Counter)
    constructs: Counter[str] = Field(default_factory=Counter)
    families: Counter[str] = Field(default_factory=Counter)


class Summary(BaseModel):
    """What a data set has, and what made it.

    Attributes:
        seed: of everything.
        programs: that were generated; of some nothing was kept.
        python: that ran them.
        comprehensions: whether these are frames of their own; else such programs are left out.
        plan: see `agent.nano.examples.Plan`.
        splits: by name.
    """

    seed: int
    programs: int
    python: str
    comprehensions: bool
    plan: dict[str, object]
    splits: dict[str, Counts]


def make(
    out: Path,
    plan: Plan,
    programs: int,
    jobs: int,
    told: Callable[[int], None],
    apart: Iterable[Sequence[str]] = (),
) -> Summary:
    """Make a data set; of programs to measure with, all of them are in ``test``.

    Args:
        out: the folder; what is there of an older one is replaced.
        plan: what is made.
        programs: how many are generated; of some nothing is kept.
        jobs: processes that make them.
        told: gets the traces made so far, after each `CHUNK` programs.
        apart: the tokens of programs; what is alike to one of them is left out.
    """
    parts = out / "parts"
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    likenesses: list[_Likeness] = []
    traces = 0
    tasks = [
        (plan, range(start, min(start + CHUNK, programs)), parts / f"{start:09}.jsonl.gz")
        for start in range(0, programs, CHUNK)
    ]
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        for found, count in pool.map(_chunk, tasks):
            likenesses += found
            traces += count
            told(traces)
    sides = (
        {origin: "test" for origin, _ in likenesses} if plan.mix.held else _sides(likenesses)
    ) | _left_out(likenesses, apart)
    counts = _write(out, sorted(parts.iterdir()), sides)
    shutil.rmtree(parts)
    with Recorder() as recorder:
        frames = recorder.frames
        python = recorder.record(Program.of_call("", "1")).python
    summary = Summary(
        seed=plan.seed,
        programs=programs,
        python=python,
        comprehensions=frames,
        plan=asdict(plan),
        splits=counts,
    )
    (out / "summary.json").write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return summary


def read(path: Path) -> Iterator[Record]:
    """The examples of a file, one after the other.

    Raises:
        OSError: it cannot be read.
        pydantic.ValidationError: a line is no example.
    """
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield Record.model_validate_json(line)


def _chunk(task: tuple[Plan, range, Path]) -> tuple[list[_Likeness], int]:
    """Some programs: their examples are written, and what they are like is told."""
    plan, numbers, path = task
    found: list[_Likeness] = []
    count = 0
    with Recorder() as recorder, _zipped(path) as file:
        for number in numbers:
            for program, records in examples(plan, number, recorder):
                for record in records:
                    file.write(record.model_dump_json() + "\n")
                count += len(records)
                found.append((f"{plan.seed}-{number}", tokens(program.source)))
    return found, count


def _sides(programs: list[_Likeness]) -> dict[str, str]:
    """The split of each program: those that are alike are on one side."""
    numbers = groups([shape for _, shape in programs], [origin for origin, _ in programs])
    sizes = Counter(numbers)
    large = max(_LARGEST_HELD * len(programs), 20)
    return {
        origin: "train" if sizes[number] > large else _side(programs[number][0])
        for (origin, _), number in zip(programs, numbers, strict=True)
    }


def _left_out(programs: list[_Likeness], apart: Iterable[Sequence[str]]) -> dict[str, str]:
    """No split, of the programs that are alike to others, or have a mutant that is."""
    found = alike([shape for _, shape in programs], apart)
    return {programs[index][0]: "" for index in found}


def _side(origin: str) -> str:
    share = int(hashlib.sha256(origin.encode()).hexdigest()[:8], 16) / 16**8
    for split, held in _HELD.items():
        if share < held:
            return split
        share -= held
    return "train"


def _write(out: Path, parts: list[Path], sides: dict[str, str]) -> dict[str, Counts]:
    """The examples of the parts, each into its split; none twice."""
    seen: set[bytes] = set()
    kept: dict[str, list[tuple[str, int]]] = {split: [] for split in SPLITS}
    counts = {split: Counts() for split in SPLITS}
    with ExitStack() as stack:
        files = {split: stack.enter_context(_zipped(out / f"{split}.jsonl.gz")) for split in SPLITS}
        for record in (record for part in parts for record in read(part)):
            key = hashlib.sha256((record.prompt + record.trace).encode()).digest()[:12]
            if key in seen:
                continue
            seen.add(key)
            split = sides[record.program]
            if not split:
                continue
            files[split].write(record.model_dump_json() + "\n")
            kept[split].append((record.program, record.frames))
            _count(counts[split], record)
    for split, rows in kept.items():
        counts[split].programs = len({program for program, _ in rows})
        counts[split].frames = _lengths([frames for _, frames in rows])
        counts[split].constructs = Counter(dict(counts[split].constructs.most_common()))
        counts[split].families = Counter(dict(counts[split].families.most_common()))
    return counts


def _count(counts: Counts, record: Record) -> None:
    counts.traces += 1
    counts.characters += len(record.prompt) + len(record.trace)
    counts.constructs.update(record.constructs)
    counts.families[record.family] += 1
    counts.forms[record.form] += 1


def _lengths(frames: list[int]) -> dict[str, int]:
    ordered = sorted(frames) or [0]
    last = len(ordered) - 1
    return {
        name: ordered[round(share * last)]
        for name, share in (("median", 0.5), ("p95", 0.95), ("most", 1.0))
    }


def _zipped(path: Path) -> io.TextIOWrapper:
    """A file to write text to; the same text always makes the same bytes."""
    packed = gzip.GzipFile(path, "wb", compresslevel=5, mtime=0)
    return io.TextIOWrapper(packed, encoding="utf-8", newline="\n")
