"""Complaints: who holds an opening of an access-log entry calls the charter's auditors to it (docs/protocol.md, 6.21).

The complaint carries the complainant's own opening, so it is weighed by what stands in the access log and by nothing
else: whoever was told nothing, as the asker that a silent record missed, can complain of its own question alone. It is
signed with the agency's `sign` key, which the service has not: the service cannot complain in a member's name and so
have the auditors shown what they are not to see yet.
"""

from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from crypto.encoding import b64u, lp, unb64u
from crypto.errors import CryptoError, EncodingError
from crypto.signing import PublicKey, Signer
from ledger import jsontext
from ledger.accesslog import (
    AccessEntry,
    Asked,
    Outcome,
    OutcomeOpening,
    Result,
    parse_asked,
    parse_outcome_opening,
    parse_result,
    verify_asked,
    verify_told,
)
from ledger.errors import BadSignatureError, MalformedError, ProofError
from ledger.identifiers import KeyId, agency_id, hash_of, key_id, origin_name
from ledger.jsontext import JsonValue

TYP = "sealtrace/v1/complaint"
MAX_COMPLAINT_BYTES = 8_192
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnQuestion:
    """The opening that an asker holds: what it signed, and the salt under which that stands in the entry."""

    index: int
    asked: Asked
    salt: bytes = field(repr=False)

    @property
    def agency(self) -> str:
        """Return whose opening it is."""
        return self.asked.iss

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"index": self.index, "asked": self.asked.to_json(), "salt": b64u(self.salt)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnResult:
    """The opening that an originator holds: what it was told, and where that stands in the entry's list."""

    result: Result
    opening: OutcomeOpening

    @property
    def index(self) -> int:
        """Return the index of the entry."""
        return self.opening.index

    @property
    def agency(self) -> str:
        """Return whose opening it is."""
        return self.result.to

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"result": self.result.to_json(), "opening": self.opening.to_json()}


Own: TypeAlias = OwnQuestion | OwnResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint, its signature not yet verified: by whom, when (information only), in which log, of which entry.

    `held` is the size of the log when it was signed: its key is one in force for an entry there.
    """

    iss: str
    iat: int
    held: int
    origin: str
    own: Own
    kid: KeyId
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def to_json(self) -> JsonValue:
        """Return the JSON object that was sent."""
        return {"payload": b64u(self.payload), "kid": str(self.kid), "sig": b64u(self.signature)}

    def verify(self, key: PublicKey) -> None:
        """Raise BadSignatureError unless this `sign` key signed it."""
        try:
            key.verify(message=_signed(self.iss, self.payload), signature=self.signature)
        except CryptoError as error:
            raise BadSignatureError("the complaint is not what its agency signed") from error

    def check(self, entry: AccessEntry, *, origin: str) -> None:
        """Raise ProofError unless it is of this entry of this access log, and its agency is concerned."""
        if self.origin != origin:
            raise ProofError("a complaint of another log")
        match self.own:
            case OwnQuestion() as own:
                verify_asked(entry, asked=own.asked, salt=own.salt)
            case OwnResult() as own:
                verify_told(entry, result=own.result, opening=own.opening)
            case _:
                assert_never(self.own)


def build_complaint(  # noqa: PLR0913  the members of the payload and the key, all by name
    *, signer: Signer, kid: KeyId, iat: int, held: int, origin: str, own: Own
) -> bytes:
    """Return a signed complaint of the entry that `own` opens; `origin` is the access log's."""
    payload = jsontext.dump(
        {"typ": TYP, "iss": kid.agency, "iat": iat, "m": held, "origin": origin, "own": own.to_json()}
    )
    signature = signer.sign(_signed(kid.agency, payload))
    return jsontext.dump({"payload": b64u(payload), "kid": str(kid), "sig": b64u(signature)})


def parse_complaint(raw: bytes) -> Complaint:
    """Return a complaint; raise MalformedError for any other form, or if it opens another agency's entry."""
    return complaint_from_json(jsontext.load(raw, limit=MAX_COMPLAINT_BYTES))


def complaint_from_json(value: JsonValue) -> Complaint:
    """Return the complaint that a JSON object spells; raise MalformedError."""
    encoded, kid, sig = jsontext.members(value, "payload", "kid", "sig")
    payload, signed_by = _raw(encoded), key_id(kid)
    typ, iss, iat, held, origin, own = jsontext.members(
        jsontext.load(payload, limit=MAX_COMPLAINT_BYTES), "typ", "iss", "iat", "m", "origin", "own"
    )
    opening = _own(own)
    if typ != TYP or agency_id(iss) != signed_by.agency or opening.agency != signed_by.agency:
        raise MalformedError("not a complaint of the agency that signed it, of an entry that it holds an opening of")
    return Complaint(
        iss=signed_by.agency,
        iat=jsontext.integer(iat),
        held=jsontext.integer(held, low=1),
        origin=origin_name(origin),
        own=opening,
        kid=signed_by,
        payload=payload,
        signature=_raw(sig, size=_SIGNATURE_BYTES),
    )


def check_openings(entry: AccessEntry, *, asked: Asked, salt: bytes, outcome: Outcome) -> None:
    """Raise ProofError unless both openings that an auditor is shown are of this entry: of a question, or of an evaluation."""
    verify_asked(entry, asked=asked, salt=salt)
    if entry.o != outcome.commitment():
        raise ProofError("the entry of the access log has another outcome")


def _signed(iss: str, payload: bytes) -> bytes:
    # No statement or charter begins so: theirs begin with a protected header in base64url.
    return TYP.encode() + lp(iss, payload)


def _own(value: JsonValue) -> Own:
    if isinstance(value, dict) and "asked" in value:
        index, asked, salt = jsontext.members(value, "index", "asked", "salt")
        return OwnQuestion(index=jsontext.integer(index), asked=parse_asked(asked), salt=hash_of(salt))
    result, opening = jsontext.members(value, "result", "opening")
    return OwnResult(result=parse_result(result), opening=parse_outcome_opening(opening))


def _raw(value: JsonValue, *, size: int | None = None) -> bytes:
    try:
        return unb64u(jsontext.text(value, limit=MAX_COMPLAINT_BYTES), size=size)
    except EncodingError as error:
        raise MalformedError("not base64url in its one spelling") from error
