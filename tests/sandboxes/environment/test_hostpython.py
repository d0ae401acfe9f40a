"""Interpreters of the host: found where uv and pyenv keep them, and put into base images."""

import os
import platform
import tarfile
import uuid
from pathlib import Path

import pytest

from sandboxes.engine import Engine
from sandboxes.environment.base import BaseSettings, ensure_base, find_base
from sandboxes.environment.hostpython import HostPython, find_host_python
from sandboxes.hostnet import DEBIAN_SUITES
from tests.sandboxes.environment.test_base import look_inside

UV = f"linux-{platform.machine()}-gnu"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Where uv and where pyenv keep their interpreters."""
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path / "uv", tmp_path / "pyenv" / "versions"


def install(folder: Path, python: str, script: str = "#!/bin/sh\nexit 1\n") -> Path:
    """Something that looks like an interpreter."""
    files = {
        f"bin/python{python}": script,
        "bin/pip": "",
        "include/Python.h": "",
        f"lib/python{python}/os.py": "",
        f"lib/python{python}/test/test_os.py": "",
        f"lib/python{python}/site-packages/secret.py": "",
        f"lib/python{python}/config/libpython.a": "",
        f"lib/python{python}/config/Makefile": "",
        "share/man/man1/python.1": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "bin" / f"python{python}").chmod(0o700)
    return folder


def test_the_newest_of_each_python_is_found_and_those_of_uv_first(
    places: tuple[Path, Path],
) -> None:
    uv, pyenv = places
    assert find_host_python("3.8") is None
    for release in ("3.8.9", "3.8.18", "3.10.2", "2.7.18", "3.5.1"):
        install(pyenv / release, release.rpartition(".")[0])
    (pyenv / "3.8.99").mkdir()  # nothing in it
    (pyenv / "3.10.3").symlink_to(pyenv / "3.10.2")
    install(uv / f"cpython-3.10.1-{UV}", "3.10")
    install(uv / f"cpython-3.10.7+freethreaded-{UV}", "3.10")
    install(uv / "cpython-3.10.8-linux-other-gnu", "3.10")
    found = find_host_python("3.8")
    assert found == HostPython("3.8", "3.8.18", pyenv / "3.8.18", "pyenv")
    assert str(found) == "pyenv's Python 3.8.18"
    assert find_host_python("3.10") == HostPython(
        "3.10", "3.10.1", uv / f"cpython-3.10.1-{UV}", "uv"
    )
    for other in ("3.1", "3.9", "2.7", "3.5", "3.", "../3.8", "3.8.18"):
        assert find_host_python(other) is None


def test_what_was_installed_beside_it_stays_behind(tmp_path: Path) -> None:
    folder = install(tmp_path / "a folder" / "3.8.18", "3.8")
    (folder / "bin" / "python3").symlink_to("python3.8")
    HostPython("3.8", "3.8.18", folder, "pyenv").pack(tmp_path / "python.tar")
    with tarfile.open(tmp_path / "python.tar") as tar:
        members = {f"/{each.name}": each for each in tar}
    files = {
        Path(name).relative_to(folder).as_posix()
        for name, member in members.items()
        if not member.isdir()
    }
    assert files == {
        *("bin/python3.8", "bin/python3", "include/Python.h"),
        *("lib/python3.8/os.py", "lib/python3.8/config/Makefile"),
    }
    assert {(each.uid, each.gid, each.uname) for each in members.values()} == {(0, 0, "root")}
    assert members[str(folder / "bin" / "python3.8")].mode & 0o555 == 0o555
    assert members[str(folder / "bin" / "python3")].linkname == "python3.8"


@pytest.mark.engine
@pytest.mark.network
async def test_a_base_image_with_a_python_of_the_host(
    engine: Engine, base_image: str, tmp_path: Path
) -> None:
    there = [f"3.{minor}" for minor in range(8, 15) if f"3.{minor}" not in DEBIAN_SUITES]
    wanted = next((python for python in there if find_host_python(python)), None)
    if wanted is None:
        pytest.skip("neither uv nor pyenv installed a Python here that Debian lacks")
    # No registry answers there, and nobody else has a base image by that name.
    name = f"127.0.0.1:9/foretrace-{uuid.uuid4().hex[:8]}"
    settings = BaseSettings(pull=name + ":{python}", cache=tmp_path)
    try:
        base = await ensure_base(engine, wanted, settings=settings)
        assert (base.python, base.notes) == (wanted, ())
        script = "set -e; python -c 'import sys, ssl; print(sys.version_info[:2], sys.prefix)'"
        said = look_inside(engine, base.id, f"{script}; pip --version; uv --version")
        assert said.startswith(f"(3, {wanted[2:]}) /opt/env")
        assert f"(python {wanted})" in said
    finally:
        made = await find_base(engine, wanted, settings=settings)
        if made is not None:
            await engine.remove_image(made.id)


@pytest.mark.engine
@pytest.mark.network
async def test_one_that_does_not_run_there_is_done_without(
    engine: Engine, base_image: str, places: tuple[Path, Path], tmp_path: Path
) -> None:
    install(places[1] / "3.12.1", "3.12")
    settings = BaseSettings(cache=tmp_path / "cache")
    if await find_base(engine, "3.12", settings=settings) is not None:
        pytest.skip("there is a base image with Python 3.12")
    base = await ensure_base(engine, "3.12", constraint="<3.13", settings=settings)
    if base.python == "3.12":
        await engine.remove_image(base.id)  # a registry gave it
        pytest.skip("a registry gave a Python 3.12")
    assert base.python == "3.11"
    (note,) = base.notes
    assert "pyenv's Python 3.12.1 of this host is no use" in note
    assert "Python 3.11 is used instead" in note
    assert os.linesep not in note
