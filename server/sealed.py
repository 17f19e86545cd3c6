"""Gives out what stands beside statements; what does not fit its statement any more is held back, and named to the operator.

A disk that turned a byte would otherwise be found by the reader, who cannot tell it from a lie of the service, and by the
operator at the next `sealtrace-server fsck` alone. One request may ask for a thousand blobs: a damaged one is left out like
one that is not there, since a refusal of the whole would keep the others from their readers for as long as it lasts.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import structlog

from crypto.digests import sha256
from ledger.errors import LedgerError
from ledger.identifiers import StatementName
from ledger.log import Blob
from ledger.messages import Message, parse_route
from ledger.wire.schemas import BlobName
from server.beside import Beside
from server.named import Named, Statement, digest_of, named_blobs, parse_statement
from server.store import SqlStore

_log = structlog.get_logger("sealtrace.server")

_BOX_PLACES = ("box/{agency}", "to", "self", "route")
_ENTRY = "entry"
_MOST = 1_000


class Damage:
    """What did not fit when a reader asked for it, since this process began: by the entry's index and the place."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._found: dict[tuple[int, str], None] = {}

    @property
    def count(self) -> int:
        """Return how many are damaged; of very many only the first are kept."""
        return len(self._found)

    def first(self, most: int) -> Sequence[tuple[int, str]]:
        """Return the first that were found."""
        with self._lock:
            return tuple(islice(self._found, most))

    def note(self, index: int, place: str, *, fits: bool) -> None:
        """Remember what does not fit, and forget what fits again; each is logged when it is found."""
        key = (index, place)
        if fits == (key not in self._found):
            return
        with self._lock:
            if fits:
                self._found.pop(key, None)
            elif len(self._found) < _MOST:
                self._found[key] = None
        if not fits:
            _log.error("damaged", table="blobs", index=index, place=place)


class SealedBytes:
    """The sealed bytes of one log, for whoever may have them."""

    def __init__(self, store: SqlStore, damage: Damage) -> None:
        """Take the store, and where to note what does not fit."""
        self._store = store
        self._damage = damage

    def given(self, agency: str, wanted: Sequence[BlobName]) -> Iterator[bytes]:
        """Yield the blobs in the order asked; empty for what is not there, not whole, or not the asker's: all look alike."""
        places: dict[StatementName, dict[str, None]] = {}
        for one in wanted:
            places.setdefault(_name(one), {}).update(dict.fromkeys(_places(one, agency)))
        found = self._store.beside([(name, tuple(asked)) for name, asked in places.items()])
        whole = {name: self._whole(one) for name, one in zip(places, found, strict=True) if one is not None}
        for one in wanted:
            blobs = whole.get(_name(one), {})
            admitted = (blobs[place] for place in _places(one, agency) if place in blobs)
            yield next((blob.data for blob in admitted if _may_have(one, blob, agency)), b"")

    def _whole(self, found: Beside) -> Mapping[str, Blob]:
        """Return the blobs that are what their statement names."""
        try:
            statement = parse_statement(found.entry)
        except LedgerError:
            self._damage.note(found.index, _ENTRY, fits=False)
            return {}
        self._damage.note(found.index, _ENTRY, fits=True)
        named = named_blobs(statement, _routed(statement, found.blobs))
        whole = {place: blob for place, blob in found.blobs.items() if _fits(named.get(place), blob)}
        for place in found.blobs:
            self._damage.note(found.index, place, fits=place in whole)
        return whole


def _fits(named: Named | None, blob: Blob) -> bool:
    if named is None:
        return False
    is_unrouted = blob.place == "to" and named.only_for is None  # whom it is for only the route tells, which is damaged
    if named.only_for != blob.only_for and not is_unrouted:
        return False
    return named.tag_hash == blob.tag_hash and named.digest == digest_of(blob.place, blob.data)


def _routed(statement: Statement, blobs: Mapping[str, Blob]) -> str | None:
    """Return whom a message is for, if its route was asked for and is whole."""
    route = blobs.get("route")
    if not isinstance(statement, Message) or route is None or sha256(route.data) != statement.route:
        return None
    return parse_route(route.data).to


def _name(one: BlobName) -> StatementName:
    return StatementName(one.iss, one.jti)


def _places(one: BlobName, agency: str) -> Sequence[str]:
    if one.place != "box":
        return (one.place,)
    return [place.format(agency=agency) for place in _BOX_PLACES]


def _may_have(one: BlobName, blob: Blob, agency: str) -> bool:
    """Return whether the asker is who the blob is for, or has shown the tag that only a reader can compute."""
    if blob.only_for is not None:
        return one.place == "box" and blob.only_for == agency
    return one.tag is not None and blob.tag_hash is not None and sha256(one.tag) == blob.tag_hash
