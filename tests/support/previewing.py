"""Random profiles and lists: what the preview says of each agency, beside what that agency then opens and may show.

Nothing here knows a rule of who may read what. The lists are planned and sealed by the functions that submit, the grants
go to whom the profile's audiences name, and every agency opens what comes with the code that every home opens with.
"""

import datetime as dt
import io
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from clients import preview
from clients.epochs import SealingKeys
from clients.importing import Means, Prepared, prepare
from clients.keyring import SigningKey
from clients.lists.maps import parse_map
from clients.lists.values import Tables
from clients.matching.filling import UNMATCHED
from clients.opening import BatchRecord, Opener, agency_reader
from clients.submitting import _seal
from clients.views import Viewer, view_record
from crypto.digests import sha256
from crypto.signing import Algorithm
from ledger import calibres, makes
from ledger.errors import LabelError
from ledger.grants import Use, parse_grant, seal_grant
from ledger.identifiers import KeyId
from ledger.labels import CAVEATS, Compartment, Label, Level, Members, MembersAt, Purpose
from ledger.plan import Planner
from ledger.profiles import ANY, COVERT, FieldRule, Profile, RecordClass, Stricter, audiences
from ledger.recordform import PORTIONS, parse_record
from ledger.slips import Hit
from ledger.statements import SealedStatement
from tests.support.consortium import NOW, decapsulator, signer

ME = "xar-arms"
PARTNERS = ("xbe-cib", "xco-npa", "xdu-moi", "xeg-fgd")
EVERYBODY = (ME, *PARTNERS)
EVENTS = ("recovery", "sale", "theft", "export", "loss")
FIELDS = (
    "item.make",
    "item.model",
    "item.serials",
    "item.description",
    "event.date",
    "event.place",
    "case.offence",
    "case.actor",
)
MAP = """
[[record]]
event = { column = "event" }
compartments = [COMPARTMENTS]
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.model" = { column = "model" }
"item.serials" = { column = "serial" }
"item.description" = { column = "text" }
"event.date" = { column = "date" }
"event.place" = { column = "place" }
"case.offence" = { column = "offence" }
"case.actor" = { column = "actor" }
"""
HEADER = ("event", "make", "model", "serial", "text", "date", "place", "offence", "actor")
_TABLES = Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)

Seen = dict[tuple[str, str, str, Level], tuple[int, frozenset[str]]]
"""By class, event, portion and level: in how many records an agency reads it, and which fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One profile under one charter, and one list."""

    members: Members
    profile: Profile
    prepared: Prepared


def draw(number: int) -> Case:
    """Return the case of a number, always the same: profiles that contradict themselves are drawn again."""
    chance = random.Random(number)  # noqa: S311 - it has to be repeatable, and protects nothing
    members = _members(chance)
    while True:
        try:
            profile = _profile(chance)
            means = Means(
                tables=_TABLES, planner=Planner(profile, members), row_key=bytes(32), today=dt.date(2026, 1, 1)
            )
            prepared = prepare(_list(chance), parse_map(_map(chance, profile)), means)
        except LabelError:
            continue
        if prepared.rows:
            return Case(members=members, profile=profile, prepared=prepared)


def previewed(case: Case, agency: str) -> Seen:
    """Return what the preview says that `agency` will be able to read."""
    return {
        (line.record_class, line.event, line.portion, line.level): (line.records, frozenset(line.fields))
        for line in preview.schedule(case.prepared).lines
        if agency in line.readers
    }


def opened(case: Case, sealed: "Sealed", agency: str) -> Seen:
    """Return what `agency` opens of what was sealed, and may show to the most trusted of its people."""
    home = PartnerHome(agency, sealed)
    opener: Any = Opener(home, SimpleNamespace(members=lambda: case.members))  # type: ignore[arg-type]
    _, refused = opener.take_grants(list(enumerate(map(parse_grant, (one.entry for one in sealed.grants)))))
    assert refused == {}
    batch = SimpleNamespace(first=0, index=10**6, submission=SimpleNamespace(batch=SimpleNamespace(seq=1)))
    records = [
        BatchRecord(batch=batch, index=index, record=parse_record(one.entry))  # type: ignore[arg-type]
        for index, one in enumerate(sealed.records)
    ]
    found = opener.open_records(records)
    assert found.refused == {}
    counts: Counter[tuple[str, str, str, Level]] = Counter()
    fields: dict[tuple[str, str, str, Level], set[str]] = {}
    for record in found.records:
        record_class, event = sealed.told[record.index]
        for portion, level, names in _shown(case, record, agency):
            key = (record_class, event, portion, level)
            counts[key] += 1
            fields.setdefault(key, set()).update(names)
    return {key: (count, frozenset(fields[key])) for key, count in counts.items()}


def _shown(case: Case, record: Any, agency: str) -> Iterator[tuple[str, Level, frozenset[str]]]:
    """Yield the portions that are shown for any purpose: a person who works for all of them sees no more."""
    seen: dict[str, tuple[Level, frozenset[str]]] = {}
    for purpose in Purpose:
        viewer = Viewer(reader=agency_reader(agency), purpose=purpose, today=dt.date.min, members=case.members)
        for one in view_record(record, viewer).portions:
            if one.level is not None:
                seen[one.portion] = (one.level, frozenset(one.fields))
    for portion, (level, names) in seen.items():
        yield portion, level, names


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What the log would hold: grants and records with their blobs, and of each record what it was planned as."""

    keys: Mapping[str, bytes] = field(repr=False)
    grants: tuple[SealedStatement, ...]
    records: tuple[SealedStatement, ...]
    told: tuple[tuple[str, str], ...]


def seal(case: Case) -> Sealed:
    """Return the list sealed under one epoch of the profile: a key for each of its audiences, a grant for each key."""
    signing = SigningKey(signer=signer(f"{ME}#4", Algorithm.ED25519), kid=KeyId(ME, 4))
    keys = {
        one: sha256(f"{place} {one.level} {sorted(one.recipients)}".encode())
        for place, one in enumerate(audiences(case.profile, case.members))
    }
    grants = [
        seal_grant(
            signer=signing.signer,
            kid=signing.kid,
            iat=NOW,
            use=Use.EPOCH,
            ep=1,
            level=audience.level,
            epoch_key=key,
            recipients={name: decapsulator(name).public_key for name in audience.recipients},
        )
        for audience, key in keys.items()
    ]
    drafted = [(plan, draft) for row in case.prepared.rows for plan, draft in zip(row.plans, row.drafts, strict=True)]
    epoch = SealingKeys(ep=1, keys=keys)
    return Sealed(
        keys={parse_grant(grant.entry).ek.hex(): key for grant, key in zip(grants, keys.values(), strict=True)},
        grants=tuple(grants),
        records=tuple(_seal(signing, epoch, plan, iat=NOW, sup=None, slip=UNMATCHED) for plan, _ in drafted),
        told=tuple((plan.record_class, draft.event) for plan, draft in drafted),
    )


class PartnerHome:
    """As much of an agency's session as opening takes: its keys, an empty replica, and what the service would give it."""

    def __init__(self, agency: str, sealed: Sealed) -> None:
        """Give the originator its own keys, everybody else a decapsulator alone."""
        self.config = SimpleNamespace(id=agency)
        self.keyring = self.replica = self.service = self
        self._agency, self._sealed = agency, sealed
        self._keys = dict(sealed.keys) if agency == ME else {}
        self._grants: list[Any] = []

    def epoch_keys(self) -> Mapping[str, bytes]:
        """Return the epoch keys held."""
        return self._keys

    def put_epoch_keys(self, keys: Mapping[str, bytes]) -> None:
        """Keep more of them."""
        self._keys |= keys

    def decapsulators(self) -> list[Any]:
        """Return what opens this agency's boxes."""
        return [decapsulator(self._agency)]

    def add(self, *, grants: Sequence[Any], state: Mapping[str, int]) -> None:
        """Keep grants; which of them came late is nothing to a list that is sealed after them."""
        del state
        self._grants += grants

    def grants(self, iss: str, ep: int) -> tuple[Any, ...]:
        """Return the grants held for an epoch."""
        return tuple(one for one in self._grants if (one.iss, one.ep) == (iss, ep))

    def opened(self, _start: int, _end: int) -> frozenset[tuple[int, str]]:
        """Return what is here already: nothing."""
        return frozenset()

    def expunged(self) -> Mapping[Any, str]:
        """Return what was expunged: nothing."""
        return {}

    def blobs(self, names: Sequence[Any]) -> list[bytes]:
        """Return what the service gives: a box to whom it is wrapped, a portion to whoever knows its fetch tag."""
        return [self._box(one) if one.place == "box" else self._portion(one) for one in names]

    def _box(self, name: Any) -> bytes:
        (grant,) = (one for one in self._sealed.grants if one.name.jti == name.jti)
        recipients = [one.r for one in parse_grant(grant.entry).to]
        return grant.blobs[recipients.index(self._agency)] if self._agency in recipients else b""

    def _portion(self, name: Any) -> bytes:
        (sealed,) = (one for one in self._sealed.records if one.name.jti == name.jti)
        given = sha256(name.tag) == parse_record(sealed.entry).portions[name.place].a
        return sealed.blobs[1 + PORTIONS.index(name.place)] if given else b""


def _members(chance: random.Random) -> Members:
    """Return two versions of a charter; a partner may be in one, in both, or in neither, and has a ceiling if it is in."""
    versions = {version: frozenset({ME, *(one for one in PARTNERS if chance.random() < 0.8)}) for version in (1, 2)}
    return Members(versions=versions, ceilings={one: chance.choice(list(Level)) for one in sorted(versions[2])})


def _profile(chance: random.Random) -> Profile:
    named = [one for one in PARTNERS if chance.random() < 0.6]
    ceilings = {one: chance.choice(list(Level)) for one in named}
    if chance.random() < 0.7:
        ceilings[ANY] = chance.choice(list(Level))
    classes = tuple(_class(chance, number) for number in range(chance.randint(1, 4)))
    return Profile(agency=ME, classes=classes, markings={}, ceilings=ceilings)


def _class(chance: random.Random, number: int) -> RecordClass:
    covered = frozenset(one for one in Compartment if chance.random() < 0.3) if number % 2 else frozenset()
    labels = {portion: _label(chance) for portion in PORTIONS}
    policies = [Hit.OFF, *([] if covered & COVERT else [Hit.OPEN]), *([Hit.SILENT] if labels["item"].rel == () else [])]
    ruled = [name for name in FIELDS if chance.random() < 0.15]
    return RecordClass(
        name=f"class-{number}",
        events=frozenset({ANY}) if chance.random() < 0.7 else frozenset(chance.sample(EVENTS, 2)),
        compartments=covered,
        labels=labels,
        hit={ANY: chance.choice(policies)},
        fields={name: _rule(chance, labels) for name in ruled},
    )


def _rule(chance: random.Random, labels: Mapping[str, Label]) -> FieldRule:
    """Return a field's own label: often that of the case, where the field can then go."""
    label = labels["case"] if chance.random() < 0.6 else _label(chance)
    return FieldRule(label=label, stricter=chance.choice([Stricter.MOVE, Stricter.MOVE, Stricter.REFUSE]))


def _label(chance: random.Random) -> Label:
    release = chance.random()
    rel = (
        tuple(one for one in PARTNERS if chance.random() < 0.5)
        if release < 0.7
        else MembersAt(version=1 + (release < 0.85))
    )
    return Label(
        level=chance.choice(list(Level)),
        rel=rel,
        comp=frozenset(one for one in Compartment if chance.random() < 0.1),
        purp=frozenset(one for one in Purpose if chance.random() < 0.5) or frozenset({Purpose.TRACE}),
        cav=tuple(sorted(one for one in CAVEATS if chance.random() < 0.1)),
        expires=dt.date(2020, 1, 1) if chance.random() < 0.1 else None,
        review_by=dt.date(2030, 1, 1) if chance.random() < 0.1 else None,
    )


def _map(chance: random.Random, profile: Profile) -> str:
    covered = sorted(one.value for one in chance.choice(profile.classes).compartments)
    chosen = [one for one in covered if chance.random() < 0.7]
    return MAP.replace("COMPARTMENTS", ", ".join(f'"{one}"' for one in chosen))


def _list(chance: random.Random) -> bytes:
    out = io.StringIO()
    out.write(",".join(HEADER) + "\n")
    for number in range(chance.randint(1, 5)):
        event, *others = (
            chance.choice(EVENTS),
            chance.choice(["Taurus", "Colt", "a smith nobody knows"]),
            f"model {number}",
            f"ABC {chance.randint(10_000, 99_999)}",
            "worn",
            "2021-03-14",
            "Rio",
            "robbery",
            "unknown group",
        )
        out.write(",".join([event, *(text if chance.random() < 0.8 else "" for text in others)]) + "\n")
    return out.getvalue().encode()
