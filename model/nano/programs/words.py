"""The names and the words that programs are written with, by what they stand for."""

NAMES: dict[str, tuple[str, ...]] = {
    "int": ("n", "number", "value", "amount", "limit", "count", "size", "width", "step", "level",
            "score", "age", "offset", "target", "price", "x", "y", "a", "b", "k", "points", "days"),
    "bool": ("flag", "strict", "reverse", "enabled", "active", "verbose", "found", "valid"),
    "str": ("text", "name", "word", "s", "line", "label", "message", "title", "prefix", "key",
            "code", "phrase", "path", "pattern"),
    "list[int]": ("items", "values", "numbers", "nums", "scores", "data", "prices", "sizes",
                  "points", "xs", "ages", "readings", "counts"),
    "list[str]": ("words", "names", "lines", "labels", "tokens", "tags", "parts", "fields",
                  "colors", "fruits"),
    "tuple[int, int]": ("pair", "point", "bounds", "span", "interval", "position"),
    "dict[str, int]": ("counts", "scores", "prices", "stock", "ages", "table", "mapping", "totals",
                       "weights", "inventory"),
    "set[int]": ("seen", "allowed", "known", "unique"),
    "pairs": ("pairs", "orders", "entries", "records", "scored"),
    "rows": ("rows", "grid", "matrix", "board", "lists"),
}  # fmt: skip
"""Names of arguments and of locals, by type."""

ELEMENTS = {
    "items": "item", "values": "value", "numbers": "number", "nums": "num", "scores": "score",
    "data": "entry", "prices": "price", "sizes": "size", "points": "point", "xs": "x",
    "ages": "age", "readings": "reading", "counts": "count", "words": "word", "names": "name",
    "lines": "line", "labels": "label", "tokens": "token", "tags": "tag", "parts": "part",
    "fields": "field", "colors": "color", "fruits": "fruit",
}  # fmt: skip
"""What one of many is called."""

SUMS = ("total", "result", "acc", "sum_", "score", "balance")
COUNTS = ("count", "total", "matches", "hits", "n_found", "result")
LISTS = ("result", "output", "kept", "found", "selected", "res", "out", "collected")
TEXTS = ("result", "output", "out", "built", "res", "encoded")
TABLES = ("counts", "result", "table", "index", "groups", "seen", "lookup")
BEST = ("best", "largest", "highest", "top", "current", "peak")
INDEXES = ("i", "index", "idx", "position", "pos")
INNER = ("j", "other", "k", "inner")
CHARS = ("char", "ch", "c", "letter", "symbol")
STEPS = ("steps", "rounds", "count", "iterations", "turns", "tries")
FLAGS = ("found", "ok", "valid", "seen_any", "changed", "done")

VERBS = {
    "sum": ("sum", "total", "add_up", "accumulate", "compute"),
    "count": ("count", "count_matching", "tally", "number_of"),
    "filter": ("filter", "select", "keep", "collect", "pick"),
    "map": ("scale", "transform", "convert", "adjust", "shift"),
    "find": ("find", "search", "locate", "index_of", "first"),
    "text": ("format", "encode", "clean", "build", "render", "normalize", "rewrite"),
    "table": ("group", "count", "index", "tally", "collect"),
    "loop": ("repeat", "simulate", "grow", "reduce", "run", "iterate"),
    "branch": ("classify", "grade", "label", "choose", "describe", "rate"),
    "check": ("is", "has", "check", "validate"),
    "safe": ("safe", "try", "parse", "get", "read", "lookup"),
    "plain": ("compute", "combine", "calculate", "make", "update", "mix"),
    "best": ("best", "max", "largest", "highest", "top"),
}  # fmt: skip
"""What functions begin with, by what they do."""

PLAIN_NAMES = ("f", "f", "solve", "func", "process", "g", "run", "check")
"""Of functions that say nothing of what they do."""

NOUNS = {
    "int": ("number", "amount", "score", "level", "total", "steps", "digits", "size", "value"),
    "bool": ("state", "flag", "option", "mode"),
    "str": ("text", "word", "name", "label", "chars", "letters", "line", "title", "key"),
    "list[int]": ("values", "numbers", "items", "scores", "prices", "points", "sizes"),
    "list[str]": ("words", "names", "lines", "tags", "tokens", "labels", "parts"),
    "tuple[int, int]": ("pair", "point", "range", "bounds", "interval"),
    "dict[str, int]": ("scores", "prices", "stock", "entries", "totals", "weights"),
    "set[int]": ("ids", "numbers", "values"),
    "pairs": ("pairs", "orders", "entries", "records"),
    "rows": ("rows", "grid", "matrix", "cells"),
}  # fmt: skip

STRINGS = (
    "apple", "pear", "fig", "kiwi", "plum", "red", "blue", "green", "cat", "dog", "bird", "fish",
    "tree", "a", "b", "c", "x", "ab", "abc", "abba", "level", "noon", "radar", "hello", "world",
    "test", "data", "code", "key", "on", "off", "yes", "no", "left", "right", "up", "down", "Bob",
    "Ann", "Eve", "Max", "tea", "milk", "egg", "bread", "one", "two", "three", "north", "east",
    "foo", "bar", "baz", "spam", "eggs", "ham", "xyz", "aab", "banana", "mississippi", "Hello",
    "Python", "OK", "id", "n", "tmp", "log", "main.py", "a.txt", "img", "42", "7", "10", "-3",
)  # fmt: skip
"""Words that arguments are made of."""

KEYS = ("a", "b", "c", "x", "y", "apple", "pear", "fig", "red", "blue", "tea", "milk", "Ann",
        "Bob", "id", "size", "key", "cat", "dog", "one", "two")  # fmt: skip
"""Keys of dictionaries."""

OUTCOMES = (
    ("low", "medium", "high"), ("small", "medium", "large"), ("negative", "zero", "positive"),
    ("cold", "warm", "hot"), ("C", "B", "A"), ("child", "adult", "senior"), ("slow", "ok", "fast"),
    ("none", "some", "many"), ("cheap", "fair", "costly"), ("red", "yellow", "green"),
    ("empty", "short", "long"), ("bad", "fine", "good"), ("first", "second", "third"),
)  # fmt: skip
"""What a classification says, lowest first."""

MESSAGES = ("empty", "negative", "too large", "bad value", "not found", "invalid input",
            "must be positive", "out of range", "no items", "unknown key")  # fmt: skip
"""What exceptions say."""
