"""The keys of an agency's witness: drawn into a keystore of their own, named by the members' charter (docs/protocol.md, 8).

They wait there until a charter names them, and earlier ones stay: the first checkpoint with a new charter is cosigned
under the charter before, too.
"""

from dataclasses import dataclass

from clients.home import Home
from clients.keyring import Keyring, create_keystore, draw_keys, public_key
from crypto.keystore import STRONG, Cost, Keystore, Secret
from ledger import jsontext
from ledger.errors import MalformedError
from ledger.identifiers import agency_id
from ledger.jsontext import JsonValue
from ledger.keys import Key, is_pair, parse_keys
from ledger.kinds import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessKeys:
    """The request of a member to be, or stay, a witness under these two keys."""

    id: str
    keys: tuple[Key, ...]

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"id": self.id, "keys": [key.to_json() for key in self.keys]}


def parse_witness_keys(value: JsonValue) -> WitnessKeys:
    """Return the request that a JSON object spells; raise MalformedError."""
    ident, keys = jsontext.members(value, "id", "keys")
    owner = agency_id(ident)
    parsed = parse_keys(keys, owner=owner)
    if len(parsed) != 2 or not is_pair(parsed, Role.WITNESS):
        raise MalformedError("a witness has an Ed25519 and an ML-DSA-44 key")
    return WitnessKeys(id=owner, keys=parsed)


def draw_witness_keys(home: Home, *, first: int, passphrase: bytes, cost: Cost = STRONG) -> WitnessKeys:
    """Add a pair of witness keys to the home's witness keystore, numbered from `first` or above what is there."""
    agency = home.config().id
    if not home.witness_keystore.exists():
        secrets = draw_keys(agency, (Role.WITNESS,), first=first)
        create_keystore(home.witness_keystore, passphrase=passphrase, keys=secrets, cost=cost)
        return _public(agency, secrets)
    store = Keystore.open(home.witness_keystore, passphrase=passphrase, allow_weak=cost != STRONG)
    drawn = [key.kid.number for key in Keyring(store).public_keys()]
    secrets = draw_keys(agency, (Role.WITNESS,), first=max([first, *(number + 1 for number in drawn)]))
    store.put(*secrets)
    return _public(agency, secrets)


def _public(agency: str, secrets: list[Secret]) -> WitnessKeys:
    return WitnessKeys(id=agency, keys=tuple(public_key(secret) for secret in secrets))
