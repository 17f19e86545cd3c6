"""The JSON that passes between an agency and the service, as marshmallow schemas that build frozen values.

A `Shape` reads strictly: one JSON spelling, no unknown member, and what was read, written again, must give the
bytes received. Schemas only shape: they query nothing and have no defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from marshmallow import Schema, ValidationError, fields, validate

from ledger import jsontext
from ledger.errors import MalformedError
from ledger.merkle import MAX_HASHES
from ledger.wire import limits, rows
from ledger.wire.strict import Raw, Strict, agency, text, whole

STAGE_DURABLE = "durable"
STAGE_WITNESSED = "witnessed"
PLACES = ("item", "event", "case", "box")
FEED_KINDS = ("grant", "record", "message", "expunge")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The service's answer to a batch, charter or key entry: where it stands, under which checkpoint.

    `stage` is durable (on the disk, signed by the log) or witnessed (published under the charter's quorum). `since`,
    where witnesses are still to come, is when what is signed and not published began to wait (POSIX seconds).
    """

    first: int
    index: int
    size: int
    checkpoint: str
    proof: tuple[bytes, ...]
    stage: str
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEntry:
    """One entry of the log and the tlog-proof that it is there."""

    index: int
    entry: bytes
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyHead:
    """Where an agency's chain of batches stands, the `kx` its next batch must carry, and its last key entry.

    `keys` is what its next key entry would name as `prev`: where it has logged none, the charter that first listed it.
    """

    seq: int
    prev: bytes
    index: int | None
    kx: int
    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A statement that concerns the asker; `ep` and the three `kc` for records alone."""

    kind: str
    index: int
    batch: int
    iss: str
    jti: bytes
    ep: int | None = None
    kc: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What was logged for the asker; ask again after `next` until it is the last index of `size`."""

    items: tuple[FeedItem, ...]
    next: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobName:
    """One sealed blob to fetch; item, event and case need the fetch tag only a reader can compute."""

    iss: str
    jti: bytes
    place: str
    tag: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobRequest:
    """The blobs to fetch, answered in this order."""

    get: tuple[BlobName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterVersion:
    """A charter's version, the index of its entry and the hash of its file."""

    ver: int
    index: int
    h: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterList:
    """All charters of the log, in order."""

    charters: tuple[CharterVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal (RFC 9457); `next` is the step to take, the rest what a client needs to take it."""

    type: str
    title: str
    status: int
    detail: str
    next: str
    seq: int | None = None
    prev: bytes | None = None
    index: int | None = None
    kx: int | None = None


class ReceiptSchema(Strict):
    """Where a submission stands in the log."""

    first = whole(required=True)
    index = whole(required=True)
    size = whole(required=True)
    checkpoint = text(required=True, most=limits.MAX_NOTE_BYTES)
    proof = fields.List(Raw(size=32, url=False), required=True, validate=validate.Length(max=MAX_HASHES))
    stage = fields.String(required=True, validate=validate.OneOf((STAGE_DURABLE, STAGE_WITNESSED)))
    since = whole()


class LoggedEntrySchema(Strict):
    """One entry and its proof."""

    index = whole(required=True)
    entry = Raw(required=True)
    proof = text(required=True, most=limits.MAX_NOTE_BYTES)


class AgencyHeadSchema(Strict):
    """Where an agency's chain of batches stands."""

    seq = whole(required=True)
    prev = Raw(size=32, required=True)
    index = whole(required=True, allow_none=True)
    kx = whole(required=True)
    keys = whole(required=True)


class FeedItemSchema(Strict):
    """A statement that concerns the asker."""

    kind = fields.String(required=True, validate=validate.OneOf(FEED_KINDS))
    index = whole(required=True)
    batch = whole(required=True)
    iss = fields.String(required=True, validate=agency)
    jti = Raw(size=16, required=True)
    ep = whole()
    kc = fields.List(Raw(size=32), validate=validate.Length(equal=3))


class FeedSchema(Strict):
    """What was logged for the asker."""

    items = fields.List(
        fields.Nested(FeedItemSchema), required=True, validate=validate.Length(max=limits.MAX_FEED_ITEMS)
    )
    next = whole(required=True, low=-1)
    size = whole(required=True)


class BlobNameSchema(Strict):
    """One sealed blob to fetch."""

    iss = fields.String(required=True, validate=agency)
    jti = Raw(size=16, required=True)
    place = fields.String(required=True, validate=validate.OneOf(PLACES))
    tag = Raw(size=32)


class BlobRequestSchema(Strict):
    """The blobs to fetch."""

    get = fields.List(
        fields.Nested(BlobNameSchema), required=True, validate=validate.Length(min=1, max=limits.MAX_BLOB_NAMES)
    )


class CharterVersionSchema(Strict):
    """One charter of the log."""

    ver = whole(required=True, low=1)
    index = whole(required=True)
    h = Raw(size=32, required=True)


class CharterListSchema(Strict):
    """All charters of the log."""

    charters = fields.List(fields.Nested(CharterVersionSchema), required=True)


class ProblemSchema(Strict):
    """A refusal (RFC 9457)."""

    type = text(required=True)
    title = text(required=True)
    status = fields.Integer(required=True, strict=True, validate=validate.Range(min=400, max=599))
    detail = text(required=True)
    next = text(required=True)
    seq = whole()
    prev = Raw(size=32)
    index = whole()
    kx = whole()


class Shape(Generic[T]):
    """One JSON shape: reads bytes to a frozen value, writes the value to its one spelling."""

    def __init__(self, schema: Schema, build: type[T], **parts: type[Any]) -> None:
        """Take the schema, the class it builds and, by member, the class of a list's items."""
        self.schema = schema
        self._build = build
        self._parts = parts

    def read(self, raw: bytes, *, limit: int = limits.MAX_JSON_BYTES) -> T:
        """Return the value that `raw` spells; raise TooLargeError or MalformedError."""
        value = jsontext.load(raw, limit=limit)
        try:
            loaded = self.schema.load(value if isinstance(value, dict) else {})
        except ValidationError as error:
            raise MalformedError("the JSON has not the members the protocol names") from error
        built = self._construct(loaded)
        if self.write(built) != raw:
            raise MalformedError("the JSON has its members in another order")
        return built

    def write(self, value: T) -> bytes:
        """Return the one spelling of `value`."""
        dumped = self.schema.dump(value)
        return jsontext.dump(_without_absent(self.schema, dumped))

    def _construct(self, loaded: Mapping[str, Any]) -> T:
        made = {name: _freeze(item, self._parts.get(name)) for name, item in loaded.items()}
        return self._build(**made)


class _FeedShape(Shape[Feed]):
    """A feed: a thousand rows, read by their pattern instead of the schema."""

    def read(self, raw: bytes, *, limit: int = limits.MAX_JSON_BYTES) -> Feed:
        items, following, size = rows.read_feed(raw, limit=limit)
        return Feed(
            items=tuple(
                FeedItem(kind=one.kind, index=one.at, batch=one.batch, iss=one.iss, jti=one.jti, ep=one.ep, kc=one.kc)
                for one in items
            ),
            next=following,
            size=size,
        )

    def write(self, value: Feed) -> bytes:
        items = [rows.FeedRow(one.kind, one.index, one.batch, one.iss, one.jti, one.ep, one.kc) for one in value.items]
        return rows.spell_feed(items, following=value.next, size=value.size)


class _BlobRequestShape(Shape[BlobRequest]):
    """The blobs to fetch: a thousand rows, read by their pattern instead of the schema."""

    def read(self, raw: bytes, *, limit: int = limits.MAX_JSON_BYTES) -> BlobRequest:
        return BlobRequest(get=tuple(BlobName(**one._asdict()) for one in rows.read_blob_names(raw, limit=limit)))

    def write(self, value: BlobRequest) -> bytes:
        return rows.spell_blob_names([rows.BlobRow(one.iss, one.jti, one.place, one.tag) for one in value.get])


def _freeze(item: Any, part: type[Any] | None) -> Any:
    if not isinstance(item, list):
        return item
    if part is None:
        return tuple(item)
    return tuple(part(**{name: _freeze(member, None) for name, member in row.items()}) for row in item)


def _without_absent(schema: Schema, dumped: Any) -> Any:
    """Drop members that may be absent and are; a member that may be null stays."""
    shown = {}
    for name, item in dumped.items():
        field = schema.fields[name]
        if item is None and not field.required:
            continue
        nested = (
            field.inner.schema if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested) else None
        )
        shown[name] = [_without_absent(nested, row) for row in item] if nested is not None else item
    return shown


RECEIPT = Shape(ReceiptSchema(), Receipt)
LOGGED_ENTRY = Shape(LoggedEntrySchema(), LoggedEntry)
AGENCY_HEAD = Shape(AgencyHeadSchema(), AgencyHead)
FEED = _FeedShape(FeedSchema(), Feed, items=FeedItem)
BLOB_REQUEST = _BlobRequestShape(BlobRequestSchema(), BlobRequest, get=BlobName)
CHARTER_LIST = Shape(CharterListSchema(), CharterList, charters=CharterVersion)
PROBLEM = Shape(ProblemSchema(), Problem)
