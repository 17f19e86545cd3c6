"""Text of other agencies made safe for a terminal: no control, direction or invisible characters get through.

Disclosures cannot carry control characters, but Unicode has others that reorder or hide what a person reads.
"""

import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    """Return `text` on one line, with every character that does not show itself spelled by its number."""
    return "".join(_shown(character) for character in " ".join(text.split()))


def wrap(text: str, *, width: int, indent: str) -> Iterator[str]:
    """Yield `text` in lines of at most `width` terminal cells, all but the first behind `indent`."""
    line, room = "", width
    for word in text.split(" "):
        for piece in _pieces(word, width - len(indent)):
            joined = f"{line} {piece}" if line else piece
            if line and cell_len(joined) > room:
                yield line
                line, room = indent + piece, width
            else:
                line = joined
    yield line


def _pieces(word: str, width: int) -> Iterator[str]:
    """Yield a word, or what fits of it at a time."""
    piece = ""
    for character in word:
        if cell_len(piece + character) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


def _shown(character: str) -> str:
    return f"<U+{ord(character):04X}>" if unicodedata.category(character) in _HIDDEN else character
