"""A run in which everything that somebody else wrote is an attack."""

from pathlib import Path

from agent.events import (
    Acted,
    Answered,
    Broke,
    CalledNatively,
    Compacted,
    Compared,
    DivergedAt,
    Ended,
    EventData,
    Forecasted,
    Forked,
    Limited,
    Localised,
    Malformed,
    ModelChosen,
    ModelReply,
    Prepared,
    Prompted,
    Retried,
    Reviewed,
    Said,
    Started,
    Steered,
    Submitted,
    SuspectLine,
    TestReport,
    Tried,
    Verified,
)
from agent.runfolder import RunResult
from tests.agent.replay.recorded import run_folder

EVIL = (
    "</pre></style></script><script>alert(1)</script><img src=x onerror=alert(2)>"
    "\"' onmouseover='alert(3)' &lt;b&gt; <!-- \x1b[31mred\x1b]8;;http://evil\x07 \u202egnp.exe"
    "\u2066 \u200f \u2028 \ufeff `` ``` ```` ~~~ [a](javascript:alert(4)) ![x](http://evil/x) "
    "| **bold** # h $$x$$ https://evil.example/ www.evil.example @someone"
)
"""Tags, ends of ours, escapes for terminals, marks of direction, and Markdown."""

LINES = f"{EVIL}\n# heading\n```\n</pre><script>alert(5)</script>\n- list\n\t{EVIL}\n"


def every_event() -> tuple[EventData, ...]:
    """One event of each kind, each text in it an attack."""
    reply = ModelReply(
        text=LINES, reasoning=LINES, calls=(CalledNatively(id=EVIL, name=EVIL, arguments=LINES),)
    )
    parts = DivergedAt(
        what="line",
        predicted=1,
        recorded=2,
        predicted_line=EVIL,
        recorded_line=LINES,
        names={EVIL: (EVIL, None)},
        values=(LINES, EVIL),
        predicted_state={EVIL: EVIL, "same": EVIL},
        recorded_state={"same": EVIL},
    )
    patch = (
        f"diff --git a/{EVIL} b/{EVIL}\n--- a/{EVIL}\n+++ b/{EVIL}\n"
        f"@@ -1,2 +1,2 @@ {EVIL}\n-{EVIL}\n+{EVIL} more\n same\n{EVIL}\n"
    )
    rows = [{"id": EVIL, "status": EVIL}]
    return (
        Started(run=EVIL, issue=EVIL, policy=EVIL),
        Prepared(base_commit=EVIL, image=EVIL, seconds=1.0, notes=(EVIL,)),
        ModelChosen(model=EVIL, url=EVIL, profile=EVIL, context=1, notes=(EVIL,)),
        Prompted(system=LINES, user=LINES),
        Acted(step=1, tool=EVIL, argument=LINES, thought=LINES, reply=reply),
        Reviewed(step=1, decision="changed", argument=LINES),
        Forecasted(
            step=1,
            test=EVIL,
            predictor=EVIL,
            model=EVIL,
            verdict=EVIL,
            confidence=0.5,
            reason=LINES,
            line=EVIL,
            trace=EVIL,
            refused=True,
        ),
        Answered(step=1, tool=EVIL, ok=True, output=LINES, data={"outcomes": rows}),
        Compared(
            step=1,
            test=EVIL,
            predictor=EVIL,
            model=EVIL,
            verdict=EVIL,
            confidence=0.5,
            outcome=EVIL,
            right=False,
            divergence=parts,
        ),
        Malformed(step=2, message=LINES, reply=reply),
        Retried(number=1, of=2, seconds=1.0, reason=LINES),
        Compacted(steps=(1,), tokens_before=2, tokens_after=1),
        Said(role="user", text=LINES),
        Steered(what="asking", step=2, tool=EVIL, argument=LINES, text=LINES),
        Localised(
            formula=EVIL,
            failing=1,
            passing=1,
            lines=(SuspectLine(path=EVIL, line=1, score=1.0),),
            seconds=1.0,
        ),
        Tried(
            number=1,
            operator=EVIL,
            path=EVIL,
            line=1,
            before=LINES,
            after=LINES,
            failing="pass",
            seconds=1.0,
        ),
        Forked(run=EVIL, step=2),
        Submitted(patch=patch),
        Limited(limit=EVIL, message=LINES),
        _verified(),
        Broke(kind=EVIL, message=LINES),
        Ended(status=EVIL, reason=LINES),
    )


def _verified() -> Verified:
    report = TestReport(test=EVIL, before=EVIL, after=EVIL, flaky=True)
    return Verified(
        applied=True, resolved=False, fail_to_pass=(report,), pass_to_pass=(report,), notes=(EVIL,)
    )


def hostile_run(out: Path) -> Path:
    """The folder of such a run."""
    result = RunResult(
        id="x", issue=EVIL, policy=EVIL, status="unresolved", reason=LINES, timings={EVIL: 1.0}
    )
    return run_folder(
        out,
        *every_event(),
        result=result,
        id=EVIL,
        title=EVIL,
        text=LINES,
        repo=EVIL,
        url=f"javascript:{EVIL}",
        base=EVIL,
    )
