"""635 real rows go in by the shipped map and come out at a partner: traced, redacted, proved, audited."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.authority import members_of
from clients.codes import load_tables
from clients.finding import Search, find
from clients.importing import Means, Prepared, prepare
from clients.opening import agency_reader
from clients.session import Session, load_profile
from clients.shippedmaps import load
from clients.submitting import Submission, submit
from clients.syncing import Sync
from clients.views import Viewer
from ledger.dates import days_between, parse_date
from ledger.identifiers import StatementName
from ledger.labels import Purpose
from ledger.plan import Planner
from tests.support.commands import command
from tests.support.loopback import Walk, found_consortium
from tests.support.reference import data

FILE = "us_de_gunstat_traces.csv"
OWNER, PARTNER, AUDITOR = "xar-arms", "xbe-cib", "xau-dit"
TODAY = dt.date(2026, 11, 21)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give three agencies and an auditor around a real service."""
    data(FILE)
    found = found_consortium(tmp_path_factory.mktemp("gunstat"), OWNER, PARTNER, "xco-npa", auditor=AUDITOR)
    yield found
    found.close()


def prepared(session: Session) -> Prepared:
    """Return the list as planned by the shipped map."""
    charters = session.trust.charters()
    means = Means(
        tables=load_tables(session.home),
        planner=Planner(load_profile(session.home, charters[-1]), members_of(charters)),
        row_key=session.keyring.row_key(),
        today=TODAY,
    )
    return prepare(data(FILE).read_bytes(), load("us-de-gunstat"), means)


def send(session: Session, planned: Prepared) -> Submission:
    """Submit what was planned."""
    profile = load_profile(session.home, session.trust.charters()[-1])
    return submit(session, planned.rows, profile, progress=lambda _done, _total: None)


@pytest.fixture(scope="module")
def names(walk: Walk) -> dict[int, tuple[StatementName, ...]]:
    """Submit the list; give the records of every line, and let the partner sync."""
    session = walk.session(OWNER)
    planned = prepared(session)
    send(session, planned)
    Sync(walk.session(PARTNER), progress=lambda _done, _total: None).by_feed()
    sent = session.outbox.sent([row.fingerprint for row in planned.rows])
    return {row.line: sent[row.fingerprint].names for row in planned.rows}


@pytest.fixture(scope="module")
def partner(walk: Walk, names: dict[int, tuple[StatementName, ...]]) -> Session:
    """Give the partner's session, synced."""
    assert names
    return walk.session(PARTNER)


def test_every_row_gives_its_records(walk: Walk) -> None:
    """No row is refused: 635 sales and 451 recoveries; the one future date and two weapons that stand in it twice are told."""
    planned = prepared(walk.session(OWNER))

    assert (len(planned.rows), planned.records, len(planned.rejected)) == (635, 1_086, 0)
    assert [problem.cause for problem in planned.problems] == [
        "the same weapon as on line 167: same serial, make, model and all else",
        "the date lies in the future",
        "the same weapon as on line 43: same serial, make, model and all else",
    ]


def test_sending_the_list_again_sends_nothing(walk: Walk, names: dict[int, tuple[StatementName, ...]]) -> None:
    """All rows are known, the two identical ones too, each with its own records."""
    assert len({name for row in names.values() for name in row}) == 1_086

    again = send(walk.session(OWNER), prepared(walk.session(OWNER)))
    assert (again.records, again.batches, len(again.unchanged)) == (0, (), 635)


def test_time_to_crime_equals_the_file(partner: Session, names: dict[int, tuple[StatementName, ...]]) -> None:
    """Where the file gives both dates, the days between the partner's two opened records are the file's own."""
    planned = data(FILE).read_text(encoding="utf-8").splitlines()
    column = planned[0].split(",").index("time_to_crime")
    checked = 0
    for line, records in names.items():
        if len(records) == 2:
            sale, recovery = (event_date(partner, name) for name in records)
            expected = int(float(planned[line - 1].split(",")[column]))
            assert days_between(parse_date(sale), parse_date(recovery)).exact == expected
            checked += 1

    assert checked == 451


def event_date(session: Session, name: StatementName) -> str:
    """Return the date of a record's event as this session opened it."""
    record = session.replica.find(name)
    assert record is not None
    return str(record.portions["event"].fields["event.date"])


def test_the_partner_opens_item_and_event_and_no_case(partner: Session) -> None:
    """Every record is there with two portions open; not one case is, whether it holds something or not."""
    records = list(partner.replica.records())

    assert len(records) == 1_086
    assert {frozenset(record.portions) for record in records} == {frozenset({"item", "event"})}


def test_the_case_is_withheld_on_the_screen(
    walk: Walk, partner: Session, names: dict[int, tuple[StatementName, ...]]
) -> None:
    """What a person sees fits 80 columns, names the serial, and says whom to ask for the case."""
    assert partner.replica.count()
    shown = command(walk, "show", str(names[3][1]), home=PARTNER)

    assert shown.code == 0
    assert "ABE573528" in shown.output
    assert "withheld · ask xar-arms" in shown.output
    assert max(map(len, shown.output.splitlines())) <= 80


def test_the_owner_reads_its_own_case(walk: Walk, names: dict[int, tuple[StatementName, ...]]) -> None:
    """The originator syncs its own records and opens all three portions."""
    session = walk.session(OWNER)
    Sync(session, progress=lambda _done, _total: None).by_feed()

    record = session.replica.find(names[2][0])
    assert record is not None
    assert record.portions["case"].fields["case.source"] == "Delaware Gunstat"


def test_records_are_found_by_words(partner: Session) -> None:
    """A maker's name finds its records by the name that officers know, not by its code."""
    viewer = Viewer(
        reader=agency_reader(PARTNER),
        purpose=Purpose.TRACE,
        today=TODAY,
        members=members_of(partner.trust.charters()),
    )
    found = find(partner.replica, Search(words=("taurus",)), viewer, load_tables(partner.home).makes, limit=10)

    assert (found.total, len(found.views)) == (84 + 72, 10)


def test_a_full_sync_finds_nothing_left_out(walk: Walk, partner: Session) -> None:
    """Reading the whole log proves that the feed had named every record."""
    assert partner.replica.count() == 1_086
    report = Sync(walk.session(PARTNER), progress=lambda _done, _total: None).in_full()

    assert (report.records, report.left_out, dict(report.refused)) == (0, (), {})


def test_the_auditor_verifies_all_of_it(walk: Walk, partner: Session) -> None:
    """Without a key to any of it the auditor parses every record, and says that nobody witnesses the log."""
    assert partner.replica.count()
    audited = command(walk, "audit", "--records", "--json", home=AUDITOR)

    assert audited.code == 4
    assert audited.json["verdict"] == "UNWITNESSED"
    assert audited.json["counts"]["sealtrace-record+sd-jwt"] == 1_086
    assert command(walk, "audit", "--allow-unwitnessed", home=AUDITOR).code == 0


def test_no_value_of_the_list_reaches_the_service(walk: Walk, partner: Session) -> None:
    """No serial, city or circumstance stands in anything that went over the wire or lies in the service's folder."""
    assert partner.replica.count()
    canaries = [b"ABE573528", b"Locust Grove", b"indicators of trafficking", b"Delaware Gunstat", b"846483"]
    sent = b"".join((request.body or b"") + request.target.encode() for request in walk.transport.requests)
    kept = b"".join(path.read_bytes() for path in Path(walk.config.data).iterdir() if path.is_file())

    for canary in canaries:
        assert canary not in sent
        assert canary not in kept
