"""Known functions of strings."""

from model.nano.programs.idioms.template import Template

TEMPLATES = (
    Template("count vowels", ("str",), """
def $[count_vowels|vowel_count|number_of_vowels]$(text):
    count = 0
    for char in text$[|.lower()]$:
        if char in "aeiou":
            count += 1
    return count
""", {"text": "word s", "char": "c letter", "count": "total n"}),
    Template("run-length", ("runs",), """
def $[encode|run_length|compress]$(text):
    result = ""
    count = 1
    for i in range(len(text)):
        if i + 1 < len(text) and text[i] == text[i + 1]:
            count += 1
        else:
            result += $[f"{text[i]}{count}"|text[i] + str(count)|str(count) + text[i]]$
            count = 1
    return result
""", {"text": "s data", "result": "out encoded", "count": "run n", "i": "index pos"}),
    Template("run-length pairs", ("runs",), """
def $[group_runs|runs|count_runs]$(text):
    runs_found = []
    for char in text:
        if runs_found and runs_found[-1][0] == char:
            runs_found[-1][1] += 1
        else:
            runs_found.append([char, 1])
    return runs_found
""", {"text": "s line", "char": "c ch", "runs_found": "result groups out"}),
    Template("palindrome", ("runs",), """
def $[is_palindrome|palindrome|reads_same]$(text):
    $[return text == text[::-1]|cleaned = text.lower().replace(" ", "")
    return cleaned == cleaned[::-1]|for i in range(len(text) // 2):
        if text[i] != text[-1 - i]:
            return False
    return True]$
""", {"text": "s word", "i": "k index"}),
    Template("caesar", ("str", "base"), """
def $[caesar|shift_text|encrypt]$(text, shift):
    result = ""
    for char in text:
        if char.islower():
            result += chr((ord(char) - ord("a") + shift) % 26 + ord("a"))
        else:
            result += char
    return result
""", {"text": "message s", "shift": "key k", "result": "out cipher", "char": "c letter"}),
    Template("truncate", ("str", "base"), """
def $[truncate|shorten|abbreviate]$(text, limit$[|=5|=8]$):
    if len(text) $[<=|<]$ limit:
        return text
    return text[:$[limit|limit - 3]$] + $["..."|"~"]$
""", {"text": "title s message", "limit": "width size"}),
    Template("pad", ("str", "base"), """
def $[pad|pad_left|align]$(text, width):
    missing = width - len(text)
    if missing <= 0:
        return text
    return $["*" * missing + text|text + "." * missing|"0" * missing + text]$
""", {"text": "s label", "width": "size n", "missing": "gap room"}),
    Template("pad loop", ("str", "base"), """
def $[pad_right|fill|extend]$(text, width):
    while len(text) < width:
        text $[= "0" + text|+= "."|+= "-"]$
    return text
""", {"text": "s label", "width": "size n"}),
    Template("title case", ("str",), """
def $[capitalize_words|title_case|to_title]$(text):
    words = []
    for word in text.split():
        words.append(word[0].upper() + word[1:]$[|.lower()]$)
    return " ".join(words)
""", {"text": "s phrase", "words": "result parts", "word": "part w"}),
    Template("camel", ("snake",), """
def $[to_camel|camel_case|camelize]$(name):
    first, *rest = name.split("_")
    return first + "".join(part.$[title|capitalize]$() for part in rest)
""", {"name": "text key", "first": "head", "rest": "tail others", "part": "word p"}),
    Template("snake", ("camel",), """
def $[to_snake|snake_case|underscore]$(name):
    result = ""
    for char in name:
        if char.isupper():
            result += "_" + char.lower()
        else:
            result += char
    return result$[|.lstrip("_")]$
""", {"name": "text s", "result": "out", "char": "c letter"}),
    Template("anagram", ("runs", "runs"), """
def $[is_anagram|anagrams|same_letters]$(a, b):
    return $[sorted(a) == sorted(b)|len(a) == len(b) and sorted(a) == sorted(b)]$
""", {"a": "first left s", "b": "second right t"}),
    Template("balanced", ("brackets",), """
def $[is_balanced|check_brackets|balanced]$(text):
    depth = 0
    for char in text:
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0
""", {"text": "s expression", "depth": "level open_count", "char": "c symbol"}),
    Template("brackets stack", ("brackets",), """
def $[is_valid|matching|well_formed]$(text):
    pairs = {")": "(", "]": "["}
    stack = []
    for char in text:
        if char in pairs.values():
            stack.append(char)
        elif char in pairs:
            if not stack or stack.pop() != pairs[char]:
                return False
    return not stack
""", {"text": "s code", "pairs": "closing match", "stack": "opened waiting", "char": "c ch"}),
    Template("letter counts", ("runs",), """
def $[letter_counts|frequencies|histogram]$(text):
    counts = {}
    for letter in text:
        $[counts[letter] = counts.get(letter, 0) + 1|if letter not in counts:
            counts[letter] = 0
        counts[letter] += 1]$
    return counts
""", {"text": "s word", "counts": "table freq", "letter": "c char"}),
    Template("most common", ("runs",), """
def $[most_common|top_letter|mode]$(text):
    best, most = "", 0
    for letter in text:
        number = text.count(letter)
        if number > most:
            best, most = letter, number
    return $[best|best, most]$
""", {"text": "s word", "best": "winner top", "most": "highest", "letter": "c char",
      "number": "count n"}),
    Template("longest word", ("list[str]",), """
def $[longest_word|longest|widest]$(words):
    longest_so_far = ""
    for word in words:
        if len(word) $[>|>=]$ len(longest_so_far):
            longest_so_far = word
    return $[longest_so_far|len(longest_so_far)]$
""", {"words": "names lines", "word": "name line", "longest_so_far": "best result"}),
    Template("common prefix", ("list[str]",), """
def $[common_prefix|shared_start|prefix_of]$(words):
    if not words:
        return ""
    prefix = words[0]
    for word in words[1:]:
        while not word.startswith(prefix):
            prefix = prefix[:-1]
    return prefix
""", {"words": "names paths", "word": "name other", "prefix": "start common"}),
    Template("parse int", ("mixed", "int"), """
def $[to_int|parse_int|safe_int]$(text, default$[|=0|=-1]$):
    try:
        return int(text)
    except ValueError:
        return default
""", {"text": "raw s value", "default": "fallback other"}),
    Template("parse pairs", ("pairs text",), """
def $[parse_pairs|read_options|parse_query]$(text):
    result = {}
    for part in text.split($["&"|","|";"]$):
        key, _, value = part.partition("=")
        result[key] = value
    return result
""", {"text": "query line", "result": "options table", "part": "item field", "key": "name k",
      "value": "v"}),
    Template("acronym", ("str",), """
def $[acronym|initials|abbreviation]$(phrase):
    return "".join(word[0]$[.upper()|]$ for word in phrase.split())
""", {"phrase": "text name", "word": "w part"}),
    Template("remove chars", ("str", "char"), """
def $[remove_char|strip_all|without]$(text, char):
    result = ""
    for c in text:
        if c $[!=|not in]$ char:
            result += c
    return result
""", {"text": "s word", "char": "unwanted x", "result": "out kept", "c": "ch letter"}),
    Template("slugify", ("str",), """
def $[slugify|to_slug|make_key]$(text):
    slug = ""
    for char in text.lower():
        if char.isalnum():
            slug += char
        elif slug and slug[-1] != "-":
            slug += "-"
    return slug$[|.strip("-")]$
""", {"text": "title name", "slug": "result key", "char": "c ch"}),
    Template("pluralize", ("tiny", "word"), """
def $[pluralize|plural|count_label]$(count, noun):
    if count == 1:
        return f"1 {noun}"
    $[return f"{count} {noun}s"|ending = "es" if noun[-1] in "sxh" else "s"
    return f"{count} {noun}{ending}"]$
""", {"count": "n number", "noun": "word name"}),
    Template("mask", ("digits", "tiny"), """
def $[mask|hide|redact]$(text, shown):
    hidden = len(text) - shown
    return "*" * hidden + text$[[hidden:]|[-shown:]]$
""", {"text": "number code", "shown": "visible keep", "hidden": "covered"}),
    Template("version", ("version", "version"), """
def $[is_newer|compare_versions|newer]$(a, b):
    left = [int(part) for part in a.split(".")]
    right = [int(part) for part in b.split(".")]
    return left $[>|>=|<]$ right
""", {"a": "first version", "b": "second other", "left": "xs", "right": "ys", "part": "p n"}),
    Template("extension", ("file",), """
def $[extension|file_type|suffix_of]$(path):
    if "." not in path:
        return ""
    return path.$[split(".")[-1]|rsplit(".", 1)[1]|rpartition(".")[2]]$
""", {"path": "name file"}),
    Template("interleave", ("word", "word"), """
def $[interleave|weave|zip_text]$(a, b):
    result = ""
    for x, y in zip(a, b):
        result += x + y
    $[return result|return result + a[len(b) :] + b[len(a) :]]$
""", {"a": "left first", "b": "right second", "result": "out woven", "x": "c", "y": "d"}),
    Template("distance", ("word", "word"), """
def $[distance|hamming|differences]$(a, b):
    if len(a) != len(b):
        $[raise ValueError("lengths differ")|return -1|return None]$
    return sum($[1 for x, y in zip(a, b) if x != y|x != y for x, y in zip(a, b)]$)
""", {"a": "first s", "b": "second t", "x": "c", "y": "d"}),
)  # fmt: skip
