"""Grants: an epoch key, or the matching key, wrapped to its recipients (docs/protocol.md, 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from crypto import hpke
from crypto.digests import sha256
from crypto.encoding import b64u, lp
from crypto.errors import CryptoError
from crypto.hpke import Decapsulator
from crypto.portionkeys import KEY_BYTES, epoch_key_id, matching_key_id
from crypto.signing import Signer
from ledger import jsontext
from ledger.errors import MalformedError, NotFoundError, ProofError
from ledger.identifiers import KeyId, StatementName, agency_id, draw_jti, hash_of
from ledger.kinds import Typ
from ledger.labels import Level
from ledger.statements import SUITE, SealedStatement, check_blob, name_of, parse_signed, sign_statement

MAX_RECIPIENTS = 256
BOX_BYTES = hpke.BOX_OVERHEAD + KEY_BYTES


class Use(Enum):
    """What the wrapped key is for."""

    EPOCH = "epoch"
    MATCH = "match"


_KEY_IDS = {Use.EPOCH: epoch_key_id, Use.MATCH: matching_key_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One recipient: the agency, the hash of the key its box is sealed to, the hash of the box."""

    r: str
    h: bytes
    g: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant as everybody may read it; `to` is sorted by agency and holds the issuer."""

    name: StatementName
    kid: KeyId
    iat: int
    use: Use
    ep: int
    level: Level
    ek: bytes
    to: tuple[Recipient, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """Return the places of the blobs in the order they are uploaded."""
        return tuple(f"box/{recipient.r}" for recipient in self.to)


def seal_grant(  # noqa: PLR0913 - the members of the statement, all by name
    *,
    signer: Signer,
    kid: KeyId,
    iat: int,
    use: Use,
    ep: int,
    level: Level,
    epoch_key: bytes,
    recipients: Mapping[str, bytes],
) -> SealedStatement:
    """Return a signed grant with one box for each recipient, by agency id.

    `recipients` maps agencies to their keys for boxes; the issuer's own entry is its recovery key, so that a lost
    keystore can be rebuilt from the log.
    """
    jti, ek = draw_jti(), _key_id(use, epoch_key)
    hashes = {r: sha256(key) for r, key in sorted(recipients.items())}
    infos = {r: _info(use=use, iss=kid.agency, r=r, h=h, ek=ek, level=level, ep=ep) for r, h in hashes.items()}
    boxes = {r: hpke.seal(public_key=recipients[r], info=info, plaintext=epoch_key) for r, info in infos.items()}
    to: list[jsontext.JsonValue] = [{"r": r, "h": b64u(h), "g": b64u(sha256(boxes[r]))} for r, h in hashes.items()]
    payload = jsontext.dump(
        {
            "iss": kid.agency,
            "iat": iat,
            "jti": b64u(jti),
            "use": use.value,
            "ep": ep,
            "lvl": level.name,
            "ek": b64u(ek),
            "to": to,
        }
    )
    entry = sign_statement(signer=signer, kid=kid, typ=Typ.GRANT, payload=payload)
    parse_grant(entry)
    return SealedStatement(entry=entry, name=StatementName(kid.agency, jti), blobs=tuple(boxes.values()))


def parse_grant(entry: bytes) -> Grant:
    """Return what a grant says; raise MalformedError for any other form. Verifies no signature."""
    signed = parse_signed(entry, Typ.GRANT)
    iss, iat, jti, use, ep, lvl, ek, to = jsontext.members(
        jsontext.load(signed.payload), "iss", "iat", "jti", "use", "ep", "lvl", "ek", "to"
    )
    grant = Grant(
        name=name_of(signed.kid, iss=iss, jti=jti),
        kid=signed.kid,
        iat=jsontext.integer(iat),
        use=_use(use),
        ep=jsontext.integer(ep, low=1),
        level=_level(lvl),
        ek=hash_of(ek),
        to=tuple(_recipient(row) for row in jsontext.array(to, low=1, high=MAX_RECIPIENTS)),
    )
    _check(grant)
    return grant


def check_blobs(grant: Grant, blobs: Sequence[bytes]) -> None:
    """Raise MalformedError unless `blobs` are the boxes that the grant names, in its order."""
    if len(blobs) != len(grant.to):
        raise MalformedError("a grant has one box for each recipient")
    for recipient, box, place in zip(grant.to, blobs, grant.places, strict=True):
        check_blob(box, digest=recipient.g, place=place, size=BOX_BYTES)


def open_box(grant: Grant, *, me: str, decapsulator: Decapsulator, box: bytes) -> bytes:
    """Return the key that the grant wraps for `me`; raise ProofError if the box is not what the grant says it is.

    The key id is recomputed: an issuer that handed each recipient another key would be found out here.
    """
    recipient = _mine(grant, me)
    if sha256(box) != recipient.g:
        raise ProofError("the box is not the one the grant names")
    if sha256(decapsulator.public_key) != recipient.h:
        raise ProofError("the box was sealed to another key of this agency")
    info = _info(use=grant.use, iss=grant.name.iss, r=me, h=recipient.h, ek=grant.ek, level=grant.level, ep=grant.ep)
    try:
        key = decapsulator.open(box=box, info=info)
        found = _key_id(grant.use, key)
    except CryptoError as error:
        raise ProofError("the box does not open to a key") from error
    if found != grant.ek:
        raise ProofError("the box holds another key than the grant names")
    return key


def _mine(grant: Grant, me: str) -> Recipient:
    for recipient in grant.to:
        if recipient.r == me:
            return recipient
    raise NotFoundError("the grant is not for this agency")


def _info(*, use: Use, iss: str, r: str, h: bytes, ek: bytes, level: Level, ep: int) -> bytes:  # noqa: PLR0913 - as docs/protocol.md, 5 lists them
    return b"sealtrace/v1/grant" + lp(SUITE, use.value, iss, r, h, ek, level.name, ep)


def _key_id(use: Use, key: bytes) -> bytes:
    return _KEY_IDS[use](key)


def _check(grant: Grant) -> None:
    agencies = [recipient.r for recipient in grant.to]
    if sorted(set(agencies)) != agencies:
        raise MalformedError("the recipients of a grant are not in order, or one stands twice")
    if grant.name.iss not in agencies:
        raise MalformedError("the issuer of a grant is not among its recipients")
    if grant.use is Use.MATCH and grant.level is not Level.UNCLASSIFIED:
        raise MalformedError("a matching key is granted as UNCLASSIFIED")


def _recipient(row: jsontext.JsonValue) -> Recipient:
    r, h, g = jsontext.members(row, "r", "h", "g")
    return Recipient(r=agency_id(r), h=hash_of(h), g=hash_of(g))


def _use(text: jsontext.JsonValue) -> Use:
    try:
        return Use(text)
    except ValueError as error:
        raise MalformedError("a grant of no use we know") from error


def _level(text: jsontext.JsonValue) -> Level:
    try:
        return Level[jsontext.text(text)]
    except KeyError as error:
        raise MalformedError("a grant of no level we know") from error
