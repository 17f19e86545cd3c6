"""The auditor's side: a whole log from its tiles, on one core, at the three depths."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from nacl.bindings import crypto_sign_open

from benchmarks.material import senders, signed_parts
from benchmarks.measure import Figure, against, paired
from clients.auditing import audit
from ledger.audit import Verdict
from ledger.errors import NotFoundError
from ledger.fingerprints import of_file
from ledger.kinds import Role
from ledger.submissions import Depth
from ledger.tiles import TilePath, encode_entry_bundle, entry_bundle_path, tile_paths
from tests.support.consortium import Consortium

_BATCHES = 24
_REPEATS = 3


class _Aim(NamedTuple):
    depth: Depth
    name: str
    at_least: int
    why: str


_AIMS = (
    _Aim(
        Depth.STRUCTURE,
        "structure",
        100_000,
        "Half of it is SHA-256 of leaves, tiles and batch roots, each of which is another check; a seventh is cutting "
        "bundles apart, the rest holding every leaf against its tile and verifying batches and charter. Less takes leaving "
        "a check out.",
    ),
    _Aim(
        Depth.RECORDS,
        "--records",
        25_000,
        "Base64, once a quarter of it, is pybase64's since (ADR 34). What is left is the audit of the structure, the pattern "
        "of a record and the names on disk, each of which walks through memory: a neighbour on the machine costs it a third.",
    ),
    _Aim(
        Depth.SIGNATURES,
        "--deep",
        9_000,
        "Six tenths of it is libsodium, of which a quarter is SHA-512 over four kilobytes, in portable C. It lets go of "
        "the interpreter's lock, so that a second core could take it all over; this row is for one.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The open files of a log, in memory: what is measured is the audit, not a disk or a network."""

    tiles: Mapping[TilePath, bytes]
    note: bytes
    charters: Mapping[int, bytes]
    size: int

    def checkpoint(self) -> bytes:
        """Return the checkpoint."""
        return self.note

    def tile(self, path: TilePath) -> bytes:
        """Return a tile or bundle."""
        if path not in self.tiles:
            raise NotFoundError("no such tile")
        return self.tiles[path]

    def access_checkpoint(self) -> bytes:
        """Raise: nobody asked anything in this log."""
        raise NotFoundError("no access log")

    def access_tile(self, path: TilePath) -> bytes:
        """Raise: there is no access log."""
        raise NotFoundError(f"no access log, so no {path.format()}")

    def charter(self, ver: int) -> bytes:
        """Return a charter file."""
        if ver not in self.charters:
            raise NotFoundError("no such charter")
        return self.charters[ver]

    def handover(self, index: int) -> bytes:
        """Raise: with one charter there was none."""
        raise NotFoundError(f"no charter was handed over at {index}")


class _Log(NamedTuple):
    files: Files
    fingerprint: bytes
    entries: Sequence[bytes]
    signed: Sequence[bytes]
    key: bytes


def measure() -> list[Figure]:
    """Return entries per second at each depth, beside bare SHA-256 and bare libsodium over the same entries."""
    log = _log()
    gc.collect()  # what made the log is not there when one is audited
    hashing = ("bare SHA-256 of the entries", partial(_hash, log.entries))
    verifying = ("bare libsodium verification of the statements", partial(_verify, log.signed, log.key))
    limits = {Depth.STRUCTURE: hashing, Depth.RECORDS: hashing, Depth.SIGNATURES: verifying}
    return [_figure(log, aim, *limits[aim.depth]) for aim in _AIMS]


def _log() -> _Log:
    (sender,) = senders(1, agencies=3)
    consortium = sender.consortium
    consortium.submit(sender.iss, sender.grants())
    for _ in range(_BATCHES):
        consortium.submit(sender.iss, sender.records())
    entries = consortium.store.entries(0, consortium.store.head().size)
    return _Log(
        files=log_files(entries, consortium),
        fingerprint=of_file(consortium.charter_file),
        entries=entries,
        signed=signed_parts(sender.records()),
        key=consortium.newest(sender.iss, Role.SIGN).public_key,
    )


def log_files(entries: Sequence[bytes], consortium: Consortium) -> Files:
    """Return the files that a log of these entries is published as."""
    store = consortium.store
    size = len(entries)
    tiles = {path: store.tile(path) for path in tile_paths(size)}
    for index in range(-(-size // 256)):
        tiles[entry_bundle_path(index=index, size=size)] = encode_entry_bundle(entries[index * 256 : (index + 1) * 256])
    return Files(tiles=tiles, note=store.head().checkpoint, charters=consortium.files, size=size)


def _figure(log: _Log, aim: _Aim, limit: str, limiting: Callable[[], int]) -> Figure:
    rates, limits = paired(partial(_audit, log, aim.depth), limiting, repeats=_REPEATS)
    return against(
        what=f"audit from tiles: {aim.name}",
        unit="entries/s, one core",
        rates=rates,
        limits=limits,
        limit=limit,
        at_least=aim.at_least,
        why=aim.why,
    )


def _audit(log: _Log, depth: Depth) -> int:
    found = audit(log.files, fingerprint=log.fingerprint, depth=depth, progress=lambda _done, _all: None)
    if found.report.verdict is not Verdict.UNWITNESSED:
        raise RuntimeError(f"the audit that was measured failed: {found.report.findings[:1]}")
    return found.report.size


def _hash(entries: Sequence[bytes]) -> int:
    for entry in entries:
        sha256(entry).digest()
    return len(entries)


def _verify(parts: Sequence[bytes], key: bytes) -> int:
    for part in parts:
        crypto_sign_open(part, key)
    return len(parts)
