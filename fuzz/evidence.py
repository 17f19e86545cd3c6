"""Valid evidence: a bundle, a proof of fraud, a sealed report; and what reads each."""

from dataclasses import replace
from functools import partial

from crypto import portionkeys
from crypto.digests import sha256
from fuzz.parsers import Feed
from ledger import bundleform, fraudform, reports, storedzip
from ledger.agencies import Auditor
from ledger.fraudkeys import Believed
from ledger.identifiers import KeyId
from ledger.kinds import Role
from ledger.labels import Level
from ledger.recordform import parse_record
from ledger.sealing import portion_context
from tests.support.bundles import ISS, bundle_of, first_record
from tests.support.consortium import decapsulator, epoch_key, make_consortium, make_key
from tests.support.frauds import fork, histories

_AUDITOR = "xau-dit"


def feeds() -> dict[str, tuple[Feed, bytes]]:
    """Return every parser of evidence with input that it takes."""
    consortium = make_consortium()
    bundle = bundle_of(consortium, first_record(consortium), thin=True).format()
    proof = fork()
    holder = decapsulator(f"{_AUDITOR}#1")
    open_report = partial(reports.open_report, me=_AUDITOR, decapsulators={sha256(holder.public_key): holder})
    return {
        "ledger.bundleform.parse_bundle": (bundleform.parse_bundle, bundle),
        "ledger.storedzip.read_stored": (partial(storedzip.read_stored, limit=2**20), bundle),
        "ledger.fraudform.parse_fraud": (fraudform.parse_fraud, fraudform.format_fraud(proof.fraud)),
        "ledger.fraudkeys.Believed.open_note": (Believed.of_files(proof.charters).open_note, histories()[1].note()),
        "ledger.reports.open_report": (open_report, _sealed_report()),
    }


def _sealed_report() -> bytes:
    """Return a report on a portion under a label that nobody can read: those of the tests' records are."""
    consortium = make_consortium()
    sealed = consortium.record(ISS)
    context = portion_context(parse_record(sealed.entry).name, "item")
    report = reports.Report(
        fault=reports.PortionFault.LABEL,
        entry=sealed.entry,
        index=1,
        portion="item",
        record_key=portionkeys.derive(epoch_key=epoch_key(ISS), context=context).record_key,
        ciphertext=sealed.blobs[1],
        level=Level.RESTRICTED,
    )
    auditor = Auditor(id=_AUDITOR, keys=(make_key(KeyId(_AUDITOR, 1), Role.HPKE, None),))
    return reports.seal_report(report, replace(consortium.charter, auditors=(auditor,)))
