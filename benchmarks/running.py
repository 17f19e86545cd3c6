"""Each row in a process of its own, between two looks at how fast the machine is."""

import multiprocessing
import os
import pkgutil
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from benchmarks import rows
from benchmarks.machine import speed
from benchmarks.measure import Figure

_ROOT = Path(__file__).resolve().parents[1]
ROWS = tuple(sorted(module.name for module in pkgutil.iter_modules(rows.__path__)))
LARGE = frozenset({"matching_large"})
"""Rows that want a disk and minutes of their own: measured where they are named, or all are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The figures of a row, and how fast the machine was meanwhile: the mean of before and after."""

    row: str
    speed: float
    figures: list[Figure]


def measure_apart(row: str) -> Measured:
    """Return a row, measured in a process of its own: none inherits the memory of another.

    Its allocator is told what the shipped unit tells the service's, which can be told only when a process begins.
    """
    os.environ.update(_allocator())
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, row).result()


def _allocator() -> dict[str, str]:
    unit = (_ROOT / "packaging/systemd/sealtrace-server.service").read_text(encoding="utf-8")
    return dict(re.findall(r"\b(MALLOC_[A-Z_]+)=([0-9]+)", unit))


def measure(row: str) -> Measured:
    """Return a row, measured here."""
    work = cast("Callable[[], list[Figure]]", import_module(f"{rows.__name__}.{row}").measure)
    before = speed()
    figures = work()
    return Measured(row=row, speed=(before + speed()) / 2, figures=figures)
