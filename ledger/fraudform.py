"""Fraud files: what each kind of public fraud proof carries, in our one JSON spelling (docs/protocol.md, 9.12).

A file holds signed bytes as they were received, and paths. It holds no keys: whoever checks it takes these from
charter files of their own, else a liar could bring the keys along. Parsing believes nothing; see `ledger/fraud.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from crypto.encoding import b64u
from ledger import jsontext
from ledger.charterpayload import MAX_VERSION
from ledger.errors import MalformedError
from ledger.identifiers import agency_id, hash_of
from ledger.jsontext import JsonValue
from ledger.merkle import MAX_HASHES

TYP = "sealtrace/v1/fraud"
MAX_FRAUD_BYTES = 2**19


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where something is logged: its index and the path to the root of the proof's checkpoint."""

    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedEntry(Located):
    """An entry as logged."""

    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Two checkpoints of one origin, the smaller first, that cannot both be true.

    Of one size, their roots differ. Of two sizes, the larger tree begins with `root` and not with the smaller one's,
    as `path`, a consistency proof, shows. With `by` a witness is convicted, too, who cosigned both.
    """

    first: bytes
    second: bytes
    root: bytes | None = None
    path: tuple[bytes, ...] = ()
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoBatches:
    """Two batches of one (iss, seq), both in the log."""

    checkpoint: bytes
    batches: tuple[LocatedEntry, LocatedEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class AboveCeiling:
    """A grant to `r` above the ceiling that charter `ver` sets it; `next` is where charter `ver` + 1 stands, later."""

    checkpoint: bytes
    r: str
    grant: LocatedEntry
    ver: int
    charter: Located
    next: Located | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedHit:
    """A record whose owner shows its slip, and a signed answer to a question of its tokens that leaves it out."""

    checkpoint: bytes
    question: bytes
    answer: bytes
    record: LocatedEntry
    slip: bytes


Fraud: TypeAlias = Fork | TwoBatches | AboveCeiling | DeniedHit


def format_fraud(fraud: Fraud) -> bytes:
    """Return the file; raise MalformedError for a proof that no file can hold."""
    kind, members = _spell(fraud)
    raw = jsontext.dump({"typ": TYP, "kind": kind, **members})
    if parse_fraud(raw) != fraud:
        raise MalformedError("a proof that would not be read as it was meant")
    return raw


def parse_fraud(raw: bytes) -> Fraud:
    """Return the proof that a file spells; raise TooLargeError or MalformedError."""
    value = jsontext.load(raw, limit=MAX_FRAUD_BYTES)
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _PARSERS:
        raise MalformedError("not a proof of fraud of a kind we know")
    return _PARSERS[kind](value)


def _spell(fraud: Fraud) -> tuple[str, dict[str, JsonValue]]:
    match fraud:
        case Fork():
            shown: dict[str, JsonValue] = {
                "first": fraud.first.decode(),
                "second": fraud.second.decode(),
                "root": None if fraud.root is None else b64u(fraud.root),
                "path": _path(fraud.path),
            }
            return ("fork", shown) if fraud.by is None else ("cosignature", {**shown, "by": fraud.by})
        case TwoBatches():
            batches: list[JsonValue] = [_entry(one) for one in fraud.batches]
            return "batches", {"checkpoint": fraud.checkpoint.decode(), "batches": batches}
        case AboveCeiling():
            return "ceiling", {
                "checkpoint": fraud.checkpoint.decode(),
                "r": fraud.r,
                "grant": _entry(fraud.grant),
                "charter": {"ver": fraud.ver, **_place(fraud.charter)},
                "next": None if fraud.next is None else {**_place(fraud.next)},
            }
        case DeniedHit():
            return "denied", {
                "checkpoint": fraud.checkpoint.decode(),
                "question": fraud.question.decode(),
                "answer": fraud.answer.decode(),
                "record": _entry(fraud.record),
                "slip": fraud.slip.decode(),
            }


def _parse_fork(value: JsonValue) -> Fork:
    first, second, root, path = _members(value, "first", "second", "root", "path")
    return _fork(first, second, root, path, by=None)


def _parse_cosignature(value: JsonValue) -> Fork:
    first, second, root, path, by = _members(value, "first", "second", "root", "path", "by")
    return _fork(first, second, root, path, by=agency_id(by))


def _fork(first: JsonValue, second: JsonValue, root: JsonValue, path: JsonValue, *, by: str | None) -> Fork:
    return Fork(
        first=_raw(first),
        second=_raw(second),
        root=None if root is None else hash_of(root),
        path=_hashes(path),
        by=by,
    )


def _parse_batches(value: JsonValue) -> TwoBatches:
    checkpoint, batches = _members(value, "checkpoint", "batches")
    first, second = (_located_entry(one) for one in jsontext.array(batches, low=2, high=2))
    return TwoBatches(checkpoint=_raw(checkpoint), batches=(first, second))


def _parse_ceiling(value: JsonValue) -> AboveCeiling:
    checkpoint, r, grant, charter, following = _members(value, "checkpoint", "r", "grant", "charter", "next")
    ver, index, path = jsontext.members(charter, "ver", "index", "path")
    return AboveCeiling(
        checkpoint=_raw(checkpoint),
        r=agency_id(r),
        grant=_located_entry(grant),
        ver=jsontext.integer(ver, low=1, high=MAX_VERSION),
        charter=Located(index=jsontext.integer(index), path=_hashes(path)),
        next=None if following is None else _located(following),
    )


def _parse_denied(value: JsonValue) -> DeniedHit:
    checkpoint, question, answer, record, slip = _members(value, "checkpoint", "question", "answer", "record", "slip")
    return DeniedHit(
        checkpoint=_raw(checkpoint),
        question=_raw(question),
        answer=_raw(answer),
        record=_located_entry(record),
        slip=_raw(slip),
    )


_PARSERS: Mapping[str, Callable[[JsonValue], Fraud]] = MappingProxyType(
    {
        "fork": _parse_fork,
        "cosignature": _parse_cosignature,
        "batches": _parse_batches,
        "ceiling": _parse_ceiling,
        "denied": _parse_denied,
    }
)


def _members(value: JsonValue, *names: str) -> tuple[JsonValue, ...]:
    typ, _, *rest = jsontext.members(value, "typ", "kind", *names)
    if typ != TYP:
        raise MalformedError("not a proof of fraud")
    return tuple(rest)


def _place(place: Located) -> dict[str, JsonValue]:
    return {"index": place.index, "path": _path(place.path)}


def _entry(one: LocatedEntry) -> JsonValue:
    return {"entry": one.entry.decode(), **_place(one)}


def _located(value: JsonValue) -> Located:
    index, path = jsontext.members(value, "index", "path")
    return Located(index=jsontext.integer(index), path=_hashes(path))


def _located_entry(value: JsonValue) -> LocatedEntry:
    entry, index, path = jsontext.members(value, "entry", "index", "path")
    return LocatedEntry(entry=_raw(entry), index=jsontext.integer(index), path=_hashes(path))


def _raw(value: JsonValue) -> bytes:
    return jsontext.text(value).encode()


def _path(path: Sequence[bytes]) -> list[JsonValue]:
    return [b64u(one) for one in path]


def _hashes(value: JsonValue) -> tuple[bytes, ...]:
    return tuple(hash_of(one) for one in jsontext.array(value, high=MAX_HASHES))
