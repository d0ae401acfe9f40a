"""Put what `foretrace nano eval --out` wrote into the model card's tables.

    python scripts/nano_card.py HELD/eval.json [NAME=OTHER/eval.json]...

The card has a place for each table, between ``<!-- table: shares -->`` and ``<!-- end -->``; tables
of programs that others wrote have the NAME in theirs: ``<!-- table: cruxeval -->``. Places that
nothing is given for stay as they are. What the sentences around the tables say is for a reader to
check.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from model.trace.score import wilson

CARD = Path(__file__).resolve().parents[1] / "model" / "nano" / "CARD.md"
_FEWEST = 20
_CWM = {
    "output pass@1": "87.7 %",
    "valid format": "99.6 %",
    "state exact match": "96.9 %",
    "action exact match": "96.5 %",
    "valid JSON": "100 %",
    "key match": "99.1 %",
    "key and value match": "98.1 %",
}

Report = dict[str, Any]  # JSON of `agent.nano.held.as_json`


def main(paths: list[str]) -> int:
    """Fill the card."""
    first, *others = paths
    tables = {name: "\n".join(table(_read(first))) for name, table in TABLES.items()}
    for other in others:
        name, _, path = other.partition("=")
        report = _read(path)
        tables[name] = "\n".join(shares(report))
        tables[f"{name} certainty"] = "\n".join([*said(report), "", *certainty(report)])
        tables[f"{name} published"] = "\n".join(published(report))
        tables[f"{name} halting"] = "\n".join(halting(report))
    text = CARD.read_text(encoding="utf-8")
    for name, table in tables.items():
        place = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = place.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text)
    CARD.write_text(text, encoding="utf-8")
    return 0


def shares(report: Report) -> Iterator[str]:
    """Whole traces, frames, outputs, verdicts."""
    yield from ("| | right | of |", "| --- | ---: | ---: |")
    for line in report["lines"]:
        if line["count"]["of"]:
            yield f"| {line['name']} | {_share(line['count'])} | {line['count']['of']:,} |"


def published(report: Report) -> Iterator[str]:
    """The measures that CWM's authors published, beside theirs on CRUXEval."""
    yield from ("| measure | nano | CWM on CRUXEval |", "| --- | ---: | ---: |")
    for name, theirs in _CWM.items():
        rate = report["published"][name]
        yield f"| {name} | {_interval(rate['share'], rate['low'], rate['high'])} | {theirs} |"


def lengths(report: Report) -> Iterator[str]:
    """Whole traces by the number of their frames."""
    yield from ("| | right as a whole | of |", "| --- | ---: | ---: |")
    for line in report["lengths"]:
        if line["count"]["of"]:
            yield f"| {line['name']} | {_share(line['count'])} | {line['count']['of']:,} |"


def constructs(report: Report) -> Iterator[str]:
    """By construct."""
    yield "| construct | traces | right as a whole | single frames | output |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for each in report["constructs"]:
        wholes = each["wholes"]
        if wholes["of"] >= _FEWEST:
            yield (
                f"| {each['name']} | {wholes['of']} | {_share(wholes)} "
                f"| {_percent(each['singles']['share'])} | {_percent(each['outputs']['share'])} |"
            )


def halting(report: Report) -> Iterator[str]:
    """Whether it is told what halts, by construct."""
    yield "| construct | halts or not, told rightly | of | no end, told so | of |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for each in report["constructs"]:
        halts, endless = each["halts"], each["endless"]
        if halts["of"] >= _FEWEST:
            yield (
                f"| {each['name']} | {_share(halts)} | {halts['of']} "
                f"| {_share(endless)} | {endless['of']} |"
            )


def said(report: Report) -> Iterator[str]:
    """What is left where it may be unsure."""
    found = report["said"]
    yield from (f"| believed from {found['sure']:.2f} on | | of |", "| --- | ---: | ---: |")
    for name, count in (
        ("traces that something is concluded from", found["said"]),
        ("of these right", found["right"]),
        ("tests with a verdict", found["tests"]),
        ("of these right", found["verdicts"]),
        ("programs unlike those it knows", found["beyond"]),
    ):
        yield f"| {name} | {_share(count)} | {count['of']:,} |"


def certainty(report: Report) -> Iterator[str]:
    """Whether what a trace says is so, by its least likely frame."""
    yield from ("| least likely frame | mean | right | of |", "| --- | ---: | ---: | ---: |")
    for each in report["traces"]["bins"]:
        count = each["right"]
        if count["of"]:
            yield (
                f"| {each['low']:.2f} to {each['high']:.2f} | {each['confidence']:.2f} "
                f"| {_percent(count['hits'] / count['of'])} | {count['of']} |"
            )
    score = report["traces"]["brier"]
    yield from ("", "" if score is None else f"Brier score {score:.3f}.")


TABLES: dict[str, Callable[[Report], Iterator[str]]] = {
    "shares": shares,
    "published": published,
    "lengths": lengths,
    "constructs": constructs,
    "said": said,
    "certainty": certainty,
}


def _read(path: str) -> Report:
    found: Report = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def _share(count: dict[str, float]) -> str:
    if not count["of"]:
        return "-"
    share = count["hits"] / count["of"]
    return _interval(share, *wilson(share, int(count["of"])))


def _interval(share: float, low: float, high: float) -> str:
    return f"{_percent(share)} ({100 * low:.1f} to {100 * high:.1f})"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
