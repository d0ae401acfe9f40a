"""Which functions a patch changes."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.errors import FileProblem
from tools.programs.changes import ChangedFunction, changed_functions, changed_lines

BEFORE = '''\
import os
LIMIT = 1

class Shop:
    """Sells."""

    name = "a"

    def open(self):
        return True

    @property
    def late(self):
        def inner():
            return 1
        return inner()


if os.name:
    def f():
        return 1
else:
    def f():
        return 2


def last(): return 3
'''


class Folder:
    """Changes a file of a repository, and reads what becomes of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "-q")
        self.write(BEFORE, "a.py")
        self.git("add", ".")
        self.git("-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-qm", "First")

    def git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=self.path, capture_output=True, check=True)
        return done.stdout.decode()

    def write(self, text: str, name: str) -> None:
        (self.path / name).write_text(text)

    async def read(self, path: str) -> bytes:
        if not (self.path / path).is_file():
            raise FileProblem(f"{path} is missing", "missing")
        return (self.path / path).read_bytes()

    async def changed(self, *options: str) -> list[ChangedFunction]:
        return await changed_functions(self.git("diff", *options), self.read)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    ("was", "becomes", "name", "lines"),
    [
        ("return True", "return False", "Shop.open", (10,)),
        ("        return True\n", "", "Shop.open", ()),
        ("LIMIT = 1", "LIMIT = 2", "LIMIT", (2,)),
        ('name = "a"', 'name = "b"', "Shop", (7,)),
        (
            "            return 1",
            "            return 5\n            return 6",
            "Shop.late",
            (15, 16),
        ),
        ("        return 2", "        return 4", "f", (24,)),
        ("return 3", "return 4", "last", (27,)),
        ("@property", "@staticmethod", "Shop.late", (12,)),
        ("import os\n", "import sys\n", None, ()),
    ],
)
@pytest.mark.parametrize("context", ["-U0", "-U3"])
async def test_a_changed_line_is_its_functions(
    folder: Folder, was: str, becomes: str, name: str | None, lines: tuple[int, ...], context: str
) -> None:
    assert was in BEFORE
    folder.write(BEFORE.replace(was, becomes), "a.py")
    found = await folder.changed(context)
    if name is None or not lines:  # what is left of a function without a body does not parse
        assert found == []
    else:
        assert found == [ChangedFunction("a.py", name, lines)]


async def test_new_renamed_odd_and_removed_files(folder: Folder) -> None:
    (folder.path / "a.py").rename(folder.path / "b é.py")
    folder.write("def g():\n    return 1\n", "new.py")
    folder.write("def g(:\n", "bad.py")
    folder.write("return 1\n", "text.txt")
    folder.git("add", "-A")
    found = await folder.changed("--cached", "--no-renames")
    assert {(each.path, each.name) for each in found} >= {("new.py", "g"), ("b é.py", "Shop.open")}
    assert {each.path for each in found} == {"new.py", "b é.py"}
    assert found == await folder.changed("--cached", "--no-renames", "-U0")


def test_lines_that_look_like_headers_are_lines() -> None:
    diff = (
        "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n"
        "---- a/y.py\n++++ b/y.py\n+@@ -9 +9 @@\n same\n"
        "@@ -10 +11 @@ def f():\n-a\n\\ No newline at end of file\n+b\n"
        "--- a/gone.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n"
    )
    assert changed_lines(diff) == {"x.py": [1, 2, 11]}


@given(
    st.lists(
        st.sampled_from(
            [
                "+++ b/x.py",
                "--- a/x.py",
                "@@ -1 +1 @@",
                "@@ -0,0 +1,99 @@",
                "+a",
                "-b",
                " c",
                "\\",
                "",
            ]
        )
        | st.text(max_size=9)
    )
)
def test_whatever_the_diff_is_nothing_is_raised(lines: list[str]) -> None:
    found = changed_lines("\n".join(lines))
    assert all(number > 0 for each in found.values() for number in each)
