"""HTML, element by element. Texts become markup here and nowhere else, so none is forgotten."""

from dataclasses import dataclass
from html import escape

from agent.export.visible import visible


@dataclass(frozen=True, slots=True)
class Html:
    """Markup, finished: every text in it is escaped."""

    markup: str


Content = Html | str
"""What an element may hold: markup, or a text, whoever wrote it."""


def element(tag: str, *children: Content, **attributes: str | bool) -> Html:
    """An element.

    Args:
        tag: its name; one of ours, never a text of somebody else.
        children: what is in it.
        attributes: by name; an underscore at a name's end keeps it apart from Python's words.
            True is an attribute without a value, False and "" are none at all.
    """
    parts = [tag]
    for name, value in attributes.items():
        name = name.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(name)
        elif value:
            parts.append(f'{name}="{escape(visible(str(value)))}"')
    inner = "".join(map(_markup, children))
    return Html(f"<{' '.join(parts)}>{inner}" + ("" if tag == "meta" else f"</{tag}>"))


def join(*children: Content) -> Html:
    """Contents one after the other, in no element of their own."""
    return Html("".join(map(_markup, children)))


def folded(title: Content, *children: Content, is_open: bool = False, class_: str = "") -> Html:
    """A part of a page that can be folded up without a script."""
    summary = element("summary", title)
    return element("details", summary, *children, open=is_open, class_=class_)


def _markup(content: Content) -> str:
    return content.markup if isinstance(content, Html) else escape(visible(content))
