"""The document, read back by a Markdown reader: what others wrote is in fences, and only there."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from agent.events import Acted, Answered, Submitted
from agent.export.markdown import document, fenced, inline
from agent.export.visible import visible
from agent.replay.reading import open_run
from tests.agent.export.hostile import LINES, hostile_run
from tests.agent.replay.recorded import run_folder

READER = MarkdownIt("commonmark")
OURS = {"text", "strong_open", "strong_close", "text_special", "softbreak"}


def tokens(text: str) -> list[Token]:
    found = []
    for token in READER.parse(text):
        found += [token, *(token.children or [])]
    return found


def test_nothing_hostile_is_read_as_markdown(tmp_path: Path) -> None:
    read = tokens(document(open_run(hostile_run(tmp_path))))
    kinds = {each.type for each in read}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline"}
    assert not kinds & {"blockquote_open", "ordered_list_open", "code_block", "hr"}
    within = {child.type for each in read for child in each.children or []}
    assert within <= OURS
    headings = [each.tag for each in read if each.type == "heading_open"]
    assert headings == ["h1", "h2", "h2", "h2", "h3", "h3", "h2"]
    assert visible(LINES) in [each.content for each in read if each.type == "fence"]


def test_it_says_what_happened_in_its_order(tmp_path: Path) -> None:
    folder = run_folder(
        tmp_path,
        Acted(step=1, tool="bash", argument="ls"),
        Answered(step=1, tool="bash", ok=True, output="prices.py\n"),
        Submitted(patch="--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\n+b\n"),
    )
    text = document(open_run(folder))
    places = [
        text.index(each) for each in ("clamp is wrong", "### Step 1: bash", "ls\n", "prices.py")
    ]
    assert places == sorted(places)
    languages = [each.info for each in READER.parse(text) if each.type == "fence"]
    assert languages.count("diff") == 2


@given(st.text(alphabet="`~\n a<", max_size=40))
def test_no_text_closes_its_fence(text: str) -> None:
    read = READER.parse("\n".join([*fenced(text), "", "after"]))
    assert [each.type for each in read] == [
        *("fence", "paragraph_open", "inline", "paragraph_close"),
    ]
    assert read[0].content == visible(text).removesuffix("\n") + "\n"


@given(st.text(max_size=40))
def test_a_text_in_a_line_is_a_text(text: str) -> None:
    read = tokens(f"**x {inline(text)} y**")
    within = {child.type for each in read for child in each.children or []}
    assert within <= OURS
    assert read[0].type == "paragraph_open"
