"""Takes the labels off a serial box: "S/N:", "slide", "nº de série", "property tag" (docs/vocabulary.md, 2)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from ledger.conditions import fold
from ledger.wordings import KINDS, LOCATIONS, PREPOSITIONS, STRONG_LABELS, WEAK_LABELS


class Location(Enum):
    """Where a number is marked; `other` where the box names another place or none."""

    FRAME = "frame"
    SLIDE = "slide"
    BARREL = "barrel"
    BOLT = "bolt"
    OTHER = "other"


class Kind(Enum):
    """Whose number it is."""

    MAKER = "maker"
    IMPORT = "import"
    PROPERTY = "property"
    UNIT = "unit"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headed:
    """One stretch of a box and what its heading says about it."""

    text: str
    location: Location | None = None
    kind: Kind | None = None


_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"[\s.:#=/º°ª\-]+")
_SIGN = re.compile(r"[.:#=/º°ª]")
_BRACKETS = "()[]{}"
_EDGE = " \t.:#=,/-\u2013\u2014" + _BRACKETS
_NUMBER_SIGN = re.compile(r"\s*(?:№|#|n\s?[º°]\.?)\s*[:.=]?\s*", re.IGNORECASE)


def headed(text: str) -> Iterator[Headed]:
    """Yield the stretches of `text`, each with the location or kind that stands before it, or after it."""
    found = list(_headings(text))
    if not found:
        yield Headed(text=text)
    elif _is_bare(text[: found[0].start]):
        yield from _led(text, found)
    else:
        yield from _followed(text, found)


def without_label(text: str) -> str:
    """Return `text` without the words for "serial number" before the number; a text of labels alone stays whole."""
    rest = text
    while (shorter := _one_label_less(rest)) != rest:
        rest = shorter
    return rest


def _one_label_less(text: str) -> str:
    words = [(one.end(), fold(one.group())) for one in islice(_WORD.finditer(text), _LONGEST)]
    for size in range(len(words), 0, -1):
        label = " ".join(word for _, word in words[:size])
        gap = _GAP.match(text, words[size - 1][0])
        if gap and (label in _STRONG or (label in _WEAK and _SIGN.search(text[: gap.end()]))):
            return _if_a_number_follows(text, gap.end())
    match = _NUMBER_SIGN.match(text)
    return _if_a_number_follows(text, match.end()) if match else text


def _if_a_number_follows(text: str, end: int) -> str:
    return text[end:] if any(one.isdigit() for one in text[end:]) else text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heading:
    start: int
    end: int
    location: Location | None
    kind: Kind | None


def _headings(text: str) -> Iterator[_Heading]:
    words = [(one.start(), one.end(), fold(one.group())) for one in _WORD.finditer(text)]
    index = 0
    while index < len(words):
        size = _heading_size([word for _, _, word in words[index : index + _LONGEST]])
        if size:
            name = " ".join(word for _, _, word in words[index : index + size])
            yield _Heading(
                start=words[index][0],
                end=words[index + size - 1][1],
                location=_LOCATIONS.get(name),
                kind=_KINDS.get(name),
            )
        index += size or 1


def _heading_size(words: list[str]) -> int:
    for size in range(len(words), 0, -1):
        if (name := " ".join(words[:size])) in _LOCATIONS or name in _KINDS:
            return size
    return 0


def _led(text: str, found: list[_Heading]) -> Iterator[Headed]:
    ends = [one.start for one in found[1:]] + [len(text)]
    for one, end in zip(found, ends, strict=True):
        yield Headed(text=text[one.end : end].strip(_EDGE), location=one.location, kind=one.kind)


def _followed(text: str, found: list[_Heading]) -> Iterator[Headed]:
    start = 0
    for one in found:
        stretch = _without_preposition(text[start : one.start].strip(_EDGE))
        yield Headed(text=stretch, location=one.location, kind=one.kind)
        start = one.end
    if not _is_bare(text[start:]):
        yield Headed(text=text[start:].strip(_EDGE))


def _without_preposition(text: str) -> str:
    head, _, last = text.rpartition(" ")
    while head and fold(last) in _PREPOSITIONS:
        text = head.strip(_EDGE)
        head, _, last = text.rpartition(" ")
    return text


def _is_bare(text: str) -> bool:
    return not any(word not in _NAMELESS for word in fold(text).split())


def _listed(text: str) -> list[str]:
    return [fold(one) for one in text.split(";")]


def _by_name(table: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for value, names in table.items():
        yield from ((name, value) for name in _listed(names))


_LOCATIONS = {name: Location(value) for name, value in _by_name(LOCATIONS)}
_KINDS = {name: Kind(value) for name, value in _by_name(KINDS)}
_STRONG = frozenset(_listed(STRONG_LABELS))
_WEAK = frozenset(_listed(WEAK_LABELS))
_PREPOSITIONS = frozenset(_listed(PREPOSITIONS))
_NAMELESS = frozenset(word for label in (*_STRONG, *_WEAK, *_PREPOSITIONS) for word in label.split())
_LONGEST = 4
