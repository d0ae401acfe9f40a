"""Source archives of releases, from the host's package indexes into the cache."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.errors import CheckoutFailed
from sandboxes.hostnet import BuildNetwork, host_network

if TYPE_CHECKING:
    import requests
    from pypi_simple import DistributionPackage, ProjectPage

_MOST_BYTES = 512 * 1024**2
_SECONDS = 60.0
_KINDS = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar")


@dataclass(frozen=True, slots=True)
class Archive:
    """A source archive on this machine.

    Attributes:
        path: the file, with the name it has on the index.
        released: when it was uploaded, when the index says so.
        notes: what the user should know.
    """

    path: Path
    released: datetime | None
    notes: tuple[str, ...] = ()


def obtain(name: str, version: str, cache: Path) -> Archive:
    """A release's source archive: from the cache, else from the first index that has the project.

    Args:
        name: the project's normalised name.
        version: the release's normalised version.
        cache: where archives are kept.

    Raises:
        CheckoutFailed: no index answers, none has the release, or it comes without source.
    """
    folder = cache / "releases" / f"{name}-{version}"
    kept = _kept(folder)
    if kept is not None:
        return kept
    network = host_network()
    with _session(network, cache) as session:
        problems = []
        for index in _indexes(network):
            page = _page(index, name, session)
            if isinstance(page, str):
                problems.append(network.mask(page))
                continue
            package = _choose(page, version)
            if package is None:
                raise CheckoutFailed(*_lacking(page, name, version))
            try:
                return _download(package, folder, session)
            except OSError as error:
                problem = network.mask(f"cannot download {package.filename}: {error}")
                raise CheckoutFailed(problem, "check the network, then try again") from error
    raise CheckoutFailed("; ".join(problems), "check the name, the network and the index settings")


def _kept(folder: Path) -> Archive | None:
    """An archive of an earlier time, when it is still what it was."""
    try:
        about = json.loads((folder / "about.json").read_text())
        path = folder / Path(about["file"]).name
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != about["sha256"]:
                return None
        released = about["released"]
        when = datetime.fromisoformat(released) if released else None
        return Archive(path, when, tuple(about["notes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _session(network: BuildNetwork, cache: Path) -> Iterator["requests.Session"]:
    """A session that trusts what the host's own programs trust."""
    import requests

    with requests.Session() as session, tempfile.NamedTemporaryFile(suffix=".pem") as bundle:
        if network.ca_bundle is not None:
            bundle.write(network.ca_bundle)
            bundle.flush()
            session.verify = bundle.name
            # Its variables would win over this; what they name is in the bundle already.
            for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
                if os.environ.get(variable):
                    session.verify = True
        yield session


def _indexes(network: BuildNetwork) -> list[str]:
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    said = network.environment
    first = said.get("PIP_INDEX_URL") or said.get("UV_DEFAULT_INDEX") or PYPI_SIMPLE_ENDPOINT
    more = f"{said.get('PIP_EXTRA_INDEX_URL', '')} {said.get('UV_INDEX', '')}".split()
    urls = [url.partition("=")[2] if "=" in url.partition("://")[0] else url for url in more]
    return list(dict.fromkeys([first, *urls]))


def _page(index: str, name: str, session: "requests.Session") -> "ProjectPage | str":
    """A project's releases on an index, or why there are none."""
    from pypi_simple import NoSuchProjectError, PyPISimple, UnsupportedContentTypeError
    from requests import RequestException

    try:
        return PyPISimple(index, session=session).get_project_page(name, timeout=_SECONDS)
    except NoSuchProjectError:
        return f"no project {name} on {index}"
    except (RequestException, UnsupportedContentTypeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"cannot read {index}: {said[:200]}"


def _choose(page: "ProjectPage", version: str) -> "DistributionPackage | None":
    """The release's source archive; of several the most usual form."""
    found = [
        package
        for package in page.packages
        if package.package_type == "sdist" and _same(package.version, version)
        if _kind(package.filename)
    ]
    return min(found, key=lambda package: _KINDS.index(_kind(package.filename)), default=None)


def _kind(filename: str) -> str:
    return next((kind for kind in _KINDS if filename.lower().endswith(kind)), "")


def _same(one: str | None, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return one is not None and Version(one) == Version(other)
    except InvalidVersion:
        return False


def _lacking(page: "ProjectPage", name: str, version: str) -> tuple[str, str]:
    """What to say about a release that is not there: the message, and the versions near it."""
    from packaging.version import InvalidVersion, Version

    sources: set[Version] = set()
    others: set[Version] = set()
    for package in page.packages:
        with contextlib.suppress(InvalidVersion):
            parsed = Version(package.version or "")
            (sources if package.package_type == "sdist" else others).add(parsed)
    wanted = Version(version)
    if wanted in others:
        message = f"{name} {version} was released without its source"
    else:
        message = f"{name} has no release {version}"
    below = sorted(each for each in sources if each < wanted)[-3:]
    above = sorted(each for each in sources if each > wanted)[:3]
    near = ", ".join(str(each) for each in (*below, *above))
    return message, f"the nearest with source: {near}" if near else "none has its source"


def _download(package: "DistributionPackage", folder: Path, session: "requests.Session") -> Archive:
    """Into the cache, with its digest checked; the description is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    path = folder / Path(package.filename).name
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        try:
            with session.get(package.url, stream=True, timeout=_SECONDS) as answer:
                answer.raise_for_status()
                for chunk in answer.iter_content(256 * 1024):
                    size += len(chunk)
                    if size > _MOST_BYTES:
                        raise CheckoutFailed(f"{package.filename} is larger than 512 MiB")
                    digest.update(chunk)
                    file.write(chunk)
            expected = package.digests.get("sha256")
            if expected is not None and expected != digest.hexdigest():
                problem = f"{package.filename} is not what the index says (sha256 differs)"
                raise CheckoutFailed(problem, "try again; if it stays, do not trust the index")
            file.close()
            Path(file.name).replace(path)
        finally:
            Path(file.name).unlink(missing_ok=True)
    notes = () if expected else ("the index gave no sha256 to check the source archive against",)
    if package.is_yanked:
        notes = (*notes, "this release was yanked from the index")
    about = {
        "file": path.name,
        "sha256": digest.hexdigest(),
        "released": package.upload_time.isoformat() if package.upload_time else None,
        "notes": notes,
    }
    part = folder / f"about.{os.getpid()}"
    part.write_text(json.dumps(about))
    part.replace(folder / "about.json")
    return Archive(path, package.upload_time, notes)
