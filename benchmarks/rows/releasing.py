"""100,000 old records of closed epochs opened to a newcomer, by a release of one key for each of 52 epochs.

Two figures, since "opened" can mean two things. **The keys**: the release is read; each record is read by its pattern;
the key is tried on each of its three portions and held against kc; and for the two that it fits, the tag is made that
fetches the ciphertext. From then on the newcomer can read, and knows that it can. **All of it**: the same, and both
ciphertexts are hashed, decrypted and cut into fields, each field's digest looked up among those that were signed.

Not counted in either: batch signatures and proofs, which whoever follows the log has verified before; the network;
the label's check, one for each kind of label; and the replica's disk.
"""

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
            what=f"{RECORDS:,} records of closed epochs opened to a newcomer: every record read, every key held against "
            "its kc, every tag made",
            unit="s, one core",
            values=fitted,
            most=10,
        ),
        at_most(
            what="the same, and every portion decrypted, each field's digest looked up",
            unit="s, one core",
            values=opened,
        ),
    ]


@cache
def _material() -> tuple[Sender, tuple[SealedStatement, ...]]:
    (sender,) = senders(1, agencies=2)
    return sender, tuple(sender.record() for _ in range(_SAMPLE))


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
