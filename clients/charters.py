"""The charter on the members' side: propose, sign, submit, read (docs/protocol.md, 8).

A charter is a file that goes around: one agency proposes it, each member checks and signs it with its root keys,
anybody submits it. What binds a member is its own reading: `sealtrace charter show` prints what the file says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from clients.errors import ListError
from clients.keyring import OFFLINE_ROLES, Keyring
from clients.service import Service
from ledger import fingerprints, jsontext
from ledger.charter import (
    Agency,
    Auditor,
    Charter,
    Limits,
    LogKeys,
    WitnessPolicy,
    charter_entry,
    parse_charter,
    propose,
    sign_charter,
)
from ledger.charterpayload import FIRST_PREV, parse_payload
from ledger.checkpoints import open_checkpoint
from ledger.errors import LedgerError
from ledger.labels import Level
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.terms import parse_log_keys
from ledger.wire.schemas import Receipt

MAX_SERVICE_BYTES = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeys:
    """What `sealtrace-server create` prints: where the log will be and which keys it signs with."""

    origin: str
    url: str
    log: LogKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What members agree on besides who they are; a ceiling binds what others may wrap for an agency.

    What is None stays as the version before has it; a first charter takes a majority and the default limits.
    """

    threshold: int | None = None
    ceilings: Mapping[str, Level] = field(default_factory=dict)
    read_only: frozenset[str] = frozenset()
    limits: Limits | None = None


def parse_service(raw: bytes) -> ServiceKeys:
    """Return the service's keys from its file; raise ListError for anything else."""
    try:
        origin, url, log = jsontext.members(jsontext.load(raw.strip(), limit=MAX_SERVICE_BYTES), "origin", "url", "log")
        name = jsontext.text(origin)
        return ServiceKeys(origin=name, url=jsontext.text(url), log=parse_log_keys(log, origin=name))
    except LedgerError as error:
        raise ListError(
            f"not a service's file: {error}", next_step="pass what `sealtrace-server create` printed"
        ) from error


def propose_charter(
    service: ServiceKeys, enrolments: Sequence[Agency | Auditor], terms: Terms, *, previous: bytes | None = None
) -> bytes:
    """Return the proposal of a charter: the first one, or the next one after the file `previous`.

    Members of the version before stay, with their offline keys listed and the others carried over.
    """
    agencies = {one.id: _with_terms(one, terms) for one in enrolments if isinstance(one, Agency)}
    auditors = {one.id: one for one in enrolments if isinstance(one, Auditor)}
    before = parse_charter(previous) if previous is not None else None
    for agency in before.agencies if before else ():
        agencies.setdefault(agency.id, _carried(agency))
    for auditor in before.auditors if before else ():
        auditors.setdefault(auditor.id, auditor)
    return propose(
        Charter(
            origin=service.origin,
            url=service.url,
            ver=before.ver + 1 if before else 1,
            prev=fingerprints.of_file(previous) if previous is not None else FIRST_PREV,
            log=service.log,
            agencies=tuple(agencies[name] for name in sorted(agencies)),
            auditors=tuple(auditors[name] for name in sorted(auditors)),
            threshold=terms.threshold or _threshold(len(agencies), before),
            witness=before.witness if before else WitnessPolicy(),
            match=before.match if before else None,
            limits=terms.limits or (before.limits if before else Limits()),
        )
    )


def sign(proposal: bytes, keyring: Keyring, *, previous: bytes | None = None) -> bytes:
    """Return the charter file with the two root signatures of this agency added."""
    before = parse_charter(previous) if previous is not None else None
    return sign_charter(proposal, roots=keyring.roots(), previous=before)


def read(file: bytes) -> Charter:
    """Return what a proposal or a signed file says; no signature is verified."""
    return parse_payload(file) if file.startswith(b'{"typ":') else parse_charter(file)


def submit(service: Service, file: bytes) -> Receipt:
    """Send a signed charter and verify the receipt: the entry is in the tree that the charter's own log signed."""
    charter = parse_charter(file)
    receipt = service.submit_charter(file)
    checkpoint = open_checkpoint(receipt.checkpoint.encode(), origin=charter.origin, vkeys=charter.log.vkeys)
    verify_inclusion(
        leaf=leaf_hash(charter_entry(file)),
        index=receipt.index,
        size=checkpoint.size,
        proof=receipt.proof,
        root=checkpoint.root,
    )
    return receipt


def _threshold(agencies: int, before: Charter | None) -> int:
    """Return a majority, or the threshold of the version before where that is more and still can be reached."""
    return min(agencies, max(agencies // 2 + 1, before.threshold if before else 0))


def _with_terms(agency: Agency, terms: Terms) -> Agency:
    return replace(
        agency,
        ceiling=terms.ceilings.get(agency.id, agency.ceiling),
        roles=("read",) if agency.id in terms.read_only else agency.roles,
    )


def _carried(agency: Agency) -> Agency:
    return replace(agency, keys=tuple(key for key in agency.keys if key.role in OFFLINE_ROLES))
