"""Reads a page as a browser would, as far as tests need to know what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = ("meta",)


@dataclass(slots=True)
class Node:
    """An element and what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)

    def every(self, *tags: str) -> list["Node"]:
        """The elements below of these tags; all of them where none is named."""
        below = [each for each in self.children if isinstance(each, Node)]
        found = []
        for each in below:
            if not tags or each.tag in tags:
                found.append(each)
            found += each.every(*tags)
        return found

    def texts(self, tag: str) -> list[str]:
        return [each.text for each in self.every(tag)]

    @property
    def text(self) -> str:
        """All text below."""
        return "".join(each if isinstance(each, str) else each.text for each in self.children)

    def outline(self) -> tuple[object, ...]:
        """Tags and attributes, without the texts."""
        below = tuple(each.outline() for each in self.children if isinstance(each, Node))
        return (self.tag, tuple(self.attributes), below)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("")]

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in _VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> where <{self.open[-1].tag}> is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read_html(page: str) -> Node:
    """The page as a tree; every element must be closed where it was opened."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].tag}> stays open"
    return reader.open[0]
