"""Issues: what is to be resolved. Where one is read from is the subject of `agent.sources`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator


class TestsFrom(BaseModel):
    """Where the tests that judge an issue come from when the repository lacks them.

    Attributes:
        pypi: ``NAME==VERSION``: its sdist holds the test files.
        files: the test files to take from there, relative to its root.
        patch: instead, a diff that adds or changes the tests.
        when: ``start``: the policy may see and run them, as a user's own failing test;
            ``check``: they are held back until verification.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pypi: str | None = None
    files: tuple[str, ...] = ()
    patch: str | None = None
    when: Literal["start", "check"] = "check"

    @model_validator(mode="after")
    def _one_source(self) -> "TestsFrom":
        if (self.pypi is None) == (self.patch is None):
            raise ValueError('give either "pypi" with "files", or "patch"')
        if self.pypi is not None and not self.files:
            raise ValueError('"pypi" needs "files": which test files to take')
        return self


class Issue(BaseModel):
    """One issue.

    Attributes:
        id: names it in lists and run folders.
        repo: a path, a git URL, or ``pypi:NAME==VERSION``.
        text: what its author wrote; untrusted.
        base: the revision to start from; the default branch's head, or the working tree as it is,
            without one.
        title: one line, may be empty.
        url: where it was read, may be empty.
        tests: ids that fail now and must pass.
        keep: ids that must go on passing; None for all that passed before.
        tests_from: where to take the tests from.
        python: the interpreter's version, as ``3.11``.
        install: commands that install the project, instead of what is detected.
        image: a container image in which the issue's environment is prepared already.
        reference: a patch that is known to resolve it; no policy ever sees it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    repo: str = ""
    text: str
    base: str | None = None
    title: str = ""
    url: str = ""
    tests: tuple[str, ...] = ()
    keep: tuple[str, ...] | None = None
    tests_from: TestsFrom | None = None
    python: str | None = None
    install: tuple[str, ...] | None = None
    image: str | None = None
    reference: str | None = Field(default=None, repr=False)

    @field_validator("*", mode="before")
    @classmethod
    def _sound(cls, value: object) -> object:
        """JSON can hold half characters, which no file can."""
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

    @field_validator("text")
    @classmethod
    def _not_empty(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the issue's text is empty")
        return text

    @field_validator("install", mode="before")
    @classmethod
    def _one_command(cls, install: object) -> object:
        return (install,) if isinstance(install, str) else install

    def told(self, *, repo: str | None, base: str | None, tests: tuple[str, ...]) -> "Issue":
        """The issue with what the user said beside it, which wins over what it says itself."""
        said = {"repo": repo, "base": base, "tests": tests}
        return self.model_copy(update={name: value for name, value in said.items() if value})

    def for_policy(self) -> "Issue":
        """The issue without what is held back until verification."""
        held: dict[str, object] = {"reference": None}
        if self.tests_from is not None and self.tests_from.when == "check":
            held |= {"tests": (), "keep": None, "tests_from": None}
        return self.model_copy(update=held)


def first_problem(error: ValidationError) -> str:
    """The first of a validation's complaints, as one line."""
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
