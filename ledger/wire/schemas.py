"""The JSON that passes between an agency and the service, as marshmallow schemas that build frozen values.

A `Shape` reads strictly: one JSON spelling, no unknown member, and what was read, written again, must give the
bytes received. Schemas only shape: they query nothing and have no defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from crypto.encoding import b64, b64u, unb64, unb64u
from crypto.errors import EncodingError
from ledger import jsontext
from ledger.errors import LedgerError, MalformedError
from ledger.identifiers import agency_id
from ledger.merkle import MAX_HASHES
from ledger.wire import limits, rows

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


class Raw(fields.Field[bytes]):
    """Bytes as text: unpadded base64url, or the padded standard alphabet where the log's formats use it."""

    def __init__(self, *, size: int | None = None, url: bool = True, **options: Any) -> None:
        """Take the exact size in bytes, if there is one."""
        super().__init__(**options)
        self.size = size
        self.url = url

    def _serialize(self, value: bytes | None, attr: str | None, obj: object, **_options: object) -> str | None:
        del attr, obj
        if value is None:
            return None
        return b64u(value) if self.url else b64(value)

    def _deserialize(self, value: object, attr: str | None, data: object, **_options: object) -> bytes:
        del attr, data
        try:
            decode = unb64u if self.url else unb64
            return decode(value if isinstance(value, str) else "!", size=self.size)
        except EncodingError as error:
            raise ValidationError("not base64 of the right size") from error


def _agency(text: str) -> None:
    try:
        agency_id(text)
    except LedgerError as error:
        raise ValidationError("not an agency id") from error


def _whole(*, low: int = 0, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=low, max=jsontext.MAX_INTEGER), **options)


def _text(*, most: int = 1_024, **options: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=most), **options)


class _Strict(Schema):
    class Meta:
        """Refuse what the shape does not name."""

        unknown = RAISE


class ReceiptSchema(_Strict):
    """Where a submission stands in the log."""

    first = _whole(required=True)
    index = _whole(required=True)
    size = _whole(required=True)
    checkpoint = _text(required=True, most=limits.MAX_NOTE_BYTES)
    proof = fields.List(Raw(size=32, url=False), required=True, validate=validate.Length(max=MAX_HASHES))
    stage = fields.String(required=True, validate=validate.OneOf((STAGE_DURABLE, STAGE_WITNESSED)))
    since = _whole()


class LoggedEntrySchema(_Strict):
    """One entry and its proof."""

    index = _whole(required=True)
    entry = Raw(required=True)
    proof = _text(required=True, most=limits.MAX_NOTE_BYTES)


class AgencyHeadSchema(_Strict):
    """Where an agency's chain of batches stands."""

    seq = _whole(required=True)
    prev = Raw(size=32, required=True)
    index = _whole(required=True, allow_none=True)
    kx = _whole(required=True)
    keys = _whole(required=True)


class FeedItemSchema(_Strict):
    """A statement that concerns the asker."""

    kind = fields.String(required=True, validate=validate.OneOf(FEED_KINDS))
    index = _whole(required=True)
    batch = _whole(required=True)
    iss = fields.String(required=True, validate=_agency)
    jti = Raw(size=16, required=True)
    ep = _whole()
    kc = fields.List(Raw(size=32), validate=validate.Length(equal=3))


class FeedSchema(_Strict):
    """What was logged for the asker."""

    items = fields.List(
        fields.Nested(FeedItemSchema), required=True, validate=validate.Length(max=limits.MAX_FEED_ITEMS)
    )
    next = _whole(required=True, low=-1)
    size = _whole(required=True)


class BlobNameSchema(_Strict):
    """One sealed blob to fetch."""

    iss = fields.String(required=True, validate=_agency)
    jti = Raw(size=16, required=True)
    place = fields.String(required=True, validate=validate.OneOf(PLACES))
    tag = Raw(size=32)


class BlobRequestSchema(_Strict):
    """The blobs to fetch."""

    get = fields.List(
        fields.Nested(BlobNameSchema), required=True, validate=validate.Length(min=1, max=limits.MAX_BLOB_NAMES)
    )


class CharterVersionSchema(_Strict):
    """One charter of the log."""

    ver = _whole(required=True, low=1)
    index = _whole(required=True)
    h = Raw(size=32, required=True)


class CharterListSchema(_Strict):
    """All charters of the log."""

    charters = fields.List(fields.Nested(CharterVersionSchema), required=True)


class ProblemSchema(_Strict):
    """A refusal (RFC 9457)."""

    type = _text(required=True)
    title = _text(required=True)
    status = fields.Integer(required=True, strict=True, validate=validate.Range(min=400, max=599))
    detail = _text(required=True)
    next = _text(required=True)
    seq = _whole()
    prev = Raw(size=32)
    index = _whole()
    kx = _whole()


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
