# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Makes: found by what officers write, folded to groups that no list can change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.codelists import CodeRow, parse_code_list
from ledger.makes import BUILT_IN, UNLISTED, Make, MakeTable, listed
from tests.support.reference import data


def rows(**codes: str) -> tuple[CodeRow, ...]:
    """Return rows of an official list."""
    return tuple(CodeRow(line=2, code=code, description=text) for code, text in codes.items())


def code_of(text: str, table: MakeTable = BUILT_IN) -> str | None:
    """Return the code found for a text."""
    make = table.find(text)
    return make.code if make else None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("GLOCK", "GLC"),
        ("glock gmbh", "GLC"),
        ("Glock Austria", "GLC"),
        ("Глок", "GLC"),
        ("جلوك", "GLC"),
        ("SMITH & WESSON", "SW"),
        ("Smith and Wesson Corp.", "SW"),
        ("S&W", "SW"),
        ("S & W", "SW"),
        ("Forjas Taurus S.A.", "TAS"),
        ("TAURUS BRASIL", "TAS"),
        ("Sturm, Ruger & Co., Inc.", "SR"),
        ("Pietro Beretta", "BER"),
        ("Colt's Mfg. Co.", "CLT"),
        ("F.N.", "FNB"),
        ("FN Herstal", "FNB"),
        ("Fabrique Nationale", "FNB"),
        ("H&K", "HEC"),
        ("Heckler und Koch", "HEC"),
        ("I.N.A.", "INA"),
        ("E.A.A.", "EAB"),
        ("AA Arms", "AAC"),
        ("AK-47", "SX"),
        ("АК", "SX"),
        ("Калашников", "SX"),
        ("كلاشنكوف", "SX"),
        ("کلاشنکوف", "SX"),
        ("Izhmash", "IZH"),
        ("Łucznik", "LUZ"),
        ("Česká zbrojovka", "FOZ"),
        ("CZ", "FOZ"),
        ("RÖHM", "ROM"),
        ("BER", "BER"),
        ("Canik", UNLISTED),
        ("SCCY", UNLISTED),
        ("banana", None),
        ("usa", None),
        ("", None),
        ("&", None),
    ],
)
def test_makes_by_hand(text: str, code: str | None) -> None:
    """Names, initials, forms of company, countries and other scripts lead to one make."""
    assert code_of(text) == code


def test_every_listed_spelling_finds_its_make() -> None:
    """No two makes share a spelling, in any case and with or without a full stop."""
    for make, aliases in listed():
        for alias in aliases:
            for spelling in (alias, alias.upper(), alias.lower(), f" {alias}. "):
                assert BUILT_IN.find(spelling) == make, spelling


def test_about_a_hundred_and_fifty_makes_are_known() -> None:
    """The built-in list holds the makes met most, and each has a group."""
    makes = {make for make, _ in listed()}

    assert 120 <= len(makes) <= 200
    assert all(make.group and make.text for make in makes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Colt", "Imbel"),
        ("Colt", "FN"),
        ("FN", "Browning"),
        ("Kalashnikov", "Norinco"),
        ("AK-47", "Zastava"),
        ("Izhmash", "Cugir"),
        ("Heckler & Koch", "CETME"),
        ("Walther", "Manurhin"),
        ("Bryco", "Jennings"),
        ("Intratec", "Interdynamic"),
        ("SIG", "J.P. Sauer"),
        ("IMI", "Uzi"),
    ],
)
def test_licensees_and_copies_fold_to_one_group(one: str, other: str) -> None:
    """A weapon recorded under the maker's name and under the licensee's still meets itself."""
    first, second = BUILT_IN.find(one), BUILT_IN.find(other)

    assert first is not None
    assert second is not None
    assert first.group == second.group
    assert first != second


@pytest.mark.parametrize(
    ("one", "other"), [("Glock", "Taurus"), ("Colt", "Smith & Wesson"), ("Taurus", "Rossi"), ("CZ", "Canik")]
)
def test_other_makes_stay_apart(one: str, other: str) -> None:
    """The serial alone was wrong in 118 of 134 cases: makes that are not copies never fold."""
    assert BUILT_IN.group_of(code=UNLISTED, text=one) != BUILT_IN.group_of(code=UNLISTED, text=other)


def test_groups_are_derived_from_what_a_record_holds() -> None:
    """Code or text, listed or not, the group follows; a text nobody knows has none."""
    assert BUILT_IN.group_of(code="IMB", text="") == "COLT-FN"
    assert BUILT_IN.group_of(code="GLC", text="") == "GLC"
    assert BUILT_IN.group_of(code="AAD", text="") == "AAD"
    assert BUILT_IN.group_of(code="no code", text="") is None
    assert BUILT_IN.group_of(code=UNLISTED, text="canik") == "CANIK"
    assert BUILT_IN.group_of(code=UNLISTED, text="sccy") == "ZZZ:SCCY"
    assert BUILT_IN.group_of(code=UNLISTED, text="Nobody's Forge") is None


def test_an_official_list_adds_codes_and_names() -> None:
    """A make of the list is found by its name and its code; it is a group of its own under its code."""
    table = BUILT_IN.with_codes(rows(AAK="Arkawa Kogyo K. K.Mfr. of rifles", AAD="AMERICAN ARMS/DELTA SPARKS,NEVADA"))

    assert table.find("arkawa kogyo") is None
    assert table.find("Arkawa Kogyo K.K.") == Make(code="AAK", text="Arkawa Kogyo K. K", group="AAK")
    assert code_of("aad", table) == "AAD"
    assert table.group_of(code="AAK", text="") == BUILT_IN.group_of(code="AAK", text="") == "AAK"


def test_a_remark_in_the_official_list_is_no_name() -> None:
    """What "AceModel of Colt" names is a model: it must not become an alias of a maker."""
    table = BUILT_IN.with_codes(rows(XAA="AceModel of Nothing", XAB="Fosbery, G. V.", XAC="McMillan & Co.Phoenix, AZ"))

    assert table.find("Ace") is None
    assert code_of("fosbery g.v.", table) == "XAB"
    assert code_of("McMillan", table) == "XAC"
    assert code_of("XAA", table) == "XAA"


def test_a_new_code_for_a_make_without_one_keeps_its_group() -> None:
    """A newer list may give Canik a code; an agency without that list still makes the same tokens."""
    table = BUILT_IN.with_codes(rows(CNK="Canik", SCY="SCCY Industries"))

    assert table.find("CANIK55") is not None
    assert code_of("canik", table) == "CNK"
    assert table.group_of(code="CNK", text="") == BUILT_IN.group_of(code=UNLISTED, text="Canik") == "CANIK"
    assert table.group_of(code="SCY", text="") == "ZZZ:SCCY"


def test_attack_a_list_that_moves_a_make_to_another_group() -> None:
    """A forged list can neither move a known code nor take a known name: groups are not its to give."""
    table = BUILT_IN.with_codes(rows(GLC="Colt", XXX="Glock", TAS="Glock"))

    assert table.find("Glock") == BUILT_IN.find("Glock")
    assert table.find("Colt") == BUILT_IN.find("Colt")
    assert table.group_of(code="GLC", text="") == "GLC"
    assert table.group_of(code="TAS", text="") == "TAS"


def test_a_name_that_two_codes_claim_finds_neither() -> None:
    """An ambiguous name is reported as unknown rather than guessed."""
    table = BUILT_IN.with_codes(rows(XAA="Doppel Works", XAB="Doppel Works"))

    assert table.find("Doppel Works") is None
    assert code_of("XAB", table) == "XAB"


def test_a_row_without_a_name_is_known_by_its_code() -> None:
    """A code whose description is a remark alone still stands."""
    table = BUILT_IN.with_codes(rows(XAA="; see elsewhere"))

    assert table.by_code["XAA"] == Make(code="XAA", text="XAA", group="XAA")


def test_the_official_list_of_2004_is_taken_whole() -> None:
    """All 2,116 codes of the published list go in, and no built-in group moves."""
    listed = parse_code_list(data("ncic_MAK_niem1.0.csv").read_text(encoding="utf-8"))
    table = BUILT_IN.with_codes(listed.rows)

    assert len(listed.rows) == 2116
    assert listed.problems == ()
    assert set(BUILT_IN.by_code) <= {row.code for row in listed.rows}
    assert all(table.by_code[code] == make for code, make in BUILT_IN.by_code.items())
    assert all(table.by_name[key].group == make.group for key, make in BUILT_IN.by_name.items())
    assert len(table.by_code) >= 2116


@given(text=st.text(max_size=40))
def test_any_text_is_looked_up(text: str) -> None:
    """No text makes the look-up fail, and a group is never empty."""
    make = BUILT_IN.find(text)

    assert make is None or make.group
    assert BUILT_IN.group_of(code=UNLISTED, text=text) == (make.group if make else None)
