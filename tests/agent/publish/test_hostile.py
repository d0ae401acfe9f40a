"""Checkouts that lay traps: nothing that they name runs, and nothing is written outside them."""

import os
from pathlib import Path

import pytest

from agent.errors import WrongUse
from agent.publish.commit import branch_and_commit
from agent.publish.place import opened
from agent.publish.remote import push, remote_of
from tests.agent.publish.handed import FIXED, change, head, run_of, served
from tests.agent.sources.githubserver import github_server
from tests.sandboxes.repository.gitrepos import commit, everything_in, git, repository

HOOKS = (
    "applypatch-msg",
    "commit-msg",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-rewrite",
    "pre-commit",
    "pre-push",
    "prepare-commit-msg",
    "reference-transaction",
    "fsmonitor-watchman",
    "proc-receive",
)


@pytest.fixture
def trap(tmp_path: Path, place: Path) -> Path:
    """A file that is there once anything of the checkout ran."""
    canary = tmp_path / "canary"
    run = f"touch {canary}; cat"
    commit(place, "attributes", _gitattributes="* filter=evil diff=evil merge=evil\n")
    inner = repository(place / "inner")
    commit(inner, "inner", x_py="x\n")
    git(place, "add", "inner")
    git(place, "commit", "-q", "-m", "with inner")
    for each in (place, inner):
        for name in (
            "core.fsmonitor",
            "core.sshCommand",
            "core.askPass",
            "core.pager",
            "core.editor",
            "core.gitProxy",
            "credential.helper",
            "diff.external",
            "diff.evil.textconv",
            "diff.evil.command",
            "gpg.program",
            "merge.evil.driver",
            "trailer.evil.command",
            "uploadpack.packObjectsHook",
            "core.alternateRefsCommand",
            "alias.push",
        ):
            git(each, "config", name, f"!{run}" if name.startswith(("alias", "cred")) else run)
        for name in ("clean", "smudge", "process"):
            git(each, "config", f"filter.evil.{name}", run)
        git(each, "config", "filter.evil.required", "true")
        git(each, "config", "commit.gpgSign", "true")
        git(each, "config", "push.gpgSign", "if-asked")
        git(each, "config", "core.hooksPath", str(each / ".git/hooks"))
        git(each, "config", "core.logAllRefUpdates", "always")
        (each / ".git/included").write_text(f"[core]\n\tfsmonitor = {run}\n")
        git(each, "config", "include.path", "included")
        hooks = each / ".git/hooks"
        hooks.mkdir(exist_ok=True)
        for name in HOOKS:
            (hooks / name).write_text(f"#!/bin/sh\ntouch {canary}\n")
            (hooks / name).chmod(0o755)
    canary.unlink(missing_ok=True)  # making it was enough to run some of it
    return canary


def test_nothing_of_a_hostile_checkout_runs(tmp_path: Path, place: Path, trap: Path) -> None:
    base = head(place)
    patch = change_here(place)
    trap.unlink(missing_ok=True)
    before = everything_in(place)
    made = branch_and_commit(run_of(tmp_path / "runs", patch, base), place)
    assert not trap.exists()
    with github_server(tmp_path / "repositories") as server:
        origin = served(tmp_path / "repositories/o/r")
        git(place, "config", "remote.origin.url", f"{server.site}/o/r")
        before[".git/config"] = (place / ".git/config").read_bytes()
        trap.unlink(missing_ok=True)
        with opened(place) as checkout:
            push(checkout, remote_of(checkout, "origin"), made.commit, made.branch)
        assert git(origin, "rev-parse", made.branch) == made.commit
    assert not trap.exists()
    after = everything_in(place)
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.startswith(".git/logs/refs/heads/foretrace")]
    git(place, "status", check=False)
    assert trap.exists()  # the trap was armed


def change_here(place: Path) -> str:
    """The repair as a patch, made where no filter is."""
    clean = repository(place.parent / "clean")
    commit(clean, "as there", prices_py=(place / "prices.py").read_text())
    return change(clean)


def test_a_patch_with_filtered_files_goes_in_as_it_is(
    tmp_path: Path, place: Path, trap: Path
) -> None:
    patch = change_here(place)
    made = branch_and_commit(run_of(tmp_path / "runs", patch, head(place)), place)
    assert git(place, "cat-file", "blob", f"{made.branch}:prices.py") == FIXED.strip()
    assert git(place, "ls-tree", made.branch, "inner").startswith("160000 commit")


@pytest.mark.parametrize("name", ["refs", "refs/heads", "refs/heads/foretrace"])
def test_branches_that_lead_elsewhere_are_not_followed(
    tmp_path: Path, place: Path, name: str
) -> None:
    patch, base = change(place), head(place)
    outside = tmp_path / "outside"
    link = place / ".git" / name
    if link.exists():
        link.rename(outside)
    outside.mkdir(exist_ok=True)
    link.symlink_to(outside)
    before = everything_in(outside)
    try:
        made = branch_and_commit(run_of(tmp_path / "runs", patch, base), place)
    except WrongUse:
        assert name != "refs/heads/foretrace"
    else:
        assert name == "refs/heads/foretrace"
        assert not made.branch.startswith("foretrace/")
    assert everything_in(outside) == before


def test_a_pipe_in_the_place_of_a_branch_holds_nobody_up(tmp_path: Path, place: Path) -> None:
    patch, base = change(place), head(place)
    (place / ".git/refs/heads/foretrace").mkdir()
    os.mkfifo(place / ".git/refs/heads/foretrace/clamp")
    made = branch_and_commit(run_of(tmp_path / "runs", patch, base), place)
    assert made.branch == "foretrace/clamp-2"


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch {canary}'",
        "{folder}",
        "file://{folder}",
        "-oProxyCommand=touch {canary}:o/r",
        "ssh://-oProxyCommand=touch {canary}/o/r",
        "https://127.0.0.1:1/o/r/../x",
        "ftp://example.org/o/r",
        "https://example.org/o",
        "https://example.org/o/r?x",
        "http://example.org/o/r",
    ],
)
def test_a_remote_that_is_no_host_is_refused(tmp_path: Path, place: Path, url: str) -> None:
    evil = served(tmp_path / "evil/o/r")
    canary = tmp_path / "canary"
    (evil / "hooks").mkdir(exist_ok=True)
    (evil / "hooks/pre-receive").write_text(f"#!/bin/sh\ntouch {canary}\n")
    (evil / "hooks/pre-receive").chmod(0o755)
    git(place, "config", "remote.origin.url", url.format(canary=canary, folder=evil))
    with opened(place) as checkout, pytest.raises(WrongUse) as caught:
        remote_of(checkout, "origin")
    assert "the remote origin is not a repository on a host" in caught.value.message
    assert not canary.exists()


def test_surrounding_git_variables_do_not_lead_elsewhere(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch, base = change(place), head(place)
    other = repository(tmp_path / "other")
    before = everything_in(other)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"):
        monkeypatch.setenv(name, str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    made = branch_and_commit(run_of(tmp_path / "runs", patch, base), place)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"):
        monkeypatch.delenv(name)
    assert git(place, "rev-parse", made.branch) == made.commit
    assert everything_in(other) == before
