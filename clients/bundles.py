"""Evidence bundles out of the replica and the log: what one may see, with everything that proves it (docs/protocol.md, 9.11).

A bundle is made from verified parts and verified once more as a stranger would, before it is handed out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.batchreading import ReadBatch, read_batch
from clients.entries import Entries
from clients.errors import NotPermittedError
from clients.replica import StoredRecord
from clients.session import Standing
from clients.views import RecordView, Viewer, view_record
from ledger import fingerprints
from ledger.bundle import counted_lines, verify_bundle
from ledger.bundleform import Bundle, CharterPart, Closing, KeyPart
from ledger.bundleverdict import Verdict
from ledger.errors import ProofError
from ledger.merkle import inclusion_proof_of
from ledger.presentation import present
from ledger.proofs import TlogProof
from ledger.tileproofs import inclusion_proof
from ledger.witnesses import policy_of

NO_COPY = "NO-COPY"
CAVEATS: Mapping[str, str] = {
    "ORCON": "the originator controls further use: ask before this file leaves your agency",
    "H1-NOCOURT": "not to be used as evidence in court without the originator's consent",
    "H2-NOSHARE": "not to be passed on without the originator's consent",
    "NO-PUB": "not to be published",
    "HUMAN-ONLY": "for people to read, not for automated processing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A bundle, what it proves to whoever has the same anchor, and the caveats that go with it, in words."""

    raw: bytes = field(repr=False)
    verdict: Verdict
    caveats: tuple[str, ...]


def export(
    standing: Standing, record: StoredRecord, viewer: Viewer, *, portions: Sequence[str] = (), thin: bool = False
) -> Exported:
    """Return the bundle that shows `portions` of a record, all that the viewer may see where none is named."""
    _require_copy(view_record(record, viewer), standing.me)
    return prove(standing, record, viewer, portions=portions, thin=thin)


def prove(
    standing: Standing, record: StoredRecord, viewer: Viewer, *, portions: Sequence[str] = (), thin: bool = False
) -> Exported:
    """Return the same of a record that may not be copied: to look at what is proved, and not to be handed out."""
    view = view_record(record, viewer)
    shown = _chosen(view, portions)
    standing.authority.catch_up(record.name.iss)
    batch = read_batch(Entries(standing.view, standing.session.service), standing.authority, record.batch)
    disclosures = [text for portion in view.portions if portion.portion in shown for text in portion.disclosures]
    bundle = _bundle(standing, record, batch, presentation=present(record.entry, disclosures), thin=thin)
    raw = bundle.format()
    held = {fingerprints.of_file(one.file): one.file for one in standing.view.charters}
    verdict = verify_bundle(raw, anchor=standing.session.trust.anchor(), held=held)
    # A release binds by its own terms, which no disclosure carries.
    caveats = {*verdict.caveats, *(view.marking.cav if view.marking else ())}
    return Exported(raw=raw, verdict=verdict, caveats=tuple(_words(caveat) for caveat in sorted(caveats)))


def check_now(standing: Standing, verdict: Verdict) -> tuple[str, ...]:
    """Return what the log of today says against a verified bundle; raise ProofError if it is of another history."""
    if verdict.checkpoint.size > standing.view.checkpoint.size:
        raise ProofError("the bundle's log is longer than the one this home sees: somebody is shown another history")
    if standing.view.tree.root_at(verdict.checkpoint.size) != verdict.checkpoint.root:
        raise ProofError("the bundle's checkpoint is not a beginning of the log that this home verified")
    standing.authority.catch_up(verdict.name.iss)
    membership = standing.authority.membership
    keys = (verdict.record.kid, *verdict.batch_keys)
    return tuple(
        f"{kid} was revoked later, and what it signed here is disputed by {kid.agency}"
        for kid in dict.fromkeys(keys)
        if membership.disputed(kid, verdict.index)
    )


def _chosen(view: RecordView, portions: Sequence[str]) -> list[str]:
    """Return the portions to show: those named, each of which the one decision must let pass, or all that it does."""
    for portion in view.portions:
        if portion.portion in portions and portion.withheld:
            raise NotPermittedError(
                f"the {portion.portion} portion is withheld: {portion.reason}",
                next_step=f"ask {view.record.name.iss} for a release, or leave it out",
            )
    shown = [portion.portion for portion in view.portions if not portion.withheld]
    if not shown:
        raise NotPermittedError(
            "nothing of this record may be shown for this purpose", next_step="see its reasons: `sealtrace show --json`"
        )
    return [portion for portion in shown if not portions or portion in portions]


def _require_copy(view: RecordView, me: str) -> None:
    """Raise NotPermittedError where the originator allows no copy: a bundle is one, and travels."""
    iss = view.record.name.iss
    if iss != me and view.marking is not None and NO_COPY in view.marking.cav:
        raise NotPermittedError(
            f"{iss} allows no copy of this record (NO-COPY), and a bundle is one",
            next_step=f"ask {iss} to export it",
        )


def _bundle(standing: Standing, record: StoredRecord, batch: ReadBatch, *, presentation: bytes, thin: bool) -> Bundle:
    view, service = standing.view, standing.session.service
    size = view.checkpoint.size

    def path(index: int) -> tuple[bytes, ...]:
        return inclusion_proof(index=index, size=size, read=service.tile)

    entries = standing.session.replica.key_entries()
    iss = record.name.iss
    keys = [change.index for change in standing.authority.membership.key_changes(iss, after=-1)]
    return Bundle(
        presentation=presentation,
        proof=TlogProof(
            index=record.index, hashes=path(record.index), checkpoint=counted_lines(view.note, view.charter)
        ),
        closing=Closing(
            entry=batch.submission.entry,
            index=batch.index,
            path=inclusion_proof_of(batch.submission.leaves, record.index - batch.first),
            proof=path(batch.index),
        ),
        charters=tuple(
            CharterPart(
                ver=one.charter.ver,
                index=one.index,
                file_hash=fingerprints.of_file(one.file),
                path=path(one.index),
                file=None if thin else one.file,
            )
            for one in view.charters
        ),
        keys=tuple(
            KeyPart(index=index, entry=entries[index], path=path(index)) for index in keys if index < batch.first
        ),
        policy=None if thin else policy_of(view.charter).format(),
    )


def _words(caveat: str) -> str:
    return f"{caveat}: {CAVEATS.get(caveat, 'as the originator wrote')}"
