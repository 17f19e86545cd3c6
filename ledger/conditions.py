# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Tells the wordings of `ledger/wordings.py` from serial numbers. Nothing it takes for a wording becomes a token."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ledger.wordings import FILLERS, PHRASES, Condition

# A phrase this short may be the letters of a number ("NA 12345"): it counts only where nothing else is in the box.
_SHORT_PHRASE = 3

# No maker numbers with letters alone beyond this: more letters without a digit are prose that no list foresaw.
_LETTERS_OF_A_NUMBER = 8

# Which condition speaks where a box holds several: what was done last to the marking says most about it.
_STRONGEST_FIRST = (
    Condition.RESTORED,
    Condition.ALTERED,
    Condition.PARTIAL,
    Condition.OBLITERATED,
    Condition.WORN,
    Condition.NEVER_MARKED,
    Condition.NOT_RECORDED,
    Condition.LEGIBLE,
)
_SAYS_THERE_IS_NO_NUMBER = frozenset({Condition.OBLITERATED, Condition.NEVER_MARKED, Condition.NOT_RECORDED})

_WORD = re.compile(r"[^\W_]+")
_EMPTY_OF_MEANING = re.compile(r"[\W_]*|[0\W_]+|[xх×\W_]+", re.IGNORECASE)
_SPREADSHEET_ERROR = re.compile(r"#(?:N/A|REF!?|VALUE!?|NAME\??|NULL!?|NUM!?|DIV/0!?|NV|#+)", re.IGNORECASE)

# One spelling for letters that keyboards of Arabic script write in several ways, and for Russian and Ukrainian ё, є.
_LETTERS = str.maketrans(
    {"ى": "ي", "ی": "ي", "ې": "ي", "ئ": "ي", "ے": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه", "ة": "ه", "ۀ": "ه", "ۃ": "ه"}
    | {
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ؤ": "و",
        "ء": None,
        "ـ": None,
        "є": "е",
        "ʼ": None,
        "’": None,
        "'": None,
    }
    | {"\u200c": " ", "\u200d": None, "\u200e": None, "\u200f": None, "\ufeff": None, "\u00ad": None}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a text says about its number: the condition, if any word tells it, and the text of the number left."""

    condition: Condition | None
    rest: str


def fold(text: str) -> str:
    """Return `text` in small letters without accents and punctuation, words one space apart."""
    # Most of what is folded is one word of a number, which is its own.
    if text.isascii() and text.isalnum():
        return text.lower()
    return " ".join(_WORD.findall(flat(text).casefold().translate(_LETTERS)))


def flat(text: str) -> str:
    """Return `text` without accents and compatibility forms, its letters and punctuation otherwise kept."""
    if text.isascii():
        return text
    return "".join([one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)])


@lru_cache(maxsize=16)
def read(text: str) -> Reading:
    """Return what `text` says: a wording leaves an empty rest, a number comes back whole where no word is found.

    Remembered for a moment, since a box is read whole, by its stretches and without its label: mostly one text.
    """
    if _EMPTY_OF_MEANING.fullmatch(text) or _SPREADSHEET_ERROR.match(text.strip()):
        return Reading(condition=Condition.NOT_RECORDED, rest="")
    plain = flat(text)
    words = _Words(plain)
    found = words.telling()
    if not found:
        return (
            Reading(condition=Condition.NOT_RECORDED, rest="")
            if words.are_prose
            else Reading(condition=None, rest=text)
        )
    condition = min((one.condition for one in found), key=_STRONGEST_FIRST.index)
    rest = words.rest(found)
    if not any(one.isdigit() for one in rest):
        return Reading(condition=condition, rest="")
    return Reading(condition=Condition.PARTIAL if condition in _SAYS_THERE_IS_NO_NUMBER else condition, rest=rest)


def is_wording(text: str) -> bool:
    """Return whether a name is none: a wording such as "unknown", whatever else stands beside it."""
    return bool(_EMPTY_OF_MEANING.fullmatch(text) or _Words(flat(text)).telling())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    start: int
    end: int
    condition: Condition
    letters: int


class _Words:
    """The words of one box, and which of them a wording covers."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans = [match.span() for match in _WORD.finditer(text)]
        self._words = [fold(text[start:end]) for start, end in self._spans]
        found = list(self._scan())
        self._found = found
        covered = [word in _FILLERS for word in self._words]
        for one in found:
            covered[one.start : one.end] = [True] * (one.end - one.start)
        self.covered: Sequence[bool] = covered

    @property
    def are_prose(self) -> bool:
        """Whether the words, none of them a wording, cannot be a number either: too many letters, or labels alone."""
        letters = sum(map(len, self._words))
        digits = any(one.isdigit() for one in self._text)
        return not digits and (letters > _LETTERS_OF_A_NUMBER or (letters > _SHORT_PHRASE and all(self.covered)))

    def telling(self) -> list[_Found]:
        """Return the phrases that count, in order: short ones only where nothing else is written."""
        return [one for one in self._found if one.letters > _SHORT_PHRASE or all(self.covered)]

    def rest(self, found: Sequence[_Found]) -> str:
        """Return the text without the phrases and without the fillers that lean on one."""
        gone = [False] * len(self._words)
        for one in found:
            gone[one.start : one.end] = [True] * (one.end - one.start)
        for order in (range(1, len(gone)), range(len(gone) - 2, -1, -1)):
            step = -1 if order.step > 0 else 1
            for index in order:
                gone[index] = gone[index] or (gone[index + step] and self._leans(index, index + step))
        kept = [index for index, lost in enumerate(gone) if not lost]
        if not kept:
            return ""
        return " ".join(self._text[self._spans[first][0] : self._spans[last][1]] for first, last in _runs(kept))

    def _leans(self, index: int, other: int) -> bool:
        left, right = min(index, other), max(index, other)
        between = self._text[self._spans[left][1] : self._spans[right][0]]
        return self._words[index] in _FILLERS and between.isspace()

    def _scan(self) -> Iterator[_Found]:
        index = 0
        while index < len(self._words):
            one = self._longest(index)
            if one is not None:
                yield one
            index = one.end if one is not None else index + 1

    def _longest(self, start: int) -> _Found | None:
        for size in range(min(_LONGEST, len(self._words) - start), 0, -1):
            words = self._words[start : start + size]
            condition = _condition_of(" ".join(words))
            if condition is not None:
                letters = sum(map(len, words))
                return _Found(start=start, end=start + size, condition=condition, letters=letters)
        return None


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = indices[0]
    for index in indices[1:]:
        if index != last + 1:
            yield first, last
            first = index
        last = index
    yield first, last


def _condition_of(phrase: str) -> Condition | None:
    exact = _EXACT.get(phrase)
    if exact is not None:
        return exact
    for size in range(len(phrase) - 1, _SHORT_PHRASE, -1):
        stem = _STEMS.get(phrase[:size])
        if stem is not None and " " not in phrase[size:] and not any(one.isdigit() for one in phrase[size:]):
            return stem
    return _STEMS.get(phrase)


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(";") if one.strip()]


def _entries() -> Iterator[tuple[str, Condition]]:
    for phrases in PHRASES.values():
        for condition in _STRONGEST_FIRST:
            for phrase in _listed(phrases.get(condition, "")):
                yield phrase, condition


def _index(*, stems: bool) -> dict[str, Condition]:
    index: dict[str, Condition] = {}
    for phrase, condition in _entries():
        if phrase.endswith("*") == stems:
            index.setdefault(fold(phrase), condition)
    return index


_EXACT = _index(stems=False)
_STEMS = _index(stems=True)
_LONGEST = max(len(phrase.split()) for phrase in (*_EXACT, *_STEMS))
_FILLERS = frozenset(fold(word) for words in FILLERS.values() for word in _listed(words))
