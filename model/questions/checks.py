"""What is to be checked of a program that runs, and what became of it.

What does it is a program inside the sandbox, ``sandboxes/guest/check.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from model.questions.question import Runner

End = Literal["done", "raised", "time", "died", "skipped"]

SECONDS = 5.0
"""Of one check."""
_MOST_SECONDS = 300.0
"""Of all checks of a program."""


@dataclass(frozen=True, slots=True)
class ValueCheck:
    """The value of a call.

    Attributes:
        call: an expression.
        expected: another one whose value it is to equal; None for any.
    """

    call: str
    expected: str | None = None

    def asked(self) -> dict[str, object]:
        """As the harness takes it."""
        return {"kind": "value", "call": self.call, "expected": self.expected}


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """Statements that are to come to their end.

    Attributes:
        code: they.
    """

    code: str

    def asked(self) -> dict[str, object]:
        """As the harness takes it."""
        return {"kind": "code", "code": self.code}


@dataclass(frozen=True, slots=True)
class ScriptCheck:
    """The program as a script.

    Attributes:
        stdin: what it reads.
        most: bytes of its output that are looked at.
    """

    stdin: str
    most: int = 1 << 20

    def asked(self) -> dict[str, object]:
        """As the harness takes it."""
        return {"kind": "stdin", "stdin": self.stdin, "most": self.most}


Check = ValueCheck | CodeCheck | ScriptCheck


class Checked(BaseModel):
    """What became of a check.

    Attributes:
        end: it came to its end; an exception left it; its time was up; its process died; it was
            not run, as too many before it had no end.
        equal: whether the value is the one expected; None where none was.
        value: its ``repr``.
        stdout: what the script printed.
        error: type and message of the exception.
    """

    model_config = ConfigDict(frozen=True)

    end: End
    equal: bool | None = None
    value: str = ""
    stdout: str = ""
    error: Annotated[str, Field(max_length=1000)] = ""

    def why(self) -> str:
        """What kept it from its end, in a few words; empty where nothing did."""
        match self.end:
            case "done":
                return ""
            case "raised":
                return f"it raised {self.error}" if self.error else "it raised an exception"
            case "time":
                return "it did not end in time"
            case "died":
                return "its process died"
            case "skipped":
                return "it was not run, as those before it did not end in time"


_LIST = TypeAdapter(list[Checked])


async def check(
    runner: Runner, source: str, checks: Sequence[Check], seconds: float = SECONDS
) -> list[Checked]:
    """What became of a program's checks, in their order.

    Args:
        runner: runs them.
        source: of the program.
        checks: of it.
        seconds: that each may take.
    """
    if not checks:
        return []
    given = {"source": source, "checks": [each.asked() for each in checks], "seconds": seconds}
    # Three may take all their time, and the others some of it.
    limit = seconds * 3 + min(seconds * len(checks), _MOST_SECONDS) + 5
    ran = await runner.run("check", given, limit)
    try:
        found = _LIST.validate_python(ran.answer)
    except ValidationError:
        found = []
    rest = Checked(end="time" if ran.timed_out else "died")
    return [*found, *[rest] * (len(checks) - len(found))][: len(checks)]
