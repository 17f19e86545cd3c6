"""Keystores that are cheap to open, and their header taken apart."""

import struct
from pathlib import Path

from crypto.keystore import Cost, Keystore, Secret

PASSPHRASE = b"correct horse battery staple"
DATABASE_KEY = bytes(range(96, 128))
WEAK = Cost(memory_kib=8, passes=1, lanes=1)
HEADER = struct.Struct(">16sHIII16s12s")
SIGN = Secret(name="xar-arms#1", role="sign", value=bytes(range(32)))
BATCH = Secret(name="xar-arms#2", role="batch", value=bytes(range(32, 64)))
EPOCH = Secret(name="ek/" + "ab" * 32, role="epoch", value=bytes(range(64, 96)))


def small_keystore(folder: Path) -> Path:
    """Return the path of a new keystore with two secrets."""
    path = folder / "keystore"
    Keystore.create(path, passphrase=PASSPHRASE, cost=WEAK).put(SIGN, BATCH)
    return path


def reopen(path: Path, passphrase: bytes = PASSPHRASE) -> Keystore:
    """Open as another program would."""
    return Keystore.open(path, passphrase=passphrase, allow_weak=True)
