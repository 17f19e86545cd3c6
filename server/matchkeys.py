"""The service's half of matching: one OPRF key for each token epoch (docs/protocol.md, 2 and 6.4).

A key is drawn before a charter names it, and found by the public key that the charter does name. Whoever has it and
Kc can try every serial there is: docs/threat-model.md says on its first page what that means.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from crypto import oprf
from crypto.encoding import b64u
from crypto.errors import KeystoreError, OprfError
from crypto.keystore import Keystore, Secret
from ledger.charter import Charter
from ledger.jsontext import JsonValue
from ledger.terms import Match
from server.errors import StartError

# The key in force and the one before it, whose slips go on to match for 30 days.
_KEPT = 2
_PREFIX = "oprf/"
_ROLE = "service"


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """The OPRF keys that a service holds, the oldest first."""

    keys: tuple[bytes, ...] = field(default=(), repr=False)

    def public(self) -> tuple[bytes, ...]:
        """Return their public keys, the oldest first."""
        return tuple(oprf.public_key(key) for key in self.keys)

    def key(self, match: Match) -> bytes:
        """Return the key of a token epoch; raise StartError if it is not held."""
        held = MappingProxyType(dict(zip(self.public(), self.keys, strict=True)))
        if match.pk not in held:
            raise StartError("the charter names a matching key that the keystore does not hold")
        return held[match.pk]

    def require_named_by(self, charter: Charter) -> None:
        """Raise StartError unless the key of the charter's token epoch, if it has one, is held."""
        if charter.match is not None:
            self.key(charter.match)

    def to_json(self) -> JsonValue:
        """Return what the next charter may name: the newest key."""
        return {"pk": b64u(self.public()[-1])}


def read_match_keys(store: Keystore) -> MatchKeys:
    """Return the OPRF keys of a keystore; raise KeystoreError for one that is none."""
    keys = MatchKeys(tuple(store.secrets[f"{_PREFIX}{number}"].value for number in _numbers(store)))
    try:
        keys.public()
    except OprfError as error:
        raise KeystoreError("a matching key of the keystore is none") from error
    return keys


def draw_match_key(store: Keystore) -> Secret:
    """Return a fresh key under the next number; the caller puts it into the keystore."""
    number = max(_numbers(store), default=0) + 1
    return Secret(name=f"{_PREFIX}{number}", role=_ROLE, value=oprf.generate_key())


def outlived(store: Keystore, in_force: Match | None) -> Sequence[str]:
    """Return the names of keys that no slip needs any more: all but the one in force, that before it, and later ones."""
    numbers = _numbers(store)
    public = read_match_keys(store).public()
    if in_force is None or in_force.pk not in public:
        return ()
    return [f"{_PREFIX}{number}" for number in numbers[: max(0, public.index(in_force.pk) + 1 - _KEPT)]]


def waits(store: Keystore, in_force: Match | None) -> bool:
    """Say whether the newest key has not been named yet."""
    public = read_match_keys(store).public()
    return bool(public) and (in_force is None or public[-1] != in_force.pk)


def _numbers(store: Keystore) -> list[int]:
    names = [name.removeprefix(_PREFIX) for name in store.secrets if name.startswith(_PREFIX)]
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())
