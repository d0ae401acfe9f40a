"""What a build may use of the host's way to the network, and what must not be seen of it.

Builds run in containers with the network on. They need the host's certificates, proxies, package
indexes and Debian mirror; the finished images must hold none of these, and no log may show their
passwords. Everything is collected here as data: variables for single commands, and files for one
folder inside the build container that is deleted before the image is committed.
"""

import configparser
import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

BUILD_FOLDER = "/opt/foretrace/build"
"""The folder inside a build container for what only the build may see; never committed."""

DEBIAN_SUITES = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie"}
"""The Debian suite that carries a Python."""

_CA_IN_BUILD = f"{BUILD_FOLDER}/ca.pem"
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")
_CA_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
# Programs differ in the variable that names their certificates.
_CA_FOR_PROGRAMS = (*_CA_VARIABLES, "GIT_SSL_CAINFO")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_AS_THEY_ARE = ("PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "UV_HTTP_TIMEOUT", "UV_INDEX_STRATEGY")
_UV_CREDENTIALS = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@'\"]+(?=@)")


@dataclass(frozen=True, slots=True)
class BuildNetwork:
    """The host's network settings in the form a build container takes them.

    Attributes:
        environment: variables for the commands of a build, never part of an image.
        ca_bundle: the certificates that `environment` names inside, PEM; None when the host has
            none.
        apt_options: lines of apt's configuration: proxies and checks as on the host.
        apt_sources: the host's Debian sources, one line each, for the host's own suite.
        apt_suite: the suite `apt_sources` are for; empty when the host is not Debian.
        secrets: strings that `mask` hides.
        loopback: an index or a proxy is on the host's own loopback address, which a container of
            its own network cannot reach.
    """

    environment: Mapping[str, str]
    ca_bundle: bytes | None = None
    apt_options: tuple[str, ...] = ()
    apt_sources: tuple[str, ...] = ()
    apt_suite: str = ""
    secrets: tuple[str, ...] = ()
    loopback: bool = False

    def mask(self, text: str) -> str:
        """The text without passwords: those known, and whatever stands before an @ in a URL."""
        for secret in self.secrets:
            text = text.replace(secret, "****")
        return _URL_CREDENTIALS.sub("****", text)

    def apt_sources_for(self, suite: str) -> tuple[str, ...]:
        """The host's Debian sources with another suite's name in the place of its own."""
        if not self.apt_suite:
            return ()
        return tuple(
            re.sub(rf"(?<=\s){re.escape(self.apt_suite)}(?=[\s-])", suite, line)
            for line in self.apt_sources
        )


def host_network(environ: Mapping[str, str] | None = None) -> BuildNetwork:
    """Read the host's settings: its variables, pip's and uv's files, apt's configuration."""
    environ = os.environ if environ is None else environ
    variables = _indexes(environ) | _proxies(environ)
    variables |= {name: environ[name] for name in _AS_THEY_ARE if environ.get(name)}
    variables |= {name: value for name, value in environ.items() if _UV_CREDENTIALS.match(name)}
    bundle = _ca_bundle(environ)
    if bundle is not None:
        variables |= dict.fromkeys(_CA_FOR_PROGRAMS, _CA_IN_BUILD)
    suite, sources = _debian_sources()
    options = _apt_options()
    urls = [token for value in variables.values() for token in value.split() if "://" in token]
    return BuildNetwork(
        environment=variables,
        ca_bundle=bundle,
        apt_options=options,
        apt_sources=sources,
        apt_suite=suite,
        secrets=_secrets(variables, [*urls, *re.findall(r"\S+://\S+", " ".join(options))]),
        loopback=any(_is_loopback(url) for url in urls),
    )


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url.partition("=")[2] if "=" in url.partition("://")[0] else url).hostname
    except ValueError:
        return False
    return host is not None and (host in ("localhost", "::1") or host.startswith("127."))


def _secrets(variables: Mapping[str, str], urls: Iterable[str]) -> tuple[str, ...]:
    found = {value for name, value in variables.items() if name.endswith("_PASSWORD")}
    for url in urls:
        try:
            password = urlsplit(url).password
        except ValueError:
            continue
        if password:
            found |= {password, unquote(password)}
    return tuple(sorted((s for s in found if len(s) > 2), key=len, reverse=True))


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies, in both spellings: programs disagree about the one they read."""
    found: dict[str, str] = {}
    for name in _PROXIES:
        value = environ.get(name) or environ.get(name.upper())
        if value:
            found |= {name: value, name.upper(): value}
    return found


def _remote(value: str) -> str:
    """Of a list of addresses those that a container can reach: no files and folders of the host."""
    return " ".join(t for t in value.split() if re.match(r"([\w.-]+=)?https?://", t))


def _indexes(environ: Mapping[str, str]) -> dict[str, str]:
    """The package indexes in pip's and in uv's variables; variables win over files."""
    pip = {**_pip_files(environ)}
    for option in ("index-url", "extra-index-url", "find-links", "trusted-host"):
        value = environ.get("PIP_" + option.upper().replace("-", "_"))
        if value is not None:
            pip[option] = value
    for option in ("index-url", "extra-index-url", "find-links"):
        pip[option] = _remote(pip.get(option, ""))
    uv = _uv_files(environ)
    default = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or uv["default"]
    extra = environ.get("UV_INDEX") or environ.get("UV_EXTRA_INDEX_URL") or uv["extra"]
    variables = {
        "PIP_INDEX_URL": pip["index-url"],
        "PIP_EXTRA_INDEX_URL": pip["extra-index-url"],
        "PIP_FIND_LINKS": pip["find-links"],
        "PIP_TRUSTED_HOST": pip.get("trusted-host", ""),
        "UV_DEFAULT_INDEX": _remote(default) or pip["index-url"],
        "UV_INDEX": _remote(extra) or pip["extra-index-url"],
        "UV_FIND_LINKS": ",".join((_remote(environ.get("UV_FIND_LINKS", ""))).split())
        or ",".join(pip["find-links"].split()),
        "UV_INSECURE_HOST": environ.get("UV_INSECURE_HOST", "") or pip.get("trusted-host", ""),
    }
    return {name: value for name, value in variables.items() if value}


def _pip_files(environ: Mapping[str, str]) -> dict[str, str]:
    """The ``[global]`` and ``[install]`` options of pip's configuration files, later files last."""
    home = Path(environ.get("HOME") or "/nonexistent")
    paths = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf",
    ]
    if environ.get("PIP_CONFIG_FILE"):
        own = Path(environ["PIP_CONFIG_FILE"])
        paths = [] if own == Path(os.devnull) else [*paths, own]
    options: dict[str, str] = {}
    for path in paths:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                options |= dict(parser.items(section))
    return options


def _uv_files(environ: Mapping[str, str]) -> dict[str, str]:
    home = Path(environ.get("HOME") or "/nonexistent")
    found = {"default": "", "extra": ""}
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "uv/uv.toml"
    for path in (Path("/etc/uv/uv.toml"), user):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        indexes = data.get("index")
        for index in indexes if isinstance(indexes, list) else []:
            if isinstance(index, dict) and isinstance(index.get("url"), str):
                kind = "default" if index.get("default") is True else "extra"
                found[kind] = f"{found[kind]} {index['url']}".strip()
        if isinstance(data.get("index-url"), str):
            found["default"] = data["index-url"]
    return found


def _ca_bundle(environ: Mapping[str, str]) -> bytes | None:
    named = [environ[name] for name in _CA_VARIABLES if environ.get(name)]
    for place in [*named, _pip_files(environ).get("cert", ""), *_CA_SYSTEM]:
        try:
            if place and Path(place).is_file():
                return Path(place).read_bytes()
        except OSError:
            continue
    return None


def _apt_options() -> tuple[str, ...]:
    """The host's proxies for apt and its relaxed checks, if any."""
    try:
        dump = subprocess.run(
            ["apt-config", "dump"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    wanted = re.compile(r"Acquire::(https?::(\S+::)?Proxy |Check-(Valid-Until|Date) )")
    return tuple(line for line in dump.splitlines() if wanted.match(line))


def _debian_sources() -> tuple[str, tuple[str, ...]]:
    """The host's own suite and the lines of its sources for that suite's main component."""
    release = dict(
        line.split("=", 1) for line in _text(Path("/etc/os-release")).splitlines() if "=" in line
    )
    suite = release.get("VERSION_CODENAME", "").strip('"')
    if release.get("ID", "").strip('"') != "debian" or not suite:
        return "", ()
    folder = Path("/etc/apt/sources.list.d")
    lines: list[str] = []
    for path in [Path("/etc/apt/sources.list"), *sorted(folder.glob("*"))]:
        if path.suffix == ".list":
            lines += _one_line_sources(_text(path), suite)
        elif path.suffix == ".sources":
            lines += _stanza_sources(_text(path), suite)
    return suite, tuple(dict.fromkeys(lines))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _belongs(source_suite: str, suite: str) -> bool:
    return source_suite in (suite, f"{suite}-updates", f"{suite}-security")


def _one_line_sources(text: str, suite: str) -> list[str]:
    pattern = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$", re.MULTILINE)
    return [
        f"deb {uri} {name} main"
        for uri, name, components in pattern.findall(text)
        if _belongs(name, suite) and "main" in components.split()
    ]


def _stanza_sources(text: str, suite: str) -> list[str]:
    lines = []
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", text):
        fields = {
            name.lower(): value.split()
            for name, value in re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        }
        if "deb" not in fields.get("types", []) or "main" not in fields.get("components", []):
            continue
        if fields.get("enabled") == ["no"]:
            continue
        lines += [
            f"deb {uri} {name} main"
            for uri in fields.get("uris", [])
            for name in fields.get("suites", [])
            if _belongs(name, suite)
        ]
    return lines
