"""The form of a record: one fixed grammar, 48 digests, three constant portions (docs/protocol.md, 4).

A record is read by one compiled pattern instead of a JSON parser: three times as fast, and what the pattern does
not spell does not exist. The alphabet of a hash's last character is part of it, so a hash has one spelling.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import lt
from types import MappingProxyType

from crypto.encoding import HASH_BYTES, b64u, unb64u
from ledger.b64lists import SPELLED_16, SPELLED_32, read_list, spell_list
from ledger.errors import MalformedError
from ledger.identifiers import KeyId, StatementName
from ledger.jsontext import MAX_INTEGER, integer
from ledger.kinds import Typ
from ledger.statements import parse_signed

PORTIONS = ("item", "event", "case")
SIZES: Mapping[str, int] = MappingProxyType({"item": 2_048, "event": 2_048, "case": 4_096})
TAG_BYTES = 16
DIGESTS = 48
PLACES = ("slip", *PORTIONS)

_COUNT = "0|[1-9][0-9]{0,15}"
_EPOCH = "[1-9][0-9]{0,15}"
_PORTION = rf'\{{"kc":"({SPELLED_32})","a":"({SPELLED_32})","ct":"({SPELLED_32})"\}}'
_PORTIONS_TEXT = ",".join(['{"kc":"%s","a":"%s","ct":"%s"}'] * len(PORTIONS))
_PAYLOAD = re.compile(
    (
        rf'\{{"iss":"([a-z]{{3}}-[a-z0-9]{{2,24}})","iat":({_COUNT}),"jti":"({SPELLED_16})","ver":1,"ep":({_EPOCH}),'
        rf'"_sd_alg":"sha-256","_sd":\["({SPELLED_32}(?:","{SPELLED_32}){{{DIGESTS - 1}}})"\],'
        rf'"prt":\[{_PORTION},{_PORTION},{_PORTION}\],"slip":"({SPELLED_32})"(?:,"sup":"({SPELLED_16})")?\}}'
    ).encode()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortionCommitment:
    """What a record says of one sealed portion: key commitment, hash of its fetch tag, hash of its ciphertext."""

    kc: bytes
    a: bytes
    ct: bytes


class Commitments(Mapping[str, PortionCommitment]):
    """What a record says of its three portions, decoded when it is first asked for.

    An audit reads every record and asks no portion of one: the grammar has settled that each hash is a hash.
    """

    __slots__ = ("_found", "_hashes")

    def __init__(self, hashes: Sequence[bytes]) -> None:
        """Take the nine hashes in base64url, kc, a, ct of each portion."""
        self._hashes = hashes
        self._found: dict[str, PortionCommitment] | None = None

    def __getitem__(self, portion: str) -> PortionCommitment:
        """Return what is said of one portion."""
        if self._found is None:
            raw = read_list(self._hashes, size=HASH_BYTES)
            triples = zip(PORTIONS, raw[0::3], raw[1::3], raw[2::3], strict=True)
            self._found = {name: PortionCommitment(kc=kc, a=a, ct=ct) for name, kc, a, ct in triples}
        return self._found[portion]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the portions."""
        return iter(PORTIONS)

    def __len__(self) -> int:
        """Return how many portions every record has."""
        return len(PORTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as everybody may read it; `digests` are in base64url as signed, `portions` keyed by name."""

    name: StatementName
    kid: KeyId
    iat: int
    ep: int
    digests: tuple[str, ...]
    portions: Mapping[str, PortionCommitment]
    slip: bytes
    sup: bytes | None
    entry: bytes


def record_payload(  # noqa: PLR0913  the members of the payload, all by name
    *,
    name: StatementName,
    iat: int,
    ep: int,
    digests: Sequence[str],
    portions: Sequence[PortionCommitment],
    slip: bytes,
    sup: bytes | None,
) -> bytes:
    """Return the payload of a record, to the byte; `digests` sorted, `portions` in the order of PORTIONS."""
    integer(iat)
    integer(ep, low=1)
    listed = '","'.join(digests)
    *hashes, slip_hash = spell_list(
        [raw for one in portions for raw in (one.kc, one.a, one.ct)] + [slip], size=HASH_BYTES
    )
    sealed = _PORTIONS_TEXT % tuple(hashes)
    superseded = "" if sup is None else f',"sup":"{b64u(sup)}"'
    return (
        f'{{"iss":"{name.iss}","iat":{iat},"jti":"{b64u(name.jti)}","ver":1,"ep":{ep},"_sd_alg":"sha-256",'
        f'"_sd":["{listed}"],"prt":[{sealed}],"slip":"{slip_hash}"{superseded}}}'
    ).encode("ascii")


def parse_record(entry: bytes) -> Record:
    """Return what a record says in the open; raise MalformedError for any other form. Verifies no signature."""
    signed = parse_signed(entry, Typ.RECORD)
    found = _PAYLOAD.fullmatch(signed.payload)
    if found is None:
        raise MalformedError("not the form of a record")
    iss, iat, jti, ep, digests, *hashes, slip, sup = found.groups()
    if iss.decode() != signed.kid.agency:
        raise MalformedError("the issuer is not the agency of the key that signed")
    return Record(
        name=StatementName(signed.kid.agency, unb64u(jti)),
        kid=signed.kid,
        iat=_count(iat),
        ep=_count(ep),
        digests=_digests(digests),
        portions=Commitments(hashes),
        slip=unb64u(slip),
        sup=None if sup is None else unb64u(sup),
        entry=entry,
    )


def _digests(listed: bytes) -> tuple[str, ...]:
    """Return the digests if each stands once and in order: a decoy must not be told by its place (RFC 9901, 4.2.4)."""
    digests = tuple(listed.decode("ascii").split('","'))
    if not all(map(lt, digests, digests[1:])):
        raise MalformedError("the digests are not in order, or one stands twice")
    return digests


def _count(digits: bytes) -> int:
    number = int(digits)
    if number > MAX_INTEGER:
        raise MalformedError("an integer out of bounds")
    return number
