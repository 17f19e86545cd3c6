"""The charter on the members' side: propose, sign, submit, read (docs/protocol.md, 8).

A charter is a file that goes around: one agency proposes it, each member checks and signs it with its root keys,
anybody submits it. What binds a member is its own reading: `sealtrace charter show` prints what the file says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from clients.errors import ListError
from clients.keyring import OFFLINE_ROLES, Keyring
from clients.receipts import judge_receipt
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
from ledger.errors import LedgerError, MalformedError
from ledger.kinds import Role
from ledger.labels import Level
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.terms import parse_log_keys
from ledger.wire.schemas import Receipt

MAX_SERVICE_BYTES = 65_535

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeys:
    """What `sealtrace-server create` prints: where the log will be and which keys it signs with."""

    origin: str
    url: str
    log: LogKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What members agree on besides who they are; a ceiling binds what others may wrap for an agency.

    What a next version leaves unsaid stays as it was, but the threshold, which is at least a majority.
    """

    threshold: int | None = None
    ceilings: Mapping[str, Level] = field(default_factory=dict)
    read_only: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
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


def propose_charter(service: ServiceKeys, enrolments: Sequence[Agency | Auditor], terms: Terms) -> bytes:
    """Return the proposal of the first charter."""
    agencies = {one.id: _with_terms(one, terms) for one in enrolments if isinstance(one, Agency)}
    return propose(
        Charter(
            origin=service.origin,
            url=service.url,
            ver=1,
            prev=FIRST_PREV,
            log=service.log,
            agencies=_ordered(agencies),
            auditors=_ordered({one.id: one for one in enrolments if isinstance(one, Auditor)}),
            threshold=terms.threshold or _majority(agencies),
            witness=WitnessPolicy(),
            limits=terms.limits or Limits(),
        )
    )


def propose_next(
    previous: bytes, enrolments: Sequence[Agency | Auditor], terms: Terms, *, service: ServiceKeys | None = None
) -> bytes:
    """Return the proposal of the charter after the file `previous`.

    Members stay unless they are removed, their working keys carried over; who enrols again has new roots. With a
    `service`, the log goes on under its keys.
    """
    before = parse_charter(previous)
    agencies = {one.id: _carried(one) for one in before.agencies} | {
        one.id: one for one in enrolments if isinstance(one, Agency)
    }
    auditors = {one.id: one for one in (*before.auditors, *enrolments) if isinstance(one, Auditor)}
    unknown = (terms.removed | terms.ceilings.keys() | terms.read_only) - {*agencies, *auditors}
    if unknown:
        raise ListError(f"no member of that id: {', '.join(sorted(unknown))}", next_step="see `sealtrace charter show`")
    if service is not None and service.origin != before.origin:
        raise ListError("these are the keys of another log", next_step="pass what `sealtrace-server rotate` printed")
    kept = {name: _with_terms(one, terms) for name, one in agencies.items() if name not in terms.removed}
    return propose(
        replace(
            before,
            ver=before.ver + 1,
            prev=fingerprints.of_file(previous),
            url=service.url if service else before.url,
            log=service.log if service else before.log,
            agencies=_ordered(kept),
            auditors=_ordered({name: one for name, one in auditors.items() if name not in terms.removed}),
            threshold=terms.threshold or _threshold(before, kept),
            limits=terms.limits or before.limits,
        )
    )


def sign(proposal: bytes, *keyrings: Keyring, previous: bytes | None = None) -> bytes:
    """Return the charter file with both root signatures of this agency added: of its old root, of a new one, or both.

    A root that has no say in this version is left out; if none has, MalformedError.
    """
    before = parse_charter(previous) if previous is not None else None
    charter = read(proposal)
    voting = {key for one in (*charter.agencies, *(before.agencies if before else ())) for key in one.roots()}
    roots = [(signer, key) for keyring in keyrings for signer, key in keyring.roots() if key in voting]
    if not roots:
        raise MalformedError("no root key of this home may sign this version of the charter")
    return sign_charter(proposal, roots=roots, previous=before)


def read(file: bytes) -> Charter:
    """Return what a proposal or a signed file says; no signature is verified."""
    return parse_payload(file) if file.startswith(b'{"typ":') else parse_charter(file)


def submit(service: Service, file: bytes) -> Receipt:
    """Send a signed charter and verify the receipt: the entry is in the tree that the charter's own log signed."""
    charter = parse_charter(file)
    receipt = service.submit_charter(file)
    checkpoint = judge_receipt(receipt, charter)
    verify_inclusion(
        leaf=leaf_hash(charter_entry(file)),
        index=receipt.index,
        size=checkpoint.size,
        proof=receipt.proof,
        root=checkpoint.root,
    )
    return receipt


def _threshold(before: Charter, agencies: Collection[str]) -> int:
    """Return a majority if it was one before, else what was chosen, as far as the members of today allow it."""
    majority = _majority(agencies)
    if before.threshold == _majority(before.agencies):
        return majority
    return max(majority, min(before.threshold, len(agencies)))


def _with_terms(agency: Agency, terms: Terms) -> Agency:
    return replace(
        agency,
        ceiling=terms.ceilings.get(agency.id, agency.ceiling),
        roles=("read",) if agency.id in terms.read_only else agency.roles,
    )


def _majority(agencies: Collection[object]) -> int:
    return len(agencies) // 2 + 1


def _ordered(found: Mapping[str, T]) -> tuple[T, ...]:
    return tuple(found[name] for name in sorted(found))


def _carried(agency: Agency) -> Agency:
    return replace(agency, keys=tuple(key for key in agency.keys if key.role in (*OFFLINE_ROLES, Role.WITNESS)))
