"""Length-prefixed frames: the body of a batch and of an answer with blobs (docs/protocol.md, Notation and 7)."""

from collections.abc import Iterable

from crypto.encoding import lp
from ledger.errors import MalformedError, TooLargeError

_PREFIX_BYTES = 4


def encode_frames(frames: Iterable[bytes]) -> bytes:
    """Return each frame behind its uint32 big-endian length."""
    return lp(*frames)


def parse_frames(raw: bytes, *, most: int) -> tuple[bytes, ...]:
    """Return the frames of `raw`, at most `most` of them; raise MalformedError where they do not end with it."""
    frames: list[bytes] = []
    position = 0
    while position < len(raw):
        if len(frames) == most:
            raise TooLargeError(f"more than {most} frames")
        start = position + _PREFIX_BYTES
        position = start + int.from_bytes(raw[position:start], "big")
        if start > len(raw) or position > len(raw):
            raise MalformedError("a frame is longer than what is left of the body")
        frames.append(raw[start:position])
    return tuple(frames)
