"""Putting a contender through the checks."""

from collections.abc import Sequence

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
_OF_THE_SHELL = {"state", "codes", "shell"}
"""What these checks leave behind is gone with the shell, where every command gets a new one."""


async def torture(contender: ContenderProcess, checks: Sequence[Check] = CHECKS) -> dict[str, str]:
    """What went wrong, by check; empty for a check that passed.

    A check that failed, or that leaves a shell in a state of its own, costs the contender its
    container: the next one begins with a new one.

    Raises:
        ContenderFailed: the contender cannot even be started.
    """
    await contender.renew()
    new_shells = "state" in contender.entry.outside
    faults = {}
    fresh = True
    for check in checks:
        fault = await _one(contender, check, fresh)
        faults[check.name] = fault
        clean = not check.dirty or (new_shells and check.subject in _OF_THE_SHELL)
        fresh = clean and not fault
    await contender.kill()
    return faults


async def _one(contender: ContenderProcess, check: Check, fresh: bool) -> str:
    try:
        if not fresh:
            await contender.renew()
        for number, step in enumerate(check.steps, start=1):
            reply = await contender.run(step.command, step.timeout, _PATIENCE)
            fault = step.fault(reply)
            if fault:
                return f"command {number}: {fault}" if len(check.steps) > 1 else fault
        reply = await contender.run(USABLE.command, USABLE.timeout, _PATIENCE)
        fault = USABLE.fault(reply)
        return f"unusable afterwards: {fault}" if fault else ""
    except ContenderFailed as failure:
        return str(failure)
