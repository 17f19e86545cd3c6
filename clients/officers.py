"""Officers of this agency: each has a signing key in a keystore of its own (docs/protocol.md, 6.20).

The home lists who is enrolled under which key. Whoever holds the home can enrol: that two names are two people is for the
agency to see to, and its list to show. Who left goes on a second list, with when: what they signed before stays good.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from clients.durable import make_folder, write_file
from clients.errors import HomeError
from clients.home import Home
from clients.keyring import SEED_BYTES
from clients.plaintext import visible
from crypto.digests import sha256
from crypto.encoding import b64u
from crypto.keystore import STRONG, Cost, Keystore, Secret
from crypto.signing import Algorithm, SeedSigner, Signer
from ledger.errors import LedgerError
from ledger.identifiers import hash_of

MAX_NAME = 100
_KEY = "officer"
_LIST = "officers.json"
_ENDED = "ended.json"
_Listed = TypeVar("_Listed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An officer who signs no more: their public key, and when it ended (POSIX seconds)."""

    key: bytes = field(repr=False)
    at: int


def create_officer(home: Home, name: str, *, passphrase: bytes, cost: Cost = STRONG) -> bytes:
    """Draw an officer's key, put it into a keystore of its own and enrol it; return the public key."""
    known = enrolled(home)
    if " ".join(name.split()) != name or not name or visible(name) != name or len(name) > MAX_NAME:
        raise HomeError(f"an officer's name is one line of at most {MAX_NAME} characters")
    if name.casefold() in {one.casefold() for one in (*known, *ended(home))}:
        raise HomeError("an officer of that name is enrolled already", next_step="choose a name that tells them apart")
    make_folder(home.officers)
    seed = _drawn(home.officers / f"{_file_name(name)}.keystore", passphrase=passphrase, cost=cost)
    key = SeedSigner(Algorithm.ED25519, seed).public_key.raw
    _write_enrolled(home, {**known, name: key})
    return key


def end_officer(home: Home, name: str, *, now: int) -> None:
    """Let an officer sign no more from `now` on (POSIX seconds), and keep their public key: it verifies what they signed.

    Raises HomeError for one who is not enrolled.
    """
    known = enrolled(home)
    if name not in known:
        raise _unknown()
    # First the second list: a crash in between leaves the name on both, and one that is on both signs no more.
    listed = {**ended(home), name: Ended(key=known[name], at=now)}
    told = {one: {"key": b64u(end.key), "at": end.at} for one, end in listed.items()}
    write_file(home.officers / _ENDED, _spelled(told))
    _write_enrolled(home, {one: key for one, key in known.items() if one != name})


def enrolled(home: Home) -> Mapping[str, bytes]:
    """Return the public keys of the officers of this home who may sign, by name."""
    gone = ended(home)
    listed = _read(home, _LIST, hash_of)
    return {name: key for name, key in listed.items() if name not in gone}


def ended(home: Home) -> Mapping[str, Ended]:
    """Return the officers of this home who sign no more, by name."""
    return _read(home, _ENDED, lambda told: Ended(key=hash_of(told["key"]), at=int(told["at"])))


def officer_signer(home: Home, name: str, *, passphrase: bytes, allow_weak: bool = False) -> Signer:
    """Return an officer's signer; raise HomeError for one who is not enrolled here."""
    if name not in enrolled(home):
        raise _unknown()
    path = home.officers / f"{_file_name(name)}.keystore"
    secret = Keystore.open(path, passphrase=passphrase, allow_weak=allow_weak).secrets[_KEY]
    return SeedSigner(Algorithm.ED25519, secret.value)


def _drawn(path: Path, *, passphrase: bytes, cost: Cost) -> bytes:
    """Return the seed of an officer who is being enrolled; what an earlier try left behind, under this passphrase, goes on."""
    if path.exists():
        store = Keystore.open(path, passphrase=passphrase, allow_weak=cost != STRONG)
    else:
        store = Keystore.create(path, passphrase=passphrase, cost=cost)
    if _KEY not in store.secrets:
        role = f"{_KEY}/{Algorithm.ED25519.value}"
        store.put(Secret(name=_KEY, role=role, value=secrets.token_bytes(SEED_BYTES)))
    return store.secrets[_KEY].value


def _read(home: Home, name: str, parse: Callable[[Any], _Listed]) -> dict[str, _Listed]:
    path = home.officers / name
    if not path.exists():
        return {}
    try:
        return {str(officer): parse(told) for officer, told in json.loads(path.read_bytes()).items()}
    except (ValueError, TypeError, LookupError, AttributeError, LedgerError) as error:
        raise HomeError("the list of officers cannot be read", next_step="restore it from a backup") from error


def _write_enrolled(home: Home, keys: Mapping[str, bytes]) -> None:
    write_file(home.officers / _LIST, _spelled({name: b64u(key) for name, key in keys.items()}))


def _spelled(listed: Mapping[str, object]) -> bytes:
    return json.dumps(listed, ensure_ascii=False, indent=2).encode() + b"\n"


def _unknown() -> HomeError:
    return HomeError("no officer of that name is enrolled", next_step="enrol one with `sealtrace officer create`")


def _file_name(name: str) -> str:
    # A name may hold what a file's name may not.
    return sha256(name.casefold().encode()).hex()[:16]
