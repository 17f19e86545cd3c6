"""The JSON between an agency and the service: read to frozen values, written back to the same bytes."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64, b64u
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.wire import limits, schemas
from ledger.wire.schemas import (
    AgencyHead,
    BlobName,
    BlobRequest,
    CharterList,
    CharterVersion,
    Feed,
    FeedItem,
    LoggedEntry,
    Problem,
    Receipt,
    Shape,
)

HASH = bytes(range(32))
JTI = bytes(range(16))
NAME = {"iss": "xar-arms", "jti": b64u(JTI)}
EXAMPLES: list[tuple[Shape[Any], Any, Mapping[str, Any]]] = [
    (
        schemas.RECEIPT,
        Receipt(first=1, index=3, size=4, checkpoint="a\n", proof=(HASH, HASH), stage="durable"),
        {"first": 1, "index": 3, "size": 4, "checkpoint": "a\n", "proof": [b64(HASH)] * 2, "stage": "durable"},
    ),
    (
        schemas.LOGGED_ENTRY,
        LoggedEntry(index=0, entry=b"e", proof="p\n"),
        {"index": 0, "entry": "ZQ", "proof": "p\n"},
    ),
    (
        schemas.AGENCY_HEAD,
        AgencyHead(seq=0, prev=bytes(32), index=None, kx=2, keys=1),
        {"seq": 0, "prev": b64u(bytes(32)), "index": None, "kx": 2, "keys": 1},
    ),
    (
        schemas.FEED,
        Feed(
            items=(
                FeedItem(kind="grant", index=1, batch=3, iss="xar-arms", jti=JTI),
                FeedItem(kind="record", index=2, batch=3, iss="xar-arms", jti=JTI, ep=1, kc=(HASH,) * 3),
            ),
            next=3,
            size=4,
        ),
        {
            "items": [
                {"kind": "grant", "index": 1, "batch": 3, **NAME},
                {"kind": "record", "index": 2, "batch": 3, **NAME, "ep": 1, "kc": [b64u(HASH)] * 3},
            ],
            "next": 3,
            "size": 4,
        },
    ),
    (
        schemas.BLOB_REQUEST,
        BlobRequest(
            get=(
                BlobName(iss="xar-arms", jti=JTI, place="item", tag=HASH),
                BlobName(iss="xar-arms", jti=JTI, place="box"),
            )
        ),
        {"get": [{**NAME, "place": "item", "tag": b64u(HASH)}, {**NAME, "place": "box"}]},
    ),
    (
        schemas.CHARTER_LIST,
        CharterList(charters=(CharterVersion(ver=1, index=0, h=HASH),)),
        {"charters": [{"ver": 1, "index": 0, "h": b64u(HASH)}]},
    ),
    (
        schemas.PROBLEM,
        Problem(type="/problems/x", title="t", status=409, detail="d", next="n", seq=1, prev=HASH, index=2),
        {
            "type": "/problems/x",
            "title": "t",
            "status": 409,
            "detail": "d",
            "next": "n",
            "seq": 1,
            "prev": b64u(HASH),
            "index": 2,
        },
    ),
    (
        schemas.PROBLEM,
        Problem(type="/problems/x", title="t", status=400, detail="", next="n", kx=5),
        {"type": "/problems/x", "title": "t", "status": 400, "detail": "", "next": "n", "kx": 5},
    ),
]
SHAPES = list({id(shape): shape for shape, _, _ in EXAMPLES}.values())


def _spell(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(("shape", "value", "document"), EXAMPLES)
def test_a_value_has_one_spelling(shape: Shape[Any], value: object, document: Mapping[str, Any]) -> None:
    """What is written is what the protocol prints, and it is read back to the same value."""
    raw = shape.write(value)

    assert raw == _spell(document)
    assert shape.read(raw) == value


@pytest.mark.parametrize(("shape", "value", "document"), EXAMPLES)
def test_every_member_is_needed_or_may_be_absent(shape: Shape[Any], value: object, document: Mapping[str, Any]) -> None:
    """Leaving out a member gives another value or a refusal, never the same one."""
    for name in document:
        less = {key: item for key, item in document.items() if key != name}
        try:
            found = shape.read(_spell(less))
        except MalformedError:
            continue
        assert found != value


@pytest.mark.parametrize(("shape", "_value", "document"), EXAMPLES)
def test_an_unknown_member_is_refused(shape: Shape[Any], _value: object, document: Mapping[str, Any]) -> None:
    """Nothing is ignored."""
    with pytest.raises(MalformedError):
        shape.read(_spell({**document, "more": 1}))


@pytest.mark.parametrize(("shape", "_value", "document"), EXAMPLES)
def test_another_order_of_members_is_refused(shape: Shape[Any], _value: object, document: Mapping[str, Any]) -> None:
    """Members stand in the order in which they are written here."""
    turned = dict(reversed(document.items()))
    if turned == document and len(document) == 1:
        (name,) = document
        turned = {name: [dict(reversed(row.items())) for row in document[name]]}

    with pytest.raises(MalformedError):
        shape.read(_spell(turned))


@pytest.mark.parametrize("shape", SHAPES)
@given(raw=st.binary(max_size=100))
def test_arbitrary_bytes_raise_only_our_error(shape: Shape[Any], raw: bytes) -> None:
    """Bytes are refused by our own error, or read as something that survives being written."""
    with suppress(LedgerError):
        value = shape.read(raw)
        assert value == shape.read(shape.write(value))


@pytest.mark.parametrize("shape", SHAPES)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["get", "items", "iss", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_arbitrary_json_is_refused(shape: Shape[Any], value: object) -> None:
    """Well-formed JSON of another shape raises only our error."""
    with pytest.raises(LedgerError):
        shape.read(_spell(value))


@pytest.mark.parametrize(
    "change",
    [
        {"place": "slip"},
        {"place": "route"},
        {"iss": "XAR-arms"},
        {"iss": 5},
        {"jti": "AAAA"},
        {"jti": b64u(JTI) + "="},
        {"jti": 7},
        {"tag": "AAAA"},
        {"tag": None},
    ],
)
def test_a_blob_name_of_another_form_is_refused(change: Mapping[str, Any]) -> None:
    """Places, ids and tags have their sets and sizes."""
    row = {**NAME, "place": "item", "tag": b64u(HASH), **change}

    with pytest.raises(MalformedError):
        schemas.BLOB_REQUEST.read(_spell({"get": [row]}))


@pytest.mark.parametrize("count", [0, limits.MAX_BLOB_NAMES + 1])
def test_a_blob_request_asks_for_one_to_a_thousand(count: int) -> None:
    """None and too many are refused."""
    with pytest.raises(MalformedError):
        schemas.BLOB_REQUEST.read(_spell({"get": [{**NAME, "place": "box"}] * count}))


def test_the_largest_blob_request_fits_its_limit() -> None:
    """A thousand names with tags are within what the service reads."""
    longest = BlobName(iss="xar-" + "a" * 24, jti=JTI, place="event", tag=HASH)
    raw = schemas.BLOB_REQUEST.write(BlobRequest(get=(longest,) * limits.MAX_BLOB_NAMES))

    assert len(raw) <= limits.MAX_BLOBS_REQUEST_BYTES


def test_the_largest_feed_fits_its_limit() -> None:
    """A thousand items are within what a client reads."""
    longest = FeedItem(
        kind="record", index=2**53 - 1, batch=2**53 - 1, iss="xar-" + "a" * 24, jti=JTI, ep=2**53 - 1, kc=(HASH,) * 3
    )
    raw = schemas.FEED.write(Feed(items=(longest,) * limits.MAX_FEED_ITEMS, next=0, size=0))

    assert len(raw) <= limits.MAX_JSON_BYTES


@pytest.mark.parametrize("number", [True, 1.0, "1", -1, 2**53, None])
def test_a_number_is_a_whole_number(number: object) -> None:
    """Not true, not a float, not text, not negative, not above what JSON carries exactly."""
    with pytest.raises(LedgerError):
        schemas.LOGGED_ENTRY.read(_spell({"index": number, "entry": "ZQ", "proof": "p"}))


@pytest.mark.parametrize("stage", ["published", "", 1])
def test_a_receipt_knows_one_stage(stage: object) -> None:
    """A stage nobody defined means nothing."""
    document = {"first": 1, "index": 1, "size": 1, "checkpoint": "", "proof": [], "stage": stage}

    with pytest.raises(MalformedError):
        schemas.RECEIPT.read(_spell(document))


def test_a_text_above_the_limit_is_refused_unread() -> None:
    """The cap comes first."""
    with pytest.raises(TooLargeError):
        schemas.FEED.read(b"x" * 11, limit=10)


@pytest.mark.parametrize("status", [200, 399, 600])
def test_a_problem_has_the_status_of_a_refusal(status: int) -> None:
    """400 to 599."""
    document = {"type": "x", "title": "t", "status": status, "detail": "d", "next": "n"}

    with pytest.raises(MalformedError):
        schemas.PROBLEM.read(_spell(document))
