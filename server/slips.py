"""Which slips match: a row for each live one that is open or silent, and a row for each of its tokens.

Written in the transaction that logs what they come from (docs/protocol.md, 6.5). A slip that is `off` has no rows.
The tokens of a slip stand in its row too, so that it can be ended without an index over ten million tokens.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from ledger.errors import MalformedError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import StatementRow
from ledger.merkle import leaf_hash
from ledger.slips import TOKEN_BYTES, Hit, Slip, parse_slip
from ledger.wire.frames import encode_frames, parse_frames
from ledger.wire.limits import MAX_STATEMENTS

SLIP = "slip"
SLIPS = "slips"
HASH_BYTES = 32
# The tokens of so many entries lie in a tree of their own: some hundred pages, which a batch can write anew, while
# ten million tokens are twenty such trees to look into (docs/adr/0061).
ENTRIES_A_PART = 65_536

_OFF = b'"hit":"off"'
_INDEX = "SELECT idx FROM statements WHERE iss = ? AND jti = ?"
_INSERT = "INSERT INTO slips (idx, ep, source, hit, tokens) VALUES (?, ?, ?, ?, ?)"
_INSERT_TOKENS = "INSERT INTO tokens (part, token, ep, place, idx) VALUES (?, ?, ?, ?, ?)"
_DELETE_TOKENS = "DELETE FROM tokens WHERE part = ? AND token = ? AND ep = ? AND place = ? AND idx = ?"
_HELD = "SELECT 1 FROM tokens WHERE part = ? AND token = ? AND ep = ? AND place = ? AND idx = ?"
_RECORDS = """
SELECT s.idx, s.jti,
  EXISTS (SELECT 1 FROM statements AS l WHERE l.iss = s.iss AND l.sup = s.jti) OR
  EXISTS (SELECT 1 FROM statements AS l WHERE l.iss = s.iss AND l.expunges = s.jti)
FROM batches AS b JOIN statements AS s ON s.idx >= b.first AND s.idx < b.idx
WHERE b.iss = ? AND b.seq = ? AND s.typ = ? ORDER BY s.idx
"""
_RENEWALS = """
SELECT r.idx, b.seq FROM statements AS s JOIN batches AS b ON b.idx = s.batch
JOIN statements AS r ON r.iss = s.iss AND r.renews = b.seq WHERE s.iss = ? AND s.jti = ?
"""


def records_of(connection: Connection, *, iss: str, seq: int) -> Sequence[tuple[int, bytes, bool]]:
    """Return index, jti and whether it has ended of every record of a batch, in log order."""
    rows = connection.exec_driver_sql(_RECORDS, (iss, seq, Typ.RECORD.value)).all()
    return [(index, bytes(jti), bool(ended)) for index, jti, ended in rows]


def enter(connection: Connection, rows: Iterable[StatementRow]) -> None:
    """Let what a batch says of slips count: of its own records, of those they supersede, of those it renews."""
    new: list[tuple[int, int, Slip]] = []
    for row in rows:
        if row.typ is Typ.SLIPS:
            _renew(connection, row)
        elif row.typ is Typ.RECORD:
            new += [
                (row.index, row.index, parse_slip(blob.data)) for blob in row.blobs if _matches(blob.place, blob.data)
            ]
            if row.sup is not None:
                _end_named(connection, StatementName(row.name.iss, row.sup))
    _insert(connection, new)


def bury(connection: Connection, name: StatementName) -> None:
    """Delete the tokens of an expunged record, and its slips wherever their bytes lie."""
    _end_named(connection, name)
    for index, seq in connection.exec_driver_sql(_RENEWALS, tuple(name)).all():
        jtis = [jti for _, jti, _ in records_of(connection, iss=name.iss, seq=seq)]
        _blank(connection, index, jtis.index(name.jti))


def retire(connection: Connection, ep: int, *, most: int) -> None:
    """End up to `most` slips of a token epoch: a million at once would hold up everybody who writes."""
    rows = connection.exec_driver_sql("SELECT idx FROM slips WHERE ep = ? LIMIT ?", (ep, most)).all()
    for (index,) in rows:
        end(connection, index, ep=ep)


def framed(blob: bytes) -> tuple[bytes, ...]:
    """Return the slips of a renewal, with the leaf hash in the place of one that was expunged."""
    return parse_frames(blob, most=MAX_STATEMENTS)


def part_of(index: int) -> int:
    """Return the part of the log among whose tokens those of the record at `index` lie."""
    return index // ENTRIES_A_PART


def leaf_of(frame: bytes) -> bytes:
    """Return the leaf hash of a slip, or that which stands in its place: no slip is as short."""
    return frame if len(frame) == HASH_BYTES else leaf_hash(frame)


def missing_tokens(connection: Connection, index: int, ep: int, tokens: bytes) -> list[int]:
    """Return the places of a slip whose tokens have no row."""
    rows = _token_rows(index, ep, tokens)
    return [row[3] for row in rows if connection.exec_driver_sql(_HELD, row).first() is None]


def put_anew(connection: Connection, index: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write the slips of the record at `index` anew, from (ep, source, hit, tokens), and their tokens: for a repair."""
    connection.exec_driver_sql("DELETE FROM slips WHERE idx = ?", (index,))
    _many(connection, _INSERT, [(index, *row) for row in rows])
    # Its tokens cannot be found by what is written there: that may be what is damaged.
    connection.exec_driver_sql("DELETE FROM tokens WHERE idx = ?", (index,))
    _many(connection, _INSERT_TOKENS, [one for ep, _, _, tokens in rows for one in _token_rows(index, ep, tokens)])


def _matches(place: str, data: bytes) -> bool:
    return place == SLIP and _OFF not in data


def _renew(connection: Connection, row: StatementRow) -> None:
    """Put new slips beside or in place of the old; without their bytes (a log caught up) only end the old."""
    records = records_of(connection, iss=row.name.iss, seq=row.renews or 0)
    blob = next((blob.data for blob in row.blobs if blob.place == SLIPS), None)
    if blob is None:
        for index, _, _ in records:
            end(connection, index)
        return
    new = []
    for (index, jti, ended), raw in zip(records, framed(blob), strict=True):
        slip = parse_slip(raw)
        if slip.of != jti or (ended and slip.hit is not Hit.OFF):
            raise MalformedError("a renewal has another record's slip, or one of a record that has ended")
        if slip.hit is Hit.OFF:
            end(connection, index)
        else:
            end(connection, index, ep=slip.ep)
            connection.exec_driver_sql("UPDATE slips SET hit = ? WHERE idx = ?", (slip.hit.value, index))
            new.append((index, row.index, slip))
    _insert(connection, new)


def end(connection: Connection, index: int, *, ep: int | None = None) -> None:
    """End the slips of the record at `index`: all, or that of one token epoch."""
    query, values = "SELECT ep, tokens FROM slips WHERE idx = ?", (index,)
    rows = [row for row in connection.exec_driver_sql(query, values).all() if ep is None or row[0] == ep]
    for found, tokens in rows:
        _many(connection, _DELETE_TOKENS, _token_rows(index, found, bytes(tokens)))
        connection.exec_driver_sql("DELETE FROM slips WHERE idx = ? AND ep = ?", (index, found))


def _end_named(connection: Connection, name: StatementName) -> None:
    index = connection.exec_driver_sql(_INDEX, tuple(name)).scalar()
    if index is not None:
        end(connection, index)


def _insert(connection: Connection, new: Sequence[tuple[int, int, Slip]]) -> None:
    joined = [(index, source, slip, b"".join(slip.tokens)) for index, source, slip in new]
    _many(
        connection,
        _INSERT,
        [(index, slip.ep, source, slip.hit.value, tokens) for index, source, slip, tokens in joined],
    )
    rows = [row for index, _, slip, tokens in joined for row in _token_rows(index, slip.ep, tokens)]
    # In the table's own order: random ones cost twice the processor's time once the table is larger than a cache.
    _many(connection, _INSERT_TOKENS, sorted(rows))


def _token_rows(index: int, ep: int, tokens: bytes) -> list[tuple[Any, ...]]:
    places = range(len(tokens) // TOKEN_BYTES)
    part = part_of(index)
    return [(part, tokens[place * TOKEN_BYTES : (place + 1) * TOKEN_BYTES], ep, place, index) for place in places]


def _blank(connection: Connection, index: int, place: int) -> None:
    """Replace one slip of a renewal by its leaf hash."""
    query = "SELECT data FROM blobs WHERE idx = ? AND place = ?"
    blob = connection.exec_driver_sql(query, (index, SLIPS)).scalar()
    if blob is None:
        return
    frames = list(framed(bytes(blob)))
    frames[place] = leaf_of(frames[place])
    connection.exec_driver_sql(
        "UPDATE blobs SET data = ? WHERE idx = ? AND place = ?", (encode_frames(frames), index, SLIPS)
    )


def _many(connection: Connection, query: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(query, rows)
