"""The charter on the members' side: propose, sign, submit, read (docs/protocol.md, 8).

A charter is a file that goes around: one agency proposes it, each member checks and signs it with its root keys,
anybody submits it. What binds a member is its own reading: `sealtrace charter show` prints what the file says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from clients.errors import ListError
from clients.keyring import OFFLINE_ROLES, Keyring
from clients.receipts import judge_receipt
from clients.service import Service
from clients.witnesskeys import WitnessKeys
from clients.witnesspolicy import with_witness_keys, witness_policy
from ledger import fingerprints, jsontext
from ledger.charter import (
    Agency,
    Auditor,
    Charter,
    Limits,
    LogKeys,
    Signatures,
    WitnessPolicy,
    charter_entry,
    parse_charter,
    propose,
    sign_charter,
    signatures_of,
)
from ledger.charterpayload import FIRST_PREV, parse_payload
from ledger.errors import LedgerError, MalformedError
from ledger.identifiers import hash_of
from ledger.kinds import Role
from ledger.labels import Level
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.terms import Match, parse_log_keys
from ledger.wire.schemas import Receipt

MAX_SERVICE_BYTES = 65_535

Enrolment: TypeAlias = Agency | Auditor | WitnessKeys

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeys:
    """What `sealtrace-server create` prints: where the log will be and which keys it signs with."""

    origin: str
    url: str
    log: LogKeys
    match_pk: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchTerms:
    """A new token epoch: its number, who hands out the matching key, and the id of the key it has drawn."""

    ep: int
    by: str
    kcid: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What members agree on besides who they are; a ceiling binds what others may wrap for an agency.

    What a next version leaves unsaid stays as it was, but the threshold, which is at least a majority. Of `witnesses`
    a `quorum` must cosign and some may be `dishonest`; unsaid, both are the strictest that still lets that many fail.
    """

    threshold: int | None = None
    ceilings: Mapping[str, Level] = field(default_factory=dict)
    read_only: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    match: MatchTerms | None = None
    unmatched: bool = False
    limits: Limits | None = None
    witnesses: tuple[str, ...] | None = None
    quorum: int | None = None
    dishonest: int | None = None


def parse_service(raw: bytes) -> ServiceKeys:
    """Return the service's keys from its file; raise ListError for anything else."""
    try:
        origin, url, log, match = jsontext.members(
            jsontext.load(raw.strip(), limit=MAX_SERVICE_BYTES), "origin", "url", "log", "match?"
        )
        name = jsontext.text(origin)
        pk = None if match is None else hash_of(jsontext.members(match, "pk")[0])
        return ServiceKeys(origin=name, url=jsontext.text(url), log=parse_log_keys(log, origin=name), match_pk=pk)
    except LedgerError as error:
        raise ListError(
            f"not a service's file: {error}", next_step="pass what `sealtrace-server create` printed"
        ) from error


def propose_charter(service: ServiceKeys, enrolments: Sequence[Enrolment], terms: Terms) -> bytes:
    """Return the proposal of the first charter."""
    enrolled = {one.id: _with_terms(one, terms) for one in enrolments if isinstance(one, Agency)}
    policy = witness_policy(WitnessPolicy(), terms)
    agencies = with_witness_keys(enrolled, enrolments, policy)
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
            witness=policy,
            match=_match(terms, service, before=None),
            limits=terms.limits or Limits(),
        )
    )


def propose_next(
    previous: bytes, enrolments: Sequence[Enrolment], terms: Terms, *, service: ServiceKeys | None = None
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
    named = terms.removed | terms.ceilings.keys() | terms.read_only | frozenset(terms.witnesses or ())
    unknown = named - {*agencies, *auditors}
    if unknown:
        raise ListError(f"no member of that id: {', '.join(sorted(unknown))}", next_step="see `sealtrace charter show`")
    if service is not None and service.origin != before.origin:
        raise ListError("these are the keys of another log", next_step="pass what `sealtrace-server rotate` printed")
    policy = witness_policy(before.witness, terms)
    staying = {name: _with_terms(one, terms) for name, one in agencies.items() if name not in terms.removed}
    kept = with_witness_keys(staying, enrolments, policy)
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
            match=_match(terms, service, before=_kept_match(before, kept, terms)),
            witness=policy,
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


def signatures(file: bytes, *, previous: bytes | None = None) -> Signatures | None:
    """Return who has signed a proposal or charter; None of a later version whose `previous` is not at hand.

    Whose signature a later version needs is said by the one before it. Raises MalformedError for another one.
    """
    charter = read(file)
    if previous is None:
        return signatures_of(file, None) if charter.ver == 1 else None
    if charter.prev != fingerprints.of_file(previous):
        raise MalformedError("this charter does not follow the one in force")
    return signatures_of(file, parse_charter(previous))


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


def _match(terms: Terms, service: ServiceKeys | None, *, before: Match | None) -> Match | None:
    """Return the matching key that a charter names: a new one, the one before, or none."""
    if terms.match is None:
        return before
    if service is None or service.match_pk is None:
        raise ListError(
            "a new token epoch needs a key of the service's own",
            next_step="add --service with what `sealtrace-server create` or `sealtrace-server rotate` printed",
        )
    return Match(ep=terms.match.ep, by=terms.match.by, kcid=terms.match.kcid, pk=service.match_pk)


def _kept_match(before: Charter, kept: Collection[str], terms: Terms) -> Match | None:
    """Return the matching key of the charter before, if it may stay: whoever has left knows it (docs/protocol.md, 6.4)."""
    if terms.unmatched or terms.match is not None or before.match is None:
        return None
    if {agency.id for agency in before.agencies} - set(kept):
        raise ListError(
            "who leaves knows the matching key, so this charter names another, or none",
            next_step="add --match-by AGENCY and --service with what `sealtrace-server rotate --match-only` printed, or --no-match",
        )
    return before.match


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
