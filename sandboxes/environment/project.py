"""What a repository says about itself, read without running any of it.

Packaging files are data here: TOML and INI are parsed, Python files only as syntax trees of which
literals are kept. Links are not followed, large files not read, and what cannot be understood is
left out: building the project says so in its own words.
"""

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sandboxes.errors import ConfigurationProblem

_LARGEST = 2 * 1024**2

Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Project:
    """A repository's own statements.

    Attributes:
        packaged: ``pip install .`` means something here.
        backend: the build backend, for the reader.
        requires_python: a version specifier, may be empty.
        pinned_python: ``3.11`` when a file pins the interpreter.
        extras: names of optional dependencies.
        groups: names of dependency groups (PEP 735).
        listed: requirements listed under other tools' names, by that name.
        files: the files that were read, relative, in order.
    """

    packaged: bool
    backend: str = ""
    requires_python: str = ""
    pinned_python: str = ""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    listed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()


def read_text(root: Path, name: str) -> str | None:
    """A file of a checkout as text; None when it is missing, large, or reached through a link."""
    path = root
    for part in PurePosixPath(name).parts:
        path = path / part
        if part == ".." or path.is_symlink():
            return None
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return None


def read_toml(root: Path, name: str) -> Table:
    """A TOML file of a checkout; empty when there is none.

    Raises:
        ConfigurationProblem: it is not TOML.
    """
    text = read_text(root, name)
    if text is None:
        return {}
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationProblem(
            f"the repository's {name} cannot be read: {error}", f"mend {name}, or give --image"
        ) from None


def read_ini(root: Path, name: str) -> configparser.RawConfigParser:
    """An INI file of a checkout; empty when there is none or it cannot be read."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(read_text(root, name) or "")
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def table(data: object, *keys: str) -> Table:
    """A table within tables; empty when something on the way is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def strings(value: object) -> tuple[str, ...]:
    """The strings of a list; a single string is a list of one."""
    if isinstance(value, str):
        return (value,)
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list | tuple) else ()


def lines(text: str) -> tuple[str, ...]:
    """The lines of a value that say something."""
    found = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in text.splitlines())
    return tuple(line for line in found if line)


def read_project(root: Path) -> Project:
    """Read a repository's packaging files.

    Raises:
        ConfigurationProblem: ``pyproject.toml`` is not TOML.
    """
    pyproject = read_toml(root, "pyproject.toml")
    setup_cfg = read_ini(root, "setup.cfg")
    setup_py = _setup_arguments(read_text(root, "setup.py") or "")
    project, poetry = table(pyproject, "project"), table(pyproject, "tool", "poetry")
    has_setup = read_text(root, "setup.py") is not None
    packaged = bool(
        project
        or poetry
        or has_setup
        or table(pyproject, "build-system")
        or setup_cfg.has_section("metadata")
        or table(pyproject, "tool", "flit", "metadata")
    )
    names = ("pyproject.toml", "setup.cfg", "setup.py", "Pipfile", ".python-version")
    return Project(
        packaged=packaged,
        backend=_backend(pyproject, has_setup),
        requires_python=_requires_python(pyproject, setup_cfg, setup_py),
        pinned_python=_pinned_python(root),
        extras=_extras(pyproject, setup_cfg, setup_py),
        groups=tuple(table(pyproject, "dependency-groups")),
        listed=_listed(root, pyproject, setup_cfg, setup_py),
        files=tuple(name for name in names if read_text(root, name) is not None),
    )


def _backend(pyproject: Table, has_setup: bool) -> str:
    backend = table(pyproject, "build-system").get("build-backend")
    if isinstance(backend, str):
        return backend
    return "setuptools" if has_setup or table(pyproject, "project") else ""


def _requires_python(
    pyproject: Table, setup_cfg: configparser.RawConfigParser, setup_py: Table
) -> str:
    poetry = table(pyproject, "tool", "poetry", "dependencies").get("python")
    flit = table(pyproject, "tool", "flit", "metadata").get("requires-python")
    for value in (
        table(pyproject, "project").get("requires-python"),
        flit,
        from_poetry("python", poetry).removeprefix("python") if poetry else None,
        setup_cfg.get("options", "python_requires", fallback=None),
        setup_py.get("python_requires"),
    ):
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _pinned_python(root: Path) -> str:
    pipfile = _toml_or_nothing(root, "Pipfile")
    pins = [
        *(read_text(root, ".python-version") or "").split(),
        *strings(table(pipfile, "requires").get("python_version")),
    ]
    for pin in pins:
        match = re.match(r"(?:cpython-?)?(3\.\d+)(\.\d+)?$", pin)
        if match:
            return match[1]
    return ""


def _toml_or_nothing(root: Path, name: str) -> Table:
    try:
        return read_toml(root, name)
    except ConfigurationProblem:
        return {}


def _extras(
    pyproject: Table, setup_cfg: configparser.RawConfigParser, setup_py: Table
) -> tuple[str, ...]:
    section = "options.extras_require"
    return tuple(
        dict.fromkeys(
            [
                *table(pyproject, "project", "optional-dependencies"),
                *table(pyproject, "tool", "poetry", "extras"),
                *table(pyproject, "tool", "flit", "metadata", "requires-extra"),
                *(setup_cfg.options(section) if setup_cfg.has_section(section) else ()),
                # "test:python_version<'3'" is the extra "test" with a condition.
                *(str(name).partition(":")[0] for name in table(setup_py, "extras_require")),
            ]
        )
    )


def _listed(
    root: Path, pyproject: Table, setup_cfg: configparser.RawConfigParser, setup_py: Table
) -> dict[str, tuple[str, ...]]:
    """Requirements by the name they are listed under, where ``pip`` itself does not see them."""
    tool = table(pyproject, "tool")
    found: dict[str, tuple[str, ...]] = {
        "tests_require": (
            *lines(setup_cfg.get("options", "tests_require", fallback="")),
            *strings(setup_py.get("tests_require")),
        ),
        "dev (uv)": strings(table(tool, "uv").get("dev-dependencies")),
        "dev (poetry)": _poetry(table(tool, "poetry", "dev-dependencies")),
        "dev (Pipfile)": _poetry(table(_toml_or_nothing(root, "Pipfile"), "dev-packages")),
    }
    for name, group in table(tool, "poetry", "group").items():
        found[f"{name} (poetry)"] = _poetry(table(group, "dependencies"))
    for name, group in table(tool, "pdm", "dev-dependencies").items():
        found[f"{name} (pdm)"] = tuple(r for r in strings(group) if not r.startswith("-"))
    for name, env in table(tool, "hatch", "envs").items():
        said = table(env)
        listed = strings(said.get("dependencies")) + strings(said.get("extra-dependencies"))
        # Hatch fills braces in by itself; what holds some is not a requirement yet.
        found[f"{name.removeprefix('hatch-')} (hatch)"] = tuple(r for r in listed if "{" not in r)
    return {name: requirements for name, requirements in found.items() if requirements}


def packages_of_pipfile(root: Path) -> tuple[str, ...]:
    """The requirements of a Pipfile that are not for development."""
    return _poetry(table(_toml_or_nothing(root, "Pipfile"), "packages"))


def _poetry(dependencies: Table) -> tuple[str, ...]:
    found = (from_poetry(name, said) for name, said in dependencies.items() if name != "python")
    return tuple(requirement for requirement in found if requirement)


def from_poetry(name: str, said: object) -> str:
    """A requirement in poetry's or a Pipfile's words as pip reads it; empty when it has none.

    >>> from_poetry("pytest", "^7.1")
    'pytest>=7.1,<8'
    """
    if isinstance(said, list):  # alternatives by marker: the first that gives something
        return next(filter(None, (from_poetry(name, one) for one in said)), "")
    extras, marker, version = "", "", said
    if isinstance(said, dict):
        if {"path", "git", "url", "file"} & said.keys() or said.get("optional") is True:
            return ""
        version = said.get("version", "*")
        extras = f"[{','.join(strings(said.get('extras')))}]" if said.get("extras") else ""
        markers = strings(said.get("markers"))
        marker = f" ; {markers[0]}" if markers else ""
    if not isinstance(version, str):
        return ""
    if "||" in version or "|" in version:
        version = version.replace("||", "|").split("|")[-1]
    parts = [_poetry_constraint(part.strip()) for part in version.split(",")]
    return f"{name}{extras}{','.join(part for part in parts if part)}{marker}"


def _poetry_constraint(constraint: str) -> str:
    match = re.fullmatch(r"([\^~]|~=|)\s*v?(\d+(?:\.\d+)*)(.*)", constraint)
    if constraint in ("", "*") or match is None:
        return "" if constraint == "*" else constraint.replace(" ", "")
    sign, release, rest = match.groups()
    numbers = [int(number) for number in release.split(".")]
    if sign == "~=":
        return f"~={release}{rest}"
    if sign == "":
        return f"=={release}{rest}"
    if sign == "~":
        keep = min(2, len(numbers))
    else:  # the caret allows what does not change the first number that is not 0
        keep = next((i + 1 for i, n in enumerate(numbers) if n), len(numbers))
    upper = [*numbers[: keep - 1], numbers[keep - 1] + 1]
    return f">={release}{rest},<{'.'.join(map(str, upper))}"


def _setup_arguments(source: str) -> dict[str, object]:
    """The arguments of ``setup(...)`` that are literals, or names bound to literals above."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    bound: dict[str, object] = {}
    for statement in module.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            bound[statement.targets[0].id] = _literal(statement.value, bound)
    found: dict[str, object] = {}
    for call in _calls(module):
        name = (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        if name == "setup":
            found |= {k.arg: _literal(k.value, bound) for k in call.keywords if k.arg}
    return {name: value for name, value in found.items() if value is not None}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _literal(node: ast.expr, bound: Mapping[str, object]) -> object:
    """A value that stands in the source, in part where only part of it does; else None."""
    if isinstance(node, ast.Name):
        return bound.get(node.id)
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [value for value in (_literal(e, bound) for e in node.elts) if value is not None]
    if isinstance(node, ast.Dict):
        keys = (_literal(key, bound) if key else None for key in node.keys)
        return {
            key: _literal(value, bound)
            for key, value in zip(keys, node.values, strict=True)
            if isinstance(key, str)
        }
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left, bound), _literal(node.right, bound)
        if isinstance(left, list) and isinstance(right, list):
            return left + right
        return left if isinstance(left, list) else right if isinstance(right, list) else None
    return None


def requirement_files(root: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Requirement files and those they include with ``-r`` and ``-c``, as far as they are there."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting and len(found) < 50:
        name = waiting.pop(0)
        text = read_text(root, name)
        if text is None or name in found:
            continue
        found[name] = None
        for included in re.findall(
            r"^\s*(?:-r|-c|--requirement|--constraint)[ =]+(\S+)", text, re.MULTILINE
        ):
            path = PurePosixPath(name).parent / included
            if ".." in path.parts:
                folded: list[str] = []
                for part in path.parts:
                    if part == ".." and folded:
                        folded.pop()
                    else:
                        folded.append(part)
                path = PurePosixPath(*folded)
            waiting.append(str(path))
    return tuple(found)


_DECIDING_PROJECT = (
    "name",
    "requires-python",
    "dependencies",
    "optional-dependencies",
    "dynamic",
    "scripts",
    "entry-points",
)
_DECIDING_TOOLS = ("flit", "hatch", "hatchling", "pdm", "setuptools", "uv", "tox")


def dependency_content(root: Path, name: str) -> str:
    """The part of a file that decides what gets installed, so that other changes do not count."""
    if name != "pyproject.toml":
        return read_text(root, name) or ""
    data = read_toml(root, name)
    project, tools = table(data, "project"), table(data, "tool")
    poetry = {
        k: v for k, v in table(tools, "poetry").items() if k not in ("version", "description")
    }
    kept = {
        "build-system": data.get("build-system"),
        "dependency-groups": data.get("dependency-groups"),
        "project": {key: project[key] for key in _DECIDING_PROJECT if key in project},
        "tool": {key: tools[key] for key in _DECIDING_TOOLS if key in tools} | {"poetry": poetry},
    }
    return json.dumps(kept, sort_keys=True, default=str)
