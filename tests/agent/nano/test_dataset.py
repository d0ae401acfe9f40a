"""A small data set, made as a large one is."""

import json
from collections import Counter
from pathlib import Path

import pytest

from agent.nano.dataset import SPLITS, Summary, make, read
from agent.nano.examples import MOST_FRAMES, Plan
from model.nano.programs.constructs import NAMES
from model.nano.programs.likeness import ALIKE, tokens
from model.nano.programs.mix import Mix
from model.nano.record import Record
from model.trace.reading import read_frames
from model.trace.writing import MARKER, write_frames
from tests.agent.conftest import CommandLine

PLAN = Plan(7, Mix(mutants=0.6))
PROGRAMS = 260


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("nano") / "data"
    make(out, PLAN, PROGRAMS, 2, lambda traces: None)
    return out


@pytest.fixture(scope="module")
def splits(folder: Path) -> dict[str, list[Record]]:
    return {split: [*read(folder / f"{split}.jsonl.gz")] for split in SPLITS}


def everything(splits: dict[str, list[Record]]) -> list[Record]:
    return [record for records in splits.values() for record in records]


def test_every_trace_is_read_back_as_it_was_written(splits: dict[str, list[Record]]) -> None:
    for record in everything(splits):
        parsed = read_frames(record.begun + record.trace)
        assert parsed.problems == ()
        assert write_frames(parsed.frames, ended=parsed.ended) == record.begun + record.trace
        assert (len(parsed.frames) - 1, parsed.ended) == (record.frames, record.ended)
        assert parsed.frames[0].kind == "call"
        assert record.source.count(MARKER) == 1
        assert record.frames < MOST_FRAMES[record.size]


def test_what_is_told_of_an_example_holds(splits: dict[str, list[Record]]) -> None:
    happened = {"exception", "escaping exception", "cut"}
    records = everything(splits)
    assert len({record.id for record in records}) == len(records)
    for record in records:
        assert {*record.constructs} <= NAMES | happened
        assert ("cut" in record.constructs) == (not record.ended)
        assert ("exception" in record.constructs) == ("<|exception_sep|>" in record.trace)
        last = record.source.splitlines()[-1]
        assert record.form == "test" or last == f"    return {record.call}"
        assert record.form != "test" or f"def {record.call}():{MARKER}" in record.source
    forms = Counter(record.form for record in records)
    assert 0.05 < forms["test"] / len(records) < 0.3
    assert 0.01 < forms["suite"] / len(records) < 0.15
    assert any(record.family.startswith("~") for record in records)


def test_a_suite_is_called_by_a_function_as_the_programs_of_tests_are(
    splits: dict[str, list[Record]],
) -> None:
    suites = [record for record in everything(splits) if record.form == "suite"]
    outcomes = {"escaping exception" in record.constructs for record in suites}
    assert outcomes == {True, False}
    for record in suites:
        assert record.source.startswith("# ")
        assert f"\n\n\ndef main():{MARKER}\n    return " in record.source.replace("main_", "main")
        assert "assert" in record.constructs
        called, entered, tested = read_frames(record.begun + record.trace).frames[:3]
        assert called.source.startswith("def main")
        assert entered.source == f"    return {record.call}\n"
        assert (tested.kind, "def test_" in tested.source) == ("call", True)


def test_no_example_is_there_twice_and_a_program_is_on_one_side(
    splits: dict[str, list[Record]],
) -> None:
    texts = [record.prompt + record.trace for record in everything(splits)]
    assert len({*texts}) == len(texts)
    sides = [{record.program for record in records} for records in splits.values()]
    assert sum(map(len, sides)) == len(set().union(*sides))
    assert all(sides)


def test_no_program_that_is_held_out_is_alike_to_one_that_is_learnt(
    splits: dict[str, list[Record]],
) -> None:
    shapes = {split: {shape(record) for record in records} for split, records in splits.items()}
    for one, two in (("test", "train"), ("test", "valid"), ("valid", "train")):
        for held in shapes[one]:
            closest = max(len(held & other) / len(held | other) for other in shapes[two])
            assert closest < ALIKE


def shape(record: Record) -> frozenset[tuple[str, ...]]:
    """Of the program alone, without its wrapper or its test."""
    source = record.source
    head = source.rindex("\n", 0, source.index(MARKER))
    if record.form == "suite":
        head = source.rindex("\n# ")  # where the file of the test begins
    found = tokens(source[: head + 1])
    return frozenset(found[start : start + 5] for start in range(max(len(found) - 4, 1)))


def test_the_same_seed_makes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    make(tmp_path, PLAN, PROGRAMS, 1, lambda traces: None)
    for name in [f"{split}.jsonl.gz" for split in SPLITS] + ["summary.json"]:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name
    assert sorted(path.name for path in folder.iterdir()) == [
        "summary.json", "test.jsonl.gz", "train.jsonl.gz", "valid.jsonl.gz",
    ]  # fmt: skip


def test_the_summary_counts_what_there_is(folder: Path, splits: dict[str, list[Record]]) -> None:
    summary = Summary.model_validate_json((folder / "summary.json").read_text())
    assert (summary.seed, summary.programs) == (7, PROGRAMS)
    for split, records in splits.items():
        counts = summary.splits[split]
        assert counts.traces == len(records)
        assert counts.programs == len({record.program for record in records})
        assert counts.constructs == Counter(name for r in records for name in r.constructs)
        assert counts.frames["most"] == max(record.frames for record in records)


def test_the_command_makes_a_folder_and_says_what_is_in_it(foretrace: CommandLine) -> None:
    ended = foretrace("nano", "data", "--out", "made", "--programs", "40", "--jobs", "1")
    assert ended.status == 0, ended
    summary = json.loads((foretrace.folder / "made" / "summary.json").read_text())
    assert f"{summary['splits']['train']['traces']} traces of" in ended.out
    assert "1/1" in ended.err


def test_a_set_to_measure_with(foretrace: CommandLine, folder: Path) -> None:
    made = ("nano", "data", "--programs", "40", "--jobs", "1", "--held", "--seed", "3")
    for out, flags in (("all", ()), ("apart", ("--apart", folder)), ("own", ("--apart", "twin"))):
        if out == "own":
            (foretrace.folder / "twin").mkdir()
            twin = foretrace.folder / "twin" / "train.jsonl.gz"
            twin.write_bytes((foretrace.folder / "all" / "test.jsonl.gz").read_bytes())
        ended = foretrace(*made, "--out", out, *flags)
        assert ended.status == 0, ended
    found = {
        name: [*read(foretrace.folder / name / "test.jsonl.gz")] for name in ("all", "apart", "own")
    }
    assert found["all"] != []
    assert found["own"] == []  # all of it is alike to itself
    assert {each.id for each in found["apart"]} < {each.id for each in found["all"]}
    halting = Counter((each.ended, each.halts) for each in found["all"])
    assert halting[False, False] > 5
    assert not any(halts is None for _, halts in halting)
    assert sum("recursion" in each.constructs for each in found["all"]) > 10
    assert not [*read(foretrace.folder / "all" / "train.jsonl.gz")]


def test_what_a_set_cannot_be_is_told_in_a_line(foretrace: CommandLine) -> None:
    for flags, said in (
        (("--endless", "0.9", "--recursion", "0.9"), "are more than all"),
        (("--apart", "nowhere"), "cannot read nowhere/train.jsonl.gz"),
    ):
        ended = foretrace("nano", "data", "--out", "made", "--programs", "1", *flags)
        assert ended.status == 2, ended
        assert said in ended.err
        assert "Traceback" not in ended.err
