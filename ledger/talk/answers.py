"""What the agency that was asked says: received, asked back, sent on, traced, refused, granted (docs/protocol.md, 6.14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from ledger import jsontext
from ledger.errors import MalformedError
from ledger.identifiers import StatementName, agency_id
from ledger.jsontext import JsonValue
from ledger.labels import Terms, terms_from_json
from ledger.talk import reading
from ledger.talk.reading import code, optional, present
from ledger.talk.requests import What, parse_what

MAX_RECORDS = 50
OUTCOMES = (
    "not traced",
    "maker identified",
    "last lawful export or import",
    "last lawful holder",
    "first retail buyer",
    "where it became illicit",
)


class RefusalKind(Enum):
    """How far an agency refuses: the words of the International Tracing Instrument, 22."""

    DELAY = "DELAY"
    RESTRICT = "RESTRICT"
    REFUSE = "REFUSE"


class Ground(Enum):
    """Why: the grounds of the International Tracing Instrument, 22."""

    INVESTIGATION = "INVESTIGATION"
    LAW = "LAW"
    CONFIDENTIALITY = "CONFIDENTIALITY"
    SECURITY = "SECURITY"
    UNSPECIFIED = "UNSPECIFIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """We have it; ours is number so and so."""

    reference: str | None = None
    note: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return present({"reference": self.reference, "note": self.note})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """We need to know more before we can answer."""

    asks: str = field(repr=False)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {"asks": self.asks}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What was asked back, answered."""

    answers: str = field(repr=False)
    weapon: Mapping[str, JsonValue] | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        weapon: JsonValue = None if self.weapon is None else {name: self.weapon[name] for name in sorted(self.weapon)}
        return present({"answers": self.answers, "weapon": weapon})


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """Ask that State, or that agency: the trail leads there."""

    country: str
    agency: str | None = None
    contact: str | None = field(default=None, repr=False)
    note: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return present({"country": self.country, "agency": self.agency, "contact": self.contact, "note": self.note})


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What was found, on the ladder of outcomes; `final` says that nothing more will come."""

    outcome: int
    final: bool
    reason: str | None = field(default=None, repr=False)
    custodian: str | None = field(default=None, repr=False)
    date: str | None = None
    records: tuple[StatementName, ...] = ()
    note: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise MalformedError unless a reason stands with outcome 0, and with nothing else."""
        if (self.outcome == 0) != (self.reason is not None):
            raise MalformedError("outcome 0 has a reason, and no other outcome has")

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return present(
            {
                "outcome": self.outcome,
                "final": self.final,
                "reason": self.reason,
                "custodian": self.custodian,
                "date": self.date,
                "records": [reading.name_json(one) for one in self.records],
                "note": self.note,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Not now, not all of it, or no; and on which ground."""

    kind: RefusalKind
    ground: Ground
    until: date | None = None
    reason: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise MalformedError unless a day stands with a delay, and with nothing else."""
        if (self.kind is RefusalKind.DELAY) != (self.until is not None):
            raise MalformedError("a delay says until when, and no other refusal does")

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return present(
            {
                "kind": self.kind.value,
                "ground": self.ground.value,
                "until": self.until.isoformat() if self.until else None,
                "reason": self.reason,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """This much of what was asked will be released, under these terms."""

    what: What
    terms: Terms
    reason: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {**self.what.to_json(), "as": self.terms.to_json(), **present({"reason": self.reason})}


def parse_acknowledgement(value: JsonValue) -> Acknowledgement:
    """Return the acknowledgement that a body spells; raise MalformedError."""
    reference, note = jsontext.members(value, "reference?", "note?")
    return Acknowledgement(reference=optional(reading.line, reference), note=optional(reading.words, note))


def parse_more_information(value: JsonValue) -> Question | Reply:
    """Return the question or the reply that a body spells; raise MalformedError."""
    if isinstance(value, dict) and "asks" in value:
        (asks,) = jsontext.members(value, "asks")
        return Question(asks=reading.words(asks))
    answers, weapon = jsontext.members(value, "answers", "weapon?")
    return Reply(answers=reading.words(answers), weapon=optional(reading.fields("item"), weapon))


def parse_referral(value: JsonValue) -> Referral:
    """Return the referral that a body spells; raise MalformedError."""
    state, agency, contact, note = jsontext.members(value, "country", "agency?", "contact?", "note?")
    return Referral(
        country=reading.country(state),
        agency=optional(agency_id, agency),
        contact=optional(reading.line, contact),
        note=optional(reading.words, note),
    )


def parse_response(value: JsonValue) -> Response:
    """Return the response that a body spells; raise MalformedError."""
    outcome, final, reason, custodian, date_, records, note = jsontext.members(
        value, "outcome", "final", "reason?", "custodian?", "date?", "records", "note?"
    )
    named = reading.listed(records, reading.name, high=MAX_RECORDS)
    reading.ascending(named)
    return Response(
        outcome=jsontext.integer(outcome, high=len(OUTCOMES) - 1),
        final=reading.flag(final),
        reason=optional(reading.words, reason),
        custodian=optional(reading.words, custodian),
        date=optional(reading.edtf, date_),
        records=named,
        note=optional(reading.words, note),
    )


def parse_refusal(value: JsonValue) -> Refusal:
    """Return the refusal that a body spells; raise MalformedError."""
    kind, ground, until, reason = jsontext.members(value, "kind", "ground", "until?", "reason?")
    return Refusal(
        kind=code(RefusalKind, kind),
        ground=code(Ground, ground),
        until=optional(reading.day, until),
        reason=optional(reading.words, reason),
    )


def parse_decision(value: JsonValue) -> Decision:
    """Return the decision that a body spells; raise MalformedError, or LabelError for terms that are none."""
    portions, names, history, terms, reason = jsontext.members(value, "portions", "fields", "history", "as", "reason?")
    return Decision(
        what=parse_what(portions, names, history),
        terms=terms_from_json(terms),
        reason=optional(reading.words, reason),
    )
