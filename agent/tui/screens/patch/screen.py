"""The patch screen: what a run changed, to be read, copied, saved and applied."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from agent.errors import AgentError
from agent.replay.reading import open_run
from agent.sources.source import slug
from agent.tui.screens.base import OurScreen
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.patch.applying import Checked, apply, as_bytes, check
from agent.tui.screens.patch.diffview import DiffView
from agent.tui.screens.patch.filetree import FileTree
from agent.tui.screens.patch.folder import AskFolder
from agent.tui.screens.patch.outcomes import OutcomesView
from agent.tui.screens.patch.source import Patched, patch_of
from agent.tui.screens.publish.dialog import Publish
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line, shown

_LOOK_SECONDS = 1.0
_WIDE = 120
"""From here on files and tests stand to the left."""
_SIDE_PART = 4
"""They take one part in so many at most."""
_SIDE_EDGE = 4
"""Cells of theirs in which no text stands: edges, and the scrollbar."""
_BESIDE = 160
"""From here on old and new stand side by side, unless the user wants it otherwise."""
_TERMINALS_TAKE = 74_000
"""Bytes that every terminal with OSC 52 takes at once."""


class PatchScreen(OurScreen):
    """The patch of one run; looked at anew while the run goes on."""

    TITLE = "Patch"
    CSS_PATH = "patch.tcss"
    HELP = (
        "What the run changed: lines with - are gone, those with + are new, and words that changed"
        " are underlined. The files and the tests before and after stand to the left where there"
        " is room; f and t go there. Applying it asks for a checkout, tries it there, and asks"
        " again: it changes files, and never the index or a commit."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("v", "beside", "Side by side", tooltip="Old beside new, or both in one column"),
        Binding("n", "hunk(1)", "Next hunk"),
        Binding("N", "hunk(-1)", "Before", tooltip="The hunk before"),
        Binding("right_square_bracket", "file(1)", "Next file", key_display="]"),
        Binding("left_square_bracket", "file(-1)", "File before", show=False, key_display="["),
        Binding("f", "files", "Files"),
        Binding("t", "tests", "Tests"),
        Binding("y", "copy", "Copy", tooltip="Copy the whole patch"),
        Binding("s", "save", "Save", tooltip="Save it as a file in the current folder"),
        Binding("a", "apply", "Apply", tooltip="Apply it to a checkout on this machine"),
        Binding("p", "publish", "Publish", tooltip="Make a branch, a commit, a pull request of it"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]  # noqa: RUF012  # as declared

    def __init__(self, folder: Path, patched: Callable[[], Patched] | None = None) -> None:
        """A patch of a run.

        Args:
            folder: of the run.
            patched: reads another patch of it than the one handed in.
        """
        super().__init__()
        self._folder = folder
        self._read = patched or (lambda: patch_of(open_run(folder)))
        self._follows = patched is None
        self._shown: Patched | None = None
        self._bytes_read = -1
        self._chosen_view = False

    def compose(self) -> ComposeResult:
        """Heading, files and tests, the diff, the keys."""
        yield Static("", id="patch-heading", markup=False)
        with Horizontal(id="patch-body"):
            with Vertical(id="patch-side"):
                yield FileTree("files")
                yield OutcomesView("outcomes")
            yield DiffView("diff")
            yield Static("", id="no-patch", markup=False)
        yield Static("", id="patch-status", markup=False)
        yield KeyHints()

    async def on_mount(self) -> None:
        """Read it; while the run goes on, again whenever something happened."""
        self.diff.focus()
        self.run_worker(self._look(), exclusive=True)
        if self._follows:
            self.set_interval(_LOOK_SECONDS, self._look)

    @property
    def diff(self) -> DiffView:
        """The diff itself."""
        return self.query_one(DiffView)

    def runs_in_question(self) -> tuple[Path, ...]:
        """The run it is of."""
        return (self._folder,)

    # What is shown ------------------------------------------------------------------------------

    async def _look(self) -> None:
        if self._shown is not None and not self.is_current:
            return  # nobody sees it
        size = _size(self._folder / "events.jsonl")
        if size == self._bytes_read:
            return
        self._bytes_read = size
        try:
            found = await asyncio.to_thread(self._read)
        except AgentError as error:
            self.tell(error)
            return
        if self.is_attached and found != self._shown:
            self._show(found)

    def _show(self, found: Patched) -> None:
        another = self._shown is None or self._shown.patch != found.patch
        self._shown = found
        if another:
            if not self._chosen_view:
                self.diff.beside = self.size.width >= _BESIDE
            self.diff.show(found.files, found.hunks)
            self.query_one(FileTree).show(found.files)
        self.query_one(OutcomesView).show(found.tests, found.tests_from)
        self._fit_side()
        self.refresh_bindings()
        self.diff.display = bool(found.patch)
        empty = self.query_one("#no-patch", Static)
        empty.display = not found.patch
        empty.update(f"There is no patch to show: {found.about}.")
        self._say()

    def _say(self) -> None:
        found, width = self._shown, max(self.size.width - 2, 10)
        if found is None:
            return
        head = Text(no_wrap=True, overflow="ellipsis")
        head.append(one_line(found.title, width), "bold")
        head.append(f"\n{one_line(f'{found.counts}   {found.about}'.strip(), width)}", "dim")
        self.query_one("#patch-heading", Static).update(head, layout=False)
        self.query_one("#patch-status", Static).update(self._where(found, width), layout=False)

    def _fit_side(self) -> None:
        """Files and tests are as wide as their names need, as far as they may; alone, all of it."""
        wanted = max(self.query_one(FileTree).wanted, self.query_one(OutcomesView).wanted)
        cells = min(wanted + _SIDE_EDGE, self.size.width // _SIDE_PART)
        width = cells if self.size.width >= _WIDE else "100%"
        self.query_one("#patch-side").styles.width = width

    def _where(self, found: Patched, width: int) -> str:
        if not found.patch:
            return ""
        diff = self.diff
        way = "side by side" if diff.beside else "one column"
        aside = f"   from column {diff.left + 1}" if diff.left else ""
        place = f"hunk {diff.hunk + 1}/{diff.hunks}" if diff.hunks else "no lines"
        name = found.files[diff.file].name if found.files else ""
        return f"{place}   {way}{aside}   {one_line(name, max(width - 50, 10))}"

    def on_diff_view_moved(self) -> None:
        """The reader is somewhere else."""
        if not self.query_one(FileTree).has_focus:
            self.query_one(FileTree).at_file(self.diff.file)
        self._say()

    def on_resize(self) -> None:
        """Where there is room the old stands beside the new, unless the user chose."""
        if self._shown and not self._chosen_view:
            self.diff.show_beside(self.size.width >= _BESIDE)
        if self._shown:
            self._fit_side()
        self.call_after_refresh(self._say)

    # Keys ---------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Back; from the files and the tests to the diff first."""
        if self.diff.has_focus or not (self._shown and self._shown.patch):
            self.dismiss()
        else:
            self._to_diff()

    def action_beside(self) -> None:
        """Old beside new, or both in one column."""
        self._chosen_view = True
        self.diff.show_beside(not self.diff.beside)
        self._say()

    def action_hunk(self, by: int) -> None:
        """The next hunk, or the one before."""
        self._to_diff()
        self.diff.go_to_hunk(self.diff.hunk + by)

    def action_file(self, by: int) -> None:
        """The next file, or the one before."""
        self._to_diff()
        self.diff.go_to_file(self.diff.file + by)

    def action_files(self) -> None:
        """Choose a file."""
        self._to_side(self.query_one(FileTree))

    def action_tests(self) -> None:
        """The tests before and after."""
        self._to_side(self.query_one(OutcomesView))

    def on_file_tree_chosen(self, message: FileTree.Chosen) -> None:
        """Show the file that was chosen."""
        self._to_diff()
        self.diff.go_to_file(message.file)

    def _to_side(self, widget: FileTree | OutcomesView) -> None:
        self.add_class("-side")
        self.call_after_refresh(widget.focus)

    def _to_diff(self) -> None:
        self.remove_class("-side")
        self.diff.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a patch there is nothing to copy, save or apply; a run's own can be published."""
        if action == "publish" and not self._follows:
            return False
        if action in ("copy", "save", "apply", "publish", "hunk", "file", "beside", "files"):
            return self._shown is not None and bool(self._shown.patch)
        return True

    def action_copy(self) -> None:
        """Hand the patch to the terminal's clipboard."""
        assert self._shown is not None
        self.app.copy_to_clipboard(self._shown.patch)
        long = len(self._shown.patch) > _TERMINALS_TAKE
        self.tell("copied; not every terminal takes so much: s saves it" if long else "copied")

    def action_save(self) -> None:
        """Save it where no other file is."""
        assert self._shown is not None
        stem = slug(self._shown.name)[:80]
        paths = (Path(f"{stem}{f'-{n}' if n else ''}.diff") for n in range(1000))
        path = next(each for each in paths if not each.exists())
        try:
            path.write_bytes(as_bytes(self._shown.patch))
        except OSError as error:
            self.tell(f"cannot write {path}: {error.strerror}")
        else:
            self.tell(f"saved as {path.absolute()}")

    def action_publish(self) -> None:
        """Make a branch and a commit of it, and a pull request."""
        self.app.push_screen(Publish(self._folder))

    # Applying -----------------------------------------------------------------------------------

    def action_apply(self) -> None:
        """Ask for a checkout, and see whether the patch fits there."""
        assert self._shown is not None
        patch = self._shown.patch

        def named(folder: str | None) -> None:
            if folder is not None:
                self.run_worker(self._check(patch, Path(folder)))

        where = shown(self._shown.checkout) or str(Path.cwd())
        hint = "It is tried first, and you are asked again. Only files are changed."
        self.app.push_screen(AskFolder("Apply the patch to which checkout?", where, hint), named)

    async def _check(self, patch: str, folder: Path) -> None:
        try:
            checked = await asyncio.to_thread(check, patch, folder)
        except AgentError as error:
            self.tell(error)
            return

        def sure(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._apply(checked))

        names = [one_line(name, 66) for name in checked.files]
        more = [f"and {len(names) - 8} more"] if len(names) > 8 else []
        question = one_line(f"It fits. Change {len(names)} file(s) in {checked.top}?", 70)
        self.app.push_screen(Confirm(question, "\n".join([*names[:8], *more])), sure)

    async def _apply(self, checked: Checked) -> None:
        try:
            await asyncio.to_thread(apply, checked)
        except AgentError as error:
            self.tell(error)
        else:
            self.tell(
                f"{len(checked.files)} file(s) changed in {checked.top}; nothing is committed"
            )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
