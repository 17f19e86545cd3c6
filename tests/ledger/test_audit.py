"""The audit: it passes an honest log, and names the first index and the check where a log breaks its rules."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pytest

from crypto.encoding import b64u
from crypto.signing import Algorithm
from ledger import jws
from ledger.audit import MAX_FINDINGS, Auditor, Finding, Report, Verdict, audit_log
from ledger.charter import charter_entry
from ledger.checkpoints import Checkpoint
from ledger.errors import MalformedError, NotFoundError, ProofError
from ledger.fingerprints import of_file
from ledger.identifiers import KeyId
from ledger.kinds import Role, Typ
from ledger.labels import Level
from ledger.merkle import leaf_hash
from ledger.statements import SealedStatement
from ledger.submissions import Depth
from ledger.terms import WitnessPolicy
from ledger.verifiedtree import VerifiedTree
from tests.support.consortium import (
    ORIGIN,
    Consortium,
    agency_ids,
    make_agency,
    make_charter,
    make_consortium,
    make_keys,
    sign_by,
    signer,
)
from tests.support.witnessing import cosigned_note

A, B, C = agency_ids(3)
ALL_DEPTHS = pytest.mark.parametrize("depth", list(Depth))


def _audited(consortium: Consortium, entries: Sequence[bytes] | None = None, depth: Depth = Depth.SIGNATURES) -> Report:
    """Audit entries as if the log had signed exactly them."""
    entries = consortium.store.entries(0, consortium.state.size) if entries is None else entries
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file), depth=depth)
    leaves = [leaf_hash(entry) for entry in entries]
    return audit_log(
        auditor,
        size=len(entries),
        leaf_hashes=lambda start, end: leaves[start:end],
        entries=lambda start, end: entries[start:end],
        charter_file=consortium.store.charter,
    )


def _first(report: Report) -> tuple[int, str]:
    assert report.verdict is Verdict.FAILED
    return report.findings[0].index, report.findings[0].check


def _log(consortium: Consortium) -> list[bytes]:
    return list(consortium.store.entries(0, consortium.state.size))


@cache
def _shared() -> Consortium:
    """Return one such log for the tests that append nothing to it themselves."""
    return _busy()


def _busy() -> Consortium:
    """Return a log in which every kind of entry stands."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    first = consortium.record(A)
    consortium.submit(A, [first, consortium.record(A)])
    new = make_keys(A, roles=(Role.SIGN,), start=11)
    consortium.submit_key_entry(consortium.key_entry(A, add=new, end=[KeyId(A, 4)]))
    consortium.submit(A, [consortium.record(A, sup=first.name.jti)])
    charter = consortium.next_charter(url="https://log.test")
    consortium.submit_charter(sign_by(charter, consortium.current.agencies, previous=consortium.current))
    consortium.open_epoch(B)
    return consortium


@ALL_DEPTHS
def test_an_honest_log_passes(depth: Depth) -> None:
    """Nothing is found, everything is counted, and the verdict says that nobody witnessed it."""
    consortium = _shared()
    report = _audited(consortium, depth=depth)

    assert (report.findings, report.broken, report.size, report.depth) == ((), 0, consortium.state.size, depth)
    assert report.verdict is Verdict.UNWITNESSED
    assert dict(report.counts) == {Typ.CHARTER: 2, Typ.KEY: 1, Typ.GRANT: 4, Typ.RECORD: 3, Typ.BATCH: 4}


def test_an_audit_reads_verified_tiles() -> None:
    """Leaves come from tiles that were verified up to the signed root."""
    consortium = _shared()
    head = consortium.store.head()
    tree = VerifiedTree(size=head.size, root=head.tree.root(), read=consortium.store.tile)
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))
    report = audit_log(
        auditor,
        size=head.size,
        leaf_hashes=tree.leaf_hashes,
        entries=consortium.store.entries,
        charter_file=consortium.store.charter,
    )

    assert report.verdict is Verdict.UNWITNESSED


@pytest.mark.parametrize("index", range(14))
@ALL_DEPTHS
def test_one_flipped_byte_is_named(index: int, depth: Depth) -> None:
    """Whatever entry a byte is flipped in, the audit's first finding is that entry's leaf."""
    consortium = _shared()
    honest = _log(consortium)
    entries = list(honest)
    middle = len(entries[index]) // 2
    entries[index] = entries[index][:middle] + bytes([entries[index][middle] ^ 1]) + entries[index][middle + 1 :]
    leaves = [leaf_hash(entry) for entry in honest]
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file), depth=depth)
    report = audit_log(
        auditor,
        size=len(entries),
        leaf_hashes=lambda start, end: leaves[start:end],
        entries=lambda start, end: entries[start:end],
        charter_file=consortium.store.charter,
    )

    assert _first(report) == (index, "leaf")
    assert report.findings[0].expected == b64u(leaf_hash(honest[index]))
    assert report.findings[0].found == b64u(leaf_hash(entries[index]))
    assert "keep both" in report.findings[0].next_step


def _with_batch(
    consortium: Consortium,
    statements: Sequence[SealedStatement],
    entries: Sequence[bytes] | None = None,
    **changes: object,
) -> list[bytes]:
    """Return the log with a batch that no honest server would have appended."""
    batch = consortium.batch(A, statements, **changes)
    appended = [statement.entry for statement in statements] if entries is None else list(entries)
    return [*_log(consortium), *appended, batch]


@ALL_DEPTHS
def test_swapped_batch_entries_are_found(depth: Depth) -> None:
    """An operator that exchanges two statements of a batch breaks its root."""
    consortium = _shared()
    one, other = consortium.record(A), consortium.record(A)
    entries = _with_batch(consortium, [one, other], [other.entry, one.entry])

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "batch/root")


@ALL_DEPTHS
def test_a_statement_left_out_is_found(depth: Depth) -> None:
    """An operator that keeps a statement back cannot close the batch."""
    consortium = _shared()
    one, other = consortium.record(A), consortium.record(A)
    entries = _with_batch(consortium, [one, other], [one.entry])

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "batch/n")


@ALL_DEPTHS
def test_a_sequence_gap_is_found(depth: Depth) -> None:
    """An operator that drops a whole batch leaves a hole in its agency's chain."""
    consortium = _shared()
    entries = _log(consortium)
    del entries[4:7]

    found = _first(_audited(consortium, entries, depth))

    # What follows was signed for other places, so the key entry's chain holds and the agency's next batch does not.
    assert found == (6, "batch/seq")


@ALL_DEPTHS
def test_a_wrong_prev_is_found(depth: Depth) -> None:
    """A batch that names another one before it was signed on top of a fork."""
    consortium = _shared()
    entries = _with_batch(consortium, [consortium.record(A)], prev=bytes(32))

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "batch/prev")


@ALL_DEPTHS
def test_two_batches_with_one_seq_are_found(depth: Depth) -> None:
    """The second of two batches of one name is a finding, however well both are signed."""
    consortium = _shared()
    one, other = consortium.record(A), consortium.record(A)
    entries = [*_with_batch(consortium, [one]), other.entry, consortium.batch(A, [other])]

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "batch/seq")


@ALL_DEPTHS
def test_a_batch_of_another_log_is_found(depth: Depth) -> None:
    """A batch that was signed for another origin does not belong here."""
    consortium = _shared()
    entries = _with_batch(consortium, [consortium.record(A)], log="other.test/weapons")

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "batch/log")


@ALL_DEPTHS
def test_stale_keys_are_found(depth: Depth) -> None:
    """A batch whose kx is not the last change before it was appended against the rules."""
    consortium = _shared()
    entries = _with_batch(consortium, [consortium.record(A)], kx=0)

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "batch/kx")


@ALL_DEPTHS
def test_a_batch_by_an_ended_key_is_found(depth: Depth) -> None:
    """A key that has ended signs nothing any more."""
    consortium = _shared()
    old = (signer(f"{A}#4", Algorithm.ED25519), KeyId(A, 4))
    entries = _with_batch(consortium, [consortium.record(A)], sign=old)

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "batch/header")


@ALL_DEPTHS
@pytest.mark.parametrize("place", [0, 1])
def test_one_good_of_two_batch_signatures_is_found(depth: Depth, place: int) -> None:
    """Both signatures are verified at every depth."""
    consortium = _shared()
    entries = _with_batch(consortium, [consortium.record(A)])
    general = jws.parse_general(entries[-1])
    signatures = list(general.signatures)
    signatures[place] = replace(signatures[place], signature=b"\x01" * len(signatures[place].signature))
    entries[-1] = jws.format_general(general.payload, tuple(signatures))

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "batch/signature")


@ALL_DEPTHS
def test_a_statement_by_another_agency_is_found(depth: Depth) -> None:
    """The finding names the statement, not only its batch."""
    consortium = _shared()
    entries = _with_batch(consortium, [consortium.record(A), consortium.record(B)])

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 2, "statement/header")


@ALL_DEPTHS
def test_a_grant_above_a_ceiling_is_found(depth: Depth) -> None:
    """Ceilings are judged at every depth, and the finding names the grant."""
    consortium = make_consortium(3)
    kept = consortium.next_charter().agencies
    charter = consortium.next_charter(agencies=(*kept[:2], replace(kept[2], ceiling=Level.RESTRICTED)))
    consortium.submit_charter(sign_by(charter, consortium.current.agencies, previous=consortium.current))
    grants = [consortium.grant(A, [B]), consortium.grant(A, [C], level=Level.SECRET)]
    entries = _with_batch(consortium, grants)
    report = _audited(consortium, entries, depth)

    assert _first(report) == (len(entries) - 2, "grant/ceiling")
    assert (report.findings[0].expected, report.findings[0].found) == (f"at most RESTRICTED to {C}", "SECRET")


@ALL_DEPTHS
def test_statements_that_no_batch_closes_are_found(depth: Depth) -> None:
    """At the end of the log, and before a charter or key entry."""
    consortium = _shared()
    stray = consortium.record(A).entry
    size = consortium.state.size
    key = consortium.key_entry(B, add=make_keys(B, roles=(Role.HTTP,), start=11))

    assert _first(_audited(consortium, [*_log(consortium), stray], depth)) == (size, "batch/closing")
    assert _first(_audited(consortium, [*_log(consortium), stray, key], depth)) == (size, "batch/closing")


def test_more_statements_than_a_batch_may_close_are_found() -> None:
    """An auditor does not gather statements without end."""
    consortium = make_consortium(3)
    entries = [*_log(consortium), *(b"stray %d" % number for number in range(1_001))]
    report = _audited(consortium, entries)

    assert _first(report) == (1, "batch/closing")
    assert report.broken == 1


@ALL_DEPTHS
@pytest.mark.parametrize("raw", [b"{", b"{}", b'{"typ":', b'{"payload":"e30","signatures":[]}', b'{"typ":"x"}'])
def test_an_entry_of_no_form_is_found(depth: Depth, raw: bytes) -> None:
    """Bytes that are no entry are named, and the log after them is still read."""
    consortium = _shared()
    report = _audited(consortium, [*_log(consortium), raw], depth)

    assert _first(report) == (consortium.state.size, "form")
    assert report.size == consortium.state.size + 1


@ALL_DEPTHS
def test_a_void_key_entry_is_found_and_changes_nothing(depth: Depth) -> None:
    """A key entry with a used public key is a finding against the operator and void for every purpose."""
    consortium = _busy()
    stolen = replace(make_keys(A, roles=(Role.SIGN,), start=4)[0], kid=KeyId(B, 12))
    size = consortium.state.size
    void = consortium.key_entry(B, add=[stolen])
    consortium.state.skip(1)
    good = consortium.record(B)
    batch = consortium.batch(B, [good])
    report = _audited(consortium, [*consortium.store.entries(0, size), void, good.entry, batch], depth)

    assert (_first(report), report.broken) == ((size, "duplicate"), 1)
    assert "operator" in report.findings[0].next_step


@ALL_DEPTHS
def test_a_key_entry_out_of_its_chain_is_found(depth: Depth) -> None:
    """A wrong prev voids a key entry: one before it was left out."""
    consortium = _shared()
    entries = _log(consortium)
    replayed = [*entries, entries[7]]

    assert _first(_audited(consortium, replayed, depth)) == (len(entries), "key/prev")


@ALL_DEPTHS
def test_a_stale_charter_is_found(depth: Depth) -> None:
    """An older charter that is appended again does not come back into force."""
    consortium = _shared()
    entries = [*_log(consortium), charter_entry(consortium.charter_file)]

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 1, "charter/ver")


@ALL_DEPTHS
def test_a_missing_charter_file_is_found(depth: Depth) -> None:
    """A charter that cannot be read fails the audit."""
    consortium = _busy()
    del consortium.store.rows.charters[2]  # type: ignore[attr-defined]  # the store is in memory

    assert _first(_audited(consortium, depth=depth)) == (10, "missing")


@ALL_DEPTHS
def test_another_first_charter_is_found(depth: Depth) -> None:
    """Without the pinned charter nothing of the log is believed."""
    consortium = _shared()
    auditor = Auditor(origin=ORIGIN, fingerprint=bytes(32), depth=depth)
    entry = consortium.store.entries(0, 1)[0]
    auditor.feed(0, entry, leaf=leaf_hash(entry), charter_file=consortium.store.charter)

    assert _first(auditor.finish()) == (0, "charter/fingerprint")


@pytest.mark.parametrize("depth", [Depth.RECORDS, Depth.SIGNATURES])
def test_a_statement_logged_twice_is_found(depth: Depth) -> None:
    """Names are unique over the whole log; the finding says where the first of the two stands."""
    consortium = _busy()
    record = consortium.record(A)
    first = consortium.submit(A, [record]).first
    entries = _with_batch(consortium, [consortium.record(A), record])
    (finding,) = _audited(consortium, entries, depth).findings

    assert (finding.index, finding.check) == (len(entries) - 2, "statement/name")
    assert finding.found == f"that of entry {first}"


@pytest.mark.parametrize("depth", [Depth.RECORDS, Depth.SIGNATURES])
def test_a_record_of_another_form_is_found(depth: Depth) -> None:
    """Every statement is parsed to the letter."""
    consortium = _shared()
    record = consortium.record(A)
    header, _, signature = record.entry.split(b".")
    spoiled = replace(record, entry=b".".join((header, b64u(b'{"iss":"xaa-arms"}').encode(), signature)))
    entries = _with_batch(consortium, [consortium.record(A), spoiled])

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 2, "form")
    assert _audited(consortium, entries, Depth.STRUCTURE).verdict is Verdict.UNWITNESSED


@pytest.mark.parametrize("depth", [Depth.RECORDS, Depth.SIGNATURES])
def test_a_record_of_a_stale_epoch_is_found(depth: Depth) -> None:
    """A record under an epoch that is not the newest should have been refused."""
    consortium = _shared()
    entries = _with_batch(consortium, [consortium.record(A, ep=2)])

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 2, "record/ep")


@pytest.mark.parametrize("depth", [Depth.RECORDS, Depth.SIGNATURES])
def test_a_second_correction_is_found(depth: Depth) -> None:
    """A record is superseded once, over the whole log."""
    consortium = _busy()
    first = consortium.record(A)
    consortium.submit(A, [first])
    consortium.submit(A, [consortium.record(A, sup=first.name.jti)])
    entries = _with_batch(consortium, [consortium.record(A, sup=first.name.jti)])

    assert _first(_audited(consortium, entries, depth)) == (len(entries) - 2, "record/sup")


def test_a_correction_within_one_batch_passes() -> None:
    """A record may supersede one that stands earlier in its own batch."""
    consortium = _shared()
    first = consortium.record(A)
    entries = _with_batch(consortium, [first, consortium.record(A, sup=first.name.jti)])

    assert _audited(consortium, entries).verdict is Verdict.UNWITNESSED


def test_a_forged_statement_signature_is_found_when_signatures_are_asked_for() -> None:
    """Only the deepest audit verifies every Ed25519 signature; the batch's root vouches before."""
    consortium = _shared()
    record = consortium.record(A)
    forged = replace(record, entry=record.entry.rpartition(b".")[0] + b"." + b64u(b"\x01" * 64).encode())
    entries = _with_batch(consortium, [consortium.record(A), forged])

    assert _first(_audited(consortium, entries, Depth.SIGNATURES)) == (len(entries) - 2, "statement/signature")
    assert _audited(consortium, entries, Depth.RECORDS).verdict is Verdict.UNWITNESSED


def test_tiles_that_do_not_verify_end_the_audit() -> None:
    """Where tiles cannot be believed nothing after them is."""
    consortium = _shared()
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))

    def lying(_start: int, _end: int) -> Sequence[bytes]:
        raise ProofError("a tile that does not hash to the root")

    report = audit_log(
        auditor,
        size=14,
        leaf_hashes=lying,
        entries=consortium.store.entries,
        charter_file=consortium.store.charter,
    )

    assert _first(report) == (0, "read")
    assert report.findings[0].found == "a tile that does not hash to the root"


@pytest.mark.parametrize("cut", [1, 14])
def test_entries_that_are_withheld_end_the_audit(cut: int) -> None:
    """Fewer entries than the checkpoint signs for, or none, are a finding."""
    consortium = _shared()
    entries = _log(consortium)[:-cut]
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))
    report = audit_log(
        auditor,
        size=14,
        leaf_hashes=lambda start, end: [bytes(32)] * (end - start),
        entries=lambda start, end: entries[start:end],
        charter_file=consortium.store.charter,
    )

    assert _first(report) == (0, "read")


def test_an_unknown_range_ends_the_audit() -> None:
    """A server that answers `not found` for what it signed is named."""
    consortium = _shared()
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))

    def missing(_start: int, _end: int) -> Sequence[bytes]:
        raise NotFoundError("gone")

    report = audit_log(auditor, size=14, leaf_hashes=missing, entries=missing, charter_file=consortium.store.charter)

    assert _first(report) == (0, "read")


def test_an_empty_log_is_no_verified_log() -> None:
    """A log without a charter proves nothing."""
    report = _audited(make_consortium(3), [])

    assert (report.verdict, report.size) == (Verdict.FAILED, 0)


def test_a_log_without_its_charter_fails() -> None:
    """Entries before any charter count for nothing, and the verdict is no better without findings."""
    consortium = _shared()
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))
    stray = consortium.record(A).entry
    auditor.feed(0, stray, leaf=leaf_hash(stray), charter_file=consortium.store.charter)

    assert auditor.report().verdict is Verdict.FAILED
    assert auditor.finish().findings[0].check == "batch/closing"


def test_an_audit_takes_entries_in_their_order() -> None:
    """An entry at another index is a mistake of the caller, not of the log."""
    auditor = Auditor(origin=ORIGIN, fingerprint=bytes(32))

    with pytest.raises(MalformedError):
        auditor.feed(1, b"x", leaf=leaf_hash(b"x"), charter_file=lambda _: b"")
    assert auditor.size == 0


def test_findings_are_counted_and_capped() -> None:
    """A log of garbage gives a hundred findings and the number of all."""
    consortium = make_consortium(3)
    entries = [*_log(consortium), *(b"{%d" % number for number in range(300))]
    report = _audited(consortium, entries)

    assert (len(report.findings), report.broken) == (MAX_FINDINGS, 300)


def test_findings_stand_in_log_order() -> None:
    """What is found later about an earlier entry is reported before it."""
    consortium = _shared()
    entries = _with_batch(consortium, [consortium.record(B), consortium.record(A)])
    leaves = [leaf_hash(entry) for entry in entries]
    leaves[-2] = bytes(32)
    auditor = Auditor(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))
    report = audit_log(
        auditor,
        size=len(entries),
        leaf_hashes=lambda start, end: leaves[start:end],
        entries=lambda start, end: entries[start:end],
        charter_file=consortium.store.charter,
    )

    assert [finding.check for finding in report.findings] == ["statement/header", "leaf"]


def test_entries_alone_do_not_verify_a_witnessed_log() -> None:
    """VERIFIED is said once the quorum was seen under the checkpoint; without it the audit has a finding."""
    agency = make_agency(A, keys=make_keys(A, roles=tuple(Role)))
    bare = replace(agency, keys=tuple(key for key in agency.keys if key.role is not Role.WITNESS))
    charter = replace(make_charter([bare]), agencies=(agency,), witness=WitnessPolicy(agencies=(A,), k=1, f=0))
    consortium = Consortium(charter=charter, charter_file=sign_by(charter, [agency]))
    unseen, seen, short = (_fed(consortium) for _ in range(3))
    head = consortium.store.head()
    checkpoint = Checkpoint(origin=charter.origin, size=head.size, root=head.tree.root())

    cosigned = seen.check_quorum(cosigned_note(checkpoint, charter, {A: 5}))

    assert unseen.report().verdict is Verdict.UNWITNESSED
    assert seen.report().verdict is Verdict.VERIFIED
    assert cosigned is not None
    assert short.check_quorum(head.checkpoint) is None
    assert short.report().verdict is Verdict.FAILED
    assert [one.check for one in short.report().findings] == ["checkpoint/quorum"]


def _fed(consortium: Consortium) -> Auditor:
    auditor = Auditor(origin=consortium.origin, fingerprint=of_file(consortium.charter_file))
    (entry,) = consortium.store.entries(0, 1)
    auditor.feed(0, entry, leaf=leaf_hash(entry), charter_file=lambda ver: consortium.files[ver])
    return auditor


_SPOILS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "two entries swapped": lambda entries: [*entries[:4], entries[5], entries[4], *entries[6:]],
    "a batch before its statements": lambda entries: [*entries[:4], entries[6], *entries[4:6], *entries[7:]],
    "an entry twice": lambda entries: [*entries[:5], entries[4], *entries[5:]],
    "a charter left out": lambda entries: [*entries[:10], *entries[11:]],
    "a key entry left out": lambda entries: [*entries[:7], *entries[8:]],
    "a charter moved up": lambda entries: [*entries[:4], entries[10], *entries[4:10], *entries[11:]],
}


@ALL_DEPTHS
@pytest.mark.parametrize("name", sorted(_SPOILS))
def test_a_rearranged_log_fails(depth: Depth, name: str) -> None:
    """No two entries of a log can be exchanged, dropped or repeated, even by an operator that signs a new tree."""
    consortium = _shared()

    assert _audited(consortium, _SPOILS[name](_log(consortium)), depth).verdict is Verdict.FAILED


def test_a_finding_says_what_to_do_next() -> None:
    """Which check, what was expected, what was found, what to do next: all four in words."""
    consortium = _shared()
    entries = _with_batch(consortium, [consortium.record(A)], kx=0)
    (finding,) = _audited(consortium, entries).findings

    assert finding == Finding(
        index=len(entries) - 1,
        check="batch/kx",
        expected="10",
        found="0",
        next_step="The batch and its statements count for nothing: show the entry to its agency and to the operator.",
    )
