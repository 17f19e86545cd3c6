"""What is printed fits 80 columns, says what is withheld, and lets no text of others play tricks."""

import datetime as dt
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from clients.plaintext import visible, wrap
from clients.replica import StoredPortion, StoredRecord
from clients.show import Proof, banner, render, serials, to_json
from clients.views import Viewer, view_record
from ledger import makes
from ledger.decision import Reader
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Label, Level, Members, Purpose

MEMBERS = Members(
    versions={1: frozenset({"xar-arms", "xbe-cib"})}, ceilings={"xar-arms": Level.SECRET, "xbe-cib": Level.RESTRICTED}
)
SHARED = Label(level=Level.RESTRICTED, rel=("xbe-cib",), purp=frozenset({Purpose.TRACE}))
ITEM: Mapping[str, JsonValue] = {
    "item.kind": "small_arm",
    "item.type": "PI",
    "item.make": "TAS",
    "item.model": "PT 92",
    "item.calibre": "9x19",
    "item.country_of_manufacture": "BRA",
    "item.serials": [{"as_marked": "ABE 573528", "location": "frame", "condition": "legible"}],
    "item.lot": "L7",
}
EVENT: Mapping[str, JsonValue] = {
    "event.kind": "recovery",
    "event.recovery": "seized",
    "event.date": "2021-03-14",
    "event.country": "BRA",
    "event.place": "Rio de Janeiro",
    "event.locode": "BRRIO",
}
PROOF = Proof(size=4_031, witnesses="UNWITNESSED", checked=1_000, now=1_130)


def record(portions: Mapping[str, tuple[Label, Mapping[str, JsonValue]]]) -> StoredRecord:
    """Return a stored record with the given open portions."""
    return StoredRecord(
        index=2_114,
        name=StatementName("xar-arms", bytes(16)),
        kid="xar-arms#4",
        iat=0,
        ep=1,
        sup=None,
        batch=2_120,
        seq=17,
        entry=b"",
        portions={
            name: StoredPortion(
                portion=name, level=label.level, label=label.to_json(), fields=fields, disclosures=("a",)
            )
            for name, (label, fields) in portions.items()
        },
    )


def viewer(agency: str = "xbe-cib", purpose: Purpose = Purpose.TRACE, today: dt.date = dt.date(2026, 1, 1)) -> Viewer:
    """Return a fully cleared person of an agency."""
    reader = Reader(agency=agency, clearance=Level.SECRET, compartments=frozenset(Compartment))
    return Viewer(reader=reader, purpose=purpose, today=today, members=MEMBERS)


def test_the_record_looks_as_it_was_drawn() -> None:
    """The picture in the README, line by line."""
    view = view_record(record({"item": (SHARED, ITEM), "event": (SHARED, EVENT)}), viewer())

    assert render(view, PROOF, makes=makes.BUILT_IN, contact="Duty desk, 24/7").splitlines() == [
        "RESTRICTED · xar-arms · REL TO xbe-cib",
        "record xar-arms/AAAAAAAAAAAAAAAAAAAAAA   recovery (seized)   2021-03-14",
        "",
        "(R) Item    semi-automatic pistol · Taurus · PT 92 · 9x19 · made in Brazil",
        "            serial  ABE 573528   frame, legible",
        "            lot  L7",
        "(R) Event   recovery (seized) · BRA, Rio de Janeiro (BR RIO) · 2021-03-14",
        "(?) Case    ████████████████████  withheld · ask xar-arms",
        "",
        "✓ verified  signed by xar-arms#4 · batch 17 (Ed25519 + ML-DSA-65)",
        "            entry 2,114 of 4,031 · UNWITNESSED · 2 minutes ago",
        "ask         xar-arms: Duty desk, 24/7",
        "RESTRICTED · xar-arms · REL TO xbe-cib",
    ]


@pytest.mark.parametrize(
    "who",
    [
        viewer(purpose=Purpose.SANCTIONS),
        viewer(agency="xco-npa"),
        viewer(agency="xbe-cib", today=dt.date(2031, 1, 1)),
    ],
)
def test_a_label_that_does_not_admit_the_viewer_withholds(who: Viewer) -> None:
    """Another purpose, another agency, an expired label: nothing is shown, and nothing tells why to the screen."""
    label = Label(
        level=Level.RESTRICTED, rel=("xbe-cib",), purp=frozenset({Purpose.TRACE}), expires=dt.date(2030, 1, 1)
    )
    view = view_record(record({"item": (label, ITEM)}), who)

    assert view.marking is None
    assert "ABE" not in render(view, PROOF, makes=makes.BUILT_IN, contact="")
    assert to_json(view, PROOF, members=frozenset())["tlp"] is None


def test_a_label_of_an_unknown_version_withholds() -> None:
    """What a newer agency may mean is not guessed."""
    stored = record({"item": (SHARED, ITEM)})
    strange = StoredPortion(portion="item", level=Level.SECRET, label={"level": "COSMIC"}, fields=ITEM, disclosures=())
    view = view_record(
        StoredRecord(
            **{name: getattr(stored, name) for name in stored.__slots__ if name != "portions"},
            portions={"item": strange},
        ),
        viewer(),
    )

    assert all(portion.withheld for portion in view.portions)


def test_attack_two_values_of_one_field_in_two_portions() -> None:
    """Who is shown both portions of a record that says two things of one field is told so, and shown the first alone."""
    lying = {"case.offence": "murder", "item.lot": "L8"}
    view = view_record(record({"item": (SHARED, ITEM), "case": (SHARED, lying)}), viewer())
    item, _, case = view.portions

    assert (item.withheld, case.withheld) == (False, True)
    assert case.reason == "it gives a field another value than a portion before it"
    assert view.fields == ITEM


def test_a_field_shown_twice_with_one_value_is_no_contradiction() -> None:
    """A field that lies in the case may be released by itself and again with the case."""
    view = view_record(record({"item": (SHARED, ITEM), "case": (SHARED, {"item.lot": "L7"})}), viewer())

    assert not any(portion.withheld for portion in view.portions if portion.portion != "event")


def test_the_banner_is_the_join_of_what_is_shown() -> None:
    """A page with the case on it is marked as high as the case, and as narrow."""
    own = Label(level=Level.SECRET, rel=(), purp=frozenset({Purpose.TRACE}), comp=frozenset({Compartment.CT}))
    view = view_record(record({"item": (SHARED, ITEM), "case": (own, {})}), viewer("xar-arms"))

    assert banner(view.marking, "xar-arms") == "SECRET · xar-arms · ORIGINATOR ONLY · CT"
    text = render(view, PROOF, makes=makes.BUILT_IN, contact="")
    assert "(S) Case    nothing recorded" in text


def test_hidden_characters_are_spelled_out() -> None:
    """Direction overrides, zero-width letters and escapes show themselves instead of acting."""
    assert visible("A\u202eB\u200bC\x1b[2J\nD") == "A<U+202E>B<U+200B>C<U+001B>[2J D"


@given(st.text(max_size=200), st.integers(20, 80))
def test_no_line_is_wider_than_asked(text: str, width: int) -> None:
    """Wide letters count twice, long words are cut, nothing is lost."""
    shown = visible(text)
    lines = list(wrap(shown, width=width, indent="  "))

    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(shown.split())


@given(
    st.dictionaries(st.sampled_from(sorted(ITEM)), st.text(max_size=100) | st.lists(st.text(max_size=9), max_size=3))
)
def test_fields_of_any_form_are_shown(fields: dict[str, JsonValue]) -> None:
    """What a newer agency writes into a field never breaks the page."""
    view = view_record(record({"item": (SHARED, fields)}), viewer())

    text = render(view, PROOF, makes=makes.BUILT_IN, contact="")
    assert all(cell_len(line) <= 80 for line in text.splitlines())


def test_a_place_that_is_none_of_the_usual_is_not_said() -> None:
    """`other` beside a number would ask: other than what?"""
    item = {"item.serials": [{"as_marked": "A 1", "location": "other", "condition": "worn"}]}

    assert serials(item) == [("A 1", "worn")]
