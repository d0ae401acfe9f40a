"""Issues that are read while the screen goes on: by a thread of its own, which can be given up.

The thread may sit in a wait of minutes for a rate limit. So nobody waits for it: who gives up turns
away, and it ends when it next comes to an entry, or with the program.
"""

from pathlib import Path
from threading import Event, Thread

from agent.errors import AgentError, IssueProblem
from agent.issue import Issue
from agent.sources.source import Skipped, is_there

MOST = 1000
"""Issues; a board is no place for more, and reading ends there."""


class Reading:
    """One source being read. What is read so far may be looked at at any time.

    Attributes:
        issues: in their order, each id once.
        skipped: entries that are none.
        line: what the reader had to say since the last entry, a wait for example; hostile.
        problem: what ended it before its time; None so far, or for nothing.
        done: whether nothing more comes.
    """

    def __init__(self, source: str) -> None:
        """Args: source: as the user named it; ``~`` is their home."""
        self.issues: list[Issue] = []
        self.skipped: list[Skipped] = []
        self.line = ""
        self.problem: AgentError | None = None
        self.done = False
        self._source = source
        self._given_up = Event()

    def start(self) -> None:
        """Begin."""
        Thread(target=self._run, name="reading issues", daemon=True).start()

    def give_up(self) -> None:
        """Read no more of it."""
        self._given_up.set()

    def _run(self) -> None:
        try:
            self._read()
        except AgentError as error:
            self.problem = error
        except Exception as error:  # a thread has nobody else to tell it to
            self.problem = IssueProblem(f"unexpected {type(error).__name__}: {error}")
        finally:
            self.done = True

    def _read(self) -> None:
        from agent.sources.many import read_issues_once

        if self._source == "-":
            raise IssueProblem("there is no standard input here", "write the text below")
        at_home = str(Path(self._source).expanduser())
        for entry in read_issues_once(at_home if is_there(at_home) else self._source, self._tell):
            if self._given_up.is_set():
                return
            self.line = ""
            if isinstance(entry, Skipped):
                self.skipped.append(entry)
            elif len(self.issues) < MOST:
                self.issues.append(entry)
            else:
                raise IssueProblem(
                    f"there are more than {MOST} issues: the first ones are read",
                    "foretrace batch takes lists of any length",
                )

    def _tell(self, line: str) -> None:
        self.line = line.removesuffix(" (Ctrl-C stops)")
