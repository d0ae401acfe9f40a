"""Small well-known programs, each with a mistake that people make, written for this benchmark.

They are no held-out programs: `model.nano.programs.idioms` has variants of most of them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Classic:
    """A program, what is wrong in it, and how it is called."""

    name: str
    right: str
    old: str
    new: str
    calls: tuple[str, ...]


CLASSICS = (
    Classic(
        "greatest common divisor",
        """\
def common_divisor(first, second):
    while second:
        first, second = second, first % second
    return first
""",
        "first % second",
        "first // second",
        ("common_divisor(12, 8)", "common_divisor(7, 7)", "common_divisor(9, 0)",
         "common_divisor(10, 4)", "common_divisor(5, 3)", "common_divisor(18, 12)"),
    ),
    Classic(
        "binary search",
        """\
def position_of(items, wanted):
    low = 0
    high = len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == wanted:
            return middle
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1
""",
        "low <= high",
        "low < high",
        ("position_of([1, 3, 5, 7], 7)", "position_of([1, 3, 5], 3)", "position_of([4], 4)",
         "position_of([2, 4, 6], 5)", "position_of([], 1)", "position_of([1, 2, 3, 4], 1)"),
    ),
    Classic(
        "sorting by bubbles",
        """\
def sort_numbers(numbers):
    result = list(numbers)
    for end in range(len(result) - 1, 0, -1):
        for index in range(end):
            if result[index] > result[index + 1]:
                result[index], result[index + 1] = result[index + 1], result[index]
    return result
""",
        "range(len(result) - 1, 0, -1)",
        "range(len(result) - 1, 1, -1)",
        ("sort_numbers([2, 1])", "sort_numbers([1, 2, 3])", "sort_numbers([])",
         "sort_numbers([3, 2, 1])", "sort_numbers([5, 1, 4])", "sort_numbers([1, 1])"),
    ),
    Classic(
        "prime numbers",
        """\
def is_prime(number):
    if number < 2:
        return False
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return True
""",
        "divisor * divisor <= number",
        "divisor * divisor < number",
        ("is_prime(9)", "is_prime(7)", "is_prime(1)", "is_prime(4)", "is_prime(25)",
         "is_prime(10)", "is_prime(2)"),
    ),
    Classic(
        "Fibonacci numbers",
        """\
def fibonacci(count):
    previous, current = 0, 1
    for _ in range(count):
        previous, current = current, previous + current
    return previous
""",
        "previous, current = 0, 1",
        "previous, current = 1, 1",
        ("fibonacci(0)", "fibonacci(1)", "fibonacci(2)", "fibonacci(5)", "fibonacci(7)"),
    ),
    Classic(
        "run lengths",
        """\
def run_lengths(text):
    runs = []
    for char in text:
        if runs and runs[-1][0] == char:
            runs[-1][1] += 1
        else:
            runs.append([char, 1])
    return runs
""",
        "runs.append([char, 1])",
        "runs.append([char, 0])",
        ("run_lengths('aab')", "run_lengths('')", "run_lengths('abc')", "run_lengths('zzz')"),
    ),
    Classic(
        "keeping within bounds",
        """\
def clamp(value, lowest, highest):
    if value < lowest:
        return lowest
    if value > highest:
        return highest
    return value
""",
        "value > highest",
        "value < highest",
        ("clamp(5, 1, 9)", "clamp(12, 1, 9)", "clamp(0, 1, 9)", "clamp(9, 1, 9)",
         "clamp(1, 1, 9)", "clamp(7, 2, 3)"),
    ),
    Classic(
        "palindromes",
        """\
def is_palindrome(text):
    left = 0
    right = len(text) - 1
    while left < right:
        if text[left] != text[right]:
            return False
        left += 1
        right -= 1
    return True
""",
        "right = len(text) - 1",
        "right = len(text) - 2",
        ("is_palindrome('abba')", "is_palindrome('abc')", "is_palindrome('')",
         "is_palindrome('aba')", "is_palindrome('ab')", "is_palindrome('noon')"),
    ),
    Classic(
        "the second largest",
        """\
def second_largest(numbers):
    largest = None
    second = None
    for number in numbers:
        if largest is None or number > largest:
            second = largest
            largest = number
        elif second is None or number > second:
            second = number
    return second
""",
        "second is None or number > second",
        "second is None or number < second",
        ("second_largest([5, 1, 4])", "second_largest([1, 2])", "second_largest([7])",
         "second_largest([9, 8, 3])", "second_largest([3, 1, 2])", "second_largest([4, 6, 5])"),
    ),
    Classic(
        "merging sorted lists",
        """\
def merge(left, right):
    result = []
    i = 0
    j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]
""",
        "left[i:] + right[j:]",
        "left[i:] + right[i:]",
        ("merge([1, 4], [2, 3])", "merge([], [1, 2])", "merge([1, 3], [])",
         "merge([1, 2], [3, 4])", "merge([5], [1, 2])", "merge([2], [1, 3])"),
    ),
    Classic(
        "counting vowels",
        """\
def count_vowels(text):
    count = 0
    for char in text.lower():
        if char in "aeiou":
            count += 1
    return count
""",
        "count += 1",
        "count = 1",
        ("count_vowels('banana')", "count_vowels('sky')", "count_vowels('Eve')",
         "count_vowels('on')", "count_vowels('')", "count_vowels('audio')"),
    ),
    Classic(
        "the sum of digits",
        """\
def digit_sum(number):
    total = 0
    while number > 0:
        total += number % 10
        number //= 10
    return total
""",
        "while number > 0:",
        "while number > 9:",
        ("digit_sum(123)", "digit_sum(0)", "digit_sum(7)", "digit_sum(90)", "digit_sum(55)"),
    ),
    Classic(
        "turning a list",
        """\
def rotate(items, steps):
    if not items:
        return []
    steps %= len(items)
    return items[-steps:] + items[:-steps]
""",
        "items[-steps:] + items[:-steps]",
        "items[steps:] + items[:steps]",
        ("rotate([1, 2, 3], 1)", "rotate([], 2)", "rotate([1, 2], 1)", "rotate([1, 2, 3], 3)",
         "rotate([1, 2, 3, 4], 3)", "rotate([5, 6, 7], 5)"),
    ),
    Classic(
        "words that begin with capitals",
        """\
def initials(name):
    letters = []
    for part in name.split():
        letters.append(part[0].upper())
    return ".".join(letters)
""",
        "part[0]",
        "part[-1]",
        ("initials('ada king')", "initials('bo')", "initials('')", "initials('ann bee cox')"),
    ),
    Classic(
        "change for an amount",
        """\
def coins_for(amount, coins):
    used = []
    for coin in sorted(coins, reverse=True):
        while amount >= coin:
            used.append(coin)
            amount -= coin
    return used
""",
        "amount >= coin",
        "amount > coin",
        ("coins_for(6, [1, 5])", "coins_for(0, [1, 5])", "coins_for(7, [1, 5])",
         "coins_for(12, [1, 5, 10])", "coins_for(5, [5])"),
    ),
    Classic(
        "taking out what is doubled",
        """\
def without_doubles(items):
    seen = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen
""",
        "item not in seen",
        "item in seen",
        ("without_doubles([1, 2, 1])", "without_doubles([])", "without_doubles(['a', 'b'])",
         "without_doubles([3, 3, 3])"),
    ),
    Classic(
        "a leap year",
        """\
def is_leap(year):
    if year % 400 == 0:
        return True
    return year % 4 == 0 and year % 100 != 0
""",
        "year % 4 == 0 and year % 100 != 0",
        "year % 4 == 0 or year % 100 != 0",
        ("is_leap(2000)", "is_leap(1900)", "is_leap(2023)", "is_leap(2024)", "is_leap(2100)"),
    ),
    Classic(
        "the longest word",
        """\
def longest_word(text):
    best = ""
    for word in text.split():
        if len(word) > len(best):
            best = word
    return best
""",
        "len(word) > len(best)",
        "len(word) < len(best)",
        ("longest_word('a tree or two')", "longest_word('')", "longest_word('on off')",
         "longest_word('same size')", "longest_word('big bigger')"),
    ),
)  # fmt: skip
