"""Read a list whatever program wrote it: a workbook, JSON Lines or CSV in, a table of texts out (docs/maps.md)."""

from collections.abc import Sequence

from clients.errors import ListError
from clients.lists.csvtext import read_csv
from clients.lists.jsonlines import looks_like_json_lines, read_json_lines
from clients.lists.tables import Format, Table, check_size
from clients.lists.workbooks import WORKBOOK, read_workbook

_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read_table(raw: bytes, *, form: Format | None = None, columns: Sequence[str] = ()) -> Table:
    """Return the table that `raw` holds; `columns` are names that the header row is known to have.

    Raises ListError with the line or cell, the cause and the fix when the file as a whole cannot be read.
    """
    form = form or Format()
    check_size(raw)
    if raw.startswith(WORKBOOK):
        return read_workbook(raw, form=form, columns=columns)
    if raw.startswith(_OLD_WORKBOOK):
        raise ListError(
            "the list is a workbook of the old kind (.xls), or one with a password",
            next_step="save it as .xlsx without a password, or as CSV UTF-8",
        )
    if form.sheet is not None:
        raise ListError("a sheet was named, and the list is no workbook", next_step="leave --sheet out")
    if looks_like_json_lines(raw):
        return read_json_lines(raw, form=form)
    return read_csv(raw, form=form, columns=columns)
