"""Beside the list, where there is room: the tests' state and what has changed."""

from agent.progress import Progress
from agent.tui.screens.run.heading import tests_in_words
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import cut

_SIGNS = {"passed": ("✓", "good"), "failed": ("✗", "bad"), "error": ("!", "bad")}
_MOST_TESTS = 12


def patch_style(line: str) -> str:
    """The style of a diff's line."""
    if line.startswith(("+++", "---", "diff ", "index ")):
        return "dim"
    return {"+": "added", "-": "removed", "@": "accent"}.get(line[:1], "plain")


def tests_text(progress: Progress) -> str:
    """All tests that have run, those that do not pass first."""
    if not progress.tests:
        return "no test has run yet"
    order = sorted(progress.tests.items(), key=lambda each: (each[1] == "passed", each[0]))
    rows = [f"{_SIGNS.get(how, ('·', ''))[0]} {how:<8} {test}" for test, how in order]
    return "\n".join([tests_in_words(progress.tests), "", *rows])


class Side(Lines):
    """Rows about a run's tests and its patch, made anew when either is another."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__("side")
        self._told: list[Row] = []
        self._of: tuple[object, ...] = ()
        self._progress: Progress | None = None

    def show(self, progress: Progress) -> None:
        """Show how the run stands."""
        self._progress = progress
        stand = (dict(progress.tests), progress.patch, tuple(progress.changed), self.columns)
        if stand == self._of:
            return
        self._of = stand
        self._told = [*_tests(progress, self.columns), *_changes(progress, self.columns)]
        self.lines_changed()
        self.redraw()

    def on_resize(self) -> None:
        """Another width has other rows."""
        if self._progress is not None:
            self.show(self._progress)

    def count(self) -> int:
        """Rows there are."""
        return len(self._told)

    def row(self, y: int) -> Row:
        """One of them."""
        return self._told[y]


def _tests(progress: Progress, width: int) -> list[Row]:
    if not progress.tests:
        return [(("strong", "Tests"),), (("dim", "none has run yet"),), ()]
    order = sorted(progress.tests.items(), key=lambda each: (each[1] == "passed", each[0]))
    rows: list[Row] = [(("strong", "Tests  "), ("dim", tests_in_words(progress.tests)))]
    for test, how in order[:_MOST_TESTS]:
        sign, style = _SIGNS.get(how, ("·", "dim"))
        rows.append(((style, f"{sign} "), ("plain", _tail(test, width - 2))))
    if len(order) > _MOST_TESTS:
        rows.append((("dim", f"… {len(order) - _MOST_TESTS} more: t shows all"),))
    return [*rows, ()]


def _tail(test: str, width: int) -> str:
    """A test's name; where it is too long, its end, which says most."""
    return cut(test, width) if len(test) <= width else f"…{cut(test[-(width - 1) :], width - 1)}"


def _changes(progress: Progress, width: int) -> list[Row]:
    if progress.patch:
        lines = progress.patch.splitlines()
        return [
            (("strong", "Patch"),),
            *(((patch_style(line), cut(line, width)),) for line in lines),
        ]
    rows: list[Row] = [(("strong", "Changed"),)]
    rows += [(("plain", cut(path, width)),) for path in progress.changed]
    return rows if progress.changed else [*rows, (("dim", "nothing yet"),)]
