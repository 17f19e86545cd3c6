"""A list as it is kept between its upload and its sending: read once, in the limited child if it is a workbook.

What the officer was shown is then what is planned, checked and sealed: no second reading can come to something else.
"""

import json
import zlib

from clients.lists.tables import OWN_COLUMNS, Row, Table
from crypto.digests import sha256
from crypto.encoding import lp

MAX_UPLOAD_BYTES = 16 * 1024 * 1024


def header_of(table: Table) -> bytes:
    """Return the fingerprint of a list's columns: lists that come from one program have the same, and when they come back."""
    return sha256(lp(*(name.casefold() for name in table.header if name not in OWN_COLUMNS)))


def pack(table: Table) -> bytes:
    """Return a table as it is kept."""
    lines = [[row.line, *row.cells] for row in table.rows]
    about = [table.header, table.header_line, table.source, table.encoding, table.delimiter]
    left = {"unread": table.unread, "sheets": table.sheets, "comments": table.comments, "numbers": table.numbers}
    return zlib.compress(json.dumps([[*about, left], lines], ensure_ascii=False).encode(), level=1)


def unpack(kept: bytes) -> Table:
    """Return the table that `pack` kept."""
    (header, header_line, source, encoding, delimiter, *left), lines = json.loads(zlib.decompress(kept))
    said = left[0] if left else {}  # one kept by an earlier version says nothing of it
    return Table(
        header=tuple(header),
        header_line=header_line,
        rows=tuple(Row(line=line, cells=tuple(cells)) for line, *cells in lines),
        source=source,
        encoding=encoding,
        delimiter=delimiter,
        unread=tuple(said.get("unread", ())),
        sheets=tuple(said.get("sheets", ())),
        comments=bool(said.get("comments")),
        numbers={name: (count, first) for name, (count, first) in said.get("numbers", {}).items()},
    )
