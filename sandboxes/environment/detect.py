"""How a repository's environment is made: what the user says, else what its files say.

Detection is static. Its result is a plan: commands in the words of `uv` and `pip`, to be run in
order in a container that holds the repository; a reader can follow them, and ``foretrace env build
--show`` prints them. `EnvironmentSettings` overrides any part of it.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sandboxes.environment.project import (
    Project,
    packages_of_pipfile,
    read_project,
    read_text,
    read_toml,
    requirement_files,
)
from sandboxes.environment.testhints import (
    Hint,
    import_hint,
    nox_hint,
    plugin_hint,
    quoted,
    requirement_file_hint,
    tox_hint,
)
from sandboxes.errors import ConfigurationProblem

SETTINGS_FILE = "foretrace.toml"

_TEST_NAME = re.compile(
    r"(unit[-_.]?)?(tests?|testing|pytest)([-_.]?(deps|dependencies|require\w*))?$"
)
_DEV_NAME = re.compile(r"(all[-_.]?)?dev(el|elop|elopment)?([-_.]?(deps|dependencies))?$")
# Programs that make environments of their own are no use inside of one.
_RUNNERS = re.compile(r"(tox|nox|hatch|virtualenv|pre-commit|build|twine)\b(?!-)", re.IGNORECASE)
_KNOWN_PYTHONS = tuple(f"3.{minor}" for minor in range(6, 16))
_UV_OLDEST = 8


class EnvironmentSettings(BaseModel):
    """``[environment]`` of a ``foretrace.toml``: of the user's, or of the repository's own.

    The repository's is untrusted. What it says decides what runs inside its own build container,
    as its ``setup.py`` does, and nothing else; the user's settings win over it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    python: str | None = Field(default=None, pattern=r"^3\.\d+(\.\d+)?$")
    """The interpreter, as ``3.11``."""

    install: tuple[str, ...] | None = None
    """Commands that install the project and all its tests need, instead of what is detected."""

    packages: tuple[str, ...] = ()
    """Debian packages to install first, such as ``gcc`` or ``libxml2-dev``."""

    extras: tuple[str, ...] | None = None
    """The project's extras to install; None for those that look like tests'."""

    groups: tuple[str, ...] | None = None
    """Its dependency groups to install; None for those that look like tests'."""

    requires: tuple[str, ...] = ()
    """Requirements to add, as for pip; those with versions also bind every other choice, the
    build's own included: ``["pytest<8", "setuptools<70"]``."""

    image: str | None = Field(default=None, pattern=r"^[\w][\w./:@-]*$", max_length=300)
    """An image, by name, that already holds the environment: nothing is installed."""

    test: str | None = None
    """The command that runs tests, with ``{tests}`` and ``{junit}`` to be replaced."""

    exclude_newer: date | Literal["auto", "never"] = "auto"
    """Take no package uploaded after this day. ``auto``: the end of the source's own month, so that
    old sources meet the packages of their time; ``never``: no such limit."""

    step_seconds: float = Field(default=1800.0, gt=0)
    """How long one command of a build may take."""

    @field_validator("install", mode="before")
    @classmethod
    def _one_command(cls, install: object) -> object:
        return (install,) if isinstance(install, str) else install

    @field_validator("packages")
    @classmethod
    def _package_names(cls, packages: tuple[str, ...]) -> tuple[str, ...]:
        for name in packages:
            if not re.fullmatch(r"[a-z0-9][a-z0-9+.:-]*", name):
                raise ValueError(f"{name!r} is not the name of a Debian package")
        return packages


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a plan.

    Attributes:
        command: for bash, in the repository's folder, as the unprivileged user.
        of_project: it installs the project itself, and runs again for each commit.
        optional: it was only guessed that it is needed; its failure does not end the build.
    """

    command: str
    of_project: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """How an environment is made.

    Attributes:
        python: the interpreter that is wanted.
        constraint: what others will do, as in ``requires-python``.
        packages: Debian packages.
        steps: the commands, in order.
        dependency_files: the files that decide what gets installed, relative.
        exclude_newer: packages uploaded later are not seen; None for no limit.
        constraints: versions that bind every step.
        notes: what the user should know.
    """

    python: str
    constraint: str = ""
    packages: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    dependency_files: tuple[str, ...] = ()
    exclude_newer: date | None = None
    constraints: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def script(self) -> str:
        """The plan as a script for a reader."""
        head = [f"# Python {self.python}{f' ({self.constraint})' if self.constraint else ''}"]
        head += [f"# {note}" for note in self.notes]
        if self.packages:
            head.append(f"apt-get install {quoted(self.packages)}")
        if self.exclude_newer:
            head.append(f"export UV_EXCLUDE_NEWER={self.exclude_newer}")
        if self.constraints:
            head.append(f"# everywhere: {', '.join(self.constraints)}")
        steps = [f"{s.command}{'  || true' if s.optional else ''}" for s in self.steps]
        return "\n".join([*head, *steps, ""])


def repository_settings(root: Path, settings: EnvironmentSettings) -> EnvironmentSettings:
    """The user's settings, completed by what the repository's own ``foretrace.toml`` says.

    Raises:
        ConfigurationProblem: that file is not TOML, or its ``[environment]`` makes no sense.
    """
    said = read_toml(root, SETTINGS_FILE).get("environment")
    if said is None:
        return settings
    try:
        own = EnvironmentSettings.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(["environment", *(str(part) for part in first["loc"])])
        raise ConfigurationProblem(
            f"the repository's {SETTINGS_FILE}: {place}: {first['msg']}", f"mend {SETTINGS_FILE}"
        ) from None
    mine = {name: getattr(settings, name) for name in settings.model_fields_set}
    # None says nothing: flags that were not given arrive like that.
    return own.model_copy(update={n: v for n, v in mine.items() if v is not None})


def plan_environment(
    root: Path,
    settings: EnvironmentSettings,
    *,
    default_python: str = "3.11",
    source_date: date | None = None,
) -> EnvironmentPlan:
    """Make a plan for a checkout.

    Args:
        root: the checkout; nothing of it is run.
        settings: what the user, and the repository's own settings file, say.
        default_python: for projects that leave it open.
        source_date: when the source was current, if that is known.

    Raises:
        ConfigurationProblem: ``pyproject.toml`` is not TOML.
    """
    project = read_project(root)
    python = settings.python or choose_python(project, default_python)
    python = ".".join(python.split(".")[:2])
    minor = int(python.split(".")[1])
    install = "uv pip install" if minor >= _UV_OLDEST else "pip install"
    notes: list[str] = []
    files: list[str] = [*project.files]
    if settings.install is not None:
        steps = [Step(command, of_project=True) for command in settings.install]
        if settings.requires:
            steps.insert(0, Step(f"{install} {quoted(settings.requires)}"))
        cutoff = settings.exclude_newer if isinstance(settings.exclude_newer, date) else None
        named = re.findall(r"-r\s*(\S+)", " ".join(settings.install))
        files += requirement_files(root, named)
    else:
        steps = _detected(root, project, settings, install, minor, files, notes)
        cutoff = _cutoff(settings, source_date, minor)
    return EnvironmentPlan(
        python=python,
        constraint="" if settings.python else project.requires_python,
        packages=settings.packages,
        steps=tuple(steps),
        dependency_files=tuple(dict.fromkeys(files)),
        exclude_newer=cutoff,
        constraints=tuple(filter(None, map(_constraint, settings.requires))),
        notes=tuple(notes),
    )


def choose_python(project: Project, default: str) -> str:
    """The Python for a project: the pinned one, else the nearest to the default that it allows."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(project.requires_python)
    except InvalidSpecifier:
        allowed = SpecifierSet()

    def fits(python: str) -> bool:
        # Some patch release of it will do: ">=3.8.1" and "<=3.11" both mean the minor version.
        return allowed.contains(f"{python}.99") or allowed.contains(python)

    if project.pinned_python and fits(project.pinned_python):
        return project.pinned_python
    wanted = int(default.split(".")[1])
    fitting = [python for python in _KNOWN_PYTHONS if fits(python)]
    return min(fitting, key=lambda p: abs(int(p.split(".")[1]) - wanted), default=default)


def _cutoff(settings: EnvironmentSettings, source_date: date | None, minor: int) -> date | None:
    """The day after which no upload is seen; None for no limit.

    Old sources want the packages of their time, but packages older than the interpreter do not run
    on it: not before the summer after its release, nor before installers agreed on how editable
    installs are built. The day is the first of a month, so that neighbouring commits share it.
    """
    if isinstance(settings.exclude_newer, date):
        return settings.exclude_newer
    if settings.exclude_newer == "never" or source_date is None or minor < _UV_OLDEST:
        return None
    known_good = max(date(2012 + minor, 7, 1), date(2023, 7, 1))
    months = source_date.year * 12 + source_date.month  # the month after
    day = max(date(months // 12, months % 12 + 1, 1), known_good)
    return day if day < date.today() else None


def _constraint(requirement: str) -> str:
    """A requirement as a constraint, which must have a version and no extras."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed = Requirement(requirement)
    except InvalidRequirement:
        return ""
    if parsed.url or not parsed.specifier:
        return ""
    return f"{parsed.name}{parsed.specifier}{f' ; {parsed.marker}' if parsed.marker else ''}"


def _detected(
    root: Path,
    project: Project,
    settings: EnvironmentSettings,
    install: str,
    minor: int,
    files: list[str],
    notes: list[str],
) -> list[Step]:
    """The steps that a repository's files lead to; adds the files they depend on and notes."""
    hints = [h for h in (tox_hint(root), nox_hint(root)) if h]
    extras = _chosen(settings.extras, project.extras, [e for h in hints for e in h.extras])
    groups = _chosen(settings.groups, project.groups, [g for h in hints for g in h.groups])
    listed = _listed(project) if settings.groups is None else ()
    tools = _tools(settings, minor)
    steps = [Step(f"{install} {quoted(tools)}")] if tools else []
    steps.append(_project_step(root, project, extras, install, files, notes))
    if groups and minor >= _UV_OLDEST:
        words = " ".join(f"--group {name}" for name in groups)
        steps.append(Step(f"{install} {words}", optional=settings.groups is None))
    if listed:
        steps.append(Step(f"{install} {quoted(listed)}", optional=True))
    hint = Hint("")
    if not (extras or groups or listed):
        hint = next(filter(None, [requirement_file_hint(root), *hints]), hint)
        steps += _hint_steps(hint, install)
        files += requirement_files(root, hint.files)
        files += [hint.source] if hint and hint.source not in files else []
    needed = {*plugin_hint(root).requirements, *import_hint(root).requirements}
    needed -= {*tools, *listed, *hint.requirements}
    if needed:
        steps.append(Step(f"{install} {quoted(tuple(sorted(needed)))}", optional=True))
    return steps


def _tools(settings: EnvironmentSettings, minor: int) -> tuple[str, ...]:
    """What every environment gets: pytest unless tests run otherwise, and the user's wishes."""
    named = {
        re.split(r"[\s\[<>=!~;@]", r.strip(), maxsplit=1)[0].lower() for r in settings.requires
    }
    tools = ["pytest"] if settings.test is None or "pytest" in settings.test else []
    # Environments of these Pythons used to come with setuptools: older tests count on it.
    tools += ["setuptools", "wheel"] if minor < 12 else []
    return (*(tool for tool in tools if tool not in named), *settings.requires)


def _chosen(
    said: tuple[str, ...] | None, offered: tuple[str, ...], hinted: list[str]
) -> tuple[str, ...]:
    """The extras or groups to install: the user's, else the tests', else the developers'."""
    if said is not None:
        return said
    tests = [name for name in offered if _TEST_NAME.match(name.lower())]
    tests = tests or [name for name in offered if name in hinted]
    return tuple(tests or [name for name in offered if _DEV_NAME.match(name.lower())][:1])


def _listed(project: Project) -> tuple[str, ...]:
    """Requirements that tools other than pip know, for tests, else for developers."""
    for pattern in (_TEST_NAME, _DEV_NAME):
        found = [
            requirement
            for name, requirements in project.listed.items()
            if pattern.match(name.partition(" ")[0])
            or (name, pattern) == ("tests_require", _TEST_NAME)
            for requirement in requirements
            if not _RUNNERS.match(requirement)
        ]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def _project_step(
    root: Path,
    project: Project,
    extras: tuple[str, ...],
    install: str,
    files: list[str],
    notes: list[str],
) -> Step:
    """The step that makes the project importable."""
    if project.packaged:
        place = f".[{','.join(extras)}]" if extras else "."
        return Step(f"{install} -e {quoted((place,))}", of_project=True)
    notes.append("no packaging files: the repository's folder is put on Python's path")
    folders = ["/testbed"] + (["/testbed/src"] if (root / "src").is_dir() else [])
    path = "$(python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')/testbed.pth"
    command = f"printf '%s\\n' {quoted(tuple(folders))} > \"{path}\""
    if read_text(root, "requirements.txt") is not None:
        files += requirement_files(root, ["requirements.txt"])
        command = f"{install} -r requirements.txt\n{command}"
    elif packages := packages_of_pipfile(root):
        command = f"{install} {quoted(packages)}\n{command}"
    return Step(command)


def _hint_steps(hint: Hint, install: str) -> list[Step]:
    steps = [Step(f"{install} {quoted(('-r', file))}", optional=True) for file in hint.files]
    if hint.requirements:
        steps.append(Step(f"{install} {quoted(hint.requirements)}", optional=True))
    return steps
