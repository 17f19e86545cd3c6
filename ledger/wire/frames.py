"""Length-prefixed frames: the body of a batch and of an answer with blobs (docs/protocol.md, Notation and 7)."""

from collections.abc import Iterable
from itertools import islice

from crypto.encoding import lp, unlp_each
from crypto.errors import EncodingError
from ledger.errors import MalformedError, TooLargeError


def encode_frames(frames: Iterable[bytes]) -> bytes:
    """Return each frame behind its uint32 big-endian length."""
    return lp(*frames)


def parse_frames(raw: bytes, *, most: int) -> tuple[bytes, ...]:
    """Return the frames of `raw`; raise TooLargeError for more than `most`, MalformedError where they do not end with it."""
    try:
        frames = tuple(islice(unlp_each(raw), most + 1))
    except EncodingError as error:
        raise MalformedError("a frame is longer than what is left of the body") from error
    if len(frames) > most:
        raise TooLargeError(f"more than {most} frames")
    return frames
