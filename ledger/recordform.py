"""The form of a record: one fixed grammar, 48 digests, three constant portions (docs/protocol.md, 4).

A record is read by one compiled pattern instead of a JSON parser: what the pattern does not spell does not exist. The
alphabet of a hash's last character is part of it, so a hash has one spelling. The 48 digests always take the same bytes:
the pattern cuts them out, and they are held against their shape at once, three times as fast as the pattern would.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import lt
from types import MappingProxyType
from typing import NamedTuple

from crypto.encoding import HASH_BYTES, b64u_ascii, cut, unb64u
from ledger.b64lists import ALPHABET, LAST_OF_32, SPELLED_16, SPELLED_32, read_list, spell_ascii
from ledger.errors import MalformedError
from ledger.identifiers import KeyId, StatementName
from ledger.jsontext import MAX_INTEGER, integer
from ledger.kinds import Typ
from ledger.slips import parse_hit_policy
from ledger.statements import check_blob, parse_signed

PORTIONS = ("item", "event", "case")
SIZES: Mapping[str, int] = MappingProxyType({"item": 2_048, "event": 2_048, "case": 4_096})
TAG_BYTES = 16
DIGESTS = 48
PLACES = ("slip", *PORTIONS)

# The shape of the list of digests: every character of base64url stands as "A", the rest as itself.
_SHAPE = bytes.maketrans(ALPHABET, b"A" * len(ALPHABET))
_DIGEST_CHARACTERS = 43
_BETWEEN = b'","'
_DIGESTS_SHAPE = _BETWEEN.join([b"A" * _DIGEST_CHARACTERS] * DIGESTS)
_LASTS = slice(_DIGEST_CHARACTERS - 1, None, _DIGEST_CHARACTERS + len(_BETWEEN))

_COUNT = "0|[1-9][0-9]{0,15}"
_EPOCH = "[1-9][0-9]{0,15}"
_PORTION = rf'\{{"kc":"({SPELLED_32})","a":"({SPELLED_32})","ct":"({SPELLED_32})"\}}'
_PORTIONS_FORM = b",".join([b'{"kc":"%b","a":"%b","ct":"%b"}'] * len(PORTIONS))
_FORM = (
    b'{"iss":"%%b","iat":%%d,"jti":"%%b","ver":1,"ep":%%d,"_sd_alg":"sha-256","_sd":["%%b"],"prt":[%b],"slip":"%%b"%%b}'
    % _PORTIONS_FORM
)
_PAYLOAD = re.compile(
    (
        rf'\{{"iss":"([a-z]{{3}}-[a-z0-9]{{2,24}})","iat":({_COUNT}),"jti":"({SPELLED_16})","ver":1,"ep":({_EPOCH}),'
        rf'"_sd_alg":"sha-256","_sd":\["(.{{{len(_DIGESTS_SHAPE)}}})"\],'
        rf'"prt":\[{_PORTION},{_PORTION},{_PORTION}\],"slip":"({SPELLED_32})"(?:,"sup":"({SPELLED_16})")?\}}'
    ).encode(),
    re.DOTALL,
)


class PortionCommitment(NamedTuple):
    """What a record says of one sealed portion: key commitment, hash of its fetch tag, hash of its ciphertext."""

    kc: bytes
    a: bytes
    ct: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHead:
    """What judging the place of a record needs to know of it: the whole was read, the rest was not kept."""

    name: StatementName
    ep: int
    sup: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(RecordHead):
    """A record as everybody may read it; `listed` are its digests as signed, `portions` keyed by name."""

    kid: KeyId
    iat: int
    listed: bytes = field(repr=False)
    portions: Mapping[str, PortionCommitment]
    slip: bytes
    entry: bytes

    @property
    def digests(self) -> tuple[str, ...]:
        """Return the digests in base64url: cut apart when a portion is opened, and by nobody else."""
        return tuple(self.listed.decode("ascii").split('","'))


def record_payload(  # noqa: PLR0913  the members of the payload, all by name
    *,
    name: StatementName,
    iat: int,
    ep: int,
    digests: Sequence[bytes],
    portions: Sequence[PortionCommitment],
    slip: bytes,
    sup: bytes | None,
) -> bytes:
    """Return the payload of a record, to the byte; `digests` spelled and sorted, `portions` in the order of PORTIONS."""
    integer(iat)
    integer(ep, low=1)
    hashes = spell_ascii([*chain.from_iterable(portions), slip], size=HASH_BYTES)
    superseded = b"" if sup is None else b',"sup":"%b"' % b64u_ascii(sup)
    listed = _BETWEEN.join(digests)
    return _FORM % (name.iss.encode(), iat, b64u_ascii(name.jti), ep, listed, *hashes, superseded)


def parse_record(entry: bytes) -> Record:
    """Return what a record says in the open; raise MalformedError for any other form. Verifies no signature."""
    kid, found = _read(entry)
    _, iat, jti, ep, listed, *hashes, sup = found.groups()
    *sealed, slip = read_list(hashes, size=HASH_BYTES)
    return Record(
        name=_name(kid, jti),
        kid=kid,
        iat=int(iat),
        ep=int(ep),
        listed=listed,
        portions=_commitments(sealed),
        slip=slip,
        sup=_superseded(sup),
        entry=entry,
    )


def parse_head(entry: bytes) -> RecordHead:
    """Return the head of a record, which is read as strictly as `parse_record` does and not kept.

    For an audit, which reads millions: what it does not ask of a record is neither decoded nor held.
    """
    kid, found = _read(entry)
    jti, ep, sup = found.group(3, 4, 16)
    return RecordHead(name=_name(kid, jti), ep=int(ep), sup=_superseded(sup))


def check_blobs(record: Record, blobs: Sequence[bytes]) -> None:
    """Raise MalformedError unless `blobs` are the slip, item, event and case that the record names, of constant sizes."""
    if len(blobs) != len(PLACES):
        raise MalformedError("a record has four blobs: slip, item, event, case")
    raw, *sealed = blobs
    check_blob(raw, digest=record.slip, place="slip")
    for portion, data in zip(PORTIONS, sealed, strict=True):
        check_blob(data, digest=record.portions[portion].ct, place=portion, size=SIZES[portion] + TAG_BYTES)
    if parse_hit_policy(raw).spelled != b64u_ascii(record.name.jti):
        raise MalformedError("a slip of another record")


def _read(entry: bytes) -> tuple[KeyId, re.Match[bytes]]:
    """Return the key that signed and the payload's parts, every rule of the form checked."""
    signed = parse_signed(entry, Typ.RECORD)
    found = _PAYLOAD.fullmatch(signed.payload)
    if found is None:
        raise MalformedError("not the form of a record")
    iss, iat, ep, listed = found.group(1, 2, 4, 5)
    if iss.decode() != signed.kid.agency:
        raise MalformedError("the issuer is not the agency of the key that signed")
    if int(iat) > MAX_INTEGER or int(ep) > MAX_INTEGER:
        raise MalformedError("an integer out of bounds")
    _check_digests(listed)
    return signed.kid, found


def _name(kid: KeyId, jti: bytes) -> StatementName:
    return StatementName(kid.agency, unb64u(jti))


def _superseded(sup: bytes | None) -> bytes | None:
    return None if sup is None else unb64u(sup)


def _commitments(hashes: Sequence[bytes]) -> Mapping[str, PortionCommitment]:
    commitments = map(PortionCommitment, hashes[0::3], hashes[1::3], hashes[2::3])
    return MappingProxyType(dict(zip(PORTIONS, commitments, strict=True)))


def _check_digests(listed: bytes) -> None:
    """Raise MalformedError unless each digest has its one spelling, stands once and in order (RFC 9901, 4.2.4).

    Sorted and distinct, so that no decoy is told by its place.
    """
    if listed.translate(_SHAPE) != _DIGESTS_SHAPE or listed[_LASTS].translate(None, LAST_OF_32):
        raise MalformedError("not the form of a record")
    digests = cut(listed + _BETWEEN, size=_DIGEST_CHARACTERS, gap=len(_BETWEEN))
    if not all(map(lt, digests, digests[1:])):
        raise MalformedError("the digests are not in order, or one stands twice")
