"""What stands on the pages of the doctor screen: findings, settings, keys and themes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import App

from agent.origins import Setting
from agent.tui.screens.doctor.page import Entry, Heading
from agent.tui.widgets.safetext import one_line

if TYPE_CHECKING:
    from agent.doctor import Finding

_SIGNS = {
    "ok": ("✓ ok     ", "good"),
    "missing": ("✗ missing", "bad"),
    "unused": ("- unused ", "dim"),
}
_NAME = 14
_ORIGIN = 12
_KEYS = 22
_THEME = 24


def of_findings(findings: Sequence["Finding"]) -> list[Entry | Heading]:
    """What was found; the command that mends it is what is copied."""
    return [_finding(each) for each in findings]


def _finding(finding: "Finding") -> Entry:
    sign, style = _SIGNS[finding.state]
    return Entry(
        ((style, f"{sign}  "), ("strong", f"{one_line(finding.name, _NAME):<{_NAME}} ")),
        finding.detail,
        below=f"mend it: {finding.mend}" if finding.mend else "",
        copied=finding.mend or finding.detail,
    )


def of_settings(settings: Sequence[Setting]) -> list[Entry | Heading]:
    """Every setting: where it came from, its name, its value."""
    widest = max((len(each.name) for each in settings), default=0) + 2
    return [_setting(each, widest) for each in settings]


def _setting(setting: Setting, width: int) -> Entry:
    usual = setting.origin == "default"
    return Entry(
        (
            ("dim" if usual else "accent", f"{setting.origin:<{_ORIGIN}} "),
            ("plain" if usual else "strong", f"{setting.name:<{width}}"),
        ),
        setting.value or "not set",
        style="plain" if setting.value and not usual else "dim",
        copied=setting.line,
    )


def of_keys(app: App[None]) -> list[Entry | Heading]:
    """Every key: those that hold everywhere first, then screen by screen."""
    from agent.tui.registry import SCREENS
    from agent.tui.screens.doctor.keymap import Key, keys_of, places

    opening = [
        Key(app.get_key_display(entry.binding), entry.title) for entry in SCREENS if entry.key
    ]
    entries: list[Entry | Heading] = [Heading("Everywhere")]
    entries += [_key(key.keys, key.words) for key in [*keys_of(app, type(app)), *opening]]
    for place in places():
        entries.append(Heading(place.name))
        entries += [_key(key.keys, key.words) for key in keys_of(app, place.kind)]
    return entries


def _key(keys: str, words: str) -> Entry:
    return Entry((("accent", f"{keys:<{_KEYS}} "),), words, copied=f"{keys}  {words}")


def of_themes(chosen: str) -> list[Entry | Heading]:
    """The themes; the chosen one has a sign."""
    from agent.tui.themes import THEMES

    entries: list[Entry | Heading] = []
    for theme in THEMES:
        strong = ", with strong contrasts" if theme.name.endswith("strong") else ""
        words = f"for {'dark' if theme.dark else 'light'} terminals{strong}"
        here = theme.name == chosen
        columns = (
            ("accent", "● " if here else "○ "),
            ("strong" if here else "plain", f"{theme.name:<{_THEME}}"),
        )
        entries.append(Entry(columns, words, copied=theme.name, name=theme.name))
    return entries
