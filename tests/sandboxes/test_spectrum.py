"""The recorder that runs inside: what it says each test ran, on the Pythons that are here."""

import json
import os
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from tests.sandboxes.pythons import interpreters

PROJECT = {
    "shop/__init__.py": "from shop.price import total\n",
    "shop/price.py": """\
import threading

RATE = 2


def total(items):
    result = 0
    for item in items:
        result += item * RATE
    return result


def broken(value):
    if value:
        raise KeyError(value)
    return value


def in_thread(found):
    worker = threading.Thread(target=found.append, args=(1,))
    worker.start()
    worker.join()
    other = threading.Thread(target=total, args=([3],))
    other.start()
    other.join()
""",
    "test_shop.py": """\
import os
import sys

import pytest

from shop import price, total


def test_total():
    assert total([1, 2]) == 6


def test_empty():
    assert total([]) == 0


def test_broken():
    price.broken("x")


def test_thread():
    price.in_thread([])


def test_own_trace():
    sys.settrace(lambda *args: None)
    total([1])


def test_after_own_trace():
    assert price.broken(0) == 0


@pytest.fixture
def bad():
    raise ValueError("no fixture")


def test_error(bad):
    pass


@pytest.mark.xfail(strict=True)
def test_expected():
    price.broken("x")


@pytest.mark.skip
def test_skipped():
    pass
""",
}

SOURCE = files("sandboxes.guest").joinpath("spectrum.py").read_text()
Record = Callable[..., list[dict[str, object]]]


@pytest.fixture(params=interpreters(), ids=lambda path: Path(path).name)
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Record:
    """Runs pytest on the project under the recorder and reads what it wrote."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "foretrace_spectrum.py").write_text(SOURCE)
    root = tmp_path / "project"
    for name, content in PROJECT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)

    def run(*arguments: str, **environment: str) -> list[dict[str, object]]:
        out = tmp_path / "out.jsonl"
        subprocess.run(
            [request.param, "-m", "pytest", "-q", "-p", "foretrace_spectrum", *arguments],
            cwd=root,
            env={
                **os.environ,
                "PYTHONPATH": str(plugins),
                "FORETRACE_SPECTRUM_OUT": str(out),
                **environment,
            },
            capture_output=True,
            check=False,
            timeout=60,
        )
        return [json.loads(line) for line in out.read_text().splitlines()]

    return run


def test_lines_outcomes_and_errors_are_recorded_test_by_test(record: Record) -> None:
    first, *tests = record("-W", "error", "-p", "no:asyncio")
    imported = first["import"]
    assert isinstance(imported, dict)
    assert imported["shop/price.py"].startswith("1,3,6,13,19")
    assert "shop/__init__.py" in imported

    by_name = {str(each["test"]).partition("::")[2]: each for each in tests}
    outcomes = {name: each["outcome"] for name, each in by_name.items()}
    assert outcomes == {
        "test_total": "passed",
        "test_empty": "passed",
        "test_broken": "failed",
        "test_thread": "passed",
        "test_own_trace": "passed",
        "test_after_own_trace": "passed",
        "test_error": "error",
        "test_expected": "skipped",
        "test_skipped": "skipped",
    }
    lines = {name: each["lines"] for name, each in by_name.items()}
    assert lines["test_total"]["shop/price.py"] == "7-10"  # type: ignore[index]
    assert lines["test_empty"]["shop/price.py"] == "7-8,10"  # type: ignore[index]
    assert lines["test_broken"]["shop/price.py"] == "14-15"  # type: ignore[index]
    # Threads are recorded as well, and a test's own trace function spoils no other test.
    assert lines["test_thread"]["shop/price.py"] == "7-10,20-25"  # type: ignore[index]
    assert lines["test_after_own_trace"]["shop/price.py"] == "14,16"  # type: ignore[index]

    broken = by_name["test_broken"]
    assert broken["error"] == ["KeyError", "'x'"]
    assert broken["frames"][-1] == ["shop/price.py", 15, "broken"]  # type: ignore[index]
    assert by_name["test_error"]["error"] == ["ValueError", "no fixture"]


def test_outcomes_alone_can_be_recorded(record: Record) -> None:
    _, *tests = record(FORETRACE_SPECTRUM_LINES="0")
    assert len(tests) == 9
    assert all(each["lines"] == {} for each in tests)


def test_what_was_recorded_before_a_crash_stays(record: Record, tmp_path: Path) -> None:
    path = tmp_path / "project" / "test_shop.py"
    path.write_text(path.read_text() + "\n\ndef test_crash():\n    os._exit(3)\n")
    _, *tests = record()
    assert [each["test"] for each in tests][-1] == "test_shop.py::test_skipped"


def test_a_file_that_cannot_be_collected_is_an_error(record: Record, tmp_path: Path) -> None:
    (tmp_path / "project" / "test_bad.py").write_text("import no_such_module_here\n")
    records = record()
    assert {
        "test": "test_bad.py",
        "outcome": "error",
        "seconds": 0.0,
        "lines": {},
        "frames": [],
        "error": ["ModuleNotFoundError", "No module named 'no_such_module_here'"],
    } in records
