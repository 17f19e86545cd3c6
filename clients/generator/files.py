"""Writes a generated world to a folder: one CSV list an agency, and `truth.csv` beside them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from clients.generator.lists import COLUMNS, Lives, Truth

TRUTH_FILE = "truth.csv"
TRUTH_COLUMNS = ("agency", "line", *(one.name for one in fields(Truth)))


def write(lives: Lives, folder: Path) -> tuple[Path, ...]:
    """Write `AGENCY.csv` for every agency and the truth about every line of them; return the files, the truth last."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for agency, rows in lives.rows.items():
        written.append(_write(folder / f"{agency}.csv", COLUMNS, (row.cells for row in rows)))
    return (*written, _write(folder / TRUTH_FILE, TRUTH_COLUMNS, _truths(lives)))


def _truths(lives: Lives) -> Iterable[Mapping[str, object]]:
    for agency, rows in lives.rows.items():
        for line, row in enumerate(rows, start=2):  # line 1 names the columns
            yield {"agency": agency, "line": line, **asdict(row.truth)}


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
