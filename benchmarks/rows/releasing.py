"""100,000 old records opened to a newcomer: one key for each closed epoch, every portion it fits opened and checked."""

import time
from functools import cache

from benchmarks.material import Sender, senders
from benchmarks.measure import Figure, at_most
from ledger import jsontext
from ledger.labels import Level, Purpose, Terms
from ledger.messages import Kind
from ledger.opening import open_with_keys, which_key
from ledger.recordform import PORTIONS, parse_record
from ledger.records import SealedStatement
from ledger.talk.bodies import parse_body
from ledger.talk.releases import Release, ReleasedEpoch

RECORDS = 100_000
_SAMPLE = 4_000
_TERMS = Terms(level=Level.RESTRICTED, comp=frozenset(), purp=frozenset({Purpose.TRACE}), cav=())


def measure() -> list[Figure]:
    """Return the seconds in which the keys of 100,000 records are found and held against them, and all of it opened."""
    sender, sealed = _material()
    key = sender.shared_key
    release = Release(
        terms=_TERMS,
        epochs=tuple(ReleasedEpoch(ep=ep, level=Level.RESTRICTED, ek=key, first=ep, last=ep) for ep in range(1, 53)),
    )
    raw = jsontext.dump(release.to_json())
    fitted, opened = [], []
    for _ in range(5):
        started = time.process_time()
        parse_body(Kind.RELEASE, jsontext.load(raw))
        for statement in sealed:
            _fit(statement, key)
        fitted.append((time.process_time() - started) * RECORDS / len(sealed))
        started = time.process_time()
        for statement in sealed:
            _open(statement, key)
        opened.append((time.process_time() - started) * RECORDS / len(sealed))
    return [
        at_most(
            what=f"{RECORDS:,} records of closed epochs opened to a newcomer: every key found and held against its kc",
            unit="s, one core",
            values=fitted,
            most=10,
        ),
        at_most(
            what="the same, every portion decrypted and each field's digest checked", unit="s, one core", values=opened
        ),
    ]


@cache
def _material() -> tuple[Sender, tuple[SealedStatement, ...]]:
    (sender,) = senders(1, agencies=2)
    return sender, tuple(sender.record() for _ in range(_SAMPLE))


def _fit(statement: SealedStatement, key: bytes) -> int:
    record = parse_record(statement.entry)
    return sum(which_key(record.name, name, sealed.kc, [key]) is not None for name, sealed in record.portions.items())


def _open(statement: SealedStatement, key: bytes) -> None:
    record = parse_record(statement.entry)
    for place, name in enumerate(PORTIONS, 1):
        keys = which_key(record.name, name, record.portions[name].kc, [key])
        if keys is not None:
            open_with_keys(record, name, keys=keys, ciphertext=statement.blobs[place])
