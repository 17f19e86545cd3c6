"""A search at the desk: one page of fifty over ten thousand records in the encrypted replica, facets counted."""

import datetime as dt
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Figure, at_most
from clients.finding import Facet, Search, find
from clients.replica import Replica, StoredPortion, StoredRecord
from clients.views import Viewer
from ledger import makes
from ledger.decision import Reader
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Label, Level, Members, Purpose

_RECORDS = 10_000
_PART = 1_000
_MOST_MS = 60
_TIMES = 15
_AGENCIES = frozenset({"xar-arms", "xbe-cib"})
_SHARED = Label(level=Level.RESTRICTED, rel=("xbe-cib",), purp=frozenset({Purpose.TRACE})).to_json()
_SEARCHES = {
    "everything": Search(newest_first=True),
    "a make": Search(words=("taurus",)),
    "a serial": Search(words=("ABC 000123",)),
    "two facets": Search(facets={Facet.EVENT: "recovery", Facet.YEAR: "2021"}),
}


def measure() -> list[Figure]:
    """Return the milliseconds of each kind of search."""
    viewer = Viewer(
        reader=Reader(agency="xbe-cib", clearance=Level.SECRET, compartments=frozenset(Compartment)),
        purpose=Purpose.TRACE,
        today=dt.date(2026, 1, 1),
        members=Members(versions={1: _AGENCIES}, ceilings=dict.fromkeys(_AGENCIES, Level.SECRET)),
    )
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder:
        replica = Replica(Path(folder) / "replica.sqlite", key=bytes(32))
        for first in range(1, _RECORDS, _PART):
            replica.add(records=[_record(number) for number in range(first, first + _PART)])
        figures = [_figure(replica, name, search, viewer) for name, search in _SEARCHES.items()]
        replica.close()
    return figures


def _figure(replica: Replica, name: str, search: Search, viewer: Viewer) -> Figure:
    taken = [_milliseconds(replica, search, viewer) for _ in range(_TIMES)]
    return at_most(
        what=f"desk: find {name} in {_RECORDS:,} records, a page of 50", unit="ms", values=taken, most=_MOST_MS
    )


def _milliseconds(replica: Replica, search: Search, viewer: Viewer) -> float:
    started = time.perf_counter()
    find(replica, search, viewer, makes.BUILT_IN, limit=50)
    return (time.perf_counter() - started) * 1_000


def _record(number: int) -> StoredRecord:
    item: dict[str, JsonValue] = {
        "item.kind": "small_arm",
        "item.make": ("TAS", "CLT", "GLC")[number % 3],
        "item.calibre": ("9x19", ".38")[number % 2],
        "item.serials": [{"as_marked": f"ABC {number:06}", "location": "frame", "condition": "legible"}],
    }
    event: dict[str, JsonValue] = {
        "event.kind": ("recovery", "sale")[number % 2],
        "event.date": f"{2015 + number % 10}-03-14",
        "event.country": "BRA",
        "event.place": "Rio de Janeiro",
    }
    return StoredRecord(
        index=number,
        name=StatementName("xar-arms", number.to_bytes(16, "big")),
        kid="xar-arms#4",
        iat=0,
        ep=1,
        sup=None,
        batch=number,
        seq=1,
        entry=bytes(2_400),
        portions={name: _portion(name, fields) for name, fields in (("item", item), ("event", event))},
    )


def _portion(name: str, fields: dict[str, JsonValue]) -> StoredPortion:
    shown = tuple("x" * 90 for _ in fields)
    return StoredPortion(portion=name, level=Level.RESTRICTED, label=_SHARED, fields=fields, disclosures=shown)
