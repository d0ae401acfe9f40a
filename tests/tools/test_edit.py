"""The edit tool: its argument, and real files."""

import pytest

from sandboxes.docker import DockerSandbox
from tools.edit import BadArgument, EditTool, parse
from tools.tool import ToolSettings


def block(path: str, search: str, new: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{new}>>>>>>> REPLACE"


def test_the_argument_is_read_as_it_is_written() -> None:
    assert parse(block(" a.py ", "one\n\n", "two\n") + "\n\n") == ("a.py", [("one\n\n", "two\n")])
    assert parse(block("a", "x\n", "")) == ("a", [("x\n", "")])
    assert parse(block("a", "Title\n=======\n", "T\n")) == (
        "a",
        [("Title\n", "=======\nT\n"), ("Title\n=======\n", "T\n")],
    )


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("", "first line"),
        ("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE", "first line"),
        ("a.py", "not complete"),
        ("a.py\na\n=======\nb", "not complete"),
        ("a.py\n<<<<<<< SEARCH\na\n=======\nb\n", "not complete"),
        ("a.py\n<<<<<<< SEARCH\na\nb\n>>>>>>> REPLACE", "======= is missing"),
        (block("a.py", "a\n", "b\n") + "\n" + block("a.py", "a\n", "b\n")[5:], "one block"),
    ],
)
def test_another_form_is_explained(argument: str, said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        parse(argument)


@pytest.mark.engine
class TestOnFiles:
    """In a real sandbox."""

    edit = EditTool(ToolSettings())

    async def try_on(
        self, sandbox: DockerSandbox, content: bytes, search: str, new: str
    ) -> tuple[bytes, str, bool]:
        await sandbox.write_file("file.txt", content)
        result = await self.edit(block("file.txt", search, new), sandbox)
        return await sandbox.read_file("file.txt"), result.output, result.ok

    async def test_the_rest_of_the_file_stays(self, sandbox: DockerSandbox) -> None:
        for before, search, new, after in (
            (b"a\nb\nc\n", "b\n", "x\ny\n", b"a\nx\ny\nc\n"),
            (b"a\r\nb\r\nc\r\n", "b\n", "x\ny\n", b"a\r\nx\r\ny\r\nc\r\n"),
            (b"a\r\nb\nc\n", "a\nb\n", "a\nx\n", b"a\r\nx\r\nc\n"),
            (b"a\nb", "b\n", "c\n", b"a\nc"),
            (b"a\nb", "b\n", "", b"a\n"),
            (b"\xff\xfe\nb\n\xe9", "b\n", "caf\u00e9\n", b"\xff\xfe\ncaf\xc3\xa9\n\xe9"),
            (b"", "", "new\n", b"new\n"),
            (b"Title\n=======\nx\n", "Title\n=======\n", "Other\n-----\n", b"Other\n-----\nx\n"),
        ):
            content, output, ok = await self.try_on(sandbox, before, search, new)
            assert (content, ok) == (after, True), output

    async def test_it_shows_where_it_was(self, sandbox: DockerSandbox) -> None:
        lines = "".join(f"line {number}\n" for number in range(1, 21)).encode()
        _, output, _ = await self.try_on(sandbox, lines, "line 10\n", "new\nlines\n")
        shown = [line.split("\t") for line in output.splitlines()[1:]]
        assert [number.strip() for number, _ in shown] == [str(n) for n in range(6, 16)]
        assert [text for _, text in shown[4:6]] == ["new", "lines"]

    @pytest.mark.parametrize(
        ("content", "search", "said"),
        [
            (b"a\nb\na\n", "a\n", "matches at lines 1, 3"),
            (b"def f():\n    pass\n", "def f():\n  pass\n", "but for white space"),
            (b"a\n", "zzz\n", "matches nowhere"),
            (b"a b\n", "a\n", "matches nowhere"),
            (b"a\n", "", "search is empty"),
            (b"a\n", "a\n", "are the same"),
            (b"a\0b\n", "a\n", "binary file"),
        ],
    )
    async def test_it_says_why_not(
        self, content: bytes, search: str, said: str, sandbox: DockerSandbox
    ) -> None:
        new = search if "same" in said else "new\n"
        after, output, ok = await self.try_on(sandbox, content, search, new)
        assert (after, ok) == (content, False)
        assert said in output

    async def test_paths_are_the_sandboxes(self, sandbox: DockerSandbox) -> None:
        await sandbox.run("ln -s calc/__init__.py link; printf '#!/bin/sh\\na\\n' > p; chmod +x p")
        for path, said in (
            ("missing.py", "missing.py: "),
            ("calc", "calc: "),
            ("/etc/shadow", "/etc/shadow: "),
            ("~/x", "~/x: "),
            ("../../proc/1/mem", "mem: "),
        ):
            result = await self.edit(block(path, "a\n", "b\n"), sandbox)
            assert not result.ok
            assert said in result.output
            assert len(result.output.splitlines()) == 1
        for path in ("link", "/testbed/calc/__init__.py", "tests/../calc/__init__.py"):
            search = "    return a + b\n"
            assert (await self.edit(block(path, search, "    return 7\n"), sandbox)).ok
            assert b"return 7" in await sandbox.read_file("calc/__init__.py")
            assert (await self.edit(block(path, "    return 7\n", search), sandbox)).ok
        assert (await self.edit(block("p", "a\n", "b\n"), sandbox)).ok
        assert (await sandbox.run("test -L link && test -x p")).ok
