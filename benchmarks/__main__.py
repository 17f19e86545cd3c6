"""`python -m benchmarks [ROW …] [--large] [--json FILE]`: measure, print the table, write it down (docs/performance.md)."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.measure import Figure, shown
from benchmarks.running import LARGE, ROWS, Measured, measure_apart


def main(arguments: Sequence[str]) -> int:
    """Measure the rows that are named, or all; return 0 whatever they show: a figure is no test."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all if none is named")
    parser.add_argument("--large", action="store_true", help=f"of all, leave none out: else {', '.join(sorted(LARGE))}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write machine and figures there")
    options = parser.parse_args(arguments)
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    chosen = options.rows or [row for row in ROWS if options.large or row not in LARGE]
    machine = describe()
    print("\n".join(f"{name:<14}{value}" for name, value in machine.items()), end="\n\n")
    rows: list[Measured] = []
    for row in chosen:
        measured = measure_apart(row)
        print(f"— {row}: the machine at {measured.speed:.0%} of the speed that the aims were set at")
        print("\n".join(_lines(measured.figures)), flush=True)
        rows.append(measured)
    if options.json:
        table = {"machine": machine, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


def _lines(figures: Sequence[Figure]) -> list[str]:
    lines: list[str] = []
    for figure in figures:
        verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
        lines.append(figure.what)
        lines.append(f"  {shown(figure.median):>12} {figure.unit}  ({shown(figure.low)} to {shown(figure.high)})")
        if figure.limit:
            lines.append(f"  {shown(figure.limit.median):>12} {figure.limit.name}: ratio {figure.limit.ratio:.3g}")
        if figure.target:
            lines.append(f"  {'':>12} aim {figure.target}: {verdict}")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
