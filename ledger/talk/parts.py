"""Messages in numbered parts: cut by whoever sends, put together by where they stand in the log (docs/protocol.md, 6.15)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crypto.encoding import b64u
from ledger import jsontext
from ledger.errors import LabelError, LedgerError, MalformedError
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.messages import Inner
from ledger.talk import reading
from ledger.talk.bodies import Body, parse_body

MAX_WHOLE_BYTES = 7_680
MAX_BODY_BYTES = 262_144
PART_BYTES = 5_700
MAX_PARTS = -(-MAX_BODY_BYTES // PART_BYTES)

_SLICE = reading.raw(limit=PART_BYTES // 3 * 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message that was opened, at its place in the log."""

    index: int
    name: StatementName
    inner: Inner


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A message with all its parts, at the place and under the name of the first; `damage` says why it says nothing."""

    index: int
    name: StatementName
    inner: Inner
    count: int
    body: Body | None
    damage: str = ""


def cut(inner: Inner) -> tuple[Inner, ...]:
    """Return a message in as many parts as it needs; raise LabelError for one that is too long."""
    raw = jsontext.dump(inner.body, levels=reading.BODY_LEVELS)
    if len(raw) <= MAX_WHOLE_BYTES:
        return (replace(inner, part=1, parts=1),)
    if len(raw) > MAX_BODY_BYTES:
        raise LabelError(f"body: more than {MAX_BODY_BYTES:,} bytes; say it in several messages")
    slices = [raw[at : at + PART_BYTES] for at in range(0, len(raw), PART_BYTES)]
    return tuple(
        replace(inner, part=number, parts=len(slices), body=b64u(piece)) for number, piece in enumerate(slices, 1)
    )


def put_together(arrived: Sequence[Arrived]) -> Iterator[Whole]:
    """Yield whole messages of one sender or several, from parts in log order."""
    group: list[Arrived] = []
    for one in arrived:
        if group and not _follows(group[-1], one):
            yield _whole(group)
            group = []
        group.append(one)
        if one.inner.part == one.inner.parts:
            yield _whole(group)
            group = []
    if group:
        yield _whole(group)


def _follows(before: Arrived, one: Arrived) -> bool:
    expected = replace(before.inner, part=before.inner.part + 1, body=None)
    return (one.index, one.name.iss) == (before.index + 1, before.name.iss) and replace(
        one.inner, body=None
    ) == expected


def _whole(group: Sequence[Arrived]) -> Whole:
    first = group[0]
    try:
        body, damage = parse_body(first.inner.kind, _joined(group)), ""
    except LedgerError as error:
        body, damage = None, str(error)
    return Whole(index=first.index, name=first.name, inner=first.inner, count=len(group), body=body, damage=damage)


def _joined(group: Sequence[Arrived]) -> JsonValue:
    inner = group[0].inner
    if inner.part != 1 or len(group) != inner.parts:
        raise MalformedError("parts of this message are missing")
    if inner.parts == 1:
        if len(jsontext.dump(inner.body)) > MAX_WHOLE_BYTES:
            raise MalformedError("a body that is too long for one message")
        return inner.body
    if inner.parts > MAX_PARTS:
        raise MalformedError("a message of too many parts")
    slices = [_SLICE(one.inner.body) for one in group]
    raw = b"".join(slices)
    if any(len(piece) != PART_BYTES for piece in slices[:-1]) or not slices[-1] or len(raw) <= MAX_WHOLE_BYTES:
        raise MalformedError("a message that is not cut where it is to be cut")
    return jsontext.load(raw, limit=MAX_BODY_BYTES, levels=reading.BODY_LEVELS)
