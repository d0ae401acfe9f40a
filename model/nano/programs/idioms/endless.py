"""Functions that do not end for most arguments, or for none."""

from model.nano.programs.idioms.template import Template

TEMPLATES = (
    Template("never reaches", ("int",), """
def $[wait_until_zero|drain|count_down]$(n):
    steps = 0
    while n != 0:
        n -= $[2|3|4]$
        steps += 1
    return steps
""", {"n": "value level amount", "steps": "rounds count turns"}),
    Template("forgets to step", ("list[int]",), """
def $[find_first|index_of|locate]$(items):
    index = 0
    while index < len(items):
        if items[index] $[>|<|==]$ $[0|3|5]$:
            return index
        $[index = 0|index += 0|index = max(index, 0)]$
    return -1
""", {"items": "values numbers data", "index": "i position"}),
    Template("grows away", ("positive",), """
def $[settle|converge|run]$(x):
    while x > 0:
        x += $[1|2|x]$
    return x
""", {"x": "value n level"}),
    Template("no base", ("int",), """
def countdown(n):
    if n == $[100|50|77]$:
        return 0
    return $[countdown(n - 1) + n|1 + countdown(n - 1)|countdown(n + 1 - 2)]$
""", {"countdown": "descend unwind depth_of", "n": "k value level"}),
    Template("wrong way", ("positive",), """
def $[fill|fill_up|load]$(limit):
    level = $[5|10|8]$
    rounds = 0
    while level $[> 0|!= limit]$:
        level += $[3|limit]$
        rounds += 1
    return rounds
""", {"limit": "bound target", "level": "size tank", "rounds": "steps count"}),
    Template("swings", ("int",), """
def $[balance|toggle|swing]$(start):
    value = start
    while value != $[100|500]$:
        value = -value$[| + 1]$
    return value
""", {"value": "x state", "start": "n first"}),
)  # fmt: skip
