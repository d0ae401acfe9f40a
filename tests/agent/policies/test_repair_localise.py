"""From recordings to a ranking: Ochiai, ties, which tests and which files count."""

import json
import math

import pytest

from agent.policies.repair.hints import gather_hints
from agent.policies.repair.localise import (
    Recorded,
    Spectrum,
    is_source,
    matching,
    ochiai,
    read_spectrum,
)


def recorded(test: str, outcome: str, **lines: set[int]) -> Recorded:
    return Recorded(test, outcome, lines={f"{k}.py": frozenset(v) for k, v in lines.items()})


def spectrum_of(*runs: Recorded) -> Spectrum:
    return Spectrum({run.test: run for run in runs})


def test_suspicion_is_ochiai() -> None:
    spectrum = spectrum_of(
        recorded("f1", "failed", m={1, 2, 3}),
        recorded("f2", "failed", m={1, 2}),
        recorded("p1", "passed", m={1, 4}),
        recorded("p2", "passed", m={1}, test_m={9}),
        recorded("s", "skipped", m={2}),
        recorded("other", "failed", m={1}),
    )
    scores = ochiai(spectrum, ["f1", "f2"]).scores
    assert scores == {
        ("m.py", 1): pytest.approx(2 / math.sqrt(2 * 4)),
        ("m.py", 2): pytest.approx(1.0),
        ("m.py", 3): pytest.approx(1 / math.sqrt(2)),
    }


def test_ties_go_to_where_the_exception_passed_then_to_what_the_issue_names() -> None:
    run = Recorded(
        "f",
        "failed",
        lines={"a.py": frozenset({1, 2}), "parse.py": frozenset({5, 6}), "z.py": frozenset({7})},
        frames=(("t/test_a.py", 3, "test"), ("a.py", 2, "g"), ("z.py", 7, "h")),
    )
    suspicion = ochiai(spectrum_of(run), ["f"])
    assert [place[:2] for place in suspicion.ranked(frozenset({"parse"}))] == [
        ("z.py", 7),
        ("a.py", 2),
        ("parse.py", 6),
        ("parse.py", 5),
        ("a.py", 1),
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/p/core.py", True),
        ("p/testing_tools.py", True),
        ("latest/x.py", True),
        ("tests/helpers.py", False),
        ("p/test/x.py", False),
        ("p/test_x.py", False),
        ("p/x_test.py", False),
        ("p/tests.py", False),
        ("conftest.py", False),
        ("setup.py", False),
    ],
)
def test_only_the_projects_own_files_can_hold_the_fault(path: str, expected: bool) -> None:
    assert is_source(path) is expected


def test_an_id_may_name_a_file_a_class_or_all_cases_of_a_test() -> None:
    tests = ["a.py::T::x", "a.py::T::y[1]", "a.py::T::y[2]", "a.py::Tx::z", "ab.py::x"]
    assert matching(["a.py::T"], tests) == tests[:3]
    assert matching(["a.py::T::y"], tests) == tests[1:3]
    assert matching(["a.py::T::y[2]"], tests) == tests[2:3]
    assert matching(["a.py"], tests) == tests[:4]
    assert matching(["t[<A at 0x7f00aa11bb>]"], ["t[<A at 0x...>]"]) == ["t[<A at 0x...>]"]


def test_a_torn_or_foreign_line_is_skipped() -> None:
    test = {"test": "t[0x7fffaabbccdd]", "outcome": "failed", "seconds": 0.5}
    test |= {"lines": {"m.py": "3-5,9"}, "frames": [["m.py", 4, "f"]], "error": ["E", "no"]}
    lines = [json.dumps({"import": {"m.py": "1-2"}}), "{}", "[1]", json.dumps(test), '{"test": "u']
    spectrum = read_spectrum("\n".join(lines).encode())
    assert spectrum.imported == {"m.py": frozenset({1, 2})}
    (run,) = spectrum.tests.values()
    assert run.test == "t[0x...]"
    assert run.lines == {"m.py": frozenset({3, 4, 5, 9})}
    assert (run.frames, run.error) == ((("m.py", 4, "f"),), ("E", "no"))


def test_hints_come_from_the_failing_tests_alone() -> None:
    source = b"""
def test_one():
    with raises(errors.ParserError):
        parse("0-100", 7)

class T:
    def test_two(self):
        assert f("other")
"""
    died = ("TypeError", "can only concatenate str (not 'NoneType') to str, not int")
    hints = gather_hints(
        "Parsing fails", [Recorded("a.py::test_one[x]", "failed", error=died)], {"a.py": source}
    )
    assert hints.exceptions == ("TypeError",)
    assert hints.expected == ("ParserError",)
    assert hints.literals == ("'x'", "'0-100'", "7")
    assert hints.types == ("str", "int")
    assert hints.none
    assert "parsing" in hints.words


def test_what_a_suite_did_not_reach_in_time_is_not_lost_unless_a_test_hung() -> None:
    def suite() -> Spectrum:
        return spectrum_of(
            Recorded("a", "passed", seconds=4.0), Recorded("b", "failed", seconds=2.0)
        )

    whole, slow, hung = suite(), suite(), suite()
    slow.end_early(10.0)
    hung.end_early(60.0)
    assert whole.lost({"a", "b", "c"}) == {"b", "c"}
    assert slow.lost({"a", "b", "c"}) == {"b"}
    assert hung.lost({"a", "b", "c"}) == {"b", "c"}
