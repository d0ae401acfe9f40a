"""The texts a model is told: read from files, a user's own in place of ours, and filled in.

A file is plain text with ``$name`` for what is filled in, and ``$$`` for a dollar. What is filled
in is never looked at again: an issue may be full of dollars.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import ConfigProblem
from agent.issue import first_problem

_NAMES: dict[str, frozenset[str]] = {
    "text.md": frozenset({"repository", "turns", "context", "timeout", "tools"}),
    "native.md": frozenset({"repository", "turns", "context", "timeout"}),
    "chat.md": frozenset({"environment"}),
    "issue.md": frozenset({"issue", "tests", "repository"}),
}
"""The files, and what may be filled in there."""

_MESSAGES = "messages.toml"
_SUFFIXES = {".md", ".toml"}

_MESSAGE_NAMES: dict[str, frozenset[str]] = {
    "tests": frozenset({"tests"}),
    "nearly_full": frozenset({"tokens"}),
}
_FORMAT_NAMES = frozenset({"detail", "tools"})
"""What may be filled in there; the other messages stay as they are."""


class _Messages(BaseModel):
    """``messages.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tests: str
    nearly_full: str
    left_out: str
    interrupted: str
    format: dict[str, str]


@dataclass(frozen=True)
class Texts:
    """All of them.

    Attributes:
        files: by name, as templates.
        messages: the short ones.
    """

    files: Mapping[str, str]
    messages: _Messages

    @classmethod
    def load(cls, folder: Path | None = None) -> "Texts":
        """Read them.

        Args:
            folder: the user's own; what it lacks is ours.

        Raises:
            ConfigProblem: it cannot be read, or a file of it is wrong.
        """
        if folder is not None and not folder.is_dir():
            raise ConfigProblem(f"there is no folder {folder} with prompts")
        _check_names(folder)
        files = {name: _read(name, folder) for name in _NAMES}
        for name, text in files.items():
            _check(name, text, _NAMES[name])
        return cls(files, _read_messages(folder))

    def fill(self, name: str, **values: object) -> str:
        """A file with these values."""
        return Template(self.files[name]).substitute(values).strip()

    def tests(self, tests: tuple[str, ...]) -> str:
        """What is said of the tests that fail; nothing when there are none."""
        if not tests:
            return ""
        return Template(self.messages.tests).safe_substitute(tests="\n".join(tests))

    def nearly_full(self, tokens: int) -> str:
        """That the context is."""
        return Template(self.messages.nearly_full).safe_substitute(tokens=tokens).strip()

    def format_error(self, kind: str, detail: str, tools: tuple[str, ...]) -> str:
        """What is wrong with an answer."""
        text = self.messages.format.get(kind, "Your turn was not understood ($detail).")
        return Template(text).safe_substitute(detail=detail, tools=", ".join(tools)).strip()


def _check_names(folder: Path | None) -> None:
    """A file that replaces nothing has its name wrong, most likely."""
    known = {*_NAMES, _MESSAGES}
    try:
        paths = sorted(folder.iterdir()) if folder else []
    except OSError as error:
        raise ConfigProblem(f"cannot read the prompts in {folder}: {error.strerror}") from None
    for path in paths:
        if path.suffix in _SUFFIXES and path.name not in known and path.stem != "README":
            raise ConfigProblem(
                f"the prompt {path} replaces none", f"there are: {', '.join(sorted(known))}"
            )


def _read(name: str, folder: Path | None) -> str:
    own = folder / name if folder else None
    if own is None or not own.is_file():
        packaged = resources.files("agent.policies.cwm.prompts").joinpath(name)
        return packaged.read_text(encoding="utf-8")
    try:
        return own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigProblem(f"cannot read the prompt {own}: {error}") from None


def _check(name: str, text: str, known: frozenset[str]) -> None:
    template = Template(text)
    if not template.is_valid():
        raise ConfigProblem(
            f"the prompt {name} has a $ that names nothing", "write $$ for a dollar"
        )
    if strange := sorted(set(template.get_identifiers()) - known):
        names = ", ".join(f"${each}" for each in sorted(known))
        raise ConfigProblem(
            f"the prompt {name} wants ${strange[0]}, which there is not", f"there are: {names}"
        )


def _read_messages(folder: Path | None) -> _Messages:
    """Ours, with those of the user in their place."""
    ours = tomllib.loads(_read(_MESSAGES, None))
    try:
        theirs = tomllib.loads(_read(_MESSAGES, folder))
        errors = {**ours["format"], **theirs.get("format", {})}
        messages = _Messages.model_validate({**ours, **theirs, "format": errors})
    except tomllib.TOMLDecodeError as error:
        raise ConfigProblem(f"the prompts' {_MESSAGES} is not valid TOML: {error}") from None
    except (ValidationError, TypeError) as error:
        told = first_problem(error) if isinstance(error, ValidationError) else "format is no table"
        raise ConfigProblem(f"the prompts' {_MESSAGES} is wrong: {told}") from None
    _check_messages(messages, known=ours["format"])
    return messages


def _check_messages(messages: _Messages, known: Collection[str]) -> None:
    if strange := sorted(messages.format.keys() - set(known)):
        raise ConfigProblem(
            f"the prompts' {_MESSAGES} has format.{strange[0]}, which nothing is told with",
            f"there are: {', '.join(known)}",
        )
    for name, names in _MESSAGE_NAMES.items():
        _check(f"{_MESSAGES}: {name}", getattr(messages, name), names)
    for kind, text in messages.format.items():
        _check(f"{_MESSAGES}: format.{kind}", text, _FORMAT_NAMES)
