"""Releases: a portion, single fields or a closed epoch, shown to one agency more (docs/protocol.md, 5 and 6).

Keys do what labels say of them: whoever holds a release can prove what it opens, and needs nobody's word for it but the
record's own commitments. So a release is checked against the record or the grant before anything of it is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from crypto import portionkeys
from crypto.encoding import b64u
from ledger import jsontext
from ledger.decision import UnderRelease
from ledger.disclosures import MAX_DISCLOSURE_BYTES, parse_disclosures
from ledger.errors import MalformedError, ProofError
from ledger.grants import Grant, Use
from ledger.identifiers import jti_of
from ledger.jsontext import JsonValue
from ledger.labels import Label, Level, Terms, level_of, terms_from_json
from ledger.opening import OpenedPortion, check_disclosures, open_with_keys
from ledger.profiles import ALONE
from ledger.recordform import PORTIONS, SIZES, Record
from ledger.talk import reading
from ledger.talk.reading import optional, present

MAX_PORTIONS = 60
MAX_RECORDS = 200
MAX_EPOCHS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedPortion:
    """One portion of the sender's record `of`: its key, and its ciphertext, so that nothing is fetched for it."""

    of: bytes
    portion: str
    kr: bytes = field(repr=False)
    ct: bytes = field(repr=False)

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"of": b64u(self.of), "portion": self.portion, "kr": b64u(self.kr), "ct": b64u(self.ct)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedFields:
    """Single fields of the sender's record `of`, as signed for; never a label."""

    of: bytes
    shown: tuple[str, ...] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the fields."""
        return tuple(one.name for one in parse_disclosures(self.shown))

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"of": b64u(self.of), "shown": [*self.shown]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedEpoch:
    """The key of a closed epoch's audience, and where in the log its records stand."""

    ep: int
    level: Level
    ek: bytes = field(repr=False)
    first: int
    last: int

    @property
    def ekid(self) -> bytes:
        """Return the name by which grants know the key."""
        return portionkeys.epoch_key_id(self.ek)

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"ep": self.ep, "lvl": self.level.name, "ek": b64u(self.ek), "first": self.first, "last": self.last}


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is shown to one agency more, under which terms."""

    terms: Terms
    expires: date | None = None
    portions: tuple[ReleasedPortion, ...] = ()
    disclosures: tuple[ReleasedFields, ...] = ()
    epochs: tuple[ReleasedEpoch, ...] = ()

    def __post_init__(self) -> None:
        """Raise MalformedError for a release of nothing."""
        if not (self.portions or self.disclosures or self.epochs):
            raise MalformedError("a release of nothing")

    @property
    def records(self) -> frozenset[bytes]:
        """Return which of the sender's records are named."""
        return frozenset([one.of for one in self.portions] + [one.of for one in self.disclosures])

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {
            "as": self.terms.to_json(),
            **present({"expires": self.expires.isoformat() if self.expires else None}),
            "portions": [one.to_json() for one in self.portions],
            "disclosures": [one.to_json() for one in self.disclosures],
            "epochs": [one.to_json() for one in self.epochs],
        }


def parse_release(value: JsonValue) -> Release:
    """Return the release that a body spells; raise MalformedError, or LabelError for terms that are none."""
    terms, expires, portions, disclosures, epochs = jsontext.members(
        value, "as", "expires?", "portions", "disclosures", "epochs"
    )
    release = Release(
        terms=terms_from_json(terms),
        expires=optional(reading.day, expires),
        portions=reading.listed(portions, _portion, high=MAX_PORTIONS),
        disclosures=reading.listed(disclosures, _fields, high=MAX_RECORDS),
        epochs=reading.listed(epochs, _epoch, high=MAX_EPOCHS),
    )
    reading.ascending(release.portions, key=lambda one: (one.of, PORTIONS.index(one.portion)))
    reading.ascending(release.disclosures, key=lambda one: one.of)
    reading.ascending(release.epochs, key=lambda one: (one.ep, one.ekid))
    return release


def open_released(record: Record, released: ReleasedPortion) -> OpenedPortion:
    """Return a portion opened by its release; raise ProofError unless kc, hash, label and every digest are the record's."""
    _check_record(record, released.of)
    keys = portionkeys.from_record_key(released.kr)
    if keys.commitment != record.portions[released.portion].kc:
        raise ProofError(f"{released.portion}: the released key is not the one that the record commits to")
    return open_with_keys(record, released.portion, keys=keys, ciphertext=released.ct)


def check_shown(record: Record, released: ReleasedFields) -> Mapping[str, JsonValue]:
    """Return the fields of a release by name; raise ProofError for one that the record did not sign for."""
    _check_record(record, released.of)
    return check_disclosures(record, released.shown)


def check_epoch(grant: Grant, released: ReleasedEpoch) -> None:
    """Raise ProofError unless the released key is the one that its issuer's grant wrapped."""
    if (grant.use, grant.ep, grant.level, grant.ek) != (Use.EPOCH, released.ep, released.level, released.ekid):
        raise ProofError("the released epoch key is not the one that the grant names")


def carried(release: Release, *, originator: str, to: str, recalled: bool, label: Label | None = None) -> UnderRelease:
    """Return how what a release shows is weighed; a whole portion's own label still says when it expires."""
    expires = (release.expires, label.expires if label else None)
    return under_release(release.terms, originator=originator, to=to, expires=expires, recalled=recalled)


def under_release(
    terms: Terms, *, originator: str, to: str, expires: Sequence[date | None], recalled: bool
) -> UnderRelease:
    """Return the `as` of a release in the place of a label, for the one agency it went to, at the level it came at."""
    return UnderRelease(
        terms=terms,
        originator=originator,
        to=frozenset({to}),
        bound=terms.level,
        expires=min((day for day in expires if day is not None), default=None),
        recalled=recalled,
    )


def why_two(terms: Terms, labels: Sequence[Label]) -> tuple[str, ...]:
    """Return why two officers must agree: a level above CONFIDENTIAL, or terms below a label; nothing where one may."""
    reasons = [f"it is released as {terms.level.value}"] if terms.level > ALONE else []
    reasons += [f"a label is {one.value}" for one in sorted({label.level for label in labels}) if one > ALONE]
    looser = sorted({name for label in labels for name in terms.below(label.terms)})
    if looser:
        reasons.append(f"it is released below its label in {', '.join(looser)}")
    return tuple(reasons)


def _check_record(record: Record, of: bytes) -> None:
    if record.name.jti != of:
        raise ProofError("the release is of another record")


def _portion(value: JsonValue) -> ReleasedPortion:
    of, portion, kr, ct = jsontext.members(value, "of", "portion", "kr", "ct")
    named = reading.portion(portion)
    size = SIZES[named] + portionkeys.TAG_BYTES
    return ReleasedPortion(
        of=jti_of(of),
        portion=named,
        kr=reading.raw(portionkeys.KEY_BYTES, limit=43)(kr),
        ct=reading.raw(size, limit=2 * size)(ct),
    )


def _fields(value: JsonValue) -> ReleasedFields:
    of, shown = jsontext.members(value, "of", "shown")
    texts = reading.listed(
        shown, lambda one: jsontext.text(one, limit=2 * MAX_DISCLOSURE_BYTES), low=1, high=reading.MAX_FIELDS
    )
    released = ReleasedFields(of=jti_of(of), shown=texts)
    reading.ascending([reading.shown_name(name) for name in released.names])
    return released


def _epoch(value: JsonValue) -> ReleasedEpoch:
    ep, level, ek, first, last = jsontext.members(value, "ep", "lvl", "ek", "first", "last")
    start = jsontext.integer(first)
    return ReleasedEpoch(
        ep=jsontext.integer(ep, low=1),
        level=level_of(level),
        ek=reading.raw(portionkeys.KEY_BYTES, limit=43)(ek),
        first=start,
        last=jsontext.integer(last, low=start),
    )
