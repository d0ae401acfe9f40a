"""The terminal of a run: lines go out on stderr, lines come in from the user.

The terminal stays in the mode it was found in: the kernel edits lines and echoes them, and we read
whole ones when they are there. So there is nothing to put back, whatever ends the process.
"""

import asyncio
import contextlib
import os
import signal
import sys
import termios
from collections.abc import Callable, Iterator

import click

_COLUMNS = 80
"""Of a screen that does not say how many it has."""
_LOOK_AGAIN_SECONDS = 0.3
"""How often a process in the background sees whether it is in the foreground again."""


class Withdrawn(Exception):
    """A question was taken back: something else has to be settled first."""


class Console:
    """Lines out and lines in, at most one question open at a time.

    Attributes:
        editing: whether the terminal is lent to another program.
    """

    def __init__(self, descriptor: int = 0) -> None:
        """Nothing is read before `open`.

        Args:
            descriptor: of the terminal that the user types on.
        """
        self.editing = False
        self._descriptor = descriptor
        self._tty = -1
        self._on_line: Callable[[str], None] = lambda line: None
        self._prompt = ""
        self._answer: asyncio.Future[str] | None = None
        self._rest = b""
        self._fleeting = False
        self._retry: asyncio.TimerHandle | None = None

    # Out ----------------------------------------------------------------------------------------

    @property
    def columns(self) -> int:
        """Of the screen."""
        try:
            return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
        except (OSError, ValueError):
            return _COLUMNS  # it is a file

    def say(self, line: str) -> None:
        """Print a line, styled perhaps; an open question is shown again below it."""
        if self._prompt or self._fleeting:
            click.echo(err=True)
        self._fleeting = False
        click.echo(line, err=True)
        self._show_prompt()

    def say_fleeting(self, line: str) -> None:
        """Show a line that the next fleeting one replaces; nothing where that cannot be done."""
        if sys.stderr.isatty() and not self._prompt:
            click.echo(f"\r{line}\x1b[K", err=True, nl=False)
            self._fleeting = True

    def _show_prompt(self) -> None:
        if self._prompt:
            click.secho(self._prompt, err=True, bold=True, nl=False)

    # In -----------------------------------------------------------------------------------------

    def open(self, on_line: Callable[[str], None]) -> None:
        """Read what is typed; lines that answer no question go to ``on_line``."""
        self._on_line = on_line
        self._tty = _own_description(self._descriptor)
        asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, self._continued)
        self._listen()

    def close(self) -> None:
        """Read nothing more."""
        if self._tty >= 0:
            self._stop_listening()
            asyncio.get_running_loop().remove_signal_handler(signal.SIGCONT)
            os.close(self._tty)
            self._tty = -1

    async def ask(self, prompt: str) -> str:
        """The next line the user types, as they typed it.

        Raises:
            EOFError: there will be none.
            Withdrawn: see `withdraw`.
        """
        assert self._answer is None or self._answer.done(), "one question at a time"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answer = answer
        if self._fleeting:
            click.echo(err=True)
            self._fleeting = False
        self._prompt = prompt
        self._show_prompt()
        self._listen()  # again, after an end of input that nobody waited for
        try:
            return await answer
        finally:
            if self._answer is answer:
                self._answer, self._prompt = None, ""

    def withdraw(self) -> None:
        """Take the open question back, if there is one."""
        if self._answer is not None and not self._answer.done():
            self._prompt = ""
            self._answer.set_exception(Withdrawn())

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Keep off the terminal while another program has it, and put its mode back afterwards."""
        mode = termios.tcgetattr(self._tty)
        self._stop_listening()
        self.editing = True
        try:
            yield
        finally:
            self.editing = False
            if self._in_front():
                termios.tcsetattr(self._tty, termios.TCSADRAIN, mode)
            self._listen()

    def _listen(self) -> None:
        self._retry = None
        asyncio.get_running_loop().add_reader(self._tty, self._readable)

    def _stop_listening(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        asyncio.get_running_loop().remove_reader(self._tty)

    def _continued(self) -> None:
        """The process was stopped for a while (Ctrl-Z), and others wrote on the terminal."""
        if self._prompt:
            click.echo(err=True)
            self._show_prompt()

    def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._in_front():
            # Reading would stop us (SIGTTIN), and what is there stays readable.
            loop.remove_reader(self._tty)
            self._retry = loop.call_later(_LOOK_AGAIN_SECONDS, self._listen)
            return
        try:
            data = os.read(self._tty, 65536)
        except BlockingIOError:
            return  # Ctrl-C threw it away meanwhile
        except OSError:
            data = b""  # the terminal is gone
        if not data:
            self._ended()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line.decode("utf-8", "replace"))

    def _take(self, line: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._prompt = ""
            self._answer.set_result(line)
        else:
            self._on_line(line)

    def _ended(self) -> None:
        """The user typed Ctrl-D, or the terminal went away, which only the next try tells."""
        asyncio.get_running_loop().remove_reader(self._tty)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(EOFError())

    def _in_front(self) -> bool:
        """Whether the terminal is ours to read from."""
        try:
            return os.tcgetpgrp(self._tty) == os.getpgrp()
        except OSError:
            return True  # not the terminal we are controlled from: nobody would stop us


def _own_description(descriptor: int) -> int:
    """The same terminal, opened anew: never to block on it is then our affair alone.

    Its input can vanish between being readable and being read, and the description we were
    started with is shared with the shell.
    """
    try:
        return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return os.dup(descriptor)
