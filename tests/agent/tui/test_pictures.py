"""The pictures of the screens: one of each, small, asking no host for anything."""

import re
from pathlib import Path

import pytest

from agent.tui.registry import SCREENS
from scripts.draw_screens import FOLDER, PICTURES, drawn

_LARGEST = 150_000
_TOUR = FOLDER.parent / "tui.md"


def test_every_screen_has_its_picture_and_its_place_in_the_tour() -> None:
    assert {picture.of for picture in PICTURES} == {entry.name for entry in SCREENS}
    tour = _TOUR.read_text(encoding="utf-8")
    for picture in PICTURES:
        assert f"](screens/{picture.name}.svg)" in tour
    titles = re.findall(r"^## (.*)$", tour, re.MULTILINE)
    for entry in SCREENS:
        assert entry.title.partition(":")[0] in titles


@pytest.mark.parametrize("name", [picture.name for picture in PICTURES])
def test_a_picture_is_small_and_alone(name: str) -> None:
    path = FOLDER / f"{name}.svg"
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < _LARGEST
    asked = re.findall(r"(?:href|src|xmlns)\s*=\s*[\"']([^\"']*)|url\(([^)]*)\)|@import", text)
    places = {one or other for one, other in asked}
    assert {each for each in places if not each.startswith("#")} == {"http://www.w3.org/2000/svg"}
    assert "@font-face" not in text
    assert str(Path.home()) not in text


def test_there_are_no_others() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {picture.name for picture in PICTURES}


async def test_a_picture_is_drawn_the_same_each_time() -> None:
    (picture,) = (each for each in PICTURES if each.name == "compare")
    assert await drawn(picture) == await drawn(picture)
