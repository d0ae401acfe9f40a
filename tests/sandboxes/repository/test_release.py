"""Releases from a package index: a real one, and one of our own for what no real one has."""

import hashlib
import io
import json
import stat
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandboxes.errors import CheckoutFailed
from sandboxes.repository.checkout import Checkout, prepare_checkout
from sandboxes.repository.release import fetch_files
from tests.sandboxes.repository.gitrepos import git

RELEASE = "pypi:humanize==4.12.2"


@pytest.mark.network
def test_a_real_release_becomes_a_repository(tmp_path: Path) -> None:
    one = prepare_checkout(RELEASE, base=None, cache=tmp_path, into=tmp_path / "one")
    assert (one.name, one.version) == ("humanize", "4.12.2")
    assert (one.path / "src/humanize/number.py").is_file()
    assert git(one.path, "log", "--all", "--format=%s %an %aI") == (
        "humanize 4.12.2, as released Foretrace 2000-01-01T00:00:00+00:00"
    )
    assert git(one.path, "describe", "--tags") == "v4.12.2"
    assert git(one.path, "status", "--porcelain") == ""
    tests = fetch_files("humanize==4.12.3", ["tests/test_filesize.py"], tmp_path)
    two = prepare_checkout(
        RELEASE, base=None, cache=tmp_path, into=tmp_path / "two", extra_files=tests
    )
    assert two.base_commit != one.base_commit
    assert git(two.path, "rev-list", "--count", "HEAD") == "1"
    assert git(two.path, "describe", "--tags") == "v4.12.2"  # setuptools_scm still finds it


@pytest.mark.network
def test_what_is_cached_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = prepare_checkout(RELEASE, base=None, cache=tmp_path, into=tmp_path / "one")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    two = prepare_checkout(RELEASE, base=None, cache=tmp_path, into=tmp_path / "two")
    assert one.base_commit == two.base_commit
    (archive,) = (tmp_path / "releases/humanize-4.12.2").glob("*.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-10])  # a damaged one is fetched anew, or refused
    with pytest.raises(CheckoutFailed, match="cannot read"):
        prepare_checkout(RELEASE, base=None, cache=tmp_path, into=tmp_path / "three")


@pytest.mark.network
def test_a_release_that_is_not_there_names_its_neighbours(tmp_path: Path) -> None:
    with pytest.raises(CheckoutFailed, match=r"humanize has no release 4\.12\.99") as caught:
        fetch_files("humanize==4.12.99", ["x"], tmp_path)
    assert "4.12.3" in caught.value.hint
    assert "4.13.0" in caught.value.hint
    with pytest.raises(CheckoutFailed, match=r"lacks test_filesize\.py") as caught:
        fetch_files("pypi:Humanize == 4.12.2", ["test_filesize.py"], tmp_path)
    assert "tests/test_filesize.py" in caught.value.hint
    with pytest.raises(CheckoutFailed, match="no project"):
        fetch_files("humanize-that-nobody-made==1", ["x"], tmp_path)


class Index:
    """A package index of our own, served on the loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "simple/demo").mkdir(parents=True)
        handler = partial(_Quiet, directory=str(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://user:s3cret@127.0.0.1:{self.server.server_port}/simple/"
        self._links: list[str] = []

    def add(self, name: str, data: bytes, digest: str | None = None) -> None:
        (self.folder / "simple/demo" / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest() if digest is None else digest
        self._links.append(f'<a href="{name}{f"#sha256={digest}" if digest else ""}">{name}</a>')
        page = self.folder / "simple/demo/index.html"
        page.write_text("<!DOCTYPE html><html><body>" + "".join(self._links) + "</body></html>")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    made = Index(tmp_path / "index")
    monkeypatch.setenv("PIP_INDEX_URL", made.url)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[[str], Checkout]:
    def call(version: str) -> Checkout:
        return prepare_checkout(
            f"pypi:demo=={version}",
            base=None,
            cache=tmp_path / "cache",
            into=tmp_path / f"out-{version}",
        )

    return call


def tar(*entries: tuple[str, bytes] | tarfile.TarInfo, mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
            else:
                about = tarfile.TarInfo(entry[0])
                about.size = len(entry[1])
                archive.addfile(about, io.BytesIO(entry[1]))
    return stream.getvalue()


def special(name: str, kind: bytes, target: str = "", size: int = 0) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, target, size
    return entry


def test_archives_of_every_form(index: Index, prepare: Callable[[str], Checkout]) -> None:
    files = (("demo-1/pkg/a.py", b"a\n"), ("demo-1/setup.py", b"raise SystemExit(1)\n"))
    index.add("demo-1.tar.bz2", tar(*files, mode="w:bz2"))
    index.add("demo-2.tar.xz", tar(*files, mode="w:xz"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
        link = zipfile.ZipInfo("demo-1/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        script = zipfile.ZipInfo("demo-1/run")
        script.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(script, "#!/bin/sh\n")
    index.add("demo-3.zip", stream.getvalue())
    index.add("demo-4.tar.gz", tar(("a.py", b"flat\n"), ("b/c.py", b"c\n")))
    commits = [prepare(version).base_commit for version in ("1", "2")]
    assert git(prepare("3").path, "ls-files", "-s").splitlines()[0].startswith("120000")
    assert len(set(commits)) == 2  # the release's name is in the message
    zipped = prepare("3.0")
    assert (zipped.path / "link").is_symlink()
    assert (zipped.path / "run").stat().st_mode & 0o100
    assert {p.name for p in prepare("4").path.iterdir()} == {".git", "a.py", "b"}


def test_no_member_leaves_the_archive(
    index: Index, prepare: Callable[[str], Checkout], tmp_path: Path
) -> None:
    good = ("demo-1/a.py", b"a\n")
    outside = tmp_path / "outside"
    outside.mkdir()
    for version, names in enumerate(
        (["../evil"], ["/etc/evil"], ["demo-1/../../evil"], ["./../evil"]), start=1
    ):
        index.add(f"demo-{version}.tar.gz", tar(good, *((name, b"evil") for name in names)))
        with pytest.raises(CheckoutFailed, match="is not safe"):
            prepare(str(version))
    index.add(
        "demo-10.tar.gz",
        tar(
            good,
            special("demo-1/door", tarfile.SYMTYPE, str(outside)),
            ("demo-1/door/evil", b"evil"),
            special("demo-1/device", tarfile.CHRTYPE),
            special("demo-1/pipe", tarfile.FIFOTYPE),
            ("demo-1/.git/config", b"[core]\n\tfsmonitor = touch evil\n"),
            ("demo-1/sub/.GIT/hooks/x", b"evil"),
            special("demo-1/hard", tarfile.LNKTYPE, "demo-1/a.py"),
        ),
    )
    checkout = prepare("10")
    assert not list(outside.iterdir())
    assert (checkout.path / "door/evil").read_bytes() == b"evil"  # a folder took the link's place
    assert not (checkout.path / "door").is_symlink()
    assert {p.name for p in checkout.path.iterdir()} == {".git", "a.py", "door", "hard"}
    assert (checkout.path / "hard").read_bytes() == b"a\n"
    assert not (checkout.path / "hard").is_symlink()
    index.add("demo-11.tar.gz", tar(good, special("demo-1/h", tarfile.LNKTYPE, "/etc/passwd")))
    with pytest.raises(CheckoutFailed, match="cannot be read"):
        prepare("11")


def test_a_bomb_is_not_unpacked(index: Index, prepare: Callable[[str], Checkout]) -> None:
    bomb = special("demo-1/big", tarfile.REGTYPE, size=3 * 1024**3)
    index.add("demo-1.tar.gz", tar(("demo-1/a.py", b"a\n"), bomb))
    with pytest.raises(CheckoutFailed, match="more than a project"):
        prepare("1")


def test_what_is_damaged_or_strange_is_refused(
    index: Index, prepare: Callable[[str], Checkout], tmp_path: Path
) -> None:
    good = tar(("demo-1/a.py", b"a\n" * 5000))
    index.add("demo-1.tar.gz", good, digest="0" * 64)
    index.add("demo-2.tar.gz", good[: len(good) // 2])
    index.add("demo-3.tar.gz", b"not an archive")
    index.add("demo-4.zip", b"PK\x05\x06" + bytes(18))
    index.add("demo-5-py3-none-any.whl", b"x")
    index.add("demo-6.tar.gz", good, digest="")
    for version, said in (
        ("1", "sha256 differs"),
        ("2", "cannot be read"),
        ("3", "cannot be read"),
        ("5", "without its source"),
    ):
        with pytest.raises(CheckoutFailed, match=said) as caught:
            prepare(version)
        assert "\n" not in caught.value.message
        assert "s3cret" not in caught.value.message + caught.value.hint
    assert any("no sha256" in note for note in prepare("6").notes)
    kept = list((tmp_path / "cache").rglob("*"))
    assert not [p for p in kept if p.name.startswith("tmp")]
    abouts = [p for p in kept if p.name == "about.json"]
    assert all("s3cret" not in p.read_text() for p in abouts)
    assert json.loads(abouts[0].read_text())["sha256"]


def test_an_index_that_does_not_answer_is_named_without_its_password(
    index: Index, prepare: Callable[[str], Checkout]
) -> None:
    index.server.shutdown()
    index.server.server_close()
    with pytest.raises(CheckoutFailed, match="cannot read") as caught:
        prepare("1")
    assert "s3cret" not in caught.value.message + caught.value.hint
