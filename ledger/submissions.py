"""A batch as it was sent: entry, statements, blobs; what can be said of it before its place is known.

docs/protocol.md, 7. All of this is pure and may run side by side, ahead of the one who judges in order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias, assert_never

from ledger import grants, messages, records, renewals
from ledger.batches import MAX_STATEMENTS, Batch, parse_batch
from ledger.checks import locate, require
from ledger.errors import LedgerError, MalformedError
from ledger.expunges import Expunge, parse_expunge
from ledger.grants import Grant, parse_grant
from ledger.jws import parse_header
from ledger.kinds import Typ
from ledger.log import Blob
from ledger.merkle import leaf_hashes
from ledger.messages import Message, parse_message
from ledger.recordform import Record, RecordHead, parse_head
from ledger.records import parse_record
from ledger.renewals import Renewal, parse_renewal

Whole: TypeAlias = Record | Grant | Message | Renewal | Expunge
Statement: TypeAlias = Whole | RecordHead

# A log must not hold what its judges do not understand.
_PARSERS: Mapping[Typ, Callable[[bytes], Statement]] = MappingProxyType(
    {
        Typ.RECORD: parse_record,
        Typ.GRANT: parse_grant,
        Typ.MESSAGE: parse_message,
        Typ.SLIPS: parse_renewal,
        Typ.EXPUNGE: parse_expunge,
    }
)
_HEAD_PARSERS: Mapping[Typ, Callable[[bytes], Statement]] = MappingProxyType({**_PARSERS, Typ.RECORD: parse_head})


class Depth(Enum):
    """How much of every statement is looked at; the batch itself, grants and charters always are."""

    STRUCTURE = 0
    RECORDS = 1
    SIGNATURES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A batch taken apart: of every statement the protected header, the leaf hash and, if the depth asks, its content.

    `typs` says what kind each distinct header claims: a thousand statements of one key share one. Statements at
    `unreadable` places are those of which an audit has the leaf hash and other bytes: a server has none.
    """

    entry: bytes
    batch: Batch
    statements: tuple[bytes, ...]
    headers: tuple[bytes, ...]
    typs: Mapping[bytes, Typ]
    leaves: tuple[bytes, ...]
    parsed: tuple[Statement | None, ...]
    unreadable: frozenset[int] = frozenset()

    def complete(self) -> tuple[Whole, ...]:
        """Return all statements whole; raise MalformedError if any was left out, or only its head kept."""
        found = tuple(statement for statement in self.parsed if isinstance(statement, Whole))
        if len(found) != len(self.parsed):
            raise MalformedError("a submission that was not read to the end")
        return found


def read_submission(  # noqa: PLR0913 - how far an audit reads, each by name
    entry: bytes,
    statements: Sequence[bytes],
    *,
    depth: Depth = Depth.RECORDS,
    leaves: Sequence[bytes] | None = None,
    only_heads: bool = False,
    unreadable: frozenset[int] = frozenset(),
) -> Submission:
    """Return a batch and its statements, parsed as far as `depth` asks; `leaves` if they are hashed already.

    With `only_heads` records are read to the end and only what judging needs of them is kept. What stands at an
    `unreadable` place is not looked at.
    """
    batch = parse_batch(entry)
    refusal = MalformedError(f"a batch says how many statements it closes, at most {MAX_STATEMENTS}")
    require("batch/n", expected=batch.n, found=len(statements), refusal=refusal)
    headers = tuple([statement[: statement.find(b".")] for statement in statements])
    typs = _typs(first_places(headers, unreadable))
    return Submission(
        entry=entry,
        batch=batch,
        statements=tuple(statements),
        headers=headers,
        typs=MappingProxyType(typs),
        leaves=tuple(leaf_hashes(statements) if leaves is None else leaves),
        parsed=_parse(statements, headers, parsers=_parsers(typs, depth, only_heads=only_heads), unreadable=unreadable),
        unreadable=unreadable,
    )


def parse_statement(entry: bytes, typ: Typ) -> Statement:
    """Return a statement of a kind that a batch may hold, of a record its head; verifies no signature."""
    return _HEAD_PARSERS[_taken(typ)](entry)


def attach_blobs(submission: Submission, blobs: Sequence[bytes]) -> tuple[tuple[Blob, ...], ...]:
    """Return the blobs of every statement in their places, if they are exactly those that the statements name.

    Raises MalformedError for any other.
    """
    rest = list(reversed(blobs))
    attached = tuple(_attach(statement, _take(rest, statement)) for statement in submission.complete())
    if rest:
        raise MalformedError("more blobs than the statements name")
    return attached


def first_places(headers: Sequence[bytes], unreadable: frozenset[int]) -> Mapping[bytes, int]:
    """Return each distinct header and the first place it stands at, leaving out what cannot be read."""
    if not unreadable:
        return {header: headers.index(header) for header in dict.fromkeys(headers)}
    places: dict[bytes, int] = {}
    for place, header in enumerate(headers):
        if place not in unreadable:
            places.setdefault(header, place)
    return places


def _typs(places: Mapping[bytes, int]) -> dict[bytes, Typ]:
    """Return the kind that each distinct header claims, if it is one that a batch may hold."""
    typs: dict[bytes, Typ] = {}
    for header, place in places.items():
        try:
            typs[header] = _taken(parse_header(header).typ)
        except LedgerError as error:
            locate(error, place)
            raise
    return typs


def _taken(typ: Typ) -> Typ:
    if typ not in _PARSERS:
        raise MalformedError(f"statements of kind {typ.value} are not taken")
    return typ


def _parsers(
    typs: Mapping[bytes, Typ], depth: Depth, *, only_heads: bool
) -> Mapping[bytes, Callable[[bytes], Statement]]:
    """Return what reads the statements of each header, for those that `depth` asks to be read."""
    parsers = _HEAD_PARSERS if only_heads else _PARSERS
    return {header: parsers[typ] for header, typ in typs.items() if typ is Typ.GRANT or depth is not Depth.STRUCTURE}


def _parse(
    statements: Sequence[bytes],
    headers: Sequence[bytes],
    *,
    parsers: Mapping[bytes, Callable[[bytes], Statement]],
    unreadable: frozenset[int],
) -> tuple[Statement | None, ...]:
    parsed: list[Statement | None] = [None] * len(statements)
    if not parsers:
        return tuple(parsed)
    for place, (statement, header) in enumerate(zip(statements, headers, strict=True)):
        if header in parsers and place not in unreadable:
            try:
                parsed[place] = parsers[header](statement)
            except LedgerError as error:
                locate(error, place)
                raise
    return tuple(parsed)


def _take(rest: list[bytes], statement: Whole) -> list[bytes]:
    match statement:
        case Record():
            count = len(records.PLACES)
        case Grant():
            count = len(statement.places)
        case Message():
            count = len(messages.PLACES)
        case Renewal():
            count = len(renewals.PLACES)
        case Expunge():
            count = 0
        case _:
            assert_never(statement)
    if len(rest) < count:
        raise MalformedError("fewer blobs than the statements name")
    return [rest.pop() for _ in range(count)]


def _attach(statement: Whole, blobs: Sequence[bytes]) -> tuple[Blob, ...]:
    match statement:
        case Record():
            records.check_blobs(statement, blobs)
            tags = [None, *(portion.a for portion in statement.portions.values())]
            named = zip(records.PLACES, blobs, tags, strict=True)
            return tuple(Blob(place=place, data=data, tag_hash=tag) for place, data, tag in named)
        case Grant():
            grants.check_blobs(statement, blobs)
            boxes = zip(statement.to, statement.places, blobs, strict=True)
            return tuple(Blob(place=place, data=data, only_for=to.r) for to, place, data in boxes)
        case Message():
            route = messages.check_blobs(statement, blobs)
            readers = (route.to, statement.name.iss, None)
            parts = zip(messages.PLACES, blobs, readers, strict=True)
            return tuple(Blob(place=place, data=data, only_for=reader) for place, data, reader in parts)
        case Renewal():
            renewals.check_blobs(statement, blobs)
            return tuple(Blob(place=place, data=data) for place, data in zip(renewals.PLACES, blobs, strict=True))
        case Expunge():
            return ()
        case _:
            assert_never(statement)
