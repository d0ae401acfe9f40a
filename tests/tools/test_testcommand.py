"""The test command: coverage that a project's settings turn on is turned off, and nothing else."""

import textwrap
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.environment import store
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.environment.images import ensure_repository_image
from sandboxes.repository.checkout import prepare_checkout
from tools.testcommand import shell_text
from tools.testrun import TestRun, run_tests
from tools.tool import ToolSettings

pytestmark = [pytest.mark.engine, pytest.mark.network]

SETTINGS = ToolSettings()
TESTS = ("tests/test_half.py",)

# As several projects have it: whoever runs a part of the tests fails for what it does not cover,
# and a warning of the measuring itself is an error.
FILES = {
    "pyproject.toml": """
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "half"
        version = "1"
        [tool.setuptools]
        py-modules = ["half"]
        [tool.pytest.ini_options]
        addopts = "--cov=half --cov=not_imported --cov-report=html --cov-fail-under=95"
        filterwarnings = ["error"]
        """,
    "half.py": "def half(x):\n    return x / 2\n\n\ndef unused(x):\n    return x\n",
    "tests/test_half.py": """
        import sys
        from half import half
        def test_half(): assert half(4) == 2
        def test_nobody_measures(): assert "coverage" not in sys.modules
        """,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def image(
    engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The project above with what its settings ask for, pytest-cov among it."""
    folder = tmp_path_factory.mktemp("measured")
    name = f"half-{uuid.uuid4().hex[:8]}"
    for path, text in FILES.items():
        (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / name / path).write_text(textwrap.dedent(text).lstrip())
    checkout = prepare_checkout(
        str(folder / name), base=None, cache=folder / "cache", into=folder / "into"
    )
    made = await ensure_repository_image(engine, checkout, EnvironmentSettings())
    yield made.id
    await store.prune_images(engine, name=name)


@pytest.fixture
async def measured(engine: Engine, image: str) -> AsyncIterator[DockerSandbox]:
    async with DockerSandbox(engine, image, run="test") as sandbox:
        found = await sandbox.run("python -c 'import pytest_cov'", state=None)
        assert found.ok, found.text
        yield sandbox


def passes(run: TestRun) -> bool:
    assert run.complete, run.output
    return run.exit_code == 0 and run.counts() == {"passed": 2}


async def test_settings_that_measure_do_not_decide(measured: DockerSandbox) -> None:
    for tests in (TESTS, (f"{TESTS[0]}::test_half", f"{TESTS[0]}::test_nobody_measures"), ()):
        assert passes(await run_tests(measured, tests, SETTINGS))
    bare = "pytest -q -o junit_family=xunit1 --junitxml={junit} {tests}"
    for command in (bare, f"/opt/env/bin/{bare}", f"A='b c' {bare}"):
        assert passes(await run_tests(measured, TESTS, replace(SETTINGS, test_command=command)))
    left = await measured.run("git status --porcelain; ls -A /tmp; echo $foretrace_no_cov")
    assert left.text == "\n"
    own = replace(SETTINGS, test_command=SETTINGS.test_command + " --cov=half")
    run = await run_tests(measured, TESTS, own)
    assert not passes(run)  # asked for, so it is measured
    assert "Required test coverage" in run.output


async def test_without_the_plugin_nothing_changes(measured: DockerSandbox) -> None:
    off = "sed -i '/^addopts/d' pyproject.toml && pip uninstall -q -y pytest-cov"
    assert (await measured.run(off, state=None)).ok
    assert passes(await run_tests(measured, TESTS, SETTINGS))


async def test_a_plugin_that_is_there_and_switched_off(measured: DockerSandbox) -> None:
    off = "sed -i 's/^addopts.*/addopts = \"-p no:pytest_cov\"/' pyproject.toml"
    assert (await measured.run(off, state=None)).ok
    assert passes(await run_tests(measured, TESTS, SETTINGS))


@pytest.mark.parametrize(
    "command",
    [
        "make test",
        "coverage run -m pytest {tests}",
        "python -m pytest --no-cov {tests}",
        "python -m pytest -p no:pytest_cov {tests}",
        "python -m unittest {tests}",
        "pytest-runner {tests}",
        "bash -c 'pytest {tests}'",
    ],
)
def test_other_commands_stay_as_they_are(command: str) -> None:
    assert shell_text(command, ["a b"], "r.xml") == command.replace("{tests}", "'a b'")


def test_very_many_tests_become_their_files() -> None:
    ids = [f"tests/test_{n % 3}.py::test_{n:060}" for n in range(2000)]
    text = shell_text("runner {junit} {tests}", ids, "r.xml")
    assert text == "runner r.xml tests/test_0.py tests/test_1.py tests/test_2.py"
