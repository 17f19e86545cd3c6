"""A cell becomes the fields it means; what was written badly goes in as written, what cannot be read is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.lists.cells import CellError
from clients.lists.datecells import fitting_patterns, read_date
from clients.lists.values import Fields, Reading, Tables, place, read_cell, shape_of
from ledger import calibres, makes
from ledger.dates import parse_date
from ledger.vocabulary import FIELDS, check_field

READING = Reading(dates=("DD.MM.YYYY", "YYYY-MM-DD"), tables=Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN))


@pytest.mark.parametrize(
    ("text", "patterns", "expected"),
    [
        ("2021-03-14", ("YYYY-MM-DD",), "2021-03-14"),
        ("4.3.2021", ("DD.MM.YYYY",), "2021-03-04"),
        ("04/03/2021", ("DD/MM/YYYY",), "2021-03-04"),
        ("04/03/2021", ("MM/DD/YYYY",), "2021-04-03"),
        ("04-03-2021", ("DD-MM-YYYY",), "2021-03-04"),
        ("2021/03/14", ("YYYY/MM/DD",), "2021-03-14"),
        ("20210314", ("YYYYMMDD",), "2021-03-14"),
        ("2021-03-14 00:00:00", ("YYYY-MM-DD",), "2021-03-14"),
        ("2021-03-14T22:10:05.25Z", ("YYYY-MM-DD",), "2021-03-14"),
        ("٢٠٢١-٠٣-١٤", ("YYYY-MM-DD",), "2021-03-14"),
        ("1998", ("YYYY-MM-DD",), "1998"),
        ("2019/2021", ("EDTF",), "2019/2021"),
        ("2021-03~", ("YYYY-MM-DD", "EDTF"), "2021-03~"),
    ],
)
def test_dates_are_read_by_the_map_alone(text: str, patterns: tuple[str, ...], expected: str) -> None:
    """Day and month are never guessed; times are left out; other digits read the same."""
    assert read_date(text, patterns) == expected


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("31.02.2021", "no such day"),
        ("14.03.1399", "not between"),
        ("March", "no date is spelled so"),
        ("03/2021", "no date is spelled so"),
        ("0000", "no date is spelled so"),
        ("", "no date is spelled so"),
    ],
)
def test_dates_that_cannot_be_read(text: str, cause: str) -> None:
    """A date of another calendar, spelling or month is refused without being quoted."""
    with pytest.raises(CellError, match=cause) as caught:
        read_date(text, ("DD.MM.YYYY",))

    assert caught.value.fix
    assert not text or text not in caught.value.cause + caught.value.fix


@given(st.text(max_size=20))
def test_every_date_read_is_one_the_ledger_takes(text: str) -> None:
    """Whatever a cell holds, the answer is EDTF or a CellError."""
    try:
        found = read_date(text, ("DD.MM.YYYY", "EDTF"))
    except CellError:
        return
    parse_date(found)


def test_patterns_are_proposed_only_where_every_cell_fits() -> None:
    """One cell above 12 tells day from month; an empty sample proposes nothing."""
    assert fitting_patterns(["03/04/2021", "25/04/2021"]) == ("DD/MM/YYYY",)
    assert fitting_patterns(["03/04/2021"]) == ("DD/MM/YYYY", "MM/DD/YYYY")
    assert fitting_patterns([]) == ()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("item.make", "TAURUS", {"item.make": "TAS"}),
        ("item.make", "Nobody & Sons", {"item.make": "ZZZ", "item.make_text": "Nobody & Sons"}),
        ("item.calibre", "9MM", {"item.calibre": "9 mm", "item.calibre_code": "9"}),
        ("item.calibre", "7.3 dwarf", {"item.calibre": "7.3 dwarf"}),
        ("item.type", "revolver", {"item.type": "PR"}),
        ("item.type", "PI", {"item.type": "PI"}),
        ("item.type", "bang stick", {"item.type_text": "bang stick"}),
        ("item.kind", "Small Arm", {"item.kind": "small_arm"}),
        ("item.country_of_manufacture", "br", {"item.country_of_manufacture": "BRA"}),
        ("item.country_of_manufacture", "SUN", {"item.country_of_manufacture": "SUN"}),
        ("item.serials", "", {"item.condition": "not_recorded"}),
        ("event.count", "1 200", {"event.count": 1200}),
        ("event.suspicious", "Sim", {"event.suspicious": True}),
        ("event.suspicious", "нет", {"event.suspicious": False}),
        ("event.date", "14.03.2021", {"event.date": "2021-03-14"}),
        ("event.place", "Rio", {"event.place": "Rio"}),
        ("event.price.amount", "1500.00", {"event.price.amount": "1500.00"}),
    ],
)
def test_cells_become_fields(name: str, text: str, expected: Fields) -> None:
    """Codes, names and words of several languages give the field's own spelling."""
    found = read_cell(name, text, READING)

    if name == "item.calibre" and text == "9MM":
        assert set(found) == {"item.calibre", "item.calibre_code"}
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("item.kind", "thing"),
        ("item.country_of_manufacture", "Atlantis"),
        ("event.count", "many"),
        ("event.count", "٣"),
        ("event.suspicious", "perhaps"),
        ("case.persons", "somebody"),
    ],
)
def test_cells_that_cannot_be_read(name: str, text: str) -> None:
    """What is no value of its field is a problem with a fix, and is not quoted."""
    with pytest.raises(CellError) as caught:
        read_cell(name, text, READING)

    assert text not in caught.value.cause


def test_a_bad_serial_is_no_error() -> None:
    """A wording goes in as marked, with its condition."""
    found = read_cell("item.serials", "raspada", READING)

    assert found["item.condition"] == "obliterated"
    check_field("item.serials", found["item.serials"])


@given(st.text(min_size=1, max_size=60))
def test_every_serial_box_gives_something(text: str) -> None:
    """No box stops a row: whatever it holds gives a condition."""
    assert "item.condition" in read_cell("item.serials", text, READING)


def test_members_of_a_group_are_put_together() -> None:
    """`event.price.amount` and `event.price.currency` make one field."""
    fields: Fields = {}
    place(fields, {"event.price.amount": "5.00"})
    place(fields, {"event.price.currency": "EUR", "event.place": "Rio"})

    assert fields == {"event.price": {"amount": "5.00", "currency": "EUR"}, "event.place": "Rio"}


def test_shapes_are_found_by_name() -> None:
    """Every field has its shape; a member only of a group; anything else none."""
    assert all(shape_of(name) is FIELDS[name] for name in FIELDS)
    assert shape_of("event.price.amount") is not None
    assert shape_of("event.price.colour") is None
    assert shape_of("item.make.amount") is None
    assert shape_of("nonsense") is None
