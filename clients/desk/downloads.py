"""A table of the desk for machines and spreadsheets: the same rows as on the page, by the same decision."""

import csv
import io
import json
from collections.abc import Iterable, Sequence

from clients.desk.exporting import Value
from clients.lists.formulas import guard

JSON, CSV = "json", "csv"


def table_file(form: str, heads: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    """Return rows as JSON objects or as a CSV in which no cell is a formula."""
    if form == JSON:
        value = [dict(zip(heads, row, strict=True)) for row in rows]
        return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for row in (heads, *rows):
        writer.writerow(map(_text, row))
    return out.getvalue().encode("utf-8-sig")


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case str():
            return guard(value)
        case _:
            return guard(", ".join(value))
