"""Detection: what repositories of many kinds lead to, without running anything of them."""

import contextlib
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from sandboxes.environment.detect import (
    EnvironmentPlan,
    EnvironmentSettings,
    plan_environment,
    repository_settings,
)
from sandboxes.environment.project import dependency_content, from_poetry, read_project
from sandboxes.errors import ConfigurationProblem

TOOLS = "uv pip install pytest setuptools wheel"


def plan(
    root: Path, files: dict[str, str], settings: EnvironmentSettings | None = None
) -> EnvironmentPlan:
    """The plan for a repository with these files."""
    write(root, files)
    return plan_environment(root, settings or EnvironmentSettings())


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commands(made: EnvironmentPlan) -> list[str]:
    return [step.command for step in made.steps]


def test_a_pyproject_with_test_extras(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        {
            "pyproject.toml": """
                [build-system]
                requires = ["hatchling"]
                build-backend = "hatchling.build"
                [project]
                name = "thing"
                version = "1"
                requires-python = ">=3.8,<3.11"
                [project.optional-dependencies]
                docs = ["sphinx"]
                tests = ["freezegun"]
                dev = ["ruff"]
            """
        },
    )
    assert commands(made) == [TOOLS, "uv pip install -e '.[tests]'"]
    assert (made.python, made.constraint) == ("3.10", ">=3.8,<3.11")
    assert [step.of_project for step in made.steps] == [False, True]
    assert made.dependency_files == ("pyproject.toml",)


def test_dependency_groups(tmp_path: Path) -> None:
    text = """
        [project]
        name = "thing"
        version = "1"
        [dependency-groups]
        docs = ["sphinx"]
        tests = ["pytest", {include-group = "typing"}]
        typing = ["mypy"]
    """
    made = plan(tmp_path, {"pyproject.toml": text})
    assert commands(made)[1:] == ["uv pip install -e .", "uv pip install --group tests"]
    mine = EnvironmentSettings(groups=("docs",), extras=("a", "b"))
    made = plan(tmp_path, {"pyproject.toml": text}, mine)
    assert commands(made)[1:] == ["uv pip install -e '.[a,b]'", "uv pip install --group docs"]
    assert not made.steps[-1].optional  # the user said so: its failure is one


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ('[tool.poetry.group.test.dependencies]\npytest = "^7.1"', "'pytest>=7.1,<8'"),
        ('[tool.poetry.dev-dependencies]\nmock = "*"\nblack = {path = "../x"}', "mock"),
        ('[tool.pdm.dev-dependencies]\ntest = ["a>1", "-e ./b"]', "'a>1'"),
        ('[tool.hatch.envs.test]\ndependencies = ["c", "{root:uri}/d"]', "c"),
        ('[tool.uv]\ndev-dependencies = ["e"]', "e"),
    ],
)
def test_lists_of_other_tools(tmp_path: Path, listing: str, expected: str) -> None:
    text = '[tool.poetry]\nname = "thing"\n[tool.poetry.dependencies]\npython = "^3.9"\n'
    made = plan(tmp_path, {"pyproject.toml": text + listing})
    assert commands(made)[1:] == ["uv pip install -e .", f"uv pip install {expected}"]
    assert made.constraint == ">=3.9,<4"
    assert made.steps[-1].optional


def test_setup_py_is_read_and_not_run(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        {
            "setup.py": """
import os, sys
os.abort()
EXTRA = ["mock"]
setup(name="thing", python_requires=">=3.6, <3.10",
      tests_require=["nose", "six"] + EXTRA + compute(),
      extras_require={"test:python_version<'3'": [], "docs": read("x")})
"""
        },
    )
    assert commands(made) == [
        TOOLS,
        "uv pip install -e '.[test]'",
        "uv pip install nose six mock",
    ]
    assert made.python == "3.9"


def test_setup_cfg(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        {
            "setup.py": "from setuptools import setup; setup()",
            "setup.cfg": (
                "[metadata]\nname = thing\n[options]\npython_requires = >=3.7\n"
                "[options.extras_require]\ntesting =\n    pytest-mock\n"
                "[tool:pytest]\naddopts = --cov=thing -n auto\ntimeout = 5\n"
            ),
        },
    )
    assert commands(made) == [
        TOOLS,
        "uv pip install -e '.[testing]'",
        "uv pip install pytest-cov pytest-timeout pytest-xdist",
    ]


def test_requirement_files_and_what_they_include(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        {
            "setup.py": "setup()",
            "requirements/test.txt": "-r base.txt\n-c ../constraints.txt\n-r ../../../etc/x",
            "requirements/base.txt": "six",
            "constraints.txt": "six<2",
            "requirements/dev.txt": "ruff",
        },
    )
    assert commands(made)[1:] == ["uv pip install -e .", "uv pip install -r requirements/test.txt"]
    assert made.dependency_files == (
        "setup.py",
        "requirements/test.txt",
        "requirements/base.txt",
        "constraints.txt",
    )


def test_tox_and_nox_are_asked_last(tmp_path: Path) -> None:
    tox = """
[tox]
envlist = py38
[testenv]
deps =
    pytest>=6
    py27: mock
    -r{toxinidir}/t.txt
    {env:EXTRA}   # not ours to fill in
extras = check
[testenv:docs]
deps = sphinx
"""
    files = {"setup.py": "setup(extras_require={'check': []})", "tox.ini": tox, "t.txt": "six"}
    made = plan(tmp_path / "tox", files)
    assert commands(made)[1] == "uv pip install -e '.[check]'"
    made = plan(tmp_path / "tox", {"setup.py": "setup()"})
    assert commands(made)[2:] == ["uv pip install -r t.txt", "uv pip install 'pytest>=6'"]

    nox = """
@nox.session(python=["3.8"])
def tests(session):
    session.install("-r", "missing.txt", "hypothesis>=3", "-e", ".")
    session.install(f"x{session.python}", "a b")
def docs(session):
    session.install("sphinx")
"""
    made = plan(tmp_path / "nox", {"setup.py": "setup()", "noxfile.py": nox})
    assert commands(made)[2:] == ["uv pip install 'hypothesis>=3'"]


def test_a_repository_without_packaging(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        {
            "thing.py": "",
            "src/other.py": "",
            "requirements.txt": "requests",
            "tests/test_thing.py": "import mock, thing, os, sixx\ndef t(mocker): import freezegun",
        },
    )
    first, second, third = commands(made)
    assert first == TOOLS
    assert second.startswith(
        "uv pip install -r requirements.txt\nprintf '%s\\n' /testbed /testbed/src"
    )
    assert third == "uv pip install freezegun mock pytest-mock"
    assert made.notes
    assert "requirements.txt" in made.dependency_files


def test_pins_of_the_interpreter(tmp_path: Path) -> None:
    assert plan(tmp_path, {".python-version": "pypy3\n3.12.1\n"}).python == "3.12"
    (tmp_path / ".python-version").unlink()
    pipfile = '[packages]\nflask = "~=2.0"\n[requires]\npython_version = "3.9"\n'
    made = plan(tmp_path, {"Pipfile": pipfile})
    assert made.python == "3.9"
    assert commands(made)[1].startswith("uv pip install 'flask~=2.0'\n")
    assert plan(tmp_path, {}, EnvironmentSettings(python="3.13.1")).python == "3.13"


def test_the_users_commands_replace_detection(tmp_path: Path) -> None:
    mine = EnvironmentSettings(
        install=("pip install -e . -r r.txt",), requires=("pytest<8", "six"), packages=("gcc",)
    )
    made = plan(tmp_path, {"setup.py": "setup()", "r.txt": "six", "tox.ini": "[testenv]"}, mine)
    assert commands(made) == ["uv pip install 'pytest<8' six", "pip install -e . -r r.txt"]
    assert made.constraints == ("pytest<8",)
    assert "r.txt" in made.dependency_files
    assert "apt-get install gcc" in made.script()
    assert "pip install -e . -r r.txt" in made.script()


def test_requirements_of_the_user_join_and_bind(tmp_path: Path) -> None:
    mine = EnvironmentSettings(requires=("setuptools<70", "pytest[x]<8 ; python_version>'3'", "a"))
    made = plan(tmp_path, {"setup.py": "setup()"}, mine)
    words = "wheel 'setuptools<70' 'pytest[x]<8 ; python_version>'\"'\"'3'\"'\"'' a"
    assert commands(made)[0] == f"uv pip install {words}"
    assert made.constraints == ("setuptools<70", 'pytest<8 ; python_version > "3"')
    other = EnvironmentSettings(test="python -m unittest {tests}")
    assert commands(plan(tmp_path, {}, other))[0] == "uv pip install setuptools wheel"


@pytest.mark.parametrize(
    ("said", "source", "python", "expected"),
    [
        ("auto", date(2020, 5, 5), "3.11", date(2023, 7, 1)),
        ("auto", date(2020, 5, 5), "3.13", date(2025, 7, 1)),
        ("auto", date(2024, 6, 1), "3.11", date(2024, 7, 1)),
        ("auto", date(2024, 12, 31), "3.11", date(2025, 1, 1)),
        ("auto", None, "3.11", None),
        ("auto", date.today(), "3.11", None),
        ("never", date(2020, 5, 5), "3.11", None),
        (date(2021, 1, 1), None, "3.11", date(2021, 1, 1)),
    ],
)
def test_packages_of_the_sources_time(
    tmp_path: Path, said: object, source: date | None, python: str, expected: date | None
) -> None:
    mine = EnvironmentSettings.model_validate({"exclude_newer": said, "python": python})
    made = plan_environment(tmp_path, mine, source_date=source)
    assert made.exclude_newer == expected


def test_old_interpreters_get_pip(tmp_path: Path) -> None:
    made = plan(tmp_path, {"setup.py": "setup(python_requires='<3.8')"})
    assert made.python == "3.7"
    assert commands(made) == ["pip install pytest setuptools wheel", "pip install -e ."]


def test_the_repositorys_own_settings(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "foretrace.toml": (
                'out = "/etc"\n[model]\nurl = 1\n[environment]\npython = "3.9"\ninstall = "make"\n'
            )
        },
    )
    own = repository_settings(tmp_path, EnvironmentSettings())
    assert own.python == "3.9"
    assert own.install == ("make",)
    assert repository_settings(tmp_path, EnvironmentSettings(python="3.13")).python == "3.13"
    mine = EnvironmentSettings(python=None, extras=("x",))  # a flag that was not given
    assert repository_settings(tmp_path, mine).python == "3.9"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[environment", "cannot be read"),
        ("environment = 3", "environment"),
        ("[environment]\npyhton = '3.9'", "environment.pyhton"),
        ("[environment]\npython = '2.7'", "environment.python"),
        ("[environment]\nimage = '../x.tar; rm'", "environment.image"),
        ("[environment]\npackages = ['-o APT::x']", "environment.packages"),
    ],
)
def test_broken_settings_are_one_line(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, {"foretrace.toml": text})
    with pytest.raises(ConfigurationProblem) as raised:
        repository_settings(tmp_path, EnvironmentSettings())
    assert problem in raised.value.message
    assert "\n" not in raised.value.message
    assert raised.value.hint


def test_hostile_and_broken_files_end_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("[environment]\npython = '3.9'\n")
    root = tmp_path / "repository"
    write(
        root,
        {
            "setup.py": "def (:\n\0",
            "setup.cfg": "no section",
            "noxfile.py": "(" * 5000,
            "tox.ini": "[testenv\ndeps = ${",
            "Pipfile": "][",
            "tests/test_x.py": "\udc80".encode("utf-8", "surrogateescape").decode("latin-1"),
        },
    )
    (root / "foretrace.toml").symlink_to(secret)
    (root / "requirements-test.txt").symlink_to("/etc/passwd")
    (root / "tests" / "loop").symlink_to(root)
    assert commands(plan(root, {})) == [TOOLS, "uv pip install -e ."]
    assert repository_settings(root, EnvironmentSettings()).python is None
    with pytest.raises(ConfigurationProblem):
        plan(root, {"pyproject.toml": "[project"})


def test_what_does_not_matter_keeps_the_key(tmp_path: Path) -> None:
    head = '[project]\nname = "x"\ndependencies = ["a"]\n'
    seen = []
    for rest in ('version = "1"', 'version = "2"\n[tool.ruff]\nx = 1', 'dynamic = ["version"]'):
        write(tmp_path, {"pyproject.toml": head + rest})
        seen.append(dependency_content(tmp_path, "pyproject.toml"))
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize(
    ("said", "allowed", "refused"),
    [
        ("^1.2.3", "1.9", "2.0"),
        ("^0.2.3", "0.2.9", "0.3"),
        ("^0", "0.9", "1.0"),
        ("~1.2", "1.2.9", "1.3"),
        ("~1", "1.9", "2"),
        ("1.2.*", "1.2.7", "1.3"),
        (">=1, <2", "1.5", "2.1"),
        ("1.5", "1.5", "1.6"),
        ("^1 || ^3", "3.1", "1.1"),
    ],
)
def test_poetrys_constraints(said: str, allowed: str, refused: str) -> None:
    specifiers = SpecifierSet(from_poetry("x", said).removeprefix("x"))
    assert specifiers.contains(allowed)
    assert not specifiers.contains(refused)


@given(st.text(), st.text(alphabet="[]=\"'\n abc123.,{}^~<>-#", max_size=200))
def test_no_text_breaks_the_reading(first: str, second: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("setup.py", "setup.cfg", "tox.ini", "Pipfile", "noxfile.py", "pytest.ini"):
            (root / name).write_text(first + second, errors="replace")
        (root / "pyproject.toml").write_text(second)
        # Not TOML is the one thing that is said; everything else is left to the build.
        with contextlib.suppress(ConfigurationProblem):
            assert read_project(root).packaged
            assert plan_environment(root, EnvironmentSettings()).steps
