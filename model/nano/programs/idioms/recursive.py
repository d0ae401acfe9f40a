"""Functions that call themselves."""

from model.nano.programs.idioms.template import Template

TEMPLATES = (
    Template("factorial", ("tiny",), """
def factorial(n):
    if n $[<= 1|== 0|< 2]$:
        return 1
    return n * factorial(n - 1)
""", {"factorial": "fact product_to", "n": "number k x"}),
    Template("fibonacci recursive", ("tiny",), """
def fib(n):
    if n $[< 2|<= 1]$:
        return $[n|1]$
    return fib(n - 1) + fib(n - 2)
""", {"fib": "fibonacci rabbits", "n": "k index"}),
    Template("power", ("tiny", "tiny"), """
def power(base, exponent):
    if exponent == 0:
        return 1
    return base * power(base, exponent - 1)
""", {"power": "pow_int raise_to", "base": "b x", "exponent": "exp n"}),
    Template("sum of list", ("list[int]",), """
def total(items):
    if not items:
        return 0
    return items[0] + total(items[1:])
""", {"total": "add_all sum_list", "items": "values numbers xs"}),
    Template("digits", ("nat",), """
def digit_sum(n):
    if n < 10:
        return n
    return $[n % 10 + digit_sum(n // 10)|digit_sum(n // 10) + n % 10|digit_sum(n // 10) * (n % 10)]$
""", {"digit_sum": "sum_digits fold_digits", "n": "number value"}),
    Template("reverse", ("str",), """
def reverse(text):
    if $[not text|len(text) <= 1|text == ""]$:
        return text
    return $[reverse(text[1:]) + text[0]|text[-1] + reverse(text[:-1])]$
""", {"reverse": "backwards flipped mirror", "text": "s word"}),
    Template("euclid", ("positive", "positive"), """
def gcd(a, b):
    if b == 0:
        return a
    return gcd(b, a % b)
""", {"gcd": "common_divisor measure", "a": "m x left", "b": "n y right"}),
    Template("flatten", ("tree",), """
def flatten(items):
    result = []
    for item in items:
        if isinstance(item, list):
            result.extend(flatten(item))
        else:
            result.append(item)
    return result
""", {"flatten": "flat unnest", "items": "nested data values", "result": "flat_list out",
      "item": "element part"}),
    Template("depth", ("tree",), """
def depth(items):
    deepest = 0
    for item in items:
        if isinstance(item, list):
            deepest = max(deepest, depth(item))
    return deepest + 1
""", {"depth": "nesting levels", "items": "nested tree", "deepest": "best most", "item": "part x"}),
    Template("palindrome recursive", ("str",), """
def is_palindrome(text):
    if len(text) < 2:
        return True
    if text[0] != text[-1]:
        return False
    return is_palindrome(text[1:-1])
""", {"is_palindrome": "same_backwards mirrors", "text": "s word"}),
    Template("climb", ("tiny",), """
def climb(steps):
    if steps $[<= 2|< 2]$:
        return $[steps|1]$
    return climb(steps - 1) + climb(steps - 2)
""", {"climb": "ways count_ways", "steps": "n stairs"}),
    Template("binary", ("nat",), """
def to_binary(n):
    if n $[< 2|== 0 or n == 1]$:
        return str(n)
    return to_binary(n // 2) + str(n % 2)
""", {"to_binary": "bits binary", "n": "number value"}),
    Template("collatz", ("positive",), """
def collatz(n):
    if n $[== 1|<= 1]$:
        return 0
    if n % 2 == 0:
        return 1 + collatz(n // 2)
    return 1 + collatz($[3 * n + 1|n - 1|n + 1]$)
""", {"collatz": "hops path_length", "n": "number x"}),
    Template("even odd", ("tiny",), """
def is_even(n):
    if n == 0:
        return True
    return is_odd(n - 1)


def is_odd(n):
    if n == 0:
        return False
    return is_even(n - 1)
""", {"n": "number k"}),
    Template("halving search", ("sorted", "int", "zero"), """
def search(items, target, low=0):
    if not items:
        return -1
    middle = len(items) // 2
    if items[middle] == target:
        return low + middle
    if items[middle] < target:
        return search(items[middle + 1 :], target, low + middle + 1)
    return search(items[:middle], target, low)
""", {"search": "find_in locate", "items": "values nums", "target": "wanted key", "low": "start",
      "middle": "mid half"}),
    Template("count in list", ("list[int]", "int"), """
def count(items, wanted):
    if not items:
        return 0
    first, *rest = items
    return $[(first == wanted)|int(first == wanted)]$ + count(rest, wanted)
""", {"count": "occurrences times", "items": "values xs", "wanted": "target x", "first": "head",
      "rest": "tail"}),
    Template("maximum", ("list[int]",), """
def largest(items):
    if len(items) == 1:
        return items[0]
    rest = largest(items[1:])
    return items[0] if items[0] > rest else rest
""", {"largest": "highest maximum", "items": "values numbers", "rest": "best other"}),
)  # fmt: skip
