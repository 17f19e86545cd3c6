"""Labels, profiles and records that several tests of the field start from, and hypothesis' ways to draw labels."""

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from ledger.jsontext import JsonValue
from ledger.labels import CAVEATS, Compartment, Label, Level, Members, MembersAt, Purpose
from ledger.profiles import Profile, RecordClass, default_profile

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


def days() -> st.SearchStrategy[date | None]:
    """Draw a day or none."""
    return st.none() | st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1))


def caveats() -> st.SearchStrategy[tuple[str, ...]]:
    """Draw caveats in their one order, handling texts too."""
    handling = st.sampled_from(["H3:not before trial", "H3:só para a polícia"])
    return st.sets(st.sampled_from(CAVEATS) | handling, max_size=4).map(lambda drawn: tuple(sorted(drawn)))


def labels() -> st.SearchStrategy[Label]:
    """Draw any label that partners of these tests could carry."""
    named = st.sets(st.sampled_from(PARTNERS)).map(lambda drawn: tuple(sorted(drawn)))
    return st.builds(
        Label,
        level=st.sampled_from(Level),
        rel=named | st.builds(MembersAt, version=st.sampled_from([1, 2])),
        comp=st.frozensets(st.sampled_from(Compartment)),
        purp=st.frozensets(st.sampled_from(Purpose), min_size=1),
        cav=caveats(),
        eval=st.none() | st.just("B2"),
        review_by=days(),
        expires=days(),
        native=st.none() | st.just("VS-NfD"),
    )


def json_values() -> st.SearchStrategy[JsonValue]:
    """Draw any value JSON can carry, and texts it cannot."""
    leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    )
