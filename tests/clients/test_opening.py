"""Which keys a home tries on a record: those of its epoch, each once, and no more than any honest issuer grants."""

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from clients.opening import BatchRecord, Opener
from clients.replica import StoredGrant
from crypto.digests import sha256
from crypto.portionkeys import epoch_key_id
from ledger.labels import Level
from ledger.opening import MAX_TRIALS
from ledger.recordform import parse_record
from ledger.wire.schemas import BlobName
from tests.support.consortium import make_consortium

ISS, ME = "xaa-arms", "xab-arms"
KEY = sha256(b"the key of the record")
OTHERS = [sha256(b"another key %d" % number) for number in range(MAX_TRIALS)]


def refused(granted: Sequence[bytes]) -> Mapping[int, str]:
    """Return what a home with these keys, granted in this order, refuses of a record whose ciphertexts nobody gives it."""
    record = parse_record(make_consortium().record(ISS, key=KEY).entry)
    grants = [
        StoredGrant(index=index, iss=ISS, ep=1, level=Level.RESTRICTED, ek=epoch_key_id(key).hex())
        for index, key in enumerate(granted, start=1)
    ]
    session: Any = SimpleNamespace(
        config=SimpleNamespace(id=ME),
        keyring=SimpleNamespace(
            epoch_keys=lambda: {epoch_key_id(key).hex(): key for key in granted}, decapsulators=tuple
        ),
        replica=SimpleNamespace(grants=lambda *_: tuple(grants), opened=lambda *_: frozenset(), expunged=dict),
        service=SimpleNamespace(blobs=_nothing),
    )
    batch: Any = SimpleNamespace(first=0, index=1)
    opener = Opener(session, SimpleNamespace(members=lambda: None))  # type: ignore[arg-type]  # labels are not reached
    return opener.open_records([BatchRecord(batch=batch, index=0, record=record)]).refused


def _nothing(names: Iterable[BlobName]) -> list[bytes]:
    return [b"" for _ in names]


@pytest.mark.parametrize(("others", "found"), [(MAX_TRIALS - 1, True), (MAX_TRIALS, False)])
def test_attack_an_epoch_is_granted_keys_without_end(others: int, *, found: bool) -> None:
    """An issuer and a log that lets it cannot have each of its records cost its readers a thousand trials: 64 and no more."""
    assert bool(refused([*OTHERS[:others], KEY])) == found


def test_a_key_that_was_granted_again_is_tried_once() -> None:
    """Whoever has a new key for boxes is granted an epoch again: its repeats leave room for every key of it."""
    assert refused([OTHERS[0]] * (2 * MAX_TRIALS) + [KEY])
