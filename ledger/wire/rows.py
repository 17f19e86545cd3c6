"""The two long lists on the wire, read by one pattern a row: the feed, and the blobs asked for (docs/protocol.md, 10).

A sync reads a row of each for every record. A schema takes ten times as long for one as this does, and reads no
less strictly: what the pattern does not spell does not exist, and the tests hold it against the schema.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crypto.encoding import HASH_BYTES
from ledger.b64lists import SPELLED_16, SPELLED_32, read_list, spell_list
from ledger.errors import MalformedError, TooLargeError
from ledger.identifiers import JTI_BYTES
from ledger.jsontext import MAX_INTEGER
from ledger.wire import limits

KCS = 3
_COUNT = "(0|[1-9][0-9]{0,15})"
_AGENCY = "([a-z]{3}-[a-z0-9]{2,24})"
_ITEM = re.compile(
    (
        rf'\{{"kind":"(grant|record|message|expunge)","index":{_COUNT},"batch":{_COUNT},"iss":"{_AGENCY}",'
        rf'"jti":"({SPELLED_16})"(?:,"ep":{_COUNT})?(?:,"kc":\["({SPELLED_32}","{SPELLED_32}","{SPELLED_32})"\])?\}}'
    ).encode()
)
_FEED = re.compile(rf'\{{"items":\[(.*)\],"next":(-1|{_COUNT}),"size":{_COUNT}\}}'.encode(), re.DOTALL)
_NAME = re.compile(
    (
        rf'\{{"iss":"{_AGENCY}","jti":"({SPELLED_16})","place":"(item|event|case|box)"'
        rf'(?:,"tag":"({SPELLED_32})")?\}}'
    ).encode()
)
_NAMES = re.compile(rb'\{"get":\[(.+)\]\}', re.DOTALL)


class FeedRow(NamedTuple):
    """A statement in the feed, its values in the order they are spelled."""

    kind: str
    at: int
    batch: int
    iss: str
    jti: bytes
    ep: int | None
    kc: tuple[bytes, ...] | None


class BlobRow(NamedTuple):
    """A blob to fetch, its values in the order they are spelled."""

    iss: str
    jti: bytes
    place: str
    tag: bytes | None


def read_feed(raw: bytes, *, limit: int) -> tuple[tuple[FeedRow, ...], int, int]:
    """Return the rows of a feed, its `next` and its `size`; raise TooLargeError or MalformedError."""
    found = _whole(_FEED, raw, limit)
    rows = list(_rows(_ITEM, found[1], most=limits.MAX_FEED_ITEMS))
    jtis = read_list([row[4] for row in rows], size=JTI_BYTES)
    kcs = iter(read_list([kc for row in rows if row[6] for kc in row[6].split(b'","')], size=HASH_BYTES))
    items = tuple(
        FeedRow(
            kind=row[0].decode(),
            at=_integer(row[1]),
            batch=_integer(row[2]),
            iss=row[3].decode(),
            jti=jti,
            ep=_integer(row[5]) if row[5] else None,
            kc=tuple(next(kcs) for _ in range(KCS)) if row[6] else None,
        )
        for row, jti in zip(rows, jtis, strict=True)
    )
    return items, -1 if found[2] == b"-1" else _integer(found[2]), _integer(found[4])


def spell_feed(rows: Sequence[FeedRow], *, following: int, size: int) -> bytes:
    """Return the one spelling of a feed."""
    jtis = spell_list([row.jti for row in rows], size=JTI_BYTES)
    kcs = iter(spell_list([kc for row in rows for kc in row.kc or ()], size=HASH_BYTES))
    items = ",".join(
        f'{{"kind":"{row.kind}","index":{row.at},"batch":{row.batch},"iss":"{row.iss}","jti":"{jti}"'
        + ("" if row.ep is None else f',"ep":{row.ep}')
        + ("" if row.kc is None else ',"kc":["{}","{}","{}"]'.format(*(next(kcs) for _ in range(KCS))))
        + "}"
        for row, jti in zip(rows, jtis, strict=True)
    )
    return f'{{"items":[{items}],"next":{following},"size":{size}}}'.encode("ascii")


def read_blob_names(raw: bytes, *, limit: int) -> tuple[BlobRow, ...]:
    """Return the blobs that are asked for; raise TooLargeError or MalformedError."""
    rows = list(_rows(_NAME, _whole(_NAMES, raw, limit)[1], most=limits.MAX_BLOB_NAMES))
    jtis = read_list([row[1] for row in rows], size=JTI_BYTES)
    tags = iter(read_list([row[3] for row in rows if row[3]], size=HASH_BYTES))
    return tuple(
        BlobRow(iss=row[0].decode(), jti=jti, place=row[2].decode(), tag=next(tags) if row[3] else None)
        for row, jti in zip(rows, jtis, strict=True)
    )


def spell_blob_names(rows: Sequence[BlobRow]) -> bytes:
    """Return the one spelling of a request for blobs."""
    jtis = spell_list([row.jti for row in rows], size=JTI_BYTES)
    tags = iter(spell_list([row.tag for row in rows if row.tag is not None], size=HASH_BYTES))
    names = ",".join(
        f'{{"iss":"{row.iss}","jti":"{jti}","place":"{row.place}"'
        + ("" if row.tag is None else f',"tag":"{next(tags)}"')
        + "}"
        for row, jti in zip(rows, jtis, strict=True)
    )
    return f'{{"get":[{names}]}}'.encode("ascii")


def _whole(pattern: re.Pattern[bytes], raw: bytes, limit: int) -> re.Match[bytes]:
    if len(raw) > limit:
        raise TooLargeError(f"a JSON text of more than {limit} bytes")
    found = pattern.fullmatch(raw)
    if found is None:
        raise MalformedError("the JSON has not the members the protocol names")
    return found


def _rows(pattern: re.Pattern[bytes], listed: bytes, *, most: int) -> Iterator[tuple[bytes, ...]]:
    """Yield the groups of every row, b"" for an absent one; raise MalformedError for anything between the rows."""
    position, count, end = 0, 0, len(listed)
    while position < end:
        found = pattern.match(listed, position)
        if found is None or count == most or (found.end() < end and not listed.startswith(b",{", found.end())):
            raise MalformedError("the JSON has not the members the protocol names, or too many")
        yield found.groups(default=b"")
        position, count = found.end() + 1, count + 1


def _integer(digits: bytes) -> int:
    number = int(digits)
    if number > MAX_INTEGER:
        raise MalformedError("an integer out of bounds")
    return number
