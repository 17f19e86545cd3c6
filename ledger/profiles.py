"""Profiles: an agency's standing decisions about who reads what (docs/vocabulary.md, 6; ADR 0017).

At most eight record classes, each with one label a portion. A profile that breaks a rule cannot be built, so whatever
is sealed by one has been thought through before the first record and not in the middle of a list.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType

from ledger.decision import Permit, Reader, UnderLabel, permit
from ledger.errors import LabelError, MalformedError
from ledger.eventfields import KINDS
from ledger.identifiers import agency_id
from ledger.labels import Compartment, Label, Level, Members, Purpose, Release, readers
from ledger.recordform import PORTIONS
from ledger.slips import Hit
from ledger.vocabulary import FIELDS

MAX_CLASSES = 8
ANY = "*"

# As for a release (docs/protocol.md, 6.20): what is shown to others above it takes two officers.
ALONE = Level.CONFIDENTIAL

# What a silent hit is for, and what must never answer with owner and record (docs/protocol.md, 6).
COVERT = frozenset({Compartment.CT, Compartment.SRC})

_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")


class Stricter(Enum):
    """What becomes of a field whose own label is stricter than its portion's."""

    MOVE = "move"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """A label for one field, and what to do where its portion's label would show it to more readers."""

    label: Label
    stricter: Stricter


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordClass:
    """Which records are sealed alike: by event kind (or `*`) and compartments; a label for every portion."""

    name: str
    events: frozenset[str]
    compartments: frozenset[Compartment]
    labels: Mapping[str, Label]
    hit: Mapping[str, Hit]
    fields: Mapping[str, FieldRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise LabelError, naming the class and the rule."""
        _check_names(self)
        _check_hits(self)

    def takes(self, *, event_kind: str, compartments: frozenset[Compartment]) -> bool:
        """Say whether a record belongs here: all its compartments are covered, and one without any is not mixed in."""
        covered = compartments <= self.compartments and bool(compartments) == bool(self.compartments)
        return covered and bool(self.events & {event_kind, ANY})

    def hit_for(self, event_kind: str) -> Hit:
        """Return the hit policy of an event kind."""
        return self.hit[event_kind] if event_kind in self.hit else self.hit[ANY]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An agency's classes in the order they are tried, its national markings, its ceilings for partners.

    A partner that `ceilings` does not name, while it has no `*`, gets nothing: there is no default release. `alone` is
    the highest level that one officer alone seals to others; a profile may lower it and not raise it.
    """

    agency: str
    classes: tuple[RecordClass, ...]
    markings: Mapping[str, Level]
    ceilings: Mapping[str, Level]
    alone: Level = ALONE

    def __post_init__(self) -> None:
        """Raise LabelError, naming the class and the rule."""
        names = [one.name for one in self.classes]
        if not 1 <= len(names) <= MAX_CLASSES or len(set(names)) != len(names):
            raise LabelError(f"profile: expected 1 to {MAX_CLASSES} classes of different names")
        if self.alone > ALONE:
            raise LabelError(f"profile: alone is at most {ALONE.value}; what is above it takes two officers everywhere")
        for agency in (self.agency, *(self.ceilings.keys() - {ANY})):
            _check_agency(agency)
        for one in self.classes:
            for place, label in _labels(one):
                _check_label(self, f"{one.name}.{place}", label)

    def class_for(self, *, event_kind: str, compartments: frozenset[Compartment]) -> RecordClass:
        """Return the first class that takes a record; raise LabelError where none does."""
        for one in self.classes:
            if one.takes(event_kind=event_kind, compartments=compartments):
                return one
        raise LabelError("profile: no class takes this event kind in these compartments; add one")

    def ceiling(self, agency: str) -> Level | None:
        """Return the highest level this agency sends to `agency`, None for none at all."""
        return self.ceilings.get(agency, self.ceilings.get(ANY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who shares one epoch key: a level and the recipients, the originator among them."""

    level: Level
    recipients: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFinding:
    """Something in a profile that will not do what it seems to say: where, and why."""

    where: str
    what: str


def default_profile(agency: str, members: Release) -> Profile:
    """Return the profile an agency starts with: item and event to `members`, RESTRICTED; the case to itself, SECRET.

    Whatever is in a compartment is sealed to the agency itself and matched silently.
    """
    shared = Label(level=Level.RESTRICTED, rel=members, purp=frozenset({Purpose.TRACE, Purpose.CRIM, Purpose.STATS}))
    own = Label(level=Level.SECRET, rel=(), purp=frozenset(Purpose))
    told = dict.fromkeys(("loss", "theft", "export", "sale", "recovery"), Hit.OPEN)
    general = RecordClass(
        name="general",
        events=frozenset({ANY}),
        compartments=frozenset(),
        labels={"item": shared, "event": shared, "case": own},
        hit={**told, ANY: Hit.OFF},
    )
    sensitive = RecordClass(
        name="sensitive",
        events=frozenset({ANY}),
        compartments=frozenset(Compartment),
        labels=dict.fromkeys(PORTIONS, own),
        hit={ANY: Hit.SILENT},
    )
    return Profile(
        agency=agency, classes=(general, sensitive), markings={}, ceilings=MappingProxyType({ANY: Level.RESTRICTED})
    )


def audience(profile: Profile, label: Label, members: Members) -> Audience:
    """Return who gets the key of a portion under `label`: those it names and the decision lets pass.

    Asked for the most trusted person an agency could have: keys enforce the agency, its desk the person. An expired
    label still has its audience: expiry is judged by the reader's clock.
    """
    named = readers(label, originator=profile.agency, members=members)
    return Audience(level=label.level, recipients=frozenset(a for a in named if _passes(profile, label, members, a)))


def audiences(profile: Profile, members: Members) -> tuple[Audience, ...]:
    """Return the distinct audiences of all classes and portions, sorted: each epoch has one grant for each."""
    distinct = {audience(profile, one.labels[portion], members) for one in profile.classes for portion in PORTIONS}
    return tuple(sorted(distinct, key=lambda each: (each.level, sorted(each.recipients))))


def check(profile: Profile, members: Members, *, today: date) -> tuple[ProfileFinding, ...]:
    """Return what in `profile` will not work as it reads under the charter in force; raise LabelError for nothing."""
    return tuple(
        ProfileFinding(where=f"{one.name}.{place}", what=what)
        for one in profile.classes
        for place, label in _labels(one)
        for what in _findings(profile, label, members, today)
    )


def _passes(profile: Profile, label: Label, members: Members, agency: str) -> bool:
    best = Reader(agency=agency, clearance=max(Level), compartments=frozenset(Compartment))
    carried = UnderLabel(
        label=label,
        originator=profile.agency,
        readers=readers(label, originator=profile.agency, members=members),
        bound=profile.ceiling(agency),
    )
    answers = (
        permit(best, carried, purpose=purpose, charter_ceiling=members.ceilings.get(agency), today=date.min)
        for purpose in label.purp
    )
    return any(isinstance(answer, Permit) for answer in answers)


def _findings(profile: Profile, label: Label, members: Members, today: date) -> list[str]:
    try:
        named = readers(label, originator=profile.agency, members=members)
    except LabelError as error:
        return [str(error)]
    shut_out = sorted(named - audience(profile, label, members).recipients)
    found = [f"names {agency}, which cannot read it: no member, or its ceiling is lower" for agency in shut_out]
    if label.expires is not None and label.expires < today:
        found.append("has expired: nobody could read it")
    if label.review_by is not None and label.review_by < today:
        found.append("is due for review")
    return found


def _labels(one: RecordClass) -> list[tuple[str, Label]]:
    return [*one.labels.items(), *((name, rule.label) for name, rule in one.fields.items())]


def _check_names(one: RecordClass) -> None:
    if not _NAME.fullmatch(one.name):
        raise LabelError("profile: a class has a name of small letters, digits and hyphens, at most 24")
    if set(one.labels) != set(PORTIONS):
        raise LabelError(f"{one.name}: expected a label for item, event and case, and no other")
    if not one.events or not one.events <= {*KINDS, ANY}:
        raise LabelError(f"{one.name}.events: expected event kinds, or *")
    if not one.fields.keys() <= FIELDS.keys():
        raise LabelError(f"{one.name}.fields: names a field that is not in the vocabulary")


def _check_hits(one: RecordClass) -> None:
    if not one.hit.keys() <= {*KINDS, ANY} or (ANY not in one.hit and not one.events <= one.hit.keys()):
        raise LabelError(f"{one.name}.hit: expected a policy for each event kind of the class, or for *")
    policies = set(one.hit.values())
    if Hit.OPEN in policies and one.compartments & COVERT:
        raise LabelError(f"{one.name}.hit: a class with CT or SRC is silent or off, never open")
    if Hit.SILENT in policies and not one.labels["item"].originator_only:
        raise LabelError(f"{one.name}.hit: silent needs an item portion sealed to the originator only")


def _check_label(profile: Profile, where: str, label: Label) -> None:
    if isinstance(label.rel, tuple) and profile.agency in label.rel:
        raise LabelError(f"{where}: rel names the originator, who always reads")
    if label.native is not None and profile.markings.get(label.native) is not label.level:
        raise LabelError(f"{where}: native is not among the profile's markings at this level")


def _check_agency(agency: str) -> None:
    try:
        agency_id(agency)
    except MalformedError as error:
        raise LabelError(f"profile: {error}") from error
