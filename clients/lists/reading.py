"""Read a list whatever program wrote it: a workbook, JSON Lines or CSV in, a table of texts out (docs/maps.md)."""

import re
from collections.abc import Sequence

from clients.errors import ListError
from clients.lists.csvtext import read_csv
from clients.lists.jsonlines import looks_like_json_lines, read_json_lines
from clients.lists.tables import Format, Table, check_size
from clients.lists.workbooks import WORKBOOK, read_workbook

_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OPEN = "open it in a spreadsheet program, and save it as .xlsx or as CSV UTF-8"
_ASK = "ask whoever sent it for the list itself, as .xlsx or as CSV UTF-8"
# What saved another kind of file under a list's name: the bytes it begins with, what it is, and what to do.
_OTHERS = (
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|meta|table|\?xml|\w+:)", re.IGNORECASE),
        "a page (HTML or XML)",
        _OPEN,
    ),
    (re.compile(rb"%PDF-"), "a PDF", _ASK),
    (re.compile(rb"\{\\rtf"), "a text with layout (RTF)", _ASK),
    (re.compile(rb"Rar!|7z\xbc\xaf|\x1f\x8b"), "a packed archive", "unpack it first"),
    (re.compile(rb"\xff\xd8\xff|\x89PNG|II\*\x00|MM\x00\*"), "a picture", _ASK),
)


def read_table(raw: bytes, *, form: Format | None = None, columns: Sequence[str] = ()) -> Table:
    """Return the table that `raw` holds; `columns` are names that the header row is known to have.

    Raises ListError with the line or cell, the cause and the fix when the file as a whole cannot be read.
    """
    form = form or Format()
    check_size(raw)
    if raw.startswith(WORKBOOK):
        return read_workbook(raw, form=form, columns=columns)
    _check_kind(raw)
    if form.sheet is not None:
        raise ListError("a sheet was named, and the list is no workbook", next_step="leave --sheet out")
    if looks_like_json_lines(raw):
        return read_json_lines(raw, form=form)
    return read_csv(raw, form=form, columns=columns)


def _check_kind(raw: bytes) -> None:
    """Raise ListError for a file that is no list, by what it begins with: its name may say anything."""
    if raw.startswith(_OLD_WORKBOOK):
        if _ENCRYPTED in raw:
            raise ListError("the workbook has a password", next_step="save it without one")
        raise ListError("the workbook is one of the old kind (.xls)", next_step="save it as .xlsx, or as CSV UTF-8")
    for begins, what, step in _OTHERS:
        if begins.match(raw):
            raise ListError(f"the file is {what}, whatever its name says", next_step=step)
