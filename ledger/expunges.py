"""Expungement: delete a record's ciphertexts, slip and tokens; the leaf stays (docs/protocol.md, 3 and 9)."""

from dataclasses import dataclass
from enum import Enum

from crypto.encoding import b64u
from crypto.signing import Signer
from ledger import jsontext
from ledger.errors import MalformedError
from ledger.identifiers import KeyId, StatementName, draw_jti, jti_of
from ledger.kinds import Typ
from ledger.statements import SealedStatement, name_of, parse_signed, sign_statement


class Why(Enum):
    """The ground of an expungement."""

    ERROR = "error"
    LAW = "law"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expunge:
    """An order to delete what lies beside the log for the issuer's record `of`."""

    name: StatementName
    kid: KeyId
    iat: int
    of: bytes
    why: Why


def build_expunge(*, signer: Signer, kid: KeyId, iat: int, of: bytes, why: Why) -> SealedStatement:
    """Return a signed expungement of the agency's own record `of`; it has no blobs."""
    jti = draw_jti()
    payload = jsontext.dump({"iss": kid.agency, "iat": iat, "jti": b64u(jti), "of": b64u(of), "why": why.value})
    entry = sign_statement(signer=signer, kid=kid, typ=Typ.EXPUNGE, payload=payload)
    return SealedStatement(entry=entry, name=StatementName(kid.agency, jti), blobs=())


def parse_expunge(entry: bytes) -> Expunge:
    """Return what an expungement says; raise MalformedError for any other form. Verifies no signature."""
    signed = parse_signed(entry, Typ.EXPUNGE)
    iss, iat, jti, of, why = jsontext.members(jsontext.load(signed.payload), "iss", "iat", "jti", "of", "why")
    try:
        ground = Why(why)
    except ValueError as error:
        raise MalformedError("an expungement on no ground we know") from error
    return Expunge(
        name=name_of(signed.kid, iss=iss, jti=jti),
        kid=signed.kid,
        iat=jsontext.integer(iat),
        of=jti_of(of),
        why=ground,
    )
