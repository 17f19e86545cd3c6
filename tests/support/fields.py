"""Labels, profiles and records that several tests of the field start from, and hypothesis' ways to draw labels."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import TypeVar

from hypothesis import strategies as st

from ledger.jsontext import JsonValue
from ledger.labels import CAVEATS, Compartment, Label, Level, Members, MembersAt, Purpose, Release
from ledger.profiles import Profile, RecordClass, default_profile

T = TypeVar("T")

US = "xar-arms"
PARTNERS = ("xbe-cib", "xco-npa", "xdu-moi")
EVERYBODY = (US, *PARTNERS)

MEMBERS = Members(
    versions={1: frozenset(EVERYBODY[:2]), 2: frozenset(EVERYBODY)},
    ceilings=dict.fromkeys(EVERYBODY, Level.SECRET),
)

PISTOL: dict[str, JsonValue] = {
    "item.kind": "small_arm",
    "item.type": "PI",
    "item.make": "TAU",
    "item.model": "PT 92",
    "item.calibre": "9 mm Luger",
    "item.country_of_manufacture": "BRA",
    "item.serials": [{"as_marked": "ABE 573528", "script": "Latn", "location": "frame", "condition": "legible"}],
    "event.kind": "recovery",
    "event.date": "2021-03-14",
    "event.country": "XAR",
    "event.recovery": "seized",
    "case.case_number": "2021/443",
    "case.circumstances": "in the boot of a car",
}


def label(level: Level = Level.RESTRICTED, *rel: str, purp: frozenset[Purpose] = frozenset(Purpose)) -> Label:
    """Return a label to the agencies named, none meaning the originator only."""
    return Label(level=level, rel=tuple(sorted(rel)), purp=purp)


def profile(**changes: object) -> Profile:
    """Return the default profile, its first class changed as named."""
    base = default_profile(US, MembersAt(version=2))
    first: RecordClass = replace(base.classes[0], **changes)  # type: ignore[arg-type]  # names checked at run time
    return replace(base, classes=(first, *base.classes[1:]))


def labels() -> st.SearchStrategy[Label]:
    """Draw any label that partners of these tests could carry; sets are drawn whole, which is ten times as fast."""
    named: list[Release] = [tuple(sorted(chosen)) for chosen in _subsets(PARTNERS)]
    days = st.sampled_from([None, date(2026, 6, 30), date(2026, 7, 1), date(2031, 12, 31)])
    return st.builds(
        Label,
        level=st.sampled_from(Level),
        rel=st.sampled_from([*named, MembersAt(version=1), MembersAt(version=2)]),
        comp=st.sampled_from(_subsets(Compartment)),
        purp=st.sampled_from([chosen for chosen in _subsets(Purpose) if chosen]),
        cav=st.sampled_from([tuple(sorted(chosen)) for chosen in _subsets((*CAVEATS, "H3:só para a polícia"))]),
        eval=st.sampled_from([None, "B2"]),
        review_by=days,
        expires=days,
        native=st.sampled_from([None, "VS-NfD"]),
    )


def json_values() -> st.SearchStrategy[JsonValue]:
    """Draw any value JSON can carry, and texts it cannot."""
    leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    )


def _subsets(items: Iterable[T]) -> list[frozenset[T]]:
    pool = list(items)
    return [frozenset(chosen) for size in range(len(pool) + 1) for chosen in combinations(pool, size)]
