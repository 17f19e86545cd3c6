"""Column names in the languages of the first users: folded alike, each meaning one field, all of them known fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.lists.headers import _NAMES, FIELD_BY_HEADER, fold
from clients.lists.maps import parse_map
from clients.lists.proposing import propose_map
from clients.lists.reading import read_table
from clients.lists.values import shape_of


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Serial No.", "item.serials"),
        ("  SERIAL   NUMBER ", "item.serials"),
        ("serial_number", "item.serials"),
        ("Nº de Série", "item.serials"),
        ("NUMERO DE SERIE", "item.serials"),
        ("Numéro de série", "item.serials"),
        ("Серийный номер", "item.serials"),
        ("الرقم التسلسلي", "item.serials"),
        ("Marca", "item.make"),
        ("Hersteller", "item.make"),
        ("Calibre", "item.calibre"),
        ("Калибр", "item.calibre"),
        ("Data da apreensão", "event.date"),
        ("Date of seizure", "event.date"),
        ("País", "event.country"),
        ("Nº do BO", "case.case_number"),
        ("Observações", "case.circumstances"),
    ],
)
def test_names_are_known_with_and_without_accents_case_and_stops(name: str, field: str) -> None:
    """As officers of nine languages write them."""
    assert FIELD_BY_HEADER[fold(name)] == field


@pytest.mark.parametrize("name", ["", "x", "total", "№", "colour", "date of birth", "serial of the officer"])
def test_a_name_that_is_not_known_means_nothing(name: str) -> None:
    """It is shown to a person instead of being guessed at."""
    assert fold(name) not in FIELD_BY_HEADER


def test_every_name_means_one_field() -> None:
    """No two fields claim one name; the last would win without a word."""
    claims = [(fold(name), field) for field, names in _NAMES.items() for name in names.split(",")]
    meant: dict[str, set[str]] = {}
    for name, field in claims:
        meant.setdefault(name, set()).add(field)

    assert {name: fields for name, fields in meant.items() if len(fields) > 1} == {}


@pytest.mark.parametrize("field", sorted(set(FIELD_BY_HEADER.values())))
def test_every_field_is_one_that_a_map_can_fill(field: str) -> None:
    """A proposal never names what would be refused."""
    assert shape_of(field) is not None


@given(st.text(max_size=20))
def test_folding_twice_is_folding_once(name: str) -> None:
    """What is compared is in one form."""
    assert fold(fold(name)) == fold(name)


@given(st.text(max_size=20))
def test_case_and_blanks_around_make_no_difference(name: str) -> None:
    """Nor do the stops that officers put behind abbreviations."""
    assert fold(f"  {name}. ") == fold(name)


@given(
    st.lists(
        st.sampled_from(sorted(FIELD_BY_HEADER)) | st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        min_size=1,
        max_size=6,
        unique=True,
    )
)
def test_a_proposal_accounts_for_every_column(names: list[str]) -> None:
    """Each is read or named under ignore, and the proposal is a map."""
    raw = (";".join(f'"{name}"' for name in names) + "\n" + ";".join("1" for _ in names) + "\n").encode()
    table = read_table(raw)
    proposed = parse_map(propose_map(table))

    assert proposed.unknown_columns(table.header) == ()
    assert proposed.missing_columns(table.header) == ()
    assert not proposed.columns() & proposed.ignore


def test_of_two_columns_for_one_field_the_first_is_read() -> None:
    """The second is left out by name, for a person to decide."""
    proposed = parse_map(propose_map(read_table(b"serial;serie;make\n1;2;3\n")))

    assert "serial" in proposed.columns()
    assert "serie" in proposed.ignore


def test_a_proposal_says_what_it_guessed() -> None:
    """The kind of weapon and the kind of event are nowhere in the list."""
    text = propose_map(read_table(b"serial;make\n1;2\n"))

    assert "a guess" in text
    assert "Read every line" in text
