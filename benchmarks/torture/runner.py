"""Putting a contender through the checks."""

from collections.abc import Sequence
from typing import Literal

from benchmarks.contenders.process import ContenderFailed, ContenderProcess
from benchmarks.torture import limits, output, shell, state, waiting
from benchmarks.torture.check import USABLE, Check

CHECKS: tuple[Check, ...] = (
    *state.CHECKS,
    *shell.CHECKS,
    *waiting.CHECKS,
    *output.CHECKS,
    *limits.CHECKS,
)

_PATIENCE = 10.0


async def torture(contender: ContenderProcess, checks: Sequence[Check] = CHECKS) -> dict[str, str]:
    """What went wrong, by check; empty for a check that passed.

    A check that failed costs the contender its container: the next one begins with a new one. So
    does one that passed and used up what the container had; others begin with a new shell.

    Raises:
        ContenderFailed: the contender cannot even be started.
    """
    await contender.renew()
    faults = {}
    left: Left = "nothing"
    for check in checks:
        fault = faults[check.name] = await _one(contender, check, left)
        left = _left(check, fault)
    await contender.kill()
    return faults


Left = Literal["nothing", "a used shell", "a used container"]
"""What a check leaves that the next one must not meet."""


def _left(check: Check, fault: str) -> Left:
    if fault or (check.dirty and check.subject == "limits"):
        return "a used container"
    return "a used shell" if check.dirty else "nothing"


async def _one(contender: ContenderProcess, check: Check, left: Left) -> str:
    try:
        if left == "a used container":
            await contender.renew()
        elif left == "a used shell":
            await contender.new_shell()
        for number, step in enumerate(check.steps, start=1):
            reply = await contender.run(step.command, step.timeout, _PATIENCE)
            fault = step.fault(reply)
            if fault:
                return f"command {number}: {fault}" if len(check.steps) > 1 else fault
        reply = await contender.run(USABLE.command, USABLE.timeout, _PATIENCE)
        fault = USABLE.fault(reply)
        return f"unusable afterwards: {fault}" if fault else ""
    except ContenderFailed as failure:
        return str(failure).partition("\n")[0][:80]
