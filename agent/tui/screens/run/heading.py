"""The run screen's head: what the run is about, what it is at, and what is left of its budget."""

from collections.abc import Mapping

from rich.text import Text

from agent.runstate import State
from agent.tui.screens.run.watching import Watching
from agent.tui.verdict import verdict_of
from agent.tui.widgets.safetext import one_line
from agent.tui.words import count, duration, money, state_words, title

_BAR = 10
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def heading(run: Watching, width: int, color: str) -> Text:
    """Three lines.

    Args:
        run: that is watched.
        width: cells of a line.
        color: of its state; empty for none.
    """
    state: State = run.state
    issue = run.record.issue if run.record else None
    name = f"{issue.id}  {title(issue)}" if issue else run.folder.name
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(state_words(state), f"bold {color}".strip())
    text.append(f"  {one_line(name, max(width - 16, 10))}\n", "bold")
    text.append(one_line(_facts(run), width), "dim")
    text.append("\n")
    text.append_text(budget(run, width))
    return text


def _facts(run: Watching) -> str:
    progress = run.progress
    policy = (run.record.policy if run.record else progress.policy) or "?"
    facts = [f"{policy} {progress.model}".strip(), f"step {progress.step}"]
    facts.append(duration(run.seconds))
    if progress.tokens:
        facts.append(f"{count(progress.tokens)} tokens")
    if progress.cost:
        facts.append(money(progress.cost))
    if progress.tests:
        facts.append(tests_in_words(progress.tests))
    if verdict := verdict_of(run.result, progress):
        facts.append(verdict)
    return "  ".join(facts)


def tests_in_words(tests: Mapping[str, str]) -> str:
    """How many tests that ran passed the last time."""
    passed = sum(how == "passed" for how in tests.values())
    return f"{passed}/{len(tests)} tests pass"


def budget(run: Watching, width: int) -> Text:
    """A bar for each limit there is, as many as fit."""
    settings = run.record.settings if run.record else {}
    limits = settings.get("limits")
    limits = limits if isinstance(limits, dict) else {}
    progress = run.progress
    used = {
        "turns": (float(progress.step), f"{progress.step}/{limits.get('turns')}"),
        "seconds": (run.seconds, f"{duration(run.seconds)}/{_time(limits.get('seconds'))}"),
        "tokens": (
            float(progress.tokens),
            f"{count(progress.tokens)}/{_count(limits.get('tokens'))}",
        ),
        "cost": (progress.cost, f"{money(progress.cost) or '$0'}/{limits.get('cost')}"),
    }
    text = Text(no_wrap=True, overflow="crop")
    for name, (value, words) in used.items():
        limit = limits.get(name)
        if not isinstance(limit, int | float) or limit <= 0:
            continue
        piece = Text(f"{'time' if name == 'seconds' else name} ", "dim")
        piece.append(_bar(value / limit), "reverse" if value >= limit else "")
        piece.append(f" {words}   ")
        if len(text) + len(piece) > width + 3:
            break
        text.append_text(piece)
    return text


def _bar(share: float) -> str:
    """A bar filled to a share, between two strokes: it reads without colours."""
    eighths = round(min(max(share, 0.0), 1.0) * _BAR * 8)
    whole, rest = divmod(eighths, 8)
    return f"▕{('█' * whole + (_EIGHTHS[rest] if rest else '')).ljust(_BAR)}▏"


def _time(seconds: object) -> str:
    return duration(seconds) if isinstance(seconds, int | float) else "?"


def _count(tokens: object) -> str:
    return count(tokens) if isinstance(tokens, int) else "?"
