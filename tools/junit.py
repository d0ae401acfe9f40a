"""Reading JUnit XML, which comes out of a sandbox and is not to be trusted.

Expat is driven directly: a document type is refused before it can define anything, and only what is
asked for is kept.
"""

from dataclasses import dataclass
from typing import Literal
from xml.parsers import expat

Status = Literal["passed", "failed", "error", "skipped", "xfailed", "missing"]

_LONGEST = 16_384  # characters kept of one message
_MOST_CASES = 500_000


class BadReport(Exception):
    """It is not a JUnit report; the message says why."""


@dataclass(slots=True)
class Case:
    """One ``testcase`` element.

    Attributes:
        classname: dotted; what it means is up to the runner.
        name: the test's own name, parameters included.
        file: where the runner says the test is, or empty.
        status: how it ended.
        summary: the runner's one-line message about a failure.
        text: the whole of it, its beginning left out when it is long.
        seconds: as the runner measured it.
    """

    classname: str
    name: str
    file: str
    status: Status = "passed"
    summary: str = ""
    text: str = ""
    seconds: float = 0.0


def read_junit(data: bytes) -> list[Case]:
    """The test cases of a report, in its order.

    Raises:
        BadReport: it is not XML, has a document type, or holds no test suite.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadReport(f"the test report is not valid XML: {error}") from error
    if not reader.is_report:
        raise BadReport("the test report is XML, but no JUnit report")
    return reader.cases


class _Reader:
    """What expat tells, gathered into cases."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.is_report = False
        self._case: Case | None = None
        self._inside = ""
        self._pieces: list[str] = []

    def doctype(self, *_: object) -> None:
        raise BadReport("the test report has a document type, which no test runner writes")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in ("testsuite", "testsuites"):
            self.is_report = True
        elif tag == "testcase" and self.is_report:
            if len(self.cases) >= _MOST_CASES:
                raise BadReport("the test report is too long")
            self._case = Case(
                classname=attributes.get("classname", ""),
                name=attributes.get("name", ""),
                file=attributes.get("file", ""),
                seconds=_seconds(attributes.get("time", "")),
            )
            self.cases.append(self._case)
        elif self._case is not None and tag in ("failure", "error", "skipped"):
            self._inside, self._pieces = tag, []
            if _graver(tag, self._case.status):
                self._case.status = _status(tag, attributes.get("type", ""))
                self._case.summary = attributes.get("message", "")[:_LONGEST]

    def text(self, data: str) -> None:
        if self._inside:
            self._pieces.append(data)

    def end(self, tag: str) -> None:
        if tag == self._inside:
            if self._case is not None:
                text = "".join(self._pieces)
                self._case.text = "\n".join(filter(None, (self._case.text, text)))[-_LONGEST:]
            self._inside = ""
        elif tag == "testcase":
            self._case = None


def _graver(tag: str, status: Status) -> bool:
    """A case that failed and broke down in its teardown as well keeps the failure."""
    return status in ("passed", "skipped", "xfailed") or (tag == "error" and status != "failed")


def _status(tag: str, kind: str) -> Status:
    if tag == "skipped":
        return "xfailed" if kind == "pytest.xfail" else "skipped"
    return "failed" if tag == "failure" else "error"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < 1e9 else 0.0
