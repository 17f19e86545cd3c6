"""What a cosigner signs, byte for byte (C2SP tlog-cosignature).

Both forms name a time. In a witness's cosignature it says: at that time this was the largest tree I had seen of
this log. Time 0 says nothing about that; a log signs its own checkpoints so.
"""

import struct

from crypto.encoding import HASH_BYTES
from ledger.errors import MalformedError
from ledger.merkle import MAX_SIZE
from ledger.notes import check_name

MAX_TIMESTAMP = 2**63 - 1
TIMESTAMP_BYTES = 8

_SUBTREE_LABEL = b"subtree/v1\n\0"


def checkpoint_message(text: str, *, timestamp: int) -> bytes:
    """Return what Ed25519 (0x04) signs: two lines and the checkpoint's text. It does not name the cosigner."""
    _check_timestamp(timestamp)
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def subtree_message(  # noqa: PLR0913 - the members of the specification's structure, all by name
    *, cosigner: str, timestamp: int, origin: str, start: int, end: int, root: bytes
) -> bytes:
    """Return what ML-DSA-44 (0x06) signs; for a checkpoint `start` is 0 and `end` its size.

    Raises MalformedError for what no cosigned message can carry.
    """
    _check_timestamp(timestamp)
    if not 0 <= start <= end <= MAX_SIZE or (start and timestamp) or len(root) != HASH_BYTES:
        raise MalformedError("no cosignature covers this range, time or root")
    return b"".join(
        [
            _SUBTREE_LABEL,
            _short(cosigner),
            struct.pack(">Q", timestamp),
            _short(origin),
            struct.pack(">QQ", start, end),
            root,
        ]
    )


def join_timestamp(*, timestamp: int, signature: bytes) -> bytes:
    """Return the bytes of a cosignature's line: uint64 big-endian time ‖ signature."""
    _check_timestamp(timestamp)
    return struct.pack(">Q", timestamp) + signature


def split_timestamp(cosignature: bytes) -> tuple[int, bytes]:
    """Return the time and the bare signature of a cosignature's line; raise MalformedError."""
    timestamp = int.from_bytes(cosignature[:TIMESTAMP_BYTES], "big")
    if len(cosignature) <= TIMESTAMP_BYTES:
        raise MalformedError("a cosignature without its time")
    _check_timestamp(timestamp)
    return timestamp, cosignature[TIMESTAMP_BYTES:]


def _check_timestamp(timestamp: int) -> None:
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise MalformedError("not the time of a cosignature")


def _short(name: str) -> bytes:
    raw = check_name(name).encode()
    return bytes([len(raw)]) + raw
