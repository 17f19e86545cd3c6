"""How much of anything one request may carry. Both sides check before they read (docs/protocol.md, 7, 8 and 10)."""

from ledger.complaints import MAX_COMPLAINT_BYTES
from ledger.jsontext import MAX_ENTRY_BYTES
from ledger.notes import MAX_NOTE_BYTES
from ledger.notices import MAX_REVIEWED
from ledger.padding import PADDED_BYTES
from ledger.questions import MAX_QUESTION_BYTES
from ledger.witnessing import MAX_BODY_BYTES as MAX_WITNESS_BYTES

__all__ = [
    "BOX_DAYS",
    "MAX_BATCH_BYTES",
    "MAX_BATCH_FRAMES",
    "MAX_BLOBS_REQUEST_BYTES",
    "MAX_BLOB_NAMES",
    "MAX_CHARTER_BYTES",
    "MAX_COMPLAINT_BYTES",
    "MAX_ELEMENTS",
    "MAX_ENTRY_BYTES",
    "MAX_EVALUATION_BYTES",
    "MAX_FEED_ITEMS",
    "MAX_FEED_SPAN",
    "MAX_JSON_BYTES",
    "MAX_NOTE_BYTES",
    "MAX_QUESTION_BYTES",
    "MAX_REVIEWED",
    "MAX_REVIEWS_BYTES",
    "MAX_STATEMENTS",
    "MAX_USAGE_BYTES",
    "MAX_WITNESS_BYTES",
    "PADDED_BYTES",
]

MAX_BATCH_BYTES = 32 * 2**20
MAX_STATEMENTS = 1_000
# 32 MiB hold fewer than 28,400 boxes of 1,184 bytes; the count is capped too, since an empty frame costs four bytes
# on the wire and some forty in memory.
MAX_BATCH_FRAMES = 32_768
MAX_CHARTER_BYTES = 4 * 2**20
MAX_BLOB_NAMES = 1_000
MAX_BLOBS_REQUEST_BYTES = 2**18
MAX_FEED_ITEMS = 1_000
# Entries that one question of the feed is answered from: a tenth of a second's search.
MAX_FEED_SPAN = 100_000
MAX_JSON_BYTES = 2**20
MAX_ELEMENTS = 1_000
MAX_EVALUATION_BYTES = 2**16
MAX_REVIEWS_BYTES = 2**12
# Ninety days of a hundred agencies, eight counters each.
MAX_USAGE_BYTES = 8 * 2**20

# A box lies beside the log for so many days; whoever it is for has fetched it by then (docs/protocol.md, 5.8).
BOX_DAYS = 90
