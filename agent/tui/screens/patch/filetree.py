"""The files of a patch as a tree: folders once, then the files in them with what changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.replay.patch import ChangedFile
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import cut


@dataclass(frozen=True, slots=True)
class Leaf:
    """One row: a folder, or a file.

    Attributes:
        name: the last part of the path; of a folder, all that no other shares.
        depth: folders it is in.
        file: which file of the patch, from 0; -1 for a folder.
    """

    name: str
    depth: int
    file: int = -1


def leaves(paths: Sequence[str]) -> list[Leaf]:
    """Files below their folders, in the order of their names; a folder's own files come first."""
    found: list[Leaf] = []
    open_folders: list[str] = []
    for file in sorted(range(len(paths)), key=lambda at: _sorted_by(paths[at])):
        *folders, name = paths[file].split("/")
        folder = "/".join(folders)
        while open_folders and not f"{folder}/".startswith(f"{open_folders[-1]}/"):
            open_folders.pop()
        if folder and (not open_folders or open_folders[-1] != folder):
            above = f"{open_folders[-1]}/" if open_folders else ""
            found.append(Leaf(f"{folder.removeprefix(above)}/", len(open_folders)))
            open_folders.append(folder)
        found.append(Leaf(name, len(open_folders), file))
    return found


def _sorted_by(path: str) -> tuple[object, ...]:
    *folders, name = path.split("/")
    return (*((1, folder) for folder in folders), (0, name))


class FileTree(Lines):
    """Goes to a file on Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("enter,space", "choose", "Go to the file", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """A file is to be shown."""

        file: int

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._files: Sequence[ChangedFile] = ()
        self._leaves: list[Leaf] = []
        self.cursor = 0

    def show(self, files: Sequence[ChangedFile]) -> None:
        """Show a patch's files."""
        self._files = files
        self._leaves = leaves([file.new or file.old or "(no name)" for file in files])
        self.at_file(0)
        self.lines_changed()
        self.redraw()

    def at_file(self, file: int) -> None:
        """The reader is at a file."""
        there = (at for at, leaf in enumerate(self._leaves) if leaf.file == file)
        self._put(next(there, 0))

    def count(self) -> int:
        """Folders and files."""
        return len(self._leaves)

    def highlighted(self, y: int) -> bool:
        """The cursor's row."""
        return y == self.cursor

    def key(self, y: int) -> object:
        """The cursor is drawn otherwise where the keys are the tree's."""
        return y, self.has_focus and y == self.cursor

    @property
    def wanted(self) -> int:
        """Columns that the longest name needs, with what stands beside it."""
        return max((self._needs(leaf) for leaf in self._leaves), default=0)

    def _needs(self, leaf: Leaf) -> int:
        length = 1 + 2 * leaf.depth + cell_len(leaf.name)
        return length if leaf.file < 0 else length + 2 + len(_counts(self._files[leaf.file]))

    def row(self, y: int) -> Row:
        """A name, what was done to it, how many lines changed."""
        leaf = self._leaves[y]
        mark = ("accent", "▌" if y == self.cursor else " ")
        indent = "  " * leaf.depth
        if leaf.file < 0:
            return (mark, ("dim", cut(f"{indent}{leaf.name}", self.columns - 1)))
        file = self._files[leaf.file]
        sign, style = _done_to(file)
        counts = _counts(file)
        room = max(self.columns - 3 - len(indent) - len(counts), 6)
        name = cut(leaf.name, room)
        return (mark, (style, f"{indent}{sign} "), ("plain", name), ("dim", counts))

    def action_move(self, by: int) -> None:
        """The next file, or the one before."""
        at = self.cursor + by
        while 0 <= at < len(self._leaves) and self._leaves[at].file < 0:
            at += by
        if 0 <= at < len(self._leaves):
            self._put(at)

    def action_choose(self) -> None:
        """Show the file."""
        if self._leaves:
            self.post_message(self.Chosen(self._leaves[self.cursor].file))

    def on_click(self, event: events.Click) -> None:
        """Show the file under the pointer."""
        at = event.y + self.scroll_offset.y
        if 0 <= at < len(self._leaves) and self._leaves[at].file >= 0:
            self._put(at)
            self.action_choose()

    def _put(self, at: int) -> None:
        self.cursor = at
        top, height = self.scroll_offset.y, self.size.height
        if not top <= at < top + height:
            self.scroll_to(y=max(at - height // 2, 0), animate=False, immediate=True)
        self.refresh()


def _counts(file: ChangedFile) -> str:
    return f" +{file.count('added')} -{file.count('removed')}"


def _done_to(file: ChangedFile) -> tuple[str, str]:
    """A letter for what a patch does to a file, and its style."""
    if file.old != file.new and any(note.startswith("rename") for note in file.notes):
        return "R", "warn"
    if not file.old:
        return "A", "good"
    if not file.new:
        return "D", "bad"
    return "M", "accent"
