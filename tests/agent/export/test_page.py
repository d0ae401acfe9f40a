"""The page: what is on it, that it needs nothing, and that nothing on it is anything but text."""

import re
import shutil
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.events import (
    Acted,
    Answered,
    Compared,
    DivergedAt,
    EventData,
    Forecasted,
    Said,
    Started,
    Submitted,
)
from agent.export.page import page
from agent.export.visible import visible
from agent.replay.reading import open_run
from agent.runfolder import Parent
from tests.agent.export.hostile import every_event, hostile_run
from tests.agent.export.htmlreader import Node, read_html
from tests.agent.replay.recorded import run_folder

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "article"),
    *("h1", "h2", "h3", "p", "dl", "dt", "dd", "ol", "li", "a", "span", "strong", "code", "pre"),
    *("details", "summary", "table", "tr", "th", "td", "div", "ins", "del", "meter"),
}
ATTRIBUTES = {
    *("class", "id", "href", "open", "colspan", "value", "max", "lang"),
    *("charset", "name", "content", "http-equiv"),
}

STARTED = Started(run="a", issue="clamp", policy="scripted")
EDIT = Acted(step=1, tool="edit", argument="prices.py", thought="The comparison is wrong.")
EDITED = Answered(step=1, tool="edit", ok=True, output="Edited prices.py.")


def page_of(folder: Path) -> tuple[str, Node]:
    text = page(open_run(folder))
    return text, read_html(text)


def harmless(node: Node, text: str) -> None:
    """Nothing on the page does anything, and nothing is fetched for it."""
    every = node.every()
    assert {each.tag for each in every} <= TAGS
    assert {name for each in every for name in each.attributes} <= ATTRIBUTES
    assert all(each.attributes.get("href", "#").startswith("#") for each in every)
    (style,) = node.texts("style")
    assert not re.search(r"url\(|@import|expression", style)
    (policy,) = (e for e in node.every("meta") if "http-equiv" in e.attributes)
    assert policy.attributes["content"].startswith("default-src 'none'")
    left = re.sub(r"[\n\t -~]", "", text)
    assert not re.search(
        "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]", left
    )
    text.encode()


def test_nothing_hostile_gets_through(tmp_path: Path) -> None:
    text, node = page_of(hostile_run(tmp_path))
    harmless(node, text)
    assert "<script" not in text
    assert text.count("</style>") == 1
    # It is all there, to be read.
    assert "</pre></style></script><script>alert(1)</script>" in node.text
    assert r"\x1b[31mred" in node.text
    assert r"\x202e" in node.text.replace(r"\u202e", r"\x202e")


def test_every_kind_of_event_was_tried() -> None:
    assert {type(each) for each in every_event()} == set(get_args(EventData))


def test_what_a_colleague_wants_to_know_is_on_it(tmp_path: Path) -> None:
    folder = run_folder(
        tmp_path,
        STARTED,
        EDIT,
        EDITED,
        Said(role="user", text="Look at the other test too."),
        Acted(step=2, tool="submit", argument="/tmp/fix.diff"),
        Submitted(patch="--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a < b\n+a > b\n"),
        parent=Parent(run="20251231-clamp", step=1),
        title="Clamp",
    )
    text, node = page_of(folder)
    harmless(node, text)
    assert node.texts("h1") == ["Clamp"]
    assert [each.strip() for each in node.texts("h3")] == ["Step 1: edit", "Step 2: submit"]
    assert node.texts("h2") == ["Issue", "Patch", "Tests", "Budget", "Steps", "Settings"]
    assert "20251231-clamp, after step 1" in node.text
    assert "The comparison is wrong." in node.texts("pre")
    assert "Look at the other test too." in node.texts("pre")
    assert (node.texts("del")[0], node.texts("ins")[0]) == ("<", ">")
    targets = {each.attributes["href"] for each in node.every("a")}
    assert targets <= {f"#{each.attributes.get('id')}" for each in node.every()}
    (style,) = node.texts("style")
    assert "prefers-color-scheme: dark" in style


@pytest.mark.parametrize("events", [(), (STARTED,), (STARTED, EDIT)])
def test_a_run_that_goes_on_has_a_page_too(tmp_path: Path, events: tuple[EventData, ...]) -> None:
    text, node = page_of(run_folder(tmp_path, *events))
    harmless(node, text)
    assert "it goes on, or was killed" in node.text


def test_a_long_result_is_folded_and_a_short_one_is_not(tmp_path: Path) -> None:
    long = Answered(step=2, tool="bash", ok=True, output="line\n" * 1000)
    folder = run_folder(tmp_path, EDIT, EDITED, Acted(step=2, tool="bash"), long)
    _, node = page_of(folder)
    opened = {
        each.every("pre")[0].text: "open" in each.attributes for each in node.every("details")
    }
    assert opened[EDITED.output]
    assert not opened[long.output]


def test_a_prediction_stands_beside_what_came_of_it(tmp_path: Path) -> None:
    said = {"step": 1, "test": "t.py::a", "predictor": "cwm", "model": "m", "confidence": 0.9}
    parts = DivergedAt(
        what="locals",
        predicted=3,
        recorded=3,
        predicted_line="    return x\n",
        recorded_line="    return x\n",
        names={"x": ("1", "2"), "y": ("'a'", None)},
        predicted_state={"x": "1", "z": "0"},
        recorded_state={"x": "2", "z": "0"},
    )
    forecast = Forecasted.model_validate({**said, "verdict": "fail", "reason": "x is 1"})
    compared = Compared.model_validate(
        {**said, "verdict": "fail", "outcome": "passed", "right": False, "divergence": parts}
    )
    test = Acted(step=1, tool="test", argument="t.py::a")
    text, node = page_of(run_folder(tmp_path, test, forecast, compared))
    harmless(node, text)
    (told,) = (e for e in node.every("div") if e.attributes.get("class") == "foretold")
    assert "x is 1" in told.text
    assert "When it ran: passed; the prediction was wrong" in told.text
    (table,) = told.every("table")
    assert table.texts("th") == ["", "predicted", "recorded", "line", "x", "y"]
    assert table.texts("td") == ["return x", "return x", "1", "2", "'a'", "nothing"]
    assert "The same in both: z = 0" in told.text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_is_shown_and_changes_nothing_around_it(tmp_path: Path, text: str) -> None:
    def with_output(output: str) -> Node:
        answer = Answered(step=1, tool="bash", ok=True, output=f"[{output}]")
        folder = run_folder(tmp_path, Acted(step=1, tool="bash", argument="ls"), answer)
        try:
            return page_of(folder)[1]
        finally:
            shutil.rmtree(folder)

    node = with_output(text)
    assert f"[{visible(text)}]" in node.texts("pre")
    assert node.outline() == with_output("x\n" * text.count("\n")).outline()
