"""Two officers of an agency: one proposes a file, another approves it (docs/protocol.md, 6.20).

What they agree on is spelled out in the file that both sign, down to the hash of what will be sent, so nothing can be put
in its place between the two. That two names are two people is the agency's to see to: it enrols their keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from crypto.digests import sha256
from crypto.encoding import b64u, lp
from crypto.errors import CryptoError
from crypto.signing import Algorithm, PublicKey, Signer
from ledger import jsontext
from ledger.errors import BadSignatureError, LedgerError, MalformedError
from ledger.expunges import Why
from ledger.identifiers import KeyId, StatementName, agency_id, draw_jti, hash_of, jti_of, key_id
from ledger.jsontext import JsonValue
from ledger.labels import Terms, terms_from_json
from ledger.talk import reading
from ledger.talk.reading import code

TYP = "sealtrace/v1/proposal"
MAX_FILE_BYTES = 262_144
MAX_KEPT_BYTES = 2 * MAX_FILE_BYTES
MAX_NAMED = 5_000
LIFE_SECONDS = 3 * 86_400
MAX_LIFE_SECONDS = 7 * 86_400
OFFICERS = 2


class ApprovalError(LedgerError):
    """A proposal that two officers have not agreed on: one of them twice, a changed file, a time that has run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRelease:
    """A release as officers agree on it: what, to whom, under which terms; `h` is the hash of the body to be sent."""

    to: str
    thread: bytes
    re: StatementName | None
    terms: Terms
    portions: tuple[tuple[bytes, str], ...] = ()
    fields: tuple[tuple[bytes, tuple[str, ...]], ...] = ()
    epochs: tuple[bytes, ...] = ()
    h: bytes

    def to_json(self) -> JsonValue:
        """Return the member `do` of the payload."""
        said: dict[str, JsonValue] = {
            "to": self.to,
            "thread": b64u(self.thread),
            "re": None if self.re is None else reading.name_json(self.re),
            "as": self.terms.to_json(),
            "portions": [{"of": b64u(of), "portion": portion} for of, portion in self.portions],
            "fields": [{"of": b64u(of), "names": [*names]} for of, names in self.fields],
            "epochs": [b64u(ekid) for ekid in self.epochs],
            "h": b64u(self.h),
        }
        return {"release": said}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedExpunge:
    """An order to expunge the agency's own record `of`."""

    of: bytes
    why: Why

    def to_json(self) -> JsonValue:
        """Return the member `do` of the payload."""
        return {"expunge": {"of": b64u(self.of), "why": self.why.value}}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSubmission:
    """A list to be sealed: how many records, and the hash of all that is said in them and of who will read what."""

    records: int
    h: bytes

    def to_json(self) -> JsonValue:
        """Return the member `do` of the payload."""
        return {"submit": {"records": self.records, "h": b64u(self.h)}}


Plan: TypeAlias = PlannedRelease | PlannedExpunge | PlannedSubmission


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed, from when until when (POSIX seconds)."""

    agency: str
    at: int
    until: int
    id: bytes
    do: Plan

    def to_json(self) -> dict[str, JsonValue]:
        """Return the payload."""
        return {
            "typ": TYP,
            "agency": self.agency,
            "at": self.at,
            "until": self.until,
            "id": b64u(self.id),
            "do": self.do.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBy:
    """One officer's signature, as the file shows it."""

    officer: str
    pk: bytes = field(repr=False)
    sig: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFile:
    """A file taken apart: nothing of it is verified."""

    payload: bytes
    proposal: Proposal
    signatures: tuple[SignedBy, ...]

    @property
    def officers(self) -> tuple[str, ...]:
        """Return who has signed, the proposer first."""
        return tuple(one.officer for one in self.signatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What an agency keeps, taken apart: the approved file, and its own signature over it. Nothing of it is verified."""

    file: bytes = field(repr=False)
    kid: KeyId
    sig: bytes = field(repr=False)


def propose(  # noqa: PLR0913 - who proposes what, when and for how long, all by name
    do: Plan, *, agency: str, officer: str, signer: Signer, now: int, life_seconds: int = LIFE_SECONDS
) -> bytes:
    """Return the file that a second officer may approve."""
    proposal = Proposal(agency=agency, at=now, until=now + life_seconds, id=draw_jti(), do=do)
    payload = jsontext.dump(proposal.to_json())
    file = _format(payload, [_sign(payload, officer=officer, signer=signer)])
    parse_proposal(file)
    return file


def approve(  # noqa: PLR0913 - who approves what, when, of those enrolled, all by name
    file: bytes, *, agency: str, officer: str, signer: Signer, enrolled: Mapping[str, bytes], now: int
) -> bytes:
    """Return the file with a second officer's signature; raise ApprovalError for the same officer, or too late."""
    found = verify_proposed(file, agency=agency, enrolled=enrolled, now=now)
    if len(found.signatures) != 1:
        raise ApprovalError("the proposal was approved already")
    second = _sign(found.payload, officer=officer, signer=signer)
    _check_second(found.signatures[0], second)
    approved = _format(found.payload, [*found.signatures, second])
    verify_approved(approved, agency=agency, enrolled=enrolled, now=now)
    return approved


def verify_proposed(file: bytes, *, agency: str, enrolled: Mapping[str, bytes], now: int) -> ProposalFile:
    """Return a proposal that officers of `agency` signed, one or two, and that has not run out; raise ApprovalError."""
    found = _verify_signed(file, agency=agency, enrolled=enrolled)
    if not found.proposal.at <= now < found.proposal.until:
        raise ApprovalError("the proposal has run out, or lies in the future: propose it again")
    return found


def verify_approved(file: bytes, *, agency: str, enrolled: Mapping[str, bytes], now: int) -> ProposalFile:
    """Return a proposal that two different officers of `agency` signed in time; raise ApprovalError."""
    return _require_two(verify_proposed(file, agency=agency, enrolled=enrolled, now=now))


def parse_proposal(file: bytes) -> ProposalFile:
    """Return what a file proposes and who signed it; raise MalformedError for any other spelling. Verifies nothing."""
    payload, signatures = jsontext.members(jsontext.load(file, limit=MAX_FILE_BYTES), "payload", "signatures")
    raw = reading.raw(limit=MAX_FILE_BYTES)(payload)
    found = reading.listed(signatures, _signed_by, low=1, high=OFFICERS)
    return ProposalFile(payload=raw, proposal=_proposal(raw), signatures=found)


def keep(file: bytes, *, agency: str, signer: Signer, kid: KeyId) -> bytes:
    """Return what the agency keeps: the approved file under its own signature."""
    sig = signer.sign(_kept(agency, file))
    return jsontext.dump({"file": b64u(file), "kid": str(kid), "sig": b64u(sig)})


def parse_kept(raw: bytes) -> Kept:
    """Return what an agency keeps of an approval, taken apart; raise MalformedError for any other spelling."""
    file, kid, sig = jsontext.members(jsontext.load(raw, limit=MAX_KEPT_BYTES), "file", "kid", "sig")
    return Kept(file=reading.raw(limit=MAX_KEPT_BYTES)(file), kid=key_id(kid), sig=reading.raw(64, limit=86)(sig))


def verify_kept(kept: Kept, *, agency: str, key: PublicKey, enrolled: Mapping[str, bytes]) -> ProposalFile:
    """Return what two different officers of `agency` agreed on, whenever that was, and the agency signed with `key`.

    `enrolled` are the officers of then. Raises ApprovalError, or BadSignatureError for what was changed.
    """
    _verify(key, message=_kept(agency, kept.file), signature=kept.sig)
    return _require_two(_verify_signed(kept.file, agency=agency, enrolled=enrolled))


def _verify_signed(file: bytes, *, agency: str, enrolled: Mapping[str, bytes]) -> ProposalFile:
    found = parse_proposal(file)
    if found.proposal.agency != agency:
        raise ApprovalError("the proposal is of another agency")
    for one in found.signatures:
        if enrolled.get(one.officer) != one.pk:
            raise ApprovalError("an officer who is not enrolled here under this key has signed")
        key = _public_key(one.pk)
        _verify(key, message=_signed(one.officer, found.payload), signature=one.sig)
    return found


def _require_two(found: ProposalFile) -> ProposalFile:
    if len(found.signatures) != OFFICERS:
        raise ApprovalError("one officer has signed, and two are needed")
    _check_second(*found.signatures)
    return found


def _check_second(first: SignedBy, second: SignedBy) -> None:
    if first.pk == second.pk or first.officer.casefold() == second.officer.casefold():
        raise ApprovalError("the same officer signed twice: another one has to approve")


def _sign(payload: bytes, *, officer: str, signer: Signer) -> SignedBy:
    reading.line(officer)
    if signer.public_key.algorithm is not Algorithm.ED25519:
        raise MalformedError("an officer signs with an Ed25519 key")
    return SignedBy(officer=officer, pk=signer.public_key.raw, sig=signer.sign(_signed(officer, payload)))


def _signed(officer: str, payload: bytes) -> bytes:
    return b"sealtrace/v1/officer" + lp(officer, payload)


def _kept(agency: str, file: bytes) -> bytes:
    return b"sealtrace/v1/approval" + lp(agency, file)


def _verify(key: PublicKey, *, message: bytes, signature: bytes) -> None:
    try:
        key.verify(message=message, signature=signature)
    except CryptoError as error:
        raise BadSignatureError("the file was changed after it was signed") from error


def _public_key(raw: bytes) -> PublicKey:
    try:
        return PublicKey(algorithm=Algorithm.ED25519, raw=raw)
    except CryptoError as error:
        raise MalformedError("an officer's key that is none") from error


def _format(payload: bytes, signatures: list[SignedBy]) -> bytes:
    rows: list[JsonValue] = [{"officer": one.officer, "pk": b64u(one.pk), "sig": b64u(one.sig)} for one in signatures]
    return jsontext.dump({"payload": b64u(payload), "signatures": rows})


def _signed_by(value: JsonValue) -> SignedBy:
    officer, pk, sig = jsontext.members(value, "officer", "pk", "sig")
    return SignedBy(officer=reading.line(officer), pk=hash_of(pk), sig=reading.raw(64, limit=86)(sig))


def _proposal(raw: bytes) -> Proposal:
    typ, agency, at, until, ident, do = jsontext.members(
        jsontext.load(raw, limit=MAX_FILE_BYTES), "typ", "agency", "at", "until", "id", "do"
    )
    if typ != TYP:
        raise MalformedError("not a proposal")
    start = jsontext.integer(at)
    return Proposal(
        agency=agency_id(agency),
        at=start,
        until=jsontext.integer(until, low=start + 1, high=start + MAX_LIFE_SECONDS),
        id=jti_of(ident),
        do=_plan(do),
    )


def _plan(value: JsonValue) -> Plan:
    release, expunge, submit = jsontext.members(value, "release?", "expunge?", "submit?")
    if [release, expunge, submit].count(None) != 2:
        raise MalformedError("a proposal is about one thing")
    if submit is not None:
        records, digest = jsontext.members(submit, "records", "h")
        return PlannedSubmission(records=jsontext.integer(records, low=1), h=hash_of(digest))
    if expunge is not None:
        of, why = jsontext.members(expunge, "of", "why")
        return PlannedExpunge(of=jti_of(of), why=code(Why, why))
    to, thread, re, terms, portions, fields, epochs, h = jsontext.members(
        release, "to", "thread", "re", "as", "portions", "fields", "epochs", "h"
    )
    return PlannedRelease(
        to=agency_id(to),
        thread=jti_of(thread),
        re=reading.optional(reading.name, re),
        terms=terms_from_json(terms),
        portions=reading.listed(portions, _planned_portion, high=MAX_NAMED),
        fields=reading.listed(fields, _planned_fields, high=MAX_NAMED),
        epochs=reading.listed(epochs, hash_of, high=MAX_NAMED),
        h=hash_of(h),
    )


def _planned_portion(value: JsonValue) -> tuple[bytes, str]:
    of, portion = jsontext.members(value, "of", "portion")
    return jti_of(of), reading.portion(portion)


def _planned_fields(value: JsonValue) -> tuple[bytes, tuple[str, ...]]:
    of, names = jsontext.members(value, "of", "names")
    return jti_of(of), reading.field_names(names, low=1)


def body_hash(body: JsonValue) -> bytes:
    """Return the hash that officers sign for a body."""
    return sha256(jsontext.dump(body, levels=reading.BODY_LEVELS))
