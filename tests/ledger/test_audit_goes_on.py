"""After a finding the audit goes on: one fault is one finding, and what follows from it is said to follow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger import jws
from ledger.audit import Auditor, Report, Verdict, audit_log
from ledger.batches import parse_batch
from ledger.charter import charter_entry
from ledger.findings import Bridge
from ledger.fingerprints import of_file
from ledger.identifiers import KeyId
from ledger.kinds import Role, Typ
from ledger.merkle import leaf_hash
from ledger.state import kind_of
from ledger.statements import SealedStatement
from ledger.submissions import Depth
from tests.support.consortium import (
    ORIGIN,
    Consortium,
    agency_ids,
    epoch_key,
    make_consortium,
    make_keys,
    sign_by,
)

A, B, C = agency_ids(3)
ALL_DEPTHS = pytest.mark.parametrize("depth", list(Depth))
READING = pytest.mark.parametrize("depth", [Depth.RECORDS, Depth.SIGNATURES])
KEY_ENTRY = 11
SIZE = 23


def _busy() -> Consortium:
    """Return a log with every kind of entry, in which each thing leads to others."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    first = consortium.record(A)
    consortium.submit(A, [first, consortium.record(A), consortium.record(A)])
    consortium.open_epoch(B)
    consortium.submit_key_entry(consortium.key_entry(A, add=make_keys(A, roles=(Role.SIGN,), start=11)))
    consortium.submit(A, [consortium.record(A, sup=first.name.jti), consortium.record(A)])
    consortium.submit(B, [consortium.record(B), consortium.record(B)])
    charter = consortium.next_charter(url="https://log.test")
    consortium.submit_charter(sign_by(charter, consortium.current.agencies, previous=consortium.current))
    consortium.submit(A, [consortium.record(A)])
    consortium.submit(B, [consortium.record(B)])
    return consortium


@cache
def _shared() -> Consortium:
    """Return one such log for all tests that append nothing to it."""
    return _busy()


def _entries(consortium: Consortium | None = None) -> list[bytes]:
    found = consortium or _shared()
    return list(found.store.entries(0, found.state.size))


def _audited(
    entries: Sequence[bytes],
    *,
    depth: Depth,
    leaves: Sequence[bytes] | None = None,
    since: int = 0,
    consortium: Consortium | None = None,
) -> Report:
    """Audit entries under a tree of `leaves`, else under the tree that they make themselves."""
    found = consortium or _shared()
    tree = [leaf_hash(entry) for entry in entries] if leaves is None else leaves
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(found.charter_file), depth=depth, since=since)
    return audit_log(
        auditor,
        size=len(entries),
        leaf_hashes=lambda start, end: tree[start:end],
        entries=lambda start, end: entries[start:end],
        charter_file=found.store.charter,
    )


def _found(report: Report) -> list[tuple[int, str]]:
    return [(finding.index, finding.check) for finding in report.findings]


def _kinds(entries: Sequence[bytes]) -> list[Typ | None]:
    """Return what stands where: a charter, a key entry, a batch, or (None) a statement."""
    return [kind_of(entry) if entry.startswith(b"{") else None for entry in entries]


@dataclass(frozen=True)
class Flip:
    """One flipped bit of one entry."""

    index: int
    at: int
    bit: int

    def apply(self, entries: list[bytes]) -> list[bytes]:
        """Return the entries with the bit flipped."""
        changed = bytearray(entries[self.index])
        changed[self.at] ^= 1 << self.bit
        return [*entries[: self.index], bytes(changed), *entries[self.index + 1 :]]


@st.composite
def flips(draw: st.DrawFn) -> Flip:
    """Draw any bit of any entry."""
    entries = _entries()
    index = draw(st.integers(0, len(entries) - 1))
    return Flip(index=index, at=draw(st.integers(0, len(entries[index]) - 1)), bit=draw(st.integers(0, 7)))


def test_the_log_of_these_tests_is_honest() -> None:
    """What is changed below is a log that passes at every depth, twice the same."""
    entries = _entries()
    reports = [_audited(entries, depth=depth) for depth in (*Depth, *Depth)]

    assert {report.verdict for report in reports} == {Verdict.UNWITNESSED}
    assert reports[:3] == reports[3:]
    assert _kinds(entries)[KEY_ENTRY] is Typ.KEY


@given(flip=flips(), depth=st.sampled_from(Depth))
def test_any_flipped_bit_of_any_entry_is_named_and_nothing_else_is_blamed(flip: Flip, depth: Depth) -> None:
    """The first finding is the altered entry; any other says that it may follow from it.

    The tree's leaf stands in for a statement and a charter's file for its entry: then there is no other.
    """
    honest = _entries()
    report = _audited(flip.apply(honest), depth=depth, leaves=[leaf_hash(entry) for entry in honest])
    first, *others = report.findings

    assert (first.index, first.check, first.follows) == (flip.index, "leaf", None)
    assert {finding.follows for finding in others} <= {flip.index}
    assert report.size == len(honest)
    if _kinds(honest)[flip.index] in (None, Typ.CHARTER) and not _leads_to_others(flip.index):
        assert others == []


def _leads_to_others(index: int) -> bool:
    """Say whether a later record needs what stands here: it is corrected. Of two grants one opens the epoch too."""
    return index == 4


def test_an_unreadable_grant_is_what_its_records_follow_from() -> None:
    """Records of an epoch whose only readable grant is gone are reported, as a consequence."""
    honest = _entries()
    changed = [honest[0], b"x" * 30, b"y" * 30, *honest[3:]]
    report = _audited(changed, depth=Depth.RECORDS, leaves=[leaf_hash(entry) for entry in honest])

    assert _found(report)[:3] == [(1, "leaf"), (2, "leaf"), (4, "record/ep")]
    assert {finding.follows for finding in report.findings[2:]} == {1}


def test_faults_beside_an_unreadable_entry_are_found() -> None:
    """An altered statement does not shield its neighbours: the rest of the batch is judged."""
    consortium = _shared()
    statements = [consortium.record(B), consortium.record(A), consortium.record(A)]
    entries = _with(statements)
    leaves = [leaf_hash(entry) for entry in entries]
    entries[-2] = b"other bytes"
    size = consortium.state.size

    assert _found(_audited(entries, depth=Depth.STRUCTURE, leaves=leaves)) == [
        (size, "statement/header"),
        (size + 2, "leaf"),
    ]


@pytest.mark.parametrize("spoil", ["form", "signature"])
def test_the_readable_statements_of_a_spoiled_batch_are_read(spoil: str) -> None:
    """At the deeper depths too: form and signature of what can be read."""
    consortium = _shared()
    good, bad, lost = (consortium.record(A) for _ in range(3))
    header, payload, signature = bad.entry.split(b".")
    other = {"form": (b64u(b"{}").encode(), signature), "signature": (payload, b64u(b"\x01" * 64).encode())}[spoil]
    entries = _with([good, replace(bad, entry=b".".join((header, *other))), lost])
    leaves = [leaf_hash(entry) for entry in entries]
    entries[-2] = b"other bytes"
    size = consortium.state.size
    check = {"form": "form", "signature": "statement/signature"}[spoil]

    assert _found(_audited(entries, depth=Depth.SIGNATURES, leaves=leaves)) == [(size + 1, check), (size + 2, "leaf")]


def _with(statements: Sequence[SealedStatement], **changes: object) -> list[bytes]:
    """Return the shared log with one more batch of A."""
    consortium = _shared()
    batch = consortium.batch(A, statements, **changes)
    return [*_entries(), *(statement.entry for statement in statements), batch]


# From here on the operator signs a new tree over what was changed: every entry is what its leaf says.


@ALL_DEPTHS
@pytest.mark.parametrize("index", [5, 13, 15])
def test_an_altered_statement_in_a_new_tree_is_one_finding(index: int, depth: Depth) -> None:
    """The root no longer fits, and the agency's later batches, signed on top of it, are not blamed."""
    entries = _entries()
    entries[index] = _respelled(entries[index])
    report = _audited(entries, depth=depth)
    place = next(at for at in range(index, len(entries)) if _kinds(entries)[at] is Typ.BATCH)

    assert _found(report) == [(place, "batch/root")]
    assert report.verdict is Verdict.FAILED
    assert [bridge.over for bridge in report.bridges] == [place]


def _respelled(entry: bytes) -> bytes:
    """Return an entry with another character in its signature."""
    return entry[:-9] + (b"A" if entry[-9:-8] != b"A" else b"B") + entry[-8:]


@ALL_DEPTHS
def test_a_followed_chain_is_told(depth: Depth) -> None:
    """The report says which batch does not stand and which one was signed on top of it."""
    entries = _entries()
    entries[5] = _respelled(entries[5])
    report = _audited(entries, depth=depth)

    assert _found(report) == [(7, "batch/root")]
    assert report.bridges == (Bridge(iss=A, over=7, by=14),)


@ALL_DEPTHS
@pytest.mark.parametrize("index", [5, 13, 16, 21])
def test_a_dropped_statement_is_found_and_the_rest_follows(index: int, depth: Depth) -> None:
    """The batch names one more than there are; whatever was signed for other places says that it may follow."""
    entries = _entries()
    del entries[index]
    first, *others = _audited(entries, depth=depth).findings

    assert first.check == "batch/n"
    assert {finding.follows for finding in others} <= {first.index}
    assert {finding.check for finding in others} <= {"batch/kx", "key/prev"}


@ALL_DEPTHS
@pytest.mark.parametrize("index", [1, 4, 8, 12, 19])
def test_an_unsigned_entry_before_a_batch_is_named_at_its_place(index: int, depth: Depth) -> None:
    """The batch behind it stands; whatever was signed for other places says that it may follow."""
    entries = [*_entries()[:index], b"stray", *_entries()[index:]]
    first, *others = _audited(entries, depth=depth).findings

    assert (first.index, first.check) == (index, "batch/closing")
    assert {finding.follows for finding in others} <= {index}
    assert {finding.check for finding in others} <= {"batch/kx", "key/prev"}


@ALL_DEPTHS
def test_a_stray_entry_at_the_end_is_one_finding(depth: Depth) -> None:
    """Nothing stands behind it that could be blamed."""
    entries = [*_entries(), b"stray", b"more"]

    assert _found(_audited(entries, depth=depth)) == [(len(entries) - 2, "batch/closing")]


@ALL_DEPTHS
def test_a_stray_entry_leaves_the_batch_behind_it_standing(depth: Depth) -> None:
    """A batch closes as many statements as it says, counted from its own entry back."""
    consortium = _shared()
    record = consortium.record(A)
    entries = _entries()
    entries += [b"stray", b"{no entry", record.entry, consortium.batch(A, [record])]
    report = _audited(entries, depth=depth)

    assert [check for _, check in _found(report)] == ["form"]
    assert report.counts[Typ.BATCH] == _audited(_entries(), depth=depth).counts[Typ.BATCH] + 1


@ALL_DEPTHS
def test_a_dropped_batch_is_one_finding(depth: Depth) -> None:
    """The next batch of its agency says that one is missing; those after that one are followed again."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    for _ in range(4):
        consortium.submit(A, [consortium.record(A)])
    entries = _entries(consortium)
    del entries[4:6]
    report = _audited(entries, depth=depth, consortium=consortium)

    assert _found(report) == [(5, "batch/seq")]
    assert (report.findings[0].expected, report.findings[0].found) == ("2", "3")
    assert report.bridges == (Bridge(iss=A, over=5, by=7),)


@ALL_DEPTHS
def test_two_batches_in_the_wrong_order_are_one_finding(depth: Depth) -> None:
    """The one that came too early is named; the other, and those after both, stand where their agency put them."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    for _ in range(4):
        consortium.submit(A, [consortium.record(A)])
    entries = _entries(consortium)
    entries[4:8] = [*entries[6:8], *entries[4:6]]
    report = _audited(entries, depth=depth, consortium=consortium)

    assert _found(report) == [(5, "batch/seq")]


@ALL_DEPTHS
def test_a_fork_is_not_hidden_behind_a_batch_that_does_not_stand(depth: Depth) -> None:
    """Once a chain has gone on by itself, nothing is believed for being signed on top of an older fault."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    one, other, third = (consortium.record(A) for _ in range(3))
    forked = consortium.batch(A, [other])
    consortium.submit(A, [one])
    consortium.submit(A, [consortium.record(A)])
    on_top = consortium.batch(A, [third], seq=3, prev=parse_batch(forked).payload_hash)
    entries = [*_entries(consortium), other.entry, forked, third.entry, on_top]
    report = _audited(entries, depth=depth, consortium=consortium)

    assert _found(report) == [(len(entries) - 3, "batch/seq"), (len(entries) - 1, "batch/seq")]
    assert report.bridges == ()


@ALL_DEPTHS
@pytest.mark.parametrize("place", [0, 1])
def test_a_batch_whose_signature_was_altered_is_one_finding(depth: Depth, place: int) -> None:
    """Its payload is the agency's own, as the next batch shows."""
    entries = _entries()
    general = jws.parse_general(entries[7])
    signatures = list(general.signatures)
    signatures[place] = replace(signatures[place], signature=b"\x01" * len(signatures[place].signature))
    entries[7] = jws.format_general(general.payload, tuple(signatures))
    report = _audited(entries, depth=depth)

    assert _found(report) == [(7, "batch/signature")]
    assert [bridge.over for bridge in report.bridges] == [7]


@READING
def test_grants_of_a_batch_that_does_not_stand_still_open_their_epoch(depth: Depth) -> None:
    """Every record of the epoch would else be reported for a fault that is the operator's."""
    entries = _entries()
    entries[2] = _respelled(entries[2])
    report = _audited(entries, depth=depth)

    assert _found(report) == [(3, "batch/root")]


@READING
def test_a_grant_that_its_agency_never_signed_opens_nothing(depth: Depth) -> None:
    """What is carried on is what verifies under the agency's key, not what the operator put there."""
    consortium = make_consortium(3)
    grant = consortium.grant(A, [B])
    forged = replace(grant, entry=grant.entry.rpartition(b".")[0] + b"." + b64u(b"\x01" * 64).encode())
    foreign = consortium.grant(B, [A])
    batch = consortium.batch(A, [forged, foreign])
    entries = [*_entries(consortium), forged.entry, foreign.entry, batch]
    prev = parse_batch(batch).payload_hash
    record = consortium.record(A)
    entries += [record.entry, consortium.batch(A, [record], seq=2, prev=prev)]
    report = _audited(entries, depth=depth, consortium=consortium)

    assert _found(report) == [(2, "statement/header"), (4, "record/ep")]
    assert report.findings[1].follows == 3


@READING
def test_records_of_a_batch_that_does_not_stand_can_be_corrected(depth: Depth) -> None:
    """The record is its issuer's own, so the correction is no fault."""
    entries = _entries()
    entries[6] = _respelled(entries[6])
    report = _audited(entries, depth=depth)

    assert _found(report) == [(7, "batch/root")]


@READING
def test_a_repeated_name_is_one_finding(depth: Depth) -> None:
    """The repeat is named; what stands beside it and after it counts."""
    consortium = _busy()
    old, new, later = consortium.record(A), consortium.record(A), consortium.record(A)
    consortium.submit(A, [old])
    batch = consortium.batch(A, [old, new])
    entries = [*_entries(consortium), old.entry, new.entry, batch]
    correction = consortium.record(A, sup=new.name.jti)
    prev, seq = parse_batch(batch).payload_hash, parse_batch(batch).seq + 1
    entries += [later.entry, correction.entry, consortium.batch(A, [later, correction], seq=seq, prev=prev)]
    report = _audited(entries, depth=depth, consortium=consortium)

    assert _found(report) == [(len(entries) - 6, "statement/name")]


@ALL_DEPTHS
@pytest.mark.parametrize("index", range(SIZE))
def test_no_entry_can_stand_twice(index: int, depth: Depth) -> None:
    """A copy at the end is a finding for every kind of entry, though leaf hashes are not gathered."""
    entries = [*_entries(), _entries()[index]]

    assert _found(_audited(entries, depth=depth))[0][0] == len(entries) - 1


@ALL_DEPTHS
def test_a_lost_key_entry_is_what_later_findings_follow_from(depth: Depth) -> None:
    """Nobody can say which keys are in force after a key entry that cannot be read."""
    honest = _entries()
    changed = [*honest[:KEY_ENTRY], b'{"payload":"?"}', *honest[KEY_ENTRY + 1 :]]
    report = _audited(changed, depth=depth, leaves=[leaf_hash(entry) for entry in honest])
    first, *others = report.findings

    assert (first.index, first.check) == (KEY_ENTRY, "leaf")
    assert others
    assert {finding.follows for finding in others} == {KEY_ENTRY}


@ALL_DEPTHS
def test_an_unreadable_key_entry_is_one_finding_of_its_own(depth: Depth) -> None:
    """One that still looks like a key entry is not judged by bytes that are not the log's."""
    honest = _entries()
    general = jws.parse_general(honest[KEY_ENTRY])
    other = jws.format_general(general.payload + b" ", general.signatures)
    changed = [*honest[:KEY_ENTRY], other, *honest[KEY_ENTRY + 1 :]]
    report = _audited(changed, depth=depth, leaves=[leaf_hash(entry) for entry in honest])

    assert [index for index, _ in _found(report)].count(KEY_ENTRY) == 1


@ALL_DEPTHS
@pytest.mark.parametrize("version", [1, 2])
def test_an_altered_charter_entry_is_read_from_its_file(version: int, depth: Depth) -> None:
    """The file, verified up to the pin, says what the entry must be, and the leaf confirms it."""
    honest = _entries()
    index = honest.index(charter_entry(_shared().files[version]))
    changed = [*honest[:index], b"unreadable", *honest[index + 1 :]]
    report = _audited(changed, depth=depth, leaves=[leaf_hash(entry) for entry in honest])

    assert _found(report) == [(index, "leaf")]
    assert report.counts[Typ.CHARTER] == 2


@ALL_DEPTHS
def test_a_charter_without_its_file_is_what_later_findings_follow_from(depth: Depth) -> None:
    """Who is a member after it is not known."""
    consortium = _busy()
    del consortium.store.rows.charters[2]  # type: ignore[attr-defined]  # the store is in memory
    report = _audited(_entries(consortium), depth=depth, consortium=consortium)
    first, *others = report.findings

    assert first.check == "missing"
    assert {finding.follows for finding in others} == {first.index}


@ALL_DEPTHS
def test_a_batch_by_a_stranger_is_one_finding(depth: Depth) -> None:
    """An agency that is no member has no chain that could be followed."""
    consortium = _shared()
    stranger = agency_ids(4)[3]
    other = make_consortium(4)
    record = other.record(stranger)
    batch = other.batch(stranger, [record], kx=0)
    on_top = other.batch(stranger, [record], kx=0, seq=2, prev=parse_batch(batch).payload_hash)
    entries = [*_entries(), record.entry, batch, record.entry, on_top]
    report = _audited(entries, depth=depth, consortium=consortium)

    assert [check for _, check in _found(report)] == ["member", "member"]
    assert report.bridges == ()


@ALL_DEPTHS
def test_an_unreadable_batch_entry_is_followed_where_its_payload_is_whole(depth: Depth) -> None:
    """Altered in a signature alone, it still says what the next batch was signed on top of."""
    honest = _entries()
    altered = honest[7][:-20] + (b"A" if honest[7][-20:-19] != b"A" else b"B") + honest[7][-19:]
    changed = [*honest[:7], altered, *honest[8:]]
    report = _audited(changed, depth=depth, leaves=[leaf_hash(entry) for entry in honest])

    assert _found(report) == [(7, "leaf")]
    assert [bridge.over for bridge in report.bridges] == [7]


@READING
def test_an_unreadable_batch_entry_that_is_lost_is_what_the_next_batch_follows_from(depth: Depth) -> None:
    """Its statements are stepped over, and the gap in the chain is said to follow from it."""
    honest = _entries()
    changed = [*honest[:7], b"?", *honest[8:]]
    report = _audited(changed, depth=depth, leaves=[leaf_hash(entry) for entry in honest])
    first, *others = report.findings

    assert (first.index, first.check) == (7, "leaf")
    assert {finding.check for finding in others} <= {"batch/seq", "record/sup"}
    assert {finding.follows for finding in others} == {7}


def test_garbage_without_end_is_not_gathered() -> None:
    """An auditor holds at most one batch of what nobody closes."""
    consortium = make_consortium(3)
    entries = [*_entries(consortium), *(b"{%d" % number for number in range(1_500))]
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))
    most = 0
    for index, entry in enumerate(entries):
        auditor.feed(index, entry, leaf=leaf_hash(entry), charter_file=consortium.store.charter)
        most = max(most, auditor.size - auditor.state.size)

    assert most <= 1_000
    assert auditor.finish().broken == 1_500


# Statements before `since` were audited before.


def _forged(consortium: Consortium) -> SealedStatement:
    record = consortium.record(A)
    return replace(record, entry=record.entry.rpartition(b".")[0] + b"." + b64u(b"\x01" * 64).encode())


@pytest.mark.parametrize("later", [0, 1])
def test_only_signatures_before_since_are_taken_as_verified(later: int) -> None:
    """A forged signature is found if its batch closes after the earlier checkpoint, and only then."""
    consortium = _busy()
    forged = _forged(consortium)
    entries = [*_entries(consortium), forged.entry, consortium.batch(A, [forged])]
    report = _audited(entries, depth=Depth.SIGNATURES, since=len(entries) - later, consortium=consortium)

    assert _found(report) == ([(len(entries) - 2, "statement/signature")] if later else [])
    assert (report.since, report.depth) == (len(entries) - later, Depth.SIGNATURES)


@READING
def test_names_before_since_are_known_after_it(depth: Depth) -> None:
    """A repeat and a second correction are found across the earlier checkpoint."""
    consortium = _busy()
    old = consortium.record(A)
    consortium.submit(A, [old])
    consortium.submit(A, [consortium.record(A, sup=old.name.jti)])
    since = consortium.state.size
    for statement, check in ((old, "statement/name"), (consortium.record(A, sup=old.name.jti), "record/sup")):
        entries = [*_entries(consortium), statement.entry, consortium.batch(A, [statement])]
        report = _audited(entries, depth=depth, since=since, consortium=consortium)

        assert _found(report) == [(since, check)]


@ALL_DEPTHS
def test_structure_is_replayed_before_since_all_the_same(depth: Depth) -> None:
    """The state comes from the log itself, so a broken root before the earlier checkpoint is still found."""
    entries = _entries()
    entries[5] = _respelled(entries[5])

    assert _found(_audited(entries, depth=depth, since=len(entries))) == [(7, "batch/root")]


def test_an_epoch_key_is_needed_by_nobody_here() -> None:
    """The audit holds no key to any portion: records sealed under any key pass alike."""
    consortium = _shared()
    entries = _with([consortium.record(A, key=epoch_key("of nobody"))])

    assert _audited(entries, depth=Depth.SIGNATURES).verdict is Verdict.UNWITNESSED


def test_keys_that_ended_are_named_in_bridged_batches_too() -> None:
    """A batch signed on top of a bad one is held to every other rule."""
    entries = _entries()
    entries[5] = _respelled(entries[5])
    consortium = _shared()
    record = consortium.record(A)
    entries += [record.entry, consortium.batch(A, [record], kx=0)]
    report = _audited(entries, depth=Depth.STRUCTURE)

    assert _found(report) == [(7, "batch/root"), (len(entries) - 1, "batch/kx")]
    assert KeyId(A, 11) == consortium.newest(A, Role.SIGN).kid
