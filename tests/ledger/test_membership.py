"""Membership by position: what an entry changes counts from the next entry on, for ever."""

from dataclasses import replace

import pytest

from crypto.signing import Algorithm
from ledger.charter import Auditor, Charter, charter_entry
from ledger.errors import BadSignatureError, DuplicateError, LedgerError, MalformedError, NotAMemberError
from ledger.fingerprints import of_file
from ledger.identifiers import KeyId
from ledger.keyentries import build_key_entry
from ledger.keys import Key
from ledger.kinds import Role, Typ
from ledger.membership import Membership
from ledger.terms import WitnessPolicy
from tests.support.consortium import (
    NOW,
    ORIGIN,
    Consortium,
    agency_ids,
    first_charter,
    make_agency,
    make_consortium,
    make_keys,
    roots_of,
    sign_by,
)

_CHARTER, _FILE = first_charter(3)
A, B, C = agency_ids(3)
D = agency_ids(4)[3]


def _started() -> Membership:
    membership = Membership(origin=ORIGIN, fingerprint=of_file(_FILE))
    membership.apply_charter(0, charter_entry(_FILE), _FILE)
    return membership


def _file(consortium: Consortium, charter: Charter, *also: str) -> bytes:
    """Return the next charter signed by everybody before it and by the named newcomers or new roots."""
    previous = consortium.current
    new = [agency for agency in charter.agencies if agency.id in also]
    roots = [*previous.agencies, *new]
    return sign_by(charter, roots, previous=previous)


def _key(number: int, role: Role = Role.SIGN, agency: str = A) -> Key:
    return make_keys(agency, roles=(role,), start=number)[0]


def test_nothing_is_in_force_at_the_first_charter_itself() -> None:
    """The entry that brings a key cannot be signed by it: keys count from the next entry on."""
    membership = _started()

    with pytest.raises(NotAMemberError):
        membership.charter_before(0)
    with pytest.raises(NotAMemberError):
        membership.key(KeyId(A, 4), 0)
    assert membership.headers(0) == {}
    assert membership.charter_before(1) == _CHARTER
    assert membership.key(KeyId(A, 4), 1).role is Role.SIGN


def test_headers_of_all_working_keys_are_in_the_table() -> None:
    """The table holds exact headers of sign, batch and root keys of every member, and nothing else."""
    table = _started().headers(1)
    found = {(row.agency, row.role) for row in table.values()}

    assert found == {(agency, role) for agency in (A, B, C) for role in (Role.ROOT, Role.SIGN, Role.BATCH)}
    assert all(row.public_key.raw for row in table.values())


def test_the_table_is_made_once_for_a_stretch_of_log() -> None:
    """As long as nothing changes the same table serves every batch."""
    membership = _started()

    assert membership.headers(1) is membership.headers(10_000)


def test_a_charter_of_another_file_is_refused() -> None:
    """The entry's hash binds the file."""
    membership = Membership(origin=ORIGIN, fingerprint=of_file(_FILE))

    with pytest.raises(MalformedError, match="not about this file"):
        membership.apply_charter(0, charter_entry(_FILE), _FILE + b" ")
    with pytest.raises(NotAMemberError):
        membership.charter_before(1)


def test_a_charter_entry_that_tells_another_version_is_refused() -> None:
    """What the entry says in the open is what the file says."""
    membership = Membership(origin=ORIGIN, fingerprint=of_file(_FILE))
    entry = charter_entry(_FILE)

    for spoiled in (entry.replace(b'"ver":1', b'"ver":2'), entry.replace(ORIGIN.encode(), b"other.test/weapons")):
        with pytest.raises(MalformedError, match="not about this file"):
            membership.apply_charter(0, spoiled, _FILE)


def test_charter_1_is_entry_0() -> None:
    """Nothing may stand before the first charter."""
    membership = Membership(origin=ORIGIN, fingerprint=of_file(_FILE))

    with pytest.raises(MalformedError, match="entry 0"):
        membership.apply_charter(1, charter_entry(_FILE), _FILE)


def test_a_pinned_charter_of_another_log_is_refused() -> None:
    """Origin and fingerprint are one pin."""
    membership = Membership(origin="other.test", fingerprint=of_file(_FILE))

    with pytest.raises(MalformedError, match="not about this file"):
        membership.apply_charter(0, charter_entry(_FILE), _FILE)


def test_a_replayed_charter_is_refused() -> None:
    """The same charter does not count twice."""
    membership = _started()

    with pytest.raises(MalformedError, match="does not follow"):
        membership.apply_charter(1, charter_entry(_FILE), _FILE)


def test_strangers_are_not_members() -> None:
    """What no charter lists is nobody."""
    membership = _started()

    with pytest.raises(NotAMemberError):
        membership.agency("xzz-arms", 1)
    with pytest.raises(NotAMemberError):
        membership.auditor("xzz-arms", 1)
    with pytest.raises(NotAMemberError):
        membership.newest("xzz-arms", Role.SIGN, 1)
    with pytest.raises(NotAMemberError):
        membership.key_chain("xzz-arms", 1)
    with pytest.raises(NotAMemberError):
        membership.key(KeyId("xzz-arms", 1), 1)


def test_a_key_entry_counts_from_the_next_entry_on() -> None:
    """Before its index the old key holds, after it the new one: position decides."""
    consortium = make_consortium(3)
    index = consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)], end=[KeyId(A, 4)])).index
    membership = consortium.state.membership

    assert membership.key(KeyId(A, 4), index).kid.number == 4
    with pytest.raises(NotAMemberError):
        membership.key(KeyId(A, 11), index)
    with pytest.raises(NotAMemberError):
        membership.key(KeyId(A, 4), index + 1)
    assert membership.newest(A, Role.SIGN, index).kid.number == 4
    assert membership.newest(A, Role.SIGN, index + 1).kid.number == 11


def test_senders_use_the_highest_number_and_verifiers_take_any() -> None:
    """Two keys of a role may be in force at a time."""
    consortium = make_consortium(3)
    index = consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)])).index + 1
    membership = consortium.state.membership

    assert membership.newest(A, Role.SIGN, index).kid.number == 11
    assert [key.kid.number for key in membership.keys_of(A, role=Role.SIGN, index=index)] == [4, 11]
    assert {
        row.kid.number for row in membership.headers(index).values() if row.agency == A and row.role is Role.SIGN
    } == {
        4,
        11,
    }


def test_old_positions_keep_their_table() -> None:
    """Asking for the past after a change gives the past."""
    consortium = make_consortium(3)
    before = dict(consortium.state.membership.headers(1))
    consortium.submit_key_entry(consortium.key_entry(A, end=[KeyId(A, 4)]))
    membership = consortium.state.membership

    assert dict(membership.headers(1)) == before
    assert len(membership.headers(2)) == len(before) - 6


def test_kx_is_the_last_change_that_concerns_an_agency() -> None:
    """Another agency's key entry does not make a batch stale, one's own and every charter do."""
    consortium = make_consortium(3)
    key = consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)])).index
    membership = consortium.state.membership

    assert (membership.kx(A, 1), membership.kx(A, key), membership.kx(A, key + 1)) == (0, 0, key)
    assert membership.kx(B, key + 1) == 0

    charter = consortium.submit_charter(_file(consortium, consortium.next_charter())).index

    assert (membership.kx(A, charter + 1), membership.kx(B, charter + 1)) == (charter, charter)
    assert membership.charter_index(charter + 1) == charter


def test_key_entries_form_a_chain() -> None:
    """Each names the one before, the first the charter that listed the agency: none can be left out unseen."""
    consortium = make_consortium(3)
    membership = consortium.state.membership
    first = consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)])).index

    assert (membership.key_chain(A, 1), membership.key_chain(A, first + 1), membership.key_chain(B, 2)) == (0, first, 0)

    with pytest.raises(MalformedError, match="does not follow"):
        consortium.submit_key_entry(_signed(prev=0, add=[_key(12)]))


def _signed(agency: str = A, *, origin: str = ORIGIN, prev: int = 0, **changes: object) -> bytes:
    roots = roots_of(make_agency(agency))
    return build_key_entry(iss=agency, iat=NOW, origin=origin, prev=prev, roots=roots, **changes)  # type: ignore[arg-type]  # members by name


def test_a_key_entry_is_applied_at_its_index() -> None:
    """Judging and entering in one step gives what changed."""
    membership = _started()
    change = membership.apply_key(1, _signed(add=[_key(11)], end=[KeyId(A, 4)]))

    assert [key.kid.number for key in change.ended] == [4]
    assert membership.newest(A, Role.SIGN, 2).kid.number == 11


def test_a_key_entry_for_another_log_is_refused() -> None:
    """An entry is signed for one origin."""
    with pytest.raises(MalformedError, match="another log"):
        _started().apply_key(1, _signed(origin="other.test", add=[_key(11)]))


def test_a_key_entry_by_a_stranger_is_refused() -> None:
    """Only members change keys."""
    with pytest.raises(NotAMemberError):
        _started().apply_key(1, _signed("xzz-arms", add=[_key(11, agency="xzz-arms")]))


def test_a_key_entry_by_other_roots_is_refused() -> None:
    """The roots in force sign, no others."""
    roots = roots_of(make_agency(B))
    entry = build_key_entry(iss=A, iat=NOW, origin=ORIGIN, prev=0, roots=roots, add=[_key(11)])

    with pytest.raises(BadSignatureError):
        _started().apply_key(1, entry)


def test_since_cannot_lie_ahead() -> None:
    """Only what is already logged can be disputed."""
    with pytest.raises(MalformedError, match="after the entry"):
        _started().apply_key(1, _signed(end=[KeyId(A, 4)], since=2))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_offline_keys_do_not_end_by_key_entry(number: int) -> None:
    """Roots and recovery keys change by charter alone."""
    with pytest.raises(MalformedError, match="charter alone"):
        _started().apply_key(1, _signed(end=[KeyId(A, number)]))


def test_a_key_ends_once() -> None:
    """A key that has ended, or never was, cannot end."""
    consortium = make_consortium(3)
    consortium.submit_key_entry(consortium.key_entry(A, end=[KeyId(A, 4)]))

    for number in (4, 99):
        with pytest.raises(NotAMemberError):
            consortium.submit_key_entry(consortium.key_entry(A, end=[KeyId(A, number)]))


def test_an_ended_kid_never_returns() -> None:
    """A key id is used once, even by the agency it belonged to."""
    consortium = make_consortium(3)
    consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)], end=[KeyId(A, 4)]))
    again = replace(_key(99), kid=KeyId(A, 4))

    with pytest.raises(DuplicateError, match="xaa-arms#4 was used"):
        consortium.submit_key_entry(consortium.key_entry(A, add=[again]))


def test_a_public_key_never_returns_under_another_name() -> None:
    """A stolen and revoked key does not come back with a new number, nor at another agency."""
    consortium = make_consortium(3)
    consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)], end=[KeyId(A, 4)]))

    for agency in (A, B):
        stolen = replace(_key(4), kid=KeyId(agency, 12))
        with pytest.raises(DuplicateError, match="another name"):
            consortium.submit_key_entry(consortium.key_entry(agency, add=[stolen]))


def test_a_public_key_of_the_service_is_taken_by_nobody() -> None:
    """The log's own keys belong to the log."""
    stolen = replace(_key(12), public_key=_CHARTER.log.answer_key)

    with pytest.raises(DuplicateError, match="another name"):
        _started().apply_key(1, _signed(add=[stolen]))


def test_a_refused_key_entry_changes_nothing() -> None:
    """A void entry leaves no key, no chain and no kx behind."""
    consortium = make_consortium(3)
    good, bad = _key(11), replace(_key(4), kid=KeyId(A, 12))

    with pytest.raises(DuplicateError):
        consortium.submit_key_entry(consortium.key_entry(A, add=[good, bad], end=[KeyId(A, 7)]))

    membership, index = consortium.state.membership, consortium.state.size + 1
    assert membership.kx(A, index) == membership.key_chain(A, index) == 0
    assert membership.key(KeyId(A, 7), index).role is Role.HPKE
    with pytest.raises(NotAMemberError):
        membership.key(KeyId(A, 11), index)


def test_disputed_entries_are_marked_from_since_on() -> None:
    """What a stolen key signed stays valid by position and is shown with a warning from `since` on."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    index = consortium.submit_key_entry(consortium.key_entry(A, end=[KeyId(A, 4)], since=2)).index
    membership = consortium.state.membership

    assert [membership.disputed(KeyId(A, 4), at) for at in (1, 2, index)] == [False, True, True]
    assert not membership.disputed(KeyId(A, 5), 2)
    assert not membership.disputed(KeyId(A, 99), 2)


def test_working_keys_carry_over() -> None:
    """A charter that lists only roots and recovery keys leaves the working keys as they are."""
    consortium = make_consortium(3)
    consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)], end=[KeyId(A, 4)]))
    index = consortium.submit_charter(_file(consortium, consortium.next_charter())).index + 1
    membership = consortium.state.membership

    assert membership.newest(A, Role.SIGN, index).kid.number == 11
    assert membership.newest(B, Role.SIGN, index).kid.number == 4
    with pytest.raises(NotAMemberError):
        membership.key(KeyId(A, 4), index)


def test_a_newcomer_joins_with_all_its_keys() -> None:
    """From the next entry on a newcomer is a member, and its key chain begins at that charter."""
    consortium = make_consortium(3)
    charter = consortium.next_charter(agencies=(*consortium.next_charter().agencies, make_agency(D)), threshold=3)
    index = consortium.submit_charter(_file(consortium, charter, D)).index
    membership = consortium.state.membership

    with pytest.raises(NotAMemberError):
        membership.agency(D, index)
    assert membership.newest(D, Role.BATCH, index + 1).kid == KeyId(D, 5)
    assert membership.key_chain(D, index + 1) == index


def test_a_newcomer_with_a_used_key_is_refused() -> None:
    """Nobody joins with the key of another, ended or not."""
    consortium = make_consortium(3)
    consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)], end=[KeyId(A, 4)]))
    agency = make_agency(D)
    keys = tuple(replace(key, public_key=_key(4).public_key) if key.role is Role.SIGN else key for key in agency.keys)
    thief = replace(agency, keys=keys)
    charter = consortium.next_charter(agencies=(*consortium.next_charter().agencies, thief), threshold=3)

    with pytest.raises(DuplicateError, match="another name"):
        consortium.submit_charter(_file(consortium, charter, D))


def _without(consortium: Consortium, agency: str) -> Charter:
    rest = tuple(item for item in consortium.next_charter().agencies if item.id != agency)
    return consortium.next_charter(agencies=rest)


def test_who_leaves_has_no_key_left() -> None:
    """A removed agency's keys end with the charter that removes it."""
    consortium = make_consortium(3)
    index = consortium.submit_charter(_file(consortium, _without(consortium, C))).index + 1
    membership = consortium.state.membership

    with pytest.raises(NotAMemberError):
        membership.agency(C, index)
    assert all(not membership.keys_of(C, role=role, index=index) for role in Role)
    assert C not in {row.agency for row in membership.headers(index).values()}
    with pytest.raises(NotAMemberError):
        membership.apply_key(index, _signed(C, add=[_key(11, agency=C)]))


def test_who_returns_brings_new_keys() -> None:
    """A former member joins again as a newcomer; its old key ids never return."""
    consortium = make_consortium(3)
    consortium.submit_charter(_file(consortium, _without(consortium, C)))
    kept = consortium.next_charter().agencies
    old = consortium.next_charter(agencies=(*kept, make_agency(C)), threshold=2)
    new = consortium.next_charter(agencies=(*kept, make_agency(C, keys=make_keys(C, start=21))), threshold=2)

    with pytest.raises(DuplicateError):
        consortium.submit_charter(_file(consortium, old, C))
    index = consortium.submit_charter(_file(consortium, new, C)).index + 1
    assert consortium.state.membership.newest(C, Role.SIGN, index).kid.number == 24


def test_a_new_root_ends_all_older_keys() -> None:
    """An agency with new roots has only the keys that this charter lists."""
    consortium = make_consortium(3)
    first, *rest = consortium.next_charter().agencies
    charter = consortium.next_charter(agencies=(replace(first, keys=make_keys(A, start=11)), *rest))
    index = consortium.submit_charter(_file(consortium, charter, A)).index + 1
    membership = consortium.state.membership
    numbers = [key.kid.number for role in Role for key in membership.keys_of(A, role=role, index=index)]

    assert sorted(numbers) == [11, 12, 13, 14, 15, 16, 17]
    assert membership.keys_of(B, role=Role.SIGN, index=index)


def test_a_new_root_keeps_no_old_kid() -> None:
    """Listing an old working key beside new roots is refused: that key may be the reason for the change."""
    consortium = make_consortium(3)
    first, *rest = consortium.next_charter().agencies
    keys = (_key(4), *make_keys(A, start=11))
    charter = consortium.next_charter(agencies=(replace(first, keys=keys), *rest))

    with pytest.raises(DuplicateError):
        consortium.submit_charter(_file(consortium, charter, A))


def test_a_recovery_key_changes_by_charter() -> None:
    """A new recovery key needs nothing else; the old one ends."""
    consortium = make_consortium(3)
    first, *rest = consortium.next_charter().agencies
    recovery = _key(13, Role.RECOVERY)
    charter = consortium.next_charter(agencies=(replace(first, keys=(*first.roots(), recovery)), *rest))
    index = consortium.submit_charter(_file(consortium, charter)).index + 1
    membership = consortium.state.membership

    assert membership.keys_of(A, role=Role.RECOVERY, index=index) == (recovery,)
    assert membership.newest(A, Role.SIGN, index).kid.number == 4


def test_witness_keys_last_as_long_as_the_task() -> None:
    """Who stops being a witness has its witness keys ended."""
    consortium = make_consortium(3)
    kept = consortium.next_charter().agencies
    pairs = {agency.id: make_keys(agency.id, roles=(Role.WITNESS,), start=20) for agency in kept}
    all_three = tuple(replace(agency, keys=(*agency.keys, *pairs[agency.id])) for agency in kept)
    charter = consortium.next_charter(agencies=all_three, witness=WitnessPolicy(agencies=(A, B, C), k=2, f=0))
    consortium.submit_charter(_file(consortium, charter))
    fewer = (*all_three[:2], kept[2])
    charter = consortium.next_charter(agencies=fewer, witness=WitnessPolicy(agencies=(A, B), k=2, f=0))
    index = consortium.submit_charter(_file(consortium, charter)).index + 1
    membership = consortium.state.membership

    assert [len(membership.keys_of(name, role=Role.WITNESS, index=index)) for name in (A, B, C)] == [2, 2, 0]


def test_auditors_change_by_charter() -> None:
    """An auditor's keys are those of the charter in force: kept while listed, ended when not."""
    consortium = make_consortium(3)
    old = make_keys("xin-audit", roles=(Role.HTTP, Role.HPKE))
    new = make_keys("xin-audit", roles=(Role.HTTP,), start=11)
    membership = consortium.state.membership
    found, index = [], 0
    for keys in (old, old, (old[1], *new)):
        charter = consortium.next_charter(auditors=(Auditor(id="xin-audit", keys=keys),))
        index = consortium.submit_charter(_file(consortium, charter)).index + 1
        found.append([key.kid.number for key in membership.keys_of("xin-audit", role=Role.HTTP, index=index)])

    assert found == [[1], [1], [11]]
    assert membership.auditor("xin-audit", index).keys == (old[1], *new)
    with pytest.raises(NotAMemberError):
        membership.agency("xin-audit", index)
    with pytest.raises(NotAMemberError):
        membership.auditor("xin-other", index)


def test_an_auditor_that_becomes_an_agency_starts_anew() -> None:
    """No key is carried from one standing to the other."""
    consortium = make_consortium(3)
    keys = make_keys(D, roles=(Role.HTTP, Role.HPKE), start=31)
    auditor = consortium.next_charter(auditors=(Auditor(id=D, keys=keys),))
    consortium.submit_charter(_file(consortium, auditor))
    kept = consortium.next_charter().agencies
    joined = consortium.next_charter(agencies=(*kept, make_agency(D)), auditors=(), threshold=3)
    index = consortium.submit_charter(_file(consortium, joined, D)).index + 1

    found = consortium.state.membership.keys_of(D, role=Role.HTTP, index=index)
    assert [key.kid.number for key in found] == [6]


def test_the_services_keys_are_nobody_elses() -> None:
    """A later charter cannot make an agency's old key the log's."""
    consortium = make_consortium(3)
    consortium.submit_key_entry(consortium.key_entry(A, add=[_key(11)], end=[KeyId(A, 4)]))
    log = replace(consortium.current.log, answer_kid=KeyId("log", 2), answer_key=_key(4).public_key)
    charter = consortium.next_charter(log=log)

    with pytest.raises(DuplicateError, match="log#2"):
        consortium.submit_charter(_file(consortium, charter))


def test_a_refused_charter_changes_nothing() -> None:
    """After a refusal the old charter is in force and can still be followed."""
    consortium = make_consortium(3)
    charter = consortium.next_charter(url="https://log.test")
    short = sign_by(charter, consortium.current.agencies[:1], previous=consortium.current)

    with pytest.raises(BadSignatureError):
        consortium.submit_charter(short)
    assert consortium.current == _CHARTER
    assert consortium.submit_charter(_file(consortium, charter)).charter == charter


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", charter_entry(_FILE)])
def test_what_is_no_key_entry_is_refused(raw: bytes) -> None:
    """Only our own errors come out."""
    with pytest.raises(LedgerError):
        _started().apply_key(1, raw)


def test_a_statement_header_is_exact() -> None:
    """The same three members spelled any other way are not in the table."""
    table = _started().headers(1)
    header = next(header for header, row in table.items() if row.typ is Typ.RECORD)

    assert table[header].public_key.algorithm is Algorithm.ED25519
    assert header + b"=" not in table
    assert header.swapcase() not in table
