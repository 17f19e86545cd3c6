"""Two rows of one list that say the same: told with both lines before anything is sealed, and never refused."""

import tracemalloc
from dataclasses import replace

import pytest

from clients.equalrows import EqualRows
from clients.importing import Prepared, prepare
from clients.lists.maps import parse_map
from clients.lists.report import Problem, Weight
from tests.clients.test_importing import MEANS

MAP = """
ignore = ["no"]
[fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.model" = { column = "model" }
"item.serials" = { column = "serial" }
[[record]]
event = "recovery"
fields."event.date" = { column = "date" }
"""
WEAPON = "1,Taurus,PT 92,ABE 573528,2026-03-14"
NAMELESS = "1,Rossi,971,,2026-03-14"


def plan(*lines: str, text: str = MAP) -> Prepared:
    """Return a list as planned."""
    return prepare("\n".join(("no,make,model,serial,date", *lines)).encode(), parse_map(text), MEANS)


def twice(*lines: str) -> tuple[Problem, ...]:
    """Return what is said of a list."""
    return plan(*lines).problems


def test_the_same_weapon_twice_is_told_plainly_with_both_lines() -> None:
    """Serial, make and model: blanks, case and a column that is left out make no other weapon of it."""
    (problem,) = twice(WEAPON, "2,Colt,1911,77,2026-03-14", "3, TAURUS,PT 92, ABE 573528 ,2026-03-14")

    assert (problem.line, problem.same_as, problem.weight) == (4, 2, Weight.WARNING)
    assert problem.cause == "the same weapon as on line 2: same serial, make, model and all else"
    assert "for ever" in problem.fix
    assert problem.to_json()["same_as"] == 2


@pytest.mark.parametrize(
    "row", [NAMELESS, "1,Rossi,971,none,2026-03-14", "1,,971,1234,2026-03-14", "1,Rossi,,1.2E+11,2026-03-14"]
)
def test_rows_without_a_make_and_a_number_may_be_two_weapons(row: str) -> None:
    """Nothing tells them apart, and nothing says that they are one."""
    (problem,) = [one for one in twice(row, row) if one.same_as]

    assert (problem.line, problem.same_as) == (3, 2)
    assert problem.cause == "says the same as line 2"
    assert "if it is the same weapon" in problem.fix


def test_each_equal_row_names_the_first() -> None:
    """A third is told like the second."""
    assert [(one.line, one.same_as) for one in twice(WEAPON, WEAPON, NAMELESS, WEAPON)] == [(3, 2), (5, 2)]


@pytest.mark.parametrize(("old", "new"), [("Taurus", "Colt"), ("PT 92", "PT 99"), ("573528", "573529"), ("14", "15")])
def test_rows_that_differ_in_a_field_are_two(old: str, new: str) -> None:
    """A weapon seized on two days is two events."""
    assert twice(WEAPON, WEAPON.replace(old, new)) == ()


def test_equal_rows_are_not_refused_and_each_is_known_by_its_own_name() -> None:
    """A list with one of two equal rows taken out is still the rest of that list; outboxes of earlier versions know both."""
    both, one = plan(WEAPON, WEAPON), plan(WEAPON)

    assert (len(both.rows), both.rejected, both.errors) == (2, (), 0)
    assert both.rows[0].fingerprint == one.rows[0].fingerprint
    assert [row.fingerprint.hex()[:16] for row in both.rows] == ["0137cb39a326f720", "7c90f10f75147e16"]


def test_a_row_that_stays_out_is_no_first() -> None:
    """What is refused is not logged, so nothing equals it."""
    bad = WEAPON.replace("2026-03-14", "yesterday")

    assert [(one.line, one.same_as) for one in twice(bad, bad, WEAPON, WEAPON)] == [(2, 0), (3, 0), (5, 4)]


def test_rows_of_one_key_are_refused_as_ever() -> None:
    """Where the map names rows by a key, equal rows have one: a correction of either could take both."""
    keyed = plan(WEAPON, WEAPON, text=f'key = ["serial"]\n{MAP}')

    assert [one.weight for one in keyed.problems] == [Weight.ERROR]


def test_a_row_is_remembered_as_a_digest_under_the_homes_key() -> None:
    """The rows themselves are not held a second time, and another home's digests tell nothing."""
    here, there = EqualRows(b"here" * 8), EqualRows(b"there" * 8)
    for rows in (here, there):
        rows.met(b"canary", 2)

    assert "canary" not in repr(here._seen)
    assert here._seen.keys().isdisjoint(there._seen.keys())
    assert {len(digest) for digest in here._seen} == {32}


def test_memory_does_not_grow_with_what_the_rows_say() -> None:
    """Ten thousand rows of 8 KiB take what their digests take."""
    rows = EqualRows(bytes(32))
    tracemalloc.start()
    for number in range(10_000):
        rows.met(b"%08d" % number * 1_024, number)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 4_000_000


def test_another_home_warns_of_the_same_rows() -> None:
    """The key changes the digests, never what is found."""
    other = replace(MEANS, row_key=b"\1" * 32)
    raw = f"no,make,model,serial,date\n{WEAPON}\n{WEAPON}".encode()

    assert [one.same_as for one in prepare(raw, parse_map(MAP), other).problems] == [2]
