"""Letting the user change a text: in their editor, or line by line where they named none."""

import asyncio
import os
import shlex
import sys
import tempfile
from pathlib import Path

from agent.cli.console import Console
from agent.cli.terminal import safe

_END = "."
_KINDLY_SECONDS = 5.0


async def edited(console: Console, text: str) -> str:
    """The text as the user made it; the same where they changed nothing or it did not work out.

    Raises:
        EOFError: there is no more input.
        Withdrawn: something else has to be settled first.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    new = await (_in_editor(console, command, text) if command else _typed(console, text))
    if new == text:
        console.say("nothing was changed")
    return new


async def _typed(console: Console, text: str) -> str:
    console.say(f"type what to run instead, then a line with {_END} alone ($EDITOR is not set)")
    lines = []
    while (line := await console.ask("| ")) != _END:
        lines.append(line)
    new = "\n".join(lines)
    return new if new.strip() else text


async def _in_editor(console: Console, command: str, text: str) -> str:
    with tempfile.TemporaryDirectory(prefix="foretrace-") as folder:
        path = Path(folder) / "argument.txt"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with console.lent():
            problem = await _run_editor(command, path)
        if problem:
            console.say(f"the editor {safe(command)}: {problem}")
            return text
        try:
            new = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            console.say("what the editor left is no text")
            return text
    if not text.endswith("\n"):
        new = new.removesuffix("\n")  # editors end every line
    return new if new.strip() else text


async def _run_editor(command: str, path: Path) -> str:
    """Let the user edit a file; returns what went wrong."""
    screen = next((each for each in (sys.stdout, sys.stderr) if each.isatty()), None)
    try:
        editor = await asyncio.create_subprocess_exec(
            *shlex.split(command), str(path), stdout=screen, stderr=screen
        )
    except (OSError, ValueError) as error:
        return f"cannot be started ({error})"
    try:
        status = await editor.wait()
    except asyncio.CancelledError:
        await _end(editor)
        raise
    return f"ended with status {status}; nothing was changed" if status else ""


async def _end(editor: asyncio.subprocess.Process) -> None:
    editor.terminate()
    try:
        await asyncio.wait_for(editor.wait(), _KINDLY_SECONDS)
    except TimeoutError:
        editor.kill()
        await editor.wait()
