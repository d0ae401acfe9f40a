"""Attempts at once: as many as are wanted, no more than are needed, and stopped together."""

import asyncio

import pytest

from agent.selecting.attempts import until_decided
from agent.selecting.candidate import Candidate
from agent.selecting.registry import STRATEGIES
from agent.selecting.together import together
from tests.agent.selecting.candidates import candidate

MAJORITY, VERDICTS = STRATEGIES["majority"], STRATEGIES["verdicts"]


class Maker:
    """Makes attempts whose patches are the letters of a text, and counts them."""

    def __init__(self, patches: str, fails: int = 0) -> None:
        self.patches = patches
        self.fails = fails
        self.begun: list[int] = []
        self.working = self.most = 0
        self.stopped = 0

    async def __call__(self, number: int) -> Candidate:
        self.begun.append(number)
        self.working += 1
        self.most = max(self.most, self.working)
        try:
            await asyncio.sleep(0 if number != self.fails else 0.01)
            if number == self.fails:
                raise OSError("no more")
            return candidate(number, self.patches[number - 1])
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        finally:
            self.working -= 1


@pytest.mark.parametrize("at_once", [1, 2, 9])
async def test_all_are_made_where_nothing_is_decided(at_once: int) -> None:
    make = Maker("abcab")
    made = await until_decided(5, at_once, make, VERDICTS)
    assert [each.attempt for each in made] == [1, 2, 3, 4, 5]
    assert make.begun == [1, 2, 3, 4, 5]
    assert make.most <= at_once
    assert at_once == 1 or make.most > 1


async def test_no_more_are_begun_once_the_majority_is_sure() -> None:
    make = Maker("aaaxxxx")
    made = await until_decided(5, 1, make, MAJORITY)
    assert make.begun == [1, 2, 3]
    assert MAJORITY.choose(made).attempt == 1
    # What has begun by then is let come to its end.
    make = Maker("aaaxxxx")
    made = await until_decided(5, 2, make, MAJORITY)
    assert [each.attempt for each in made] == make.begun
    assert len(made) <= 4


async def test_a_failure_stops_the_others() -> None:
    make = Maker("abcde", fails=1)
    with pytest.raises(OSError, match="no more"):
        await until_decided(5, 2, make, VERDICTS)
    assert make.working == 0


async def test_the_first_failure_of_several_is_raised_when_all_have_stopped() -> None:
    stopped = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(True)

    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        await together([wait(), fail(), wait()])
    assert len(stopped) == 2

    async def one(number: int) -> int:
        await asyncio.sleep(0.01 / (number + 1))
        return number

    assert await together(map(one, range(3))) == [0, 1, 2]
