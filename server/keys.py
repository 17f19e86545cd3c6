"""The service's own keys: made in generations, kept in the keystore, named by the charter (docs/protocol.md, 2).

What a charter must name is written to service.json. At a start the keys are compared with the charter in force: a
service that cannot sign what its members expect must not sign at all. A keystore holds one generation, or two while
the members agree on a charter that names the second (docs/adr/0031).
"""

import secrets as chance
from dataclasses import dataclass, field, replace
from pathlib import Path

from crypto.errors import KeystoreError
from crypto.keystore import STRONG, Cost, Keystore, Secret
from crypto.signing import SEED_BYTES, Algorithm, SeedSigner, Signer
from ledger import jsontext
from ledger.charter import Charter
from ledger.checkpoints import vkey
from ledger.identifiers import LOG_ID, KeyId, access_origin, key_id
from ledger.terms import LogKeys, Match
from server.errors import StartError
from server.matchkeys import MatchKeys, draw_match_key, outlived, read_match_keys, waits

_FIRST = 1
_NOTES = {
    "log/Ed25519": Algorithm.ED25519,
    "log/ML-DSA-44": Algorithm.ML_DSA_44,
    "access/Ed25519": Algorithm.ED25519,
    "access/ML-DSA-44": Algorithm.ML_DSA_44,
}
_ROLE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeys:
    """The signers of one service, and its next generation where one is prepared."""

    ed25519: Signer
    ml_dsa_44: Signer
    access_ed25519: Signer
    access_ml_dsa_44: Signer
    answer: Signer
    generation: int = _FIRST
    successor: "ServiceKeys | None" = None
    matching: MatchKeys = field(default_factory=MatchKeys)

    def named(self, origin: str) -> LogKeys:
        """Return the keys as the charter of the log `origin` names them."""
        access = access_origin(origin)
        return LogKeys(
            vkeys=(vkey(origin, self.ed25519.public_key), vkey(origin, self.ml_dsa_44.public_key)),
            access=(vkey(access, self.access_ed25519.public_key), vkey(access, self.access_ml_dsa_44.public_key)),
            answer_kid=KeyId(LOG_ID, self.generation),
            answer_key=self.answer.public_key.raw,
        )

    def generations(self) -> "tuple[ServiceKeys, ...]":
        """Return the generations held, the older first."""
        return (self,) if self.successor is None else (self, *self.successor.generations())

    def for_access(self) -> "ServiceKeys":
        """Return these keys with those of the access log in the places that sign."""
        return replace(self, ed25519=self.access_ed25519, ml_dsa_44=self.access_ml_dsa_44)

    def require_named_by(self, charter: Charter) -> "ServiceKeys":
        """Return the generation that the charter names, all five keys of it; raise StartError if none is."""
        for keys in self.generations():
            if charter.log == keys.named(charter.origin):
                return keys
        raise StartError("the charter in force names other keys of the service than the keystore holds")


def create_keys(path: Path, *, passphrase: bytes, cost: Cost = STRONG) -> ServiceKeys:
    """Make the service's keys in a new keystore at `path`."""
    store = Keystore.create(path, passphrase=passphrase, cost=cost)
    store.put(*_draw(_FIRST), draw_match_key(store))
    return _from(store)


def add_generation(
    path: Path, *, passphrase: bytes, in_force: LogKeys, match: Match | None = None, allow_weak: bool = False
) -> ServiceKeys:
    """Draw the next generation into the keystore at `path` and return it; what came before `in_force` is destroyed.

    A matching key comes with it, unless one waits already to follow `match`, which the charter in force names.

    Raises KeystoreError where a successor of the keys in force waits already, or these are not in the keystore.
    """
    store = Keystore.open(path, passphrase=passphrase, allow_weak=allow_weak)
    held = _from(store).generations()
    newest = held[-1]
    if newest.answer.public_key.raw != in_force.answer_key:
        raise KeystoreError("the newest generation is not in force yet: a charter has to name it first")
    store.put(*_draw(newest.generation + 1), *_next_match_key(store, match))
    old = [name for keys in held[:-1] for name in _seeds(keys.generation)]
    store.remove(*old, *outlived(store, match))
    return _from(store).generations()[-1]


def add_match_key(path: Path, *, passphrase: bytes, in_force: Charter, allow_weak: bool = False) -> ServiceKeys:
    """Draw the key of the next token epoch, unless one waits already, and return the keys in force with it."""
    store = Keystore.open(path, passphrase=passphrase, allow_weak=allow_weak)
    store.put(*_next_match_key(store, in_force.match))
    store.remove(*outlived(store, in_force.match))
    return _from(store).require_named_by(in_force)


def open_keys(path: Path, *, passphrase: bytes, allow_weak: bool = False) -> ServiceKeys:
    """Return the keys of the keystore at `path`; raise KeystoreError."""
    return _from(Keystore.open(path, passphrase=passphrase, allow_weak=allow_weak))


def service_json(keys: ServiceKeys, *, origin: str, url: str) -> bytes:
    """Return what the charter must name: origin, url, `log`, and the `pk` of its `match`, in its own spelling."""
    named = {"origin": origin, "url": url, "log": keys.named(origin).to_json()}
    # A service made before there was matching has no key for it yet: `rotate` draws the first.
    match = {"match": keys.matching.to_json()} if keys.matching.keys else {}
    return jsontext.dump({**named, **match}) + b"\n"


def _next_match_key(store: Keystore, in_force: Match | None) -> list[Secret]:
    return [] if waits(store, in_force) else [draw_match_key(store)]


def _seeds(generation: int) -> dict[str, Algorithm]:
    """Return the secrets of a generation by name; the first keeps the names it had before there were others."""
    suffix = "" if generation == _FIRST else f"/{generation}"
    return {**{name + suffix: algorithm for name, algorithm in _NOTES.items()}, _answer(generation): Algorithm.ED25519}


def _draw(generation: int) -> list[Secret]:
    return [Secret(name=name, role=_ROLE, value=chance.token_bytes(SEED_BYTES)) for name in _seeds(generation)]


def _answer(generation: int) -> str:
    return str(KeyId(LOG_ID, generation))


def _from(store: Keystore) -> ServiceKeys:
    """Return the oldest generation held, with those after it as successors."""
    numbers = [key_id(name).number for name in store.secrets if name.startswith(f"{LOG_ID}#")]
    matching = read_match_keys(store)
    keys: ServiceKeys | None = None
    for number in sorted(numbers, reverse=True):
        keys = replace(_generation(store, number), successor=keys, matching=matching)
    if keys is None:
        raise KeystoreError("this is not the keystore of a service")
    return keys


def _generation(store: Keystore, number: int) -> ServiceKeys:
    try:
        signers = [SeedSigner(algorithm, store.secrets[name].value) for name, algorithm in _seeds(number).items()]
    except KeyError as error:
        raise KeystoreError("this is not the keystore of a service") from error
    ed25519, ml_dsa_44, access_ed25519, access_ml_dsa_44, answer = signers
    return ServiceKeys(
        ed25519=ed25519,
        ml_dsa_44=ml_dsa_44,
        access_ed25519=access_ed25519,
        access_ml_dsa_44=access_ml_dsa_44,
        answer=answer,
        generation=number,
    )
