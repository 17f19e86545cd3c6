"""Rows beside the log, put right from the bytes beside it that are whole (docs/adr/0056, docs/adr/0076).

A sealed byte is whole if it hashes to what its statement names, wherever it comes from: this database, or one of a
backup. From the route of a message follows whom it is for; from the slips of a batch and their renewals, what is matched.
What is damaged everywhere is named. What was to be deleted is not brought back.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from ledger.identifiers import StatementName
from ledger.messages import Message, parse_route
from ledger.slips import TOKEN_BYTES
from ledger.wire.frames import encode_frames
from server import database, slips, tombstones
from server.expiry import expired_below
from server.fsck.slips import LiveSlip, live_slips, renewals_of, token_epoch
from server.healingrows import put_recipients
from server.named import Named, Statement, digest_of, named_blobs

Say = Callable[[str], None]
Spare = Callable[[int, str], bytes | None]
_BLOBS = "SELECT place, tag_hash, only_for, data FROM blobs WHERE idx = ?"
_INSERT = "INSERT INTO blobs (tag_hash, only_for, data, idx, place) VALUES (?, ?, ?, ?, ?)"
_UPDATE = "UPDATE blobs SET tag_hash = ?, only_for = ?, data = ? WHERE idx = ? AND place = ?"
_DATA = "SELECT data FROM blobs WHERE idx = ? AND place = ?"
_LIVE = "SELECT ep, source, hit, tokens FROM slips WHERE idx = ? ORDER BY ep"
_STRAY = """
SELECT idx FROM tokens GROUP BY idx
HAVING count(*) * ? != (SELECT COALESCE(sum(length(tokens)), 0) FROM slips WHERE slips.idx = tokens.idx)
"""


class Beside:
    """Takes the statements in their order, and then what is matched of each batch."""

    def __init__(self, connection: Connection, *, spare: Spare, say: tuple[Say, Say]) -> None:
        """Take the database, where else a blob may be, and where to say what was put back and what is lost."""
        self._connection = connection
        self._spare = spare
        self._restored, self._lost = say
        self._buried = tombstones.buried(connection)
        self._expired_below = expired_below(connection)
        self._damaged: set[int] = set()

    def take(self, index: int, statement: Statement) -> None:
        """Put right the blobs of a statement, and whom a message is for."""
        if statement.name in self._buried:
            return
        rows = self._connection.exec_driver_sql(_BLOBS, (index,)).all()
        stored = {place: (tag, reader, bytes(data)) for place, tag, reader, data in rows}
        route = self._route(index, statement, stored) if isinstance(statement, Message) else None
        if isinstance(statement, Message) and route is None:
            self._lost(f"blobs {index} route")
            return  # whom it is for nobody knows any more: what the rows say of it stays
        for place, named in named_blobs(statement, route).items():
            if not named.expires or index >= self._expired_below:
                self._blob(index, place, named, stored.get(place))
        if route is not None and put_recipients(self._connection, index, [route]):
            self._restored(f"recipients {index}")

    def heal_slips(self) -> None:
        """Put right what is matched, of every batch whose slips and renewals are whole."""
        in_force = token_epoch(self._connection)
        for iss, seq in self._connection.exec_driver_sql("SELECT iss, seq FROM batches ORDER BY idx").all():
            sources = {source for source, _ in renewals_of(self._connection, iss=iss, seq=seq)}
            for index, live in live_slips(self._connection, iss=iss, seq=seq):
                if not {index, *sources} & self._damaged:
                    self._slips(index, live, in_force)
        for (index,) in self._connection.exec_driver_sql(_STRAY, (TOKEN_BYTES,)).all():
            rows = self._connection.exec_driver_sql(_LIVE, (index,)).all()
            slips.put_anew(self._connection, index, [tuple(row) for row in rows])
            self._restored(f"tokens {index}")

    def _route(self, index: int, statement: Message, stored: dict[str, tuple[Any, ...]]) -> str | None:
        found = [stored["route"][2]] if "route" in stored else []
        for data in (*found, self._spare(index, "route")):
            if data is not None and digest_of("route", data) == statement.route:
                return parse_route(data).to
        return None

    def _blob(self, index: int, place: str, named: Named, row: tuple[Any, ...] | None) -> None:
        data = self._whole(index, place, named, None if row is None else row[2])
        if data is None:
            self._damaged |= {index} if place in {slips.SLIP, slips.SLIPS} else set()
            self._lost(f"blobs {index} {place}")
        elif row is None or row != (named.tag_hash, named.only_for, data):
            values = (named.tag_hash, named.only_for, data, index, place)
            self._connection.exec_driver_sql(_INSERT if row is None else _UPDATE, values)
            self._restored(f"blobs {index} {place}")

    def _whole(self, index: int, place: str, named: Named, data: bytes | None) -> bytes | None:
        """Return the bytes that a statement names, from here or from the backup."""
        if data is not None and digest_of(place, data) == named.digest:
            return data
        spare = self._spare(index, place)
        if spare is None or digest_of(place, spare) != named.digest:
            return None
        return self._without_buried(index, spare) if place == slips.SLIPS else spare

    def _without_buried(self, index: int, blob: bytes) -> bytes:
        """Return a renewal with the leaf hash in the place of every slip whose record was expunged since."""
        query = "SELECT iss, renews FROM statements WHERE idx = ?"
        iss, seq = self._connection.exec_driver_sql(query, (index,)).one()
        records = slips.records_of(self._connection, iss=iss, seq=seq)
        pairs = zip(slips.framed(blob), records, strict=True)
        kept = [
            slips.leaf_of(frame) if StatementName(iss, jti) in self._buried else frame for frame, (_, jti, _) in pairs
        ]
        return encode_frames(kept)

    def _slips(self, index: int, live: Mapping[int, LiveSlip], in_force: int) -> None:
        rows = self._connection.exec_driver_sql(_LIVE, (index,)).all()
        found = [(ep, source, hit, bytes(tokens)) for ep, source, hit, tokens in rows]
        held = {row[0] for row in found}
        expected = [one.row(ep) for ep, one in sorted(live.items()) if ep in held or ep >= in_force]
        missing = [slips.missing_tokens(self._connection, index, row[0], row[3]) for row in expected]
        if found != expected or any(missing):
            slips.put_anew(self._connection, index, expected)
            self._restored(f"slips {index}")


@contextmanager
def spare_in(path: Path) -> Iterator[Spare]:
    """Give where the database of a backup has a blob, whole or not; a mirror has none, and holds no sealed byte."""
    if not path.exists():
        yield lambda _index, _place: None
        return
    engine = database.read_only(path)

    def spare(index: int, place: str) -> bytes | None:
        try:
            with engine.connect() as connection:
                data = connection.exec_driver_sql(_DATA, (index, place)).scalar()
        except DatabaseError:
            return None  # a damaged backup has this one no more than we
        return None if data is None else bytes(data)

    try:
        yield spare
    finally:
        engine.dispose()
