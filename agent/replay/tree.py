"""Which run goes on from which: the forks of a folder of runs, as a tree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import WrongUse
from agent.replay.reading import read_record, runs_in
from agent.runfolder import RunRecord


@dataclass(slots=True)
class Node:
    """A run in the tree.

    Attributes:
        folder: its own.
        record: what it set out to do; ``record.parent`` says where it begins.
        forks: that go on from it, by the step they go on from.
    """

    folder: Path
    record: RunRecord
    forks: list["Node"] = field(default_factory=list)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Node"]]:
        """This run and all that go on from it, with how far down they are."""
        yield depth, self
        for fork in self.forks:
            yield from fork.walk(depth + 1)


def tree(out: Path) -> list[Node]:
    """The runs of a folder; those that are no fork, or whose parent is gone, are the roots.

    A folder that cannot be read as a run is left out.
    """
    nodes: dict[str, Node] = {}
    for folder in runs_in(out):
        try:
            record = read_record(folder)
        except WrongUse:
            continue
        nodes[record.id] = Node(folder, record)
    roots: list[Node] = []
    for node in nodes.values():
        parent = nodes.get(node.record.parent.run) if node.record.parent else None
        (roots if parent is None or _below(parent, node, nodes) else parent.forks).append(node)
    for node in nodes.values():
        node.forks.sort(key=lambda fork: (fork.record.parent.step, fork.record.started))  # type: ignore[union-attr]
    return roots


def forks_of(folder: Path) -> list[Node]:
    """The runs beside a run that go on from it."""
    run = read_record(folder).id
    every = (node for root in tree(folder.parent) for _, node in root.walk())
    return next((node.forks for node in every if node.record.id == run), [])


def _below(node: Node, other: Node, nodes: dict[str, Node]) -> bool:
    """Whether a run goes on from another, however far up: only files that lie make a circle."""
    seen: set[str] = set()
    current: Node | None = node
    while current is not None and current.record.id not in seen:
        if current is other:
            return True
        seen.add(current.record.id)
        parent = current.record.parent
        current = nodes.get(parent.run) if parent else None
    return False
