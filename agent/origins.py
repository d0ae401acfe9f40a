"""Every setting with its value, and where that came from: a flag, the environment, the file.

What is told here may be shown: of an address its user name and password are left out, and wherever
the model server's key turns up, it is hidden.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, SecretStr, TypeAdapter
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from agent.config import Settings, load_settings
from model.errors import ModelMisconfigured
from model.keys import hide, read_key

Origin = Literal["flag", "environment", "file", "default"]

_BYTES = TypeAdapter(ByteSize)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@'\"]+@")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: as ``foretrace.toml`` has it, its tables before it: ``model.url``.
        value: as ``foretrace.toml`` would have it; empty where nothing is set.
        origin: what said so; a flag that says what holds without it is not told apart.
    """

    name: str
    value: str
    origin: Origin

    @property
    def line(self) -> str:
        """A line for ``foretrace.toml``; the name alone where nothing is set."""
        return f"{self.name} = {self.value}" if self.value else self.name


def settings_file(config: Path | None) -> Path | None:
    """The settings file that is read; None where there is none.

    Args:
        config: the one the user named, or None.
    """
    file = config or Path("foretrace.toml")
    return file if file.is_file() else None


def told(settings: Settings, config: Path | None) -> list[Setting]:
    """Every setting, in the order in which they are declared.

    Args:
        settings: as they are in force.
        config: the settings file that the user named; None for the usual.

    Raises:
        ConfigProblem: the file or the environment has changed since, and is wrong now.
    """
    without_flags = dict(_leaves(load_settings(config, {})))
    environment = EnvSettingsSource(Settings)()
    path = settings_file(config)
    file = TomlConfigSettingsSource(Settings, toml_file=path)() if path is not None else {}
    key = _key_of(settings)

    def origin(place: tuple[str, ...], value: object) -> Origin:
        if value != without_flags.get(place):
            return "flag"
        if _holds(environment, place):
            return "environment"
        return "file" if _holds(file, place) else "default"

    return [
        Setting(".".join(place), _shown(value, key), origin(place, value))
        for place, value in _leaves(settings)
    ]


def _leaves(settings: BaseModel) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in settings:
        if isinstance(value, BaseModel):
            yield from (((name, *place), leaf) for place, leaf in _leaves(value))
        else:
            yield (name,), value


def _holds(tree: object, place: tuple[str, ...]) -> bool:
    for name in place:
        if not isinstance(tree, Mapping) or name not in tree:
            return False
        tree = tree[name]
    return True


def _key_of(settings: Settings) -> SecretStr | None:
    try:
        return read_key(settings.model.key_variable, settings.model.key_file)
    except ModelMisconfigured:
        return None


def _shown(value: object, key: SecretStr | None) -> str:
    if value is None:
        return ""
    if isinstance(value, ByteSize) and _BYTES.validate_python(value.human_readable()) == value:
        value = value.human_readable()
    text = json.dumps(value, default=str, ensure_ascii=False)
    return hide(_CREDENTIALS.sub("…@", text), key)
