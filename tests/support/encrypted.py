"""Encrypted databases taken apart: opened by hand, and their pages decrypted without the library that wrote them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from clients.database import connect
from clients.home import Home
from clients.keyring import Keyring
from tests.support.loopback import PHRASE

_PAGE = 4_096
_SALT = 16
_IV = 16
_HMAC = 64
_WAL_HEADER = 32
_FRAME_HEADER = 24


def key_of(home: Home) -> bytes:
    """Return the key of a test home's databases."""
    key = Keyring.open(home.keystore, passphrase=PHRASE, allow_weak=True).database_key()
    assert key is not None
    return key


def file_bytes(home: Home) -> bytes:
    """Return every page of a replica and of its log, decrypted: what is overwritten there is nowhere."""
    return plain_bytes(home.replica, key_of(home))


@contextmanager
def by_hand(path: Path, key: bytes) -> Iterator[Any]:
    """Give a connection that commits each statement, and close it."""
    with closing(connect(path, key=key)) as connection:
        yield connection


def plain_bytes(path: Path, key: bytes) -> bytes:
    """Return every page of a database and of its write-ahead log in the clear: what a thief with the key would see."""
    raw = path.read_bytes()
    found = [_page(raw[at : at + _PAGE], key, skip=_SALT if at == 0 else 0) for at in range(0, len(raw), _PAGE)]
    log = path.with_name(f"{path.name}-wal")
    frames = log.read_bytes()[_WAL_HEADER:] if log.exists() else b""
    for at in range(0, len(frames), _FRAME_HEADER + _PAGE):
        number = int.from_bytes(frames[at : at + 4], "big")
        page = frames[at + _FRAME_HEADER : at + _FRAME_HEADER + _PAGE]
        found.append(_page(page, key, skip=_SALT if number == 1 else 0))
    return b"".join(found)


def _page(raw: bytes, key: bytes, *, skip: int) -> bytes:
    """Return a page in the clear: AES-256-CBC, its initialisation vector and its authenticator at its end."""
    end = len(raw) - _IV - _HMAC
    opened = Cipher(algorithms.AES(key), modes.CBC(raw[end : end + _IV])).decryptor()
    return opened.update(raw[skip:end]) + opened.finalize()
