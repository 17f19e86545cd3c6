"""Answers of one length, whatever they say (docs/protocol.md, 6): LF bytes behind the text, up to exactly 16,384."""

from ledger.errors import MalformedError, TooLargeError

PADDED_BYTES = 16_384
_FILL = b"\n"


def pad(text: bytes) -> bytes:
    """Return `text`, which does not end in LF, filled to the one length; raise TooLargeError if it is longer."""
    if len(text) > PADDED_BYTES:
        raise TooLargeError(f"more than the {PADDED_BYTES:,} bytes that every answer has")
    if not text or text.endswith(_FILL):
        raise MalformedError("a text that its filling could not be told from")
    return text.ljust(PADDED_BYTES, _FILL)


def unpad(body: bytes) -> bytes:
    """Return the text of a padded answer; raise MalformedError for another length."""
    text = body.rstrip(_FILL) if len(body) == PADDED_BYTES else b""
    if not text:
        raise MalformedError(f"not an answer of exactly {PADDED_BYTES:,} bytes")
    return text
