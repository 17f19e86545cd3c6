"""The canonical form of a serial number, and the script it was written in (docs/adr/0018-canonical-form.md).

Both rest on tables of this package alone. Nothing here asks `unicodedata` or `str.upper`, whose answers may differ
between releases of Python: two agencies with different releases must make the same token.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from ledger import canonicaltable

TABLE_VERSION = canonicaltable.VERSION

# 78 % of the confusions of letter and digit are O/0; folding more gains 7 true merges and costs 25 false ones
# (docs/adr/0018-canonical-form.md).
FOLDED: Mapping[str, str] = MappingProxyType({"O": "0", "I": "1"})

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"

# What may stand between the letters of a number without being one of them: punctuation, spaces, symbols, accents
# and the marks that only steer how text is shown. Everything else outside the table is a letter that gets lost.
_SEPARATORS = (
    range(0x30),
    range(0x3A, 0x41),
    range(0x5B, 0x61),
    range(0x7B, 0xC0),
    range(0x02B0, 0x0370),  # modifier letters and combining accents
    range(0x0600, 0x0620),  # Arabic punctuation
    range(0x0640, 0x0641),  # tatweel
    range(0x064B, 0x0660),  # Arabic vowel marks
    range(0x066A, 0x066E),
    range(0x2000, 0x2070),  # dashes, quotes, joiners, directions
    range(0x20A0, 0x2100),
    range(0x2190, 0x2460),
    range(0x2500, 0x2C00),  # boxes, shapes, arrows
    range(0x3000, 0x3004),
    range(0xFE00, 0xFE10),
    range(0xFEFF, 0xFF10),
)

_SCRIPTS = (
    ("Latn", (range(0x41, 0x5B), range(0x61, 0x7B), range(0xC0, 0x250), range(0x1E00, 0x1F00), range(0xFF21, 0xFF5B))),
    ("Grek", (range(0x370, 0x400), range(0x1F00, 0x2000))),
    ("Cyrl", (range(0x400, 0x530),)),
    ("Arab", (range(0x620, 0x640), range(0x641, 0x64B), range(0x660, 0x66A), range(0x66E, 0x700))),
)
NO_SCRIPT = "Zyyy"
OTHER_SCRIPT = "Zzzz"


def canonical(text: str) -> str:
    """Return the canonical form: A-Z and 0-9, homoglyphs and digits of other scripts folded, O as 0 and I as 1."""
    return text.translate(_CANONICAL)


def letters_and_digits(text: str) -> str:
    """Return the canonical form before O and I become digits: what was a digit on the weapon is one here."""
    return text.translate(_LETTERS)


def has_digit(text: str) -> bool:
    """Return whether any digit was marked."""
    return any(one in _DIGITS for one in letters_and_digits(text))


def is_lossless(text: str) -> bool:
    """Return whether the form kept every letter; where it did not, two different numbers may share one form."""
    return all(map(_is_kept, text))


def script_of(text: str) -> str:
    """Return the ISO 15924 code of what `text` is written in: `Zyyy` for digits alone, `Zzzz` for a mixture."""
    found = {_script(character) for character in text} - {NO_SCRIPT}
    if len(found) > 1:
        return OTHER_SCRIPT
    return found.pop() if found else NO_SCRIPT


# One list holds a few hundred different characters, some hundred thousand times each.
@lru_cache(maxsize=2048)
def _is_kept(character: str) -> bool:
    return character in TABLE or _in(character, _SEPARATORS)


@lru_cache(maxsize=2048)
def _script(character: str) -> str:
    for code, ranges in _SCRIPTS:
        if _in(character, ranges):
            return code
    return NO_SCRIPT if _is_kept(character) else OTHER_SCRIPT


def _in(character: str, ranges: tuple[range, ...]) -> bool:
    return any(ord(character) in one for one in ranges)


def _pairs() -> Iterator[tuple[str, str]]:
    yield from zip(_UPPER + _UPPER.lower() + _DIGITS, _UPPER + _UPPER + _DIGITS, strict=True)
    for start, letters in canonicaltable.ONE:
        yield from ((chr(start + offset), letter) for offset, letter in enumerate(letters) if letter != ".")
    for start, words in canonicaltable.SEVERAL:
        yield from ((chr(start + offset), word) for offset, word in enumerate(words.split(" ")))


TABLE: Mapping[str, str] = MappingProxyType(dict(_pairs()))


class _OnlyThese(dict[int, str]):
    """A table for `str.translate` by which everything that is not in it is left out."""

    def __missing__(self, _code: int) -> None:
        """Say that the character goes."""


_FOLD = str.maketrans(dict(FOLDED))
_LETTERS = _OnlyThese((ord(one), kept) for one, kept in TABLE.items())
_CANONICAL = _OnlyThese((code, kept.translate(_FOLD)) for code, kept in _LETTERS.items())
