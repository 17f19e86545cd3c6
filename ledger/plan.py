"""Who will be able to read what: the one function that preview and sealing both call (docs/vocabulary.md, 6).

Nothing is ever sealed to a reader its own label does not name. A field with a label of its own, stricter than its
portion's, goes under its own name into the case, or the record is refused with field and rule: its profile chose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ledger.capacity import free_bytes
from ledger.disclosures import spell_value
from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Label, Level, Members
from ledger.markings import Marking, exceeding_terms, marking
from ledger.profiles import Audience, Profile, Stricter, audience
from ledger.recordform import PORTIONS
from ledger.slips import Hit
from ledger.vocabulary import check_portion, check_record, portion_of

_CASE = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPortion:
    """What one portion will hold, under which label (`spelled` is what is sealed of it), for whom."""

    label: Label
    spelled: bytes = field(repr=False)
    audience: Audience
    fields: Mapping[str, JsonValue] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A record as it will be sealed; `moved` names each field that went to the case, and why."""

    record_class: str
    portions: Mapping[str, PlannedPortion]
    moved: tuple[tuple[str, str], ...]
    hit: Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the preview: a portion, its fields, its level, and every agency that will read it."""

    portion: str
    fields: tuple[str, ...]
    level: Level
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What all records of one event kind and the same compartments have in common."""

    record_class: str
    portions: Mapping[str, PlannedPortion]
    moves: Mapping[str, str]
    refusals: Mapping[str, str]
    hit: Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    why: str
    to_case: bool
    refused: bool


class Planner:
    """Plans records under one profile and one charter; what records have in common is decided once."""

    def __init__(self, profile: Profile, members: Members) -> None:
        """Hold the profile and what the charter says."""
        self._profile = profile
        self._members = members
        self._frames: dict[tuple[str, frozenset[Compartment]], _Frame] = {}

    def plan(
        self, *, event_kind: str, fields: Mapping[str, JsonValue], compartments: frozenset[Compartment] = frozenset()
    ) -> Plan:
        """Return how a record of these `fields` will be sealed; raise LabelError naming field and rule."""
        check_portion(_CASE, fields)  # which may hold any field, so this checks them all
        check_record(fields)
        if fields["event.kind"] != event_kind:
            raise LabelError("event.kind: another kind than the record is to be sealed as")
        return _fill(self._frame(event_kind, compartments), fields)

    def _frame(self, event_kind: str, compartments: frozenset[Compartment]) -> _Frame:
        key = (event_kind, compartments)
        if key not in self._frames:
            self._frames[key] = self._decide(event_kind, compartments)
        return self._frames[key]

    def _decide(self, event_kind: str, compartments: frozenset[Compartment]) -> _Frame:
        chosen = self._profile.class_for(event_kind=event_kind, compartments=compartments)
        labels = {name: _compartmented(name, chosen.labels[name], compartments) for name in PORTIONS}
        markings = {name: self._marking(label) for name, label in labels.items()}
        judged = {
            name: _judge(markings, portion_of(name), self._marking(rule.label), rule.stricter)
            for name, rule in chosen.fields.items()
        }
        return _Frame(
            record_class=chosen.name,
            portions={name: self._empty(label) for name, label in labels.items()},
            moves={name: verdict.why for name, verdict in judged.items() if verdict.to_case},
            refusals={name: verdict.why for name, verdict in judged.items() if verdict.refused},
            hit=chosen.hit_for(event_kind),
        )

    def _empty(self, label: Label) -> PlannedPortion:
        readers = audience(self._profile, label, self._members)
        return PlannedPortion(label=label, spelled=spell_value("label", label.to_json()), audience=readers, fields={})

    def _marking(self, label: Label) -> Marking:
        return marking(label, originator=self._profile.agency, members=self._members)


def describe(planned: Plan) -> tuple[Row, ...]:
    """Return the preview of a plan: who will be able to read what, portion by portion, an empty one too."""
    return tuple(
        Row(
            portion=name,
            fields=tuple(portion.fields),
            level=portion.audience.level,
            readers=tuple(sorted(portion.audience.recipients)),
        )
        for name, portion in planned.portions.items()
    )


def _compartmented(portion: str, label: Label, compartments: frozenset[Compartment]) -> Label:
    """Return `label` with the record's compartments, where it seals the case or to the originator only.

    A portion that is shared keeps the label of its class: naming the compartment there would tell every reader of
    the weapon what kind of case it belongs to.
    """
    sealed_off = portion == _CASE or label.originator_only
    return replace(label, comp=label.comp | compartments) if sealed_off else label


def _judge(markings: Mapping[str, Marking], home: str, own: Marking, stricter: Stricter) -> _Verdict:
    """Return what becomes of a field at home in `home` whose rule comes to `own`."""
    excess = exceeding_terms(own, markings[home])
    if not excess:
        return _Verdict(why="", to_case=False, refused=False)
    why = f"its own label is stricter than that of {home} in {', '.join(excess)}"
    # The case may be shared with somebody whom the home portion leaves out: moving must not give a field new readers.
    bound = replace(own, readers=own.readers & markings[home].readers)
    beyond = exceeding_terms(bound, markings[_CASE])
    if home != _CASE and beyond:
        why += f", and cannot be moved: stricter than that of case in {', '.join(beyond)}"
    refused = stricter is Stricter.REFUSE or bool(beyond)
    return _Verdict(why=why, to_case=not refused, refused=refused)


def _fill(frame: _Frame, fields: Mapping[str, JsonValue]) -> Plan:
    placed: dict[str, dict[str, JsonValue]] = {name: {} for name in PORTIONS}
    for name, value in fields.items():
        if name in frame.refusals:
            raise LabelError(f"{name}: {frame.refusals[name]}")
        placed[_CASE if name in frame.moves else portion_of(name)][name] = value
    for name, held in placed.items():
        free_bytes(name, label=frame.portions[name].spelled, fields=held)
    return Plan(
        record_class=frame.record_class,
        portions={name: replace(frame.portions[name], fields=held) for name, held in placed.items()},
        moved=tuple((name, frame.moves[name]) for name in fields if name in frame.moves),
        hit=frame.hit,
    )
