"""Faults in what a module does when it is imported: tables, constants, what decorates."""

from pathlib import Path

import pytest

from agent.policies.repair.candidates import Candidate, Candidates
from agent.policies.repair.hints import gather_hints
from agent.policies.repair.localise import Recorded, Spectrum, ochiai
from agent.policies.repair.operators.operator import Hints
from agent.policies.repair.source import SourceFile
from agent.policies.repair.weights import bound_names
from tests.agent.conftest import CommandLine, Project

SOURCE = '''\
"""Weights of parcels."""

UNRELATED = 17
LIMITS = {"letter": 20, "packet": 2000, "parcel": 31000, "pallet": 700000}
BY_SIZE = sorted(LIMITS.items(), key=lambda item: item[1])
if UNRELATED > 20:
    NEVER = LIMITS["letter"] + 1


def kind(grams):
    for name, limit in BY_SIZE:
        if grams <= limit:
            return name
    return None
'''
IMPORTED = {"post.py": frozenset({1, 3, 4, 5, 6, 10})}
HINTS = Hints(literals=("31500", "'parcel'"))


def spectrum(passing: int = 3) -> Spectrum:
    ran = {"post.py": frozenset({11, 12, 13})}
    runs = [Recorded("t.py::bad", "failed", lines=ran | {"t.py": frozenset({9})})]
    runs += [Recorded(f"t.py::{n}", "passed", lines=ran) for n in range(passing)]
    return Spectrum({run.test: run for run in runs}, dict(IMPORTED))


def candidates(hints: Hints = HINTS) -> list[Candidate]:
    suspicion = ochiai(spectrum(), ["t.py::bad"])
    return list(Candidates(suspicion, IMPORTED, hints, lambda _: SOURCE.encode()))


def test_what_importing_ran_counts_a_third_of_what_every_test_ran() -> None:
    scores = ochiai(spectrum(passing=3), ["t.py::bad"]).scores
    assert scores["post.py", 4] == pytest.approx(0.15)
    assert scores["post.py", 12] == pytest.approx(0.5)
    assert ("post.py", 7) not in scores
    assert ochiai(spectrum(passing=99), ["t.py::bad"]).scores["post.py", 3] == pytest.approx(0.03)


def test_another_recordings_imports_are_not_taken_over() -> None:
    mine, other = spectrum(), Spectrum(imported={"elsewhere.py": frozenset({1})})
    mine.add(other)
    assert mine.imported == IMPORTED


def test_a_table_is_suspected_through_those_who_read_it() -> None:
    made = candidates()
    best = {each.line: each.score for each in reversed(made)}
    assert best[4] > best[3], "read through another table, against read by nobody"
    assert best[12] > best[4], "what the tests run comes before"
    assert 7 not in best, "what importing did not run is left alone"


def test_the_entry_a_failing_test_speaks_of_comes_first() -> None:
    table = [each for each in candidates() if each.line == 4]
    assert "parcel" in table[0].after
    first = {each.after: place for place, each in reversed(list(enumerate(table)))}
    line = SOURCE.splitlines(keepends=True)[3]
    right, other = line.replace("31000", "31500"), line.replace("2000", "31500")
    assert first[right] < first[other]


def test_no_entry_of_a_large_table_is_out_of_reach() -> None:
    rows = "".join(f'    ("name{n}", {1000 * n}),\n' for n in range(1, 200))
    source = f"ROWS = [\n{rows}]\n\n\ndef find(x):\n    return dict(ROWS)[x]\n"
    run = Recorded("t.py::bad", "failed", lines={"m.py": frozenset({205})})
    imported = {"m.py": frozenset(range(1, 202))}
    suspicion = ochiai(Spectrum({run.test: run}, dict(imported)), [run.test])
    made = list(Candidates(suspicion, imported, Hints(), lambda _: source.encode()))
    tried = {each.line for each in made}
    assert set(range(2, 201)) <= tried


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("A = B = 1", ["B", "A"]),
        ("A: int = 1", ["A"]),
        ("A, (B, c) = x", ["B", "c", "A"]),
        ("A['k'] = 1", ["A"]),
        ("A.update(b=1)", ["A"]),
        ("A.b.c += 1", ["A"]),
        ("class A(B): pass", ["A"]),
        ("import a", []),
        ("for a in b: pass", []),
    ],
)
def test_the_names_a_statement_changes(source: str, names: list[str]) -> None:
    statement = SourceFile("m.py", f"{source}\n".encode()).statements[0]
    assert sorted(bound_names(statement)) == sorted(names)


def test_compared_values_and_parameters_are_hints() -> None:
    error = ("AssertionError", "assert 'ox' == 'oxen'\n  - 'x' + 7")
    run = Recorded("t.py::test_plural[ox-12-a b]", "failed", error=error)
    hints = gather_hints("", [run], {})
    assert hints.literals == ("'ox'", "'oxen'", "12", "'a b'")


@pytest.mark.engine
def test_a_wrong_entry_of_a_table_is_repaired(
    foretrace: CommandLine, project: Project, tmp_path: Path
) -> None:
    project.put("post.py", SOURCE.replace("UNRELATED > 20", "UNRELATED > 99"))
    project.put(
        "tests/test_post.py",
        "from post import kind\n\n\ndef test_small():\n    assert kind(20) == 'letter'\n"
        "    assert kind(21) == 'packet'\n\n\ndef test_large():\n"
        "    assert kind(31001) == 'parcel'\n"
        "    assert kind(31002) == 'pallet'\n    assert kind(10**9) is None\n",
    )
    project.commit()
    issue = tmp_path / "table.txt"
    issue.write_text("A parcel of 31001 grams should be a parcel still.\n")
    ended = foretrace(
        "run", issue, "--repo", project.path, "--test", "tests/test_post.py::test_large"
    )
    assert ended.status == 0, ended
    assert '"parcel": 31001' in ended.out
