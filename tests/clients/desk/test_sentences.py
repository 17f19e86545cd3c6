"""What the library says is known by the words that it was made from, and is said in the reader's language."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.desk.catalogues import SDK, TRANSLATED, TRANSLATIONS
from clients.desk.sentences import JOINTS, MAX_CHARACTERS, MAX_LOOKS, Phrasebook, phrasebook, sentence, translations
from clients.desk.vocabulary import portion_word
from ledger.decision import Reason
from ledger.recordform import PORTIONS
from ledger.talk.state import Fault
from tests.support.desks import Desk

BOOK = Phrasebook(
    [
        ("the list is empty", "la liste est vide"),
        ("ask %(iss)s", "demandez à %(iss)s"),
        ("ask %(iss)s to export it", "demandez à %(iss)s une exportation"),
        ("line %(line)s has more than %(most)s columns", "plus de %(most)s colonnes à la ligne %(line)s"),
        ("%(path)s of the home cannot be opened", "%(path)s reste clos"),
        ("the service refused: %(detail)s", "le service a refusé : %(detail)s"),
        ("%(first)s; %(rest)s", "%(first)s puis %(rest)s"),
        ("%(first)s: %(rest)s", "%(first)s : %(rest)s"),
    ]
)
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def catalogue(language: str) -> list[tuple[str, str]]:
    """Return the library's texts with their translations, without how they are put together."""
    found = translations(TRANSLATIONS / language / "LC_MESSAGES" / f"{SDK}.po")
    return [(text, said) for text, said in found if text not in JOINTS]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the list is empty", "la liste est vide"),
        ("ask xbe-cib", "demandez à xbe-cib"),
        ("ask xbe-cib to export it", "demandez à xbe-cib une exportation"),
        ("line 1,204 has more than 400 columns", "plus de 400 colonnes à la ligne 1,204"),
        ("home.db of the home cannot be opened", "home.db reste clos"),
        ("the service refused: ask xbe-cib", "le service a refusé : demandez à xbe-cib"),
        ("the service refused: no such thing there", "le service a refusé : no such thing there"),
        ("the list is empty; ask xbe-cib", "la liste est vide puis demandez à xbe-cib"),
        ("the list is empty; ask a; ask b", "la liste est vide puis demandez à a puis demandez à b"),
        ("notes.csv: the list is empty", "notes.csv : la liste est vide"),
    ],
)
def test_a_sentence_is_said_with_its_values(text: str, said: str) -> None:
    """The translation has the values where its language wants them; a value that is a sentence is translated too."""
    assert BOOK.say(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "the list is empty.",
        "The list is empty",
        "ask anybody whom you trust",
        "a: b",
        "a; b",
        "line 5 has more",
        "what somebody wrote; ask xbe-cib",
        "the list is empty; as somebody wrote",
        "the list is empty: as somebody wrote",
    ],
)
def test_what_no_sentence_fits_is_shown_as_it_came(text: str) -> None:
    """Nothing is half translated: a text of another source, or one that a few letters fit by chance, stays as it is."""
    assert BOOK.say(text) == text


@pytest.mark.parametrize(
    "value",
    [
        "%(iss)s",
        "%(path)s%(line)s",
        "%s%d%n",
        "{0.__class__}",
        "{iss}",
        r"\1\g<0>",
        "a\nb",
        "\r\n\x00",
        "<script>alert(1)</script>",
        "%(detail)s: %(first)s; %(rest)s",
    ],
)
def test_attack_a_value_that_is_written_like_a_pattern(value: str) -> None:
    """Values are put in as they are: nothing in one is filled, formatted or read as a place for another."""
    assert BOOK.say(f"{value} of the home cannot be opened") == f"{value} reste clos"


def test_attack_a_value_that_ends_a_sentence_early() -> None:
    """A value that holds the words around it is a value still: what stands beside it is said all the same."""
    assert (
        BOOK.say("line 5 has more than 4 has more than 3 columns") == "plus de 4 has more than 3 colonnes à la ligne 5"
    )
    assert BOOK.say("the list is empty of the home cannot be opened") == "la liste est vide reste clos"


@pytest.mark.parametrize("mark", ["; ", ": ", "ask ", "line 1 has more than ", "the service refused: "])
def test_attack_a_text_that_asks_for_endless_looks(mark: str) -> None:
    """However a text is put together, so many parts of it are looked up and no more; the rest stays as it came."""
    looked: list[str] = []

    class Counting(dict[str, str]):
        def __contains__(self, text: object) -> bool:
            looked.append(str(text))
            return super().__contains__(text)

    book = Phrasebook([("ask %(iss)s", "demandez à %(iss)s"), *((one, one) for one in JOINTS)])
    book._whole = Counting()
    book.say(mark * (MAX_CHARACTERS // len(mark)))

    # The last of them may still ask for its two halves, which are answered at once.
    assert len(looked) <= 2 * MAX_LOOKS
    assert BOOK.say(mark * MAX_CHARACTERS) == mark * MAX_CHARACTERS


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    """Whatever an error may hold, something is shown."""
    for language in TRANSLATED:
        assert isinstance(phrasebook(language).say(text), str)


def test_values_stay_in_their_own_direction() -> None:
    """On a page from right to left a value stands between signs that keep its direction from running into the sentence."""
    book = Phrasebook([("ask %(iss)s", "اسأل %(iss)s"), ("the service refused: %(d)s", "رفضت: %(d)s")], isolating=True)

    assert book.say("ask xbe-cib") == "اسأل \u2068xbe-cib\u2069"
    assert book.say("the service refused: ask xbe-cib") == "رفضت: اسأل \u2068xbe-cib\u2069"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_known_as_itself(language: str) -> None:
    """Filled with values, each sentence of the library is said by its own translation: no other one fits it better."""
    book, wrong = phrasebook(language), []
    around = "\u2068{}\u2069" if language == "ar" else "{}"
    for text, said in catalogue(language):
        values = {name: f"v{number}" for number, name in enumerate(PLACEHOLDER.findall(text))}
        filled = PLACEHOLDER.sub(lambda place, values=values: values[place[1]], text)  # type: ignore[misc]  # bound here
        expected = PLACEHOLDER.sub(lambda place, values=values: around.format(values[place[1]]), said)  # type: ignore[misc]  # bound here
        if book.say(filled) != expected:
            wrong.append((filled, book.say(filled), expected))

    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_reasons_are_said_as_the_pages_say_them(language: str) -> None:
    """Why something is withheld, and why a message counts for nothing, has one wording wherever it is told."""
    book = phrasebook(language)

    assert [one.value for one in (*Reason, *Fault) if book.say(one.value) == one.value] == []


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
@pytest.mark.parametrize("portion", PORTIONS)
def test_a_portion_is_called_as_the_pages_call_it(kept_desk: Desk, language: str, portion: str) -> None:
    """In a sentence of the library too, but for English, where the sentence has the code for a word."""
    with kept_desk.app.test_request_context("/", headers={"Accept-Language": language}):
        said = sentence(f"{portion}: the ciphertext does not open")
        word = portion if language == "en" else portion_word(portion)

    assert word in said
    assert (portion in said) is (language == "en")


def test_only_where_a_portion_stands_is_a_code_a_portion() -> None:
    """A file or a field that is named like one keeps its name, and what is no portion is shown as it came."""
    book = Phrasebook(
        [
            ("%(portion)s holds only its own fields", "%(portion)s garde les siens"),
            ("%(path)s of the home cannot be opened", "%(path)s reste clos"),
        ],
        codes={"portion": {"item": "Objet"}},
    )

    assert book.say("item holds only its own fields") == "Objet garde les siens"
    assert book.say("lot holds only its own fields") == "lot garde les siens"
    assert book.say("item of the home cannot be opened") == "item reste clos"


@pytest.mark.parametrize(("language", "said"), [("en", "the list is empty"), ("fr", "la liste est vide")])
def test_a_sentence_is_in_its_readers_language(kept_desk: Desk, language: str, said: str) -> None:
    """English is the text itself; who reads in another language is told in it."""
    with kept_desk.app.test_request_context("/", headers={"Accept-Language": language}):
        assert sentence("the list is empty") == said


def test_outside_a_request_the_library_is_english() -> None:
    """What is logged or kept is what the library said."""
    assert sentence("the list is empty") == "the list is empty"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "it is released below its label in compartments, level"),
        ("fr", "les compartiments, le niveau"),
        ("ar", "النطاقات المقيَّدة, الدرجة"),
    ],
)
def test_in_what_a_release_is_below_its_label_is_said_in_words(language: str, said: str) -> None:
    """The codes of a label's parts are the library's own: an officer who is to sign reads words."""
    assert said in phrasebook(language).say("it is released below its label in comp, level")
    assert "other" in phrasebook(language).say("it is released below its label in level, other")
