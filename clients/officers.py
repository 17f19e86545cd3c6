"""Officers of this agency: each has a signing key in a keystore of its own (docs/protocol.md, 6.20).

The home lists who is enrolled under which key. Whoever holds the home can enrol: that two names are two people is for the
agency to see to, and its list to show.
"""

import json
import secrets
from collections.abc import Mapping

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


def create_officer(home: Home, name: str, *, passphrase: bytes, cost: Cost = STRONG) -> bytes:
    """Draw an officer's key, put it into a keystore of its own and enrol it; return the public key."""
    known = enrolled(home)
    if " ".join(name.split()) != name or not name or visible(name) != name or len(name) > MAX_NAME:
        raise HomeError(f"an officer's name is one line of at most {MAX_NAME} characters")
    if name.casefold() in {one.casefold() for one in known}:
        raise HomeError("an officer of that name is enrolled already", next_step="choose a name that tells them apart")
    make_folder(home.officers)
    seed = secrets.token_bytes(SEED_BYTES)
    path = home.officers / f"{_file_name(name)}.keystore"
    Keystore.create(path, passphrase=passphrase, cost=cost).put(
        Secret(name=_KEY, role=f"{_KEY}/{Algorithm.ED25519.value}", value=seed)
    )
    key = SeedSigner(Algorithm.ED25519, seed).public_key.raw
    listed = {one: b64u(raw) for one, raw in {**known, name: key}.items()}
    write_file(home.officers / _LIST, json.dumps(listed, ensure_ascii=False, indent=2).encode() + b"\n")
    return key


def enrolled(home: Home) -> Mapping[str, bytes]:
    """Return the public keys of the officers of this home, by name."""
    path = home.officers / _LIST
    if not path.exists():
        return {}
    try:
        return {str(name): hash_of(key) for name, key in json.loads(path.read_bytes()).items()}
    except (ValueError, AttributeError, LedgerError) as error:
        raise HomeError("the list of officers cannot be read", next_step="restore it from a backup") from error


def officer_signer(home: Home, name: str, *, passphrase: bytes, allow_weak: bool = False) -> Signer:
    """Return an officer's signer; raise HomeError for one who is not enrolled here."""
    if name not in enrolled(home):
        raise HomeError("no officer of that name is enrolled", next_step="enrol one with `sealtrace officer create`")
    path = home.officers / f"{_file_name(name)}.keystore"
    secret = Keystore.open(path, passphrase=passphrase, allow_weak=allow_weak).secrets[_KEY]
    return SeedSigner(Algorithm.ED25519, secret.value)


def _file_name(name: str) -> str:
    # A name may hold what a file's name may not.
    return sha256(name.casefold().encode()).hex()[:16]
