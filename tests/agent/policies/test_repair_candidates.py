"""What is tried, in which order, and how the winner becomes a call of the edit tool."""

import ast
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.policies.repair.bench import PytestCommand
from agent.policies.repair.candidates import Candidate, Candidates
from agent.policies.repair.localise import Lines, Suspicion
from agent.policies.repair.merit import is_last_resort, merit
from agent.policies.repair.operators.operator import Hints
from agent.policies.repair.replacement import edit_argument
from agent.policies.repair.source import TextEdit, apply_edits

SOURCE = '''\
"""A module."""
import functools

LIMIT = 10


@functools.lru_cache
def early(x):
    return x + 1


def late(x, y):
    """What it does."""
    if x > LIMIT:
        return y
    return x


FIRST = early(1)
'''
SUSPICION = Suspicion(
    {("m.py", line): 1.0 for line in (9, 14, 16)} | {("m.py", 15): 0.5}, frozenset()
)
IMPORTED: Lines = {"m.py": frozenset({1, 2, 4, 7, 8, 9, 12, 19})}


def candidates(
    *, seed: int = 0, suspicion: Suspicion = SUSPICION, words: str = ""
) -> list[Candidate]:
    hints = Hints(words=frozenset(words.split()))
    return list(Candidates(suspicion, IMPORTED, hints, lambda _: SOURCE.encode(), seed=seed))


def test_edits_come_likeliest_first_each_once_and_parse() -> None:
    made = candidates()
    assert [each.number for each in made] == list(range(1, len(made) + 1))
    assert all(one.score >= two.score for one, two in pairwise(made))
    results = [apply_edits(SOURCE, each.edits) for each in made]
    assert len(set(results)) == len(results)
    assert SOURCE not in results
    for result in results:
        ast.parse(result)
    for each, result in zip(made, results, strict=True):
        assert SOURCE.count(each.before) >= 1
        assert each.after in result or not each.after


def test_a_seed_orders_equally_likely_edits() -> None:
    assert candidates(seed=1) == candidates(seed=1)
    assert [each.edits for each in candidates(seed=1)] != [each.edits for each in candidates()]
    assert {each.edits for each in candidates(seed=1)} == {each.edits for each in candidates()}


def test_hot_trials_are_trusted_where_nothing_ran_at_import() -> None:
    kinds = {each.line: (each.hot, each.sure) for each in candidates()}
    assert kinds[9] == (True, False)
    assert kinds[14] == kinds[16] == (True, True)
    assert kinds.get(4, (False, True)) == (False, True)  # the module's own constant


def test_the_issue_and_a_crash_draw_edits_forward() -> None:
    def first_at(line: int, made: list[Candidate]) -> int:
        return next(each.number for each in made if each.line == line)

    assert first_at(9, candidates(words="early")) < first_at(9, candidates())
    assert first_at(14, candidates(words="late")) <= first_at(14, candidates(words="early"))
    crashed = Suspicion(SUSPICION.scores, frozenset(), frozenset({("m.py", 15)}))
    assert first_at(15, candidates(suspicion=crashed)) < first_at(15, candidates())


def test_a_file_that_cannot_be_read_is_left_out() -> None:
    made = Candidates(SUSPICION, {}, Hints(), lambda _: b"def f(:\n")
    assert list(made) == []
    assert len(made.skipped) == 1


def test_of_two_edits_equally_likely_the_smaller_has_more_merit() -> None:
    small = Candidate(1, "m.py", 1, "o", 0.5, (), "if a:\n", "if not a:\n", True)
    large = Candidate(2, "m.py", 1, "o", 0.5, (), "if a:\n", "if a and b(c) > d:\n", True)
    assert small.size == 4
    assert merit(small) > merit(large)


def test_of_two_edits_that_work_the_one_that_only_takes_away_has_less_merit() -> None:
    changed = Candidate(1, "m.py", 1, "boolean", 0.5, (), "if a or b:\n", "if a and b:\n", True)
    taken = Candidate(2, "m.py", 1, "boolean", 0.5, (), "if a or b:\n", "if a:\n", True)
    constant = Candidate(
        3, "m.py", 1, "constant condition", 0.5, (), "if a or b:\n", "if 1:\n", True
    )
    assert merit(changed) > max(merit(taken), merit(constant))
    assert is_last_resort(taken)
    assert is_last_resort(constant)
    assert not is_last_resort(changed)


@pytest.mark.parametrize(("kind", "last"), [("AttributeError", True), ("OverflowError", False)])
def test_a_handler_that_hides_a_mistake_is_a_last_resort(kind: str, last: bool) -> None:
    after = f"try:\n    a.b()\nexcept {kind}:\n    pass\n"
    edit = Candidate(1, "m.py", 1, "handler", 0.5, (), "a.b()\n", after, True)
    assert is_last_resort(edit) is last


def test_what_the_issue_speaks_of_has_more_merit_when_an_edit_brings_it_in() -> None:
    edit = Candidate(1, "m.py", 1, "o", 0.5, (), "raise KeyError(a)\n", "raise Lost(a)\n", True)
    assert merit(edit, frozenset({"lost"})) > merit(edit, frozenset({"keyerror"}))
    assert merit(edit, frozenset({"raise"})) == merit(edit)


@given(st.data())
def test_the_edit_tools_argument_makes_exactly_the_edit(data: st.DataObject) -> None:
    pool = st.sampled_from(["", "x = 1", "    y = 2", "x = 1  # é", "pass"])
    lines = data.draw(st.lists(pool, min_size=1, max_size=8))
    text = "\n".join(lines) + "\n"
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, len(text) - 1))
    new = data.draw(st.sampled_from(["", "z", "if q:\n    ", "\n"]))
    edit = TextEdit(start, end, new)
    argument = edit_argument("a/m.py", text, [edit])
    path, _, rest = argument.partition("\n<<<<<<< SEARCH\n")
    search, _, replace = rest.removesuffix(">>>>>>> REPLACE").partition("=======\n")
    assert path == "a/m.py"
    wanted = apply_edits(text, [edit])
    if wanted != text:
        assert text.count(search) >= 1
        places = [
            number
            for number in range(len(lines))
            if "".join(f"{line}\n" for line in lines[number:]).startswith(search)
        ]
        assert len(places) == 1
        before = "".join(f"{line}\n" for line in lines[: places[0]])
        assert before + replace + text[len(before) + len(search) :] == wanted


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "python -m pytest -q -o a=b --junitxml={junit} {tests}",
            PytestCommand({}, "python", ("-q", "-o", "a=b"), True),
        ),
        ("A=1 pytest {tests}", PytestCommand({"A": "1"}, "python", (), False)),
        ("python -m unittest {tests}", None),
        ("cd x && pytest {tests}", None),
        ("pytest 'x", None),
    ],
)
def test_a_test_command_is_taken_apart(command: str, expected: PytestCommand | None) -> None:
    assert PytestCommand.parse(command) == expected
