"""A command's result, from what the shell server says of it: with sentences for the user."""

from typing import Literal, cast

from sandboxes.sandbox import REPOSITORY, CommandResult, CommandStatus, SandboxLimits

SIGNAL_KILLED = 137


def result_of(
    facts: dict[str, object],
    head: bytes,
    tail: bytes,
    *,
    limits: SandboxLimits,
    notes: tuple[str, ...] = (),
) -> CommandResult:
    """A command's result.

    Args:
        facts: the shell server's answer.
        head: the output's first bytes.
        tail: its last bytes, when some were left out.
        limits: of the sandbox, to name them.
        notes: what came before the command.
    """
    code = facts.get("code")
    return CommandResult(
        status=cast("CommandStatus", facts["status"]),
        exit_code=int(str(code)) if code is not None else None,
        head=head,
        tail=tail,
        omitted=int(str(facts["omitted"])),
        seconds=float(str(facts["seconds"])),
        notes=(*notes, *_notes(facts, limits)),
    )


def refused(why: str) -> CommandResult:
    """The result of a command that bash cannot be given."""
    return CommandResult(
        status="exited",
        exit_code=2,
        head=f"foretrace: {why}; nothing was run\n".encode(),
    )


def broken_off(*notes: str) -> CommandResult:
    """The result of a command of which nothing more is known."""
    return CommandResult(status="interrupted", exit_code=None, head=b"", notes=notes)


def _notes(facts: dict[str, object], limits: SandboxLimits) -> list[str]:
    notes = []

    def number(name: Literal["memory", "cleared", "bomb", "left", "forks", "refused"]) -> int:
        return int(str(facts.get(name, 0)))

    if facts.get("cwd"):
        notes.append(
            f"The working directory {facts['cwd']} could not be entered any more;"
            f" the command ran in {REPOSITORY}."
        )
    if number("cleared"):
        notes.append(
            f"The limit of {limits.pids} processes was reached, so the {number('cleared')}"
            " processes left running by earlier commands were killed first."
        )
    if number("refused"):
        notes.append("The shell could not be started: its environment is too large or damaged.")
    if number("memory"):
        notes.append(
            f"Memory ran out: the system killed {_count(number('memory'))} of this sandbox"
            f" (it may use {limits.memory / 1024**3:.3g} GiB)."
        )
    if number("bomb"):
        notes.append(
            f"The limit of {limits.pids} processes was reached; the {number('bomb')} the command"
            " left running were killed."
        )
    elif number("forks"):
        notes.append(f"The limit of {limits.pids} processes was reached.")
    if number("left"):
        notes.append(
            f"The command left {_count(number('left'))} running ({_names(facts)});"
            " what they write from now on is discarded."
        )
    if facts["status"] == "disk":
        notes.append(
            f"The command was stopped: this sandbox may write {limits.disk / 1024**3:.3g} GiB"
            " to its disk. Free some space."
        )
    if facts.get("state") == "large":
        notes.append(
            "The shell's variables and functions are too large to be kept; directory, variables"
            " and functions are as they were before this command."
        )
    elif facts.get("state") == "lost":
        notes.append(
            "The shell ended without its usual exit; directory, variables and functions are as"
            " they were before this command."
        )
    return notes


def _count(processes: int) -> str:
    return "1 process" if processes == 1 else f"{processes} processes"


def _names(facts: dict[str, object]) -> str:
    named = facts.get("names")
    if not isinstance(named, list):
        return "?"
    text = ", ".join(f"{name} {pid}" for pid, name in named)
    return text if len(named) == facts["left"] else f"{text}, ..."
