"""What must not be shown is reported to the charter's auditors, sealed, and they can tell whether it is true."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients.reports import keep_report
from ledger.charter import parse_charter
from ledger.labels import Level
from ledger.recordform import parse_record
from ledger.reports import PortionFault, Report
from tests.support.charterlife import OWNER, PARTNER, submit, sync
from tests.support.commands import command
from tests.support.encrypted import by_hand, key_of
from tests.support.loopback import Walk, found_consortium

AUDITOR = "xau-dit"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """Give two members and an auditor, one record logged and read."""
    found = found_consortium(tmp_path, OWNER, PARTNER, auditor=AUDITOR)
    submit(found, "ABC123")
    sync(found, PARTNER)
    yield found
    found.close()


def test_a_label_above_its_grant_is_kept_for_the_auditors(walk: Walk) -> None:
    """A sync that refuses a portion writes a sealed report, once; the auditor opens it, another member cannot."""
    home = walk.homes[PARTNER]
    with by_hand(home.replica, key_of(home)) as replica:
        replica.execute("UPDATE \"grant\" SET level = 'UNCLASSIFIED'")
    submit(walk, "DEF456")
    report = sync(walk, PARTNER)
    kept = sorted(walk.homes[PARTNER].reports.iterdir())
    sync(walk, PARTNER, full=True)

    assert report.refused
    assert kept == sorted(walk.homes[PARTNER].reports.iterdir())
    assert kept
    opened = command(walk, "fraud", "open", str(kept[0]), "--json", home=AUDITOR)
    assert opened.code == 0, opened.notes
    assert (opened.json["iss"], opened.json["kind"]) == (OWNER, "label")
    assert command(walk, "fraud", "open", str(kept[0]), home=OWNER).code == 1


def test_nothing_is_kept_of_a_portion_that_is_as_it_should_be(walk: Walk) -> None:
    """A ciphertext that the service changed on its way accuses no agency, nor does a good one."""
    stored = next(walk.session(PARTNER).replica.records())
    record = parse_record(stored.entry)
    report = Report(
        fault=PortionFault.PORTION,
        entry=record.entry,
        index=stored.index,
        portion="item",
        record_key=bytes(32),
        ciphertext=b"changed",
        level=Level.RESTRICTED,
    )

    assert keep_report(walk.homes[PARTNER], parse_charter(walk.charter_file), report) is None
    assert not walk.homes[PARTNER].reports.exists()


def test_without_an_auditor_nothing_is_kept(walk: Walk) -> None:
    """A charter that names no auditor has nobody to seal to."""
    stored = next(walk.session(PARTNER).replica.records())
    report = Report(
        fault=PortionFault.LABEL,
        entry=stored.entry,
        index=stored.index,
        portion="item",
        record_key=bytes(32),
        ciphertext=b"",
        level=Level.RESTRICTED,
    )
    lone = replace(parse_charter(walk.charter_file), auditors=())

    assert keep_report(walk.homes[PARTNER], lone, report) is None
