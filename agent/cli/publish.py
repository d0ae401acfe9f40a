"""``foretrace publish``: a run's patch as a branch and a commit, and as a pull request."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.options import settings_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, WrongUse

if TYPE_CHECKING:
    from agent.publish.commit import Published
    from agent.publish.github import Plan, PullRequest
    from agent.replay.reading import RecordedRun

_PATH = click.Path(path_type=Path)


@click.command("publish")
@click.argument("run", metavar="RUN")
@click.option(
    "--checkout",
    type=_PATH,
    metavar="PATH",
    help="A checkout of the repository; without it the run's own, else the current folder.",
)
@click.option("--branch", metavar="NAME", help="The branch; named after the issue without it.")
@click.option("-m", "--message", metavar="TEXT", help="Of the commit; one is written without it.")
@click.option("-e", "--edit", is_flag=True, help="Edit the message first.")
@click.option("--onto", metavar="REV", help="Stand on this revision, not where the run began.")
@click.option("--unverified", is_flag=True, help="Take a patch that is not verified; it says so.")
@click.option("--pull-request", is_flag=True, help="Push the branch and open a pull request.")
@click.option(
    "--remote", default="origin", show_default=True, metavar="R", help="A remote, or its URL."
)
@click.option("--base-branch", metavar="B", help="To be merged into; the default branch without.")
@click.option("--ready", is_flag=True, help="No draft.")
@click.option("--yes", is_flag=True, help="Send it without a question.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@click.option("--out", type=_PATH, help="Where runs are written.")
@settings_options
def command(
    run: str,
    checkout: Path | None,
    branch: str | None,
    message: str | None,
    edit: bool,
    onto: str | None,
    unverified: bool,
    pull_request: bool,
    remote: str,
    base_branch: str | None,
    ready: bool,
    yes: bool,
    as_json: bool,
    settings: Settings,
) -> int:
    """Make a branch with the patch of RUN as its commit, in a checkout on this machine.

    RUN is a run's folder, its id, or the beginning of it. No file of the checkout changes, nor its
    index, nor the branch that is checked out. With --pull-request the branch is pushed to a remote
    (a fork's will do) and a draft is opened on GitHub, once you have seen it and said yes.
    """
    from agent.cli.publishview import commit_lines, published_json
    from agent.cli.show import print_lines
    from agent.publish.commit import branch_and_commit, checkout_of
    from agent.replay.reading import find_run, open_run

    if not pull_request and (base_branch or ready or yes):
        raise WrongUse("--base-branch, --ready and --yes are for a --pull-request")
    if pull_request and not yes and not _somebody_is_there():
        raise WrongUse(
            "a pull request is opened only when you have said yes, and there is no terminal",
            "look at the run first, and give --yes",
        )
    opened = open_run(find_run(run, settings.out))
    published = branch_and_commit(
        opened,
        checkout or checkout_of(opened) or Path(),
        branch=branch,
        message=_edited(opened, message, unverified) if edit else message,
        onto=onto,
        unverified=unverified,
    )
    if not as_json:
        print_lines(commit_lines(published))
    sent = None
    if pull_request:
        planned = _plan(opened, published, remote, base_branch, ready)
        sent = _sent(planned, yes)
    if as_json:
        print_lines([published_json(published, sent)])
    elif sent is not None:
        click.echo(f"pull request {sent.number}: {safe(sent.url)}")
    return DONE if sent or not pull_request else NOT_VERIFIED


def _somebody_is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _edited(run: "RecordedRun", message: str | None, unverified: bool) -> str:
    """The message as the user leaves it in their editor."""
    from agent.publish.submission import patch_of
    from agent.publish.words import message_of

    patch_of(run, unverified=unverified)  # what is wrong with it is told before the editor opens
    text = message or message_of(run)
    edited: str | None = click.edit(text, extension=".txt", require_save=False)
    return text if edited is None else edited


def _plan(
    run: "RecordedRun",
    published: "Published",
    remote: str,
    base_branch: str | None,
    ready: bool,
) -> "Plan":
    from agent.publish.github import plan

    return plan(
        run, published, remote=remote, base=base_branch, draft=not ready, progress=_progress
    )


def _sent(plan: "Plan", yes: bool) -> "PullRequest | None":
    """The pull request; None where the user thought better of it."""
    from agent.publish.github import send

    if not yes:
        click.echo(err=True)
        for line in plan.lines():
            click.echo(f"  {safe(line)}", err=True)
        click.echo(err=True)
        if not click.confirm("Send this?", default=False, err=True):
            click.echo("nothing was sent; the branch is in your checkout", err=True)
            return None
    return send(plan, _progress)


def _progress(line: str) -> None:
    click.echo(f"  {safe(line)}", err=True)
