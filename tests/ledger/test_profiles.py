"""Profiles: rules that hold before the first record, audiences that never exceed a label."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LabelError
from ledger.eventfields import KINDS
from ledger.labels import Compartment, Label, Level, Members, MembersAt, Purpose, readers
from ledger.profiles import (
    ANY,
    Audience,
    FieldRule,
    Profile,
    RecordClass,
    Stricter,
    audience,
    audiences,
    check,
    default_profile,
)
from ledger.recordform import PORTIONS
from ledger.slips import Hit
from tests.support.fields import EVERYBODY, MEMBERS, PARTNERS, US, label, labels, profile

TODAY = date(2026, 7, 1)
NONE: frozenset[Compartment] = frozenset()


def _class(**changes: object) -> RecordClass:
    own = label(Level.SECRET)
    base = RecordClass(
        name="all",
        events=frozenset({ANY}),
        compartments=NONE,
        labels=dict.fromkeys(PORTIONS, own),
        hit={ANY: Hit.OFF},
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # names checked at run time


def _profile(*classes: RecordClass) -> Profile:
    return Profile(agency=US, classes=classes, markings={}, ceilings={ANY: Level.SECRET})


def test_the_default_shares_the_weapon_and_keeps_the_case() -> None:
    """Item and event RESTRICTED to the members named, the case SECRET to the originator only."""
    general = default_profile(US, PARTNERS).classes[0]

    assert [(general.labels[portion].level, general.labels[portion].rel) for portion in PORTIONS] == [
        (Level.RESTRICTED, PARTNERS),
        (Level.RESTRICTED, PARTNERS),
        (Level.SECRET, ()),
    ]


def test_the_default_names_more_than_twenty_members_by_their_charter() -> None:
    """Fifty members are one word, `members@V`, and one audience."""
    fifty = frozenset(f"xaa-agency{number:02}" for number in range(50))
    members = Members(versions={7: fifty}, ceilings=dict.fromkeys(fifty, Level.RESTRICTED))
    ours = default_profile("xaa-agency00", MembersAt(version=7))

    assert Audience(level=Level.RESTRICTED, recipients=fifty) in audiences(ours, members)


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_hit_policy_is_open_for_what_others_look_for(kind: str) -> None:
    """Lost, stolen, exported, sold and recovered weapons match openly; no other event does."""
    general = default_profile(US, PARTNERS).class_for(event_kind=kind, compartments=NONE)
    expected = Hit.OPEN if kind in {"loss", "theft", "export", "sale", "recovery"} else Hit.OFF

    assert expected is general.hit_for(kind)


@pytest.mark.parametrize("compartment", Compartment)
def test_the_default_seals_whatever_is_in_a_compartment_to_the_originator(compartment: Compartment) -> None:
    """A record in any compartment reaches no other agency and matches silently."""
    chosen = default_profile(US, PARTNERS).class_for(event_kind="capture", compartments=frozenset({compartment}))

    assert all(chosen.labels[portion].originator_only for portion in PORTIONS)
    assert Hit.SILENT is chosen.hit_for("capture")


def test_a_record_in_a_compartment_never_falls_into_an_open_class() -> None:
    """A class without compartments takes no record that has one, though it takes every event."""
    with pytest.raises(LabelError):
        _profile(_class()).class_for(event_kind="loss", compartments=frozenset({Compartment.OPS}))


def test_a_class_must_cover_every_compartment_of_a_record() -> None:
    """One covered compartment of two is not enough: the other would be lost."""
    only_ct = _profile(_class(compartments=frozenset({Compartment.CT}), hit={ANY: Hit.SILENT}))

    assert only_ct.classes[0] is only_ct.class_for(event_kind="loss", compartments=frozenset({Compartment.CT}))
    with pytest.raises(LabelError):
        only_ct.class_for(event_kind="loss", compartments=frozenset({Compartment.CT, Compartment.PII}))
    with pytest.raises(LabelError):
        only_ct.class_for(event_kind="loss", compartments=NONE)


def test_the_first_class_that_takes_a_record_seals_it() -> None:
    """Classes are tried in the order of the file, the special before the general."""
    special = _class(name="transfers", events=frozenset({"export", "import"}))
    ours = _profile(special, _class())

    assert special is ours.class_for(event_kind="export", compartments=NONE)
    assert ours.classes[1] is ours.class_for(event_kind="loss", compartments=NONE)


def test_an_event_that_no_class_takes_is_refused() -> None:
    """There is no default class: what nobody thought of is not sealed to anybody."""
    with pytest.raises(LabelError):
        _profile(_class(events=frozenset({"loss"}))).class_for(event_kind="theft", compartments=NONE)


def test_a_hit_policy_may_be_set_for_one_event_kind() -> None:
    """The policy of the event comes before that of the class."""
    ours = _class(hit={ANY: Hit.OFF, "loss": Hit.OPEN})

    assert [ours.hit_for("loss"), ours.hit_for("theft")] == [Hit.OPEN, Hit.OFF]


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("no name", {"name": ""}),
        ("a name of other signs", {"name": "CT class"}),
        ("no events", {"events": frozenset()}),
        ("an unknown event", {"events": frozenset({"seizure"})}),
        ("a missing portion", {"labels": {"item": label(), "event": label()}}),
        ("a fourth portion", {"labels": dict.fromkeys((*PORTIONS, "route"), label())}),
        ("an event without hit policy", {"hit": {}}),
        ("a hit policy for half of its events", {"events": frozenset({"loss", "theft"}), "hit": {"loss": Hit.OFF}}),
        ("a hit policy for an unknown event", {"hit": {ANY: Hit.OFF, "seizure": Hit.OFF}}),
        ("an unknown field", {"fields": {"item.colour": FieldRule(label=label(), stricter=Stricter.MOVE)}}),
        ("an open hit on a counter-terrorism record", {"compartments": {Compartment.CT}, "hit": {ANY: Hit.OPEN}}),
        (
            "an open hit on one event of a source's records",
            {"compartments": {Compartment.SRC}, "hit": {ANY: Hit.SILENT, "loss": Hit.OPEN}},
        ),
        (
            "a silent hit on an item that others read",
            {"labels": dict.fromkeys(PORTIONS, label(Level.SECRET, "xbe-cib")), "hit": {ANY: Hit.SILENT}},
        ),
        (
            "a silent hit on an item for all members",
            {
                "labels": dict.fromkeys(PORTIONS, replace(label(), rel=MembersAt(version=1))),
                "hit": {ANY: Hit.OFF, "loss": Hit.SILENT},
            },
        ),
    ],
)
def test_a_class_that_breaks_a_rule_cannot_be_built(what: str, changes: dict[str, object]) -> None:
    """A mistake in the profile is found before the list, not at row 4,000."""
    with pytest.raises(LabelError):
        _class(**changes)

    assert what


def test_a_class_whose_events_all_have_a_policy_needs_no_star() -> None:
    """Every event kind named is as good as one rule for any."""
    both = {"loss": Hit.OFF, "theft": Hit.OPEN}

    assert Hit.OPEN is _class(events=frozenset(both), hit=both).hit_for("theft")


@pytest.mark.parametrize("number", [0, 9])
def test_a_profile_has_one_to_eight_classes(number: int) -> None:
    """Eight classes of three portions are at most 24 audiences an epoch."""
    with pytest.raises(LabelError):
        _profile(*(_class(name=f"c{index}") for index in range(number)))

    assert len(_profile(*(_class(name=f"c{index}") for index in range(8))).classes) == 8


def test_two_classes_of_one_name_are_refused() -> None:
    """A report that names a class names one."""
    with pytest.raises(LabelError):
        _profile(_class(), _class())


@pytest.mark.parametrize("agency", ["", "Arms", "xar_arms", "xar-arms\n"])
def test_agencies_of_a_profile_have_agency_ids(agency: str) -> None:
    """A misspelled partner is refused, not silently capped at nothing."""
    with pytest.raises(LabelError):
        replace(_profile(_class()), agency=agency)
    with pytest.raises(LabelError):
        replace(_profile(_class()), ceilings={agency: Level.SECRET})


def test_the_originator_is_not_named_in_its_own_labels() -> None:
    """One spelling: the originator always reads, so naming it would make an originator-only label look shared."""
    with pytest.raises(LabelError):
        _profile(_class(labels=dict.fromkeys(PORTIONS, label(Level.SECRET, US))))


def test_a_national_marking_stands_at_its_own_level_only() -> None:
    """A label cannot carry a marking the profile does not know, or one of another level."""
    marked = replace(label(Level.RESTRICTED), native="VS-NfD")
    ours = _class(labels=dict.fromkeys(PORTIONS, marked))

    assert replace(_profile(_class()), classes=(ours,), markings={"VS-NfD": Level.RESTRICTED}).classes == (ours,)
    for markings in ({}, {"VS-NfD": Level.SECRET}, {"VS-VERTRAULICH": Level.RESTRICTED}):
        with pytest.raises(LabelError):
            replace(_profile(_class()), classes=(ours,), markings=markings)


def test_the_labels_of_fields_keep_the_rules_too() -> None:
    """A field's own label is checked like a portion's."""
    rule = FieldRule(label=label(Level.SECRET, US), stricter=Stricter.MOVE)

    with pytest.raises(LabelError) as refusal:
        _profile(_class(fields={"item.defects": rule}))
    assert str(refusal.value).startswith("all.item.defects: ")


def test_a_partner_without_a_ceiling_gets_nothing() -> None:
    """There is no default release: a partner neither named nor covered by `*` is sent nothing."""
    shared = label(Level.UNCLASSIFIED, *PARTNERS)
    ours = replace(_profile(_class()), ceilings={"xbe-cib": Level.SECRET})

    assert Audience(level=Level.UNCLASSIFIED, recipients=frozenset({US, "xbe-cib"})) == audience(ours, shared, MEMBERS)
    assert ours.ceiling("xco-npa") is None


def test_a_named_ceiling_comes_before_the_star() -> None:
    """A partner trusted less than the rest is capped by its own line."""
    ours = replace(_profile(_class()), ceilings={ANY: Level.SECRET, "xbe-cib": Level.UNCLASSIFIED})

    recipients = audience(ours, label(Level.SECRET, *PARTNERS), MEMBERS).recipients

    assert {US, "xco-npa", "xdu-moi"} == recipients


@pytest.mark.parametrize("ceilings", [{}, {US: Level.SECRET}, dict.fromkeys((US, *PARTNERS), Level.UNCLASSIFIED)])
def test_the_charter_caps_whoever_the_label_names(ceilings: dict[str, Level]) -> None:
    """An agency that left, or whose ceiling is lower, is no recipient, whatever the label says."""
    members = replace(MEMBERS, ceilings=ceilings)

    assert {US} == audience(_profile(_class()), label(Level.RESTRICTED, *PARTNERS), members).recipients


@given(
    labels(),
    st.dictionaries(st.sampled_from([*PARTNERS, ANY]), st.sampled_from(Level)),
    st.dictionaries(st.sampled_from(EVERYBODY), st.sampled_from(Level)),
)
def test_nothing_is_sealed_to_a_reader_the_label_does_not_name(
    drawn: Label, ceilings: dict[str, Level], charter: dict[str, Level]
) -> None:
    """For any label, profile and charter the audience is within the label, under both ceilings, with the originator."""
    ours = replace(_profile(_class()), ceilings=ceilings)
    members = replace(MEMBERS, ceilings=charter)
    found = audience(ours, drawn, members)

    assert US in found.recipients <= readers(drawn, originator=US, members=MEMBERS)
    assert found.level is drawn.level
    for agency in found.recipients - {US}:
        assert drawn.level <= charter[agency]
        assert drawn.level <= ceilings.get(agency, ceilings.get(ANY, Level.UNCLASSIFIED))


def test_the_audiences_of_a_profile_are_distinct_and_sorted() -> None:
    """Classes that share an audience share its epoch key, and every desk lists them in one order."""
    assert (
        Audience(level=Level.RESTRICTED, recipients=frozenset(EVERYBODY)),
        Audience(level=Level.SECRET, recipients=frozenset({US})),
    ) == audiences(profile(), MEMBERS)


def test_the_audiences_do_not_depend_on_expiry() -> None:
    """An epoch key is for the audience as the label names it; the day of expiry is the reader's to judge."""
    expired = replace(label(Level.RESTRICTED, *PARTNERS), expires=date(2001, 1, 1))

    assert set(EVERYBODY) == audience(_profile(_class()), expired, MEMBERS).recipients


def test_a_sound_profile_has_no_findings() -> None:
    """The default profile, with ceilings to match, does what it says."""
    assert check(profile(), MEMBERS, today=TODAY) == ()


def test_the_check_names_whoever_a_label_names_in_vain() -> None:
    """A partner that could not read a portion although its label names it is found before sealing."""
    low = replace(MEMBERS, ceilings=dict(MEMBERS.ceilings) | {"xco-npa": Level.UNCLASSIFIED})

    found = check(profile(), low, today=TODAY)

    assert [(one.where, "xco-npa" in one.what) for one in found] == [("general.item", True), ("general.event", True)]


def test_the_check_finds_days_gone_by_and_versions_unknown() -> None:
    """An expired label, a review due and a charter version not known here are each named, fields' labels too."""
    expired = replace(label(Level.SECRET), expires=date(2026, 6, 30), review_by=date(2026, 6, 30))
    unknown = replace(label(Level.SECRET), rel=MembersAt(version=9))
    rule = FieldRule(label=unknown, stricter=Stricter.MOVE)
    ours = _profile(_class(labels=dict.fromkeys(PORTIONS, label()) | {"case": expired}, fields={"item.defects": rule}))

    found = check(ours, MEMBERS, today=TODAY)

    assert [one.where for one in found] == ["all.case", "all.case", "all.item.defects"]
    assert check(ours, replace(MEMBERS, versions={9: frozenset(EVERYBODY)}), today=date(2026, 6, 30)) == ()


def test_a_label_for_a_purpose_of_its_own_still_has_its_audience() -> None:
    """Recipients are those who may read it for any purpose the label names."""
    stats = label(Level.RESTRICTED, *PARTNERS, purp=frozenset({Purpose.STATS}))

    assert set(EVERYBODY) == audience(_profile(_class()), stats, MEMBERS).recipients
