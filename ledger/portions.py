"""What stands inside a sealed portion: its label, its fields, zeros up to a constant size (docs/protocol.md, 4)."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from ledger.disclosures import Disclosure, field_name, parse_disclosures
from ledger.errors import LabelError, MalformedError
from ledger.recordform import SIZES

_LENGTH_BYTES = 4
_CASE = "case"


def label_name(portion: str) -> str:
    """Return the name of a portion's first disclosure."""
    return f"{portion}.label"


@lru_cache(maxsize=4096)
def check_place(portion: str, name: str) -> None:
    """Raise MalformedError unless a portion may hold the field: its own, in the case any, and no label.

    Remembered, since a list seals the same few names ten thousand times.
    """
    owner, _, field = field_name(name).partition(".")
    if field == "label":
        raise MalformedError("a label stands first in its own portion and nowhere else")
    if portion not in (owner, _CASE):
        raise MalformedError(f"{portion} holds only its own fields")


def pack(portion: str, disclosures: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the plaintext of a portion from (name, disclosure), or raise LabelError naming the field that is too much.

    Every portion has its constant size, full or empty: a length would tell how much a case holds.
    """
    room = SIZES[portion] - _LENGTH_BYTES
    body = b"~".join([text for _, text in disclosures])
    if len(body) > room:
        name = _first_beyond(room, disclosures)
        raise LabelError(f"{name}: no room left in the {portion} portion; put it in a further record")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body.ljust(room, b"\0")


def _first_beyond(room: int, disclosures: Sequence[tuple[str, bytes]]) -> str:
    """Return the name of the first of the joined disclosures that ends past `room`."""
    ends = accumulate(len(text) + 1 for _, text in disclosures)
    return next(name for (name, _), end in zip(disclosures, ends, strict=True) if end - 1 > room)


def unpack(portion: str, plaintext: bytes) -> tuple[Disclosure, ...]:
    """Return the disclosures of a portion, its label first; raise MalformedError for any other form."""
    if len(plaintext) != SIZES[portion]:
        raise MalformedError("a portion of the wrong size")
    end = _LENGTH_BYTES + int.from_bytes(plaintext[:_LENGTH_BYTES], "big")
    if end > len(plaintext) or plaintext.count(0, end) != len(plaintext) - end:
        raise MalformedError("a portion that is not filled with zeros")
    try:
        body = plaintext[_LENGTH_BYTES:end].decode("ascii")
    except ValueError as error:
        raise MalformedError("a portion that is no text") from error
    label, *fields = parse_disclosures(body.split("~"))
    if label.name != label_name(portion):
        raise MalformedError("a portion whose first disclosure is not its label")
    for one in fields:
        check_place(portion, one.name)
    return (label, *fields)
