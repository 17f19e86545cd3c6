"""Workbooks as officers and attackers send them, made in memory."""

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from openpyxl import Workbook


def workbook(
    rows: Sequence[Sequence[object]], *, touch: Callable[[Any], None] | None = None, title: str = "List"
) -> bytes:
    """Return a workbook of one sheet; `touch` may do to the sheet what a person would."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    if touch is not None:
        touch(sheet)
    return saved(book)


def saved(book: Any) -> bytes:
    """Return a workbook as its file."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rewritten(raw: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Return a workbook with its parts changed, by name; None leaves a part out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = change(name, source.read(name))
            if data is not None:
                target.writestr(name, data)
    return out.getvalue()


def sheet_of(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Return a workbook with some of the first sheet's own XML replaced."""
    return rewritten(raw, lambda name, data: data.replace(old, new) if name.endswith("sheet1.xml") else data)
