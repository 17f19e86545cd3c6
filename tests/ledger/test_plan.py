"""The plan: who will be able to read what, before and after signing, is one and the same."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.decision import Permit, Reader, UnderLabel, permit
from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Label, Level, MembersAt, Purpose, readers
from ledger.markings import exceeding_terms, marking
from ledger.plan import Plan, Planner, Row, describe
from ledger.profiles import ANY, FieldRule, Profile, RecordClass, Stricter, audiences, default_profile
from ledger.recordform import PORTIONS
from ledger.slips import Hit
from tests.support.fields import EVERYBODY, MEMBERS, PARTNERS, PISTOL, US, label, labels, profile

CT = frozenset({Compartment.CT})
SHARED = label(Level.RESTRICTED, *PARTNERS)
OWN = label(Level.SECRET)
TODAY = date(2026, 7, 1)


def _plan(
    ours: Profile, fields: dict[str, JsonValue] | None = None, compartments: frozenset[Compartment] = frozenset()
) -> Plan:
    return Planner(ours, MEMBERS).plan(
        event_kind="recovery", fields=PISTOL if fields is None else fields, compartments=compartments
    )


def _ruled(name: str, own: Label, stricter: Stricter = Stricter.MOVE, **labels_: Label) -> Profile:
    """Return a profile that shares item and event, keeps the case, and has one field rule."""
    placed = {"item": SHARED, "event": SHARED, "case": OWN} | labels_
    return profile(labels=placed, fields={name: FieldRule(label=own, stricter=stricter)})


def test_a_usual_record_goes_where_the_profile_says() -> None:
    """Fields land in their own portions, under the class's labels, for its audiences, with its hit policy."""
    planned = _plan(profile())

    assert planned.record_class == "general"
    assert Hit.OPEN is planned.hit
    assert planned.moved == ()
    assert {name: tuple(portion.fields) for name, portion in planned.portions.items()} == {
        name: tuple(field for field in PISTOL if field.startswith(name)) for name in PORTIONS
    }
    assert set(EVERYBODY) == planned.portions["item"].audience.recipients
    assert {US} == planned.portions["case"].audience.recipients


def test_the_preview_has_a_row_for_every_portion() -> None:
    """Each row names the portion, its fields, its level and every agency that will read it."""
    everybody = tuple(sorted(EVERYBODY))
    item = tuple(name for name in PISTOL if name.startswith("item."))
    event = tuple(name for name in PISTOL if name.startswith("event."))

    assert (
        Row(portion="item", fields=item, level=Level.RESTRICTED, readers=everybody),
        Row(portion="event", fields=event, level=Level.RESTRICTED, readers=everybody),
        Row(
            portion="case",
            fields=("case.case_number", "case.circumstances"),
            level=Level.SECRET,
            readers=(US,),
        ),
    ) == describe(_plan(profile()))


def test_an_empty_case_is_planned_like_a_full_one() -> None:
    """Label, level and audience of a portion do not depend on what it holds."""
    without = {name: value for name, value in PISTOL.items() if not name.startswith("case.")}
    full, empty = _plan(profile()).portions["case"], _plan(profile(), without).portions["case"]

    assert empty.fields == {}
    assert (full.label, full.spelled, full.audience) == (empty.label, empty.spelled, empty.audience)


def test_a_plans_repr_shows_no_content() -> None:
    """A plan that ends up in a log tells neither a serial nor a case."""
    shown = repr(_plan(profile()))

    assert "ABE" not in shown
    assert "2021/443" not in shown


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("no item kind", {"event.kind": "recovery", "item.make": "TAU"}),
        ("no event kind", {"item.kind": "small_arm", "item.make": "TAU"}),
        ("nothing to know it by", {"item.kind": "small_arm", "event.kind": "recovery"}),
        ("a bad value", PISTOL | {"item.condition": "good"}),
        ("an unknown field", PISTOL | {"item.colour": "black"}),
        ("a field of another event", PISTOL | {"event.sale": "resale"}),
        ("another kind than asked for", PISTOL | {"event.kind": "capture", "event.recovery": "found"}),
        (
            "too much for its portion",
            PISTOL | {"case.circumstances": "x" * 1_200, "case.persons": [{"name": "x" * 120, "text": "x" * 200}] * 8},
        ),
    ],
)
def test_what_cannot_be_sealed_is_refused_before_it_is(what: str, fields: dict[str, JsonValue]) -> None:
    """The preview refuses what sealing would, so nothing is found out after signing began."""
    with pytest.raises(LabelError):
        _plan(profile(), fields)

    assert what


def test_another_event_kind_than_the_record_tells_is_refused() -> None:
    """The class is chosen by the event that is sealed, not by one a caller names beside it."""
    with pytest.raises(LabelError) as refusal:
        Planner(profile(), MEMBERS).plan(event_kind="loss", fields=PISTOL)

    assert str(refusal.value).startswith("event.kind: ")


def test_a_stricter_field_moves_to_the_case_under_its_own_name() -> None:
    """A field whose label would drop a reader of its portion is withheld from it, and the preview says so."""
    planned = _plan(_ruled("item.serials", label(Level.RESTRICTED, "xbe-cib")))

    assert "item.serials" not in planned.portions["item"].fields
    assert PISTOL["item.serials"] == planned.portions["case"].fields["item.serials"]
    assert planned.moved == (("item.serials", "its own label is stricter than that of item in readers"),)
    assert "item.serials" in describe(planned)[2].fields


@pytest.mark.parametrize(
    "own",
    [
        label(Level.CONFIDENTIAL, *PARTNERS),
        replace(SHARED, comp=CT),
        replace(SHARED, cav=("NO-COPY",)),
    ],
    ids=["level", "compartment", "caveat"],
)
def test_a_field_is_stricter_in_any_term(own: Label) -> None:
    """A higher level, a compartment or a caveat takes readers away as surely as a shorter list."""
    case = replace(OWN, comp=CT, cav=("NO-COPY",))

    assert [name for name, _ in _plan(_ruled("item.model", own, case=case)).moved] == ["item.model"]


def test_a_field_label_that_its_portion_satisfies_changes_nothing() -> None:
    """A rule for a field that is no stricter than its portion leaves it where it is."""
    laxer = label(Level.UNCLASSIFIED, *PARTNERS)

    planned = _plan(_ruled("item.model", laxer))

    assert planned.moved == ()
    assert "item.model" in planned.portions["item"].fields


def test_a_profile_may_refuse_instead_of_moving() -> None:
    """The person chose to be stopped: the record is refused with field and rule, and no value."""
    ours = _ruled("item.serials", label(Level.SECRET), Stricter.REFUSE)
    with pytest.raises(LabelError) as refusal:
        _plan(ours)

    assert str(refusal.value) == "item.serials: its own label is stricter than that of item in readers, level"


def test_a_rule_for_an_absent_field_stops_nothing() -> None:
    """Only a record that has the field is judged by the field's rule."""
    ours = _ruled("item.defects", label(Level.SECRET), Stricter.REFUSE)

    assert _plan(ours).record_class == "general"


def test_a_field_stricter_than_the_case_is_refused() -> None:
    """There is nowhere to move what even the case would show to too many."""
    ours = _ruled("item.model", replace(OWN, comp=CT))
    own_case = _ruled("case.alias", replace(OWN, comp=CT))
    with pytest.raises(LabelError) as refusal:
        _plan(ours)
    with pytest.raises(LabelError):
        _plan(own_case, PISTOL | {"case.alias": "x"})

    assert "cannot be moved: stricter than that of case in comp" in str(refusal.value)


def test_moving_a_field_never_gives_it_a_new_reader() -> None:
    """A serial of an item that nobody else reads does not reach a partner through a shared case."""
    shared_case = label(Level.SECRET, "xbe-cib")
    ours = _ruled("item.serials", label(Level.SECRET, "xbe-cib"), item=label(Level.RESTRICTED), case=shared_case)

    with pytest.raises(LabelError) as refusal:
        _plan(ours)
    assert str(refusal.value).startswith("item.serials: ")


def test_a_record_in_a_compartment_is_kept_and_silent() -> None:
    """A counter-terrorism record is sealed to its originator, silent, and read only by those read into it."""
    planned = _plan(profile(), compartments=CT)

    assert planned.record_class == "sensitive"
    assert Hit.SILENT is planned.hit
    for portion in planned.portions.values():
        assert {US} == portion.audience.recipients
        assert portion.label.comp == CT


def test_a_shared_portion_does_not_name_the_records_compartment() -> None:
    """Whoever reads the weapon does not learn from its label what kind of case it belongs to."""
    stock = RecordClass(
        name="stock",
        events=frozenset({ANY}),
        compartments=frozenset({Compartment.STOCK}),
        labels={"item": SHARED, "event": OWN, "case": OWN},
        hit={ANY: Hit.OFF},
    )
    ours = replace(profile(), classes=(stock,))
    planned = _plan(ours, compartments=frozenset({Compartment.STOCK}))

    assert [frozenset(), {Compartment.STOCK}, {Compartment.STOCK}] == [
        planned.portions[name].label.comp for name in PORTIONS
    ]


def test_a_compartment_that_no_class_covers_is_refused() -> None:
    """A record in a compartment is never sealed as if it were in none."""
    ours = replace(profile(), classes=profile().classes[:1])

    with pytest.raises(LabelError):
        _plan(ours, compartments=CT)


def test_a_label_of_an_unknown_charter_version_seals_nothing() -> None:
    """Who the members were is known or nothing is sealed to them."""
    with pytest.raises(LabelError):
        _plan(default_profile(US, MembersAt(version=9)))


def test_a_partner_below_the_level_is_left_out_of_key_and_preview_alike() -> None:
    """A lowered ceiling shows in the preview before it shows in a grant."""
    members = replace(MEMBERS, ceilings=dict(MEMBERS.ceilings) | {"xco-npa": Level.UNCLASSIFIED})
    planned = Planner(profile(), members).plan(event_kind="recovery", fields=PISTOL)

    assert "xco-npa" not in planned.portions["item"].audience.recipients
    assert "xco-npa" not in describe(planned)[0].readers


def test_a_planner_decides_each_kind_of_record_once() -> None:
    """A list of records is planned by one planner, with the answers of as many single plans."""
    planner = Planner(profile(), MEMBERS)
    loss = {name: value for name, value in PISTOL.items() if name != "event.recovery"} | {"event.kind": "loss"}

    for event_kind, fields, compartments in (
        ("recovery", PISTOL, frozenset()),
        ("loss", loss, frozenset()),
        ("recovery", PISTOL, CT),
        ("recovery", PISTOL, frozenset()),
    ):
        alone = Planner(profile(), MEMBERS).plan(event_kind=event_kind, fields=fields, compartments=compartments)
        assert alone == planner.plan(event_kind=event_kind, fields=fields, compartments=compartments)


def _profiles() -> st.SearchStrategy[Profile]:
    """Draw profiles of one class with any labels, any rules for fields of the pistol, any ceilings."""
    unmarked = labels().map(lambda drawn: replace(drawn, native=None))
    rules = st.builds(FieldRule, label=unmarked, stricter=st.just(Stricter.MOVE))
    classes = st.builds(
        RecordClass,
        name=st.just("all"),
        events=st.just(frozenset({ANY})),
        compartments=st.just(frozenset()),
        labels=st.fixed_dictionaries(dict.fromkeys(PORTIONS, unmarked)),
        hit=st.just({ANY: Hit.OFF}),
        fields=st.dictionaries(st.sampled_from(sorted(PISTOL)), rules, max_size=3),
    )
    return st.builds(
        Profile,
        agency=st.just(US),
        classes=classes.map(lambda one: (one,)),
        markings=st.just({}),
        ceilings=st.dictionaries(st.sampled_from([*PARTNERS, ANY]), st.sampled_from(Level)),
    )


def _planned(ours: Profile) -> Plan | None:
    try:
        return _plan(ours)
    except LabelError:
        return None


@given(_profiles())
def test_a_plan_loses_no_field_and_invents_none(ours: Profile) -> None:
    """Every field of the record is in exactly one portion, its own or the case."""
    planned = _planned(ours)
    if planned is None:
        return
    placed = [(name, field) for name, portion in planned.portions.items() for field in portion.fields]

    assert sorted(PISTOL) == sorted(field for _, field in placed)
    assert all(name in {field.partition(".")[0], "case"} for name, field in placed)
    assert {field for field, _ in planned.moved} == {f for n, f in placed if n == "case" and not f.startswith("case.")}


@given(_profiles())
def test_every_field_lands_under_a_label_as_strict_as_its_own(ours: Profile) -> None:
    """Whatever the profile says of a field, nobody reads it whom its own label or its portion's would not admit."""
    planned = _planned(ours)
    if planned is None:
        return
    one = ours.classes[0]
    for portion in planned.portions.values():
        above = marking(portion.label, originator=US, members=MEMBERS)
        for field in portion.fields:
            home = marking(one.labels[field.partition(".")[0]], originator=US, members=MEMBERS)
            assert above.readers <= home.readers
            if field in one.fields:
                own = marking(one.fields[field].label, originator=US, members=MEMBERS)
                assert exceeding_terms(own, above) == ()


@given(_profiles(), st.sampled_from(PARTNERS))
def test_the_preview_shows_exactly_who_will_be_permitted(ours: Profile, agency: str) -> None:
    """A row names an agency if and only if its most trusted person would be let in by the decision when reading."""
    planned = _planned(ours)
    if planned is None:
        return
    best = Reader(agency=agency, clearance=Level.SECRET, compartments=frozenset(Compartment))
    for row in describe(planned):
        portion = planned.portions[row.portion]
        cap = ours.ceiling(agency)
        carried = UnderLabel(
            label=replace(portion.label, expires=None),
            originator=US,
            readers=readers(portion.label, originator=US, members=MEMBERS),
            bound=None if cap is None else min(cap, portion.audience.level),
        )
        answers = [
            permit(best, carried, purpose=purpose, charter_ceiling=MEMBERS.ceilings[agency], today=TODAY)
            for purpose in Purpose
        ]
        assert (agency in row.readers) == any(isinstance(answer, Permit) for answer in answers)


@given(_profiles())
def test_every_audience_of_a_plan_is_one_of_the_profiles(ours: Profile) -> None:
    """No record uses an epoch key that its epoch's grants do not carry, so which one it uses stays hidden."""
    planned = _planned(ours)
    if planned is None:
        return
    granted = audiences(ours, MEMBERS)

    assert all(portion.audience in granted for portion in planned.portions.values())
