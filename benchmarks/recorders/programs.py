"""The programs that are recorded: small, and each with another kind of locals.

What they hold has a short `repr`, so that no recorder saves itself work by cutting it.
"""

from collections.abc import Callable


def numbers(most: int = 300) -> int:
    """Loops over a few integers that change all the time."""
    total = 0
    for first in range(most):
        for second in range(4):
            product = first * second
            if product % 3:
                total += product
    return total


def many(most: int = 600) -> int:
    """Many locals, nearly all of them as they were."""
    a, b, c, d, e = 1, 2, 3, 4, 5
    name, title, place = "name", "title", "place"
    ratio, flag, nothing, pair = 0.5, True, None, (1, 2)
    count = 0
    for each in range(most):
        count += each
        if flag and nothing is None:
            count += a + b + c + d + e + pair[0]
        count -= len(name) + len(title) + len(place)
        count += int(ratio)
    return count


def lists(most: int = 40) -> list[int]:
    """A list that is sorted in place."""
    items = [(each * 7) % most for each in range(most)]
    for end in range(most, 1, -1):
        for at in range(1, end):
            if items[at - 1] > items[at]:
                items[at - 1], items[at] = items[at], items[at - 1]
    return items


def words(text: str = "the quick brown fox jumps over the lazy dog " * 50) -> dict[str, int]:
    """Strings, and a dictionary that grows."""
    counts: dict[str, int] = {}
    for word in text.split():
        key = word.strip().lower()
        known = counts.get(key, 0)
        counts[key] = known + len(key)
        if key in counts:
            longest = max(counts, key=len)
            counts[longest] += 1
    return counts


def calls(number: int = 14) -> int:
    """Recursion: nearly all events are calls and returns."""
    if number < 2:
        return number
    return calls(number - 1) + calls(number - 2)


class Account:
    """Something that has no `repr` of its own."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.entries: list[int] = []

    def add(self, amount: int) -> int:
        """Another entry."""
        self.entries.append(amount)
        return len(self.entries)


def objects(most: int = 400) -> int:
    """Methods of objects, and objects among the locals."""
    first, second = Account("first"), Account("second")
    held = {"first": first, "second": second}
    moved = 0
    for amount in range(most):
        chosen = first if amount % 2 else held["second"]
        moved += chosen.add(amount)
    return moved


PROGRAMS: dict[str, Callable[[], object]] = {
    "numbers": numbers,
    "many locals": many,
    "a list": lists,
    "strings and a dictionary": words,
    "recursion": calls,
    "objects": objects,
}
