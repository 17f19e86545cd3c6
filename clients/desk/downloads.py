"""A table of the desk for machines and spreadsheets: the same rows as on the page, by the same decision."""

import csv
import io
import json
from collections.abc import Iterable, Sequence

from flask import Response

from clients.desk.exporting import cell

JSON, CSV = "json", "csv"


def table_answer(form: str, heads: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> Response:
    """Return rows as JSON objects or as a CSV in which no cell is a formula."""
    listed: list[Sequence[str | int | None]] = [heads, *rows]
    if form == JSON:
        value = [dict(zip(heads, row, strict=True)) for row in listed[1:]]
        return Response(json.dumps(value, ensure_ascii=False, indent=2) + "\n", content_type="application/json")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for row in listed:
        writer.writerow(["" if value is None else cell(value) if isinstance(value, str) else value for value in row])
    return csv_answer(out.getvalue().encode("utf-8-sig"))


def csv_answer(raw: bytes) -> Response:
    """Return a CSV that a browser saves and does not show."""
    return Response(
        raw,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": "attachment; filename=sealtrace.csv"},
    )
