"""What is asked about: a list needs no map, a bad date is no reason, and one box may stand for many numbers."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ListError
from clients.lists.reading import read_table
from clients.lists.values import Tables
from clients.matching.lists import Items, pasted, read_items
from clients.matching.weapons import askable, described_items, listed_weapons, named_weapons
from ledger import calibres, makes

TABLES = Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
TODAY = dt.date(2026, 11, 21)


def items(raw: bytes) -> Items:
    """Return the items of a list."""
    return read_items(read_table(raw), tables=TABLES, today=TODAY)


@pytest.mark.parametrize(
    "text", ["Taurus;TKD 480572", "Taurus\tTKD 480572\n", "Taurus,TKD 480572", "make|serial\nTaurus|TKD 480572"]
)
def test_pasted_lines_are_make_and_number(text: str) -> None:
    """Between whatever separates them, with a header of their own or without."""
    (found,) = items(pasted(text)).items

    assert found["item.make"] == "TAS"
    assert found["item.serials"][0]["as_marked"] == "TKD 480572"  # type: ignore[index,call-overload]  # a list of objects


@pytest.mark.parametrize("text", ["", "   \n", "one column", "a;b;c;d;e"])
def test_lines_that_say_nothing_are_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(ListError) as caught:
        pasted(text)

    assert caught.value.next_step


@given(st.text(max_size=200))
def test_whatever_is_pasted_is_a_list_or_refused(text: str) -> None:
    """No text breaks it."""
    try:
        items(pasted(text))
    except ListError:
        return


def test_what_does_not_tell_of_the_item_is_left_aside() -> None:
    """A date that is none and a case number are not looked at; the item is."""
    found = items("Marca;Número de série;Data;Case number\nTaurus;ABC123;yesterday;17\n".encode())

    assert found.unread == ()
    assert set(found.columns) == {"item.make", "item.serials"}
    assert all(name.startswith("item.") for name in found.items[0])


def test_a_list_without_a_column_of_numbers_is_refused() -> None:
    """It would ask about nothing."""
    with pytest.raises(ListError, match="no column holds serial numbers"):
        items(b"make;colour\nTaurus;black\n")


def test_a_row_that_cannot_be_read_is_named_by_its_line() -> None:
    """And the others are read."""
    found = items(b"make;serial;country of manufacture\nTaurus;ABC123;BRA\nColt;ABC124;Atlantis\n")

    assert (len(found.items), found.unread) == (1, (3,))


def test_a_described_weapon_is_asked_under_every_number_it_may_bear() -> None:
    """One for each digit that cannot be read; no number is refused."""
    fields = {"item.kind": "small_arm", "item.make_text": "Taurus"}
    weapons = named_weapons(fields, "TKD 48057#", TABLES)

    assert [one.what for one in weapons] == [f"Taurus TKD 48057{digit}" for digit in range(10)]
    assert len(described_items(fields, "TKD 48057#")) == askable(weapons) == 10
    assert askable(listed_weapons(described_items(fields, "none"), TABLES)) == 0
    with pytest.raises(ListError, match="nothing to ask about"):
        named_weapons(fields, None, TABLES)
