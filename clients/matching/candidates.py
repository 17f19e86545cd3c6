"""Partial serial numbers: the whole numbers that one may stand for (docs/vocabulary.md; docs/protocol.md, 6.10)."""

from itertools import product
from math import prod

from clients.errors import ListError

MAX_CANDIDATES = 200
# O and I are left out: they fold to 0 and 1, so they would be asked, and charged, twice.
_SIGNS = {"#": "0123456789", "?": "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"}


def candidates(serial: str) -> tuple[str, ...]:
    """Return every number that `serial` may stand for, `#` being an unread digit and `?` any unread sign.

    Raises ListError for more than 200: each is asked and charged for itself.
    """
    choices = [_SIGNS.get(sign, sign) for sign in serial]
    many = prod(map(len, choices))
    if many > MAX_CANDIDATES:
        raise ListError(
            f"the number may stand for {many:,} others, and at most {MAX_CANDIDATES} are asked for",
            next_step="write # for what is certainly a digit, or look at the weapon again",
        )
    return tuple("".join(signs) for signs in product(*choices))
