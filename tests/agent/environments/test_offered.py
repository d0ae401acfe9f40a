"""Images offered for an issue's environment: taken where they can be had, else done without."""

import os
import platform
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent import issue as issues
from agent.config import Settings
from agent.environments.offered import Offer, offered_image, take_offer
from agent.issue import Issue
from agent.prepare import prepare
from sandboxes.engine import Engine
from sandboxes.environment import store
from sandboxes.environment.base import BaseSettings
from tests.agent.scriptedmodel import prices_repository
from tests.sandboxes.environment.registryserver import Registry, registry
from tests.sandboxes.environment.test_foreign_images import altered

SWEBENCH = Issue(
    id="django__django-11099",
    repo="https://github.com/django/django",
    text="x",
    base="d26b2424437dabeeca94d7900b37d2df4410da0c",
    tests=("t",),
    tests_from=issues.TestsFrom(patch="diff"),
)


def test_a_row_of_swebench_has_an_image_that_is_called_after_it() -> None:
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    name = f"swebench/sweb.eval.{machine}.django_1776_django-11099:latest"
    assert offered_image(SWEBENCH) == name
    assert offered_image(SWEBENCH.model_copy(update={"image": "own/image:1"})) == "own/image:1"


@pytest.mark.parametrize(
    "other",
    [
        *({"id": "11099"}, {"id": "a/b__c-1"}, {"tests_from": None}, {"base": None}),
        *({"image": "-x"}, {"image": "a b"}, {"image": "a" * 301}, {"image": "$(x)"}),
    ],
)
def test_nothing_else_has_one(other: dict[str, object]) -> None:
    assert offered_image(SWEBENCH.model_copy(update=other)) == ""


@pytest.fixture
def server() -> Iterator[Registry]:
    with registry() as running:
        yield running


def settings(folder: Path, **images: object) -> Settings:
    made = BaseSettings(cache=folder / "images", **images)  # type: ignore[arg-type]
    return Settings().model_copy(update={"images": made, "cache": folder / "cache"})


@pytest.mark.engine
async def test_an_offer_is_taken_where_it_can_be_had_and_otherwise_said_to_be_none(
    engine: Engine, base_image: str, server: Registry, tmp_path: Path
) -> None:
    told: list[str] = []

    async def take(image: str, **images: object) -> Offer:
        issue = SWEBENCH.model_copy(update={"image": image})
        return await take_offer(issue, settings(tmp_path, **images), engine, told.append)

    assert await take(base_image) == Offer(base_image)
    server.refuses = 401
    refused = await take(f"{server.address}/no/image:1")
    assert refused.image == ""
    assert "answered 401 Unauthorized" in refused.note
    assert "the environment is built" in refused.note
    away = await take("127.0.0.1:9/no/image:1")
    assert "no registry answers" in away.note
    assert "nothing is pulled" in (await take("no/image:1", pull="")).note
    assert (await take("UPPER:::case")).image == ""
    # Nobody named this one, so its absence is worth no word.
    assert await take_offer(SWEBENCH, settings(tmp_path, pull=""), engine, told.append) == Offer()


@pytest.mark.engine
async def test_who_says_how_to_build_is_offered_nothing(
    engine: Engine, base_image: str, tmp_path: Path
) -> None:
    issue = SWEBENCH.model_copy(update={"image": base_image})
    for said in ({"python": "3.11"}, {"install": ("x",)}, {"image": "other"}):
        plain = settings(tmp_path)
        environment = plain.environment.model_copy(update=said)
        mine = plain.model_copy(update={"environment": environment})
        assert await take_offer(issue, mine, engine, print) == Offer()


@pytest.mark.engine
async def test_a_registry_that_is_not_reached_is_asked_for_no_other_image(
    engine: Engine, server: Registry, tmp_path: Path
) -> None:
    from sandboxes.environment.registry import UNREACHED, pull

    async def ask(name: str) -> object:
        return await pull(engine, name, seconds=5, cache=tmp_path, progress=print)

    first = await ask("127.0.0.1:9/one:1")
    assert first == UNREACHED
    (remembered,) = (each.name for each in os.scandir(tmp_path))
    assert await ask("127.0.0.1:9/other/two:1") == UNREACHED
    assert [each.name for each in os.scandir(tmp_path)] == [remembered]
    server.refuses = 403
    assert await ask(f"{server.address}/one:1") != UNREACHED  # another registry is another matter


_CONDA = (
    "mkdir -p /opt/miniconda3/envs/testbed && mv /opt/env /opt/miniconda3/envs/testbed/env"
    " && ln -s env/bin /opt/miniconda3/envs/testbed/bin && touch /opt/mark"
)


@pytest.fixture
async def conda_image(engine: Engine, base_image: str) -> AsyncIterator[str]:
    """An image in which Python lies where SWE-bench's have it, and nowhere else on the path."""
    async with altered(engine, base_image, _CONDA) as image:
        yield image


@pytest.mark.engine
async def test_an_issue_is_worked_on_in_the_image_it_offers(
    engine: Engine, conda_image: str, tmp_path: Path
) -> None:
    name = f"prices-{uuid.uuid4().hex[:8]}"
    project = prices_repository(tmp_path / name)
    issue = Issue(id="i", repo=str(project.path), text="x", image=conda_image)
    log = tmp_path / "build.log"
    try:
        place = await prepare(
            issue, settings(tmp_path), engine, run="test", log=log, progress=print
        )
        assert any(note.startswith("the environment is the image sha256:") for note in place.notes)
        async with place.sandbox() as sandbox:
            found = await sandbox.run("command -v python; ls /opt/mark prices.py", state=None)
        first, *rest = found.text.split()
        assert first == "/opt/miniconda3/envs/testbed/bin/python"
        assert rest == ["/opt/mark", "prices.py"]
    finally:
        await store.prune_images(engine, name=name)


@pytest.mark.engine
async def test_where_the_image_is_no_use_the_environment_is_built(
    engine: Engine, base_image: str, tmp_path: Path
) -> None:
    project = prices_repository(tmp_path / "prices")
    async with altered(engine, base_image, "rm $(command -v git)") as image:
        issue = Issue(id="i", repo=str(project.path), text="x", image=image)
        log = tmp_path / "build.log"
        place = await prepare(
            issue, settings(tmp_path), engine, run="test", log=log, progress=print
        )
    assert "lacks git); the environment is built" in " ".join(place.notes)
    async with place.sandbox() as sandbox:
        assert (await sandbox.run("git log --oneline", state=None)).ok
