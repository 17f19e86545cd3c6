"""The page of figures is written from what was measured, and says honestly what was missed."""

import json
from dataclasses import asdict
from importlib import import_module
from typing import Any

import pytest

from benchmarks.measure import Figure, Limit, against, at_most
from benchmarks.page import measured_text
from benchmarks.running import LARGE, ROWS, Measured


def table(*figures: Figure, speed: float = 0.5) -> dict[str, Any]:
    """Return what `python -m benchmarks --json` writes of one row, as it is read back."""
    row = asdict(Measured(row="auditing", speed=speed, figures=list(figures)))
    read: dict[str, Any] = json.loads(json.dumps({"machine": {"cores": "2"}, "rows": [row]}))
    return read


def rated(what: str, rate: float, *, why: str = "") -> Figure:
    """Return the figure of a rate that should be at least 100."""
    return against(
        what=what, unit="entries/s", rates=[rate], limits=[400.0], limit="bare SHA-256", at_least=100, why=why
    )


def test_a_figure_stands_beside_its_limit_and_its_machine() -> None:
    """One line holds the aim, what was measured, how fast the machine was, the limit and the ratio."""
    text = measured_text(table(rated("audit", 200)))

    line = "| audit | ≥ 100 | 200 entries/s (200 to 200) | 50% | 400 | bare SHA-256: 400 | 0.5 | met |"
    assert line in text
    assert "Machine: cores 2." in text


def test_a_miss_is_called_one_with_its_reason() -> None:
    """What missed is called missed at the speed the machine had, whatever it would be on a faster one."""
    text = measured_text(table(rated("audit", 60, why="It hashes twice."), rated("other", 200, why="Never shown.")))

    assert "| audit | ≥ 100 | 60 entries/s (60 to 60) | 50% | 120 | bare SHA-256: 400 | 0.15 | **missed** |" in text
    assert "- **audit.** It hashes twice." in text
    assert "Never shown." not in text


def test_rows_that_miss_for_one_reason_share_a_line() -> None:
    """One reason is told once; where nobody gave one, the page says so."""
    text = measured_text(table(rated("a", 1, why="Same."), rated("b", 2, why="Same."), rated("c", 3)))

    assert "- **a; b.** Same." in text
    assert "- **c.** Nobody has said why yet." in text


def test_bytes_do_not_grow_with_the_machine() -> None:
    """Only a rate is put to the machine's full speed; a figure without a limit leaves its columns empty."""
    text = measured_text(table(at_most(what="database", unit="bytes", values=[14_000], most=16_000)))

    assert "| database | ≤ 16,000 | 14,000 bytes (14,000 to 14,000) | 50% |  |  |  | met |" in text


def test_a_limit_survives_being_written_down() -> None:
    """What is read back from the JSON is what was measured."""
    figure = rated("audit", 200)

    assert figure.limit == Limit(name="bare SHA-256", median=400, ratio=0.5)
    assert measured_text(table(figure)) == measured_text(table(figure))


@pytest.mark.parametrize("row", ROWS)
def test_every_module_among_the_rows_is_one(row: str) -> None:
    """A file put among the rows is measured: it has the one function that is asked for."""
    assert callable(import_module(f"benchmarks.rows.{row}").measure)


def test_what_is_left_out_of_a_daily_run_is_a_row() -> None:
    """A row that was renamed is not silently measured every day."""
    assert set(ROWS) >= LARGE
