"""The evidence bundle: one file that proves a record to somebody with no network and no account (docs/protocol.md, 9.11).

Pure: bytes in, verdict out. Every step from the verifier's own anchor to the fields shown is taken here, in the order
in which one rests on the other: anchor, charters and keys, checkpoint, places in the log, batch, statement, fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger import fingerprints
from ledger.batchcheck import verify_both, verify_signatures
from ledger.batches import Batch, parse_batch
from ledger.bundleform import Bundle, parse_bundle
from ledger.bundleverdict import Verdict
from ledger.charter import Charter, charter_entry
from ledger.charterpayload import parse_charter
from ledger.checkpoints import Checkpoint
from ledger.checks import refuse, require
from ledger.errors import BadSignatureError, LedgerError, MalformedError, NotFoundError, ProofError
from ledger.jws import split_compact
from ledger.kinds import Typ
from ledger.membership import Membership
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.notes import keep_lines, parse_note
from ledger.opening import check_disclosures
from ledger.presentation import parse_presentation
from ledger.recordform import Record
from ledger.witnesses import Cosigned, entry_time, open_published, policy_of, witness_vkeys

__all__ = ["Bundle", "Verdict", "counted_lines", "parse_bundle", "verify_bundle"]


def verify_bundle(raw: bytes, *, anchor: bytes | None, held: Mapping[bytes, bytes] | None = None) -> Verdict:
    """Return what the bundle proves, or raise a LedgerError that says which step failed.

    `anchor` is H(charter file 1) from the verifier's own source; without it the verdict says so. `held` are charter
    files that the verifier has and believes, by their hash: a thin bundle leaves them out.
    """
    bundle = parse_bundle(raw)
    files = _files(bundle, held or {})
    fingerprint = fingerprints.of_file(files[0])
    if anchor is not None:
        refusal = MalformedError("the bundle's charter 1 is not the one that was anchored")
        require("bundle/anchor", expected=anchor, found=fingerprint, refusal=refusal)
    batch = parse_batch(bundle.closing.entry)
    membership = _membership(bundle, files, fingerprint=fingerprint, batch=batch)
    note = _open_note(bundle, membership)
    _check_places(bundle, files, note.checkpoint)
    record, disclosures = parse_presentation(bundle.presentation)
    _check_batch(bundle, batch, record, membership=membership)
    _check_statement(record, membership=membership, first=bundle.closing.index - batch.n)
    _check_policy(bundle, note.charter)
    return Verdict(
        record=record,
        fields=check_disclosures(record, disclosures),
        index=bundle.proof.index,
        checkpoint=note.checkpoint,
        charter=note.charter,
        fingerprint=fingerprint,
        anchored=anchor is not None,
        batch=batch,
        batch_index=bundle.closing.index,
        keys_as_of=membership.key_chain(batch.iss, bundle.closing.index - batch.n),
        cosigned=note.cosigned.times,
        logged_by=entry_time(note.cosigned, f=note.charter.witness.f),
    )


def counted_lines(note: bytes, charter: Charter) -> bytes:
    """Return a published checkpoint with the lines of the log and of the witnesses that count, and no others."""
    cosigned = open_published(note, charter=charter)
    return keep_lines(
        note, keys=[*charter.log.vkeys, *(key for agency in cosigned.times for key in witness_vkeys(charter, agency))]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """The checkpoint of a bundle, and the charter that judged it."""

    cosigned: Cosigned
    charter: Charter

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint."""
        return self.cosigned.checkpoint


def _files(bundle: Bundle, held: Mapping[bytes, bytes]) -> tuple[bytes, ...]:
    """Return the charter files, each with the hash that the bundle names."""
    found: list[bytes] = []
    for one in bundle.charters:
        file = held.get(one.file_hash) if one.file is None else one.file
        if file is None:
            absent = NotFoundError(f"charter {one.ver} is left out of this thin bundle, and it is not held here")
            raise refuse("bundle/charter", expected=one.file_hash, found="no such file", refusal=absent)
        refusal = MalformedError(f"the file of charter {one.ver} is not the one that the bundle names")
        require("bundle/charter", expected=one.file_hash, found=fingerprints.of_file(file), refusal=refusal)
        found.append(file)
    return tuple(found)


def _membership(bundle: Bundle, files: tuple[bytes, ...], *, fingerprint: bytes, batch: Batch) -> Membership:
    """Return who is a member under which keys, judged entry by entry in log order from charter 1 on."""
    membership = Membership(origin=parse_charter(files[0]).origin, fingerprint=fingerprint)
    charters = {one.index: (one.ver, file) for one, file in zip(bundle.charters, files, strict=True)}
    keys = {one.index: one.entry for one in bundle.keys}
    order = sorted({*charters, *keys})
    listed = sorted(charters) + sorted(keys)
    places = [one.index for one in bundle.charters] + [one.index for one in bundle.keys]
    if places != listed or len(order) != len(places):
        raise MalformedError("the charters and key entries of a bundle stand in log order, each at a place of its own")
    for index in order:
        if index in charters:
            ver, file = charters[index]
            change = membership.apply_charter(index, charter_entry(file), file)
            refusal = MalformedError("a bundle that calls a charter by another number")
            require("bundle/charter-ver", expected=change.charter.ver, found=ver, refusal=refusal)
        else:
            found = membership.apply_key(index, keys[index])
            refusal = MalformedError("a bundle shows the key entries of its record's issuer, up to its batch")
            require("bundle/key-iss", expected=batch.iss, found=found.entry.iss, refusal=refusal)
            _require_before(index, bundle.closing.index - batch.n, refusal=refusal)
    return membership


def _require_before(index: int, first: int, *, refusal: LedgerError) -> None:
    if index >= first:
        raise refuse("bundle/key-index", expected=f"an index below {first:,}", found=index, refusal=refusal)


def _open_note(bundle: Bundle, membership: Membership) -> _Note:
    """Return the checkpoint once the log and the quorum of the newest charter shown have signed it.

    A checkpoint in the wild may carry lines of keys that we do not know. In a bundle none may: what is in evidence was
    verified, or it is not in evidence.
    """
    index, charter = membership.charters()[-1]
    note = bundle.proof.checkpoint
    cosigned = open_published(note, charter=charter)
    size = cosigned.checkpoint.size
    if size <= index:
        refusal: LedgerError = ProofError("a checkpoint is judged by a charter that its tree holds")
        raise refuse("bundle/judge", expected=f"more than {index:,} entries", found=size, refusal=refusal)
    refusal = MalformedError("a checkpoint in a bundle carries lines that count, and no others")
    counted = len(charter.log.vkeys) + sum(len(witness_vkeys(charter, agency)) for agency in cosigned.times)
    require("bundle/lines", expected=counted, found=len(parse_note(note).signatures), refusal=refusal)
    return _Note(cosigned=cosigned, charter=charter)


def _check_places(bundle: Bundle, files: tuple[bytes, ...], checkpoint: Checkpoint) -> None:
    """Raise unless the record, its batch, and every charter and key entry shown are in the log where the bundle says."""
    if bundle.proof.extra is not None:
        raise MalformedError("a proof with extra data, which nothing authenticates")
    statement = bundle.presentation.partition(b"~")[0]
    _require_place("record", statement, bundle.proof.index, bundle.proof.hashes, checkpoint)
    _require_place("batch", bundle.closing.entry, bundle.closing.index, bundle.closing.proof, checkpoint)
    for charter, file in zip(bundle.charters, files, strict=True):
        _require_place(f"charter {charter.ver}", charter_entry(file), charter.index, charter.path, checkpoint)
    for key in bundle.keys:
        _require_place(f"key entry {key.index:,}", key.entry, key.index, key.path, checkpoint)


def _require_place(what: str, entry: bytes, index: int, path: tuple[bytes, ...], checkpoint: Checkpoint) -> None:
    leaf = leaf_hash(entry)
    try:
        verify_inclusion(leaf=leaf, index=index, size=checkpoint.size, proof=path, root=checkpoint.root)
    except ProofError as error:
        refusal = ProofError(f"{what} is not in the log where the bundle says")
        expected = f"a path to the root of {checkpoint.size:,} entries"
        raise refuse("bundle/place", expected=expected, found=error, refusal=refusal) from refusal.__cause__


def _check_batch(bundle: Bundle, batch: Batch, record: Record, *, membership: Membership) -> None:
    """Raise unless the batch holds the record, under the keys in force at its place, and both its signatures are good."""
    first = bundle.closing.index - batch.n
    refusal: LedgerError = MalformedError("this batch is of another log")
    require("batch/log", expected=membership.origin, found=batch.log, refusal=refusal)
    refusal = BadSignatureError("the record of one agency in a batch of another")
    require("batch/iss", expected=record.name.iss, found=batch.iss, refusal=refusal)
    place = bundle.proof.index - first
    if first < 0 or not 0 <= place < batch.n:
        refusal = ProofError("the record is not among the statements that this batch closes")
        expected = f"an index from {first:,} to {bundle.closing.index - 1:,}"
        raise refuse("bundle/batch-place", expected=expected, found=bundle.proof.index, refusal=refusal)
    membership.agency(batch.iss, first)
    refusal = MalformedError("the batch was signed for other keys in force than the bundle shows")
    require("batch/kx", expected=membership.kx(batch.iss, first), found=batch.kx, refusal=refusal)
    verify_both(batch, membership.headers(first))
    try:
        verify_inclusion(
            leaf=leaf_hash(record.entry), index=place, size=batch.n, proof=bundle.closing.path, root=batch.root
        )
    except ProofError as error:
        refusal = ProofError("the batch does not close this record")
        raise refuse("batch/root", expected=batch.root, found=error, refusal=refusal) from refusal.__cause__


def _check_statement(record: Record, *, membership: Membership, first: int) -> None:
    """Raise unless the record is signed by a `sign` key that its issuer had in force at its place."""
    headers = membership.headers(first)
    key = headers.get(split_compact(record.entry)[0].protected)
    if key is None or (key.agency, key.typ) != (record.name.iss, Typ.RECORD):
        refusal = BadSignatureError("a record that names no key its agency may sign it with")
        expected = f"the header of a sign key of {record.name.iss} in force"
        raise refuse("statement/header", expected=expected, found="another", refusal=refusal)
    verify_signatures((record.entry,), headers)


def _check_policy(bundle: Bundle, charter: Charter) -> None:
    """Raise unless the policy, which is there for tools of others, is the one that the charter makes."""
    if bundle.policy is not None:
        refusal = MalformedError("the policy is not the one that the charter in force makes")
        found = fingerprints.of_file(bundle.policy)
        require(
            "bundle/policy", expected=fingerprints.of_file(policy_of(charter).format()), found=found, refusal=refusal
        )
