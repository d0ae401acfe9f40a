"""Base images that a registry has: pulled, completed, and done without when it refuses."""

import shlex
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandboxes.engine import Engine
from sandboxes.environment import debian
from sandboxes.environment.base import BaseSettings, ensure_base, find_base
from sandboxes.environment.registry import Refusal, pull, understood
from sandboxes.environment.store import has_image
from sandboxes.errors import BaseImageFailed
from sandboxes.hostnet import host_network
from tests.sandboxes.environment.registryserver import Registry, registry
from tests.sandboxes.environment.test_base import look_inside

pytestmark = [pytest.mark.engine, pytest.mark.network]

_NAME = "python:{python}-slim"
# Nobody listens there: behind a mirror the sources of a pulled image are like that.
_DEAD = "deb http://127.0.0.1:9/debian bookworm main"


@pytest.fixture
def server() -> Iterator[Registry]:
    with registry() as running:
        yield running


@pytest.fixture
def settings(server: Registry, tmp_path: Path) -> BaseSettings:
    return BaseSettings(pull=f"{server.address}/{_NAME}", cache=tmp_path / "cache")


@pytest.fixture
async def slim(engine: Engine, base_image: str) -> AsyncIterator[str]:
    """An image with a Python and without git, as the registry's slim ones are.

    Where the host knows a mirror, the image's own package sources do not answer.
    """
    api = engine.client.api
    script = (
        "dpkg --purge --force-depends git && rm -rf /opt/env /opt/uv /opt/foretrace /testbed"
        " /etc/gitconfig && userdel --remove agent && ! command -v git"
    )
    if host_network().apt_suite:
        dead = shlex.quote(_DEAD)
        script += f" && rm -rf /etc/apt/sources.list* && printf %s {dead} > /etc/apt/sources.list"
    labels = engine.owner_labels("test", scratch=True)
    plain = {"Labels": labels, "Env": ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]}
    container = api.create_container(
        base_image, ["bash", "-c", script], user="0:0", working_dir="/", labels=labels
    )["Id"]
    engine.keep_track(container=container)
    api.start(container)
    assert api.wait(container)["StatusCode"] == 0, api.logs(container)
    image = str(api.commit(container, conf=plain)["Id"])
    engine.keep_track(image=image)
    await engine.remove_container(container)
    yield image
    if has_image(engine, image):
        await engine.remove_image(image)


async def test_a_slim_image_is_pulled_and_completed(
    engine: Engine, slim: str, server: Registry, settings: BaseSettings, tmp_path: Path
) -> None:
    name = settings.pull.format(python="3.11")
    server.add(engine, slim, "python:3.11-slim", tmp_path)
    await engine.remove_image(slim)
    assert not has_image(engine, name)
    told: list[str] = []
    try:
        base = await ensure_base(engine, settings=settings, progress=told.append)
        assert f"pulling {name}" in told
        assert any(line.startswith("GET") and "/blobs/" in line for line in server.asked)
        said = look_inside(
            engine, base.id, "set -e; id -un; git --version; uv --version; pip --version; pwd"
        )
        log = (settings.cache / "logs" / "base-3.11.log").read_text()
        assert ("trying the host's" in log) == bool(host_network().apt_suite)
        assert said.startswith("agent\ngit version")
        assert said.endswith("/testbed\n")
        server.refuses = 500  # what was made is found again without asking anybody
        assert await ensure_base(engine, settings=settings) == base
    finally:
        made = await find_base(engine, settings=settings)
        if made is not None:
            await engine.remove_image(made.id)
        if has_image(engine, name):
            engine.client.api.remove_image(name)


_ANSWERS = {
    401: "the registry answered 401 Unauthorized",
    403: "the registry answered 403 Forbidden",
    404: "the registry does not have it (404 Not Found)",
    429: "the registry answered 429 Too Many Requests",
    500: "the registry answered 500 Internal Server Error",
}


async def refused(engine: Engine, name: str, settings: BaseSettings, told: list[str]) -> Refusal:
    refusal = await pull(
        engine, name, seconds=settings.pull_seconds, cache=settings.cache, progress=told.append
    )
    assert refusal is not None
    return refusal


@pytest.mark.parametrize("status", _ANSWERS)
async def test_what_a_registry_answers_is_said_in_one_line(
    engine: Engine, server: Registry, settings: BaseSettings, status: int
) -> None:
    server.refuses = status
    name = settings.pull.format(python="3.11")
    told: list[str] = []
    refusal = await refused(engine, name, settings, told)
    assert refusal == Refusal(_ANSWERS[status], answered=True)
    assert told == [f"{name} was not pulled: {refusal.reason}"]
    asked = len(server.asked)
    assert asked > 0
    assert await refused(engine, name, settings, told) == refusal
    assert len(server.asked) == asked  # its refusal is remembered
    assert told == told[:1] * 2  # and said again


async def test_a_registry_that_gives_the_name_but_not_the_image(
    engine: Engine, server: Registry, settings: BaseSettings, tmp_path: Path
) -> None:
    server.add_name("small:1", tmp_path)
    server.refuses_blobs = 403
    told: list[str] = []
    refusal = await refused(engine, f"{server.address}/small:1", settings, told)
    assert refusal.answered
    assert "403" in refusal.reason
    assert told[0].startswith("pulling ")
    assert "\n" not in told[-1]


async def test_a_registry_that_does_not_answer_is_no_news(
    engine: Engine, settings: BaseSettings
) -> None:
    told: list[str] = []
    refusal = await refused(engine, "127.0.0.1:9/python:3.11-slim", settings, told)
    assert refusal == Refusal("no registry answers")
    assert told == []


async def test_the_answer_is_named_when_nothing_else_helps(
    engine: Engine,
    server: Registry,
    settings: BaseSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.refuses = 401
    for place in ("UV_PYTHON_INSTALL_DIR", "PYENV_ROOT"):  # this host may have one
        monkeypatch.setenv(place, str(tmp_path))
    with pytest.raises(BaseImageFailed) as none_near:
        await ensure_base(engine, "3.14", constraint=">=3.14", settings=settings)
    monkeypatch.setattr(debian, "RECIPE", f"of a test: {tmp_path}")  # no root image is there yet
    monkeypatch.setenv("PATH", str(tmp_path))  # neither mmdebstrap nor apt-get
    with pytest.raises(BaseImageFailed) as no_tool:
        await ensure_base(engine, "3.11", settings=settings)
    for raised in (none_near, no_tool):
        assert "answered 401 Unauthorized, and " in raised.value.message
        assert "\n" not in raised.value.message
        assert raised.value.hint
    assert "mmdebstrap is not installed" in no_tool.value.message


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ("manifest unknown: manifest unknown", 500, "does not have it"),
        ("denied: requested access to the resource is denied", 500, "403 Forbidden"),
        ("toomanyrequests: You have reached your pull rate limit", 500, "429 Too Many Requests"),
        ("unexpected status from HEAD request to https://r/v2/: 403 Forbidden", 500, "403"),
        ("received unexpected HTTP status: 599 Odd", 500, "answered 599"),
        ("whatever", 402, "402 Payment Required"),
        ("x509: certificate signed by\nunknown authority", 500, "signed by unknown authority"),
        ('Get "https://r/v2/": context deadline exceeded', 500, "no registry answers"),
        ("", 500, "the engine says: "),
    ],
)
def test_what_engines_say(said: str, status: int, reason: str) -> None:
    refusal = understood(f"the container engine refused: {said}", status)
    assert reason in refusal.reason
    assert "\n" not in refusal.reason
    assert refusal.answered == (reason != "no registry answers")


@pytest.mark.parametrize("name", ["{address}/python", "{address}/python@sha256:" + "0" * 64])
async def test_names_without_a_tag(
    engine: Engine, server: Registry, settings: BaseSettings, name: str
) -> None:
    assert await refused(engine, name.format(address=server.address), settings, [])
    assert any("/v2/python/manifests/" in line for line in server.asked)
