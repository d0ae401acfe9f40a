"""The kinds of blocks; a new one is a function and a line here."""

from model.nano.programs.blocks import choices, collecting, counting, loops, plain, tables, texts
from model.nano.programs.blocks.part import Block, Part

BLOCKS: dict[str, Block] = {
    "sum": counting.summed,
    "count": counting.counted,
    "best": counting.best,
    "find": counting.found,
    "index": counting.by_index,
    "zip": counting.zipped,
    "filter": collecting.filtered,
    "comprehension": collecting.comprehended,
    "seen": collecting.seen,
    "operations": collecting.operated,
    "slices": collecting.sliced,
    "range": loops.ranged,
    "while": loops.repeated,
    "nested": loops.nested,
    "text": texts.built,
    "strings": texts.changed,
    "split": texts.split,
    "table": tables.tallied,
    "items": tables.by_items,
    "branch": choices.branched,
    "attempt": choices.attempted,
    "truth": choices.truthy,
    "straight": plain.straight,
    "unpack": plain.unpacked,
    "values": plain.joined,
}

__all__ = ["BLOCKS", "Block", "Part"]
