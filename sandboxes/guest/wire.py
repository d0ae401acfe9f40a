"""Messages between the host and the shell server: a JSON header and pieces of bytes.

On the wire: the header's length in four bytes, most significant first; the header, a JSON object
whose ``blobs`` are the pieces' lengths; the pieces. Both sides use this module. Runs inside
sandboxes too: standard library only, Python 3.6 and later.
"""

import json

LARGEST_HEADER = 1 << 20


class Malformed(Exception):
    """What came in is no message."""


def packed(header: "dict[str, object]", *blobs: bytes) -> bytes:
    """A message as bytes."""
    text = json.dumps(dict(header, blobs=[len(each) for each in blobs])).encode("ascii")
    return b"".join((len(text).to_bytes(4, "big"), text) + blobs)


class Unpacker(object):
    """Takes bytes as they come and gives messages back.

    Args:
        largest: bytes all pieces of one message may have together.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._header = None  # type: dict[str, object] | None
        self._lengths = []  # type: list[int]
        self._needed = 4

    def feed(self, data: bytes) -> "list[tuple[dict[str, object], list[bytes]]]":
        """The messages that are complete now.

        Raises:
            Malformed: this is not the protocol.
        """
        self._buffer += data
        messages = []
        while len(self._buffer) >= self._needed:
            if self._header is None:
                self._read_header()
            else:
                messages.append((self._header, self._take_blobs()))
        return messages

    def _read_header(self) -> None:
        length = int.from_bytes(self._buffer[:4], "big")
        if length > LARGEST_HEADER:
            raise Malformed("a header of %d bytes" % length)
        if len(self._buffer) < 4 + length:
            self._needed = 4 + length
            return
        try:
            header = json.loads(self._buffer[4 : 4 + length].decode("ascii"))
            lengths = [int(each) for each in header.pop("blobs")]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Malformed("a header that is none: %s" % error) from error
        if any(each < 0 for each in lengths) or sum(lengths) > self._largest:
            raise Malformed("pieces of %s bytes" % lengths)
        del self._buffer[: 4 + length]
        self._header, self._lengths, self._needed = header, lengths, sum(lengths)

    def _take_blobs(self) -> "list[bytes]":
        blobs = []
        at = 0
        for length in self._lengths:
            blobs.append(bytes(self._buffer[at : at + length]))
            at += length
        del self._buffer[:at]
        self._header, self._needed = None, 4
        return blobs
