"""What was predicted of a test beside what was recorded, as HTML."""

from collections.abc import Mapping

from agent.events import Compared, DivergedAt, Forecasted
from agent.export.markup import Html, element, folded, join
from agent.replay.traces import Foretold, Row, Shown

_MOST_ROWS = 1000
_MOST_NAMES = 12
_VALUE = 200
_RIGHT = {True: "right", False: "wrong", None: "neither right nor wrong"}


def foretold_html(each: Foretold) -> Html:
    """A prediction and what came of it: the verdict, where they part, the traces side by side."""
    parts = [_verdict(each.forecast, each.compared)]
    divergence = each.compared.divergence if each.compared else None
    if divergence is not None:
        parts.append(_divergence(divergence))
    if each.rows:
        parts.append(folded("the two traces side by side", _table(each.rows), is_open=True))
    if each.source:
        source = element("pre", each.source)
        parts.append(folded("the source that the model was shown", source))
    return element("div", *parts, class_="foretold")


def _verdict(forecast: Forecasted | None, compared: Compared | None) -> Html:
    about = forecast or compared
    assert about is not None, "one of the two is there"
    words = [
        element("p", "predicted of ", element("code", about.test), ": ", _said(about)),
    ]
    if forecast is not None and forecast.reason:
        words.append(element("p", forecast.reason, class_="said"))
    if forecast is not None and forecast.refused:
        words.append(element("p", "It was kept from running because of that."))
    if compared is not None:
        outcome = element("strong", compared.outcome)
        words.append(
            element("p", "When it ran: ", outcome, f"; the prediction was {_RIGHT[compared.right]}")
        )
    return join(*words)


def _said(about: Forecasted | Compared) -> Html:
    how = f" (confidence {about.confidence:.2f}, {about.model}, predictor {about.predictor})"
    return join(element("strong", about.verdict), how)


def _divergence(found: DivergedAt) -> Html:
    """Where the two part, with what each side says there."""
    rows = [_differing("line", found.predicted_line.strip(), found.recorded_line.strip())]
    rows += [_differing(name, *pair) for name, pair in [*found.names.items()][:_MOST_NAMES]]
    if found.values:
        rows.append(_differing("its value", *found.values))
    same = {
        name: value
        for name, value in found.recorded_state.items()
        if name not in found.names and found.predicted_state.get(name) == value
    }
    parts = [
        element("p", element("strong", "They part here first"), f" ({found.what}):"),
        element("table", _heading("", "predicted", "recorded"), *rows, class_="apart"),
    ]
    if same:
        parts.append(element("p", "The same in both: ", _locals(same), class_="note"))
    return element("div", *parts, class_="wide")


def _differing(name: str, predicted: str | None, recorded: str | None) -> Html:
    values = (
        element("td", _short(value or "nothing"), class_="code") for value in (predicted, recorded)
    )
    return element("tr", element("th", name), *values)


def _table(rows: tuple[Row, ...]) -> Html:
    body = [_row(row) for row in rows[:_MOST_ROWS]]
    table = element("table", _heading("", "predicted", "recorded"), *body, class_="traces")
    left_out = len(rows) - _MOST_ROWS
    more = [element("p", f"and {left_out} more rows", class_="note")] if left_out > 0 else []
    return element("div", table, *more, class_="wide")


def _heading(*titles: str) -> Html:
    return element("tr", *(element("th", title) for title in titles))


def _row(row: Row) -> Html:
    sign = "=" if row.same else "≠"
    return element(
        "tr",
        element("td", sign, class_="sign"),
        _frame(row.predicted),
        _frame(row.recorded),
        class_="same" if row.same else "differs",
    )


def _frame(shown: Shown | None) -> Html:
    if shown is None:
        return element("td", class_="nothing")
    number = element("span", str(shown.line), class_="number") if shown.line else ""
    parts = [element("span", shown.kind, class_="kind"), number, element("code", shown.source)]
    if shown.news:
        parts.append(element("div", _locals(shown.news), class_="locals"))
    if shown.value is not None:
        parts.append(element("div", element("code", _short(shown.value)), class_="locals"))
    return element("td", *parts)


def _locals(values: Mapping[str, str]) -> Html:
    shown = [f"{name} = {_short(value)}" for name, value in [*values.items()][:_MOST_NAMES]]
    more = len(values) - _MOST_NAMES
    return element("code", ", ".join(shown) + (f", and {more} more" if more > 0 else ""))


def _short(value: str) -> str:
    return value if len(value) <= _VALUE else f"{value[:_VALUE]} … ({len(value)} characters)"
