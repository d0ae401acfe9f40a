"""What is remembered of verdicts: found by everything they come from, and by nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.config import Settings
from agent.events import TestReport as Report
from agent.events import Verified
from agent.grading.cache import VerdictCache, verdict_key
from agent.verify import Judgement

JUDGEMENT = Judgement(("t",), ("k",), {"tests/t.py": b"1"}, "diff")
VERIFIED = Verified(
    applied=True,
    resolved=True,
    fail_to_pass=(Report(test="t", before="failed", after="passed"),),
    notes=("a note",),
)


def key(**other: object) -> str:
    arguments = {
        "patch": "diff",
        "judgement": JUDGEMENT,
        "image": "sha256:1",
        "test_command": "pytest",
        "settings": Settings(),
        **other,
    }
    return verdict_key(**arguments)  # type: ignore[arg-type]


def test_whatever_a_verdict_comes_from_is_part_of_its_key() -> None:
    settings = Settings()
    verify = settings.verify.model_copy(update={"repeats": 9})
    sandbox = settings.sandbox.model_copy(update={"cpus": 0.5})
    others = [
        key(patch="other"),
        key(image="sha256:2"),
        key(test_command="nose"),
        key(judgement=replace(JUDGEMENT, tests=("u",))),
        key(judgement=replace(JUDGEMENT, keep=None)),
        key(judgement=replace(JUDGEMENT, files={"tests/t.py": b"2"})),
        key(judgement=replace(JUDGEMENT, files={"tests/u.py": b"1"})),
        key(judgement=replace(JUDGEMENT, patch=None)),
        key(settings=settings.model_copy(update={"verify": verify})),
        key(settings=settings.model_copy(update={"sandbox": sandbox})),
    ]
    assert len({key(), *others}) == len(others) + 1


def test_nothing_else_is(tmp_path: Path) -> None:
    settings = Settings().model_copy(update={"out": tmp_path, "cache": tmp_path, "seed": 7})
    files = {"b": b"1", "a": b"2"}
    turned = dict(reversed(files.items()))
    assert key(settings=settings) == key()
    assert key(judgement=replace(JUDGEMENT, files=files)) == key(
        judgement=replace(JUDGEMENT, files=turned)
    )


def test_what_was_put_is_found_whole(tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path / "verdicts")
    assert cache.get(key()) is None
    cache.put(key(), VERIFIED)
    assert cache.get(key()) == VERIFIED
    assert cache.get(key(patch="other")) is None
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("text", ["", "{", '{"applied": true}', "[]"])
def test_what_cannot_be_read_is_not_there(tmp_path: Path, text: str) -> None:
    cache = VerdictCache(tmp_path)
    cache.put(key(), VERIFIED)
    (path,) = (each for each in tmp_path.rglob("*") if each.is_file())
    path.write_text(text)
    assert cache.get(key()) is None
    cache.put(key(), VERIFIED)
    assert cache.get(key()) == VERIFIED
