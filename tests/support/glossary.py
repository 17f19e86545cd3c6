"""The glossary of the desk: which words a translation owes to the terms of the field that its text holds."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).parents[2] / "docs" / "glossary.toml"

# What stands between backticks is typed as it is, in every language.
_NO_WORDS = re.compile(r"%\(\w+\)s|`[^`]*`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term: its English forms, the headword first, and the words or stems that say it in each other language."""

    english: Sequence[str]
    words: Mapping[str, Sequence[str]]
    otherwise: frozenset[str]


def read_terms(text: str) -> list[Term]:
    """Return the terms of a glossary."""
    return [
        Term(
            english=entry["en"],
            words={language: words for language, words in entry.items() if language not in {"en", "otherwise"}},
            otherwise=frozenset(entry.get("otherwise", ())),
        )
        for entry in tomllib.loads(text)["term"]
    ]


def missing(terms: Iterable[Term], text: str, translation: str, language: str) -> Iterator[Term]:
    """Yield each term that the text holds and its translation does not."""
    said = _plain(translation)
    for term in held(terms, text):
        if text not in term.otherwise and not any(_plain(word) in said for word in term.words[language]):
            yield term


def kept(term: Term, translation: str) -> bool:
    """Say whether a translation holds an English form of a term unchanged, as the name of a file or an option does."""
    return any(
        re.search(rf"(?<![A-Za-z0-9_-]){re.escape(form)}(?![A-Za-z0-9_-])", translation, re.IGNORECASE)
        for form in term.english
    )


def held(terms: Iterable[Term], text: str) -> Iterator[Term]:
    """Yield the terms in a text; a longer one hides a shorter one that stands in it."""
    rest = _NO_WORDS.sub(" ", text)
    forms = sorted(((form, term) for term in terms for form in term.english), key=lambda one: -len(one[0]))
    for form, term in forms:
        rest, count = re.subn(rf"(?<![\w-]){re.escape(form)}(?![\w-])", "\0", rest, flags=re.IGNORECASE)
        if count:
            yield term


def _plain(text: str) -> str:
    # Vowel signs are a matter of taste in Arabic; letters that carry a hamza are letters and stay.
    bare = "".join(one for one in text if not "\u064b" <= one <= "\u0652")
    return unicodedata.normalize("NFC", bare).casefold()
