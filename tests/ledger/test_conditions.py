# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Wordings and numbers: each is recognised, and neither is ever taken for the other."""

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.canonical import canonical
from ledger.conditions import fold, is_wording, read
from ledger.forms import weapon_forms
from ledger.serials import read_marks
from ledger.wordings import FILLERS, PHRASES, Condition

LANGUAGES = {"en", "pt", "es", "fr", "ar", "ur", "prs", "ru", "uk"}
ENDINGS = {"en": "ed", "pt": "ada", "es": "ado", "fr": "", "ar": "", "ur": "", "prs": "", "ru": "ный", "uk": "ний"}


def phrases() -> list[tuple[str, str, Condition]]:
    """Return every listed phrase with its language and condition, stems with an ending of their language."""
    return [
        (language, one.strip().replace("*", ENDINGS[language]), condition)
        for language, by_condition in PHRASES.items()
        for condition, listed in by_condition.items()
        for one in listed.split(";")
    ]


WORDINGS = st.sampled_from([phrase for _, phrase, _ in phrases()])
NUMBERS = st.from_regex(re.compile(r"[A-Z]{0,4}[0-9]{3,8}[A-Z]{0,2}", re.ASCII), fullmatch=True)


def forms_of(box: str) -> list[object]:
    """Return every token form that a box would give, in the most permissive setting."""
    return [
        form
        for mark in read_marks(box)
        for form in weapon_forms(
            mark.number, condition=mark.condition, make_group="GLC", calibre_family="9MM", type_class="HANDGUN"
        )
    ]


def test_wordings_of_nine_languages_are_there() -> None:
    """Each of the nine languages can say each of the eight conditions."""
    assert set(PHRASES) == LANGUAGES == set(FILLERS)
    assert all(set(by_condition) == set(Condition) for by_condition in PHRASES.values())


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_listed_phrase_holds_a_digit(language: str) -> None:
    """A word with a digit can then never be a wording, which is what keeps real numbers safe."""
    listed = [phrase for of, phrase, _ in phrases() if of == language]

    assert not [phrase for phrase in listed if any(one.isdigit() for one in phrase)]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_listed_wording_is_recognised_and_gives_no_token(language: str) -> None:
    """Alone in a box, in capitals, with accents taken off or with a full stop, a wording is a wording."""
    for of, phrase, _ in phrases():
        for spelling in (
            phrase,
            phrase.upper(),
            f" {phrase.title()}. ",
            f"({phrase})",
            unicodedata.normalize("NFD", phrase),
        ):
            if of == language:
                assert read(spelling).rest == "", spelling
                assert read(spelling).condition is not None
                assert forms_of(spelling) == []


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("obliterated", Condition.OBLITERATED),
        ("SERIAL NUMBER OBLITERATED", Condition.OBLITERATED),
        ("Serial # ground off", Condition.OBLITERATED),
        ("DEFACED", Condition.OBLITERATED),
        ("oblit.", Condition.OBLITERATED),
        ("numeração raspada", Condition.OBLITERATED),
        ("NUM. RASPADA", Condition.OBLITERATED),
        ("suprimida", Condition.OBLITERATED),
        ("limado", Condition.OBLITERATED),
        ("NÚMERO LIMADO", Condition.OBLITERATED),
        ("numéro meulé", Condition.OBLITERATED),
        ("EFFACÉ", Condition.OBLITERATED),
        ("مطموس", Condition.OBLITERATED),
        ("الرقم مَطْمُوس", Condition.OBLITERATED),
        ("نمبر مٹا ہوا", Condition.OBLITERATED),
        ("محو شده", Condition.OBLITERATED),
        ("номер спилен", Condition.OBLITERATED),
        ("спилен", Condition.OBLITERATED),
        ("УНИЧТОЖЕН", Condition.OBLITERATED),
        ("знищений", Condition.OBLITERATED),
        ("номер знищено", Condition.OBLITERATED),
        ("sem n°", Condition.NEVER_MARKED),
        ("SEM NUMERAÇÃO", Condition.NEVER_MARKED),
        ("s/nº", Condition.NEVER_MARKED),
        ("S/N", Condition.NEVER_MARKED),
        ("N/A", Condition.NEVER_MARKED),
        ("no serial", Condition.NEVER_MARKED),
        ("No Serial Number", Condition.NEVER_MARKED),
        ("NONE", Condition.NEVER_MARKED),
        ("sin número", Condition.NEVER_MARKED),
        ("sans n°", Condition.NEVER_MARKED),
        ("néant", Condition.NEVER_MARKED),
        ("بدون رقم", Condition.NEVER_MARKED),
        ("لا يوجد", Condition.NEVER_MARKED),
        ("بغیر نمبر", Condition.NEVER_MARKED),
        ("بدون نمبر", Condition.NEVER_MARKED),
        ("б/н", Condition.NEVER_MARKED),
        ("без номера", Condition.NEVER_MARKED),
        ("немає", Condition.NEVER_MARKED),
        ("unk", Condition.NOT_RECORDED),
        ("UNKNOWN", Condition.NOT_RECORDED),
        ("Não informado", Condition.NOT_RECORDED),
        ("desconocido", Condition.NOT_RECORDED),
        ("inconnu", Condition.NOT_RECORDED),
        ("غير معروف", Condition.NOT_RECORDED),
        ("نامعلوم", Condition.NOT_RECORDED),
        ("неизвестен", Condition.NOT_RECORDED),
        ("невідомо", Condition.NOT_RECORDED),
        ("00000", Condition.NOT_RECORDED),
        ("XXXXX", Condition.NOT_RECORDED),
        ("ХХХ", Condition.NOT_RECORDED),
        ("-", Condition.NOT_RECORDED),
        ("?????", Condition.NOT_RECORDED),
        ("#N/A", Condition.NOT_RECORDED),
        ("#######", Condition.NOT_RECORDED),
        ("Serial Number", Condition.NOT_RECORDED),
        ("ask the property officer", Condition.NOT_RECORDED),
        ("ilegível", Condition.WORN),
        ("illegible due to rust", Condition.WORN),
        ("no se lee", Condition.WORN),
        ("illisible", Condition.WORN),
        ("غير مقروء", Condition.WORN),
        ("нечитаемый", Condition.WORN),
        ("adulterada", Condition.ALTERED),
        ("перебит", Condition.ALTERED),
        ("partially obliterated", Condition.PARTIAL),
        ("parcialmente raspada", Condition.PARTIAL),
        ("частично стерт", Condition.PARTIAL),
        ("restored", Condition.RESTORED),
        ("восстановлен", Condition.RESTORED),
        ("not altered", Condition.LEGIBLE),
    ],
)
def test_wordings_by_hand(text: str, condition: Condition) -> None:
    """What officers really write is read as what they mean, and no token comes of it."""
    reading = read(text)

    assert reading.condition is condition
    assert reading.rest == ""
    assert forms_of(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "ABE573528",
        "52E029294",
        "NA12345",
        "NA 12345",
        "UNK123",
        "UNK 1234",
        "NO 12345",
        "NONE1",
        "SN12345",
        "S N 12345",
        "WORN1234",
        "OBL12345",
        "LIMADO1",
        "SEM1234",
        "DE 12345",
        "A 12345",
        "Ber020830",
        "BVEU",
        "PE",
        "КН 1234",
        "БН1234",
        "нд1234",
        "رقم١٢٣٤",
        "12345 E",
        "N 123456",
        "RASP1234",
        "FILED9",
        "X1234",
        "0001",
        "OOO1",
    ],
)
def test_real_numbers_by_hand(text: str) -> None:
    """A number keeps every letter, also where the letters alone would be a wording."""
    reading = read(text)

    assert reading.condition is None
    assert reading.rest == text


@given(number=NUMBERS)
def test_a_number_in_one_word_is_never_taken_for_a_wording(number: str) -> None:
    """Letters and digits in one word are a number whatever the letters spell."""
    assume(number.strip("0"))

    assert read(number).rest == number
    assert read(number).condition is None


@given(wording=WORDINGS, number=NUMBERS)
def test_a_wording_glued_to_digits_is_a_number(wording: str, number: str) -> None:
    """No letters are taken off a number because they could be a word."""
    assume(number.strip("0") and number[0].isdigit())
    glued = "".join(fold(wording).split()) + number

    assert read(glued).rest == glued


@given(first=WORDINGS, second=WORDINGS, gap=st.sampled_from([" ", ", ", "/", " - ", "; ", "\n"]))
def test_two_wordings_in_one_box_give_no_token(first: str, second: str, gap: str) -> None:
    """However wordings are strung together, nothing of them becomes a token."""
    assert forms_of(f"{first}{gap}{second}") == []


@given(text=st.text(alphabet=st.characters(exclude_categories=["Nd", "Nl", "No", "Cs"]), max_size=40))
def test_no_text_without_a_digit_ever_becomes_a_token(text: str) -> None:
    """Wordings of languages that nobody listed cannot link weapons either."""
    assume(not any(one.isdigit() for one in canonical(text).replace("0", "").replace("1", "")))

    assert forms_of(text) == []


@pytest.mark.parametrize(
    ("text", "condition", "rest"),
    [
        ("12345 (worn)", Condition.WORN, "12345"),
        ("A 12345 (worn)", Condition.WORN, "A 12345"),
        ("restored: AB 1234", Condition.RESTORED, "AB 1234"),
        ("AB1234 restaurado por química", Condition.RESTORED, "AB1234"),
        ("obliterated 1234", Condition.PARTIAL, "1234"),
        ("raspada, resta 34AB", Condition.PARTIAL, "resta 34AB"),
        ("adulterado para 99887", Condition.ALTERED, "para 99887"),
        ("ABC1234 (legible)", Condition.LEGIBLE, "ABC1234"),
        ("перебит АБ 1234", Condition.ALTERED, "АБ 1234"),
        ("رقم ١٢٣٤ متآكل", Condition.WORN, "رقم ١٢٣٤"),
        ("worn DE 12345", Condition.WORN, "12345"),
        ("worn: DE 12345", Condition.WORN, "DE 12345"),
        ("12 worn 34", Condition.WORN, "12 34"),
    ],
)
def test_a_wording_beside_a_number_gives_its_condition(text: str, condition: Condition, rest: str) -> None:
    """The number stays, the word says its state; digits left of an obliterated number are partial."""
    reading = read(text)

    assert reading.condition is condition
    assert reading.rest == rest


@given(text=st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    """No box makes the reader fail, and what it leaves of one comes from the box."""
    reading = read(text)

    assert reading.rest == "" or reading.condition is not None or reading.rest == text


@given(text=st.text(max_size=60))
def test_folding_is_stable(text: str) -> None:
    """A folded text folds to itself, so that lists can be written in folded letters."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("name", ["Liberator", "FGC-9", "Luty SMG", "Songbird", "AR-15 80% lower"])
def test_a_name_is_no_wording(name: str) -> None:
    """A name of many letters, which could be no serial number, is not taken for a wording."""
    assert not is_wording(name)


@pytest.mark.parametrize("name", ["unknown", "unknown design", "N/A", "none", "не известно", "?", "", " - "])
def test_a_wording_is_no_name(name: str) -> None:
    """What stands for "we do not know" names nothing."""
    assert is_wording(name)


@given(text=st.from_regex(r"[A-Za-z0-9]{1,12}", fullmatch=True))
def test_one_plain_word_folds_as_it_does_among_others(text: str) -> None:
    """What is folded at once and what is folded step by step come to the same."""
    assert [text.lower(), text.lower()] == fold(f"{text} {text}").split()
    assert text.lower() == fold(text)
