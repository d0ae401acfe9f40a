"""The patch screen, key by key, on runs as they lie on the disk."""

import subprocess
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agent.events import Submitted
from agent.trajectory import Trajectory
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.patch.diffview import DiffView
from agent.tui.screens.patch.filetree import FileTree
from agent.tui.screens.patch.folder import AskFolder
from agent.tui.screens.patch.outcomes import OutcomesView
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.run.screen import RunScreen
from tests.agent.tui.patches import ONE_FILE, THREE_FILES, long_patch, new_file, run_with
from tests.agent.tui.samples import HOSTILE, beginning, issue, work, write_run
from tests.agent.tui.watched import LARGE, SMALL, app_on, opened, shows, text_of, until

AppPilot = Pilot[None]


async def patch_screen(pilot: AppPilot) -> DiffView:
    """The diff, once the screen has read it."""
    await opened(pilot)
    await pilot.press("P")
    await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
    await until(pilot, lambda: pilot.app.screen.query_one("#patch-status").render())
    return pilot.app.screen.query_one(DiffView)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_patch_and_keys_are_there_at_every_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    folder = run_with(tmp_path, THREE_FILES)
    async with app_on(tmp_path, folder).run_test(size=size, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        text = text_of(pilot)
        assert "prices-1  clamp() lets values" in text
        assert "3 files  +13 -8   handed in by the policy; ✓ it resolves the issue" in text
        assert all(hint in text for hint in ("? Help", "v Side by side", "y Copy", "a Apply"))
        assert all(len(line) <= size[0] for line in text.splitlines())
        assert diff.beside == (size == LARGE)
        sides = "✗ → ✓ tests/test_prices.py::test_above", "A rates.py +4 -0", "2 mended, 1 kept"
        assert all((side in text) == (size == LARGE) for side in sides)


@pytest.mark.parametrize(
    ("width", "name", "cells"), [(132, "a", 33), (200, "a", 43), (200, "long" * 20, 50)]
)
async def test_files_and_tests_leave_the_diff_its_room(
    tmp_path: Path, width: int, name: str, cells: int
) -> None:
    folder = run_with(tmp_path, new_file(f"{name}.py", "@@ -0,0 +1 @@\n+x = 1\n"))
    async with app_on(tmp_path, folder).run_test(size=(width, 40), notifications=True) as pilot:
        await patch_screen(pilot)
        side = pilot.app.screen.query_one("#patch-side")
        await until(pilot, lambda: side.outer_size.width == cells)
        await shows(pilot, "test_above", "1 file  +1 -0")
        await pilot.resize_terminal(100, 30)
        await pilot.press("f")
        await until(pilot, lambda: side.outer_size.width == 100)


async def test_it_opens_from_the_board_and_goes_back(tmp_path: Path) -> None:
    run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path).run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "✓ resolved")
        await pilot.press("P")
        await shows(pilot, "+     if value > high:")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BoardScreen))


async def test_old_and_new_stand_side_by_side_or_in_one_column(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await patch_screen(pilot)
        await shows(pilot, "  6     -     if value < high:", "      6 +     if value > high:")
        await pilot.press("v")
        await shows(pilot, "side by side")
        line = next(each for each in text_of(pilot).splitlines() if "< high" in each)
        assert "6 -     if value < high:" in line
        assert "6 +     if value > high:" in line
        await pilot.press("v")
        await shows(pilot, "one column")


async def test_hunks_and_files_are_gone_to(tmp_path: Path) -> None:
    folder = run_with(tmp_path, THREE_FILES)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        places = []
        for key in ("n", "n", "n", "n", "N", "[", "[", "]"):
            await pilot.press(key)
            places.append((diff.hunk, diff.file))
        assert places == [(1, 0), (2, 1), (3, 2), (3, 2), (2, 1), (0, 0), (0, 0), (2, 1)]
        await shows(pilot, "hunk 3/4", "src/shop/tax/rates.py")


async def test_the_diff_scrolls_and_the_hunk_comes_along(tmp_path: Path) -> None:
    folder = run_with(tmp_path, long_patch(200) + THREE_FILES)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        for key, y in (("j", 1), ("down", 2), ("k", 1), ("up", 0), ("space", 18), ("b", 0)):
            await pilot.press(key)
            assert diff.scroll_offset.y == y, key
        await pilot.press("pagedown", "pageup", "G")
        assert diff.scroll_offset.y == diff.count() - diff.size.height
        await shows(pilot, "It sells things.")
        assert diff.hunk > 0
        await pilot.press("g")
        assert (diff.scroll_offset.y, diff.hunk) == (0, 0)


async def test_long_lines_are_seen_by_going_sideways(tmp_path: Path) -> None:
    folder = run_with(tmp_path, THREE_FILES)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await patch_screen(pilot)
        await pilot.press("n")
        await shows(pilot, "# a sum that is long gone", "›")
        assert "by others" not in text_of(pilot)
        await pilot.press(*["right"] * 6)
        await shows(pilot, "I am told by others", "from column 49")
        await pilot.press("l", *["left"] * 6, "h")
        await shows(pilot, "# a sum that is long gone")
        assert "from column" not in text_of(pilot)


async def test_files_are_chosen_in_the_tree(tmp_path: Path) -> None:
    folder = run_with(tmp_path, THREE_FILES)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        await pilot.press("f")
        await shows(pilot, "M README.md +1 -1", "src/shop/", "A rates.py +4 -0")
        assert isinstance(pilot.app.focused, FileTree)
        await pilot.press("j", "k", "down", "enter")
        await until(pilot, lambda: diff.has_focus)
        assert diff.file == 1
        await pilot.press("f", "up", "up", "space")
        await until(pilot, lambda: diff.has_focus)
        assert diff.file == 2


async def test_a_click_goes_to_a_file_and_to_a_hunk(tmp_path: Path) -> None:
    folder = run_with(tmp_path, THREE_FILES)
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        await pilot.click("#files", offset=(6, 0))
        assert diff.hunk == 3
        await pilot.click("#diff", offset=(20, 5))
        assert diff.hunk == 0


async def test_tests_stand_before_and_after(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ONE_FILE, resolved=False)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        await pilot.press("t")
        await shows(pilot, "2 failing, 1 kept", "verified in a clean sandbox")
        await shows(pilot, "✗ → ✗ tests/test_prices.py::test_above")
        await until(pilot, lambda: isinstance(pilot.app.focused, OutcomesView))
        await pilot.press("escape")
        await until(pilot, lambda: diff.has_focus)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


async def test_the_patch_is_copied_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_with(tmp_path / "runs", THREE_FILES)
    monkeypatch.chdir(tmp_path)
    async with app_on(tmp_path / "runs", folder).run_test(size=SMALL, notifications=True) as pilot:
        await patch_screen(pilot)
        await pilot.press("y")
        assert pilot.app.clipboard == THREE_FILES
        await pilot.press("s", "s")
        await shows(pilot, "saved as")
    assert (tmp_path / "20260101-a.diff").read_text() == THREE_FILES
    assert (tmp_path / "20260101-a-1.diff").read_text() == THREE_FILES


async def test_a_run_without_a_patch_says_so_until_there_is_one(tmp_path: Path) -> None:
    folder = write_run(tmp_path, issue(), [*beginning(issue()), *work()], name="20260101-a")
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("P")
        await shows(pilot, "There is no patch to show: nothing is handed in yet.")
        assert "a Apply" not in text_of(pilot)
        await pilot.press("t")
        await shows(pilot, "as the run saw them, first and last", "2 mended, 1 kept")
        with Trajectory(folder / "events.jsonl") as log:
            log.append(Submitted(patch=ONE_FILE))
            await shows(pilot, "1 file  +1 -1   handed in by the policy; not verified yet")
        await pilot.press("escape")
        await shows(pilot, "+     if value > high:", "a Apply")


async def test_hostile_text_is_shown_as_it_is(tmp_path: Path) -> None:
    lines = HOSTILE.splitlines()
    patch = "diff --git a/[red]x.py b/[red]x.py\n--- a/[red]x.py\n+++ b/[red]x.py\n"
    patch += f"@@ -0,0 +1,{len(lines)} @@ \x1b[2J\n" + "".join(f"+{line}\n" for line in lines)
    folder = run_with(tmp_path, patch)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        await shows(pilot, "[red]x.py", "[bold red]not markup[/]", "\\x1b[31mred", "\\x1b[2J")
        await pilot.press("v", "G", "right", "f")
        await shows(pilot, "M [red]x.py")
        assert "\x1b" not in "".join(text for y in range(diff.count()) for _, text in diff.row(y))


ODD = """\
what stands here is no part of a diff
diff --git a/old name.py b/new name.py
similarity index 100%
rename from old name.py
rename to new name.py
diff --git a/logo.png b/logo.png
index 1111111..2222222 100644
Binary files a/logo.png and b/logo.png differ
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1,2 +0,0 @@
-one
-two
\\ No newline at end of file
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
@@ -1 +1 @@
"""


async def test_patches_that_are_odd_are_shown_all_the_same(tmp_path: Path) -> None:
    folder = run_with(tmp_path, ODD)
    async with app_on(tmp_path, folder).run_test(size=SMALL, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        await shows(pilot, "rename to new name.py", "Binary files a/logo.png and b/logo.png")
        for way in range(2):
            for key in ("n", "n", "]", "]", "]", "]", "[", "N", "G", "g"):
                await pilot.press(key)
            rows = ["".join(text for _, text in diff.row(y)) for y in range(diff.count())]
            assert any("-" in row and "two" in row for row in rows), way
            assert any("No newline at end of file" in row for row in rows)
            await pilot.press("v")
        await pilot.press("f")
        await shows(pilot, "D gone.txt +0 -2", "M run.sh +0 -0", "R new name.py +0 -0")


async def test_a_long_patch_is_drawn_where_it_is_looked_at(tmp_path: Path) -> None:
    folder = run_with(tmp_path, long_patch(50_000))
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        diff = await patch_screen(pilot)
        assert diff.count() == 50_003
        await pilot.press("G")
        await shows(pilot, "value_49999 = 49999  # one of many")


async def test_the_light_theme_keeps_every_sign(tmp_path: Path) -> None:
    folder = run_with(tmp_path, THREE_FILES)
    async with app_on(tmp_path, folder).run_test(size=LARGE, notifications=True) as pilot:
        await patch_screen(pilot)
        before = text_of(pilot)
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert text_of(pilot) == before


# Applying ---------------------------------------------------------------------------------------


def checkout(path: Path) -> Path:
    """A checkout that `ONE_FILE` fits."""
    path.mkdir()
    before = "\n\ndef clamp(value, low, high):\n    if value < low:\n        return low\n"
    (path / "prices.py").write_text(
        before + "    if value < high:\n        return high\n    return value\n"
    )
    git(path, "init", "-q")
    git(path, "add", "-A")
    return path


def git(path: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, text=True)
    return done.stdout


async def asked_for_folder(pilot: AppPilot, folder: Path) -> None:
    await pilot.press("a")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskFolder))
    pilot.app.screen.query_one(Input).value = str(folder)
    await pilot.press("enter")


async def test_the_patch_is_applied_once_the_user_says_so_again(tmp_path: Path) -> None:
    folder, place = run_with(tmp_path / "runs", ONE_FILE), checkout(tmp_path / "shop")
    (place / "deep").mkdir()
    async with app_on(tmp_path / "runs", folder).run_test(size=SMALL, notifications=True) as pilot:
        await patch_screen(pilot)
        await asked_for_folder(pilot, place / "deep")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await shows(pilot, "It fits. Change 1 file(s)", "prices.py")
        assert "value < high" in (place / "prices.py").read_text()
        await pilot.press("y")
        await shows(pilot, "nothing is committed")
    assert "value > high" in (place / "prices.py").read_text()
    assert git(place, "status", "--porcelain") == "AM prices.py\n"


async def test_nothing_is_applied_when_the_user_thinks_better_of_it(tmp_path: Path) -> None:
    folder, place = run_with(tmp_path / "runs", ONE_FILE), checkout(tmp_path / "shop")
    async with app_on(tmp_path / "runs", folder).run_test(size=SMALL, notifications=True) as pilot:
        await patch_screen(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskFolder))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await asked_for_folder(pilot, place)
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
    assert "value < high" in (place / "prices.py").read_text()


async def test_a_patch_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    folder, place = run_with(tmp_path / "runs", THREE_FILES), checkout(tmp_path / "shop")
    (place / "README.md").write_text("# Shop\n\nIt sells.\n")
    async with app_on(tmp_path / "runs", folder).run_test(size=LARGE, notifications=True) as pilot:
        await patch_screen(pilot)
        await asked_for_folder(pilot, place)
        await shows(pilot, "the patch does not fit", "nothing was changed")
    assert (place / "README.md").read_text() == "# Shop\n\nIt sells.\n"
    assert not (place / "src").exists()


@pytest.mark.parametrize(
    ("where", "words"), [("none", "there is no folder"), ("", "not in a checkout")]
)
async def test_a_folder_without_a_checkout_is_said_to_be_none(
    tmp_path: Path, where: str, words: str
) -> None:
    folder = run_with(tmp_path / "runs", ONE_FILE)
    async with app_on(tmp_path / "runs", folder).run_test(size=LARGE, notifications=True) as pilot:
        await patch_screen(pilot)
        await asked_for_folder(pilot, tmp_path / where)
        await shows(pilot, words)


@pytest.mark.parametrize("path", [".git/hooks/post-checkout", "../out.txt", "link/out.txt"])
async def test_a_patch_that_leads_out_of_the_checkout_is_refused(tmp_path: Path, path: str) -> None:
    patch = new_file(path, "@@ -0,0 +1 @@\n+x\n")
    folder, place = run_with(tmp_path / "runs", patch), checkout(tmp_path / "shop")
    (place / "link").symlink_to(tmp_path)
    async with app_on(tmp_path / "runs", folder).run_test(size=LARGE, notifications=True) as pilot:
        await patch_screen(pilot)
        await asked_for_folder(pilot, place)
        await shows(pilot, "the patch does not fit")
    assert not (tmp_path / "out.txt").exists()
    assert not (place / ".git/hooks/post-checkout").exists()
