"""The guard of every file that a spreadsheet may open: no cell of it is taken for a formula, and each can be read back.

A spreadsheet takes a cell for a formula by its first character, in some locales by that one's full-width twin, and skips
blanks before it when a file is imported. A tab or a line end moves what follows into a cell of its own.
"""

import re

# An apostrophe counts among what is skipped: what begins as a guarded cell does is guarded once more, so that taking one
# guard off always gives what stood there.
_RISKY = re.compile("[\\s\u200b\u200c\u200d\u2060\ufeff']*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")


def guard(cell: str) -> str:
    """Return `cell` so that no spreadsheet takes it for a formula; `unguard` takes the guard off again."""
    return "'" + cell if _RISKY.match(cell) else cell


def unguard(cell: str) -> str:
    """Return the cell that `guard` made `cell` of; one that has no guard as it is."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell
