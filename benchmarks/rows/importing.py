"""A list as the desk takes it: 10,000 rows uploaded, read, checked, signed, logged and listed, by the desk's own steps."""

import secrets
import tempfile
import time
from pathlib import Path

from benchmarks.lists import MAP, ROWS, serving, workbook
from benchmarks.measure import Figure, Limit
from clients import shippedmaps
from clients.desk.importing import bench_of
from clients.desk.office import Office
from clients.desk.opening import open_parts
from clients.desk.place import parse_place
from clients.intake.advancing import Bench, advance
from clients.intake.deciding import Officer, confirm_columns, sign
from clients.intake.states import State
from clients.intake.store import Import, Kind, New
from clients.story.cast import ARMS
from clients.story.stage import Stage
from crypto.signing import Signer

_MOST_SECONDS = 60


def measure() -> list[Figure]:
    """Return the seconds from the upload of a workbook to its records in the replica, and how they are spent."""
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        raw = workbook(Path(folder) / "lists").read_bytes()
        with serving(Path(folder)) as stage:
            desk = open_parts(_office(stage), parse_place("http://localhost:8480"))
            try:
                return _measured(bench_of(desk.engine, desk.office, desk.clock), raw)
            finally:
                desk.close()


def _measured(bench: Bench, raw: bytes) -> list[Figure]:
    started = time.perf_counter()
    once, officer = secrets.token_bytes(16), Officer(name="A. Abiola", signer=_nobody)
    new = New(once=once, kind=Kind.LIST, name="list.xlsx", person=1, officer=officer.name, raw=raw)
    one = _advanced(bench, bench.imports.add(new), State.UPLOADED)
    read = time.perf_counter()
    one = _advanced(bench, confirm_columns(bench, one, shippedmaps.text(MAP)), State.CHECKED)
    checked = time.perf_counter()
    one = _advanced(bench, sign(bench, one, officer, good_rows=True), State.DONE)
    done = time.perf_counter()
    with bench.session() as session:
        listed = session.replica.count()
    if listed < one.receipt["records"]:
        raise RuntimeError(f"of {one.receipt['records']:,} records only {listed:,} are listed")
    return [
        _figure(f"desk: an XLSX list of {ROWS:,} rows, uploaded, checked, signed, logged and listed", done - started),
        _part("of this: kept and read in the limited child", read - started, done - started),
        _part("of this: checked, with the preview", checked - read, done - started),
        _part("of this: checked again, sealed, sent, proved, listed", done - checked, done - started),
    ]


def _advanced(bench: Bench, one: Import, state: State) -> Import:
    advance(bench)
    found = bench.imports.get(one.number)
    if found.state is not state:
        raise RuntimeError(f"the import is {found.state.value}: {found.told.what}")
    return found


def _figure(what: str, seconds: float) -> Figure:
    return Figure(
        what=what,
        unit="s",
        median=seconds,
        low=seconds,
        high=seconds,
        target=f"≤ {_MOST_SECONDS}",
        met=seconds <= _MOST_SECONDS,
    )


def _part(what: str, seconds: float, whole: float) -> Figure:
    limit = Limit(name="the whole, s", median=whole, ratio=seconds / whole)
    return Figure(what=f"desk: {what}", unit="s", median=seconds, low=seconds, high=seconds, target="", limit=limit)


def _office(stage: Stage) -> Office:
    edge = stage.edge(ARMS, written=[], noted=[])
    home = edge.home(None)
    return Office(home, edge.keyring(home), connect=edge.connect, world=edge.world, tell=edge.note)


def _nobody() -> Signer:
    raise RuntimeError("the list takes two officers")
