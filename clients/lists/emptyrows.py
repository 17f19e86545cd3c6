"""A sheet's XML without most of the rows that are formatted and hold nothing: a million of them are passed over in seconds.

A spreadsheet keeps a row for every line that somebody once gave a border. To build each as XML and then find it empty
took most of a minute. What is left out is decided from the bytes alone, so it is decided narrowly.
"""

import re
from typing import IO, NamedTuple

CHUNK_BYTES = 1024 * 1024
_MOST_SHAPES = 256
_ROW = b"<row "
# A row that says its number and whose cells, if it has any, say their place and are closed where they are opened.
_EMPTY = re.compile(rb'<row r="(\d{1,7})"[^<>]*(?:/>|>(?:<c r="[A-Z]{1,3}\1"[^<>]*/>)*</row>)')


class WithoutEmptyRows:
    """A file to read a sheet's XML from. Every row with content, and the order of all rows, is as it was."""

    def __init__(self, source: IO[bytes], *, chunk_bytes: int = CHUNK_BYTES) -> None:
        """Take the sheet's XML, and how much of it is looked at together."""
        self._source = source
        self._chunk_bytes = chunk_bytes
        self._rest = b""
        self._last = b""
        self._shown: set[bytes] = set()
        self._is_plain = True

    def read(self, _size: int = -1) -> bytes:
        """Return the next piece of XML, of about a mebibyte at most whatever size is asked for; b"" at the end."""
        chunk = self._source.read(self._chunk_bytes)
        # In a CDATA section, and there alone, what looks like a row is text.
        self._is_plain = self._is_plain and b"<!" not in self._last + chunk
        self._last = chunk[-1:]
        held = self._rest + chunk
        cut = held.rfind(_ROW) if chunk else 0
        if not self._is_plain or cut <= 0:
            self._rest = b""
            return held
        self._rest = held[cut:]
        return self._thinned(held[:cut])

    def _thinned(self, piece: bytes) -> bytes:
        rows = [_Empty(*found.span(), int(found[1]), _shape(found)) for found in _EMPTY.finditer(piece)]
        parts, at = [], 0
        for before, row, after in zip(rows, rows[1:], rows[2:], strict=False):
            if _is_between(before, row, after) and self._was_shown(row.shape):
                parts.append(piece[at : row.start])
                at = row.end
        return b"".join((*parts, piece[at:]))

    def _was_shown(self, shape: bytes) -> bool:
        """Say whether a row that is, byte for byte and but for its number, like this one was left in; if not, this one is.

        So what is no XML is still found to be none.
        """
        if shape in self._shown:
            return True
        if len(self._shown) < _MOST_SHAPES:
            self._shown.add(shape)
        return False


class _Empty(NamedTuple):
    """One row that holds nothing: where it stands in a piece, its number, and its bytes without the number."""

    start: int
    end: int
    number: int
    shape: bytes


def _shape(found: re.Match[bytes]) -> bytes:
    return found[0].replace(found[1] + b'"', b'"')


def _is_between(before: _Empty, row: _Empty, after: _Empty) -> bool:
    """Say whether a row stands right between two other empty ones, and its number between theirs.

    So no text is joined where it goes, and rows that are out of order are still found to be.
    """
    return before.end == row.start and row.end == after.start and before.number < row.number < after.number
