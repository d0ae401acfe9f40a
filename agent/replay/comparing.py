"""Whether an action did the same again: two results, without what is never the same twice.

Times, addresses, process ids, ports, the names of temporary files and of commits differ from one
run to the next although nothing else does. Each kind is one pattern; what it finds is replaced by
a word before the texts are compared. Nobody reads the texts so made: both are shown as they were.
"""

import re

from agent.events import Answered
from agent.replay.steps import outcomes_of
from tools.registry import ToolResult

_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)? ?(Z|[+-]\d\d:?\d\d)?", "<time>"),
    (
        rf"\b({_DAYS}),? (({_MONTHS}) +\d+|\d+ ({_MONTHS}))( \d{{4}})?( \d\d?:\d\d:\d\d)?"
        r"( [A-Z]{3,4})?( \d{4})?( [+-]\d{4})?",
        "<time>",
    ),
    (rf"\b({_MONTHS}) +\d{{1,2}} +(\d\d:\d\d|\d{{4}})\b", "<time>"),
    (r"\b\d{1,2}:\d\d:\d\d([.,]\d+)?\b", "<time>"),
    (r"\b\d+m\d+[.,]\d+s\b", "<seconds>"),  # as bash's `time` has it
    (r"\b\d+([.,]\d+)? ?(s|ms|us|µs|ns|sec|secs|seconds?|minutes?)\b", "<seconds>"),
    (r"\b0x[0-9a-fA-F]{6,16}\b", "<address>"),
    (r"\b(pid|PID|port)[ =:]+\d+", r"\1 <number>"),
    (r"(?m)^\[\d+\] \d+$", "<job>"),
    (r"/tmp(\.\w{6,12}|\w{8})\b", "/<temporary>"),
    (r"/pytest-of-[\w-]+/pytest-\d+\b", "/<temporary>"),
    (r"(?m)^(commit|Merge:|HEAD is now at) [0-9a-f]{7,64}\b", r"\1 <commit>"),
    (r"(?m)^\[(.+?) [0-9a-f]{7,40}\]", r"[\1 <commit>]"),
    (r"(?m)^([^\n@]+@)[0-9a-f]{12}\b", r"\1<host>"),
)
_REPLACE = tuple((re.compile(pattern), word) for pattern, word in _PATTERNS)

_TOLD = "\n\nPredicted before it ran:\n"
"""With this begins what looking ahead adds to a result; see `agent.preflight.preflight`."""


def normal(text: str) -> str:
    """A result's text without what is never the same twice, and without space at line ends."""
    for pattern, word in _REPLACE:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def same(recorded: Answered, again: ToolResult, changed: str | None = None) -> bool:
    """Whether an action did what it did before.

    Args:
        recorded: its result then.
        again: its result now.
        changed: what the user made of its argument then; None where they changed nothing.
    """
    now = Answered(step=0, tool="", ok=again.ok, output=again.output, data=again.data)
    return (
        recorded.ok == again.ok
        and _ending(recorded) == _ending(now)
        and outcomes_of(recorded) == outcomes_of(now)
        and normal(own_output(recorded, changed)) == normal(own_output(now))
    )


def own_output(recorded: Answered, changed: str | None = None) -> str:
    """What the tool itself said, without what the run told the policy around it."""
    output = recorded.output
    if changed is not None:
        _, found, rest = output.partition(f"{changed}\n\n")
        output = rest if found else output
    return output.partition(_TOLD)[0]


def _ending(result: Answered) -> tuple[object, object]:
    return result.data.get("status"), result.data.get("exit_code")
