"""What a repository's tests need besides the project: hints outside of the packaging files.

Tox and nox configurations, requirement files with telling names, options in pytest's configuration
that come from plugins, and imports in test files. Hints are guesses: what they lead to is installed
where it can be, and its failure does not end a build.
"""

import ast
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandboxes.environment.project import (
    Table,
    lines,
    read_ini,
    read_text,
    read_toml,
    strings,
    table,
)
from sandboxes.errors import ConfigurationProblem

_FOLDERS = ("", "requirements/", "tests/", "test/", "reqs/", "dev/")
_TEST_FILES = (
    "requirements-test",
    "requirements-tests",
    "requirements-testing",
    "requirements_test",
    "requirements_tests",
    "test-requirements",
    "test_requirements",
    "requirements.test",
    "tests",
    "test",
    "testing",
)
_DEV_FILES = (
    "requirements-dev",
    "requirements_dev",
    "dev-requirements",
    "dev_requirements",
    "requirements.dev",
    "dev",
    "develop",
    "development",
)

# Options of pytest that a plugin brings: without it, pytest refuses to start.
_OPTIONS = {
    r"--(no-)?cov\b": "pytest-cov",
    r"--timeout\b": "pytest-timeout",
    r"(-n ?(\d|auto|logical)|--numprocesses|--dist|--maxprocesses)": "pytest-xdist",
    r"--reruns\b": "pytest-rerunfailures",
    r"--benchmark-": "pytest-benchmark",
    r"--random-order": "pytest-random-order",
    r"--randomly-": "pytest-randomly",
    r"--(html|self-contained-html)\b": "pytest-html",
    r"--flake8\b": "pytest-flake8",
    r"--isort\b": "pytest-isort",
    r"--black\b": "pytest-black",
    r"--mypy\b": "pytest-mypy",
    r"--pylint\b": "pytest-pylint",
    r"--ruff\b": "pytest-ruff",
    r"--doctest-plus\b": "pytest-doctestplus",
    r"--(disable-socket|allow-hosts)\b": "pytest-socket",
    r"--asyncio-mode\b": "pytest-asyncio",
    r"--ds\b": "pytest-django",
    r"--snapshot-": "syrupy",
    r"--(no-success-flaky-report|force-flaky)\b": "flaky",
    r"--mpl\b": "pytest-mpl",
    r"--xdoc(test)?\b": "xdoctest",
    r"--checkdocs\b": "pytest-checkdocs",
}
_SETTINGS = {
    r"timeout(_method|_func_only)?": "pytest-timeout",
    r"asyncio_(mode|default_\w+)": "pytest-asyncio",
    r"django_settings_module": "pytest-django",
    r"env|env_files": "pytest-env",
}

# What tests often import, by module, and the distribution that brings it. A list, not a rule: the
# name of an unknown module must never decide what is installed.
_IMPORTED = {
    "aiohttp": "aiohttp",
    "anyio": "anyio",
    "attr": "attrs",
    "case": "case",
    "dateutil": "python-dateutil",
    "ddt": "ddt",
    "dirty_equals": "dirty-equals",
    "faker": "faker",
    "fakeredis": "fakeredis",
    "flaky": "flaky",
    "freezegun": "freezegun",
    "httpx": "httpx",
    "hypothesis": "hypothesis",
    "jinja2": "jinja2",
    "jsonschema": "jsonschema",
    "mock": "mock",
    "nose": "nose",
    "packaging": "packaging",
    "parameterized": "parameterized",
    "pretend": "pretend",
    "psutil": "psutil",
    "pyfakefs": "pyfakefs",
    "pytest_asyncio": "pytest-asyncio",
    "pytest_benchmark": "pytest-benchmark",
    "pytest_httpserver": "pytest-httpserver",
    "pytest_mock": "pytest-mock",
    "pytest_subtests": "pytest-subtests",
    "pytz": "pytz",
    "requests": "requests",
    "requests_mock": "requests-mock",
    "responses": "responses",
    "simplejson": "simplejson",
    "six": "six",
    "sybil": "sybil",
    "testfixtures": "testfixtures",
    "time_machine": "time-machine",
    "toml": "toml",
    "tomli": "tomli",
    "trio": "trio",
    "typing_extensions": "typing-extensions",
    "werkzeug": "werkzeug",
    "yaml": "pyyaml",
}
_PLUGIN_FIXTURES = {
    "mocker": "pytest-mock",
    "freezer": "pytest-freezer",
    "benchmark": "pytest-benchmark",
}
_MOST_TEST_FILES = 400


@dataclass(frozen=True, slots=True)
class Hint:
    """Something that says what tests need.

    Attributes:
        source: where it stands.
        requirements: what to install, as requirements.
        files: requirement files to install from.
        extras: optional dependencies of the project that it asks for.
        groups: dependency groups it asks for.
    """

    source: str
    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.requirements or self.files or self.extras or self.groups)


def requirement_file_hint(root: Path) -> Hint:
    """Requirement files named for tests, else those named for development."""
    for names in (_TEST_FILES, _DEV_FILES):
        found: list[str] = []
        for folder in _FOLDERS:
            named = names if folder else [n for n in names if "requirements" in n]
            for name in [*named, "requirements"] if folder[:4] in ("test", "dev/") else named:
                for ending in (".txt", ".in"):
                    if not found and read_text(root, f"{folder}{name}{ending}") is not None:
                        found.append(f"{folder}{name}{ending}")
        if found:
            return Hint(found[0], files=tuple(found))
    return Hint("")


def tox_hint(root: Path) -> Hint:
    """The dependencies of tox's test environments."""
    for name in ("tox.ini", "setup.cfg", "pyproject.toml", "tox.toml"):
        if name.endswith(".toml"):
            data = _toml(root, name)
            data = table(data, "tool", "tox") if name == "pyproject.toml" else data
            legacy = data.get("legacy_tox_ini")
            hint = (
                _tox_ini(root, name, legacy) if isinstance(legacy, str) else _tox_toml(name, data)
            )
        else:
            hint = _tox_ini(root, name, read_text(root, name) or "")
        if hint:
            return hint
    return Hint("")


def _toml(root: Path, name: str) -> Table:
    try:
        return read_toml(root, name)
    except ConfigurationProblem:
        return {}


def _tox_ini(root: Path, name: str, text: str) -> Hint:
    sections = re.split(r"^\[([^\]]+)\]", text, flags=re.MULTILINE)
    found: dict[str, list[str]] = {"deps": [], "extras": [], "dependency_groups": []}
    wanted = re.compile(r"(tox:)?testenv(:(unit)?tests?|:\{?py[^:]*)?$")
    for title, body in zip(sections[1::2], sections[2::2], strict=False):
        if not wanted.match(title.strip()):
            continue
        for option, values in found.items():
            match = re.search(rf"^{option}\s*=(.*(?:\n[ \t]+.*|\n\s*)*)", body, re.MULTILINE)
            if match:
                values += lines(match[1])
    requirements, files = [], []
    for line in found["deps"]:
        # A condition before the colon is a factor such as "py38"; without it the line is for all.
        line = re.sub(r"\{(toxinidir|tox_root)\}/?", "", line)
        file = re.match(r"(?:-r|--requirement)[ =]*(\S+)", line)
        if file and read_text(root, file[1]) is not None:
            files.append(file[1])
        elif not file and "{" not in line and not line.startswith("-") and _is_requirement(line):
            requirements.append(line)
    separate = [word for value in found["extras"] for word in re.split(r"[\s,]+", value) if word]
    groups = [word for value in found["dependency_groups"] for word in re.split(r"[\s,]+", value)]
    return Hint(
        name,
        tuple(dict.fromkeys(requirements)),
        tuple(dict.fromkeys(files)),
        tuple(word for word in separate if re.fullmatch(r"[\w.-]+", word)),
        tuple(word for word in groups if re.fullmatch(r"[\w.-]+", word)),
    )


def _tox_toml(name: str, data: Table) -> Hint:
    requirements: list[str] = []
    extras: list[str] = []
    groups: list[str] = []
    environments = table(data, "env")
    for base in (table(data, "env_run_base"), *(table(environments, e) for e in ("test", "tests"))):
        requirements += [r for r in strings(base.get("deps")) if _is_requirement(r)]
        extras += strings(base.get("extras"))
        groups += strings(base.get("dependency_groups"))
    return Hint(name, tuple(requirements), (), tuple(extras), tuple(groups))


def nox_hint(root: Path) -> Hint:
    """What ``session.install`` gets in a noxfile's test sessions, where it is written out."""
    try:
        module = ast.parse(read_text(root, "noxfile.py") or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Hint("")
    words: list[str] = []
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef) and re.match(
            r"(unit_?)?tests?($|_)", function.name
        ):
            words += _installed(function)
    requirements, files, extras = [], [], []
    waiting = iter(words)
    for word in waiting:
        if word in ("-r", "--requirement"):
            files.append(next(waiting, ""))
        elif match := re.match(r"\.\[([^\]]*)\]$", word):
            extras += re.split(r"\s*,\s*", match[1])
        elif _is_requirement(word):
            requirements.append(word)
    files = [file for file in files if read_text(root, file) is not None]
    return Hint("noxfile.py", tuple(requirements), tuple(files), tuple(extras))


def _installed(function: ast.FunctionDef) -> Iterator[str]:
    for call in ast.walk(function):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "install"
        ):
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def _is_requirement(text: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text).url is None
    except InvalidRequirement:
        return False


def plugin_hint(root: Path) -> Hint:
    """The plugins that pytest's configuration cannot do without."""
    settings: dict[str, object] = {}
    found: list[str] = []
    for name, section in (
        ("pytest.ini", "pytest"),
        ("tox.ini", "pytest"),
        ("setup.cfg", "tool:pytest"),
    ):
        parser = read_ini(root, name)
        if parser.has_section(section):
            settings |= dict(parser.items(section))
    settings |= table(_toml(root, "pyproject.toml"), "tool", "pytest", "ini_options")
    addopts = settings.get("addopts", "")
    text = addopts if isinstance(addopts, str) else " ".join(strings(addopts))
    found += [p for option, p in _OPTIONS.items() if re.search(rf"(?<!\S){option}", text)]
    found += [
        plugin
        for pattern, plugin in _SETTINGS.items()
        if any(re.fullmatch(pattern, name, re.IGNORECASE) for name in settings)
    ]
    required = settings.get("required_plugins", "")
    required = required if isinstance(required, str) else " ".join(strings(required))
    found += [word for word in required.split() if _is_requirement(word)]
    return Hint("pytest's configuration", tuple(dict.fromkeys(found)))


def import_hint(root: Path) -> Hint:
    """Well-known test libraries that test files import or whose fixtures they use."""
    found: set[str] = set()
    for path in _test_files(root):
        try:
            tree = ast.parse(read_text(root, str(path.relative_to(root))) or "")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= {a.arg for a in node.args.args if a.arg in _PLUGIN_FIXTURES}
    own = {path.stem if path.suffix == ".py" else path.name for path in _top_level(root)}
    known = {**_IMPORTED, **_PLUGIN_FIXTURES}
    needed = {known[name] for name in found - own - sys.stdlib_module_names if name in known}
    return Hint("imports of the tests", tuple(sorted(needed)))


def _top_level(root: Path) -> Iterator[Path]:
    for folder in (root, root / "src", root / "lib"):
        if folder.is_dir() and not folder.is_symlink():
            yield from folder.iterdir()


def _test_files(root: Path) -> list[Path]:
    found: list[Path] = []
    folders = [root]
    while folders and len(found) < _MOST_TEST_FILES:
        try:
            entries = sorted(folders.pop().iterdir())
        except OSError:
            continue
        for path in entries:
            if path.is_symlink() or path.name.startswith("."):
                continue
            if path.is_dir():
                if path.name not in ("node_modules", "vendor", "_vendor", "docs", "examples"):
                    folders.append(path)
            elif re.match(r"(test_.*|.*_tests?|tests?|conftest)\.py$", path.name):
                found.append(path)
    return found


def quoted(words: tuple[str, ...]) -> str:
    """Words for a shell."""
    return " ".join(shlex.quote(word) for word in words)
