"""What every memory of an audit promises, whatever it is made of.

A module that tests one defines a fixture `seen` and takes all of this by `from ... import *`.
"""

from collections.abc import Sequence

import pytest

from crypto.digests import sha256
from ledger.checks import evidence
from ledger.errors import DuplicateError
from ledger.expunges import Why, build_expunge, parse_expunge
from ledger.identifiers import StatementName
from ledger.kinds import Role, Typ
from ledger.log import RecordFacts
from ledger.recordform import RecordHead
from ledger.seen import Seen
from ledger.submissions import parse_statement
from tests.support.consortium import NOW, agency_ids, make_consortium

A, B, C = agency_ids(3)


def jti(name: str) -> bytes:
    """Return a statement id made from a name."""
    return sha256(name.encode())[:16]


def record(name: str, *, iss: str = A, ep: int = 1, sup: str | None = None) -> RecordHead:
    """Return what an audit keeps of a record."""
    return RecordHead(name=StatementName(iss, jti(name)), ep=ep, sup=None if sup is None else jti(sup))


def refused(seen: Seen, first: int, statements: Sequence[RecordHead | None]) -> tuple[int | None, str]:
    """Enter statements that must be refused; return the place and the words of the evidence."""
    with pytest.raises(DuplicateError) as caught:
        seen.enter(first, statements)
    found = evidence(caught.value)
    return found.place, f"{found.check}: {found.found}"


def test_what_was_not_entered_is_not_known(seen: Seen) -> None:
    """A fresh memory knows no record, and a name belongs to its issuer alone."""
    assert seen.record_facts(record("one").name) is None

    seen.enter(5, [record("one")])

    assert seen.record_facts(record("one", iss=B).name) is None


def test_a_record_is_known_with_its_epoch(seen: Seen) -> None:
    """Later statements learn of a record which epoch it names; what could not be read is left out."""
    seen.enter(5, [None, record("one", ep=3), None])

    assert seen.record_facts(record("one").name) == RecordFacts(ep=3, superseded=False)


def test_a_superseded_record_is_known_as_such(seen: Seen) -> None:
    """In its own batch and in later ones, by its own issuer alone."""
    seen.enter(5, [record("one"), record("two", sup="one")])
    seen.enter(9, [record("three")])
    seen.enter(11, [record("four", sup="three"), record("five", iss=B, sup="two")])

    facts = {name: seen.record_facts(record(name).name) for name in ("one", "two", "three", "four")}

    assert {name: found and found.superseded for name, found in facts.items()} == {
        "one": True,
        "two": False,
        "three": True,
        "four": False,
    }


def test_an_expunged_record_is_known_as_such(seen: Seen) -> None:
    """An expungement is a statement of its own that changes what is known of another."""
    consortium = make_consortium(3)
    sign, kid = consortium.signing(A, Role.SIGN)
    seen.enter(5, [record("one")])
    statement = parse_expunge(build_expunge(signer=sign, kid=kid, iat=NOW, of=jti("one"), why=Why.LAW).entry)
    seen.enter(7, [statement])

    assert seen.record_facts(record("one").name) == RecordFacts(ep=1, superseded=False, expunged=True)
    assert seen.record_facts(statement.name) is None


def test_a_correction_of_nothing_is_remembered_for_nobody(seen: Seen) -> None:
    """An audit that goes on after a finding meets corrections of what is not there."""
    seen.enter(5, [record("two", sup="one")])
    seen.enter(6, [record("one")])

    assert seen.record_facts(record("one").name) == RecordFacts(ep=1, superseded=False)


def test_only_records_have_facts(seen: Seen) -> None:
    """A grant's name is taken, and no record may supersede it."""
    grant = parse_statement(make_consortium(3).grant(A, [B]).entry, Typ.GRANT)
    seen.enter(5, [grant])

    assert seen.record_facts(grant.name) is None
    with pytest.raises(DuplicateError):
        seen.enter(8, [grant])


def test_a_name_that_was_seen_is_refused_with_both_places(seen: Seen) -> None:
    """The finding names the second statement and tells where the first stands."""
    seen.enter(5, [record("one"), record("two")])

    assert refused(seen, 1_204, [record("three"), None, record("two"), record("one")]) == (
        2,
        "statement/name: that of entry 6",
    )


def test_what_stands_beside_a_repeated_name_is_remembered(seen: Seen) -> None:
    """The audit goes on, so the other statements of the batch must be known afterwards."""
    seen.enter(5, [record("one")])
    refused(seen, 9, [record("one"), record("two", ep=4)])

    assert seen.record_facts(record("two").name) == RecordFacts(ep=4, superseded=False)
    assert refused(seen, 20, [record("two")]) == (0, "statement/name: that of entry 10")


def test_the_same_batch_looked_at_twice_is_no_repeat(seen: Seen) -> None:
    """What is salvaged of a refused batch was entered before, at these very places."""
    seen.enter(5, [record("one"), record("two")])
    seen.enter(5, [record("one"), record("two")])


def test_nothing_is_entered_where_nothing_was_read(seen: Seen) -> None:
    """A batch of which no statement was parsed changes nothing."""
    seen.enter(5, [None, None])
    seen.enter(8, [])
