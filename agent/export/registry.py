"""The forms a run can be written in. A new one is its file and a line here."""

from collections.abc import Callable

from agent.replay.reading import RecordedRun


def _html(run: RecordedRun) -> str:
    from agent.export.page import page

    return page(run)


def _markdown(run: RecordedRun) -> str:
    from agent.export.markdown import document

    return document(run)


def _json(run: RecordedRun) -> str:
    import json

    from agent.replay.fields import run_fields

    return json.dumps(run_fields(run), indent=1) + "\n"  # half characters become escapes


FORMS: dict[str, Callable[[RecordedRun], str]] = {
    "html": _html,
    "markdown": _markdown,
    "json": _json,
}
"""By the name that ``--to`` takes; each gives the whole file."""
