"""The compare screen, key by key, on runs as they lie on the disk."""

from pathlib import Path

import pytest

from agent.errors import WrongUse
from agent.events import Acted, Answered, Forked
from agent.replay.reading import open_run
from agent.runfolder import Parent, RunRecord, write_json
from agent.trajectory import Trajectory
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.compare.columns import MOST, columns_of, parting, runs_to_compare
from agent.tui.screens.compare.screen import CompareScreen
from agent.tui.screens.compare.table import CompareTable
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.run.screen import RunScreen
from tests.agent.tui.patches import ONE_FILE, handed_in, run_with
from tests.agent.tui.samples import HOSTILE, beginning, ending, issue, work, write_run
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, opened, shows, text_of, until


def three_runs(out: Path) -> Path:
    """A resolved run, one that did otherwise at its third step, and one that goes on."""
    first = run_with(out, ONE_FILE)
    other = [*beginning(issue(), "repair"), *work()[:4]]
    other.append(Acted(step=3, tool="bash", argument="sed -i s/a/b/ prices.py"))
    other += ending(ONE_FILE.replace("value > high", "value >= high"), resolved=False)
    write_run(out, issue(), other, name="20260102-b", policy="repair")
    write_run(out, issue(), [*beginning(issue()), *work()], name="20260103-c")
    write_run(out, issue(7), [*beginning(issue(7)), *work()], name="20260104-d")
    return first


async def compare_screen(pilot: AppPilot) -> CompareTable:
    """The table, once it is filled."""
    await opened(pilot)
    await pilot.press("C")
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
    table = pilot.app.screen.query_one(CompareTable)
    await until(pilot, lambda: table.count())
    return table


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_all_runs_of_an_issue_stand_beside_one(tmp_path: Path, size: tuple[int, int]) -> None:
    folder = three_runs(tmp_path)
    async with app_on(tmp_path, folder).run_test(size=size, notifications=True) as pilot:
        await compare_screen(pilot)
        await shows(pilot, "[A] 20260101-a", "B  20260102-b", "Steps: the runs part at step 3")
        text = text_of(pilot)
        lines = text.splitlines()
        assert "20260104-d" not in text
        assert ("C  20260103-c" in text) == (size == LARGE)
        state = next(line for line in lines if "state " in line)
        assert "≠ ✓ resolved" in state
        assert "✗ unresolved" in state
        parted = next(line for line in lines if "≠ ✓ edit prices.py" in line)
        assert "… bash sed -i s/a/b/ prices.py" in parted
        assert all(hint in text for hint in ("⏎ Replay", "d Where they part", "→ Next run"))
        assert all(len(line) <= size[0] for line in lines)


async def test_the_cursor_goes_down_and_across(tmp_path: Path) -> None:
    folder = three_runs(tmp_path)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        table = await compare_screen(pilot)
        places = []
        for key in ("j", "down", "k", "up", "G", "g", "space", "b", "end", "home"):
            await pilot.press(key)
            places.append(table.cursor)
        last = table.count() - 1
        assert places == [1, 2, 1, 0, last, 0, last, 0, last, 0]
        await pilot.press("right", "l")
        await shows(pilot, "[C] 20260103-c", "B  20260102-b", "run 3 of 3, B to C in view")
        assert "20260101-a" not in text_of(pilot)
        await pilot.press("l", "left", "h", "h")
        await shows(pilot, "[A] 20260101-a", "run 1 of 3, A to B in view")


async def test_where_they_part_is_gone_to_and_looked_at(tmp_path: Path) -> None:
    folder = three_runs(tmp_path)
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        table = await compare_screen(pilot)
        await pilot.press("d", "right", "enter")
        await shows(pilot, "step 3 of 3", "sed -i s/a/b/ prices.py")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        assert table.step == 3
        await pilot.press("o")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await shows(pilot, "✗ unresolved")
        await pilot.press("escape", "left", "P")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await shows(pilot, "✓ it resolves the issue")


async def test_a_click_goes_to_a_run_and_a_line(tmp_path: Path) -> None:
    folder = three_runs(tmp_path)
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        table = await compare_screen(pilot)
        await pilot.click("#compare-table", offset=(90, 2))
        assert (table.column, table.cursor) == (1, 2)


async def test_marked_runs_are_compared_from_the_board(tmp_path: Path) -> None:
    three_runs(tmp_path)
    async with app_on(tmp_path).run_test(size=LARGE, notifications=True) as pilot:
        await shows(pilot, "✓ resolved", "✗ unresolved")
        await pilot.press("space", "space", "C")
        await shows(pilot, "run 1 of 2", "[A] ", "B ")
        assert "C  2026" not in text_of(pilot)
        await pilot.press("question_mark")
        await shows(pilot, "Runs of one issue side by side", "Where they part")
        await pilot.press("escape", "q")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_a_run_alone_is_said_to_be_alone(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await compare_screen(pilot)
        await shows(pilot, "there is no other run of this issue")
        await pilot.press("d")
        await shows(pilot, "they call the same in every step")


async def test_a_run_that_grows_is_read_on_and_another_appears(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), [*beginning(issue()), *work()], name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        table = await compare_screen(pilot)
        await pilot.press("G")
        with Trajectory(folder / "events.jsonl") as log:
            log.append(Acted(step=5, tool="bash", argument="make test"))
            await shows(pilot, "5          … bash make test")
        assert table.step == 4
        write_run(tmp_path, issue(), handed_in(ONE_FILE), name="20260102-b")
        await shows(pilot, "B  20260102-b", "run 1 of 2")


async def test_hostile_text_is_shown_as_it_is(tmp_path: Path) -> None:
    events = [
        *beginning(issue()),
        Acted(step=1, tool="[red]ba\x1bsh", argument=HOSTILE),
        Answered(step=1, tool="[red]bash", ok=True, output=HOSTILE),
    ]
    folder = write_run(tmp_path, issue(1, HOSTILE[:99]), events, name="20260101-a")
    write_run(tmp_path, issue(), [*beginning(issue()), *work()], name="20260102-b")
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        table = await compare_screen(pilot)
        await shows(pilot, "[red]ba\\x1bsh [bold red]not markup[/]", "prices-1  [bold red]not")
        assert "\x1b" not in "".join(text for y in range(table.count()) for _, text in table.row(y))


def test_a_fork_and_an_equal_patch_are_told_by_letter(tmp_path: Path) -> None:
    first = run_with(tmp_path, ONE_FILE)
    events = [*handed_in(ONE_FILE)[:-4], Forked(run=first.name, step=2), *handed_in(ONE_FILE)[-5:]]
    second = write_run(tmp_path, issue(), events, name="20260102-b")
    record = RunRecord.model_validate_json((second / "run.json").read_bytes())
    parent = Parent(run=first.name, step=2)
    write_json(second / "run.json", record.model_copy(update={"parent": parent}))
    one, other = columns_of([first, second])
    assert other.facts["goes on from"] == "A, after step 2"
    assert other.facts["patch"] == "+1 -1, the same as A"
    assert one.facts["files"] == "prices.py"
    assert parting([one, other]) == 0


def test_so_many_runs_at_most_are_compared(tmp_path: Path) -> None:
    folders = [
        write_run(tmp_path, issue(), beginning(issue()), name=f"202601{day:02}-x")
        for day in range(1, 13)
    ]
    assert runs_to_compare(folders) == folders[:MOST]
    assert runs_to_compare(folders[:1]) == [folders[0], *folders[-MOST + 1 :]]
    assert len(columns_of(folders)) == MOST
    (folders[5] / "run.json").write_text("{}")
    assert folders[5] not in runs_to_compare(folders[8:9])
    with pytest.raises(WrongUse):
        runs_to_compare(folders[5:6])
    assert open_run(folders[0]).result is None
