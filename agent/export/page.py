"""A run as one HTML page that needs nothing else: no script, no other file, no network."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.events import ModelChosen, Submitted, TestReport, Verified
from agent.export.diffs import patch_html
from agent.export.markup import Content, Html, element, folded, join
from agent.export.stepview import sections_html, step_html
from agent.export.visible import first_line
from agent.replay.reading import RecordedRun
from agent.replay.steps import Step, before_the_first, steps_of
from agent.replay.telling import sections

_NOTHING_FROM_OUTSIDE = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = Path(__file__).with_name("style.css")
_MOST_TESTS = 500


def page(run: RecordedRun) -> str:
    """The whole page."""
    steps = steps_of(run.events)
    body = element(
        "body",
        element("header", _heading(run), _facts(run)),
        element(
            "main",
            _part("issue", "Issue", element("pre", run.record.issue.text, class_="prose")),
            _patch(run, steps),
            _tests(run),
            _budget(run, steps),
            _part("steps", "Steps", _contents(steps), *_beginning(run), *_all_steps(run, steps)),
            _part("settings", "Settings", folded("as the run had them", _settings(run))),
        ),
    )
    return f'<!DOCTYPE html>\n<html lang="en">{_head(run).markup}{body.markup}</html>\n'


def _head(run: RecordedRun) -> Html:
    style = Html(_STYLE.read_text(encoding="utf-8"))
    policy = element("meta", http_equiv="Content-Security-Policy", content=_NOTHING_FROM_OUTSIDE)
    return element(
        "head",
        element("meta", charset="utf-8"),
        policy,
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{run.record.issue.id} · {_status(run)} · Foretrace"),
        element("style", style),
    )


def _heading(run: RecordedRun) -> Html:
    issue = run.record.issue
    status = _status(run)
    reason = run.result.reason if run.result else "it goes on, or was killed"
    return join(
        element("h1", issue.title or issue.id),
        element("p", element("strong", status, class_=f"status {status}"), " ", reason),
    )


def _status(run: RecordedRun) -> str:
    return run.result.status if run.result else "open"


def _facts(run: RecordedRun) -> Html:
    record = run.record
    facts: dict[str, str] = {
        "run": record.id,
        "issue": f"{record.issue.id}  {record.issue.url}".strip(),
        "repository": record.issue.repo + (f" at {record.issue.base}" if record.issue.base else ""),
        "policy": record.policy,
        "started": f"{record.started:%Y-%m-%d %H:%M:%S %Z}",
    }
    model = next((e.data for e in run.events if isinstance(e.data, ModelChosen)), None)
    if model is not None:
        facts["model"] = f"{model.model} ({model.profile}, {model.context:,} tokens)"
    if record.parent:
        facts["goes on from"] = f"{record.parent.run}, after step {record.parent.step}"
    facts["versions"] = ", ".join(f"{name} {number}" for name, number in record.versions.items())
    return _pairs(facts)


def _pairs(facts: Mapping[str, str]) -> Html:
    pairs = (join(element("dt", name), element("dd", value)) for name, value in facts.items())
    return element("dl", *pairs)


def _part(name: str, title: str, *children: Content) -> Html:
    return element("section", element("h2", title), *children, id=name)


def _patch(run: RecordedRun, steps: Iterable[Step]) -> Html:
    handed_in = [e.data for e in run.events if isinstance(e.data, Submitted)]
    # As the run itself has it: one that does not apply never takes the place of one that does.
    counts = [each for each in handed_in if each.applies] or handed_in
    if not counts:
        return _part("patch", "Patch", element("p", "None was handed in.", class_="note"))
    return _part("patch", "Patch", patch_html(counts[-1].patch))


def _tests(run: RecordedRun) -> Html:
    verified = next((e.data for e in reversed(run.events) if isinstance(e.data, Verified)), None)
    if verified is None:
        return _part("tests", "Tests", element("p", "No patch was verified.", class_="note"))
    kept = sorted(verified.pass_to_pass, key=lambda each: each.before == each.after)
    return _part(
        "tests",
        "Tests",
        _reports("must pass", verified.fail_to_pass),
        _reports("must stay as they are", kept),
        *(element("p", note, class_="note") for note in verified.notes),
    )


def _reports(title: str, reports: Iterable[TestReport]) -> Html:
    reports = list(reports)
    if not reports:
        return join()
    rows = [
        element(
            "tr",
            element("td", each.before, class_=_good(each.before)),
            element("td", each.after, class_=_good(each.after)),
            element("td", each.test + (" (flaky)" if each.flaky else ""), class_="code"),
        )
        for each in reports[:_MOST_TESTS]
    ]
    heading = element("tr", *(element("th", name) for name in ("before", "after", "test")))
    left_out = len(reports) - _MOST_TESTS
    more = [element("p", f"and {left_out} more", class_="note")] if left_out > 0 else []
    table = element("table", heading, *rows, class_="tests")
    few = len(reports) <= 20
    summary = f"{len(reports)} test(s) that {title}"
    return folded(summary, element("div", table, class_="wide"), *more, is_open=few)


def _good(status: str) -> str:
    return "good" if status in ("passed", "xfailed", "skipped") else "bad"


def _budget(run: RecordedRun, steps: list[Step]) -> Html:
    """What was used, beside the limit where there is one."""
    spent = steps[-1].spent if steps else None
    if spent is None:
        return _part("budget", "Budget", element("p", "Nothing was used yet.", class_="note"))
    limits = run.record.settings.get("limits")
    limits = limits if isinstance(limits, dict) else {}
    rows = [_used("turns", spent.steps, limits.get("turns"))]
    rows.append(_used("seconds", round(spent.seconds, 1), limits.get("seconds")))
    if spent.tokens:
        rows.append(_used("tokens", spent.tokens, limits.get("tokens")))
    if spent.cost is not None:
        rows.append(_used("US dollars", round(spent.cost, 4), limits.get("cost")))
    timings = run.result.timings if run.result else {}
    phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in timings.items())
    took = [element("p", f"By phase: {phases}.", class_="note")] if phases else []
    return _part("budget", "Budget", element("table", *rows, class_="budget"), *took)


def _used(what: str, used: float, limit: object) -> Html:
    known = isinstance(limit, int | float) and limit > 0
    meter = element("meter", max=str(limit), value=str(used)) if known else ""
    of = f" of {limit:,.10g}" if known else ""
    return element(
        "tr", element("th", what), element("td", f"{used:,.10g}{of}"), element("td", meter)
    )


def _contents(steps: Iterable[Step]) -> Html:
    rows = [
        element(
            "li",
            element("a", _in_a_line(step), href=f"#step-{step.number}"),
            value=str(step.number),
        )
        for step in steps
    ]
    return element("ol", *rows, class_="contents")


def _in_a_line(step: Step) -> str:
    action = step.action
    if action is None:
        return "no valid action"
    return f"{action.tool}  {first_line(action.argument, 80)}" if action.tool else "the end"


def _beginning(run: RecordedRun) -> list[Html]:
    return sections_html(sections(before_the_first(run.events)))


def _all_steps(run: RecordedRun, steps: Iterable[Step]) -> list[Html]:
    return [step_html(step, run.folder) for step in steps]


def _settings(run: RecordedRun) -> Html:
    return element("pre", json.dumps(run.record.settings, indent=2, ensure_ascii=False))
