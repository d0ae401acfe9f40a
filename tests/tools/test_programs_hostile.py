"""Programs from repositories that mean harm: bounded, never run, and told in one line."""

import ast
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from tools.programs.program import Gathered, NoProgram, program_for_call, program_for_test
from tools.programs.sources import MOST_FILES

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

MANY = "[" + ", ".join(map(str, range(3_000))) + "]"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(engine: Engine, base_image: str) -> AsyncIterator[DockerSandbox]:
    """One sandbox for all: its test is another one each time."""
    async with DockerSandbox(engine, base_image) as made:
        add = b"def add(a, b):\n    return a + b\n"
        await made.write_file("calc/__init__.py", add, parents=True)
        yield made


async def program(sandbox: DockerSandbox, source: str, test: str = "test_it") -> Gathered:
    await sandbox.write_file("tests/test_it.py", source.encode(), parents=True)
    found = await program_for_test(sandbox, f"tests/test_it.py::{test}")
    ast.parse(found.program.source)
    assert found.tokens <= 12_000
    assert len(found.left_out) < 100
    assert all(len(each.splitlines()) == 1 for each in found.left_out)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "def test_it():\n    assert " + "not " * 500 + "x\nx = 1\n",
        "def test_it():\n    assert a" + ".b" * 500 + "\nimport calc as a\n",
        "def test_it():\n    return " + "[" * 80 + "]" * 80 + "\n",
        "def test_it(): pass; x = 1; y = 2\n",
        "def test_it():\n    '''\n    a\n    '''\n",
        "def test_it(): '''\na'''; assert 1\n",
        "if 1:\n    def test_it():\n        assert f()\n    def f(): pass\n",
        "class A:\n    def m(self): pass\n    x = 1; y = 2\ndef test_it(): A().m\n",
        "class A(object): x = 1; y = 2\ndef test_it(): A().m\n",
        "class A:\n    @property\n    # why\n    def m(self):\n      pass\ndef test_it(): A()\n",
        "class A:\n\n    # why\n\n    def m(self):\n        return 1\ndef test_it(): A\n",
        "\\\n\ndef test_it(): \\\n  assert \\\n 1\n",
        "def test_it():\n\tassert f()\ndef f():\n        if 1:\n        \treturn 1\n",
        "def test_it(): f()\nf = lambda: (\n1,\n\n'''\n\n''')\n",
        "def main(): pass\nmain_ = run_test = 1\ndef test_it(): main(main_, run_test)\n",
        "def test_it(): assert '<|frame_sep|>' '# << START_OF_TRACE' # << START_OF_TRACE\n",
        "# \u202e\x0b\x85\u2028\ndef test_it(): assert '\u2028\x85' #\x0c\n",
        "from . import *\nfrom .. import *\nfrom .... import x\ndef test_it(): x()\n",
        "import tests.test_it as t, calc.calc.calc\ndef test_it(): t.t.t.t.test_it(); calc.calc\n",
        "a = b = c = a\nfor d in [1]: a.e = 1\nwith a as (f, g): f[0] = 1\ndef test_it(): d, f\n",
        "try:\n    import x\nexcept ImportError:\n    x = None\ndef test_it(): x\n",
        "match 1:\n    case x: pass\ndef test_it(): x\n",
    ],
)
async def test_odd_sources_are_programs_that_parse(shared: DockerSandbox, source: str) -> None:
    found = await program(shared, source)
    assert found.included[0] == "tests/test_it.py::test_it"


async def test_what_is_far_too_much_is_cut(shared: DockerSandbox) -> None:
    functions = "".join(f"def f{n}(): return f{n + 1}() + f{n + 2}()\n" for n in range(5_000))
    found = await program(shared, f"{functions}def test_it(): f0()\n")
    assert any("no room" in each or "what comes after" in each for each in found.left_out)
    methods = "".join(f"    def m{n}(self): self.m{n + 1}()\n" for n in range(5_000))
    await program(shared, f"class A:\n{methods}def test_it(): A().m0()\n")
    body = "x = 1\n" * 20_000
    with pytest.raises(NoProgram, match="does not fit"):
        await program(shared, "def test_it():\n" + body.replace("x", "    x"))
    source = "class TestA:\n    def test_it(self):\n" + body.replace("x", "        x")
    with pytest.raises(NoProgram, match="does not fit"):
        await program(shared, source, "TestA::test_it")


async def test_more_files_than_anyone_reads(shared: DockerSandbox) -> None:
    script = (
        "mkdir many; cd many; for n in $(seq 1 400); do "
        'echo "from many.m$((n + 1)) import *; from many.x$n import *; f$n = 1" > m$n.py; done'
    )
    assert (await shared.run(script, state=None)).ok
    stars = "".join(f"from many.m{n} import *\n" for n in range(1, 400))
    found = await program(shared, f"{stars}def test_it(): nowhere()\n")
    assert f"more than the first {MOST_FILES} files" in found.left_out


@pytest.mark.parametrize(
    ("source", "test", "why"),
    [
        (
            f"@p.parametrize('a', {MANY})\n@p.parametrize('b', {MANY})\n"
            f"@p.parametrize('c', [x(), y()])\ndef test_it(a, b, c): pass\n",
            "test_it[z-2999-2999]",
            "cannot be told",
        ),
        (
            "@p.parametrize('a', [x(), y()])\ndef test_it(a): pass\n",
            "test_it[" + "-" * 9_999,
            "long",
        ),
        (
            "".join(f"@pytest.fixture\ndef f{n}(f{n + 1}): pass\n" for n in range(500))
            + "def test_it(f0): pass\n",
            "test_it",
            "needs too many others",
        ),
        ("class A(A): pass\nclass B(C): pass\nclass C(B): pass\n", "B::test_it", "no method"),
        ("test_it = 1\n", "test_it", "no function"),
        ("from tests.test_it import test_it\n", "test_it", "has no test_it"),
    ],
)
async def test_what_cannot_be_told_is_one_line(
    shared: DockerSandbox, source: str, test: str, why: str
) -> None:
    with pytest.raises(NoProgram, match=why) as caught:
        await program(shared, source, test)
    assert len(str(caught.value).splitlines()) == 1


async def test_a_file_is_named_in_any_way(shared: DockerSandbox) -> None:
    for path in ("calc/__init__.py", "./calc/../calc/__init__.py", "/testbed/calc/__init__.py"):
        found = await program_for_call(shared, path, "add(1, 2)")
        assert found.included == ("calc/__init__.py::add",)
    for path in ("/etc/hosts.py", "../etc/x.py", ".git/hooks/x.py", "", "calc", "a\nb.py", "\0"):
        with pytest.raises(NoProgram) as caught:
            await program_for_call(shared, path, "add(1, 2)")
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ("@mock.patch('a.b')\ndef test_it(made, x): ...", "test_it(x=x())"),
        ("@mock.patch('a.b', 1)\ndef test_it(x): ...", "test_it(x())"),
        ("@mock.patch('a.b', new=1)\ndef test_it(x): ...", "test_it(x())"),
        ("@patch.object(a, 'b')\n@patch('c')\ndef test_it(c, b, x): ...", "test_it(x=x())"),
        ("def test_it(x, /, *, y, z=1): ...", "test_it(x(), y=y())"),
        ("@pytest.mark.parametrize('z', [2])\ndef test_it(x, z=1): ...", "test_it(x(), z=2)"),
        ("def test_it(x, y, z=1, *a, **k): ...", "test_it(x(), y())"),
        ("async def test_it(x): ...", "asyncio.run(test_it(x()))"),
    ],
)
async def test_how_a_test_is_called(shared: DockerSandbox, head: str, call: str) -> None:
    fixtures = "@pytest.fixture\ndef x(): return 1\n@pytest.fixture\ndef y(): return 2\n"
    await shared.write_file("tests/test_it.py", f"{fixtures}{head}\n".encode(), parents=True)
    given = "[2]" if "z=2" in call else ""
    found = await program_for_test(shared, f"tests/test_it.py::test_it{given}")
    assert found.call == call
