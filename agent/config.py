"""Settings: flags, then ``FORETRACE_*`` in the environment, then ``foretrace.toml``, then defaults.

One tree; a nested setting is ``FORETRACE_SANDBOX__MEMORY`` in the environment and ``memory`` under
``[sandbox]`` in the file. The file is the one given by ``--config``, else ``foretrace.toml`` in the
current directory. A repository's own ``foretrace.toml`` is untrusted and read elsewhere
(`sandboxes.environment.detect`), and of it the ``[environment]`` table alone.
"""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from agent.batch.settings import BatchSettings
from agent.errors import ConfigProblem
from agent.issue import first_problem
from agent.loop import Limits
from agent.policies.cwm.settings import ModelSettings
from agent.policies.repair.settings import RepairSettings
from agent.preflight.settings import SimulateSettings
from agent.verify import VerifySettings
from sandboxes.environment.base import BaseSettings as BaseImageSettings
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.sandbox import SandboxLimits
from tools.registry import ToolSettings


class LimitSettings(BaseModel):
    """What one run may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turns: int = Field(default=128, ge=1)
    """Actions asked of the policy."""

    seconds: float = Field(default=3600.0, gt=0)
    """Wall time of the loop."""

    tokens: int | None = Field(default=None, gt=0)
    """Tokens a model may read and write, cached ones included."""

    cost: float | None = Field(default=None, gt=0)
    """US dollars a model's tokens may cost."""

    def of_a_run(self) -> Limits:
        """As the loop takes them."""
        return Limits(self.turns, self.seconds, self.tokens, self.cost)


class SandboxSettings(BaseModel):
    """What one sandbox may use, and what its tools allow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory: ByteSize = Field(default=ByteSize(4 * 1024**3), ge=64 * 1024**2)
    """Memory, swap included: ``"4GiB"``."""

    cpus: float = Field(default=2.0, gt=0)
    """Processors; fractions are allowed."""

    pids: int = Field(default=512, ge=16)
    """Processes and threads."""

    disk: ByteSize = Field(default=ByteSize(10 * 1024**3), ge=16 * 1024**2)
    """What may be written to the container's own layer."""

    command_timeout: float = Field(default=120.0, gt=0)
    """Seconds one command of the policy may take."""

    output_limit: ByteSize = Field(default=ByteSize(480 * 1024), ge=1024)
    """What is kept of one command's output."""

    test_timeout: float = Field(default=600.0, gt=0)
    """Seconds one call of the test tool may take."""

    def limits(self) -> SandboxLimits:
        """As the sandboxes take them."""
        return SandboxLimits(self.memory, self.cpus, self.pids, self.disk)


class TuiSettings(BaseModel):
    """What the terminal UI does where it is not told otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_once: int = Field(default=4, ge=1)
    """Runs that are started there and at work at once; the others wait. A folder of runs for which
    the board was told a number goes by that."""


def _user_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("foretrace")


class Settings(BaseSettings):
    """Everything a user can set."""

    model_config = SettingsConfigDict(
        env_prefix="FORETRACE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    out: Path = Path("runs")
    """Where runs are written."""

    cache: Path = Field(default_factory=_user_cache)
    """Where mirrors, source archives and locks are kept."""

    policy: str = ""
    """What decides; empty for the default."""

    confirm: Literal["all", "writes", "none"] = "none"
    """Before which calls the user is asked at the terminal: all, or those that may change the
    repository."""

    engine: str = ""
    """The container engine's address; empty for ``DOCKER_HOST`` or the usual socket."""

    seed: int = 0
    """Of everything random."""

    nano: Path | None = None
    """A folder with a model to take for nano; without it the one that comes with this package."""

    limits: LimitSettings = LimitSettings()
    sandbox: SandboxSettings = SandboxSettings()
    images: BaseImageSettings = BaseImageSettings()
    environment: EnvironmentSettings = EnvironmentSettings()
    verify: VerifySettings = VerifySettings()
    repair: RepairSettings = RepairSettings()
    model: ModelSettings = ModelSettings()
    simulate: SimulateSettings = SimulateSettings()
    batch: BatchSettings = BatchSettings()
    tui: TuiSettings = TuiSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags before the environment before the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def tools(self, test_command: str) -> ToolSettings:
        """What the tools need to know."""
        return ToolSettings(
            command_timeout=self.sandbox.command_timeout,
            output_limit=self.sandbox.output_limit,
            test_command=test_command,
            test_timeout=self.sandbox.test_timeout,
        )


def load_settings(path: Path | None, flags: dict[str, object]) -> Settings:
    """The settings of this call.

    Args:
        path: the file the user named, or None for ``foretrace.toml`` here, if there is one.
        flags: what the command line said, as a tree; it wins.

    Raises:
        ConfigProblem: a file or a value is wrong; the message names it.
    """
    if path is not None and not path.is_file():
        raise ConfigProblem(f"there is no settings file {path}")
    file = path or Path("foretrace.toml")
    try:
        if file.is_file():
            tomllib.loads(file.read_text(encoding="utf-8"))

        class FromFile(Settings):
            model_config = SettingsConfigDict(**{**Settings.model_config, "toml_file": file})

        return FromFile(**flags)  # type: ignore[arg-type]  # validated by pydantic
    except tomllib.TOMLDecodeError as error:
        raise ConfigProblem(f"{file} is not valid TOML: {error}") from None
    except SettingsError as error:
        raise ConfigProblem(
            f"a FORETRACE_* variable is wrong: {error}",
            "a nested setting is FORETRACE_MODEL__NAME, with two underscores",
        ) from None
    except ValidationError as error:
        raise ConfigProblem(
            f"a setting is wrong: {first_problem(error)}",
            f"flags, FORETRACE_* variables and {file} were read",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigProblem(f"cannot read {file}: {error}") from None
