"""Known functions of numbers."""

from model.nano.programs.idioms.template import Template

TEMPLATES = (
    Template("gcd", ("positive", "positive"), """
def $[gcd|greatest_common_divisor|common_measure]$(a, b):
    while b$[| != 0| > 0]$:
        a, b = b, a % b
    return a
""", {"a": "m x first", "b": "n y second"}),
    Template("fibonacci", ("tiny",), """
def $[fibonacci|fib|nth_fibonacci]$(n):
    a, b = $[0, 1|1, 1|0, 2]$
    for _ in range(n):
        a, b = b, a + b
    return $[a|b]$
""", {"n": "count k", "a": "previous x", "b": "current y"}),
    Template("fibonacci list", ("tiny",), """
def $[fibonacci_numbers|first_fibonacci|fib_list]$(n):
    numbers = [0, 1]
    while len(numbers) < n:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers[:n]
""", {"n": "count size", "numbers": "result seq series"}),
    Template("is prime", ("positive",), """
def $[is_prime|prime|check_prime]$(n):
    if n < 2:
        return False
    for divisor in range(2, $[n|int(n**0.5) + 1|n // 2 + 1]$):
        if n % divisor == 0:
            return False
    return True
""", {"n": "number value", "divisor": "d i k"}),
    Template("factors", ("positive",), """
def $[prime_factors|factorize|factors_of]$(n):
    factors = []
    divisor = 2
    while n > 1:
        while n % divisor == 0:
            factors.append(divisor)
            n //= divisor
        divisor += 1
    return factors
""", {"n": "number value", "factors": "result primes", "divisor": "d candidate"}),
    Template("divisors", ("positive",), """
def $[divisors|list_divisors|divisors_of]$(n):
    return [d for d in range($[1, n + 1|1, n|2, n]$) if n % d == 0]
""", {"n": "number value", "d": "k i divisor"}),
    Template("digit sum", ("nat",), """
def $[sum_digits|digit_sum|cross_sum]$(n):
    total = 0
    while n$[ > 0| != 0|]$:
        total += n % 10
        n //= 10
    return total
""", {"n": "number value", "total": "result acc"}),
    Template("digit text sum", ("nat",), """
def $[sum_digits|add_digits|digit_total]$(n):
    return sum(int(digit) for digit in str(n)$[| if digit != "0"| if int(digit) % 2]$)
""", {"n": "number value", "digit": "d ch char"}),
    Template("clamp", ("int", "tiny", "positive"), """
def $[clamp|limit|restrict]$(value, low, high):
    if value < low:
        return low
    if value > high:
        return high
    return value
""", {"value": "x number", "low": "minimum lower", "high": "maximum upper"}),
    Template("clamp short", ("int", "tiny", "positive"), """
def $[clamp|bound|keep_within]$(value, low, high):
    return $[max(low, min(value, high))|min(max(value, low), high)]$
""", {"value": "x n", "low": "minimum start", "high": "maximum end"}),
    Template("sign", ("int",), """
def $[sign|signum|direction]$(x):
    return $[(x > 0) - (x < 0)|1 if x > 0 else -1 if x < 0 else 0]$
""", {"x": "n value number"}),
    Template("ordinal", ("nat",), """
def $[ordinal|with_suffix|nth]$(n):
    if 10 <= n % 100 <= 20:
        suffix = "th"
    else:
        suffix = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return $[f"{n}{suffix}"|str(n) + suffix]$
""", {"n": "number position", "suffix": "ending tail"}),
    Template("human size", ("nat",), """
def $[human_size|format_size|readable]$(size):
    for unit in ["B", "K", "M"]:
        if size < $[100|1000|1024]$:
            return $[f"{size}{unit}"|str(size) + " " + unit]$
        size //= $[100|1000|1024]$
    return f"{size}G"
""", {"size": "n amount count", "unit": "suffix name"}),
    Template("leap year", ("year",), """
def $[is_leap|leap_year|is_leap_year]$(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
""", {"year": "y n"}),
    Template("fizz", ("positive",), """
def $[fizz_buzz|fizzbuzz|say]$(n):
    if n % 15 == 0:
        return "FizzBuzz"
    if n % $[3|2]$ == 0:
        return "Fizz"
    if n % 5 == 0:
        return "Buzz"
    return str(n)
""", {"n": "number i"}),
    Template("to base", ("nat", "base"), """
def $[to_base|convert_base|in_base]$(number, base$[|=2]$):
    digits = ""
    while number > 0:
        digits = str(number % base) + digits
        number //= base
    return digits$[| or "0"]$
""", {"number": "n value", "base": "radix b", "digits": "result out text"}),
    Template("collatz", ("tiny",), """
def $[collatz|hailstone|steps_to_one]$(n):
    steps = 0
    while n > 1:
        if n % 2 == 0:
            n //= 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps
""", {"n": "number value", "steps": "count length"}),
    Template("power of two", ("positive",), """
def $[is_power_of_two|power_of_two|only_halves]$(n):
    while n $[> 1|>= 2]$:
        if n % 2$[| == 1| != 0]$:
            return False
        n //= 2
    return $[True|n == 1]$
""", {"n": "number value"}),
    Template("next multiple", ("int", "base"), """
def $[round_up|next_multiple|align]$(n, step):
    rest = n % step
    if rest == 0:
        return n
    return n + step - rest
""", {"n": "value offset", "step": "size unit", "rest": "over remainder"}),
    Template("integer root", ("positive",), """
def $[integer_sqrt|isqrt|floor_root]$(n):
    root = 0
    while (root + 1) ** 2 <= n:
        root += 1
    return root
""", {"n": "number value", "root": "r guess"}),
    Template("bits", ("positive",), """
def $[count_bits|bit_count|ones]$(n):
    count = 0
    while n:
        $[n &= n - 1|n //= 2]$
        count += 1
    return count
""", {"n": "number mask", "count": "total bits"}),
    Template("clock", ("nat",), """
def $[format_duration|to_clock|minutes_and_seconds]$(seconds):
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}:{rest:02}"
""", {"seconds": "n total", "minutes": "m whole", "rest": "s left"}),
    Template("median of three", ("int", "int", "int"), """
def $[median|middle|middle_of_three]$(a, b, c):
    return $[sorted([a, b, c])[1]|a + b + c - min(a, b, c) - max(a, b, c)]$
""", {"a": "x first", "b": "y second", "c": "z third"}),
    Template("perfect", ("positive",), """
def $[is_perfect|perfect_number|check_perfect]$(n):
    total = 0
    for i in range(1, n):
        if n % i == 0:
            total += i
    return total == n
""", {"n": "number value", "total": "acc result", "i": "d k"}),
)  # fmt: skip
