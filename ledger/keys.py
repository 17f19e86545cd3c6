"""Public keys as charters and key entries list them (docs/protocol.md, 2).

A key object `{"kid","role","pk"}` is one algorithm; which one follows from the role and the length of the key, so a
list can never say something else than what the key is. Every key is enrolled strictly, or not at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crypto import hpke
from crypto.encoding import b64u, unb64u
from crypto.errors import EncodingError, KeyRefusedError
from crypto.signing import Algorithm, PublicKey
from ledger import jsontext, jws
from ledger.errors import MalformedError
from ledger.identifiers import KeyId, key_id
from ledger.jsontext import JsonValue
from ledger.kinds import STATEMENTS, Role, Typ

MAX_KEYS = 64

# In the order they are listed. HPKE keys sign nothing: they have no JOSE algorithm.
ALGORITHMS: Mapping[Role, tuple[Algorithm, ...]] = MappingProxyType(
    {
        Role.ROOT: (Algorithm.ED25519, Algorithm.ML_DSA_65),
        Role.RECOVERY: (),
        Role.SIGN: (Algorithm.ED25519,),
        Role.BATCH: (Algorithm.ML_DSA_65,),
        Role.HTTP: (Algorithm.ED25519,),
        Role.HPKE: (),
        Role.WITNESS: (Algorithm.ED25519, Algorithm.ML_DSA_44),
    }
)
_SIGNS: Mapping[Role, tuple[Typ, ...]] = MappingProxyType(
    {Role.ROOT: (Typ.CHARTER, Typ.KEY), Role.SIGN: (*STATEMENTS, Typ.BATCH), Role.BATCH: (Typ.BATCH,)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One enrolled public key; `algorithm` is None for the two roles that only open boxes."""

    kid: KeyId
    role: Role
    public_key: bytes
    algorithm: Algorithm | None = None

    def verifier(self) -> PublicKey:
        """Return the key to verify signatures with."""
        return PublicKey(algorithm=self._algorithm(), raw=self.public_key)

    def header(self, typ: Typ) -> bytes:
        """Return the exact protected header of this key's signatures in an entry or file of kind `typ`."""
        return jws.protected_header(alg=self._algorithm().value, kid=self.kid, typ=typ)

    def to_json(self) -> JsonValue:
        """Return the key object."""
        return {"kid": str(self.kid), "role": self.role.value, "pk": b64u(self.public_key)}

    def _algorithm(self) -> Algorithm:
        if self.algorithm is None:
            raise MalformedError(f"{self.kid} signs nothing")
        return self.algorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderKey:
    """What an exact protected header stands for."""

    agency: str
    kid: KeyId
    role: Role
    typ: Typ
    public_key: PublicKey


def enrol(*, kid: KeyId, role: Role, public_key: bytes) -> Key:
    """Return the key if it may be enrolled: of its role's length, canonical, of prime order; else MalformedError."""
    try:
        return Key(kid=kid, role=role, public_key=public_key, algorithm=_algorithm(role, public_key))
    except KeyRefusedError as error:
        raise MalformedError(f"{kid} must not be enrolled as {role.value} key: {error}") from error


def parse_keys(value: JsonValue, *, owner: str) -> tuple[Key, ...]:
    """Return a list of key objects of one owner, by ascending number; raise MalformedError."""
    keys = tuple(_key(item, owner=owner) for item in jsontext.array(value, high=MAX_KEYS))
    numbers = [key.kid.number for key in keys]
    if numbers != sorted(set(numbers)):
        raise MalformedError(f"the keys of {owner} are not in ascending order of their numbers")
    if len({key.public_key for key in keys}) != len(keys):
        raise MalformedError(f"{owner} lists one public key under two names")
    return keys


def of_role(keys: Iterable[Key], role: Role) -> tuple[Key, ...]:
    """Return the keys of one role, in the order listed."""
    return tuple(key for key in keys if key.role is role)


def is_pair(keys: Iterable[Key], role: Role) -> bool:
    """Say whether `keys` hold exactly the two keys of a role that signs twice, Ed25519 first."""
    return tuple(key.algorithm for key in of_role(keys, role)) == ALGORITHMS[role]


def headers_of(key: Key) -> dict[bytes, HeaderKey]:
    """Return every protected header that this key may write."""
    typs = _SIGNS.get(key.role, ())
    if not typs:
        return {}
    verifier = key.verifier()
    return {
        key.header(typ): HeaderKey(agency=key.kid.agency, kid=key.kid, role=key.role, typ=typ, public_key=verifier)
        for typ in typs
    }


def _key(value: JsonValue, *, owner: str) -> Key:
    kid_text, role_text, pk = jsontext.members(value, "kid", "role", "pk")
    kid = key_id(kid_text)
    if kid.agency != owner:
        raise MalformedError(f"{owner} lists a key of another")
    try:
        return enrol(kid=kid, role=Role(role_text), public_key=unb64u(jsontext.text(pk)))
    except (ValueError, EncodingError) as error:
        raise MalformedError(f"{kid} has no role or no public key that we know") from error


def _algorithm(role: Role, public_key: bytes) -> Algorithm | None:
    if not ALGORITHMS[role]:
        hpke.check_public_key(public_key)
        return None
    for algorithm in ALGORITHMS[role]:
        if len(public_key) == algorithm.public_key_bytes:
            PublicKey(algorithm=algorithm, raw=public_key)  # enrols strictly
            return algorithm
    raise KeyRefusedError("the length fits no algorithm of this role")
