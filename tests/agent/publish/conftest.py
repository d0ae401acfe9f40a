"""Whoever runs the tests is nobody here: a git identity of the tests' own, no token, no proxy."""

from pathlib import Path

import pytest

from tests.agent.publish.handed import prices


@pytest.fixture(autouse=True)
def somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The git configuration of the one who publishes."""
    for name in (
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "GITHUB_ENTERPRISE_TOKEN",
        "GH_HOST",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "gitconfig"
    path.write_text("[user]\n\tname = Ada L\n\temail = ada@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    monkeypatch.setenv("GH_CONFIG_DIR", str(tmp_path / "gh"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A checkout with something to mend."""
    return prices(tmp_path / "prices")
