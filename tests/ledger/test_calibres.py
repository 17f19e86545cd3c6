# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Calibres: found by what officers write, folded to families by bore."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.calibres import BUILT_IN, Calibre, listed
from ledger.codelists import parse_code_list
from tests.support.reference import data


def name_of(text: str) -> str | None:
    """Return the name found for a text."""
    calibre = BUILT_IN.find(text)
    return calibre.name if calibre else None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("9MM", "9 mm Luger"),
        ("9 mm", "9 mm Luger"),
        ("9mm", "9 mm Luger"),
        ("9x19", "9 mm Luger"),
        ("9 X 19 mm", "9 mm Luger"),
        ("9х19", "9 mm Luger"),
        ("9×19", "9 mm Luger"),
        ("9,00 mm", "9 mm Luger"),
        ("9 мм", "9 mm Luger"),
        ("۹ ملم", "9 mm Luger"),
        ("9mm Para.", "9 mm Luger"),
        (".380", "380 Auto"),
        ("380 ACP", "380 Auto"),
        ("9 mm curto", "380 Auto"),
        ("9mm Kurz", "380 Auto"),
        ("9x18", "9 mm Makarov"),
        (".38", "38"),
        ("38 SPL", "38 Special"),
        ("CAL .38", "38"),
        (".357 Mag.", "357 Magnum"),
        (".40", "40 S&W"),
        ("40 S&W", "40 S&W"),
        ("40 mm", "40 x 46"),
        (".45", "45"),
        ("0.45", "45"),
        ("45 ACP", "45 Auto"),
        ("11,43 mm", "45 Auto"),
        (".22", "22"),
        ("22 LR", "22 Long Rifle"),
        ("12 gauge", "12 gauge"),
        ("12 GA.", "12 gauge"),
        ("Cal. 12", "12 gauge"),
        ("12/70", "12 gauge"),
        ("عيار 12", "12 gauge"),
        ("20 Gauge", "20 gauge"),
        (".410", "410 bore"),
        ("7.62x39", "7.62 x 39"),
        ("calibre 7,62x39 mm", "7.62 x 39"),
        ("7,62×51 NATO", "7.62 x 51"),
        ("7.62", "7.62"),
        ("٧٫٦٢ ملم", "7.62"),
        ("7,62 мм", "7.62"),
        ("5.56", "5.56 x 45"),
        (".223 Rem", "223 Remington"),
        ("5,45х39", "5.45 x 39"),
        ("30-06", "30-06 Springfield"),
        ("7.65mm", "32 Auto"),
        ("6.35", "25 Auto"),
        ("30 bore", "7.62 x 25 Tokarev"),
        ("82 мм", "82 mm mortar"),
        ("banana", None),
        ("", None),
        ("mm", None),
        ("999", None),
    ],
)
def test_calibres_by_hand(text: str, name: str | None) -> None:
    """Units, decimal commas, other digits, crosses of other scripts and short names lead to one calibre."""
    assert name_of(text) == name


def test_every_listed_spelling_finds_its_calibre() -> None:
    """No two calibres share a spelling, in any case."""
    for calibre, spellings in listed():
        for one in spellings:
            for spelling in (one, one.upper(), one.lower(), f" {one} "):
                assert BUILT_IN.find(spelling) == calibre, spelling


def test_a_size_alone_is_not_taken_for_a_cartridge() -> None:
    """Several cartridges share "7.62": it is kept as it is, and its family is known."""
    assert BUILT_IN.find("7.62") == Calibre(name="7.62", ncic="762", family="762", exact=False)
    assert BUILT_IN.find("7.62x39") == Calibre(name="7.62 x 39", ncic="762", family="762", exact=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("9mm", ".380"),
        ("9x19", "9x18"),
        (".38", ".357"),
        ("7.62", "7.62x39"),
        (".223", "5.56"),
        (".32", "7.65"),
        (".308", "7.62x51"),
    ],
)
def test_names_for_one_bore_fold_to_one_family(one: str, other: str) -> None:
    """Two officers who write the bore in two ways still mean one family."""
    first, second = BUILT_IN.find(one), BUILT_IN.find(other)

    assert first is not None
    assert second is not None
    assert first.family == second.family


@pytest.mark.parametrize(
    ("one", "other"), [("9mm", ".38"), (".40", "40 mm"), ("5.45", "5.56"), ("12 gauge", "12.7"), (".45", "9mm")]
)
def test_other_bores_stay_apart(one: str, other: str) -> None:
    """A family holds one bore."""
    first, second = BUILT_IN.find(one), BUILT_IN.find(other)

    assert first is not None
    assert second is not None
    assert first.family != second.family


def test_codes_are_those_of_the_official_list() -> None:
    """Every NCIC code in the table exists, and the imported list tells what it means."""
    listed = parse_code_list(data("ncic_CAL_niem1.0.csv").read_text(encoding="utf-8"))
    table = BUILT_IN.with_codes(listed.rows)

    assert {one.ncic for one in table.by_spelling.values()} - {""} <= set(table.codes)
    assert table.codes["9"].startswith("9 mm Luger")
    assert table.find("9mm") == BUILT_IN.find("9mm")


@given(text=st.text(max_size=40))
def test_any_text_is_looked_up(text: str) -> None:
    """No text makes the look-up fail, and what is found has a family."""
    calibre = BUILT_IN.find(text)

    assert calibre is None or calibre.family
