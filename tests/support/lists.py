"""Small lists of weapons, submitted through the real way with a map made for the test."""

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence

from clients.authority import members_of
from clients.codes import load_tables
from clients.importing import Means, Prepared, prepare
from clients.lists.maps import ListMap, parse_map
from clients.session import Session, load_profile
from clients.submitting import Submission, submit
from ledger.plan import Planner

MAP = """
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"""
TODAY = dt.date(2026, 11, 21)


def table(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Return rows as a CSV."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def plan_rows(session: Session, rows: Sequence[Mapping[str, str]], *, text: str = MAP) -> Prepared:
    """Return rows as they would be sealed."""
    return plan_list(session, table(rows), parse_map(text))


def plan_list(session: Session, raw: bytes, list_map: ListMap) -> Prepared:
    """Return the rows of a list's file as they would be sealed."""
    charters = session.trust.charters()
    means = Means(
        tables=load_tables(session.home),
        planner=Planner(load_profile(session.home, charters[-1]), members_of(charters)),
        row_key=session.keyring.row_key(),
        today=TODAY,
    )
    return prepare(raw, list_map, means)


def submit_rows(session: Session, rows: Sequence[Mapping[str, str]], *, text: str = MAP) -> Submission:
    """Submit rows under the home's profile."""
    profile = load_profile(session.home, session.refresh().charter)
    planned = plan_rows(session, rows, text=text)
    return submit(session, planned.rows, profile, progress=lambda _done, _total: None)
