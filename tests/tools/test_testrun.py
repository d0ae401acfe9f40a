"""Running tests: every outcome under the id the user writes, with real pytests of several years."""

import json
import shlex
import textwrap
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from tests.repobox import SITE_PACKAGES, Box, box, installed_pytest
from tools.test import TestTool, as_data, describe
from tools.testrun import TestOutcome, TestRun, essence, run_tests
from tools.tool import ToolSettings

pytestmark = [pytest.mark.engine, pytest.mark.network]

PYTEST = f"PYTHONPATH=/{SITE_PACKAGES} python3 -m pytest"
SETTINGS = ToolSettings(
    test_command=ToolSettings().test_command.replace("python -m pytest", PYTEST)
)

FILES = {
    "conftest.py": "",
    "tests/util.py": """
        def deco(f):
            def inner(self=None): return f()
            return inner
        class Base:
            def test_inherited(self): pass
        """,
    "tests/test_a.py": """
        import os, sys, unittest
        sys.path.insert(0, os.path.dirname(__file__))
        import pytest
        from util import Base, deco
        def test_ok(): pass
        def test_bad():
            assert {"a": 1} == {"a": 2}, "nope"
        @pytest.mark.parametrize("p", ["a::b", "x y", "br[1]", "sl/ash", "'q'", ""])
        def test_p(p): assert p != "x y"
        class TestC(Base):
            def test_m(self): pass
            class TestInner:
                def test_deep(self): raise ValueError("deep")
        class Lower(unittest.TestCase):
            def test_u(self): self.assertEqual(1, 2)
            @deco
            def test_d(): pass
        @pytest.mark.skip(reason="why")
        def test_skip(): pass
        @pytest.mark.xfail
        def test_xfail(): assert 0
        @pytest.fixture
        def broken(): raise RuntimeError("fixture")
        def test_setup(broken): pass
        @pytest.fixture
        def late():
            yield
            raise RuntimeError("teardown")
        def test_teardown(late): pass
        """,
    "tests/test_import.py": """
        import nonexistent_thing
        def test_z(): pass
        """,
    "tests/v1.0/test_dot.py": """
        class Test_x:
            def test_1(self): pass
        """,
    "tests/sub/pytest.ini": "[pytest]\n",
    "tests/sub/test_r.py": "def test_r(): pass\n",
    "mod.py": '''
        def f():
            """
            >>> 1 + 1
            3
            """
        ''',
    "slow/test_slow.py": """
        import os, time
        def test_quick(): print("so far")
        def test_slow(): time.sleep(100)
        """,
    "slow/test_crash.py": """
        import os
        def test_crash(): os._exit(0)
        """,
}
A = "tests/test_a.py"
EXPECTED = {
    f"{A}::test_ok": "passed",
    f"{A}::test_bad": "failed",
    f"{A}::test_p[a::b]": "passed",
    f"{A}::test_p[x y]": "failed",
    f"{A}::test_p[br[1]]": "passed",
    f"{A}::test_p[sl/ash]": "passed",
    f"{A}::test_p['q']": "passed",
    f"{A}::test_p[]": "passed",
    f"{A}::TestC::test_inherited": "passed",
    f"{A}::TestC::test_m": "passed",
    f"{A}::TestC::TestInner::test_deep": "failed",
    f"{A}::Lower::test_u": "failed",
    f"{A}::Lower::test_d": "passed",
    f"{A}::test_skip": "skipped",
    f"{A}::test_xfail": "xfailed",
    f"{A}::test_setup": "error",
    f"{A}::test_teardown": "error",
    "tests/test_import.py": "error",
    "tests/v1.0/test_dot.py::Test_x::test_1": "passed",
    "tests/sub/test_r.py::test_r": "passed",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(content).lstrip("\n"))
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def some_box(
    engine: Engine, base_image: str, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Box]:
    """The project above, with a pytest of today."""
    installed = installed_pytest(tmp_path_factory.mktemp("pytest") / "8", "8.4.2")
    async with box(engine, base_image, source, pytest=installed) as made:
        yield made


@pytest.fixture
async def sandbox(some_box: Box) -> AsyncIterator[DockerSandbox]:
    async with some_box.sandbox() as started:
        yield started


def statuses(run: TestRun) -> dict[str, str]:
    assert len({outcome.id for outcome in run.outcomes}) == len(run.outcomes)
    return {outcome.id: outcome.status for outcome in run.outcomes}


@pytest.mark.parametrize("version", ["5.4.3", "7.4.4", "9.0.1"])
async def test_ids_are_the_users_with_every_pytest(
    version: str, engine: Engine, base_image: str, source: Path, tmp_path: Path
) -> None:
    installed = installed_pytest(tmp_path / "pytest", version)
    # The oldest cannot rewrite assertions on this Python; that changes messages alone.
    plain = " --assert=plain" if version.startswith("5.") else ""
    settings = replace(SETTINGS, test_command=SETTINGS.test_command + plain)
    async with box(engine, base_image, source, pytest=installed) as made, made.sandbox() as sandbox:
        whole = await run_tests(sandbox, ["tests"], settings)
        assert (whole.complete, whole.problem, whole.exit_code) == (True, "", 1)
        assert statuses(whole) == EXPECTED
        asked = [
            f"./{A}::TestC",
            f"/testbed/{A}::test_p[a::b]",
            f"{A}::test_p[x y]",
            f"{A}::test_p['q']",
            f"{A}::test_nope",
            f"{A}::test_p[zzz]",
            "tests/nofile.py",
            "tests/test_import.py::test_z",
            "tests/sub/test_r.py::test_r",
        ]
        some = await run_tests(sandbox, asked, settings)
        found = statuses(some)
        assert some.complete
        for missing in (f"{A}::test_nope", f"{A}::test_p[zzz]", "tests/nofile.py"):
            assert found.pop(missing) == "missing"
        assert found.pop("tests/test_import.py::test_z") == "error"
        assert found.items() <= EXPECTED.items()
        assert {f"{A}::test_p[a::b]", f"{A}::TestC::TestInner::test_deep"} <= found.keys()
        below = await run_tests(sandbox, ["tests/sub/test_r.py::test_r"], settings)
        assert statuses(below) == {"tests/sub/test_r.py::test_r": "passed"}
        doctest = replace(settings, test_command=settings.test_command + " --doctest-modules")
        documented = await run_tests(sandbox, ["mod.py::mod.f"], doctest)
        assert statuses(documented) == {"mod.py::mod.f": "failed"}
        left = "git status --porcelain --ignored; ls -A /tmp"
        assert (await sandbox.run(left, state=None)).text == ""


async def test_a_run_that_does_not_end_says_nothing_of_what_is_left(sandbox: DockerSandbox) -> None:
    slow = await run_tests(sandbox, ["slow/test_slow.py"], SETTINGS, timeout=5)
    assert (slow.complete, slow.outcomes, slow.exit_code) == (False, (), None)
    assert "did not end within 5 s" in slow.problem
    crashed = await run_tests(sandbox, ["slow/test_crash.py"], SETTINGS)
    assert (crashed.complete, crashed.outcomes, crashed.exit_code) == (False, (), 0)
    assert "left no report" in crashed.problem
    none = replace(SETTINGS, test_command="echo it ran {tests}")
    unknown = await run_tests(sandbox, ["a b; exit 9"], none)
    assert (unknown.complete, unknown.outcomes) == (False, ())
    assert "{junit} is not in it" in unknown.problem
    assert unknown.output == "it ran a b; exit 9\n"
    wrong = replace(SETTINGS, test_command=SETTINGS.test_command + " --no-such-option")
    refused = await run_tests(sandbox, [A], wrong)
    assert (refused.complete, refused.outcomes) == (False, ())
    absent = replace(SETTINGS, test_command="no-such-runner {junit}")
    assert "exit code 127" in (await run_tests(sandbox, [], absent)).problem
    stopped = replace(
        SETTINGS,
        test_command=SETTINGS.test_command.replace("--continue-on-collection-errors", ""),
    )
    interrupted = await run_tests(sandbox, ["tests"], stopped)
    assert not interrupted.complete
    assert statuses(interrupted) == {"tests/test_import.py": "error"}


async def test_a_forged_or_hostile_report_is_no_result(sandbox: DockerSandbox) -> None:
    for text, said in (
        ('<!DOCTYPE a [<!ENTITY x "y">]><testsuite/>', "document type"),
        ("not xml", "not valid XML"),
        ("<html/>", "no JUnit report"),
    ):
        command = f"printf %s {shlex.quote(text)} > {{junit}}"
        run = await run_tests(sandbox, [A], replace(SETTINGS, test_command=command))
        assert (run.complete, run.outcomes) == (False, ())
        assert said in run.problem
    link = replace(SETTINGS, test_command="mkdir {junit}")
    assert not (await run_tests(sandbox, [A], link)).complete


async def test_another_runner_by_configuration(sandbox: DockerSandbox) -> None:
    report = (
        '<testsuite><testcase classname="tests.test_a.TestC" name="test_m"/>'
        '<testcase name="free"><failure message="why"/></testcase></testsuite>'
    )
    command = f"printf %s {shlex.quote(report)} > {{junit}}; exit 7"
    run = await run_tests(sandbox, [], replace(SETTINGS, test_command=command))
    assert run.complete
    assert run.exit_code == 7
    assert statuses(run) == {f"{A}::TestC::test_m": "passed", "free": "failed"}
    assert run.outcomes[1].message == "why"


async def test_bytecode_never_hides_an_edit(sandbox: DockerSandbox) -> None:
    """Edits of the same size within the same second are told apart."""
    test = "from value import x\n\n\ndef test_x():\n    assert x == {}\n"
    for number in range(4):
        await sandbox.write_file("value.py", f"x = {number}\n".encode())
        await sandbox.write_file("test_x.py", test.format(number).encode())
        await sandbox.run("touch -d 2024-01-01T00:00:00Z value.py test_x.py", state=None)
        run = await run_tests(sandbox, ["test_x.py"], SETTINGS)
        assert statuses(run) == {"test_x.py::test_x": "passed"}


async def test_the_tool_says_it_in_few_lines(sandbox: DockerSandbox) -> None:
    tool = TestTool(SETTINGS)
    await sandbox.run("cd /tmp; x=kept")
    result = await tool(f"{A}::test_bad\n\n  {A}::test_ok\n{A}::test_nope\n", sandbox)
    lines = result.output.splitlines()
    assert lines[0].startswith("1 failed, 1 passed, 1 not found (in ")
    assert f"FAILED {A}::test_bad" in lines
    assert any("AssertionError: nope" in line for line in lines)
    assert any(line.startswith(f"    {A}:") for line in lines)
    assert lines[lines.index("Did not fail:") + 1] == f"    {A}::test_ok"
    assert "Not found" in result.output
    assert len(lines) < 25
    assert result.data["counts"] == {"failed": 1, "passed": 1, "missing": 1}
    json.dumps(result.data)
    assert (await sandbox.run("pwd; echo $x")).text == "/tmp\nkept\n"
    whole = await tool("all", sandbox)
    assert "not complete" in whole.output  # test_crash.py ends the runner
    assert not (await tool("-k something", sandbox)).ok


def test_the_essence_of_a_failure() -> None:
    text = "def test():\n>   assert f() == 2\nE   assert 1 == 2\nE    +  where 1 = f()\n\na.py:3: X"
    assert essence("s", text) == "E   assert 1 == 2\nE    +  where 1 = f()\na.py:3: X"
    assert essence("only this", "") == "only this"
    assert essence("", "\n".join(map(str, range(100)))).splitlines()[-1] == "99"


def test_a_long_run_is_described_in_bounds() -> None:
    outcomes = tuple(TestOutcome(f"t.py::t{n}", "failed", "E  x\n" * 12) for n in range(5000))
    run = TestRun(outcomes, True, "", 1, "", 1.0)
    assert len(describe(run)) < 20_000
    assert "and 4970 more" in describe(run)
    assert len(json.dumps(as_data(run))) < 1_000_000
