"""A verification in a few words."""

from agent.events import Verified
from agent.progress import Progress
from agent.runfolder import RunResult
from agent.verify import broken


def verdict_of(result: RunResult | None, progress: Progress) -> str:
    """What the verification says; where there is none, why not; empty for nothing yet."""
    verified = result.verification if result else progress.verified
    if verified is not None:
        return of_tests(verified)
    return result.reason if result else ""


def of_tests(verified: Verified) -> str:
    """The tests a patch was judged by, counted."""
    if not verified.applied:
        return "the patch does not apply"
    wanted = len(verified.fail_to_pass)
    fixed = sum(each.after == "passed" for each in verified.fail_to_pass)
    lost = sum(broken(each) for each in verified.pass_to_pass)
    kept = sum(each.after == "passed" for each in verified.pass_to_pass)
    words = [f"{fixed}/{wanted} fixed"] if wanted else ["no test to fix"]
    words.append(f"{lost} broken" if lost else f"{kept} kept")
    return ", ".join(words)
