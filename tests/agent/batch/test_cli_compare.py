"""``foretrace batch compare``, on batches as they lie on the disk."""

import json
from pathlib import Path

from tests.agent.batch.batches import checked
from tests.agent.conftest import CommandLine
from tests.agent.tui.batched import Batch, issues
from tests.agent.tui.samples import issue


def two(out: Path) -> None:
    first, second = Batch(out / "before", issues(3)), Batch(out / "after", issues(3))
    for number, kinds in enumerate((("unresolved", "resolved"), ("resolved", "resolved"))):
        first.run(number, kinds[0])
        second.run(number, kinds[1])
    first.run(2, "failed")


def test_two_batches_are_told_apart_in_lines(foretrace: CommandLine) -> None:
    two(foretrace.runs)
    ended = checked(foretrace("batch", "compare", "before", foretrace.runs / "after"))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "after beside before: 1 won, 1 both, 1 unknown; by chance alone: 1",
        "           issue     before                  after",
        "+ won      prices-1  not resolved            resolved",
        "= both     prices-2  resolved                resolved",
        "? unknown  prices-3  not ended               -",
    ]


def test_a_script_reads_the_same(foretrace: CommandLine) -> None:
    two(foretrace.runs)
    ended = checked(foretrace("batch", "compare", "before", "after", "--json"))
    read = json.loads(ended.out)
    assert read["batches"] == ["before", "after"]
    assert read["counts"] == {"lost": 0, "won": 1, "both": 1, "neither": 0, "unknown": 1}
    assert (read["chance"], read["attempts"]) == (1.0, [1, 1])
    first = read["issues"][0]
    assert (first["issue"], first["outcome"]) == ("prices-1", "won")
    assert first["sides"][1]["run"].endswith("runs/after/runs/0000-resolved")
    assert first["sides"][0] | {"seconds": 0, "run": ""} == {
        "resolved": 0,
        "ended": 1,
        "tokens": 4 * 4510,
        "seconds": 0,
        "run": "",
    }


def test_what_is_no_batch_is_told_in_a_line(foretrace: CommandLine) -> None:
    Batch(foretrace.runs / "one", issues(1))
    missing = checked(foretrace("batch", "compare", "one", "other"))
    assert missing.status == 2
    assert "there is no batch in runs/other" in missing.err
    same = checked(foretrace("batch", "compare", "one", "one"))
    assert same.out == "one beside one: no issue in either; by chance alone: 1\n"
    Batch(foretrace.runs / "more", issues(1), attempts=2)
    unfair = checked(foretrace("batch", "compare", "one", "more"))
    assert unfair.out.endswith("; 1 and 2 attempts at each\n")


def test_hostile_names_reach_no_terminal(foretrace: CommandLine) -> None:
    hostile = issue().model_copy(update={"id": "\x1b[31mred\x1b[0m\n\n\u202e" + "x" * 99})
    batch = Batch(foretrace.runs / "a", [hostile])
    batch.run(0, "resolved")
    ended = checked(foretrace("batch", "compare", "a", "a"))
    assert "\\x1b[31mred" in ended.out
    assert len(ended.out.splitlines()) == 3
    assert not {"\x1b", "\u202e"} & set(ended.out)
    assert max(map(len, ended.out.splitlines())) < 120
