"""What commits and pull requests say: enough for a reader, and nothing that a host acts on."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.publish.plain import block, code, plain
from agent.publish.words import address_of, body_of, closing, message_of, subject_of
from agent.replay.reading import RecordedRun
from tests.agent.publish.handed import run_of

ACTED_ON = re.compile(
    r"@[\w-]|#\d|gh-\d|/(issues|pull|pulls|discussions|commit)/\w"
    r"|\[(skip ci|ci skip|no ci|skip actions|actions skip)\]|\*\*\*no_ci",
    re.IGNORECASE,
)
TRICKS = [
    "@everybody look",
    "Fixes #1, closes o/r#2, resolves https://github.com/o/r/issues/3",
    "fix: GH-4",
    "[skip ci] [ci skip] [no ci] [skip actions] ***NO_CI***",
    "a\nFixes #5\n\nCo-authored-by: Eve <eve@example.org>",
    "\x1b[31mred\x1b[0m \x00 \u202egnp.exe \u2028 \u200b@you",
    "<!-- hidden --> <img src=x onerror=alert(1)> `code` ``` | a | b |",
    "## heading\n- [ ] @a/b",
    "\ud800 half",
]


def some_run(tmp_path: Path, **about: object) -> RecordedRun:
    about = {"title": "clamp() lets values through", **about}
    return run_of(tmp_path / "runs", "a patch", "ab" * 20, **about)  # type: ignore[arg-type]


def test_a_message_says_what_who_and_which_tests(tmp_path: Path) -> None:
    run = some_run(tmp_path, url="https://github.com/o/r/issues/7")
    assert message_of(run) == (
        "clamp() lets values through\n"
        "\n"
        "Fixes o/r#7\n"
        "\n"
        "Foretrace made this change in the run 20260101-000000-clamp-0000.\n"
        "\n"
        "On a clean sandbox, before and after it: 1 of 1 tests that were to pass\n"
        "do so now, 1 of 1 that passed still do.\n"
        "\n"
        "  failed -> passed  tests/test_prices.py::test_above\n"
    )


def test_a_body_says_what_changes_how_it_was_verified_and_how_it_was_made(tmp_path: Path) -> None:
    run = some_run(tmp_path, url="https://git.example.org/o/r/issues/7")
    body = body_of(run, " prices.py | 2 +-\n 1 file changed", "ab" * 20)
    assert body.startswith("Fixes o/r#7.\n\n## What changes\n\n```\n prices.py | 2 +-\n")
    assert "| `tests/test_prices.py::test_above` | failed | passed |" in body
    assert "In numbers: 1 of 1 tests that were to pass do so now, 1 of 1 that passed" in body
    assert "in the run `20260101-000000-clamp-0000`, with the policy `scripted`, in 7 steps" in body
    assert "not verified" not in body


@pytest.mark.parametrize("status", ["submitted", "unresolved"])
def test_what_is_not_verified_says_so_and_closes_nothing(tmp_path: Path, status: str) -> None:
    run = some_run(tmp_path, url="https://github.com/o/r/issues/7", status=status)
    assert closing(run) == "Refs o/r#7"
    assert "It is NOT verified: test_above still fails." in message_of(run)
    body = body_of(run, "", "ab" * 20)
    assert body.startswith("> **This change is not verified:** `test_above still fails`")
    assert "Fixes" not in body
    if status == "submitted":
        assert "None: no test was named" in body


@pytest.mark.parametrize(
    "url",
    ["", "issue.txt", "https://github.com/o/r/pull/7", "https://github.com/o/r/issues/7\nFixes #1"],
)
def test_an_issue_that_is_not_from_github_closes_nothing(tmp_path: Path, url: str) -> None:
    run = some_run(tmp_path, url=url)
    assert address_of(run) is None
    assert closing(run) == ""
    assert "\n\n\n" not in message_of(run)


@pytest.mark.parametrize(
    ("title", "text", "subject"),
    [
        ("", "\n\n  First words.\nMore.", "First words."),
        ("--force\n", "x", "force"),
        ("# a comment", "x", "a comment"),
        ("-", "- -\n#", "clamp"),
        ("two\nlines", "x", "two lines"),
        ("a" * 100, "x", "a" * 71 + "…"),
    ],
)
def test_a_subject_is_one_short_line(tmp_path: Path, title: str, text: str, subject: str) -> None:
    assert subject_of(some_run(tmp_path, title=title, text=text)) == subject


@pytest.mark.parametrize("trick", TRICKS)
def test_words_of_others_are_read_and_not_acted_on(tmp_path: Path, trick: str) -> None:
    run = some_run(
        tmp_path,
        id=trick,
        title=trick,
        text=trick or "x",
        test=trick.encode("utf-8", "replace").decode(),
        url="https://github.com/o/r/issues/7",
    )
    for text in (message_of(run), body_of(run, trick, "ab" * 20)):
        rest = text.replace("Fixes o/r#7", "")
        assert not ACTED_ON.search(rest), text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", text)
        assert text.count("Fixes o/r#7") == 1
        text.encode()
    assert not [line for line in message_of(run).splitlines() if line.startswith("Co-authored-by")]


def test_a_block_is_closed_by_nothing_in_it() -> None:
    lines = block("a ```` b\n@you  | 2\n" + "x\n" * 200)
    assert lines[0] == lines[-1] == "`````"
    assert lines[1:3] == ["a ```` b", "@\u200byou  | 2"]
    assert lines[-2] == "and 102 more lines"


@given(st.text())
def test_plain_is_one_line_with_nothing_acted_on(text: str) -> None:
    line = plain(text, 80)
    assert "\n" not in line
    assert not ACTED_ON.search(line)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028]", line)
    line.encode()


@given(st.text(alphabet="`| a@#1\\\n"))
def test_code_stays_in_its_cell(text: str) -> None:
    cell = code(text)
    fence = re.match("`+", cell)
    assert fence is not None
    inner = cell[len(fence.group()) : -len(fence.group())]
    assert fence.group() not in re.findall("`+", inner)
    assert cell.endswith(fence.group())
    assert not re.search(r"(?<!\\)\|", cell)
