"""How a run was assigned, read back from its record, so that it can be retried the same way."""

from collections.abc import Mapping

from agent.runfolder import RunRecord
from agent.tui.runs import Row
from agent.tui.starting import Assignment


def assignment_of(row: Row) -> Assignment | None:
    """As the run's record has it; None for a row without one."""
    if row.folder is None:
        return Assignment(policy=row.policy) if row.started else None
    try:
        record = RunRecord.model_validate_json((row.folder / "run.json").read_bytes())
    except (OSError, ValueError):
        return None
    settings = record.settings
    model, limits, simulate = (_table(settings, each) for each in ("model", "limits", "simulate"))
    by_model = record.policy == "cwm"
    return Assignment(
        policy=record.policy,
        model=_text(model.get("name")) if by_model else "",
        model_url=_text(model.get("url")) if by_model else "",
        simulate=_text(simulate.get("mode")),
        confirm=_text(settings.get("confirm")),
        turns=_text(limits.get("turns")),
        seconds=_text(limits.get("seconds")),
        tokens=_text(limits.get("tokens")),
        cost=_text(limits.get("cost")),
    )


def _table(settings: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = settings.get(name)
    return table if isinstance(table, dict) else {}


def _text(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
