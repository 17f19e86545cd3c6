"""States, former States and places by code."""

import csv

import pytest

from ledger.countries import country_name, is_country, is_locode
from tests.support.reference import data


@pytest.mark.parametrize("code", ["BRA", "DEU", "SUN", "YUG", "CSK", "DDR", "XAR", "XIN", "XKX", "QMA", "AAA", "ZZZ"])
def test_states_former_states_and_users_own_codes_are_countries(code: str) -> None:
    """A weapon made in a State that is no more keeps its country."""
    assert is_country(code)


@pytest.mark.parametrize("code", ["", "BR", "bra", "ABC", "BRA ", "SUHH", "QLA", "ZYX", "BRA\n", "UN"])
def test_other_texts_are_no_countries(code: str) -> None:
    """A two-letter code, small letters or an unassigned code is refused."""
    assert not is_country(code)


def test_names_are_those_of_the_list() -> None:
    """A code is shown by its name; a code without a name is shown as it is."""
    assert [country_name(code) for code in ("BRA", "SUN", "XAR")] == [
        "Brazil",
        "USSR, Union of Soviet Socialist Republics",
        "XAR",
    ]


@pytest.mark.parametrize("code", ["BRRIO", "USNYC", "DEHAM", "XARIO", "PLWR2"])
def test_a_locode_is_a_country_and_three_signs(code: str) -> None:
    """UN/LOCODE uses letters and the digits 2 to 9, in a country there is or a user's own."""
    assert is_locode(code)


@pytest.mark.parametrize("code", ["BR RIO", "brrio", "BRRI", "BRRIO1", "BRRI1", "BRRI0", "YYRIO", ""])
def test_other_texts_are_no_locodes(code: str) -> None:
    """One spelling: no space, no 0 or 1, no country that is none."""
    assert not is_locode(code)


def test_every_country_of_the_un_list_has_locodes() -> None:
    """Each country code of UN/LOCODE's own list is accepted as a place's country."""
    with data("unlocode_countries.csv").open(encoding="utf-8", newline="") as file:
        codes = [row["CountryCode"] for row in csv.DictReader(file)]

    assert [code for code in codes if not is_locode(code + "AAA")] == []
