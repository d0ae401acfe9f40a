"""Repositories behind a URL: a real git server on the loopback."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sandboxes.errors import CheckoutFailed
from sandboxes.repository.checkout import Checkout, prepare_checkout
from tests.sandboxes.repository.gitrepos import all_objects, commit, everything_in, git, repository


@dataclass
class Served:
    """A repository, its URL, and the server behind it."""

    path: Path
    url: str
    server: "subprocess.Popen[bytes]"
    here: Path

    def prepare(self, base: str | None = None, url: str | None = None) -> Checkout:
        into = self.here / f"out-{time.monotonic_ns()}"
        return prepare_checkout(url or self.url, base=base, cache=self.here / "cache", into=into)

    def stop(self) -> None:
        self.server.kill()
        self.server.wait()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A repository with two commits, a tag between them, and a commit no branch leads to."""
    path = repository(tmp_path / "served/project")
    commit(path, "one", a_py="one\n")
    git(path, "tag", "v1")
    commit(path, "two", a_py="two\n")
    git(path, "config", "uploadpack.allowAnySHA1InWant", "true")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(git(path, "--exec-path"), "git-daemon")
    options = ["--export-all", "--reuseaddr", "--informative-errors", "--listen=127.0.0.1"]
    server = subprocess.Popen(
        [program, f"--base-path={tmp_path / 'served'}", f"--port={port}", *options],
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    found = Served(path, f"git://127.0.0.1:{port}/project", server, tmp_path)
    yield found
    found.stop()


def test_a_url_gives_its_default_branch(served: Served) -> None:
    checkout = served.prepare()
    assert checkout.name == "project"
    assert (checkout.path / "a.py").read_text() == "two\n"
    assert git(checkout.path, "tag") == "v1"
    assert "remote" not in (checkout.path / ".git/config").read_text()
    assert served.url.encode() not in b"".join(
        content
        for content in everything_in(checkout.path / ".git").values()
        if isinstance(content, bytes)
    )
    new = commit(served.path, "three", a_py="three\n")
    assert served.prepare().base_commit == new  # the default is asked for anew


def test_the_future_stays_in_the_mirror(served: Served) -> None:
    checkout = served.prepare("v1")
    assert git(checkout.path, "log", "--all", "--format=%s") == "one"
    future = git(served.path, "rev-parse", "HEAD")
    assert future not in all_objects(checkout.path)


def test_what_the_mirror_has_needs_no_network(served: Served) -> None:
    old = git(served.path, "rev-parse", "HEAD")
    served.prepare()
    served.stop()
    for base in ("v1", old, old[:8]):
        assert served.prepare(base).notes == ()
    again = served.prepare()
    assert again.base_commit == old
    assert any("does not answer" in note for note in again.notes)
    with pytest.raises(CheckoutFailed, match=r"cannot read git://127\.0\.0\.1"):
        served.prepare("v99")


def test_a_branch_is_asked_for_anew_and_a_rewritten_one_followed(served: Served) -> None:
    served.prepare("trunk")
    git(served.path, "reset", "-q", "--hard", "v1")
    new = commit(served.path, "rewritten", a_py="other\n")
    assert served.prepare("trunk").base_commit == new


def test_commits_beside_all_branches_can_be_had(served: Served) -> None:
    git(served.path, "checkout", "-q", "-b", "pull")
    aside = commit(served.path, "a pull request", a_py="pull\n")
    git(served.path, "update-ref", "refs/pull/7/head", aside)
    git(served.path, "checkout", "-q", "trunk")
    git(served.path, "branch", "-q", "-D", "pull")
    assert served.prepare(aside).base_commit == aside
    assert served.prepare("refs/pull/7/head").base_commit == aside


@pytest.mark.parametrize("base", ["nope", "0" * 40, "refs/pull/9/head"])
def test_a_revision_that_is_not_there_is_named(base: str, served: Served) -> None:
    with pytest.raises(CheckoutFailed, match=f"no revision '{base}'"):
        served.prepare(base)


def test_a_wrong_address_is_an_error_in_one_line(served: Served) -> None:
    with pytest.raises(CheckoutFailed, match="cannot read") as caught:
        served.prepare(url=served.url + "-missing")
    assert "\n" not in caught.value.message
    empty = repository(served.here / "served/empty")
    with pytest.raises(CheckoutFailed, match="cannot read"):
        served.prepare(url=served.url.replace("project", empty.name))


@contextmanager
def closed_server(status: int, said: str) -> Iterator[str]:
    """A site that answers everything with one status; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "user", "hint"),
    [
        (401, "", "gh auth setup-git"),  # no credentials
        (401, "someone:s3cret@", "gh auth setup-git"),  # wrong ones
        (403, "", "gh auth setup-git"),
        (404, "", "check the address"),
        (500, "", "check the address"),
    ],
)
def test_a_private_repository_asks_for_gits_own_credentials(
    status: int, user: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    with closed_server(status, "remote said\x1b[31m\nsecond line") as site:
        url = site.replace("://", f"://{user}") + "/owner/private.git"
        with pytest.raises(CheckoutFailed, match="cannot read") as caught:
            prepare_checkout(url, base=None, cache=tmp_path / "cache", into=tmp_path / "into")
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert not (tmp_path / "into").exists()


def test_a_password_appears_nowhere(served: Served) -> None:
    url = served.url.replace("git://", "http://user:s3cret@")
    with pytest.raises(CheckoutFailed) as caught:
        served.prepare(url=url)
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert not [p for p in (served.here / "cache").rglob("*") if "s3cret" in p.name]
    texts = [p.read_bytes() for p in (served.here / "cache").rglob("*") if p.is_file()]
    assert not any(b"s3cret" in text for text in texts)


def test_several_at_once_share_the_mirror(served: Served) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: served.prepare().base_commit, range(4)))
    assert set(found) == {git(served.path, "rev-parse", "HEAD")}
    assert len(list((served.here / "cache/mirrors").glob("*.git"))) == 1
