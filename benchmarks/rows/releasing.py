"""100,000 old records of closed epochs opened to a newcomer: what their owner waits for, then the newcomer.

"Opened" can be read as what their owner does, as the newcomer's keys, or as a sync that is done with everything: the aim is
held against each (docs/adr/0097).

**By release**: `sealtrace release` in the owner's home, which says the number of records first. It is counted in the
replica, where most of them are copies here. An approval by a second officer and the desk count by the same call.

**By sync**: from the release that waits to records that the desk finds. The newcomer reads the log between the places
that the release names, holds the entries against the tree, verifies every batch and every record's signature, tries the
key on three portions of each, fetches the ciphertexts, decrypts two, looks up each field's digest among those signed,
weighs the label, writes what it says into the encrypted replica and indexes it. The service runs in this process, and its
share is taken off; so is the network, which loopback is none of.

**The keys** alone: each record read by its pattern, the key held against kc, the tag made that fetches the ciphertext.
**The contents**: the same, and both ciphertexts hashed, decrypted, cut into fields, each field's digest looked up.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import crypto_sign_open

from benchmarks.material import Sender, senders, signed_parts
from benchmarks.measure import Figure, Limit, at_most
from benchmarks.newcomers import NEWCOMERS, index_seconds, released, repeat_stored, said_seconds, sync_seconds
from ledger.kinds import Role
from ledger.opening import open_with_keys, which_key
from ledger.recordform import PORTIONS, SIZES, parse_record
from ledger.statements import SealedStatement

RECORDS = 100_000
# So many that what a sync costs before its first record does not count for much among them.
_SYNCED = 10_000
_SAMPLE = 2_000
_REPEATS = 5
_MOST = 10
_NONCE = bytes(12)
_WHY = (
    "Signatures and ciphertexts alone, which no program could leave out, are the limit beside it. A third of the whole is "
    "reading and opening portions, a good quarter the index of words and likenesses, the rest the log, its batches and what "
    "is stored. It is paid once, by an agency that joins late; what was tried and what was not is in ADR 82, what a second "
    "process would take over in ADR 77, and how the aim may be read in ADR 97."
)


def measure() -> list[Figure]:
    """Return the seconds that 100,000 records take their owner, by sync, their keys alone, and their contents alone."""
    bare_work = _bare()
    synced: list[float] = []
    indexed: list[float] = []
    bare: list[float] = []
    with released(_SYNCED) as walk:
        for newcomer in NEWCOMERS:
            synced.append(sync_seconds(walk, newcomer, records=_SYNCED) * RECORDS / _SYNCED)
            bare.append(_seconds(bare_work))
            indexed.append(index_seconds(walk, newcomer) * RECORDS / _SYNCED)
        repeat_stored(walk, records=RECORDS - _SYNCED)
        said = [said_seconds(walk, NEWCOMERS[0], records=RECORDS) for _ in range(_REPEATS)]
    return [
        at_most(
            what=f"{RECORDS:,} records of closed epochs opened to a newcomer by `sealtrace release`: their number said first",
            unit="s, one core",
            values=said,
            most=_MOST,
        ),
        at_most(
            what="by the newcomer: every record read, every key held against its kc, every tag made",
            unit="s, one core",
            values=[_seconds(lambda: _each(_fit)) for _ in range(_REPEATS)],
            most=_MOST,
        ),
        at_most(
            what="the same, and every portion decrypted, each field's digest looked up",
            unit="s, one core",
            values=[_seconds(lambda: _each(_open)) for _ in range(_REPEATS)],
        ),
        _by_sync(synced, bare),
        at_most(
            what="of which at most: what `find` looks things up by, read back and made anew, as after an upgrade",
            unit="s, one core",
            values=indexed,
        ),
    ]


@cache
def _material() -> tuple[Sender, tuple[SealedStatement, ...]]:
    (sender,) = senders(1, agencies=2)
    return sender, tuple(sender.record() for _ in range(_SAMPLE))


def _by_sync(synced: Sequence[float], bare: Sequence[float]) -> Figure:
    median = statistics.median(synced)
    return Figure(
        what="the whole of the newcomer's `sealtrace sync`: read, verified, decrypted, checked, stored, indexed",
        unit="s, one core",
        median=median,
        low=min(synced),
        high=max(synced),
        target=f"≤ {_MOST}",
        met=median <= _MOST,
        why=_WHY,
        limit=Limit(
            name="bare libsodium verification of the records and AES-256-GCM of their portions, s",
            median=statistics.median(bare),
            ratio=statistics.median(one / other for one, other in zip(synced, bare, strict=True)),
        ),
    )


def _seconds(work: Callable[[], object]) -> float:
    """Return what `work` on the sample would take for all records."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * RECORDS / _SAMPLE


def _each(work: Callable[[SealedStatement, bytes], object]) -> None:
    sender, sealed = _material()
    for statement in sealed:
        work(statement, sender.shared_key)


def _bare() -> Callable[[], None]:
    """Return what verifies the records' signatures and decrypts the portions that a newcomer reads: no less would do."""
    sender, sealed = _material()
    signer, _ = sender.consortium.signing(sender.iss, Role.SIGN)
    signed, public = signed_parts(sealed), signer.public_key.raw
    ciphers = [(AESGCM(bytes(32)), bytes(SIZES[name])) for name in ("item", "event")]
    sealed_texts = [(cipher, cipher.encrypt(_NONCE, text, None)) for cipher, text in ciphers]

    def work() -> None:
        for part in signed:
            crypto_sign_open(part, public)
            for cipher, ciphertext in sealed_texts:
                cipher.decrypt(_NONCE, ciphertext, None)

    return work


def _fit(statement: SealedStatement, key: bytes) -> list[bytes]:
    record = parse_record(statement.entry)
    found = (which_key(record.name, name, sealed.kc, [key]) for name, sealed in record.portions.items())
    return [keys.fetch_tag for keys in found if keys is not None]


def _open(statement: SealedStatement, key: bytes) -> None:
    record = parse_record(statement.entry)
    for place, name in enumerate(PORTIONS, 1):
        keys = which_key(record.name, name, record.portions[name].kc, [key])
        if keys is not None:
            open_with_keys(record, name, keys=keys, ciphertext=statement.blobs[place])
