"""`python -m benchmarks.page [JSON]`: write the figures of the last `make bench` into docs/performance.md.

Only what stands between the two marks is written; what is said around it is written by hand.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, Limit, shown
from benchmarks.running import Measured

_ROOT = Path(__file__).resolve().parents[1]
_PAGE = _ROOT / "docs/performance.md"
_BEGIN, _END = "<!-- begin: python -m benchmarks.page -->\n", "<!-- end -->\n"
_HEAD = ("what", "aim", "measured", "machine", "≈ at full speed", "beside it", "ratio", "")


def main(arguments: Sequence[str]) -> int:
    """Rewrite the page; return 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("json", nargs="?", type=Path, default=_ROOT / "benchmarks.json")
    table = json.loads(parser.parse_args(arguments).json.read_text(encoding="utf-8"))
    text = _PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(before + _BEGIN + measured_text(table) + _END + after, encoding="utf-8")
    return 0


def measured_text(table: Mapping[str, Any]) -> str:
    """Return the machine, the table and the reasons of what was missed, from what `python -m benchmarks --json` wrote."""
    rows = [_measured(row) for row in table["rows"]]
    machine = "; ".join(f"{name} {value}" for name, value in table["machine"].items())
    lines = [f"Machine: {machine}.", "", _line(_HEAD), _line(["---"] * len(_HEAD))]
    lines += [_line(_cells(row, figure)) for row in rows for figure in row.figures]
    return "\n".join(["", *lines, "", *_reasons(rows), ""])


def _measured(row: Mapping[str, Any]) -> Measured:
    figures = [
        Figure(**{**one, "limit": None if one["limit"] is None else Limit(**one["limit"])}) for one in row["figures"]
    ]
    return Measured(row=row["row"], speed=row["speed"], figures=figures)


def _cells(row: Measured, figure: Figure) -> Iterator[str]:
    verdict = {True: "met", False: "**missed**", None: ""}[figure.met]
    limit = figure.limit
    yield figure.what
    yield figure.target
    yield f"{shown(figure.median)} {figure.unit} ({shown(figure.low)} to {shown(figure.high)})"
    yield f"{row.speed:.0%}"
    # Only a rate grows with the machine; a commit waits for the disk, and bytes are bytes.
    yield shown(figure.median / row.speed) if "/s" in figure.unit else ""
    yield "" if limit is None else f"{limit.name}: {shown(limit.median)}"
    yield "" if limit is None else f"{limit.ratio:.3g}"
    yield verdict


def _reasons(rows: Sequence[Measured]) -> Iterator[str]:
    missed: dict[str, list[str]] = {}
    for figure in (figure for row in rows for figure in row.figures if figure.met is False):
        missed.setdefault(figure.why, []).append(figure.what)
    for why, names in missed.items():
        yield f"- **{'; '.join(names)}.** {why or 'Nobody has said why yet.'}"


def _line(cells: Sequence[str] | Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
