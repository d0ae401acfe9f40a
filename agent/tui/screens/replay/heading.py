"""The replay screen's head and foot: where in the run the reader is, and how it plays."""

from rich.text import Text

from agent.replay.reading import RecordedRun
from agent.tui.screens.replay.player import Player
from agent.tui.widgets.safetext import one_line
from agent.tui.words import count, duration, money, title

_BAR = 20


def heading(run: RecordedRun, player: Player, width: int) -> Text:
    """Two lines: what the run is about, and what was known at the step."""
    issue = run.record.issue
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(one_line(f"{issue.id}  {title(issue)}", width), "bold")
    text.append(f"\n{one_line('   '.join(_facts(run, player)), width)}", "dim")
    return text


def _facts(run: RecordedRun, player: Player) -> list[str]:
    facts = [run.record.policy]
    if run.record.parent:
        facts.append(f"fork of {run.record.parent.run} after step {run.record.parent.step}")
    step = player.step
    if step is None:
        return [*facts, "before the first step"]
    spent = step.spent
    facts.append(duration(spent.seconds))
    if spent.tokens:
        facts.append(f"{count(spent.tokens)} tokens")
    if spent.cost:
        facts.append(money(spent.cost))
    if step.tests:
        passed = sum(how == "passed" for how in step.tests.values())
        facts.append(f"{passed}/{len(step.tests)} tests pass")
    if step.patch:
        facts.append("a patch is handed in")
    return facts


def status(player: Player, kind: str, again: str, width: int) -> str:
    """Where the reader is, how it plays, what they look for, and how acting again stands.

    Args:
        player: where.
        kind: of steps that are looked for; empty for none. Safe to draw, as is ``again``.
        again: what is being done again, or what that gave.
        width: cells there are.
    """
    steps = len(player.steps)
    filled = round(_BAR * player.at / steps) if steps else 0
    bar = f"{'━' * filled}{'─' * (_BAR - filled)}"
    play = f"{'▶' if player.playing else '‖'} {player.speed}×"
    words = [f"step {player.number} of {steps}  {bar}  {play}"]
    words += [f"n: {kind}"] if kind else []
    words += [again] if again else []
    return one_line("   ".join(words), width)
