"""What a screen says to a run: lines appended to ``control.jsonl`` in the run's folder.

The run's side is `agent.tui.steered`. It answers in the trajectory, with events of the kind
``control``, so that every screen sees the same and what was said is part of the record. One line is
one ``write`` in append mode: several screens may speak to one run.
"""

import os
import secrets
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import WrongUse

CONTROL = "control.jsonl"
"""The requests, in a run's folder."""
STEERED = "steered.json"
"""In the folder of a run that listens."""

Confirm = Literal["all", "writes", "none"]


class Request(BaseModel):
    """One thing that the user wants of a run.

    Attributes:
        id: told in the answer.
        do: ``message`` tells the agent ``text``; ``pause`` before the next action, ``resume``;
            ``interrupt`` the running command; ``submit`` what there is, and end; ``stop`` the run;
            ``confirm`` sets before which calls to ask, in ``text``; ``allow`` and ``refuse`` the
            call of ``step``.
        argument: what the call runs with instead; null for what was asked for.
        always: allow every later call of the same tool too.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(default_factory=lambda: secrets.token_hex(4))
    do: Literal[
        "message", "pause", "resume", "interrupt", "submit", "stop", "confirm", "allow", "refuse"
    ]
    text: str = ""
    step: int = 0
    argument: str | None = None
    always: bool = False


class Listening(BaseModel):
    """``steered.json``: that a run listens, and which of the board's it is."""

    model_config = ConfigDict(frozen=True)

    token: str
    confirm: Confirm = "none"


def listening(folder: Path) -> Listening | None:
    """What a run says of its listening; None where it does not listen."""
    try:
        return Listening.model_validate_json((folder / STEERED).read_bytes())
    except (OSError, ValidationError):
        return None


def send(folder: Path, request: Request) -> None:
    """Say something to a run; it is heard within a fraction of a second, if the run lives.

    Raises:
        WrongUse: it does not listen, or its folder cannot be written to.
    """
    if listening(folder) is None:
        raise WrongUse(
            "this run takes no word from a screen",
            "it was not started from here, nor with --steered",
        )
    try:
        file = os.open(folder / CONTROL, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
    except OSError as error:
        raise WrongUse(f"cannot write to {folder}: {error.strerror}") from None
    try:
        os.write(file, request.model_dump_json().encode() + b"\n")
    finally:
        os.close(file)
