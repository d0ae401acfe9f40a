"""Functions that are kept for measuring: training never draws them.

The recursive and the endless idioms that it does draw are few, so a program of theirs that is held
out is one that was learnt, but for its names. Most of the endless ones here end for some arguments.
"""

from model.nano.programs.idioms.template import Template

RECURSIVE = (
    Template("kept: hanoi", ("tiny",), """
def moves(disks):
    if disks == 0:
        return 0
    return $[2 * moves(disks - 1) + 1|moves(disks - 1) + 1 + moves(disks - 1)]$
""", {"moves": "count_moves tower", "disks": "n rings"}),
    Template("kept: interleave", ("list[int]", "list[int]"), """
def interleave(left, right):
    if not left:
        return right
    return $[[left[0]] + interleave(right, left[1:])|left[:1] + interleave(right, left[1:])]$
""", {"interleave": "shuffle weave", "left": "a xs", "right": "b ys"}),
    Template("kept: without", ("str", "char"), """
def without(text, letter):
    if text == "":
        return $[""|text]$
    if text[0] $[==|!=]$ letter:
        return without(text[1:], letter)
    return text[0] + without(text[1:], letter)
""", {"without": "drop_letter strip_all", "text": "word s", "letter": "char unwanted"}),
    Template("kept: dot", ("list[int]", "list[int]"), """
def dot(xs, ys):
    if not xs or not ys:
        return 0
    return xs[0] $[*|-|+]$ ys[0] + dot(xs[1:], ys[1:])
""", {"dot": "inner_product pair_up", "xs": "first a", "ys": "second b"}),
    Template("kept: repeat", ("int", "tiny"), """
def repeat(value, times):
    if times <= 0:
        return []
    return $[[value] + repeat(value, times - 1)|repeat(value + 1, times - 1) + [value]]$
""", {"repeat": "replicate copies", "value": "item x", "times": "count n"}),
    Template("kept: sorted already", ("list[int]",), """
def is_sorted(items):
    if len(items) < 2:
        return True
    return items[0] $[<=|<|>=]$ items[1] and is_sorted(items[1:])
""", {"is_sorted": "in_order rises", "items": "values numbers"}),
    Template("kept: halves", ("list[int]",), """
def peak(items):
    if len(items) <= 1:
        return sum(items)
    middle = len(items) // 2
    left = peak(items[:middle])
    right = peak(items[middle:])
    return left if left $[>|<]$ right else right
""", {"peak": "best_of extreme", "items": "values numbers", "middle": "half cut"}),
    Template("kept: choose", ("tiny", "tiny"), """
def choose(n, k):
    if k > n:
        return 0
    if k == 0 or k == n:
        return 1
    return choose(n - 1, k - 1) + choose(n - 1, k)
""", {"choose": "combinations ways_to_pick", "n": "total size", "k": "taken part"}),
    Template("kept: so far", ("nat", "zero"), """
def count_digits(number, so_far=0):
    if number == 0:
        return so_far
    return count_digits(number // $[10|2|5]$, so_far + 1)
""", {"count_digits": "width size_of", "number": "n value", "so_far": "seen count"}),
    Template("kept: common", ("str", "str"), """
def common(one, two):
    if not one or not two or one[0] != two[0]:
        return ""
    return one[0] + common(one[1:], two[1:])
""", {"common": "shared_start prefix_of", "one": "a left", "two": "b right"}),
    Template("kept: tree", ("tree",), """
def add_up(node):
    if $[isinstance(node, int)|not isinstance(node, list)]$:
        return $[node|1]$
    result = 0
    for child in node:
        result += add_up(child)
    return result
""", {"add_up": "weight leaves", "node": "tree part", "child": "inner each"}),
    Template("kept: no base", ("positive",), """
def sink(level):
    if level $[== 0|< 0]$:
        return level
    return sink(level $[- 2|+ 1|- 1]$)
""", {"sink": "lower settle", "level": "n height"}),
)  # fmt: skip

ENDLESS = (
    Template("kept: doubles past", ("positive",), """
def double_until(goal):
    value = 1
    while value != goal:
        value *= $[2|3]$
    return value
""", {"double_until": "grow_to reach", "goal": "n target", "value": "power size"}),
    Template("kept: takes none", ("list[int]",), """
def take_all(queue):
    taken = []
    while queue:
        taken.append(queue[0])
    return $[len(taken)|taken]$
""", {"take_all": "drain_queue collect", "queue": "items waiting", "taken": "out result"}),
    Template("kept: halves", ("int",), """
def halve(amount):
    steps = 0
    while amount $[>=|!= 1 and amount >=]$ 0:
        amount //= 2
        steps += 1
    return steps
""", {"halve": "shrink cut_down", "amount": "n size", "steps": "rounds count"}),
    Template("kept: meets", ("int", "int"), """
def meet(low, high):
    while low != high:
        low += $[1|2]$
        high -= 1
    return low
""", {"meet": "middle_of close_in", "low": "a start", "high": "b end"}),
    Template("kept: turns round", ("str",), """
def shorten(text):
    while len(text) > $[2|3|5]$:
        text = text[1:] + text[0]
    return text
""", {"shorten": "fit trim_to", "text": "word s"}),
    Template("kept: skips the step", ("nat",), """
def count_even(limit):
    number = 0
    found = 0
    while number < limit:
        if number % 2 == $[1|0]$:
            continue
        found += 1
        number += 1
    return found
""", {"count_even": "tally evens_below", "limit": "n bound", "number": "i x",
      "found": "hits seen"}),
    Template("kept: swaps", ("int", "int"), """
def settle(one, two):
    while one $[!=|>]$ two:
        one, two = two, one
    return one
""", {"settle": "balance agree", "one": "a left", "two": "b right"}),
    Template("kept: looks on", ("list[int]", "int"), """
def look_for(items, wanted):
    place = 0
    while True:
        if items and items[place % len(items)] == wanted:
            break
        place += 1
    return place
""", {"look_for": "seek position_of", "items": "values data", "wanted": "target x",
      "place": "i at"}),
    Template("kept: pays off", ("int", "int"), """
def months(debt, rate):
    count = 0
    while debt > 0:
        debt -= rate
        count += 1
    return count
""", {"months": "pay_off payments", "debt": "amount left", "rate": "part payment",
      "count": "n steps"}),
)  # fmt: skip
