"""Feed and blob requests by their patterns: as strict as the schemas, which they are held against."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.jsontext import MAX_INTEGER
from ledger.wire import limits, rows, schemas
from ledger.wire.schemas import BlobName, BlobRequest, Feed, FeedItem, Shape

AGENCIES = st.from_regex(r"[a-z]{3}-[a-z0-9]{2,24}", fullmatch=True)
COUNTS = st.integers(0, MAX_INTEGER)
HASHES = st.binary(min_size=32, max_size=32)
JTIS = st.binary(min_size=16, max_size=16)
ITEMS = st.builds(
    FeedItem,
    kind=st.sampled_from(schemas.FEED_KINDS),
    index=COUNTS,
    batch=COUNTS,
    iss=AGENCIES,
    jti=JTIS,
    ep=st.none() | COUNTS,
    kc=st.none() | st.tuples(HASHES, HASHES, HASHES),
)
FEEDS = st.builds(Feed, items=st.lists(ITEMS, max_size=4).map(tuple), next=st.integers(-1, MAX_INTEGER), size=COUNTS)
NAMES = st.builds(BlobName, iss=AGENCIES, jti=JTIS, place=st.sampled_from(schemas.PLACES), tag=st.none() | HASHES)
REQUESTS = st.builds(BlobRequest, get=st.lists(NAMES, min_size=1, max_size=4).map(tuple))

# What reads and writes by the schema alone: the definition that both sides and the OpenAPI document share.
BY_SCHEMA_FEED = Shape(schemas.FeedSchema(), Feed, items=FeedItem)
BY_SCHEMA_REQUEST = Shape(schemas.BlobRequestSchema(), BlobRequest, get=BlobName)
ITEM = {
    "kind": "record",
    "index": 7,
    "batch": 9,
    "iss": "xar-arms",
    "jti": b64u(bytes(16)),
    "ep": 1,
    "kc": [b64u(bytes(32))] * 3,
}
NAME = {"iss": "xar-arms", "jti": b64u(bytes(16)), "place": "item", "tag": b64u(bytes(32))}


def spelled(value: object) -> bytes:
    """Return the one JSON spelling."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def feed(*items: object, **members: object) -> bytes:
    """Return a feed of these items, its members changed."""
    return spelled({"items": list(items), "next": 9, "size": 10, **members})


def verdict(shape: Shape[Any], raw: bytes) -> Any:
    """Return what a shape reads, None for a refusal."""
    try:
        return shape.read(raw)
    except LedgerError:
        return None


@given(FEEDS)
def test_a_feed_is_written_and_read_as_the_schema_does(value: Feed) -> None:
    """The same bytes for the same feed, and the same feed for the same bytes."""
    raw = BY_SCHEMA_FEED.write(value)

    assert raw == schemas.FEED.write(value)
    assert value == schemas.FEED.read(raw)


@given(REQUESTS)
def test_a_request_is_written_and_read_as_the_schema_does(value: BlobRequest) -> None:
    """The same bytes for the same names, and the same names for the same bytes."""
    raw = BY_SCHEMA_REQUEST.write(value)

    assert raw == schemas.BLOB_REQUEST.write(value)
    assert value == schemas.BLOB_REQUEST.read(raw)


@given(FEEDS, st.data())
def test_an_altered_feed_is_judged_as_the_schema_judges_it(value: Feed, data: st.DataObject) -> None:
    """One byte changed, taken out or put in: pattern and schema agree on what it then is."""
    raw = bytearray(schemas.FEED.write(value))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 1))] = data.draw(st.binary(max_size=1))

    assert verdict(BY_SCHEMA_FEED, bytes(raw)) == verdict(schemas.FEED, bytes(raw))


@given(REQUESTS, st.data())
def test_an_altered_request_is_judged_as_the_schema_judges_it(value: BlobRequest, data: st.DataObject) -> None:
    """One byte changed, taken out or put in: pattern and schema agree on what it then is."""
    raw = bytearray(schemas.BLOB_REQUEST.write(value))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 1))] = data.draw(st.binary(max_size=1))

    assert verdict(BY_SCHEMA_REQUEST, bytes(raw)) == verdict(schemas.BLOB_REQUEST, bytes(raw))


@given(st.binary(max_size=120))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """Bytes are refused by our own error, or read as something that survives being written."""
    for shape in (schemas.FEED, schemas.BLOB_REQUEST):
        with suppress(LedgerError):
            value = shape.read(raw)
            assert value == shape.read(shape.write(value))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(feed({**ITEM, "kind": "batch"}), id="another kind"),
        pytest.param(feed({**ITEM, "index": -1}), id="a negative index"),
        pytest.param(feed({**ITEM, "index": "7"}), id="an index that is a text"),
        pytest.param(feed({**ITEM, "index": MAX_INTEGER + 1}), id="an index out of bounds"),
        pytest.param(feed({**ITEM, "iss": "XAR-arms"}), id="no agency"),
        pytest.param(feed({**ITEM, "jti": b64u(bytes(15))}), id="a shorter id"),
        pytest.param(feed({**ITEM, "jti": "A" * 21 + "B"}), id="stray bits in an id"),
        pytest.param(feed({**ITEM, "kc": [b64u(bytes(32))] * 2}), id="two commitments"),
        pytest.param(feed({**ITEM, "kc": [b64u(bytes(32))] * 4}), id="four commitments"),
        pytest.param(feed({**ITEM, "kc": None}), id="commitments that are null"),
        pytest.param(feed({**ITEM, "ep": None}), id="an epoch that is null"),
        pytest.param(feed({**ITEM, "more": 1}), id="a further member"),
        pytest.param(feed({"index": 7, **ITEM}), id="members in another order"),
        pytest.param(feed({name: value for name, value in ITEM.items() if name != "batch"}), id="a member missing"),
        pytest.param(feed(ITEM, "x"), id="a text among the items"),
        pytest.param(feed(ITEM).replace(b"]}]", b"]},]"), id="a comma behind the last item"),
        pytest.param(feed(ITEM, ITEM).replace(b"},{", b"}{"), id="no comma between items"),
        pytest.param(feed(ITEM, ITEM).replace(b"},{", b"}, {"), id="a space between items"),
        pytest.param(feed(ITEM, ITEM).replace(b"},{", b"},,{"), id="two commas between items"),
        pytest.param(feed(next=-2), id="a next before the first"),
        pytest.param(feed(size=-1), id="a negative size"),
        pytest.param(feed(more=1), id="a further member of the feed"),
        pytest.param(feed() + b"\n", id="a line feed behind"),
        pytest.param(feed(*[{**ITEM, "kc": []}] * 1), id="no commitment"),
        pytest.param(feed(*[ITEM] * (limits.MAX_FEED_ITEMS + 1)), id="too many items"),
    ],
)
def test_a_feed_in_any_other_form_is_refused(raw: bytes) -> None:
    """Members, their order, their bounds and what stands between rows are exact, by the pattern and by the schema."""
    with pytest.raises(MalformedError):
        schemas.FEED.read(raw, limit=10**7)
    with pytest.raises(MalformedError):
        BY_SCHEMA_FEED.read(raw, limit=10**7)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(spelled({"get": []}), id="none"),
        pytest.param(spelled({"get": [NAME] * (limits.MAX_BLOB_NAMES + 1)}), id="too many"),
        pytest.param(spelled({"get": [{**NAME, "place": "slip"}]}), id="a place that is never given out"),
        pytest.param(spelled({"get": [{**NAME, "tag": None}]}), id="a tag that is null"),
        pytest.param(spelled({"get": [{**NAME, "tag": b64u(bytes(31))}]}), id="a shorter tag"),
        pytest.param(spelled({"get": [NAME], "more": 1}), id="a further member"),
        pytest.param(spelled({"get": [NAME]})[:-2] + b",]}", id="a comma behind the last name"),
        pytest.param(spelled([NAME]), id="no object"),
    ],
)
def test_a_request_in_any_other_form_is_refused(raw: bytes) -> None:
    """As a feed, by the pattern and by the schema."""
    with pytest.raises(MalformedError):
        schemas.BLOB_REQUEST.read(raw)
    with pytest.raises(MalformedError):
        BY_SCHEMA_REQUEST.read(raw)


def test_the_limit_comes_first() -> None:
    """One byte more than allowed is too large, whatever it is."""
    raw = feed(ITEM)

    assert schemas.FEED.read(raw, limit=len(raw)).items[0].index == ITEM["index"]
    with pytest.raises(TooLargeError):
        schemas.FEED.read(raw, limit=len(raw) - 1)
    with pytest.raises(TooLargeError):
        schemas.BLOB_REQUEST.read(spelled({"get": [NAME]}), limit=10)


def test_an_empty_feed_has_no_items() -> None:
    """Nothing new is a feed too, before the first entry as well."""
    assert schemas.FEED.read(feed(next=-1, size=0)) == Feed(items=(), next=-1, size=0)


@given(st.lists(st.none() | st.tuples(HASHES, HASHES, HASHES), max_size=5))
def test_commitments_stay_with_their_rows(kcs: list[tuple[bytes, ...] | None]) -> None:
    """They are decoded all at once, and given back each to its own row."""
    told = [rows.FeedRow("record", at, 9, "xar-arms", bytes(16), None, kc) for at, kc in enumerate(kcs)]
    found, following, size = rows.read_feed(rows.spell_feed(told, following=3, size=4), limit=10_000)

    assert [one.kc for one in found] == kcs
    assert (following, size) == (3, 4)


@given(st.lists(st.none() | HASHES, min_size=1, max_size=5))
def test_tags_stay_with_their_names(tags: list[bytes | None]) -> None:
    """As commitments with their rows."""
    told = [rows.BlobRow("xar-arms", bytes(16), "item", tag) for tag in tags]

    assert [one.tag for one in rows.read_blob_names(rows.spell_blob_names(told), limit=10_000)] == tags
