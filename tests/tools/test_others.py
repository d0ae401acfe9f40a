"""The tools bash, create and submit, and the registry."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from tests.repobox import Box, box
from tools.bash import BashTool
from tools.create import CreateTool
from tools.registry import TOOLS, build_tools
from tools.submit import SubmitTool
from tools.tool import ToolSettings


def test_the_registry_knows_each_tool_by_its_name() -> None:
    tools = build_tools(ToolSettings())
    assert list(tools) == list(TOOLS) == ["bash", "edit", "create", "test", "submit"]
    for name, tool in tools.items():
        assert tool.name == name
        assert name.replace("_", "a").isalpha()  # as the wire wants it
        assert "[" in tool.form
    assert [name for name, tool in tools.items() if tool.writes] == ["bash", "edit", "create"]


def test_knowing_the_tools_loads_nothing_slow() -> None:
    code = (
        "import sys, tools.registry\n"
        "slow = {'docker', 'git', 'libcst', 'rich', 'pypi_simple', 'pydantic', 'requests'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.engine
class TestBash:
    """Commands in the agent's shell."""

    async def test_the_session_lasts(self, sandbox: DockerSandbox) -> None:
        bash = BashTool(ToolSettings())
        await bash("cd calc; x=3; f() { echo $x; }", sandbox)
        assert (await bash("pwd; f", sandbox)).output == "/testbed/calc\n3\n"
        exited = await bash("echo before; exit 3", sandbox)
        assert exited.output == "before\n[exit code 3]"
        assert (await bash("f", sandbox)).output == "3\n"
        assert (await bash("true", sandbox)).output == "[no output]"
        failed = await bash("printf half; false", sandbox)
        assert failed.output == "half\n[exit code 1]"
        assert failed.ok  # the call did what it should: it ran
        assert failed.data["exit_code"] == 1
        assert not (await bash("echo \0", sandbox)).ok

    async def test_a_time_out_is_told_as_it_is(self, sandbox: DockerSandbox) -> None:
        bash = BashTool(ToolSettings(command_timeout=1.5))
        await bash("x=kept", sandbox)
        result = await bash("echo so far; sleep 100", sandbox)
        assert result.output.startswith("so far\n[stopped after 1.5 s")
        assert "the session goes on" in result.output
        assert result.data["status"] == "timeout"
        assert (await bash("echo $x; pgrep sleep -u agent | wc -l", sandbox)).output == "kept\n0\n"

    async def test_too_much_output_is_cut_in_the_middle(self, sandbox: DockerSandbox) -> None:
        bash = BashTool(ToolSettings(output_limit=2048))
        result = await bash("seq 1 100000", sandbox)
        assert result.output.startswith("1\n2\n")
        assert "\n100000\n" in result.output
        assert "bytes of output left out" in result.output
        assert "2 KiB were kept" in result.output
        assert len(result.output) < 3000


@pytest.mark.engine
async def test_create_makes_new_files_only(sandbox: DockerSandbox) -> None:
    create = CreateTool(ToolSettings())
    made = await create("calc/new.py\nx = 1\n\n    y", sandbox)
    assert made.output == "Created calc/new.py with 3 lines."
    assert await sandbox.read_file("calc/new.py") == b"x = 1\n\n    y\n"
    assert (await create("empty", sandbox)).ok
    assert await sandbox.read_file("empty") == b""
    await sandbox.run("ln -s nowhere dangling")
    for argument, said in (
        ("calc/new.py\nother", "calc/new.py"),
        ("calc", "calc"),
        ("dangling\nx", "dangling"),
        ("no/such/folder.py\nx", "no/such/folder.py"),
        ("/etc/new\nx", "/etc/new"),
        ("\nx", "first line"),
        ("a\nbad \ud800 text", "not valid text"),
    ):
        result = await create(argument, sandbox)
        assert not result.ok
        assert said in result.output
        assert len(result.output.splitlines()) == 1
    assert await sandbox.read_file("calc/new.py") == b"x = 1\n\n    y\n"


@pytest.mark.engine
class TestSubmit:
    """Patches handed in."""

    submit = SubmitTool(ToolSettings())

    @pytest.fixture
    async def some_box(self, engine: Engine, base_image: str, tmp_path: Path) -> AsyncIterator[Box]:
        source = tmp_path / "source"
        source.mkdir()
        (source / "a.py").write_text("one\ntwo\n")
        (source / "latin.txt").write_bytes(b"caf\xe9\n")
        async with box(engine, base_image, source) as made:
            yield made

    async def test_a_good_patch_is_taken_and_shown(self, some_box: Box) -> None:
        async with some_box.sandbox() as sandbox:
            await sandbox.run("sed -i s/one/1/ a.py; git diff > /tmp/p.patch; cd /tmp")
            result = await self.submit("/tmp/p.patch", sandbox)
            assert result.ok
            assert result.data == {"applies": True}
            assert result.patch is not None
            assert result.patch.encode() == await sandbox.read_file("/tmp/p.patch")
            assert result.output.endswith(result.patch)

    async def test_a_patch_that_is_not_text_is_made_text(self, some_box: Box) -> None:
        async with some_box.sandbox() as sandbox:
            await sandbox.run(r"printf 'n\xe9e\n' >> latin.txt; git diff --text > /tmp/p.patch")
            result = await self.submit("/tmp/p.patch", sandbox)
            assert result.patch is not None
            assert "GIT binary patch" in result.patch
            assert result.data == {"applies": True}

    async def test_one_that_does_not_apply_is_taken_with_a_warning(self, some_box: Box) -> None:
        async with some_box.sandbox() as sandbox:
            await sandbox.run("sed -i s/one/1/ a.py; git diff | sed s/-one/-eins/ > /tmp/p.patch")
            result = await self.submit("/tmp/p.patch", sandbox)
            assert result.data == {"applies": False}
            assert result.patch
            assert "cannot count like this" in result.output

    async def test_what_is_no_patch_is_refused(self, some_box: Box) -> None:
        async with some_box.sandbox() as sandbox:
            await sandbox.run(r"touch empty; echo ' ' > blank; printf 'diff \xe9' > odd")
            for path, said in (
                ("empty", "is empty"),
                ("blank", "is empty"),
                ("a.py", "does not start with `diff`"),
                ("odd", "is not UTF-8"),
                ("missing", "missing"),
                ("/tmp", "/tmp"),
                (" ", "must be the path"),
                ("a.py\nb.py", "must be the path"),
            ):
                result = await self.submit(path, sandbox)
                assert (result.ok, result.patch) == (False, None)
                assert said in result.output
                assert len(result.output.splitlines()) == 1
