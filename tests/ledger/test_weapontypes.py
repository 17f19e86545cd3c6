"""Types of weapon: found by code or word, in three classes that tokens use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.weapontypes import TypeClass, by_code, find, listed
from tests.support.reference import data


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Pistola", "PI"),
        ("semi-automatic pistol", "PI"),
        ("مسدس", "PI"),
        ("пістолет", "PI"),
        ("REVÓLVER", "PR"),
        ("fuzil de assalto", "RA"),
        ("автомат", "RA"),
        ("escopeta", "S"),
        ("shotgun", "S"),
        ("sub-machine gun", "B"),
        ("کلاشنکوف رائفل", "RA"),
        ("morteiro", "O"),
        ("pi", "PI"),
        ("banana", None),
        ("", None),
    ],
)
def test_types_by_hand(text: str, code: str | None) -> None:
    """Words of nine languages and codes lead to one type."""
    found = find(text)

    assert (found.code if found else None) == code


def test_every_listed_word_finds_its_type() -> None:
    """No two types share a word."""
    for weapon_type, words in listed():
        assert by_code(weapon_type.code) == weapon_type
        assert all(find(word.upper()) == weapon_type for word in words)


def test_words_for_one_weapon_share_a_class() -> None:
    """Carbine, rifle, assault rifle and submachine gun are one class; a pistol and a revolver are another."""
    assert _classes("carbine", "rifle", "assault rifle", "SMG", "shotgun") == {TypeClass.LONG}
    assert _classes("pistol", "revolver", "derringer") == {TypeClass.HANDGUN}
    assert _classes("mortar", "rocket launcher", "HMG") == {TypeClass.CREW}


def test_an_unknown_description_falls_back_to_the_type() -> None:
    """A code whose second letter this table does not hold is still a rifle."""
    assert by_code("RJ") == by_code("R")
    assert by_code("Q") is None
    assert by_code("") is None


def test_codes_are_those_of_the_official_lists() -> None:
    """The first letter is an NCIC type and the second an NCIC description."""
    types = {line.split(",")[0] for line in data("ncic_TYP_niem1.0.csv").read_text(encoding="utf-8").splitlines()[1:]}
    descriptions = data("ncic_TYPDescription_niem1.0.csv").read_text(encoding="utf-8").splitlines()[1:]
    seconds = {line.split(",")[0] for line in descriptions}

    assert {one.code[0] for one, _ in listed()} <= types
    assert {one.code[1] for one, _ in listed() if len(one.code) == 2} <= seconds


@given(text=st.text(max_size=40))
def test_any_text_is_looked_up(text: str) -> None:
    """No text makes the look-up fail."""
    found = find(text)

    assert found is None or found.code


def _classes(*words: str) -> set[TypeClass]:
    return {found.type_class for found in map(find, words) if found}
