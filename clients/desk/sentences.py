"""What the library says, in the reader's language: an English sentence is known by the words that it was made from.

The library raises its errors in English, and knows no reader (docs/adr/0080). Each msgid of the catalogue is a sentence
with `%(name)s` where the library puts a value in. A sentence that fits one is said as its translation has it, with the
values as they are; whatever fits none is shown as it came. Values are cut out and put in, never read as a pattern.

One that speaks of the shell is said in the desk's words in every language, with links to the pages that it names
(`clients/desk/nextsteps.py`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po
from flask import has_request_context, url_for
from markupsafe import Markup, escape

from clients.desk.i18n import DEFAULT, LANGUAGES, RIGHT_TO_LEFT, language, shipped
from clients.desk.menu import TITLES, may
from clients.desk.nextsteps import STEPS, Step, marked
from ledger.decision import Reason
from ledger.recordform import PORTIONS
from ledger.talk.state import Fault

DOMAIN = "sdk"
JOINTS = ("%(first)s: %(rest)s", "%(first)s; %(rest)s", "%(first)s · %(rest)s")
"""How sentences are put together; the languages differ in the marks between them."""
ABOUT = ": "
BETWEEN_CODES = ", "
PORTION, LOOSER = "portion", "looser"
"""In the places of these names stand codes, of a portion and of what a label says, which the pages call by words."""
TERM_NAMES: Mapping[str, str] = MappingProxyType(
    {"level": marked("level"), "comp": marked("compartments"), "purp": marked("purposes"), "cav": marked("caveats")}
)
"""In what a release can be below a label."""
MAX_CHARACTERS = 4_000
"""A longer text is no sentence, and is shown as it came: what is tried grows with its length."""
MAX_LOOKS = 100
"""So many parts of a text are looked up: an error in a reason in a finding takes a few, nothing honest takes more."""
FEW_LETTERS = 16
"""A sentence with fewer letters of its own is fitted by chance, unless words of one piece stand in its places."""

_FOLDER = Path(__file__).parent / "translations"
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_ONE_WORD = re.compile(r"\S*(?:, \S+)*")
# Where a page stands in a sentence until it is shown: private characters, which no text keeps that is handed in.
_PAGE = re.compile("\ue000(.*?)\ue001")
_MARKS = re.compile("[\ue000\ue001]")
# They keep what stands between them in its own direction (Unicode Standard Annex 9).
_ISOLATED = "\u2068{}\u2069"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence with places for values: what stands around them, their names, and the translation."""

    around: tuple[str, ...]
    names: tuple[str, ...]
    said: str

    @property
    def letters(self) -> int:
        """Return how much of it is not values: the more, the less is it fitted by chance."""
        return sum(map(len, self.around))

    def values(self, text: str) -> Mapping[str, str] | None:
        """Return what stands in the places of a text that fits; None for one that does not."""
        first, *between, last = self.around
        if len(text) < self.letters or not text.startswith(first) or not text.endswith(last):
            return None
        found, at, end = [], len(first), len(text) - len(last)
        for words in between:
            stop = text.find(words, at, end)
            if stop < 0:
                return None
            found.append(text[at:stop])
            at = stop + len(words)
        return dict(zip(self.names, [*found, text[at:end]], strict=True))


@dataclass(slots=True)
class _Looks:
    """How many parts of a text may still be looked up."""

    left: int


class Phrasebook:
    """The sentences of one language."""

    def __init__(
        self,
        translations: Iterable[tuple[str, str]],
        *,
        codes: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        isolating: bool = False,
    ) -> None:
        """Take each English text with its translation, and by the name of a place what codes are called there.

        `isolating` keeps values apart from text of another direction.
        """
        self._codes = codes
        self._isolating = isolating
        self._whole: dict[str, str] = {}
        self._joints: dict[str, str] = {}
        self._patterns: dict[str, list[Pattern]] = defaultdict(list)
        for text, said in translations:
            self._add(text, said)
        anywhere = self._patterns.pop("", [])
        for found in (*self._patterns.values(), anywhere):
            found[:] = sorted([*found, *(anywhere if found is not anywhere else ())], key=lambda one: -one.letters)
        self._anywhere = tuple(anywhere)

    def say(self, text: str) -> str:
        """Return a sentence of the library in this language; any other text as it is."""
        return text if len(text) > MAX_CHARACTERS else (self._say(text, _Looks(MAX_LOOKS)) or text)

    def _add(self, text: str, said: str) -> None:
        around, names = tuple(_PLACEHOLDER.split(text)[::2]), tuple(_PLACEHOLDER.findall(text))
        if not names:
            self._whole[text] = said
        elif text in JOINTS:
            self._joints[around[1]] = said
        else:
            self._patterns[_first_word(around[0])].append(Pattern(around=around, names=names, said=said))

    def _say(self, text: str, looks: "_Looks") -> str | None:
        if text in self._whole:
            return self._whole[text]
        if not text or not looks.left:
            return None
        looks.left -= 1
        likely = self._patterns.get(_first_word(text), self._anywhere)
        found = (self._filled(one, text, looks) for one in likely)
        return next((one for one in found if one is not None), None) or self._put_together(text, looks)

    def _filled(self, pattern: Pattern, text: str, looks: "_Looks") -> str | None:
        """Return what a text says by a pattern; None where it does not fit, or fits few letters and perhaps by chance."""
        values = pattern.values(text)
        if values is None:
            return None
        said = {name: self._value(name, value, looks) for name, value in values.items()}
        if pattern.letters < FEW_LETTERS and not all(said[name] or _ONE_WORD.fullmatch(values[name]) for name in said):
            return None
        return _put(pattern.said, {name: said[name] or self._kept(value) for name, value in values.items()})

    def _value(self, name: str, value: str, looks: "_Looks") -> str | None:
        """Return what is said for a value; None for one that is shown as it is."""
        if name in self._codes:
            found = [self._codes[name].get(one) for one in value.split(BETWEEN_CODES)]
            return None if None in found else BETWEEN_CODES.join(filter(None, found))
        return self._say(value, looks) if " " in value else None

    def _put_together(self, text: str, looks: "_Looks") -> str | None:
        """Return two sentences with a mark between them; before a colon may stand whatever the sentence is about."""
        for mark, said in self._joints.items():
            for place in re.finditer(re.escape(mark), text):
                if not looks.left:
                    return None
                halves = {"first": text[: place.start()], "rest": text[place.end() :]}
                found = {name: self._say(half, looks) for name, half in halves.items()}
                if found["rest"] and (found["first"] or mark == ABOUT):
                    return _put(said, {name: found[name] or self._kept(half) for name, half in halves.items()})
        return None

    def _kept(self, value: str) -> str:
        return _ISOLATED.format(value) if self._isolating and value else value


def sentence(said: object) -> str:
    """Return what the library said, in the language and for the desk of whoever reads this page; nobody reads elsewhere."""
    return _PAGE.sub(lambda page: str(TITLES[page[1]]), _said(said)) if has_request_context() else str(said)


def linked(said: object) -> Markup:
    """Return the same for a page: what it names of the desk's pages leads there, for whoever may open them."""
    text, *others = _PAGE.split(_said(said))
    rest = (_link(page) + escape(after) for page, after in zip(others[::2], others[1::2], strict=True))
    return escape(text) + Markup("").join(rest)


def in_words(error: Exception) -> str:
    """Return what happened and what the error itself advises as one text, to be kept, and said when it is shown."""
    return "; ".join(filter(None, [str(error), getattr(error, "next_step", "")]))


@cache
def phrasebook(name: str, folder: Path = _FOLDER) -> Phrasebook:
    """Return a language's sentences, read when the first is asked for; reasons are said as the pages say them."""
    say = shipped()[name].gettext
    reasons = [(one.value, say(one.value)) for one in (*Reason, *Fault)]
    steps = [(text, _with_page(say(step.words), step)) for text, step in STEPS.items()]
    looser = {code: say(word) for code, word in TERM_NAMES.items()}
    if name == DEFAULT:
        return Phrasebook([*reasons, *steps, *_english(folder)], codes={LOOSER: looser})
    said = translations(_path(folder, name))
    codes = {PORTION: {one: say(one.capitalize()) for one in PORTIONS}, LOOSER: looser}
    return Phrasebook([*reasons, *steps, *said], codes=codes, isolating=name in RIGHT_TO_LEFT)


def _english(folder: Path) -> list[tuple[str, str]]:
    """Return each sentence as itself: any other language's catalogue holds them all."""
    other = next(name for name in LANGUAGES if name != DEFAULT)
    return [(text, text) for text, _said in translations(_path(folder, other))]


def _path(folder: Path, name: str) -> Path:
    return folder / name / "LC_MESSAGES" / f"{DOMAIN}.po"


def _said(said: object) -> str:
    """Return a sentence with marks around the endpoints of pages; marks that came with it are no marks of ours."""
    return phrasebook(language()).say(_MARKS.sub("", str(said)))


def _with_page(words: str, step: Step) -> str:
    return words.replace("%(page)s", f"\ue000{step.page}\ue001")


def _link(page: str) -> Markup:
    if not may(page):
        return escape(TITLES[page])
    return Markup('<a href="{}">{}</a>').format(url_for(page), TITLES[page])


def translations(path: Path) -> list[tuple[str, str]]:
    """Return the texts of a catalogue that have a translation, each with it."""
    with path.open("rb") as file:
        return [(str(one.id), str(one.string)) for one in read_po(file, abort_invalid=True) if one.id and one.string]


def _put(said: str, values: Mapping[str, str]) -> str:
    """Return a translation with the values in their places: in one pass, so that no value is read as a place."""
    return _PLACEHOLDER.sub(lambda place: values[place[1]], said)


def _first_word(text: str) -> str:
    """Return the first word of a text that holds a whole one; nothing for others."""
    word, space, _rest = text.partition(" ")
    return word if space else ""
