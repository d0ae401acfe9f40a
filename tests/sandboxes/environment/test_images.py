"""Environment and repository images: built for real, from repositories the tests write."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandboxes.environment import store
from sandboxes.environment.assemble import ignore_pattern
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.environment.images import (
    ensure_environment,
    plan_for,
)
from sandboxes.errors import BuildFailed, ConfigurationProblem, SandboxDied
from sandboxes.hostnet import host_network
from tests.sandboxes.environment.builds import QUICK, SETUP, Place, building

pytestmark = [pytest.mark.engine, pytest.mark.network]


async def test_a_project_is_installed_and_what_it_generates_is_no_change(place: Place) -> None:
    files = {"setup.py": SETUP, "thing/__init__.py": "", "tests/test_a.py": "import thing\n"}
    first = await place.build(place.checkout(files))
    assert not first.cached
    assert any("thing/__init__.py" in note for note in first.notes)
    said = await place.look(
        first.id,
        "git status --porcelain; cat /opt/foretrace/generated; cat thing/__init__.py; id -un;"
        "echo '# mine' >> thing/__init__.py; echo new > thing/new.py; git status --porcelain;"
        "cd /; python -c 'import thing; print(thing.__file__)'; command -v pytest",
    )
    assert said.splitlines() == [
        "/thing.egg-info/PKG-INFO",
        "/thing.egg-info/SOURCES.txt",
        "/thing.egg-info/dependency_links.txt",
        "/thing.egg-info/top_level.txt",
        "/thing/\\[v\\] 1.py",
        "agent",
        " M thing/__init__.py",
        "?? thing/new.py",
        "/testbed/thing/__init__.py",
    ]
    again = await place.build(place.checkout(files))
    assert again == replace(first, cached=True)
    # Another commit with the same dependencies: the same environment, another repository.
    other = await place.build(place.checkout({**files, "tests/test_a.py": "import os\n"}))
    assert not other.cached
    assert (other.environment, other.python) == (first.environment, first.python)
    assert other.id != first.id
    log = place.log.read_text()
    assert log.count("$ uv pip install setuptools wheel") == 1
    assert log.count("$ uv pip install -e .") == 3
    removed = await store.prune_images(place.engine, name=place.name)
    assert [image.kind for image in removed] == ["repository", "repository", "environment"]


async def test_nothing_of_the_host_stays_in_an_image(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    certificates = host_network().ca_bundle
    assert certificates is not None
    bundle.write_bytes(b"# only-on-this-host\n" + certificates)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("HTTP_PROXY", "http://user:hunter22@proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "internal.invalid")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "trusted.invalid")
    monkeypatch.setenv("UV_INDEX_PRIVATE_PASSWORD", "tokentoken")
    show = EnvironmentSettings(
        test="python {tests}",
        install=("env; test -s $SSL_CERT_FILE; uv pip install 'iniconfig<3'; uv pip list",),
        requires=("six<2",),
    )
    made = await place.build(place.checkout({"thing.py": ""}), show)
    log = place.log.read_text()
    # The commands of the build did get it all, and the log hides what is secret.
    assert "HTTP_PROXY=http://****@proxy.invalid:3128" in log
    assert "UV_INDEX_PRIVATE_PASSWORD=****" in log
    assert "trusted.invalid" in log
    assert "iniconfig" in log
    for secret in ("hunter22", "tokentoken"):
        assert secret not in log
    words = ("hunter22", "tokentoken", "proxy.invalid", "internal.invalid", "trusted.invalid")
    for image in (made.id, made.environment):
        about = place.engine.client.images.get(image)
        text = json.dumps([about.attrs, about.history()])
        assert not [word for word in (*words, "SSL_CERT", "PROXY") if word in text]
        pattern = "|".join((*words, "only-on-this-host"))
        said = await place.look(
            image,
            f"grep -rIlsE '{pattern}' / --exclude-dir=proc --exclude-dir=sys; env | grep -iE"
            " 'proxy|cert|index|_url'; ls -d /opt/foretrace/build ~/.cache /root/.cache 2>&1"
            " | grep -v 'No such\\|denied'",
        )
        assert said == ""


async def test_a_failed_step_says_which_and_why(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_PRIVATE_PASSWORD", "tokentoken")
    lines = "; ".join(["for i in $(seq 30); do echo line $i; done", "echo tokentoken", "exit 3"])
    settings = EnvironmentSettings(install=("true", lines))
    with pytest.raises(BuildFailed) as raised:
        await place.build(place.checkout({"setup.py": SETUP}), settings)
    error = raised.value
    assert "exit code 3" in error.message
    assert "\n" not in error.message + error.hint
    assert error.step.startswith("for i in")
    assert error.tail.splitlines()[-2:] == ["line 30", "****"]
    assert len(error.tail.splitlines()) == 20
    assert error.log == place.log
    assert "line 1\n" in place.log.read_text()
    assert error.hint
    assert building(place.engine) == []
    slow = EnvironmentSettings(install=("sleep 60",), step_seconds=1)
    with pytest.raises(BuildFailed, match="longer than 1 s"):
        await place.build(place.checkout({"setup.py": SETUP}), slow)


@pytest.mark.parametrize(
    ("step", "said"),
    [("exit 124", "failed with exit code 124"), ("kill -KILL $$", "was killed (exit code 137)")],
)
async def test_a_step_that_was_not_slow_is_not_called_slow(
    place: Place, step: str, said: str
) -> None:
    with pytest.raises(BuildFailed) as raised:
        await place.build(place.checkout({"setup.py": SETUP}), EnvironmentSettings(install=(step,)))
    assert said in raised.value.message


@pytest.mark.parametrize("way", ["kill", "remove"])
async def test_a_build_container_ended_from_outside_is_no_fault_of_the_repository(
    place: Place, way: str
) -> None:
    checkout = place.checkout({"setup.py": SETUP})
    settings = EnvironmentSettings(install=("echo begun; sleep 600",))
    task = asyncio.create_task(place.build(checkout, settings))
    while not place.log.exists() or "\nbegun" not in place.log.read_text():
        await asyncio.sleep(0.05)
        assert not task.done()
    labels = [f"{name}={value}" for name, value in place.engine.owner_labels("build").items()]
    [container] = place.engine.client.api.containers(filters={"label": labels})
    if way == "kill":
        place.engine.client.api.kill(container["Id"])
    else:
        place.engine.client.api.remove_container(container["Id"], force=True)
    with pytest.raises(SandboxDied, match="the build container") as raised:
        await task
    assert "\n" not in raised.value.message
    assert building(place.engine) == []


async def test_a_cancelled_build_leaves_nothing(place: Place) -> None:
    checkout = place.checkout({"setup.py": SETUP})
    settings = EnvironmentSettings(install=("sleep 600",))
    for wait_for in ("building", "sleep"):
        reached = asyncio.Event()

        def progress(line: str, word: str = wait_for, event: asyncio.Event = reached) -> None:
            if word in line:
                event.set()

        task = asyncio.create_task(
            ensure_environment(place.engine, checkout, settings, base=place.base, progress=progress)
        )
        await reached.wait()
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert building(place.engine) == []
    assert not [i for i in await store.list_images(place.engine) if i.name == place.name]


async def test_two_at_once_build_once(place: Place) -> None:
    checkout = place.checkout({"setup.py": "from setuptools import setup; setup(name='thing')"})
    first, second = await asyncio.gather(place.build(checkout), place.build(checkout))
    assert first.id == second.id
    assert {first.cached, second.cached} == {True, False}
    assert place.log.read_text().count("$ uv pip install setuptools") == 1


async def test_guesses_may_fail_and_old_packages_may_not_do(place: Place) -> None:
    checkout = place.checkout(
        {
            "pyproject.toml": (
                '[project]\nname = "thing"\nversion = "1"\ndependencies = ["iniconfig>=2.1"]\n'
                '[tool.uv]\ndev-dependencies = ["no-such-thing-as-this==99.99"]\n'
            ),
            "thing.py": "",
        }
    )
    old = replace(checkout, date=datetime(2020, 1, 1, tzinfo=UTC))
    assert plan_for(old, QUICK).exclude_newer is not None
    environment = await ensure_environment(place.engine, old, QUICK, base=place.base, log=place.log)
    assert environment.plan.exclude_newer is None
    first, second = environment.notes
    assert "2023-07-01" in first
    assert "going on without `uv pip install no-such-thing-as-this==99.99`" in second
    assert "iniconfig 2" in (await place.look(environment.id, "uv pip list | tr -s ' '"))
    exact = EnvironmentSettings.model_validate(
        {**QUICK.model_dump(), "exclude_newer": "2023-07-01"}
    )
    with pytest.raises(BuildFailed) as raised:
        await place.build(old, exact)
    assert "exclude_newer" in raised.value.hint


async def test_modules_without_packaging_are_on_the_path(place: Place) -> None:
    made = await place.build(place.checkout({"thing.py": "", "src/other.py": ""}))
    script = "cd /; python -c 'import thing, other; print(thing.__file__, other.__file__)'"
    assert await place.look(made.id, script) == "/testbed/thing.py /testbed/src/other.py\n"


async def test_the_repositorys_own_settings_are_followed(place: Place) -> None:
    toml = '[environment]\ntest = "make {tests}"\ninstall = "echo built > made.txt"\n'
    made = await place.build(
        place.checkout({"foretrace.toml": toml, "thing.py": ""}), EnvironmentSettings()
    )
    assert made.test_command == "make {tests}"
    assert await place.look(made.id, "cat made.txt; git status --porcelain") == "built\n"
    broken = place.checkout({"foretrace.toml": "[environment]\ninstal = 1\n"})
    with pytest.raises(ConfigurationProblem):
        await place.build(broken, EnvironmentSettings())


async def test_debian_packages(place: Place) -> None:
    settings = EnvironmentSettings(packages=("hello",), install=("hello",))
    made = await place.build(place.checkout({"thing.py": ""}), settings)
    said = await place.look(made.id, "hello; cat /etc/apt/sources.list*; ls /etc/apt/apt.conf.d")
    assert said.startswith("Hello, world!\n")
    missing = EnvironmentSettings(packages=("no-such-package",))
    with pytest.raises(BuildFailed, match="apt-get install no-such-package"):
        await place.build(place.checkout({"thing.py": ""}), missing)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        (b"a/b.py", rb"/a/b.py"),
        (b"#a", rb"/\#a"),
        (b"a[1]*?!", rb"/a\[1\]\*\?\!"),
        (b"a\\b", rb"/a\\b"),
        (b"end  ", rb"/end\ \ "),
        (b"in side", b"/in side"),
        (b"new\nline", b""),
        (b"\xff\xfe", b"/\xff\xfe"),
    ],
)
def test_patterns_that_mean_one_file(name: bytes, pattern: bytes) -> None:
    assert ignore_pattern(name) == pattern
