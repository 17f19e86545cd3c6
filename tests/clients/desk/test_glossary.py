"""The same thing has the same name on every page of a language: the glossary's."""

from collections import Counter

import pytest

from clients.desk import sdktexts
from clients.desk.catalogues import DESK, SDK, TRANSLATED, extracted, forms, messages, read, texts
from tests.support.glossary import PATH, Term, held, kept, missing, read_terms

# What the documents of the field and of this project call by name, and pages speak of.
OWED = {
    "trace", "weapon", "small arm", "light weapon", "ammunition", "serial number", "calibre", "country of manufacture",
    "headstamp", "import mark", "proof marks", "frame", "obliterated", "end user", "diversion", "point of diversion",
    "chain of transfer", "illicit", "lawful", "holder", "custody", "time-to-crime", "retail buyer", "recovery", "seized",
    "surrendered", "deactivation", "stockpile", "originator", "agency", "member", "charter", "service", "officer",
    "releasing officer", "administrator", "auditor", "record", "record of use", "portion", "item", "event", "label",
    "level", "clearance", "compartment", "purpose", "caveats", "ceiling", "downgrade", "withheld", "sealed", "release",
    "disclosure", "recall", "expunge", "hit", "possible", "silent hit", "blind", "watch", "request", "acknowledge",
    "refuse", "conversation", "outcome", "log", "entry", "checkpoint", "witness", "verified", "batch", "epoch", "replica",
    "evidence bundle", "profile", "import", "passkey", "passphrase",
}  # fmt: skip
TERMS = read_terms(PATH.read_text(encoding="utf-8"))
SAMPLE = """
[[term]]
en = ["hit", "hits"]
fr = ["concordance"]
ar = ["مطابق"]
otherwise = ["a hit song"]

[[term]]
en = ["silent hit"]
fr = ["silencieuse"]
ar = ["صامتة"]
"""


@pytest.fixture(scope="module")
def sample() -> list[Term]:
    """Give a glossary of two terms, one of which stands in the other."""
    return read_terms(SAMPLE)


def test_the_terms_of_the_field_are_in_the_glossary() -> None:
    """No term that an officer would look for is left to whoever translates a page."""
    assert OWED - {term.english[0] for term in TERMS} == set()


def test_a_term_stands_once_and_in_every_language() -> None:
    """A form belongs to one term, and each term has words in each language."""
    assert [form for form, count in Counter(form for term in TERMS for form in term.english).items() if count > 1] == []
    for term in TERMS:
        assert set(term.words) == set(TRANSLATED), term.english[0]
        assert all(words and all(words) for words in term.words.values()), term.english[0]


def test_no_term_is_in_the_glossary_for_nothing() -> None:
    """Each term is in a text of the pages, and each text in which a word is something else is one of them."""
    said = {texts(message)[-1] for catalogue in (extracted(), sdktexts.extracted()) for message in messages(catalogue)}
    used = {term.english[0] for text in said for term in held(TERMS, text)}

    assert {term.english[0] for term in TERMS} - used == set()
    assert {text for term in TERMS for text in term.otherwise} - said == set()


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("domain", [DESK, SDK])
def test_a_translation_holds_the_glossarys_words(domain: str, language: str) -> None:
    """Wherever a text holds a term, its translation holds one of the term's words: in all that may name the thing.

    The library's sentences name files, options and members of its formats: what is a code stands there unchanged.
    """
    wrong = [
        (term.english[0], texts(message)[-1], forms(message)[-1])
        for message in messages(read(language, domain=domain))
        for term in missing(TERMS, texts(message)[-1], forms(message)[-1], language)
        if domain == DESK or not kept(term, forms(message)[-1])
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("translation", "expected"),
    [("la règle hit", True), ("من hit وما", True), ("وhit", True), ("white", False), ("", False)],
)
def test_a_code_is_kept_as_it_is(sample: list[Term], translation: str, *, expected: bool) -> None:
    """A term that is a code in a translation stands there as a word of its own, whatever script is around it."""
    assert kept(sample[0], translation) is expected


@pytest.mark.parametrize(
    ("text", "translation", "expected"),
    [
        ("A hit", "Une concordance", []),
        ("A hit", "CONCORDANCE", []),
        ("A hit", "Une correspondance", ["hit"]),
        ("Hits", "Trouvailles", ["hit"]),
        ("White", "Blanc", []),
        ("%(hit)s", "%(hit)s", []),
        ("run `list --hit on`", "lancez `list --hit on`", []),
        ("A silent hit", "Silencieuse", []),
        ("A silent hit and a hit", "Silencieuse", ["hit"]),
        ("a hit song", "un tube", []),
    ],
)
def test_a_missing_word_is_named(sample: list[Term], text: str, translation: str, expected: list[str]) -> None:
    """A term is known as a whole word in any case, a longer one hides a shorter one, and placeholders and commands are no words."""
    assert [term.english[0] for term in missing(sample, text, translation, "fr")] == expected


def test_arabic_is_compared_without_vowel_signs(sample: list[Term]) -> None:
    """A word is the same with and without the signs that Arabic may leave out."""
    assert list(missing(sample, "A hit", "مُطابَقة", "ar")) == []
