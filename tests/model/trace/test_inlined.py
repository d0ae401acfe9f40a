"""Recordings in which comprehensions have no frames of their own, beside traces in which they do.

What Python 3.11 and older do is what models write; the recordings are as Python 3.12 makes them.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.trace.align import align, first_divergence
from model.trace.frame import Frame, Place, Trace
from model.trace.inlined import statements
from model.trace.recording import read_recording
from model.trace.states import compress

SOURCE = """\
def g(n):
    return n + 1


def f(xs):
    ys = [
        g(x) * 2
        for x in xs
        if x
    ]
    for y in [g(y) for y in ys]:
        zs = {k: v for k, v in zip(ys, {y})}
    total = sum(x for x in xs)
    if any([total, *[y for y in ys]]): total += 1
    return [g(z) for z in ys], total
"""
RAISING = "def f(xs):\n    return [1 // x for x in xs]\n"
TRACER = Path(__file__).parents[3] / "sandboxes" / "guest" / "tracer.py"


def pythons() -> Iterator[tuple[int, str]]:
    """The minor versions of Python 3 on this machine, each with an interpreter that runs."""
    yield sys.version_info.minor, sys.executable
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for minor in range(6, 16):
        named = shutil.which(f"python3.{minor}")
        for path in [
            *filter(None, [named]),
            *map(str, root.glob(f"versions/3.{minor}.*/bin/python")),
        ]:
            if subprocess.run([path, "-c", "0"], capture_output=True, check=False).returncode == 0:
                yield minor, path
                break


def recorded(python: str, folder: Path, source: str = SOURCE) -> Trace:
    """What a Python records of ``f([1, 0, 2])``."""
    folder.mkdir(exist_ok=True)
    (folder / "program.py").write_text(source)
    request = {"kind": "call", "path": "program.py", "call": "f([1, 0, 2])", "root": str(folder)}
    limits = {"events": 1_000, "depth": 0, "value": 1_000, "bytes": 10**6, "seconds": 20.0}
    more = {"files": [], "functions": [], "out": "out.jsonl", "repr_seconds": 1.0}
    (folder / "request.json").write_text(json.dumps({**request, **limits, **more}))
    command = [python, str(TRACER), "request.json"]
    subprocess.run(command, cwd=folder, check=False, capture_output=True)
    return read_recording((folder / "out.jsonl").read_text()).trace


def written(trace: Trace) -> Trace:
    """As a model writes it."""
    return Trace(tuple(replace(each, place=None) for each in compress(trace.frames)), trace.ended)


@pytest.fixture(scope="module")
def older() -> str:
    return next((path for minor, path in pythons() if minor <= 11), "") or pytest.skip("no 3.11")


@pytest.fixture(scope="module")
def newer() -> list[str]:
    found = [path for minor, path in pythons() if minor >= 12]
    return found or pytest.skip("no Python 3.12 or newer")


@pytest.mark.parametrize("source", [SOURCE, RAISING], ids=["returns", "raises"])
def test_what_is_right_has_no_divergence(
    older: str, newer: list[str], source: str, tmp_path: Path
) -> None:
    right = written(recorded(older, tmp_path / "older", source))
    assert any(".0" in (each.locals or {}) for each in right.frames)
    for number, python in enumerate(newer):
        real = recorded(python, tmp_path / f"newer{number}", source)
        assert real.inlined
        assert "comprehensions have no frames of their own" in " ".join(real.notes)
        assert first_divergence(right, real) is None, python


def test_what_a_comprehension_makes_is_compared(
    older: str, newer: list[str], tmp_path: Path
) -> None:
    right = recorded(older, tmp_path / "older")
    wrong = [
        replace(each, locals={**each.locals, "ys": "[4]"})
        if each.locals and "ys" in each.locals
        else each
        for each in right.frames
    ]
    real = recorded(newer[0], tmp_path / "newer")
    found = first_divergence(written(Trace(tuple(wrong), ended=True)), real)
    assert found is not None
    assert (found.what, found.names) == ("locals", {"ys": ("[4]", "[4, 6]")})
    last = replace(right.frames[-1], value="None")
    returned = first_divergence(written(Trace((*right.frames[:-1], last), ended=True)), real)
    assert returned is not None
    assert (returned.what, returned.values) == ("value", ("None", "([5, 7], 4)"))


def test_what_runs_instead_of_a_comprehension_is_a_divergence(
    older: str, newer: list[str], tmp_path: Path
) -> None:
    right = written(recorded(older, tmp_path / "older"))
    real = recorded(newer[0], tmp_path / "newer")
    at = next(n for n, each in enumerate(right.frames) if "total = sum" in each.source)
    skipping = Trace((*right.frames[:5], *right.frames[at:]), ended=True)
    found = first_divergence(skipping, real)
    assert found is not None
    assert found.what in ("line", "locals")


def test_frames_that_only_one_of_them_has_are_left_out_of_pairs(
    older: str, newer: list[str], tmp_path: Path
) -> None:
    right, real = recorded(older, tmp_path / "older"), recorded(newer[0], tmp_path / "newer")
    pairs = align(written(right).frames, real.threads[0])
    last = (len(right.frames) - 1, len(real.frames) - 1)
    assert pairs[-1] == last


def test_older_recordings_have_nothing_inlined(older: str, tmp_path: Path) -> None:
    real = recorded(older, tmp_path / "older")
    assert real.inlined == {}
    assert first_divergence(written(real), real) is None


def test_statements_and_the_heads_of_compound_ones() -> None:
    found = statements(SOURCE)
    assert {line: [*each.lines] for line, each in found.items()} == {
        **{line: [*range(6, 11)] for line in range(6, 11)},
        **{line: [line] for line in (11, 12, 14, 15)},
    }
    assert "        for x in xs" in found[6].texts


def test_a_comprehension_in_one_statement_does_not_hide_the_next() -> None:
    source = "def f():\n    a = [x for x in []]\n    b = 1\n"
    inlined = {"a.py": statements(source)}
    lines = [(2, {}), (2, {"x": "1"}), (3, {"a": "[]"})]
    frames = [
        Frame(
            "line", source.splitlines(keepends=True)[n - 1], shown, place=Place("a.py", n, "f", 0)
        )
        for n, shown in lines
    ]
    real = Trace(tuple(frames), ended=False, inlined=inlined)
    told = Frame("line", "    b = 1\n", {"a": "[2]"})
    found = first_divergence(Trace((replace(frames[0], place=None), told), ended=False), real)
    assert found is not None
    assert (found.predicted, found.recorded, found.what) == (1, 2, "locals")


@settings(deadline=None)
@given(st.text(st.sampled_from("[x for x in]\n :if{}=(lambda y\0"), max_size=60))
def test_nothing_raises_whatever_the_source(source: str) -> None:
    for line, each in statements(source).items():
        assert line in each.lines
