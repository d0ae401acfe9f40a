"""The board, key by key, on folders as they lie on the disk."""

import json
from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from agent.issue import Issue
from agent.trajectory import Trajectory
from agent.tui.boardfile import BoardFile
from agent.tui.screens.board.adding import AddIssues
from agent.tui.screens.board.assigning import Assign
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.help.screen import HelpScreen
from agent.tui.screens.run.screen import RunScreen
from tests.agent.tui.samples import HOSTILE, beginning, ending, issue, work, write_run
from tests.agent.tui.watched import LARGE, SMALL, app_on, board, shows, text_of, titles, until


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two runs that have ended, and one issue that waits."""
    first, second = issue(1, "alpha is wrong"), issue(2, "beta is wrong")
    write_run(tmp_path, first, [*beginning(first), *work(), *ending()], name="20260101-a", ago=900)
    failed = [*beginning(second, "repair"), *ending(resolved=False)]
    write_run(tmp_path, second, failed, name="20260102-b", policy="repair", ago=100)
    BoardFile(tmp_path).add([issue(3, "gamma is wrong")])
    return tmp_path


async def test_an_empty_folder_says_how_to_begin(tmp_path: Path) -> None:
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "n adds an issue")


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_rows_and_keys_are_there_at_every_size(out: Path, size: tuple[int, int]) -> None:
    async with app_on(out).run_test(size=size, notifications=True) as pilot:
        table = await board(pilot)
        assert [title[:5] for title in titles(table)] == ["gamma", "beta ", "alpha"]
        await shows(pilot, "1 waiting, 1 resolved, 1 unresolved", "✓ resolved", "✗ unresolved")
        text = text_of(pilot)
        assert all(hint in text for hint in ("? Help", "a Assign", "n Add", "q Leave"))
        assert all(len(line) <= size[0] for line in text.splitlines())
        assert table.max_scroll_x == 0


@pytest.mark.parametrize("width", [120, 132, 160])
async def test_what_a_run_took_and_its_verdict_are_there_before_a_wide_title(
    out: Path, width: int
) -> None:
    async with app_on(out).run_test(size=(width, 30), notifications=True) as pilot:
        table = await board(pilot)
        await shows(pilot, "tokens", "cost", "2/2 fixed, 1 kept", "gamma is wrong", "18.0k")
        assert " try " not in text_of(pilot)
        assert table.max_scroll_x == 0


async def test_which_run_of_its_issue_one_is_stands_there_where_there_are_several(
    out: Path,
) -> None:
    again = issue(1, "alpha is wrong")
    write_run(out, again, [*beginning(again), *work(), *ending()], name="20260103-c", ago=50)
    async with app_on(out).run_test(size=(120, 30), notifications=True) as pilot:
        table = await board(pilot)
        await shows(pilot, " try ", "1/2", "2/2", "2/2 fixed, 1 kept")
        assert table.max_scroll_x == 0


async def test_the_cursor_moves_and_tells_the_whole_row(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        table = await board(pilot)
        await shows(pilot, "prices-3: gamma is wrong")
        for key, row in (("j", 1), ("down", 2), ("k", 1), ("up", 0), ("G", 2), ("g", 0)):
            await pilot.press(key)
            assert table.cursor_row == row
        await pilot.press("end")
        await shows(pilot, "prices-1: alpha is wrong", "2/2 fixed, 1 kept")


async def test_enter_opens_a_run_and_escape_comes_back(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await shows(pilot, "prices-2")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_enter_on_an_issue_that_waits_assigns_it(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Assign))
        await shows(pilot, "Work on gamma is wrong", "[as set]", "Attempts", "Esc leave it")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_rows_are_searched_as_one_types(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        table = await board(pilot)
        await pilot.press("slash", *"beta")
        assert titles(table) == ["beta is wrong"]
        await shows(pilot, "with “beta”")
        await pilot.press("enter")
        assert table.has_focus
        await pilot.press("slash", *" none")
        await shows(pilot, "No row is like that")
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 3)


async def test_rows_are_filtered_by_kind(out: Path) -> None:
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        table = await board(pilot)
        kinds = []
        for _ in range(6):
            await pilot.press("f")
            kinds.append(titles(table) if table.display else [])
        assert kinds == [
            [],
            ["gamma is wrong"],
            [],
            ["alpha is wrong"],
            ["beta is wrong"],
            ["gamma is wrong", "beta is wrong", "alpha is wrong"],
        ]


async def test_rows_are_sorted_by_key_and_by_mouse(out: Path) -> None:
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        table = await board(pilot)
        await pilot.press("s", "s", "s")
        await shows(pilot, "by title ↑")
        assert titles(table) == ["alpha is wrong", "beta is wrong", "gamma is wrong"]
        await pilot.press("S")
        assert titles(table) == ["gamma is wrong", "beta is wrong", "alpha is wrong"]
        header = text_of(pilot).splitlines()[1]
        await pilot.click("#board", offset=(header.index("title"), 0))
        await shows(pilot, "by title ↑")
        assert titles(table)[0] == "alpha is wrong"


async def test_rows_are_marked_and_go_on_being_so(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        table = await board(pilot)
        await pilot.press("space", "space")
        await shows(pilot, "2 marked", "●")
        assert table.cursor_row == 2
        assert {row.state for row in table.chosen} == {"new", "unresolved"}
        await pilot.press("g", "space")
        assert [row.state for row in table.chosen] == ["unresolved"]
        await pilot.press("A")
        assert len(table.marked) == 3
        await pilot.press("A")
        assert table.marked == set()
        await pilot.press("A", "escape")
        assert table.marked == set()


async def test_an_issue_that_waits_can_be_removed_and_a_run_cannot(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        table = await board(pilot)
        await pilot.press("x")
        await until(pilot, lambda: table.row_count == 2)
        assert BoardFile(out).read().issues == ()
        await pilot.press("x")
        await shows(pilot, "runs stay")
        assert table.row_count == 2


async def test_where_a_run_is_can_be_copied(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("j", "y")
        assert pilot.app.clipboard == str((out / "20260102-b").absolute())


async def test_nothing_is_cancelled_where_nothing_runs(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("c")
        await shows(pilot, "nothing is running there")


async def test_cancelling_asks_first(out: Path) -> None:
    about = issue(4, "delta")
    folder = write_run(out, about, beginning(about), name="20260103-c")
    with Trajectory(folder / "events.jsonl"):  # this process writes it, and is not to be stopped
        async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
            await board(pilot)
            await shows(pilot, "1 running")
            await pilot.press("j", "c")
            await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
            await shows(pilot, "Stop 1 run(s)?", "delta")
            await pilot.press("n")
            await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_help_tells_every_key(out: Path) -> None:
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await shows(
            pilot, "Issues that wait", "Once more, with the settings of the run", "Everywhere"
        )
        await shows(
            pilot, "Turn the order", "Mark all that are shown", "Everywhere", "Light or dark"
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_commands_are_found_by_their_words(out: Path) -> None:
    async with app_on(out).run_test(size=LARGE, notifications=True) as pilot:
        table = await board(pilot)
        await pilot.press("ctrl+p", *"mark all")
        await shows(pilot, "Key: A")
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(table.marked) == 3)


async def test_the_theme_changes_and_colours_with_it(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        table = await board(pilot)
        before = table.get_row_at(2)[1].style
        await pilot.press("ctrl+t")
        await until(pilot, lambda: table.get_row_at(2)[1].style != before)
        assert pilot.app.theme == "foretrace-light"


async def test_q_leaves(out: Path) -> None:
    app = app_on(out)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)


async def test_a_title_is_no_markup(tmp_path: Path) -> None:
    BoardFile(tmp_path).add(
        [Issue(id="[b]x[/b]", title=HOSTILE, text=HOSTILE, repo="[red]a\x1b[m")]
    )
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        await board(pilot)
        await shows(pilot, "[bold red]not markup[/]", "[red]a\\x1b[m")
        await pilot.press("enter")
        await shows(pilot, "Work on [bold red]not markup[/]")
        await pilot.press("escape", "y", "slash", "[", "enter")
        await shows(pilot, "with “[”")


async def test_a_board_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "board.json").write_text("{")
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "is not a board", "move it away")


# Adding -----------------------------------------------------------------------------------------


async def fill(pilot: object, **values: str) -> None:
    screen = pilot.app.screen  # type: ignore[attr-defined]
    for name, value in values.items():
        widget = screen.query_one(f"#{name}")
        if isinstance(widget, TextArea):
            widget.text = value
        else:
            assert isinstance(widget, Input)
            widget.value = value


async def test_a_list_is_added_whole(tmp_path: Path) -> None:
    rows = [{"id": f"i{n}", "text": f"text {n}", "repo": "pypi:a==1"} for n in range(3)]
    listed = tmp_path / "list.jsonl"
    listed.write_text("\n".join(map(json.dumps, rows)))
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "n adds an issue")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, AddIssues))
        await shows(pilot, "Repository", "Ctrl+S, Enter add")
        await fill(pilot, source=str(listed))
        await pilot.press("enter")
        table = await board(pilot)
        await until(pilot, lambda: table.row_count == 3)
        await shows(pilot, "3 issue(s) added")


async def test_a_text_is_added_with_what_belongs_to_it(tmp_path: Path) -> None:
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "n adds an issue")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, AddIssues))
        text = "Discounts are lost\n\nwhen there are two"
        await fill(pilot, text=text, repo="pypi:a==1", base="v1", tests="t.py::a t.py::b")
        await pilot.press("ctrl+s")
        table = await board(pilot)
        await until(pilot, lambda: table.row_count == 1)
    (added,) = BoardFile(tmp_path).read().issues
    assert (added.id, added.title) == ("discounts-are-lost", "Discounts are lost")
    assert (added.text, added.base, added.tests) == (text, "v1", ("t.py::a", "t.py::b"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "one of the two"),
        ({"source": "a", "text": "b"}, "one of the two"),
        ({"source": "no-such-file"}, "cannot read no-such-file"),
        ({"source": "-"}, "no standard input here"),
        ({"text": "It breaks"}, "names no repository"),
    ],
)
async def test_what_is_wrong_is_said_in_the_dialog(
    tmp_path: Path, values: dict[str, str], said: str
) -> None:
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "n adds an issue")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, AddIssues))
        await fill(pilot, **values)
        await pilot.press("ctrl+s")
        await shows(pilot, said)
        assert isinstance(pilot.app.screen, AddIssues)
    assert BoardFile(tmp_path).read().issues == ()


# Assigning --------------------------------------------------------------------------------------


async def test_an_assignment_is_filled_in_by_keys(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, Assign))
        await pilot.press("right", "right", "left", "down")
        await shows(pilot, "[cwm]")
        await pilot.press("up", "h", "space")
        await shows(pilot, "[cwm]")
        for name, value, said in (
            ("attempts", "many", "Attempts must be a number"),
            ("attempts", "0", "must be more than nothing"),
            ("attempts", "5000", "at most 100"),
            ("seconds", "nan", "must be more than nothing"),
        ):
            await fill(pilot, **{"attempts": "1", name: value})
            await pilot.press("ctrl+s")
            await shows(pilot, said)
        await pilot.press("escape")


async def test_retrying_begins_with_the_settings_of_the_run(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await pilot.press("j", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, Assign))
        await shows(pilot, "Work on beta is wrong", "[repair]", "[off]", "[never]", "128", "3600")
        await pilot.press("escape")


async def test_many_runs_at_once_are_asked_about(out: Path) -> None:
    async with app_on(out).run_test(size=SMALL) as pilot:
        await board(pilot)
        await pilot.press("A", "a")
        await until(pilot, lambda: isinstance(pilot.app.screen, Assign))
        await shows(pilot, "Work on 3 issues")
        await fill(pilot, attempts="3")
        await pilot.press("ctrl+s")
        await shows(pilot, "Start 9 runs?", "4 are at work at once")
        await pilot.press("n")
        await board(pilot)
    assert BoardFile(out).read().started == ()
