"""The row under a list that sums it up: it tells of no weapon, and would be logged as one of the number "Total"."""

import re
from collections.abc import Sequence

from clients.lists.headers import fold

_NAMES = (
    "total,totals,grand total,subtotal,sub total,sum,count,total general,total geral,total général,totaux,somme,"
    "suma,soma,gesamt,summe,anzahl,итого,всего,разом,усього,المجموع,الإجمالي,الاجمالي,اجمالي,المجموع الكلي,مجموع,کل"
)
_WORDS = frozenset(fold(name) for name in _NAMES.split(","))
_MOST_CHARACTERS = 40
_FIGURES = re.compile(r"[\d\s.,:=/%()-]+")


def is_total(cells: Sequence[str]) -> bool:
    """Say whether a row holds a word for a sum, and beside it figures alone."""
    found = False
    for cell in cells:
        if len(cell) > _MOST_CHARACTERS:
            return False
        word = fold(_FIGURES.sub(" ", cell))
        if word and word not in _WORDS:  # the first cell of nearly every row
            return False
        found = found or bool(word)
    return found
