"""The words and signs for what a run is at, and other short forms that several screens share."""

from pathlib import PurePosixPath

from agent.issue import Issue

SIGNS = {
    "new": "·",
    "queued": "…",
    "starting": "◌",
    "preparing": "◌",
    "working": "▸",
    "verifying": "▸",
    "pausing": "‖",
    "paused": "‖",
    "asking": "?",
    "resolved": "✓",
    "submitted": "◇",
    "unresolved": "✗",
    "failed": "!",
    "stopped": "■",
    "lost": "†",
}
"""One sign for every state: colour is never the only one."""

WORDS = {"asking": "asks you"}
"""States whose name is not the word for them."""

STYLES = {
    "resolved": "good",
    "submitted": "good",
    "unresolved": "bad",
    "failed": "bad",
    "lost": "bad",
    "asking": "warn",
    "paused": "warn",
    "pausing": "warn",
    "working": "accent",
    "verifying": "accent",
}
"""Styles of states that have one of their own."""


def state_words(state: str) -> str:
    """A state with its sign."""
    return f"{SIGNS.get(state, '·')} {WORDS.get(state, state)}"


def repository(repo: str) -> str:
    """A repository's short name."""
    if repo.startswith("pypi:"):
        return repo.removeprefix("pypi:")
    path = PurePosixPath(repo.rstrip("/").removesuffix(".git"))
    if "://" in repo or repo.startswith("git@"):
        return "/".join(path.parts[-2:])
    return path.name


def title(issue: Issue) -> str:
    """What an issue is called: its title, else its first words."""
    return issue.title.strip() or issue.text.strip()[:400]


def count(number: int) -> str:
    """A number of tokens in few signs."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            value = number / size
            return f"{value:.1f}{unit}" if value < 100 else f"{value:.0f}{unit}"
    return str(number)


def money(dollars: float) -> str:
    """US dollars in few signs; empty for none."""
    if not dollars:
        return ""
    return f"${dollars:.2f}" if dollars >= 0.01 else f"${dollars:.4f}"


def duration(seconds: float) -> str:
    """A time span as a clock shows it."""
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
