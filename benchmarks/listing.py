"""A list of ten thousand rows: read from its workbook, planned, sealed, signed, sent and logged; its parser's memory.

The service runs in the same process, without a network, so the time is that of both sides. The limit is the reading
alone: what the list costs before a key is touched.
"""

import io
import resource
import tempfile
import time
from pathlib import Path

from openpyxl import Workbook

from benchmarks.measure import Figure, Limit, at_most
from clients.lists.maps import parse_map
from clients.lists.reading import read_table
from clients.session import load_profile
from clients.submitting import submit
from clients.syncing import Sync
from tests.support.lists import plan_list
from tests.support.loopback import found_consortium

_ROWS = 10_000
_OWNER, _PARTNER = "xar-arms", "xbe-cib"
_MAP = """
[format]
dates = ["YYYY-MM-DD"]
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.type" = { column = "type" }
"item.make" = { column = "make" }
"item.calibre" = { column = "calibre" }
"item.serials" = { column = "serial" }
"event.date" = { column = "date" }
"event.country" = { value = "XAR" }
"event.place" = { column = "city" }
"case.case_number" = { column = "case" }
"case.circumstances" = { column = "remarks" }
"""


def measure() -> list[Figure]:
    """Return the seconds and the megabytes that a workbook takes, and how fast a partner opens what it gave."""
    raw = _workbook()
    with tempfile.TemporaryDirectory() as folder:
        walk = found_consortium(Path(folder), _OWNER, _PARTNER)
        owner = walk.session(_OWNER)
        profile = load_profile(owner.home, owner.refresh().charter)
        started = time.perf_counter()
        read_table(raw)
        read = time.perf_counter() - started
        planned = plan_list(owner, raw, parse_map(_MAP))
        done = submit(owner, planned.rows, profile, progress=lambda _done, _total: None)
        seconds = time.perf_counter() - started - read
        assert done.records == _ROWS, "a row was not logged"
        started = time.perf_counter()
        synced = Sync(walk.session(_PARTNER), progress=lambda _done, _total: None).by_feed()
        opened = synced.records / (time.perf_counter() - started)
        walk.close()
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [_submitted(seconds, read), _memory(memory), _opened(opened)]


def _submitted(seconds: float, read: float) -> Figure:
    return Figure(
        what="agency: an XLSX list of 10,000 rows, signed and logged",
        unit="s",
        median=seconds,
        low=seconds,
        high=seconds,
        target="≤ 60",
        met=seconds <= 60,
        limit=Limit(name="s to read the workbook alone", median=read, ratio=seconds / read),
    )


def _memory(megabytes: float) -> Figure:
    return at_most(what="agency: memory of the workbook's parser", unit="MiB", values=[megabytes], most=256)


def _opened(rate: float) -> Figure:
    return Figure(
        what="partner: records of that list synced, verified and opened (item and event)",
        unit="records/s",
        median=rate,
        low=rate,
        high=rate,
        target="",
    )


def _workbook() -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("March")
    sheet.append(["type", "make", "calibre", "serial", "date", "city", "case", "remarks"])
    for row in range(_ROWS):
        case, remarks = f"{row // 3}/2026", f"found in house {row % 97}"
        sheet.append(["pistol", "Taurus", "9 mm", f"ABE{row:06}", f"2026-03-{row % 28 + 1:02}", "Rio", case, remarks])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
