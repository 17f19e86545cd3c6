"""Every call of the service in one table: the server routes by it, and /openapi.json is written from it.

docs/protocol.md, 10.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ledger.wire import limits, matching, paths, schemas
from ledger.wire.schemas import Shape


class Access(Enum):
    """Who may make a call."""

    OPEN = "anybody"
    SIGNED = "whoever signs with an http key of the charter"
    ENTRIES = "as the charter says of entries: anybody, or whoever signs with a key of it"
    ROOTS = "anybody: the root signatures inside the body decide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body: its media type, its most bytes and, if it is JSON of ours, its shape."""

    media_type: str
    most_bytes: int
    shape: Shape[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One path and method: who may, what goes in, what comes out."""

    name: str
    method: str
    path: str
    summary: str
    access: Access
    answer: Body
    body: Body | None = None
    query: tuple[str, ...] = ()


def _json(shape: Shape[Any], *, most_bytes: int = limits.MAX_JSON_BYTES) -> Body:
    return Body(media_type=paths.JSON_TYPE, most_bytes=most_bytes, shape=shape)


_RECEIPT = _json(schemas.RECEIPT)
_ENTRY = _json(schemas.LOGGED_ENTRY)
_BATCH = Body(media_type=paths.BATCH_TYPE, most_bytes=limits.MAX_BATCH_BYTES)
_CHARTER = Body(media_type=paths.CHARTER_TYPE, most_bytes=limits.MAX_CHARTER_BYTES)
_KEY = Body(media_type=paths.KEY_TYPE, most_bytes=limits.MAX_ENTRY_BYTES)
_BLOBS = Body(media_type=paths.BLOBS_TYPE, most_bytes=limits.MAX_BATCH_BYTES)
_TILE = Body(media_type=paths.TILE_TYPE, most_bytes=limits.MAX_BATCH_BYTES)
_TEXT = Body(media_type=paths.TEXT_TYPE, most_bytes=limits.MAX_JSON_BYTES)
_PADDED = Body(media_type=paths.JSON_TYPE, most_bytes=limits.PADDED_BYTES)
_ANSWER = Body(media_type=paths.ANSWER_TYPE, most_bytes=limits.PADDED_BYTES)
_QUESTION = Body(media_type=paths.QUESTION_TYPE, most_bytes=limits.MAX_QUESTION_BYTES)
_COMPLAINT = Body(media_type=paths.COMPLAINT_TYPE, most_bytes=limits.MAX_COMPLAINT_BYTES)
_WITNESS = Body(media_type=paths.TEXT_TYPE, most_bytes=limits.MAX_WITNESS_BYTES)
_DOCUMENT = Body(media_type=paths.JSON_TYPE, most_bytes=limits.MAX_JSON_BYTES)

CALLS = (
    Call(
        name="checkpoint",
        method="GET",
        path=paths.CHECKPOINT,
        summary="The newest published checkpoint (C2SP tlog-checkpoint)",
        access=Access.OPEN,
        answer=_TEXT,
    ),
    Call(
        name="bundle",
        method="GET",
        path=paths.ENTRIES_TILE,
        summary="A bundle of up to 256 entries (C2SP tlog-tiles)",
        access=Access.ENTRIES,
        answer=_TILE,
    ),
    Call(
        name="tile",
        method="GET",
        path=paths.TILE,
        summary="A tile of up to 256 hashes (C2SP tlog-tiles)",
        access=Access.OPEN,
        answer=_TILE,
    ),
    Call(
        name="submit_batch",
        method="POST",
        path=paths.BATCHES,
        summary="Log a batch: its entry, its statements and their blobs, all or nothing",
        access=Access.SIGNED,
        answer=_RECEIPT,
        body=_BATCH,
    ),
    Call(
        name="submit_charter",
        method="POST",
        path=paths.CHARTERS,
        summary="Log the next charter",
        access=Access.ROOTS,
        answer=_RECEIPT,
        body=_CHARTER,
    ),
    Call(
        name="handover",
        method="GET",
        path=paths.FIRST_CHECKPOINT,
        summary="The published checkpoint that first held the entry at an index, with its cosignatures",
        access=Access.OPEN,
        answer=_TEXT,
        query=("index",),
    ),
    Call(
        name="submit_key",
        method="POST",
        path=paths.KEYS,
        summary="Log a change of an agency's own keys",
        access=Access.ROOTS,
        answer=_RECEIPT,
        body=_KEY,
    ),
    Call(
        name="charters",
        method="GET",
        path=paths.CHARTERS,
        summary="All charters of the log",
        access=Access.OPEN,
        answer=_json(schemas.CHARTER_LIST),
    ),
    Call(
        name="charter",
        method="GET",
        path=paths.CHARTER,
        summary="One charter file, byte for byte",
        access=Access.OPEN,
        answer=_CHARTER,
    ),
    Call(
        name="statement",
        method="GET",
        path=paths.STATEMENT,
        summary="A statement by its name, with the proof that it is logged",
        access=Access.SIGNED,
        answer=_ENTRY,
    ),
    Call(
        name="entry",
        method="GET",
        path=paths.ENTRY,
        summary="An entry by its index, with the proof that it is logged",
        access=Access.SIGNED,
        answer=_ENTRY,
    ),
    Call(
        name="agency_head",
        method="GET",
        path=paths.AGENCY_HEAD,
        summary="Where an agency's chain of batches stands",
        access=Access.SIGNED,
        answer=_json(schemas.AGENCY_HEAD),
    ),
    Call(
        name="feed",
        method="GET",
        path=paths.FEED,
        summary="What was logged for the asker after an index",
        access=Access.SIGNED,
        answer=_json(schemas.FEED),
        query=("after",),
    ),
    Call(
        name="blobs",
        method="POST",
        path=paths.BLOBS,
        summary="Sealed blobs, in the order asked; empty for what is not there or not the asker's",
        access=Access.SIGNED,
        answer=_BLOBS,
        body=_json(schemas.BLOB_REQUEST, most_bytes=limits.MAX_BLOBS_REQUEST_BYTES),
    ),
    Call(
        name="evaluate",
        method="POST",
        path=paths.EVALUATIONS,
        summary="Blind evaluations under the key of a token epoch, with one proof",
        access=Access.SIGNED,
        answer=_json(matching.EVALUATION_ANSWER),
        body=_json(matching.EVALUATION_REQUEST, most_bytes=limits.MAX_EVALUATION_BYTES),
    ),
    Call(
        name="match",
        method="POST",
        path=paths.MATCHES,
        summary="A question, answered with eight slots, signed and of one length",
        access=Access.SIGNED,
        answer=_ANSWER,
        body=_QUESTION,
    ),
    Call(
        name="notices",
        method="GET",
        path=paths.NOTICES,
        summary="What waits for the asker since the last tick, in a page of one length",
        access=Access.SIGNED,
        answer=_PADDED,
        query=("after",),
    ),
    Call(
        name="review",
        method="POST",
        path=paths.REVIEWS,
        summary="Which silent hits an originator has reviewed",
        access=Access.SIGNED,
        answer=_TEXT,
        body=_json(matching.REVIEWS, most_bytes=limits.MAX_REVIEWS_BYTES),
    ),
    Call(
        name="complain",
        method="POST",
        path=paths.COMPLAINTS,
        summary="Call the charter's auditors to an entry of the access log that the asker holds an opening of",
        access=Access.SIGNED,
        answer=_TEXT,
        body=_COMPLAINT,
    ),
    Call(
        name="complaints",
        method="GET",
        path=paths.COMPLAINTS,
        summary="To the charter's auditors: complaints, each with both openings of its entry, in a page of one length",
        access=Access.SIGNED,
        answer=_PADDED,
        query=("after",),
    ),
    Call(
        name="usage",
        method="GET",
        path=paths.USAGE,
        summary="To the charter's auditors: counters by agency and day, overdue silent hits by agency and month",
        access=Access.SIGNED,
        answer=_json(matching.USAGE),
    ),
    Call(
        name="access_checkpoint",
        method="GET",
        path=paths.ACCESS_CHECKPOINT,
        summary="The newest checkpoint of the access log",
        access=Access.OPEN,
        answer=_TEXT,
    ),
    Call(
        name="access_bundle",
        method="GET",
        path=paths.ACCESS_ENTRIES_TILE,
        summary="A bundle of up to 256 entries of the access log",
        access=Access.OPEN,
        answer=_TILE,
    ),
    Call(
        name="access_tile",
        method="GET",
        path=paths.ACCESS_TILE,
        summary="A tile of up to 256 hashes of the access log",
        access=Access.OPEN,
        answer=_TILE,
    ),
    Call(
        name="healthz",
        method="GET",
        path=paths.HEALTHZ,
        summary="Whether the process answers",
        access=Access.OPEN,
        answer=_TEXT,
    ),
    Call(
        name="readyz",
        method="GET",
        path=paths.READYZ,
        summary="Whether the log can be read and written",
        access=Access.OPEN,
        answer=_TEXT,
    ),
    Call(
        name="openapi",
        method="GET",
        path=paths.OPENAPI,
        summary="This description",
        access=Access.OPEN,
        answer=_DOCUMENT,
    ),
    Call(
        name="problem",
        method="GET",
        path=paths.PROBLEMS,
        summary="What a type of problem means and what to do",
        access=Access.OPEN,
        answer=_TEXT,
    ),
    # For witnesses that take no connection from outside.
    Call(
        name="witness_pending",
        method="GET",
        path=paths.WITNESS_PENDING,
        summary="What a witness behind a wall is to cosign, once there is something (204: nothing within 25 seconds)",
        access=Access.SIGNED,
        answer=_WITNESS,
        query=("log", "old"),
    ),
    Call(
        name="witness_cosignatures",
        method="POST",
        path=paths.WITNESS_COSIGNATURES,
        summary="The checkpoint asked for under a witness's own cosignatures; answered by the published size",
        access=Access.SIGNED,
        answer=_WITNESS,
        body=_WITNESS,
    ),
)
