"""Where seeds and epoch keys lie: one file under one passphrase (docs/protocol.md, 2; docs/adr/0016).

The file is header ‖ ciphertext: magic (16 bytes), version (uint16), Argon2id memory in KiB, passes and lanes (uint32
each), salt (16), nonce (12), all big-endian; then AES-256-GCM of lp(name, role, value, …) in the order of names with
the header as associated data. A change re-reads the file under a lock and adds to what it finds there, so that
two programs on one keystore lose nothing.
"""

import re
import secrets as chance
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from crypto import privatefile
from crypto.encoding import lp, unlp
from crypto.errors import EncodingError, KeystoreError

MAX_BYTES = 64 * 1024 * 1024

_MAGIC = b"sealtrace-keys\0\0"
_VERSION = 1
_HEADER = struct.Struct(">16sHIII16s12s")
_SALT_BYTES = 16
_NONCE_BYTES = 12
_WORD = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one guess of a passphrase costs: the parameters of Argon2id (RFC 9106, 3.1)."""

    memory_kib: int
    passes: int
    lanes: int


STRONG = Cost(memory_kib=65_536, passes=3, lanes=1)
_LEAST = Cost(memory_kib=8, passes=1, lanes=1)  # as low as Argon2id goes: for tests and demonstrations
# A header is believed only after the key is derived from it: without a cap, a changed one could ask for 4 TiB.
_MOST = Cost(memory_kib=524_288, passes=16, lanes=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One secret: its name (a kid, or `ek/…`), what it is for, and the value that is never shown."""

    name: str
    role: str
    value: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Raise KeystoreError unless name and role are 1 to 128 visible ASCII characters."""
        if not _WORD.fullmatch(self.name) or not _WORD.fullmatch(self.role):
            raise KeystoreError("a secret's name and role are 1 to 128 visible ASCII characters")


_Secrets: TypeAlias = Mapping[str, Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """What turns a passphrase into this file's key; it stays the same for the life of the file."""

    cost: Cost
    salt: bytes

    def header(self, nonce: bytes) -> bytes:
        cost = self.cost
        return _HEADER.pack(_MAGIC, _VERSION, cost.memory_kib, cost.passes, cost.lanes, self.salt, nonce)

    def derive(self, passphrase: bytes) -> AESGCM:
        if not passphrase:
            raise KeystoreError("an empty passphrase protects nothing")
        cost = self.cost
        stretched = Argon2id(
            salt=self.salt, length=32, memory_cost=cost.memory_kib, iterations=cost.passes, lanes=cost.lanes
        )
        return AESGCM(stretched.derive(passphrase))


class Keystore:
    """An open keystore: reads are of a snapshot; a change is on the disk before it returns."""

    def __init__(self, path: Path, *, recipe: _Recipe, aead: AESGCM, secrets: _Secrets) -> None:
        """Hold what `create` or `open` made; use those."""
        self._path = path
        self._recipe = recipe
        self._aead = aead
        self._secrets = secrets

    @classmethod
    def create(cls, path: Path, *, passphrase: bytes, cost: Cost = STRONG) -> Self:
        """Write an empty keystore at `path`; raise KeystoreError if anything is there already."""
        recipe = _Recipe(cost=_checked(cost, least=_LEAST), salt=chance.token_bytes(_SALT_BYTES))
        store = cls(path, recipe=recipe, aead=recipe.derive(passphrase), secrets={})
        with _reported(path), privatefile.locked(path):
            if path.is_symlink() or path.exists():
                raise KeystoreError("there is a file already")
            store._write({})
        return store

    @classmethod
    def open(cls, path: Path, *, passphrase: bytes, allow_weak: bool = False) -> Self:
        """Open the keystore at `path`; raise KeystoreError unless it is private, undamaged and this passphrase's."""
        with _reported(path):
            recipe, nonce, sealed = _parse(privatefile.read(path, limit=MAX_BYTES))
            _checked(recipe.cost, least=_LEAST if allow_weak else STRONG)
            aead = recipe.derive(passphrase)
            secrets = _decrypt(aead, recipe.header(nonce), nonce, sealed)
            return cls(path, recipe=recipe, aead=aead, secrets=secrets)

    @property
    def secrets(self) -> _Secrets:
        """Return all secrets by name, as of opening, the last change or the last `reload`."""
        return MappingProxyType(dict(self._secrets))

    def put(self, *secrets: Secret) -> None:
        """Add secrets durably; raise KeystoreError, adding none, if a name already has another value."""

        def add(found: dict[str, Secret]) -> None:
            for secret in secrets:
                if found.setdefault(secret.name, secret) != secret:
                    # Overwriting would destroy a key for ever; whoever means that removes it first.
                    raise KeystoreError("a secret of that name is there and is another one")

        self._change(add)

    def remove(self, *names: str) -> None:
        """Take secrets out durably; a name that is not there is already removed."""

        def drop(found: dict[str, Secret]) -> None:
            for name in names:
                found.pop(name, None)

        self._change(drop)

    def reload(self) -> None:
        """Take in what other programs have written since."""
        with _reported(self._path):
            self._secrets = self._read()

    def __repr__(self) -> str:
        """Return where it lies and nothing of what it holds."""
        return f"Keystore({str(self._path)!r})"

    def _change(self, change: Callable[[dict[str, Secret]], None]) -> None:
        with _reported(self._path), privatefile.locked(self._path):
            changed = self._read()
            change(changed)
            self._write(changed)
        self._secrets = changed

    def _read(self) -> dict[str, Secret]:
        recipe, nonce, sealed = _parse(privatefile.read(self._path, limit=MAX_BYTES))
        if recipe != self._recipe:
            raise KeystoreError("another keystore has taken its place: open it again")
        return _decrypt(self._aead, recipe.header(nonce), nonce, sealed)

    def _write(self, secrets: _Secrets) -> None:
        nonce = chance.token_bytes(_NONCE_BYTES)
        header = self._recipe.header(nonce)
        raw = header + self._aead.encrypt(nonce, _encode(secrets), header)
        if len(raw) > MAX_BYTES:
            raise KeystoreError(f"it would grow beyond {MAX_BYTES:,} bytes")
        privatefile.replace(self._path, raw)


def check_header(path: Path) -> None:
    """Raise KeystoreError unless `path` is private and begins as a keystore does; no passphrase is asked for."""
    with _reported(path):
        _parse(privatefile.read(path, limit=MAX_BYTES))


def _checked(cost: Cost, *, least: Cost) -> Cost:
    if cost.memory_kib < least.memory_kib or cost.passes < least.passes or cost.lanes < least.lanes:
        raise KeystoreError("its passphrase is stretched less than the protocol demands")
    if cost.memory_kib > _MOST.memory_kib or cost.passes > _MOST.passes or cost.lanes > _MOST.lanes:
        raise KeystoreError("its header asks for more work than any keystore needs")
    if cost.memory_kib < 8 * cost.lanes:
        raise KeystoreError("its header asks for less memory than its lanes need")
    return cost


def _parse(raw: bytes) -> tuple[_Recipe, bytes, bytes]:
    if len(raw) < _HEADER.size:
        raise KeystoreError("shorter than a header")
    magic, version, memory_kib, passes, lanes, salt, nonce = _HEADER.unpack_from(raw)
    if magic != _MAGIC or version != _VERSION:
        raise KeystoreError("not a keystore of a version this program knows")
    cost = Cost(memory_kib=memory_kib, passes=passes, lanes=lanes)
    return _Recipe(cost=cost, salt=salt), nonce, raw[_HEADER.size :]


def _decrypt(aead: AESGCM, header: bytes, nonce: bytes, sealed: bytes) -> dict[str, Secret]:
    try:
        return _decode(aead.decrypt(nonce, sealed, header))
    except InvalidTag as error:
        raise KeystoreError("the passphrase is wrong or the file is damaged") from error


def _encode(secrets: _Secrets) -> bytes:
    ordered = (secrets[name] for name in sorted(secrets))
    return lp(*(part for secret in ordered for part in (secret.name, secret.role, secret.value)))


def _decode(plain: bytes) -> dict[str, Secret]:
    try:
        parts = iter(unlp(plain))
        found = [
            Secret(name=name.decode("ascii"), role=role.decode("ascii"), value=value)
            for name, role, value in zip(parts, parts, parts, strict=True)
        ]
    except (EncodingError, ValueError) as error:
        raise KeystoreError("its content is not a list of secrets") from error
    secrets = {secret.name: secret for secret in found}
    if _encode(secrets) != plain:
        raise KeystoreError("its content is not in its one spelling")
    return secrets


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Say of which file an error speaks, and let no foreign one out."""
    try:
        yield
    except KeystoreError as error:
        raise KeystoreError(f"keystore {path}: {error}") from error
    except OSError as error:
        raise KeystoreError(f"keystore {path}: {error.strerror}") from error
