"""An agency's secret keys by what they do, from its keystores (docs/protocol.md, 2).

The order of kids is that of PROTOCOL's roles: #1 and #2 root, #3 recovery, #4 sign, #5 batch, #6 http, #7 hpke. Root
and recovery lie in a file of their own, which is carried away after the charter is signed.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clients.errors import HomeError
from crypto.hpke import Decapsulator, SeedDecapsulator
from crypto.keystore import STRONG, Cost, Keystore, Secret
from crypto.signing import Algorithm, SeedSigner, Signer
from ledger.identifiers import KeyId, key_id
from ledger.keys import ALGORITHMS, Key, enrol
from ledger.kinds import Role

SEED_BYTES = 32
OFFLINE_ROLES = (Role.ROOT, Role.RECOVERY)
WORKING_ROLES = (Role.SIGN, Role.BATCH, Role.HTTP, Role.HPKE)
AUDITOR_ROLES = (Role.HTTP, Role.HPKE)

_EPOCH = "ek/"
_MATCHING = "kc/"
_PENDING = "pending/"
_ROWS = "home/rows"
_DATABASES = "db/home"
_USE = "use/sign"
_HPKE = "hpke"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A signer and the kid its signatures carry."""

    signer: Signer
    kid: KeyId

    def pair(self) -> tuple[Signer, KeyId]:
        """Return both as the builders of the ledger take them."""
        return self.signer, self.kid


def draw_keys(agency: str, roles: tuple[Role, ...], *, first: int) -> list[Secret]:
    """Return a fresh seed for every key of `roles`, numbered from `first` on."""
    names = [(role, algorithm) for role in roles for algorithm in (ALGORITHMS[role] or (None,))]
    return [
        Secret(
            name=str(KeyId(agency, number)),
            role=f"{role.value}/{algorithm.value if algorithm else _HPKE}",
            value=secrets.token_bytes(SEED_BYTES),
        )
        for number, (role, algorithm) in enumerate(names, first)
    ]


def draw_database_key() -> Secret:
    """Return a fresh key for the databases of a home (docs/adr/0068)."""
    return Secret(name=_DATABASES, role="databases", value=secrets.token_bytes(SEED_BYTES))


def public_key(secret: Secret) -> Key:
    """Return the key object that a charter lists for a seed."""
    role, _, algorithm = secret.role.partition("/")
    if algorithm == _HPKE:
        raw = SeedDecapsulator(secret.value).public_key
    else:
        raw = SeedSigner(Algorithm(algorithm), secret.value).public_key.raw
    return enrol(kid=key_id(secret.name), role=Role(role), public_key=raw)


def create_keystore(path: Path, *, passphrase: bytes, keys: list[Secret], cost: Cost = STRONG) -> None:
    """Write a new keystore that holds `keys`."""
    Keystore.create(path, passphrase=passphrase, cost=cost).put(*keys)


class Keyring:
    """The keys of one keystore, ready to use."""

    def __init__(self, keystore: Keystore) -> None:
        """Take an open keystore."""
        self._keystore = keystore

    @classmethod
    def open(cls, path: Path, *, passphrase: bytes, allow_weak: bool = False) -> "Keyring":
        """Open the keystore at `path`; raise KeystoreError for a wrong passphrase or a damaged file."""
        return cls(Keystore.open(path, passphrase=passphrase, allow_weak=allow_weak))

    def signing_keys(self, role: Role) -> tuple[SigningKey, ...]:
        """Return every signing key of `role`, by ascending number."""
        return tuple(
            SigningKey(signer=SeedSigner(Algorithm(secret.role.partition("/")[2]), secret.value), kid=kid)
            for kid, secret in self._of_role(role)
        )

    def signer(self, role: Role) -> SigningKey:
        """Return the newest signing key of `role`; raise HomeError where there is none."""
        found = self.signing_keys(role)
        if not found:
            raise HomeError(f"the keystore holds no {role.value} key", next_step="restore it from a backup")
        return found[-1]

    def decapsulators(self, role: Role = Role.HPKE) -> Iterator[Decapsulator]:
        """Yield what opens boxes sealed to the keys of `role`, the newest first."""
        for _, secret in reversed(self._of_role(role)):
            yield SeedDecapsulator(secret.value)

    def public_keys(self) -> tuple[Key, ...]:
        """Return what a charter lists for all keys here, by ascending number."""
        numbered = (
            secret for name, secret in self._keystore.secrets.items() if "#" in name and not name.startswith(_PENDING)
        )
        return tuple(sorted((public_key(secret) for secret in numbered), key=lambda key: key.kid.number))

    def pending(self) -> tuple[Key, ...]:
        """Return the keys drawn for a change that is not in the log yet: nothing signs with them."""
        waiting = (replace(secret, name=name) for name, secret in self._pending())
        return tuple(sorted((public_key(secret) for secret in waiting), key=lambda key: key.kid.number))

    def prepare(self, keys: Iterable[Secret]) -> None:
        """Keep keys durably that come into use by `adopt`, beside those of earlier changes that may yet be logged."""
        self._keystore.put(*(replace(key, name=_PENDING + key.name) for key in keys))

    def adopt(self, *, kids: Iterable[KeyId], destroy: Iterable[KeyId]) -> None:
        """Bring prepared keys into use, then destroy seeds that have ended for good, and all that were prepared beside."""
        waiting = dict(self._pending())
        adopted = [str(kid) for kid in kids if str(kid) in waiting]
        self._keystore.put(*(replace(waiting[name], name=name) for name in adopted))
        self._keystore.remove(*(_PENDING + name for name in waiting), *(str(kid) for kid in destroy))

    def move_working_keys(self, target: "Keyring") -> None:
        """Move the working keys that lie here with a new root to where they are used."""
        working = [secret for role in WORKING_ROLES for _, secret in self._of_role(role)]
        target._keystore.put(*working)  # noqa: SLF001 - another one of these
        self._keystore.remove(*(secret.name for secret in working))

    def destroy(self, kids: Iterable[KeyId]) -> None:
        """Destroy seeds that have ended for good."""
        self._keystore.remove(*map(str, kids))

    def roots(self) -> tuple[tuple[Signer, Key], ...]:
        """Return the root pair as charters are signed with it, Ed25519 first."""
        return tuple(
            (SeedSigner(Algorithm(secret.role.partition("/")[2]), secret.value), public_key(secret))
            for _, secret in self._of_role(Role.ROOT)
        )

    def epoch_keys(self) -> Mapping[str, bytes]:
        """Return the epoch keys held, by the hex of their ids."""
        return {
            name.removeprefix(_EPOCH): secret.value
            for name, secret in self._keystore.secrets.items()
            if name.startswith(_EPOCH)
        }

    def put_epoch_keys(self, keys: Mapping[str, bytes]) -> None:
        """Keep epoch keys durably, by the hex of their ids."""
        self._keystore.put(*(Secret(name=_EPOCH + name, role="epoch", value=key) for name, key in keys.items()))

    def matching_keys(self) -> Mapping[bytes, bytes]:
        """Return the matching keys held, by their ids."""
        return {
            bytes.fromhex(name.removeprefix(_MATCHING)): secret.value
            for name, secret in self._keystore.secrets.items()
            if name.startswith(_MATCHING)
        }

    def put_matching_key(self, kcid: bytes, key: bytes) -> None:
        """Keep a matching key durably, by its id."""
        self._keystore.put(Secret(name=_MATCHING + kcid.hex(), role="matching", value=key))

    def row_key(self) -> bytes:
        """Return the key under which this home fingerprints list rows, drawn at its first use."""
        if _ROWS not in self._keystore.secrets:
            self.reload()  # another program may have drawn it since
        found = self._keystore.secrets.get(_ROWS)
        if found is None:
            found = Secret(name=_ROWS, role="rows", value=secrets.token_bytes(SEED_BYTES))
            self._keystore.put(found)
        return found.value

    def database_key(self) -> bytes | None:
        """Return the key of this home's databases, if one was drawn."""
        found = self._keystore.secrets.get(_DATABASES)
        return None if found is None else found.value

    def put_database_key(self, key: Secret) -> bytes:
        """Keep the key of this home's databases durably and return it; KeystoreError where there is another."""
        self._keystore.put(key)
        return key.value

    def use_seed(self) -> bytes | None:
        """Return the seed of the key that signs the desk's record of use, if there is one."""
        found = self._keystore.secrets.get(_USE)
        return None if found is None else found.value

    def put_use_seed(self, seed: bytes) -> None:
        """Keep the seed of the key that signs the desk's record of use; KeystoreError where there is another."""
        self._keystore.put(Secret(name=_USE, role="use", value=seed))

    def reload(self) -> None:
        """Take in what other programs have written to the keystore since."""
        self._keystore.reload()

    def _of_role(self, role: Role) -> list[tuple[KeyId, Secret]]:
        return sorted(
            (key_id(secret.name), secret)
            for secret in self._keystore.secrets.values()
            if secret.role.startswith(f"{role.value}/") and not secret.name.startswith(_PENDING)
        )

    def _pending(self) -> list[tuple[str, Secret]]:
        """Return the secrets that wait, with the names they will have."""
        return [
            (name.removeprefix(_PENDING), secret)
            for name, secret in self._keystore.secrets.items()
            if name.startswith(_PENDING)
        ]
