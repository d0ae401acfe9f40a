"""A server that speaks what we need of GitHub's API, and git's own protocol beside it.

It is laid out as an Enterprise server: the API under ``/api/v3``, repositories at their names.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

PREFIX = "/api/v3/repos/"
SEARCH = "/api/v3/search/issues"


@dataclass
class Answer:
    """One answer: what it says, and with which headers."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class GitHubServer:
    """What the server knows, and what it was asked.

    Attributes:
        site: its address.
        issues: by ``OWNER/REPO/issues/N``.
        comments: by the same names.
        labels: names of labels by ``OWNER/REPO``; a repository is there if it is here.
        first: answers that come before all others, one a request; None drops the connection.
        moved: where other paths of the API lead, with the status that says so.
        asked: the API's requests: path with query, and headers.
        sent: what the API was sent: the path, the headers, the body.
        repositories: the folder with bare repositories as ``OWNER/REPO``.
        branches: the default branches of repositories, by ``OWNER/REPO``.
        per_page: the most that a page holds, however many were asked for.
    """

    site: str
    repositories: Path
    issues: dict[str, dict[str, object]] = field(default_factory=dict)
    comments: dict[str, list[object]] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    first: list[Answer | None] = field(default_factory=list)
    moved: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[tuple[str, Message]] = field(default_factory=list)
    sent: list[tuple[str, Message, dict[str, object]]] = field(default_factory=list)
    branches: dict[str, str] = field(default_factory=dict)
    per_page: int = 100

    def add(self, name: str, *comments: object, **fields: object) -> str:
        """Put an issue there; returns its address."""
        number = int(name.rpartition("/")[2])
        page = f"{self.site}/{name}"
        self.comments[name] = list(comments)
        self.issues[name] = {
            "number": number,
            "title": "A title",
            "body": "A body",
            "html_url": page,
            "labels": [],
            "comments": len(comments),
            "state": "open",
            **fields,
        }
        self.labels.setdefault(name.rpartition("/issues/")[0], [])
        return page

    def answer(self, path: str, query: dict[str, list[str]]) -> Answer:
        if path in self.moved:
            status, location = self.moved[path]
            return Answer(status, {"message": "Moved"}, {"Location": location})
        name = path.removeprefix(PREFIX)
        if path == SEARCH:
            return self._search(path, query)
        if name in self.labels:
            return Answer(body={"full_name": name, "has_issues": True})
        owner, _, what = name.rpartition("/")
        if owner in self.labels and what == "labels":
            return self._page(path, [{"name": each} for each in self.labels[owner]], query)
        if owner in self.labels and what == "issues":
            wanted = query.get("labels", [""])[0]
            labels = {each for each in wanted.split(",") if each}
            return self._page(path, self._like(owner, labels, query["state"][0]), query)
        if name in self.issues:
            return Answer(body=self.issues[name])
        if name in self.branches:
            return Answer(body={"full_name": name, "default_branch": self.branches[name]})
        if name.removesuffix("/comments") in self.comments:
            return self._page(path, self.comments[name.removesuffix("/comments")], query)
        return Answer(404, {"message": "Not Found"})

    def _search(self, path: str, query: dict[str, list[str]]) -> Answer:
        """Words, each of which has to stand in the title, and a few qualifiers."""
        terms = re.findall(r'(?:(\w+):)?(?:"([^"]*)"|(\S+))', query["q"][0])
        told = [(key, quoted or word) for key, quoted, word in terms]
        named = dict(told)
        assert named["is"] == "issue"
        labels = {value for key, value in told if key == "label"}
        words = [value for key, value in told if not key]
        found = [
            each
            for each in self._like(named["repo"], labels, named.get("state", "all"))
            if all(word in str(each["title"]) for word in words)
        ]
        answer = self._page(path, found, query)
        answer.body = {"total_count": len(found), "items": answer.body}
        return answer

    def _like(self, repository: str, labels: set[str], state: str) -> list[dict[str, object]]:
        """The newest first, pull requests among them."""

        def fits(issue: dict[str, object]) -> bool:
            own = {each["name"] for each in issue["labels"]}  # type: ignore[attr-defined]
            return labels <= own and state in (issue["state"], "all")

        there = [
            each for name, each in self.issues.items() if name.startswith(f"{repository}/issues/")
        ]
        return sorted(filter(fits, there), key=lambda each: -int(str(each["number"])))

    def take(self, path: str) -> Answer:
        """What is answered to something sent: a pull request is opened."""
        name = path.removeprefix(PREFIX).removesuffix("/pulls")
        if path.endswith("/pulls") and name in self.branches:
            number = len(self.sent)
            there = {"number": number, "html_url": f"{self.site}/{name}/pull/{number}"}
            return Answer(201, there)
        return Answer(404, {"message": "Not Found"})

    def _page(self, path: str, entries: Sequence[object], query: dict[str, list[str]]) -> Answer:
        size = min(self.per_page, int(query.get("per_page", ["30"])[0]))
        page = int(query.get("page", ["1"])[0])
        headers = {}
        if page * size < len(entries):
            same = {name: value[0] for name, value in query.items()}
            there = f"{self.site}{path}?{urlencode({**same, 'page': page + 1})}"
            headers["Link"] = f'<{there}>; rel="next", <{there}>; rel="last"'
        return Answer(body=entries[(page - 1) * size : page * size], headers=headers)


def comment(text: object, author: str | None = "ada") -> dict[str, object]:
    return {"body": text, "user": {"login": author} if author else None}


@contextmanager
def github_server(repositories: Path) -> Iterator[GitHubServer]:
    """The server, on a port of its own, until the end."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    listening.daemon_threads = False
    known = GitHubServer(f"http://127.0.0.1:{listening.server_address[1]}", repositories)
    listening.RequestHandlerClass = _handler(known)
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield known
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def _handler(known: GitHubServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # One request a connection: no thread waits for a client that keeps its own open.
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if not parts.path.startswith("/api/"):
                self._git(b"")
                return
            known.asked.append((self.path, self.headers))
            if not known.first:
                self._send(known.answer(parts.path, parse_qs(parts.query)))
            elif (answer := known.first.pop(0)) is not None:
                self._send(answer)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = urlsplit(self.path).path
            if not path.startswith("/api/"):
                self._git(body)
                return
            known.sent.append((self.path, self.headers, json.loads(body)))
            if not known.first:
                self._send(known.take(path))
            elif (answer := known.first.pop(0)) is not None:
                self._send(answer)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def _send(self, answer: Answer) -> None:
            body = answer.body if isinstance(answer.body, bytes) else _json(answer.body)
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _git(self, body: bytes) -> None:
            """Let git answer, which speaks CGI."""
            parts = urlsplit(self.path)
            environment = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(known.repositories),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "PATH_INFO": parts.path,
                "QUERY_STRING": parts.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_CONFIG_GLOBAL": "/dev/null",
            }
            done = subprocess.run(
                ["git", "http-backend"],
                env=environment,
                input=body,
                capture_output=True,
                check=False,
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
            status = next((value for name, value in headers if name == "Status"), "200 OK")
            self.send_response(int(status.split()[0]))
            for name, value in headers:
                if name != "Status":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
