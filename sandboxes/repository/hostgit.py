"""Git on the host, kept at arm's length from the repositories it reads.

A repository's own configuration can name programs (hooks, filters, fsmonitor, a promisor's
upload-pack, ...) that git then runs. So git never works inside a repository of somebody else: it
works on git directories of ours, with a configuration of ours, that see the other's objects through
``objects/info/alternates`` at most. Only a fetch from a URL gets the user's own configuration, for
credentials and proxies.
"""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from sandboxes.errors import CheckoutFailed

FIXED_DATE = "946684800 +0000"
"""When the commits we make were made: always the same, so that their ids are."""

EXACT = "* -text !eol -filter -ident -working-tree-encoding\n"
"""Attributes under which a work tree holds exactly the bytes git has: no filter, no conversion."""

LITTER = (
    "__pycache__/",
    "*.py[co]",
    ".pytest_cache/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".coverage",
)
"""What nobody means to keep, as patterns of an excludes file; a release has no ``.gitignore``."""

_NO_FILTER = "* -filter\n"

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.autocrlf": "false",
    "core.symlinks": "true",
    "core.logAllRefUpdates": "false",
    "core.commentChar": "#",
    "commit.gpgSign": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.version": "2",
    "submodule.recurse": "false",
}
_FOR_URLS = (
    "GIT_SSL",
    "GIT_SSH",
    "GIT_HTTP",
    "GIT_PROXY",
    "GIT_CONFIG_GLOBAL",
)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@'\"]+(?=@)")


class GitRefused(Exception):
    """Git ended with an error; the message is what it said, without credentials."""

    def reason(self) -> str:
        """The first line that says why."""
        lines = [line.strip() for line in str(self).splitlines() if line.strip()]
        for line in lines:
            if line.startswith("fatal: Could not read from remote"):
                break  # ssh has said why, before
            if line.startswith(("fatal:", "error:")):
                return line.partition(":")[2].strip()
        return lines[0] if lines else "git gave no reason"


@dataclass(frozen=True, slots=True)
class HostGit:
    """Git on one git directory of ours.

    Attributes:
        git_dir: the git directory.
        work_tree: the files it is about, when a command needs some.
        index: another index than the git directory's own.
    """

    git_dir: Path
    work_tree: Path | None = None
    index: Path | None = None

    @classmethod
    def create(
        cls, git_dir: Path, *, objects: Path | None = None, exact: bool = True, sha256: bool = False
    ) -> "HostGit":
        """Make a bare git directory, which may see another's objects.

        Args:
            git_dir: where; must not exist.
            objects: the other's ``objects`` folder.
            exact: work trees hold git's bytes as they are; else line endings are converted as the
                repository's attributes ask, as its user's own git does.
            sha256: for objects named by SHA-256.
        """
        git_dir.mkdir(parents=True)
        git = cls(git_dir)
        kind = ["--object-format=sha256"] if sha256 else []
        git.run("init", "--quiet", "--bare", "--template=", "--initial-branch=main", *kind)
        (git_dir / "info").mkdir()
        (git_dir / "info/attributes").write_text(EXACT if exact else _NO_FILTER)
        if objects is not None:
            (git_dir / "objects/info").mkdir(exist_ok=True)
            # A leading quote would make git unquote the line; no other character is special.
            line = str(objects.resolve())
            if "\n" in line or line.startswith(('"', "#")):
                raise CheckoutFailed(f"cannot read from a folder with this name: {line!r}")
            (git_dir / "objects/info/alternates").write_text(line + "\n")
        return git

    def run(
        self,
        *arguments: str,
        stdin: bytes | IO[bytes] = b"",
        remote: bool = False,
        environment: dict[str, str] | None = None,
    ) -> bytes:
        """Run a git command and return what it printed.

        Args:
            arguments: the command and its arguments.
            stdin: bytes, or an open file to read from.
            remote: the command talks to a URL: the user's own configuration counts, and all but
                the usual network transports are refused.
            environment: more variables.

        Raises:
            GitRefused: it ended with an error.
            CheckoutFailed: there is no git on this machine.
        """
        try:
            from git.cmd import Git
        except ImportError as error:
            raise CheckoutFailed("git does not work on this machine", "install git") from error
        own = {
            "GIT_DIR": str(self.git_dir),
            "GIT_INDEX_FILE": str(self.index or self.git_dir / "index"),
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            **(_remote_environment() if remote else _closed_environment()),
            **({"GIT_WORK_TREE": str(self.work_tree)} if self.work_tree else {}),
            **(environment or {}),
        }
        # GitPython adds to our own environment; a variable of a surrounding git (we may run in one
        # of its hooks) must not reach this one.
        strangers = [n for n in os.environ if n.startswith("GIT_") and n not in own]
        strangers = [n for n in strangers if not (remote and n.startswith(_FOR_URLS))]
        clear = ["env", *(part for name in strangers for part in ("-u", name))] if strangers else []
        config = [part for name, value in _CONFIG.items() for part in ("-c", f"{name}={value}")]
        with _as_file(stdin) as file:
            result = Git(str(self.work_tree or self.git_dir)).execute(
                [*clear, "git", *config, *arguments],
                istream=cast("BinaryIO", file),
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                env=own,
            )
        assert isinstance(result, tuple)  # the form with_extended_output asks for
        status, output, errors = result
        if status:
            raise GitRefused(_URL_CREDENTIALS.sub("****", errors))
        return output if isinstance(output, bytes) else b""

    def line(self, *arguments: str, stdin: bytes = b"") -> str:
        """The one line a command prints."""
        return self.run(*arguments, stdin=stdin).decode("utf-8", "surrogateescape").strip()

    def commit(self, tree: str, parent: str | None, message: str) -> str:
        """Commit a tree with our fixed author and date; the same input gives the same id."""
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (
                ("NAME", "Foretrace"),
                ("EMAIL", "foretrace@localhost"),
                ("DATE", FIXED_DATE),
            )
        }
        parents = ["-p", parent] if parent else []
        output = self.run(
            "commit-tree", tree, *parents, stdin=message.encode() + b"\n", environment=who
        )
        return output.decode().strip()


def _closed_environment() -> dict[str, str]:
    """Nobody's configuration but ours, and no transport but files."""
    return {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "file",
    }


def _remote_environment() -> dict[str, str]:
    """The user's configuration and the usual transports; a stalled transfer ends."""
    stalled = {"GIT_HTTP_LOW_SPEED_LIMIT": "100", "GIT_HTTP_LOW_SPEED_TIME": "60"}
    own = {name: value for name, value in stalled.items() if name not in os.environ}
    return {"GIT_ALLOW_PROTOCOL": "https:http:ssh:git", **own}


def _as_file(stdin: bytes | IO[bytes]) -> IO[bytes]:
    """Input as a file with a descriptor; a file that is given is closed after use as well."""
    if not isinstance(stdin, bytes):
        return stdin
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(stdin)
    file.seek(0)
    return file
