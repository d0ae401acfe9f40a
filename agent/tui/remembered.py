"""What the terminal UI remembers from one time to the next, whichever runs it is opened on.

``ui.json`` in the user's own folder of settings, ``~/.config/foretrace`` unless ``XDG_CONFIG_HOME``
says otherwise. It is a convenience: where it cannot be read, nothing is remembered.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import ConfigProblem


class Remembered(BaseModel):
    """What is remembered.

    Attributes:
        theme: the name of the one that was chosen; empty for none.
    """

    model_config = ConfigDict(frozen=True)

    theme: str = ""


def remembered_in() -> Path:
    """The file; it need not exist."""
    from platformdirs import user_config_path

    return user_config_path("foretrace") / "ui.json"


def recall() -> Remembered:
    """What is remembered; the defaults where that cannot be read."""
    try:
        return Remembered.model_validate_json(remembered_in().read_bytes())
    except (OSError, ValidationError):
        return Remembered()


def remember(what: Remembered) -> None:
    """Keep it for the next time.

    Raises:
        ConfigProblem: it cannot be written.
    """
    from agent.runfolder import write_json

    path = remembered_in()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, what)
    except OSError as error:
        raise ConfigProblem(f"cannot write {path}: {error.strerror}") from None
