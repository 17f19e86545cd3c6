"""The rows of the table, each a module of this package with a `measure()`."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from typing import cast

from benchmarks.measure import Figure

ROWS = ("sealing", "serving", "latency", "auditing", "storing", "listing")


def measure_apart(row: str) -> list[Figure]:
    """Return the figures of a row, measured in a process of its own: none inherits the memory of another."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, row).result()


def measure(row: str) -> list[Figure]:
    """Return the figures of a row, measured here."""
    work = cast("Callable[[], list[Figure]]", import_module(f"benchmarks.{row}").measure)
    return work()
