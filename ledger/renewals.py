"""Slip renewals: new match slips for all records of one earlier batch (docs/protocol.md, 3 and 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from crypto.encoding import b64u, lp, unlp_each
from crypto.errors import EncodingError
from crypto.signing import Signer
from ledger import jsontext
from ledger.errors import MalformedError
from ledger.identifiers import KeyId, StatementName, draw_jti, hash_of
from ledger.kinds import Typ
from ledger.merkle import leaf_hashes, root_of
from ledger.slips import Slip, parse_slip
from ledger.statements import SealedStatement, name_of, parse_signed, sign_statement

MAX_SLIPS = 1_000
PLACES = ("slips",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A slips statement: `n` new slips under `root`, one for each record of the issuer's batch `batch`."""

    name: StatementName
    kid: KeyId
    iat: int
    batch: int
    n: int
    root: bytes


def build_renewal(*, signer: Signer, kid: KeyId, iat: int, batch: int, slips: Sequence[bytes]) -> SealedStatement:
    """Return a signed renewal; its one blob is lp of the slips, which stand in the order of their records."""
    jti = draw_jti()
    payload = jsontext.dump(
        {
            "iss": kid.agency,
            "iat": iat,
            "jti": b64u(jti),
            "batch": batch,
            "n": len(slips),
            "root": b64u(root_of(leaf_hashes(slips))),
        }
    )
    entry = sign_statement(signer=signer, kid=kid, typ=Typ.SLIPS, payload=payload)
    check_blobs(parse_renewal(entry), (lp(*slips),))
    return SealedStatement(entry=entry, name=StatementName(kid.agency, jti), blobs=(lp(*slips),))


def parse_renewal(entry: bytes) -> Renewal:
    """Return what a slips statement says; raise MalformedError for any other form. Verifies no signature."""
    signed = parse_signed(entry, Typ.SLIPS)
    iss, iat, jti, batch, n, root = jsontext.members(
        jsontext.load(signed.payload), "iss", "iat", "jti", "batch", "n", "root"
    )
    return Renewal(
        name=name_of(signed.kid, iss=iss, jti=jti),
        kid=signed.kid,
        iat=jsontext.integer(iat),
        batch=jsontext.integer(batch, low=1),
        n=jsontext.integer(n, low=1, high=MAX_SLIPS),
        root=hash_of(root),
    )


def check_blobs(renewal: Renewal, blobs: Sequence[bytes]) -> tuple[Slip, ...]:
    """Return the slips if the one blob holds exactly those under the renewal's root, in order; raise MalformedError."""
    if len(blobs) != len(PLACES):
        raise MalformedError("a slips statement has one blob")
    raw = _split(blobs[0], count=renewal.n)
    if root_of(leaf_hashes(raw)) != renewal.root:
        raise MalformedError("the slips are not those under the root that the statement names")
    return tuple(parse_slip(slip) for slip in raw)


def _split(blob: bytes, *, count: int) -> tuple[bytes, ...]:
    try:
        # One more than there may be, and no further: of empty frames a blob can hold eight million.
        slips = tuple(islice(unlp_each(blob), count + 1))
    except EncodingError as error:
        raise MalformedError("the slips are not framed") from error
    if len(slips) != count:
        raise MalformedError("the slips are not as many as the statement says")
    return slips
