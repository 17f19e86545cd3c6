"""Charters after the first: who has to sign, what has to be listed, what never comes back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.charter import Charter, newcomers, replaced_roots, sign_charter, signatures_of, verify_next_charter
from ledger.errors import BadSignatureError, LedgerError, MalformedError
from ledger.fingerprints import of_file
from ledger.jws import format_general, parse_general
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.terms import WitnessPolicy
from tests.support.consortium import (
    agency_ids,
    first_charter,
    make_agency,
    make_consortium,
    make_keys,
    roots_of,
    sign_by,
)

_FIRST, _FILE = first_charter(3)
_IDS = agency_ids(4)
_NEWCOMER = make_agency(_IDS[3])


def _next(**changes: object) -> Charter:
    return make_consortium(3).next_charter(**changes)


def _verify(file: bytes, previous: Charter = _FIRST) -> Charter:
    return verify_next_charter(file, previous=previous, previous_hash=of_file(_FILE))


def _joined() -> Charter:
    return _next(agencies=(*_next().agencies, _NEWCOMER), threshold=3)


def _with_new_root(**kwargs: Any) -> Charter:
    """Return the charter in which the first agency lists everything anew, from key 11 on."""
    first, *rest = _next().agencies
    anew = replace(first, keys=make_keys(first.id, start=11, **kwargs))
    return _next(agencies=(anew, *rest))


def test_a_threshold_of_the_version_before_suffices() -> None:
    """Two of three agencies make the next version."""
    charter = _next(url="https://log.test")
    file = sign_by(charter, _FIRST.agencies[:2], previous=_FIRST)

    assert _verify(file) == charter


@pytest.mark.parametrize("signers", range(1, 4))
def test_what_is_told_as_enough_is_what_is_accepted(signers: int) -> None:
    """Two of three make the next version: who is missing then is not needed."""
    file = sign_by(_next(), _FIRST.agencies[:signers], previous=_FIRST)
    found = signatures_of(file, _FIRST)

    assert (found.votes, found.threshold, found.needed) == (signers, 2, ())
    assert found.missing == tuple(agency.id for agency in _FIRST.agencies[signers:])
    assert found.are_enough == (signers >= 2)


def test_a_newcomer_is_needed_beside_the_threshold() -> None:
    """All members of before are not enough where the newcomer has not signed."""
    found = signatures_of(sign_by(_joined(), _FIRST.agencies, previous=_FIRST), _FIRST)

    assert (found.needed, found.votes, found.are_enough) == ((_NEWCOMER.id,), 3, False)


def test_below_the_threshold_is_refused() -> None:
    """One of three agencies makes nothing."""
    charter = _next()
    file = sign_by(charter, _FIRST.agencies[:1], previous=_FIRST)

    with pytest.raises(BadSignatureError, match="fewer than 2"):
        _verify(file)


def test_the_threshold_is_that_of_the_version_before() -> None:
    """A charter cannot lower its own bar."""
    charter = _joined()
    only = replace(charter, agencies=(charter.agencies[0],), threshold=1)
    file = sign_by(only, _FIRST.agencies[:1], previous=_FIRST)

    with pytest.raises(BadSignatureError, match="fewer than 2"):
        _verify(file)


def test_one_agency_counts_once() -> None:
    """Signing with the old roots and the new ones is one vote."""
    charter = _with_new_root()
    file = sign_by(charter, [_FIRST.agencies[0]], previous=_FIRST)
    file = sign_charter(file, roots=roots_of(charter.agencies[0]), previous=_FIRST)

    with pytest.raises(BadSignatureError, match="fewer than 2"):
        _verify(file)


def test_a_newcomer_signs_too() -> None:
    """Nobody is made a member without its own signature."""
    charter = _joined()
    without = sign_by(charter, _FIRST.agencies, previous=_FIRST)
    signed = sign_charter(without, roots=roots_of(_NEWCOMER), previous=_FIRST)

    with pytest.raises(BadSignatureError, match=_NEWCOMER.id):
        _verify(without)
    assert _verify(signed) == charter
    assert newcomers(charter, _FIRST) == {_NEWCOMER.id}


def test_a_newcomer_has_no_vote() -> None:
    """Newcomers do not count towards the threshold of a version they are not in."""
    charter = _joined()
    file = sign_by(charter, [_FIRST.agencies[0], _NEWCOMER], previous=_FIRST)

    with pytest.raises(BadSignatureError, match="fewer than 2"):
        _verify(file)


def test_a_newcomer_lists_every_key() -> None:
    """A newcomer without a key of every role is refused."""
    poor = replace(_NEWCOMER, keys=tuple(key for key in _NEWCOMER.keys if key.role is not Role.HPKE))
    charter = _next(agencies=(*_next().agencies, poor), threshold=3)
    file = sign_by(charter, [*_FIRST.agencies, poor], previous=_FIRST)

    with pytest.raises(MalformedError, match="not every key"):
        _verify(file)


def test_a_new_root_signs_too() -> None:
    """New roots prove that somebody holds them; the old ones of that agency need not sign."""
    charter = _with_new_root()
    without = sign_by(charter, _FIRST.agencies[1:], previous=_FIRST)
    signed = sign_charter(without, roots=roots_of(charter.agencies[0]), previous=_FIRST)

    with pytest.raises(BadSignatureError):
        _verify(without)
    assert _verify(signed) == charter
    assert replaced_roots(charter, _FIRST) == {charter.agencies[0].id}


def test_old_roots_stand_before_new_ones() -> None:
    """A file in which one agency signs with both pairs has one order."""
    charter = _with_new_root()
    file = sign_by(charter, _FIRST.agencies, previous=_FIRST)
    file = sign_charter(file, roots=roots_of(charter.agencies[0]), previous=_FIRST)
    general = parse_general(file, limit=2**22, signatures=100)
    swapped = (*general.signatures[2:4], *general.signatures[:2], *general.signatures[4:])

    assert _verify(file) == charter
    with pytest.raises(BadSignatureError, match="out of order"):
        _verify(format_general(general.payload, swapped))


def test_a_new_root_lists_every_key_anew() -> None:
    """With the root all working keys are suspect: an agency that lists not all of them is refused."""
    charter = _with_new_root(roles=(Role.ROOT, Role.RECOVERY, Role.SIGN))
    file = sign_by(charter, [*_FIRST.agencies, charter.agencies[0]][:3], previous=_FIRST)
    file = sign_charter(file, roots=roots_of(charter.agencies[0]), previous=_FIRST)

    with pytest.raises(MalformedError, match="not every key anew"):
        _verify(file)


def test_working_keys_are_not_slipped_in() -> None:
    """The working keys of an agency that keeps its roots change by its own key entries, not by a majority of others."""
    first, *rest = _FIRST.agencies
    charter = _next(agencies=(first, *_next().agencies[1:]))
    file = sign_by(charter, rest, previous=_FIRST)

    with pytest.raises(MalformedError, match="carry over"):
        _verify(file)


@pytest.mark.parametrize("place", range(4))
def test_one_good_of_two_signatures_is_no_vote(place: int) -> None:
    """A vote is both signatures, and a bad one refuses the file."""
    charter = _next()
    file = sign_by(charter, _FIRST.agencies[:2], previous=_FIRST)
    general = parse_general(file, limit=2**22, signatures=100)
    kept = general.signatures[:place] + general.signatures[place + 1 :]

    with pytest.raises(BadSignatureError):
        _verify(format_general(general.payload, kept))


_MISFITS: dict[str, Callable[[Charter], Charter]] = {
    "a version left out": lambda it: replace(it, ver=3),
    "the same version": lambda it: replace(it, ver=1, prev=bytes(32), agencies=_FIRST.agencies),
    "after another file": lambda it: replace(it, prev=b"\x01" * 32),
}


@pytest.mark.parametrize("name", sorted(_MISFITS))
def test_a_stale_charter_is_refused(name: str) -> None:
    """A charter follows exactly the one in force."""
    charter = _MISFITS[name](_next())
    file = sign_by(charter, _FIRST.agencies, previous=_FIRST)

    with pytest.raises(MalformedError, match="does not follow"):
        _verify(file)


def test_a_charter_of_another_log_is_refused() -> None:
    """The origin never changes."""
    previous = replace(_FIRST, origin="other.test")
    charter = _next()
    file = sign_by(charter, _FIRST.agencies, previous=_FIRST)

    with pytest.raises(MalformedError, match="does not follow"):
        _verify(file, previous)


def _witnessed() -> Charter:
    ids = agency_ids(1)
    agency = make_agency(ids[0], keys=make_keys(ids[0], roles=tuple(Role)))
    return replace(_FIRST, agencies=(agency,), threshold=1, witness=WitnessPolicy(agencies=ids, k=1, f=0))


def test_a_witnessed_log_never_returns() -> None:
    """No majority can take the witnesses away again."""
    before = _witnessed()
    offline = tuple(key for role in (Role.ROOT, Role.RECOVERY) for key in of_role(before.agencies[0].keys, role))
    agency = replace(before.agencies[0], keys=offline)
    after = replace(before, ver=2, prev=of_file(_FILE), agencies=(agency,), witness=WitnessPolicy())
    file = sign_by(after, before.agencies, previous=before)

    with pytest.raises(MalformedError, match="unwitnessed"):
        verify_next_charter(file, previous=before, previous_hash=of_file(_FILE))


def test_a_log_may_become_witnessed() -> None:
    """The start without witnesses can be left."""
    first, *rest = _next().agencies
    witness = make_keys(first.id, roles=(Role.WITNESS,), start=20)
    agencies = (replace(first, keys=(*first.keys, *witness)), *rest)
    charter = _next(agencies=agencies, witness=WitnessPolicy(agencies=(first.id,), k=1, f=0))
    file = sign_by(charter, _FIRST.agencies[:2], previous=_FIRST)

    assert _verify(file).is_witnessed


def test_bytes_that_are_no_charter_are_refused() -> None:
    """Whatever is submitted as the next charter, only our own errors come out."""
    with pytest.raises(LedgerError):
        _verify(b"{}")


def test_charter_1_has_only_newcomers() -> None:
    """Everybody in the first version is new."""
    assert newcomers(_FIRST, None) == set(_IDS[:3])
