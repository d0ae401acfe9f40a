"""The guest programs behind the questions, on every Python there is: checks, curves, pickles."""

import base64
import json
import pickle
import subprocess
from pathlib import Path

import pytest

from tests.sandboxes.pythons import interpreters

GUEST = Path(__file__).parents[2] / "sandboxes" / "guest"


@pytest.fixture(params=interpreters())
def python(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def answer(python: str, guest: str, given: object, folder: Path) -> object:
    request, said = folder / "given.json", folder / "answer.json"
    request.write_text(json.dumps(given))
    subprocess.run([python, "-I", GUEST / f"{guest}.py", request, said], check=True, timeout=60)
    return json.loads(said.read_text())


def test_checks(python: str, tmp_path: Path) -> None:
    given = {
        "source": "import sys\ndef f(a):\n    return a\nprint(sys.stdin.read())\n",
        "checks": [
            {"kind": "value", "call": "f({1})", "expected": "{1}"},
            {"kind": "value", "call": "f(1)", "expected": None},
            {"kind": "code", "code": "assert f(1) == 2"},
            {"kind": "stdin", "stdin": "hello", "most": 4},
        ],
        "seconds": 10,
    }
    assert answer(python, "check", given, tmp_path) == [
        {"end": "done", "equal": True, "value": "{1}"},
        {"end": "done", "equal": None, "value": "1"},
        {"end": "raised", "error": "AssertionError"},
        {"end": "done", "equal": None, "stdout": "hell"},
    ]


@pytest.mark.parametrize(
    "call", ["f(range(n))", "f(*[[0] * n], **{'k': n})", "f([0] * n, k=n) + 0"]
)
def test_curves(python: str, tmp_path: Path, call: str) -> None:
    source = "def f(xs, k=0):\n    for x in xs:\n        pass\n    return k\n"
    limits = {"seconds": 20, "point_seconds": 5, "largest": 16}
    found = answer(python, "measure", {"source": source, "call": call, **limits}, tmp_path)
    assert isinstance(found, dict)
    points = {each["n"]: each["lines"] for each in found["points"]}
    # Four doublings are few, so that there are points between them.
    assert points[2] == 2 * 2 + 2
    assert all(lines == 2 * n + 2 for n, lines in points.items())
    assert len(points) >= 8
    assert (found["end"], found["error"]) == ("largest", "")


def test_pickles(python: str, tmp_path: Path) -> None:
    value = {"code": "x", "n": [1]}
    data = base64.b64encode(pickle.dumps(value, 2)).decode()
    found = answer(python, "unpickle", {"data": data, "packed": False}, tmp_path)
    assert found == {
        "fields": {"code": "x", "n": None},
        "reprs": {"code": "'x'", "n": "[1]"},
    }
    broken = answer(python, "unpickle", {"data": "gAQ=", "packed": False}, tmp_path)
    assert broken == {"error": "EOFError"}
