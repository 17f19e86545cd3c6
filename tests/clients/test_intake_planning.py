"""What the check of a list came to is sealed as it is, as long as nothing that it rests on has changed."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients.errors import ListError
from clients.intake.advancing import Bench, advance
from clients.intake.checking import Rules
from clients.intake.planning import Plans
from clients.intake.sending import rules_now
from clients.intake.states import State
from clients.intake.store import Content, Import
from ledger.labels import Level
from tests.support.imports import CSV, MAP, approved, bench_of, checked
from tests.support.loopback import Walk, found_consortium

OWNER = "xar-arms"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give two agencies around a real service."""
    found = found_consortium(tmp_path_factory.mktemp("planning"), OWNER, "xbe-cib")
    yield found
    found.close()


@pytest.fixture
def bench(walk: Walk, tmp_path: Path) -> Bench:
    """Give the bench of the owner's desk, over imports of its own."""
    del tmp_path
    return bench_of(walk, OWNER)


@pytest.fixture
def one(bench: Bench) -> Import:
    """Give an import that was checked."""
    return checked(bench)


def content(bench: Bench, one: Import) -> Content:
    """Return what an import holds."""
    return bench.imports.content(one.number)


def test_a_list_is_planned_once(bench: Bench, one: Import) -> None:
    """The sending gets the very plans that the check came to."""
    first = bench.plans.of(one, content(bench, one), bench.rules())

    assert bench.plans.of(one, content(bench, one), bench.rules()) is first
    assert Plans().of(one, content(bench, one), bench.rules()) is not first


def test_the_newest_verified_state_gives_the_same_rules(bench: Bench, one: Import) -> None:
    """Online as well: where no charter, profile or code list is new, what was checked is what is sent."""
    first = bench.plans.of(one, content(bench, one), bench.rules())
    with bench.session() as session:
        rules = rules_now(session)
    same_day = replace(rules, means=replace(rules.means, today=bench.today()))

    assert bench.plans.of(one, content(bench, one), same_day) is first


def other_profile(rules: Rules) -> Rules:
    """Return rules with another profile."""
    return replace(rules, profile=replace(rules.profile, alone=Level.UNCLASSIFIED))


def other_members(rules: Rules) -> Rules:
    """Return rules under another charter."""
    return replace(rules, members=replace(rules.members, ceilings={}))


def another_day(rules: Rules) -> Rules:
    """Return rules of the day after: a date may lie in the future no longer."""
    return replace(rules, means=replace(rules.means, today=rules.means.today + dt.timedelta(1)))


def another_key(rules: Rules) -> Rules:
    """Return rules with another key for rows."""
    return replace(rules, means=replace(rules.means, row_key=bytes(32)))


def other_tables(rules: Rules) -> Rules:
    """Return rules with another list of makes."""
    tables = rules.means.tables
    makes = replace(tables.makes, by_code={})
    return replace(rules, means=replace(rules.means, tables=replace(tables, makes=makes)))


@pytest.mark.parametrize("changed", [other_profile, other_members, another_day, another_key, other_tables])
def test_attack_rules_that_changed_after_the_check(
    bench: Bench, one: Import, changed: Callable[[Rules], Rules]
) -> None:
    """Profile, charter, day, key or code list: nothing is sealed by plans that rest on what was."""
    rules = bench.rules()
    first = bench.plans.of(one, content(bench, one), rules)

    assert bench.plans.of(one, content(bench, one), changed(rules)) is not first


def test_attack_another_list_or_map_under_the_same_number(bench: Bench, one: Import) -> None:
    """One cell or one word of the map, and the list is planned anew."""
    rules, held = bench.rules(), content(bench, one)
    first = bench.plans.of(one, held, rules)
    other = content(bench, checked(bench, CSV.replace(b"ABE 573528", b"ABE 573529")))
    second = bench.plans.of(one, other, rules)

    assert [row.fingerprint for row in second.rows] != [row.fingerprint for row in first.rows]
    assert bench.plans.of(replace(one, map=MAP + "\n# looked at again\n"), other, rules) is not second


def test_a_map_that_fits_no_more_leaves_nothing_behind(bench: Bench, one: Import) -> None:
    """A list that cannot be planned is no list that was planned."""
    plans = Plans()
    wrong = replace(one, map=MAP.replace("column = ", "column = 'no such ' #", 1))
    with pytest.raises(ListError):
        plans.of(wrong, content(bench, one), bench.rules())
    assert plans._kept is None


def test_of_a_list_that_is_over_nothing_is_kept(bench: Bench) -> None:
    """The cells of a list are in the desk's memory no longer than they are in its database."""
    one = approved(bench)
    assert bench.plans._kept is not None
    advance(bench)

    assert bench.imports.get(one.number).state is State.DONE
    assert bench.plans._kept is None
