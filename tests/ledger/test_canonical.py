# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""The canonical form: what it folds, what it keeps apart, and that it can never change silently."""

import hashlib
import importlib.util
import unicodedata
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import calibres, canonicaltable, makes, weapontypes
from ledger.canonical import (
    FOLDED,
    TABLE,
    TABLE_VERSION,
    canonical,
    has_digit,
    is_lossless,
    letters_and_digits,
    script_of,
)

Form: TypeAlias = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")
ASCII = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def digest(lines: list[str]) -> str:
    """Return the hexadecimal SHA-256 of sorted lines."""
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def test_the_table_of_version_one_is_frozen() -> None:
    """A changed letter of the table fails here first: tokens of all logged records hang on it."""
    lines = [f"{ord(character):04X} {letters}" for character, letters in TABLE.items()]
    lines += [f"fold {letter} {digit}" for letter, digit in FOLDED.items()]

    assert TABLE_VERSION == 1
    assert digest(lines) == "ed4c87b9693e53b361a5934e7437aa187d9e7ac517a85a5b5264e177a972f550"


def test_the_groups_of_version_one_are_frozen() -> None:
    """A make, calibre or type that moves to another group fails here first: the group is part of a token."""
    lines = [f"make {one.code} {one.text} {one.group}" for one in makes.BUILT_IN.by_name.values()]
    lines += [f"calibre {one.name} {one.family}" for one in calibres.BUILT_IN.by_spelling.values()]
    lines += [f"type {one.code} {one.type_class.value}" for one, _ in weapontypes.listed()]

    assert digest(sorted(set(lines))) == "f35221fc501b3671aad2688e3d23ae9b6498638b00e9cbdc2cc6bfee430e2c07"


def test_unicode_of_this_python_gives_the_same_table() -> None:
    """The script that made the table still makes it, so that an auditor can see where it comes from."""
    script = _script()

    ones = tuple((start, letters) for start, letters in canonicaltable.ONE)
    again = tuple(
        (start + cut, letters[cut : cut + 88]) for start, letters in script.runs() for cut in range(0, len(letters), 88)
    )
    assert again == ones
    assert tuple((start, " ".join(words)) for start, words in script.several()) == canonicaltable.SEVERAL


@pytest.mark.parametrize("form", FORMS)
def test_normalising_any_one_character_of_the_table_changes_nothing(form: Form) -> None:
    """No character of the table reads differently after a keyboard or a database has normalised it."""
    changed = [one for one in TABLE if canonical(unicodedata.normalize(form, one)) != canonical(one)]

    assert changed == []


@pytest.mark.parametrize("form", FORMS)
@given(text=st.text(alphabet=st.sampled_from(sorted(TABLE)), max_size=12))
def test_normalisation_before_the_table_changes_nothing(form: Form, text: str) -> None:
    """Composed and decomposed spellings of one number have one form, whatever a keyboard or a database did."""
    assert canonical(unicodedata.normalize(form, text)) == canonical(text)


@given(text=st.text(max_size=40))
def test_a_form_holds_nothing_but_capital_letters_and_digits(text: str) -> None:
    """Whatever comes in, a form is made of A-Z and 0-9 without the two letters that fold."""
    assert set(canonical(text)) <= set(ASCII) - {"O", "I"}


@given(text=st.text(max_size=40))
def test_the_form_of_a_form_is_itself(text: str) -> None:
    """Folding twice is folding once: a form can be stored and folded again."""
    assert canonical(canonical(text)) == canonical(text)


@given(
    text=st.text(alphabet=ASCII, min_size=1, max_size=20), gap=st.sampled_from([" ", "-", "/", ".", "\u200e", "\u00a0"])
)
def test_separators_and_small_letters_do_not_count(text: str, gap: str) -> None:
    """Spaces, dashes, dots and capitals are the clerk's, not the weapon's."""
    assert canonical(gap.join(text.lower())) == canonical(text)
    assert is_lossless(gap.join(text))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("ABE 573528", "ABE573528"),
        ("AB-O12-I3", "AB01213"),
        ("АВ 1234", "AB1234"),
        ("ав 1234", "AB1234"),
        ("ΑΒ 1234", "AB1234"),
        ("١٢٣٤٥٦", "123456"),
        ("۱۲۳۴۵۶", "123456"),
        ("０１２ＡＢＣ", "012ABC"),
        ("Ⅷ 123", "V111123"),
        ("𝐀𝟏𝟐𝟑", "A123"),
        ("①②③④", "1234"),
        ("Ё123", "E123"),
        ("É123", "E123"),
        ("ß99", "SS99"),
        ("000123", "000123"),
        ("", ""),
        ("-/. ", ""),
        ("ЛБ 1234", "1234"),
    ],
)
def test_forms_by_hand(text: str, form: str) -> None:
    """Homoglyphs, digits of other scripts and compatibility forms fold; leading zeros stay."""
    assert canonical(text) == form


@pytest.mark.parametrize(
    ("one", "other"), [("B8", "88"), ("S5", "55"), ("Z2", "22"), ("G6", "66"), ("Q0", "00"), ("L1", "11")]
)
def test_no_other_letter_folds_to_a_digit(one: str, other: str) -> None:
    """Folding more would merge 25 wrong pairs for every 7 right ones."""
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("text", ["ЛБ 1234", "ط 1234", "格1234", "ø1234", "Ω1234", "1٤Д"])
def test_a_letter_outside_the_table_is_reported_lost(text: str) -> None:
    """Two numbers that differ in such a letter alone share a form: whoever makes tokens must be told."""
    assert not is_lossless(text)


@pytest.mark.parametrize("text", ["ABE 573528", "№ 5", "١٢٣", "a\u0301b", "12\u2013\u200f34", "", "\ufeff1"])
def test_signs_and_marks_are_no_lost_letters(text: str) -> None:
    """Punctuation, accents and marks of direction may go without making a number doubtful."""
    assert is_lossless(text)


@pytest.mark.parametrize("text", ["OI", "POOR", "Ⅷ", "ОІ", ""])
def test_letters_that_fold_are_no_digits(text: str) -> None:
    """A wording like "POOR" must not pass for a number because O folds to 0."""
    assert not has_digit(text)


@pytest.mark.parametrize("text", ["O0", "۷", "٧", "²", "A1"])
def test_digits_of_any_listed_script_are_digits(text: str) -> None:
    """What was marked as a digit counts as one."""
    assert has_digit(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ABE 573528", "Latn"),
        ("АБ 1234", "Cyrl"),
        ("ΑΒ 1234", "Grek"),
        ("١٢٣", "Arab"),
        ("رقم", "Arab"),
        ("12345", "Zyyy"),
        ("", "Zyyy"),
        ("№ 12-34", "Zyyy"),
        ("АB1234", "Zzzz"),
        ("格 1234", "Zzzz"),
    ],
)
def test_scripts_by_hand(text: str, code: str) -> None:
    """A record says what a number was written in; a mixture of scripts is shown as one, for it may be a trick."""
    assert script_of(text) == code


@given(text=st.text(max_size=40))
def test_every_text_has_a_script_code(text: str) -> None:
    """There is an ISO 15924 code for whatever was written."""
    assert script_of(text) in {"Latn", "Cyrl", "Grek", "Arab", "Zyyy", "Zzzz"}


def _script() -> ModuleType:
    path = Path(__file__).parents[1] / "vectors" / "make_canonical_table.py"
    spec = importlib.util.spec_from_file_location("make_canonical_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(text=st.text())
def test_a_form_is_that_of_its_characters_one_after_another(text: str) -> None:
    """Each is looked up in the one table, and what is not in it is left out."""
    kept = "".join(TABLE.get(one, "") for one in text)

    assert kept == letters_and_digits(text)
    assert kept.replace("O", "0").replace("I", "1") == canonical(text)
