"""What a key is said to open of an agency's own records is what it opened: record by record, label by label."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients.openedby import OpenedWith
from clients.replica import Replica, StoredGrant, StoredPortion, StoredRecord
from ledger.expunges import Expunge, Why
from ledger.identifiers import KeyId, StatementName
from ledger.labels import Level
from tests.support.earlier import forget_openers
from tests.support.keystores import DATABASE_KEY

ISS = "xar-arms"
SHARED, OWN = "aa" * 32, "bb" * 32


def grant(index: int, ek: str, *, ep: int = 1, iss: str = ISS) -> StoredGrant:
    """Return a grant at an index that brings a key."""
    return StoredGrant(index=index, iss=iss, ep=ep, level=Level.RESTRICTED, ek=ek)


# An epoch with a key that others have too and one of the agency's own, a repeat of the first, and another epoch.
FIRST, MINE, AGAIN, LATER = grant(1, SHARED), grant(2, OWN), grant(50, SHARED), grant(60, "cc" * 32, ep=2)


def label(level: str) -> dict[str, str]:
    """Return a label; here it is only held against others."""
    return {"level": level}


def record(number: int, *, ep: int = 1, **by: tuple[StoredGrant | None, str]) -> StoredRecord:
    """Return a record at an index that is its number; of each portion the grant that opened it, and its level."""
    portions = {
        name: StoredPortion(
            portion=name,
            level=Level.RESTRICTED,
            label=label(level),  # type: ignore[arg-type]  # a dict of text is JSON
            fields={},
            disclosures=("d",),
            opened_by=None if opened is None else opened.index,
        )
        for name, (opened, level) in by.items()
    }
    return StoredRecord(
        index=number,
        name=StatementName(ISS, number.to_bytes(16, "big")),
        kid=f"{ISS}#4",
        iat=1_700_000_000,
        ep=ep,
        sup=None,
        batch=number + 1,
        seq=number,
        entry=b"entry %d" % number,
        portions=portions,
    )


RECORDS = (
    record(10, item=(FIRST, "RESTRICTED"), event=(FIRST, "RESTRICTED"), case=(MINE, "SECRET")),
    record(11, item=(FIRST, "RESTRICTED"), event=(FIRST, "CONFIDENTIAL"), case=(MINE, "SECRET")),
    record(12, item=(MINE, "SECRET"), event=(MINE, "SECRET"), case=(MINE, "SECRET")),
    record(70, ep=2, item=(LATER, "RESTRICTED")),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of a replica with these grants and records."""
    found = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
    found.add(records=RECORDS, grants=[FIRST, MINE, AGAIN, LATER])
    found.close()
    return tmp_path / "replica.sqlite"


@pytest.fixture
def replica(path: Path) -> Iterator[Replica]:
    """Give that replica."""
    found = Replica(path, key=DATABASE_KEY)
    yield found
    found.close()


def opened(records: int, last: int, *levels: str) -> OpenedWith:
    """Return what is expected of a key."""
    return OpenedWith(records=records, last=last, labels=tuple(json.dumps(label(level)) for level in levels))


def test_a_key_opens_each_record_once_and_stands_under_all_its_labels(replica: Replica) -> None:
    """However many portions of a record it opens; the last is where the newcomer stops reading."""
    assert replica.opened_with(FIRST) == opened(2, 11, "CONFIDENTIAL", "RESTRICTED")
    assert replica.opened_with(MINE) == opened(3, 12, "SECRET")
    assert replica.opened_with(LATER) == opened(1, 70, "RESTRICTED")


def test_a_record_of_which_two_keys_open_something_is_one_record(replica: Replica) -> None:
    """A release of both says how many records it shows, and not how many portions."""
    assert replica.opened_with(FIRST, MINE) == opened(3, 12, "CONFIDENTIAL", "RESTRICTED", "SECRET")
    assert replica.opened_with(FIRST, MINE, AGAIN, LATER).records == len(RECORDS)
    assert replica.opened_with() == opened(0, -1)


def test_a_key_that_opened_nothing_opens_nothing(replica: Replica) -> None:
    """Of an issuer, an epoch or a key that is not this one's, too."""
    others = (grant(1, "dd" * 32), replace(FIRST, ep=2), replace(FIRST, iss="xbe-cib"))

    assert [replica.opened_with(one) for one in others] == [opened(0, -1)] * 3


def test_whatever_grant_brought_a_key_it_is_one_key(replica: Replica) -> None:
    """A repeat for another reader's new key may be what a home read first."""
    replica.add(records=[record(51, item=(AGAIN, "RESTRICTED"))])

    expected = opened(3, 51, "CONFIDENTIAL", "RESTRICTED")
    assert [expected, expected] == [replica.opened_with(FIRST), replica.opened_with(AGAIN)]


def test_an_expunged_record_is_not_counted(replica: Replica) -> None:
    """Its ciphertexts are gone: the key opens nothing of it."""
    of = RECORDS[1].name.jti
    order = Expunge(kid=KeyId(ISS, 4), name=StatementName(ISS, bytes(16)), iat=0, of=of, why=Why.LAW)
    replica.expunge({90: order})

    assert replica.opened_with(FIRST) == opened(1, 10, "RESTRICTED")


def test_records_of_other_agencies_are_not_noted(replica: Replica) -> None:
    """Nobody releases them: no key is asked about what stands without one."""
    replica.add(records=[replace(record(80, item=(None, "RESTRICTED")), name=StatementName("xbe-cib", bytes(16)))])
    replica.note_openers(ISS, _refuse)

    assert replica.opened_with(FIRST) == opened(2, 11, "CONFIDENTIAL", "RESTRICTED")


def test_what_an_earlier_version_stored_is_held_against_the_keys_once(path: Path) -> None:
    """Every own portion is; afterwards the same is said as if it had been noted when it was written."""
    forget_openers(path, key=DATABASE_KEY)
    asked: list[tuple[int, bytes, str]] = []
    by = {(one.entry, name): part.opened_by for one in RECORDS for name, part in one.portions.items()}

    def opens(ep: int, entry: bytes, portion: str) -> int | None:
        asked.append((ep, entry, portion))
        return by[entry, portion]

    again = Replica(path, key=DATABASE_KEY)
    assert again.opened_with(FIRST) == opened(0, -1)
    again.note_openers(ISS, opens)
    again.note_openers(ISS, _refuse)

    assert sorted(asked) == sorted((one.ep, one.entry, name) for one in RECORDS for name in one.portions)
    assert again.opened_with(FIRST) == opened(2, 11, "CONFIDENTIAL", "RESTRICTED")
    assert again.opened_with(MINE) == opened(3, 12, "SECRET")
    assert tuple(again.records()) == RECORDS
    again.close()


def test_noting_that_was_broken_off_is_begun_anew(path: Path) -> None:
    """Until all of it is noted it is not taken for done; what no key fits any more stays without one."""
    forget_openers(path, key=DATABASE_KEY)
    again = Replica(path, key=DATABASE_KEY)
    with pytest.raises(AssertionError):
        again.note_openers(ISS, _refuse)
    again.note_openers(ISS, lambda _ep, _entry, portion: FIRST.index if portion == "item" else None)
    again.note_openers(ISS, _refuse)

    assert again.opened_with(FIRST) == opened(4, 70, "RESTRICTED", "SECRET")
    assert again.opened_with(MINE) == opened(0, -1)
    again.close()


def test_no_label_is_shown_by_accident() -> None:
    """A repr ends in a log."""
    assert "SECRET" not in repr(opened(1, 1, "SECRET"))


def _refuse(_ep: int, _entry: bytes, _portion: str) -> int | None:
    raise AssertionError("nothing is to be asked")
