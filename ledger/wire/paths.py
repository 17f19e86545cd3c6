"""The service's paths and media types (docs/protocol.md, 10). A template's braces hold what a caller fills in."""

from crypto.encoding import b64u
from ledger.identifiers import StatementName

CHECKPOINT = "/checkpoint"
TILE = "/tile/{path}"
ENTRIES_TILE = "/tile/entries/{path}"
BATCHES = "/v1/batches"
CHARTERS = "/v1/charters"
CHARTER = "/v1/charters/{ver}"
FIRST_CHECKPOINT = "/v1/checkpoints"
KEYS = "/v1/keys"
STATEMENT = "/v1/statements/{iss}/{jti}"
ENTRY = "/v1/entries/{index}"
AGENCY_HEAD = "/v1/agencies/{iss}/head"
FEED = "/v1/feed"
BLOBS = "/v1/blobs"
EVALUATIONS = "/v1/evaluations"
MATCHES = "/v1/matches"
NOTICES = "/v1/notices"
REVIEWS = "/v1/reviews"
COMPLAINTS = "/v1/complaints"
USAGE = "/v1/usage"
ACCESS_CHECKPOINT = "/access/checkpoint"
ACCESS_TILE = "/access/tile/{path}"
ACCESS_ENTRIES_TILE = "/access/tile/entries/{path}"
WITNESS_PENDING = "/v1/witness/pending"
WITNESS_COSIGNATURES = "/v1/witness/cosignatures"
HEALTHZ = "/healthz"
READYZ = "/readyz"
OPENAPI = "/openapi.json"
PROBLEMS = "/problems/{type}"

BATCH_TYPE = "application/vnd.sealtrace.batch"
BLOBS_TYPE = "application/vnd.sealtrace.blobs"
CHARTER_TYPE = "application/vnd.sealtrace.charter+json"
KEY_TYPE = "application/vnd.sealtrace.key+json"
QUESTION_TYPE = "application/vnd.sealtrace.question+json"
COMPLAINT_TYPE = "application/vnd.sealtrace.complaint+json"
ANSWER_TYPE = "application/vnd.sealtrace.answer"
JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
TEXT_TYPE = "text/plain; charset=utf-8"
TILE_TYPE = "application/octet-stream"


def statement(name: StatementName) -> str:
    """Return the path of the statement (iss, jti)."""
    return STATEMENT.format(iss=name.iss, jti=b64u(name.jti))


def entry(index: int) -> str:
    """Return the path of the entry at `index`."""
    return ENTRY.format(index=index)


def agency_head(iss: str) -> str:
    """Return the path that tells where an agency's chain of batches stands."""
    return AGENCY_HEAD.format(iss=iss)


def charter(ver: int) -> str:
    """Return the path of charter file `ver`, the same in a mirror's folder."""
    return CHARTER.format(ver=ver)


def handover_file(index: int) -> str:
    """Return where a mirror's folder holds the first checkpoint with the charter at `index`."""
    return f"{FIRST_CHECKPOINT}/{index}"
