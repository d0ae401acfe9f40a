"""The repair policy: what it does, step by step, through the same tools as a model.

1. Run the issue's tests; or, without any, a reproduction script from its text, from `/tmp`.
2. Localise and search in forks (`agent.policies.repair.search`), never in the agent's sandbox.
3. Make the winning edit with the edit tool, run the tests, take the diff, submit it.
"""

import shlex
from collections.abc import AsyncIterator
from functools import partial

from agent.errors import WrongUse
from agent.events import Answered
from agent.issue import Issue
from agent.policies.policy import Action, Episode
from agent.policies.repair.candidates import Candidate
from agent.policies.repair.foretelling import Foretelling
from agent.policies.repair.replacement import edit_argument
from agent.policies.repair.reproduction import Reproduction, find_reproductions
from agent.policies.repair.search import CannotSearch, Found, Search, Target
from agent.policies.repair.settings import RepairSettings
from tools.registry import ToolCall

_PATCH = "/tmp/foretrace-patch.diff"
_SCRIPT = "/tmp/foretrace-reproduction/test_reproduction.py"
_LINES_SHOWN = 5
_MOST_SCRIPTS = 3


class RepairPolicy:
    """Localises, searches, submits. One object serves one run."""

    name = "repair"

    def __init__(self, settings: RepairSettings | None = None) -> None:
        self._settings = settings or RepairSettings()
        self._episode: Episode | None = None
        self._steps: AsyncIterator[Action] | None = None

    async def act(self, episode: Episode) -> Action:
        """The next action."""
        self._episode = episode
        if self._steps is None:
            self._steps = self._story()
        try:
            return await anext(self._steps)
        except StopAsyncIteration:
            return Action(None, "nothing is left to do")

    @property
    def _now(self) -> Episode:
        assert self._episode is not None, "set by act"
        return self._episode

    async def _story(self) -> AsyncIterator[Action]:
        """The whole run, an action at a time."""
        issue = self._now.issue
        if issue.tests:
            yield Action(ToolCall("test", "\n".join(issue.tests)), "First the tests that fail.")
            self._refuse_unknown_tests()
            async for action in self._repair(issue.tests, None):
                yield action
            return
        scripts = find_reproductions(issue_text(issue))[:_MOST_SCRIPTS]
        if not scripts:
            yield Action(
                None,
                "This policy needs a failing test, or a Python script in the issue that raises or "
                "asserts; the issue has neither.",
            )
            return
        for script in scripts:
            yield Action(ToolCall("bash", _run_script(script)), "A script from the issue.")
            last = self._last_exit()
            if last == 0:
                continue
            async for action in self._repair((), script):
                yield action
            return
        yield Action(None, "No script of the issue fails here: there is nothing to repair by.")

    def _refuse_unknown_tests(self) -> None:
        """Say it when a test the issue names does not exist: no edit can make it pass.

        Raises:
            WrongUse: one does not.
        """
        answer = self._now.events[-1].data
        outcomes = answer.data.get("outcomes") if isinstance(answer, Answered) else None
        for each in outcomes if isinstance(outcomes, list) else []:
            if each["status"] == "missing":
                raise WrongUse(
                    f"there is no test {each['id']} in the repository",
                    "give ids as pytest prints them, parameters in brackets included",
                )

    async def _repair(
        self, tests: tuple[str, ...], script: Reproduction | None
    ) -> AsyncIterator[Action]:
        """Search, and what follows from it."""
        episode = self._now
        target = Target(issue_text(episode.issue), tests, script, episode.test_command)
        seconds = 0.85 * episode.seconds_left
        ahead, foretelling = episode.preflight, None
        if ahead is not None:
            foretelling = partial(Foretelling, ahead, step=episode.step)
        search = Search(episode.sandbox, target, self._settings, episode.note, seconds, foretelling)
        try:
            found = await search.run()
        except CannotSearch as reason:
            yield Action(None, f"No search was possible: {reason}.")
            return
        if found.already:
            yield Action(None, "The tests to repair pass as it is; there is nothing to do.")
            return
        if found.winner is None:
            yield Action(None, describe_failure(found))
            return
        async for action in self._hand_in(found.winner, found, tests, script):
            yield action

    async def _hand_in(
        self,
        winner: Candidate,
        found: Found,
        tests: tuple[str, ...],
        script: Reproduction | None,
    ) -> AsyncIterator[Action]:
        original = (await self._now.sandbox.read_file(winner.path)).decode()
        yield Action(
            ToolCall("edit", edit_argument(winner.path, original, winner.edits)),
            f"Edit {winner.number} of {found.tried} tried ({winner.operator}) repairs the failing "
            "tests and keeps those that passed.",
        )
        if tests:
            async for action in self._insisting(
                ToolCall("test", "\n".join(tests)), "They should pass now."
            ):
                yield action
        elif script is not None:
            yield Action(ToolCall("bash", _run_script(script)), "The script should pass now.")
        where = '"$(git rev-parse --show-toplevel)"'
        take = f"git -C {where} diff -- {shlex.quote(winner.path)} > {_PATCH}"
        yield Action(ToolCall("bash", take), "Take the patch.")
        async for action in self._insisting(ToolCall("submit", _PATCH), "Hand it in."):
            yield action
        line = f"{winner.path}:{winner.line}"
        yield Action(
            None,
            f"Submitted one edit ({winner.operator}, {line}) after {found.tried} trials, "
            f"{found.judged} of them judged, in {found.seconds:.0f} s.",
        )

    async def _insisting(self, call: ToolCall, thought: str) -> AsyncIterator[Action]:
        """A call that is made again where a prediction kept it from running: the tests have really
        run by then."""
        yield Action(call, thought)
        last = self._now.events[-1].data
        if isinstance(last, Answered) and last.data.get("refused") == "preflight":
            yield Action(call, "In a fork of the sandbox they did pass.")

    def _last_exit(self) -> int | None:
        """The exit code of the last bash call, as its tool reported it."""
        for event in reversed(self._now.events):
            if isinstance(event.data, Answered):
                code = event.data.data.get("exit_code")
                return code if isinstance(code, int) else None
        return None


def issue_text(issue: Issue) -> str:
    """Title and text."""
    return f"{issue.title}\n\n{issue.text}" if issue.title else issue.text


def _run_script(script: Reproduction) -> str:
    """Write the reproduction outside the repository and run it."""
    folder = _SCRIPT.rpartition("/")[0]
    source = script.as_test().decode()
    return (
        f"mkdir -p {folder} && printf %s {shlex.quote(source)} > {_SCRIPT} && "
        f'python -c \'import runpy; runpy.run_path("{_SCRIPT}")["test_reproduction"]()\''
    )


def describe_failure(found: Found) -> str:
    """What was tried, for whoever goes on from here."""
    lines = ", ".join(
        f"{suspect.path}:{suspect.line} ({suspect.score:.2f})"
        for suspect in found.suspects[:_LINES_SHOWN]
    )
    notes = "".join(f" {note}." for note in found.notes)
    return (
        f"No single edit among {found.tried} tried in {found.seconds:.0f} s repairs the failing "
        f"tests and keeps what passed ({found.judged} were judged). Most suspicious lines: "
        f"{lines}. Most suspicious functions: {', '.join(found.functions[:3])}.{notes}"
    )
