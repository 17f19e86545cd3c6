"""A list of ten thousand rows: read from its workbook, planned, sealed, signed, sent and logged; its parser's memory.

The service runs in the same process, without a network, so the time is that of both sides. The limit is the reading
alone: what the list costs before a key is touched.
"""

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from openpyxl import Workbook

from benchmarks.measure import Figure, Limit, at_most, rate
from clients.lists.maps import parse_map
from clients.lists.reading import read_table
from clients.session import load_profile
from clients.submitting import submit
from clients.syncing import Sync
from tests.support.lists import plan_list
from tests.support.loopback import found_consortium

_ROWS = 10_000
_ROOT = Path(__file__).resolve().parents[1]
_MEASURED = """
import io, os, re, sys
from clients.lists import workbookchild
file = io.BytesIO(sys.stdin.buffer.read())
workbookchild.bound()
workbookchild.answer(file, None, open(os.devnull, "w"))
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""
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
        partner = walk.session(_PARTNER)
        opened = rate(lambda: Sync(partner, progress=lambda _done, _total: None).by_feed().records)
        walk.close()
    if done.records != _ROWS:
        raise RuntimeError("a row was not logged")
    return [_submitted(seconds, read), _memory(_peak(raw)), _opened(opened)]


def _peak(raw: bytes) -> float:
    """Return the most memory, in MiB, that the child has held after reading a workbook under its bounds."""
    words = [sys.executable, "-c", _MEASURED]
    done = subprocess.run(words, input=raw, capture_output=True, check=True, cwd=_ROOT)  # noqa: S603 - our own words
    return int(done.stdout) / 1024


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


def _opened(records: float) -> Figure:
    return Figure(
        what="partner: records of that list synced, verified and opened (item and event), the service's part included",
        unit="records/s, one core",
        median=records,
        low=records,
        high=records,
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
