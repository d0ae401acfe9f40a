"""``foretrace issues`` as its user calls it: what it prints, writes and leaves out."""

from pathlib import Path

import pytest

from agent.issue import Issue
from agent.sources.many import read_issues_of
from tests.agent.conftest import CommandLine
from tests.agent.sources.githubserver import comment, github_server
from tests.agent.sources.test_many import OURS, SWEBENCH, write
from tests.agent.sources.test_many_files import swebench

HOSTILE = "x\x1b[2J [bold]\u202e"


def test_a_list_is_printed(foretrace: CommandLine, tmp_path: Path) -> None:
    listed = write(tmp_path / "i.jsonl", {**OURS, "title": "Zeros"}, SWEBENCH, OURS, "{")
    ended = foretrace("issues", listed)
    assert ended.status == 0, ended
    assert ended.out.splitlines() == ["a-1  Zeros", "django__django-1  Broken."]
    assert ended.err.splitlines() == [
        "  skipped: line 3 (a-1): 'a-1' stands in line 1 already",
        "  skipped: line 4: not JSON (Expecting property name enclosed in double quotes, column 2)",
        "  2 issues, 2 skipped",
    ]


@pytest.mark.parametrize("where", ["o.jsonl", "-"])
def test_a_list_is_written_in_our_own_form(
    foretrace: CommandLine, tmp_path: Path, where: str
) -> None:
    rows = [{**OURS, "keep": [], "tests_from": {"patch": "p", "when": "start"}}, SWEBENCH]
    listed = write(tmp_path / "i.jsonl", *rows)
    ended = foretrace("issues", listed, "-o", where)
    assert ended.status == 0, ended
    written = foretrace.folder / "o.jsonl"
    if where == "-":
        written.write_text(ended.out)
    else:
        assert "2 issues written to o.jsonl" in ended.err
        assert ended.out == ""
    assert list(read_issues_of(str(written))) == list(read_issues_of(listed))
    assert [*foretrace.folder.iterdir()] == [written]


def test_a_list_can_be_written_over_itself(foretrace: CommandLine, tmp_path: Path) -> None:
    listed = write(tmp_path / "i.jsonl", OURS, SWEBENCH, "{", OURS)
    assert foretrace("issues", listed, "-o", listed).status == 0
    assert len(Path(listed).read_text().splitlines()) == 2


def test_what_is_written_stays_where_reading_fails(foretrace: CommandLine, tmp_path: Path) -> None:
    (foretrace.folder / "o.jsonl").write_text("as it was\n")
    listed = write(tmp_path / "i.jsonl", "{", "[]")
    ended = foretrace("issues", listed, "-o", "o.jsonl")
    assert ended.status == 2
    assert "no issue of" in ended.err
    assert [path.read_text() for path in foretrace.folder.iterdir()] == ["as it was\n"]
    ended = foretrace("issues", listed, "-o", "none/o.jsonl")
    assert ended.status == 2
    assert "cannot write none/o.jsonl" in ended.err


def test_many_that_are_skipped_are_counted(foretrace: CommandLine, tmp_path: Path) -> None:
    ended = foretrace("issues", write(tmp_path / "i.jsonl", OURS, *["{"] * 50))
    assert ended.err.count("skipped: line") == 20
    assert ended.err.endswith("  skipped: 30 more\n  1 issue, 50 skipped\n")


def test_nothing_of_a_list_steers_the_terminal(foretrace: CommandLine, tmp_path: Path) -> None:
    bad = {**OURS, "id": HOSTILE, "text": ""}
    ended = foretrace("issues", f"{HOSTILE}.jsonl")
    assert ended.status == 2
    assert "cannot read x\\x1b[2J" in ended.err
    listed = write(tmp_path / f"{HOSTILE}.jsonl", {**OURS, "title": HOSTILE}, bad)
    said = [ended, foretrace("issues", listed), foretrace("issues", listed, "-o", HOSTILE)]
    for each in said:
        assert "\x1b" not in each.out + each.err
        assert "\u202e" not in each.out + each.err
    assert "a-1  x\\x1b[2J [bold]" in said[1].out


def test_head_may_close_the_pipe(foretrace: CommandLine, tmp_path: Path) -> None:
    listed = write(tmp_path / "i.jsonl", *({**OURS, "id": f"a-{n}"} for n in range(20_000)))
    child = foretrace.start("issues", listed)
    assert child.stdout is not None
    assert child.stdout.readline() == "a-0  It is wrong.\n"
    child.stdout.close()
    assert child.wait(60) == 0
    assert child.stderr is not None
    assert "unexpected" not in child.stderr.read()
    child.stderr.close()


def test_a_parquet_file_is_frozen(foretrace: CommandLine, tmp_path: Path) -> None:
    ended = foretrace("issues", swebench(tmp_path / "i.parquet", 300), "-o", "o.jsonl")
    assert ended.status == 0, ended
    issues = list(read_issues_of(str(foretrace.folder / "o.jsonl")))
    assert len(issues) == 300
    assert isinstance(issues[7], Issue)
    assert (issues[7].id, issues[7].reference) == ("o__r-7", "d")


def test_a_search_on_github_is_frozen(foretrace: CommandLine, tmp_path: Path) -> None:
    foretrace.environment |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with github_server(tmp_path / "repositories") as server:
        server.add("o/r/issues/1", title="not this one")
        url = server.add("o/r/issues/2", comment("Me too."), labels=[{"name": "bug"}])
        named = f"{server.site}/o/r/issues?q=is%3Aopen+label%3Abug"
        ended = foretrace("issues", named, "-o", "o.jsonl")
        assert ended.status == 0, ended
        (issue,) = read_issues_of(str(foretrace.folder / "o.jsonl"))
        assert isinstance(issue, Issue)
        assert (issue.id, issue.url) == ("o__r-2", url)
        assert "Me too." in issue.text
        lost = foretrace("issues", named.replace("bug", "bgu"))
        assert (lost.status, lost.err) == (2, "foretrace: o/r has no label 'bgu'\n")


def test_help_is_short_and_says_what_a_source_is(foretrace: CommandLine) -> None:
    ended = foretrace("issues", "--help")
    assert ended.status == 0
    for form in ("FILE.jsonl", "FILE.parquet", "OWNER/REPO?label=bug"):
        assert form in ended.out
    assert '"issues"' not in foretrace("--help").out
    assert "issues " in foretrace("--help").out
