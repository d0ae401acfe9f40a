"""A diff's bytes as text: finding what of it is not UTF-8, and how to give that otherwise."""

import base64
import hashlib
import re
import zlib

# Of a name with a space before a slash `git apply` makes nothing where only this line holds it, as
# in a binary patch or with an empty file, unless it is quoted; git itself does not quote it.
_SPACE_BEFORE_SLASH = re.compile(rb"(?m)^diff --git a/(.* /.*) b/\1$")


def as_text(raw: bytes) -> tuple[str, set[bytes]]:
    """A diff as text, and the names of the files whose part of it is not UTF-8."""
    raw = _SPACE_BEFORE_SLASH.sub(rb'diff --git "a/\1" "b/\1"', raw)
    try:
        return raw.decode(), set()
    except UnicodeDecodeError:
        pass
    texts: list[str] = []
    binary: set[bytes] = set()
    for section in re.split(rb"(?m)^(?=diff --git )", raw):
        # Behind the second @@ git repeats a line of the file for the reader, cut at some byte.
        cleaned = re.sub(rb"(?m)^@@ -.*$", _without_broken_bytes, section)
        try:
            texts.append(cleaned.decode())
        except UnicodeDecodeError:
            link = _link_as_binary(section)
            if link is not None:
                texts.append(link)
            else:
                binary |= _names(section) or {b""}
    return "".join(texts), binary


def _without_broken_bytes(match: re.Match[bytes]) -> bytes:
    return match[0].decode("utf-8", "ignore").encode()


def _names(section: bytes) -> set[bytes]:
    """The paths a file's part of a diff names before its first hunk."""
    header = re.split(rb"(?m)^@@ -", section, maxsplit=1)[0]
    names = re.findall(rb"(?m)^(?:---|\+\+\+) (\"?[ab]/.*)$", header)
    return {_unquoted(name)[2:] for name in names}


def _unquoted(name: bytes) -> bytes:
    """A path as git writes it in a header: in quotes with escapes, or bare with a tab behind it."""
    if not name.startswith(b'"'):
        return name.removesuffix(b"\t")
    plain = dict(zip(b"abtnvfr", b"\a\b\t\n\v\f\r", strict=True))
    return re.sub(
        rb"\\([0-7]{3}|.)",
        lambda m: bytes([int(m[1], 8) if len(m[1]) == 3 else plain.get(m[1][0], m[1][0])]),
        name[1:-1],
    )


def attributes_pattern(name: bytes) -> str:
    """A path as a pattern of an attributes file that matches it alone."""
    escaped = re.sub(rb"[\\*?\[]", lambda m: b"\\" + m[0], b"/" + name)
    octal = re.sub(rb"[^ !#-\[\]-~]", lambda m: b"\\%03o" % m[0][0], escaped)
    return f'"{octal.decode("ascii")}"'


def _link_as_binary(section: bytes) -> str | None:
    """A symbolic link's part of a diff in binary form, which git itself never gives it.

    Returns None when it is no link, or when its two targets cannot be told from the diff.
    """
    header, _, hunk = section.partition(b"\n@@ -")
    about = re.search(rb"(?m)^index ([0-9a-f]+)\.\.([0-9a-f]+)", header)
    of_link = re.search(rb"(?m)^(?:new file mode|deleted file mode|index .*) 120000$", header)
    if about is None or of_link is None:
        return None
    old, new = _sides(hunk.partition(b"\n")[2])
    if not (_is_object(old, about[1]) and _is_object(new, about[2])):
        return None
    lines = [line for line in header.split(b"\n") if not line.startswith((b"--- ", b"+++ "))]
    parts = [*(line.decode("ascii") for line in lines), "GIT binary patch"]
    return "\n".join(parts) + "\n" + _literal(new) + _literal(old)


def _sides(hunk: bytes) -> tuple[bytes, bytes]:
    """The whole of the old and the new content, from a hunk that holds both."""
    sides = {b"-": b"", b"+": b""}
    last = b""
    for line in re.findall(rb"[^\n]*\n", hunk):
        kind = line[:1]
        if kind == b"\\":  # the line before has no end
            for side in last:
                sides[bytes([side])] = sides[bytes([side])][:-1]
            continue
        last = b"-+" if kind == b" " else kind
        for side in last:
            sides[bytes([side])] += line[1:]
    return sides[b"-"], sides[b"+"]


def _is_object(content: bytes, name: bytes) -> bool:
    if not name.strip(b"0"):
        return not content
    kind = hashlib.sha1 if len(name) == 40 else hashlib.sha256
    return kind(b"blob %d\0" % len(content) + content).hexdigest().encode() == name


def _literal(content: bytes) -> str:
    """Content in the way of git's binary patches: deflated, in lines of base 85."""
    packed = zlib.compress(content)
    lines = [f"literal {len(content)}"]
    for at in range(0, len(packed), 52):
        piece = packed[at : at + 52]
        size = chr(len(piece) + (64 if len(piece) <= 26 else 70))
        lines.append(size + base64.b85encode(piece, pad=True).decode("ascii"))
    return "\n".join(lines) + "\n\n"
