"""The tree of forks that a run is in, as rows."""

from dataclasses import dataclass
from pathlib import Path

from agent.replay.tree import Node, tree
from agent.runfolder import RunResult
from agent.runstate import read_or_none
from agent.tui.widgets.safetext import one_line
from agent.tui.words import state_words


@dataclass(frozen=True, slots=True)
class ForkRow:
    """One run of the tree; ``words`` are safe to draw."""

    folder: Path
    words: str


def fork_rows(folder: Path) -> list[ForkRow]:
    """The run that all began with, and every run that goes on from it, depth first."""
    roots = tree(folder.parent)
    here = folder.resolve()
    root = next((each for each in roots if any(_is(node, here) for _, node in each.walk())), None)
    if root is None:
        return []
    return [ForkRow(node.folder, _words(depth, node, here)) for depth, node in root.walk()]


def _is(node: Node, folder: Path) -> bool:
    return node.folder.resolve() == folder


def _words(depth: int, node: Node, here: Path) -> str:
    result = read_or_none(RunResult, node.folder / "result.json")
    state = state_words(result.status) if result else "· no result yet"
    parent = node.record.parent
    after = f"after step {parent.step}: " if parent else ""
    mark = "▌" if _is(node, here) else " "
    branch = f"{'  ' * depth}└ " if depth else ""
    words = one_line(f"{after}{node.record.id}  {node.record.policy}", 60)
    return f"{mark}{branch}{state}  {words}"
