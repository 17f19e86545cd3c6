"""Sealed messages from one agency to one other: all kinds look alike in the log (docs/protocol.md, 6)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from secrets import token_bytes

from crypto import hpke
from crypto.digests import sha256
from crypto.encoding import b64u, lp
from crypto.errors import CryptoError
from crypto.hpke import Decapsulator
from crypto.signing import Signer
from ledger import jsontext
from ledger.errors import LabelError, MalformedError, ProofError
from ledger.identifiers import KeyId, StatementName, agency_id, draw_jti, hash_of, jti_of
from ledger.kinds import Typ
from ledger.statements import SUITE, SealedStatement, check_blob, name_of, parse_signed, sign_statement

PLAINTEXT_BYTES = 8_192
BOX_BYTES = hpke.BOX_OVERHEAD + PLAINTEXT_BYTES
MAX_ROUTE_BYTES = 256
MAX_PARTS = 1_000
PLACES = ("to", "self", "route")

_SALT_BYTES = 32
_START = _SALT_BYTES + 4


class Kind(Enum):
    """What a message is about; only its two parties ever see it."""

    TRACE_REQUEST = "trace_request"
    ACKNOWLEDGEMENT = "acknowledgement"
    MORE_INFORMATION = "more_information"
    REFERRAL = "referral"
    RESPONSE = "response"
    REFUSAL = "refusal"
    DISCLOSURE_REQUEST = "disclosure_request"
    DISCLOSURE_DECISION = "disclosure_decision"
    RELEASE = "release"
    RECEIPT = "receipt"
    OPENED = "opened"
    RECALL = "recall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """The words of a message; `re` names the statement it is about, `thread` the conversation (16 bytes)."""

    kind: Kind
    to: str
    thread: bytes
    re: StatementName | None
    part: int
    parts: int
    body: jsontext.JsonValue = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """To whom the service shall hand a message, and the hash of the key it is sealed to; the service alone sees it."""

    to: str
    h: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as everybody may read it: hashes of the two boxes, of the plaintext and of the route."""

    name: StatementName
    kid: KeyId
    iat: int
    box: tuple[bytes, bytes]
    pc: bytes
    route: bytes


def seal_message(  # noqa: PLR0913  the parts of a message, all by name
    *, signer: Signer, kid: KeyId, iat: int, inner: Inner, recipient_key: bytes, own_key: bytes
) -> SealedStatement:
    """Return a signed message with its blobs: the box to the recipient, the box to oneself, the route.

    Raises LabelError for a message to oneself, or for more words than one holds.
    """
    if inner.to == kid.agency:
        raise LabelError("to: a message goes to another agency")
    jti, plaintext = draw_jti(), _pack(inner)
    pc = sha256(plaintext)
    boxes = [
        hpke.seal(public_key=key, info=_info(iss=kid.agency, r=r, h=sha256(key), jti=jti, pc=pc), plaintext=plaintext)
        for r, key in ((inner.to, recipient_key), (kid.agency, own_key))
    ]
    route = jsontext.dump({"s": b64u(token_bytes(_SALT_BYTES)), "to": inner.to, "h": b64u(sha256(recipient_key))})
    hashes: list[jsontext.JsonValue] = [b64u(sha256(box)) for box in boxes]
    payload = jsontext.dump(
        {
            "iss": kid.agency,
            "iat": iat,
            "jti": b64u(jti),
            "box": hashes,
            "pc": b64u(pc),
            "route": b64u(sha256(route)),
        }
    )
    entry = sign_statement(signer=signer, kid=kid, typ=Typ.MESSAGE, payload=payload)
    return SealedStatement(entry=entry, name=StatementName(kid.agency, jti), blobs=(*boxes, route))


def parse_message(entry: bytes) -> Message:
    """Return what a message shows to everybody; raise MalformedError for any other form. Verifies no signature."""
    signed = parse_signed(entry, Typ.MESSAGE)
    iss, iat, jti, box, pc, route = jsontext.members(
        jsontext.load(signed.payload), "iss", "iat", "jti", "box", "pc", "route"
    )
    to, own = jsontext.array(box, low=2, high=2)
    return Message(
        name=name_of(signed.kid, iss=iss, jti=jti),
        kid=signed.kid,
        iat=jsontext.integer(iat),
        box=(hash_of(to), hash_of(own)),
        pc=hash_of(pc),
        route=hash_of(route),
    )


def check_blobs(message: Message, blobs: Sequence[bytes]) -> Route:
    """Return the route if `blobs` are the two boxes and the route that the message names; raise MalformedError."""
    if len(blobs) != len(PLACES):
        raise MalformedError("a message has three blobs: to, self, route")
    to, own, raw = blobs
    check_blob(to, digest=message.box[0], place="to", size=BOX_BYTES)
    check_blob(own, digest=message.box[1], place="self", size=BOX_BYTES)
    check_blob(raw, digest=message.route, place="route")
    route = parse_route(raw)
    if route.to == message.name.iss:
        raise MalformedError("a message to its own sender")
    return route


def parse_route(raw: bytes) -> Route:
    """Return where a message goes; raise MalformedError for any other spelling."""
    salt, to, h = jsontext.members(jsontext.load(raw, limit=MAX_ROUTE_BYTES), "s", "to", "h")
    hash_of(salt)
    return Route(to=agency_id(to), h=hash_of(h))


def open_message(message: Message, *, me: str, decapsulator: Decapsulator, box: bytes) -> Inner:
    """Return the words of a message to `me`, or of the copy `me` kept of its own; raise ProofError for any other."""
    mine = message.name.iss == me
    if sha256(box) != message.box[1 if mine else 0]:
        raise ProofError("the box is not the one the message names")
    h = sha256(decapsulator.public_key)
    info = _info(iss=message.name.iss, r=me, h=h, jti=message.name.jti, pc=message.pc)
    try:
        plaintext = decapsulator.open(box=box, info=info)
    except CryptoError as error:
        raise ProofError("the message does not open with this key") from error
    if sha256(plaintext) != message.pc:
        raise ProofError("the message holds other words than its sender signed for")
    inner = _unpack(plaintext)
    if mine == (inner.to == me):
        raise ProofError("the message is to somebody else")
    return inner


def _info(*, iss: str, r: str, h: bytes, jti: bytes, pc: bytes) -> bytes:
    return b"sealtrace/v1/message" + lp(SUITE, iss, r, h, jti, pc)


def _pack(inner: Inner) -> bytes:
    """Return salt ‖ length ‖ JSON ‖ zeros, of one size for every message."""
    spelled = jsontext.dump(
        {
            "kind": inner.kind.value,
            "to": inner.to,
            "thread": b64u(inner.thread),
            "re": None if inner.re is None else {"iss": inner.re.iss, "jti": b64u(inner.re.jti)},
            "part": inner.part,
            "parts": inner.parts,
            "body": inner.body,
        }
    )
    if _START + len(spelled) > PLAINTEXT_BYTES:
        raise LabelError("body: more than one message holds; send it in numbered parts")
    _parse_inner(spelled)
    return (token_bytes(_SALT_BYTES) + struct.pack(">I", len(spelled)) + spelled).ljust(PLAINTEXT_BYTES, b"\0")


def _unpack(plaintext: bytes) -> Inner:
    end = _START + int.from_bytes(plaintext[_SALT_BYTES:_START], "big")
    if len(plaintext) != PLAINTEXT_BYTES or end > PLAINTEXT_BYTES or any(plaintext[end:]):
        raise MalformedError("a message that is not filled with zeros to its constant size")
    return _parse_inner(plaintext[_START:end])


def _parse_inner(raw: bytes) -> Inner:
    kind, to, thread, re, part, parts, body = jsontext.members(
        jsontext.load(raw), "kind", "to", "thread", "re", "part", "parts", "body"
    )
    count = jsontext.integer(parts, low=1, high=MAX_PARTS)
    return Inner(
        kind=_kind(kind),
        to=agency_id(to),
        thread=jti_of(thread),
        re=None if re is None else _reference(re),
        part=jsontext.integer(part, low=1, high=count),
        parts=count,
        body=body,
    )


def _reference(value: jsontext.JsonValue) -> StatementName:
    iss, jti = jsontext.members(value, "iss", "jti")
    return StatementName(agency_id(iss), jti_of(jti))


def _kind(text: jsontext.JsonValue) -> Kind:
    try:
        return Kind(text)
    except ValueError as error:
        raise MalformedError("a message of no kind we know") from error
