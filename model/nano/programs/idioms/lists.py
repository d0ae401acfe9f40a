"""Known functions of lists and tables."""

from model.nano.programs.idioms.template import Template

TEMPLATES = (
    Template("binary search", ("sorted", "int"), """
def $[binary_search|find_index|bisect]$(items, target):
    low, high = 0, len(items) - 1
    while low <= high:
        mid = (low + high) // 2
        if items[mid] == target:
            return mid
        if items[mid] < target:
            low = mid + 1
        else:
            high = mid - 1
    return -1
""", {"items": "values nums arr", "target": "wanted x", "low": "left start", "high": "right end",
      "mid": "middle m"}),
    Template("bubble sort", ("few",), """
def $[bubble_sort|sort_list|sort_values]$(items):
    for i in range(len(items)):
        for j in range(len(items) - 1 - i):
            if items[j] > items[j + 1]:
                items[j], items[j + 1] = items[j + 1], items[j]
    return items
""", {"items": "values nums arr"}),
    Template("insertion sort", ("few",), """
def $[insertion_sort|insert_sorted|sort_numbers]$(items):
    for i in range(1, len(items)):
        current = items[i]
        j = i - 1
        while j >= 0 and items[j] > current:
            items[j + 1] = items[j]
            j -= 1
        items[j + 1] = current
    return items
""", {"items": "values nums arr", "current": "key value"}),
    Template("selection sort", ("few",), """
def $[selection_sort|sort_in_place|order]$(items):
    for i in range(len(items)):
        smallest = i
        for j in range(i + 1, len(items)):
            if items[j] < items[smallest]:
                smallest = j
        items[i], items[smallest] = items[smallest], items[i]
    return items
""", {"items": "values nums arr", "smallest": "best low_index"}),
    Template("running maximum", ("list[int]",), """
def $[running_max|rolling_max|highest_so_far]$(numbers):
    best = None
    result = []
    for number in numbers:
        if best is None or number > best:
            best = number
        result.append(best)
    return result
""", {"numbers": "values items", "number": "value x", "best": "top peak", "result": "out maxima"}),
    Template("running total", ("list[int]",), """
def $[running_total|cumulative_sum|prefix_sums]$(values):
    total = 0
    sums = []
    for value in values:
        total += value
        sums.append(total)
    return sums
""", {"values": "items nums", "value": "x n", "total": "acc current", "sums": "result out"}),
    Template("dedupe", ("list[int]",), """
def $[dedupe|unique|remove_duplicates]$(items):
    seen = set()
    result = []
    for item in items:
        if item not in seen:
            seen.add(item)
            result.append(item)
    return result
""", {"items": "values data", "item": "x value", "result": "out kept", "seen": "known"}),
    Template("merge", ("sorted", "sorted"), """
def $[merge|merge_sorted|combine]$(left, right):
    result = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]
""", {"left": "a first xs", "right": "b second ys", "result": "merged out"}),
    Template("chunks", ("list[int]", "base"), """
def $[chunk|chunks|split_every]$(items, size):
    return [items[i : i + size] for i in range(0, len(items), size)]
""", {"items": "values data", "size": "n width"}),
    Template("chunks loop", ("list[int]", "base"), """
def $[chunk|batches|in_groups]$(items, size):
    groups = []
    for start in range(0, len(items), size):
        groups.append(items[start : start + size])
    return groups
""", {"items": "values data", "size": "n width", "groups": "result out", "start": "i begin"}),
    Template("flatten once", ("rows",), """
def $[flatten|concat|join_rows]$(rows):
    flat = []
    for row in rows:
        $[flat.extend(row)|flat += row|for cell in row:
            flat.append(cell)]$
    return flat
""", {"rows": "matrix lists groups", "row": "line group", "flat": "result out"}),
    Template("transpose", ("rows",), """
def $[transpose|flip|columns]$(rows):
    return [$[list(column)|list(column)[::-1]|sum(column)]$ for column in zip(*rows)]
""", {"rows": "matrix grid table"}),
    Template("row sums", ("rows",), """
def $[row_sums|sum_rows|totals]$(matrix):
    sums = []
    for row in matrix:
        total = 0
        for cell in row:
            total += cell
        sums.append(total)
    return sums
""", {"matrix": "rows grid", "sums": "result out", "row": "line", "total": "acc",
      "cell": "value x"}),
    Template("rotate", ("list[int]", "int"), """
def $[rotate|rotate_left|shift]$(items, k):
    if not items:
        return items
    k = k % len(items)
    return items[k:] + items[:k]
""", {"items": "values arr", "k": "n steps"}),
    Template("second largest", ("list[int]",), """
def $[second_largest|runner_up|second_best]$(numbers):
    first = second = None
    for n in numbers:
        if first is None or n > first:
            first, second = n, first
        elif n != first and (second is None or n > second):
            second = n
    return second
""", {"numbers": "values scores", "first": "best top", "second": "next_best", "n": "x value"}),
    Template("mean", ("list[int]",), """
def $[mean|average|rounded_mean]$(values):
    if not values:
        $[return 0|return None|raise ValueError("no values")]$
    return sum(values) // len(values)
""", {"values": "numbers scores data"}),
    Template("median", ("list[int]",), """
def $[median|middle_value]$(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2
""", {"values": "numbers data", "ordered": "ranked s", "middle": "mid half"}),
    Template("two sum", ("list[int]", "int"), """
def $[two_sum|find_pair|pair_with_sum]$(numbers, target):
    seen = {}
    for index, number in enumerate(numbers):
        other = target - number
        if other in seen:
            return $[[seen[other], index]|(seen[other], index)]$
        seen[number] = index
    return $[None|[]]$
""", {"numbers": "nums values", "target": "goal total", "seen": "places known", "index": "i",
      "number": "n x", "other": "rest needed"}),
    Template("partition", ("list[int]", "int"), """
def $[partition|split_by|divide]$(items, pivot):
    low, high = [], []
    for item in items:
        $[(low if item < pivot else high).append(item)|if item < pivot:
            low.append(item)
        else:
            high.append(item)]$
    return low, high
""", {"items": "values nums", "pivot": "limit border", "low": "smaller below",
      "high": "larger above", "item": "x value"}),
    Template("largest gap", ("list[int]",), """
def $[largest_gap|max_difference|widest_step]$(values):
    best = 0
    for a, b in zip(values, values[1:]):
        best = max(best, $[abs(a - b)|b - a]$)
    return best
""", {"values": "numbers readings", "best": "gap widest", "a": "left x", "b": "right y"}),
    Template("is sorted", ("list[int]",), """
def $[is_sorted|ascending|in_order]$(items):
    $[return all(a <= b for a, b in zip(items, items[1:]))|for i in range(len(items) - 1):
        if items[i] > items[i + 1]:
            return False
    return True]$
""", {"items": "values numbers"}),
    Template("max subarray", ("list[int]",), """
def $[max_subarray|best_sum|largest_run]$(numbers):
    best = current = 0
    for n in numbers:
        current = max(0, current + n)
        best = max(best, current)
    return best
""", {"numbers": "values nums", "best": "top", "current": "running here", "n": "x value"}),
    Template("count by key", ("list[str]",), """
def $[count_by_length|group_lengths|length_counts]$(words):
    counts = {}
    for word in words:
        $[key = len(word)|key = word[:1]|key = word.lower()]$
        counts[key] = counts.get(key, 0) + 1
    return counts
""", {"words": "names lines", "word": "name text", "counts": "result table", "key": "k group"}),
    Template("group by", ("list[str]",), """
def $[group_by_letter|index_words|by_initial]$(words):
    groups = {}
    for word in words:
        groups.setdefault(word[:1], []).append(word)
    return groups
""", {"words": "names tags", "word": "name tag", "groups": "result index"}),
    Template("invert", ("dict[str, int]",), """
def $[invert|swap_keys|reverse_lookup]$(mapping):
    $[return {value: key for key, value in mapping.items()}|result = {}
    for key, value in mapping.items():
        result[value] = key
    return result]$
""", {"mapping": "table data", "key": "k name", "value": "v number"}),
    Template("merge tables", ("dict[str, int]", "dict[str, int]"), """
def $[merge_counts|add_tables|combine_scores]$(first, second):
    merged = dict(first)
    for key, value in second.items():
        $[merged[key] = merged.get(key, 0) + value|if key in merged:
            merged[key] += value
        else:
            merged[key] = value]$
    return merged
""", {"first": "left a", "second": "right b", "merged": "result total", "key": "name k",
      "value": "amount v"}),
    Template("cart", ("pairs",), """
def $[total_price|sum_orders|cart_total]$(orders):
    total = 0
    for name, amount in orders:
        if $[amount > 0|name != "tea"|amount < 20]$:
            total += amount$[| * 2| + len(name)]$
    return $[total|total, len(orders)]$
""", {"orders": "items entries", "name": "key label", "amount": "price n", "total": "result"}),
    Template("sieve", ("tiny",), """
def $[primes_below|sieve|list_primes]$(limit):
    limit += $[5|3|8]$
    primes = []
    for n in range(2, limit):
        if all(n % p for p in primes):
            primes.append(n)
    return primes
""", {"limit": "bound top", "primes": "found result", "n": "number k"}),
    Template("stack", ("list[int]",), """
def $[evaluate|play|run_stack]$(commands):
    stack = []
    for command in commands:
        if command > 0:
            stack.append(command)
        elif stack:
            stack.pop()
    return $[stack|sum(stack)|len(stack)]$
""", {"commands": "moves steps", "stack": "pile history", "command": "move x"}),
    Template("intersect", ("list[int]", "list[int]"), """
def $[common|intersection|shared]$(first, second):
    $[return [x for x in first if x in second]|found = []
    for x in first:
        if x in second and x not in found:
            found.append(x)
    return found]$
""", {"first": "left a", "second": "right b", "x": "item value"}),
    Template("generator of pairs", ("list[int]",), """
def neighbours(items):
    for i in range(len(items) - 1):
        yield items[i]$[, | + | - ]$items[i + 1]


def $[collect|list_pairs|steps]$(values):
    return $[list(neighbours(values))|[pair for pair in neighbours(values)]]$
""", {"neighbours": "pairs windows", "items": "data xs", "values": "numbers readings"}),
    Template("generator of evens", ("list[int]", "base"), """
def multiples(numbers, k):
    for number in numbers:
        if number % k == 0:
            yield number


def $[total_of_multiples|sum_matching|count_matching]$(numbers, k):
    $[total = 0|total = 1]$
    for number in multiples(numbers, k):
        total += $[number|1]$
    return total
""", {"multiples": "divisible matching", "numbers": "values items", "number": "n x",
      "k": "divisor step", "total": "result"}),
    Template("generator counting", ("tiny", "base"), """
def count_from(start, step):
    while True:
        yield start
        start += step


def $[first_over|reach|next_over]$(start, step):
    for value in count_from(start, step):
        if value > $[12|20|9]$:
            return value
""", {"count_from": "numbers_from steps_from", "start": "first low", "step": "k by",
      "value": "n number"}),
    Template("parse all", ("numbers text",), """
def $[parse_numbers|read_ints|valid_numbers]$(text):
    numbers, bad = [], 0
    for part in text.split($[","|]$):
        try:
            numbers.append(int(part))
        except ValueError:
            bad += 1
    return numbers, bad
""", {"text": "line raw", "numbers": "found result", "bad": "errors skipped", "part": "word item"}),
    Template("safe divide", ("list[int]", "small"), """
def $[divide_all|ratios|share]$(values, divisor):
    result = []
    for value in values:
        try:
            result.append(value // (divisor - $[1|2|0]$))
        except ZeroDivisionError:
            result.append($[None|0]$)
            break
    return result
""", {"values": "numbers amounts", "divisor": "by parts", "result": "out shares", "value": "v n"}),
    Template("inventory", ("dict[str, int]", "key", "small"), """
def $[remove_item|take|withdraw]$(stock, name, amount$[=1|]$):
    if name not in stock:
        raise KeyError(name)
    if stock[name] < amount:
        raise ValueError($["not enough"|f"only {stock[name]} left"]$)
    stock[name] -= amount
    if stock[name] == 0:
        del stock[name]
    return stock
""", {"stock": "inventory items", "name": "item key", "amount": "count n"}),
    Template("nested lookup", ("dict[str, int]", "key", "key"), """
def $[get_with_default|lookup_first|resolve]$(table, key, other):
    try:
        return table[key]
    except KeyError:
        return table$[[other]|.get(other)|.get(other, -1)]$
    $[finally:
        table["seen"] = 1|]$
""", {"table": "settings options", "key": "name first", "other": "fallback second"}),
    Template("matrix diagonal", ("square",), """
def $[diagonal_sum|trace_of|diagonal]$(matrix):
    total = 0
    for i in range(len(matrix)):
        total += matrix[i][$[i|-1 - i|len(matrix) - 1 - i]$]
    return total
""", {"matrix": "grid rows", "total": "result", "i": "k index"}),
    Template("remove all", ("list[int]", "int"), """
def $[remove_all|drop_value|without]$(items, value):
    $[while value in items:
        items.remove(value)
    return items|return [item for item in items if item != value]|for item in items[:]:
        if item == value:
            items.remove(item)
    return items]$
""", {"items": "values data", "value": "unwanted x", "item": "n element"}),
    Template("longest increasing run", ("list[int]",), """
def $[longest_run|longest_rise|best_streak]$(values):
    best = length = $[1|0]$
    for i in range(1, len(values)):
        if values[i] > values[i - 1]:
            length += 1
        else:
            length = $[1|0]$
        best = max(best, length)
    return best
""", {"values": "numbers heights", "best": "longest top", "length": "current run", "i": "k index"}),
    Template("apply commands", ("moves",), """
def $[run_commands|follow|move]$(text):
    x, y = 0, 0
    for step in text:
        if step == "u":
            y += 1
        elif step == "d":
            y -= 1
        elif step == "r":
            x += 1
        elif step == "l":
            x -= 1
    return $[x, y|(x, y) == (0, 0)|abs(x) + abs(y)]$
""", {"text": "path moves", "step": "move c"}),
    Template("find peak", ("list[int]",), """
def $[find_peak|local_peak|first_peak]$(values):
    for i in range(1, len(values) - 1):
        if values[i - 1] < values[i] > values[i + 1]:
            return $[i|values[i]]$
    return $[None|-1]$
""", {"values": "heights data", "i": "index k"}),
)  # fmt: skip
