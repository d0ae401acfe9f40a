"""The token for a host: from the environment, or from the gh tool. Never shown.

The variables are those of gh: two for github.com and its ``ghe.com`` sites, two for Enterprise
servers. A token for one kind is not sent to the other. ``GH_HOST`` says which Enterprise server the
token is for; without it, it is for the one the user names.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field

from agent.errors import IssueProblem
from agent.sources.github.address import Site

_PUBLIC = ("GH_TOKEN", "GITHUB_TOKEN")
_ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_GH_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and where it was found, which is what may be shown."""

    value: str = field(repr=False)
    source: str


def find_token(site: Site) -> Token | None:
    """The token for a host, if the user has one.

    Raises:
        IssueProblem: a variable holds what cannot be a token.
    """
    for name in token_names(site):
        value = os.environ.get(name, "").strip()
        if value and _is_for(site):
            return _checked(value, name)
    value = _from_gh(site)
    return _checked(value, "gh") if value else None


def token_names(site: Site) -> tuple[str, str]:
    """The variables that a token for this host is looked for in."""
    return _PUBLIC if _is_public(site) else _ENTERPRISE


def _is_public(site: Site) -> bool:
    return site.host == "github.com" or site.host.endswith(".ghe.com")


def _is_for(site: Site) -> bool:
    named = os.environ.get("GH_HOST", "").strip().lower()
    own = {site.host, f"{site.host}:{site.port}"}
    return _is_public(site) or not named or named in own


def _checked(value: str, source: str) -> Token:
    # Else the HTTP library would refuse the header and quote it.
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise IssueProblem(f"what {source} holds is not a token", "set it anew")
    return Token(value, source)


def _from_gh(site: Site) -> str:
    program = shutil.which("gh")
    if program is None:
        return ""
    host = f"{site.host}:{site.port}" if site.port else site.host
    # gh would hand the variables' tokens back, for hosts that they are not for.
    ours = {n: v for n, v in os.environ.items() if n not in (*_PUBLIC, *_ENTERPRISE)}
    try:
        asked = subprocess.run(
            [program, "auth", "token", "--hostname", host],
            env=ours,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.decode("utf-8", "replace").strip() if asked.returncode == 0 else ""
