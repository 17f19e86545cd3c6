"""Labels: at what level, for whom and for what a portion may be read (docs/vocabulary.md, 5).

A label is sealed and signed inside its portion, so its one JSON spelling is for ever: members in a fixed order,
lists sorted, nothing twice. What this module does not know it refuses, and what is refused cannot be read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import total_ordering
from typing import TypeAlias, TypeVar

from ledger import jsontext
from ledger.errors import LabelError, MalformedError
from ledger.identifiers import agency_id
from ledger.jsontext import JsonValue

MAX_RELEASES = 20
MAX_CAVEATS = 8
MAX_NATIVE_BYTES = 120
MAX_HANDLING_BYTES = 120
MAX_CHARTER_VERSION = 999_999

ORCON = "ORCON"
CAVEATS = (ORCON, "H1-NOCOURT", "H2-NOSHARE", "NO-PUB", "NO-COPY", "HUMAN-ONLY")

_MEMBERS = re.compile(r"members@([1-9][0-9]{0,5})")
_HANDLING = "H3:"
_ADMIRALTY = re.compile(r"[A-F][1-6]")


@total_ordering
class Level(Enum):
    """How much harm disclosure would do. There is no fifth: what is above SECRET must not come here."""

    UNCLASSIFIED = "UNCLASSIFIED"
    RESTRICTED = "RESTRICTED"
    CONFIDENTIAL = "CONFIDENTIAL"
    SECRET = "SECRET"  # noqa: S105 -- a classification, not a password

    def __lt__(self, other: object) -> bool:
        """Order by harm: UNCLASSIFIED < RESTRICTED < CONFIDENTIAL < SECRET."""
        return _RANKS[self] < _RANKS[other] if isinstance(other, Level) else NotImplemented

    @property
    def mark(self) -> str:
        """Return the letter of portion marking, as in `(R) Item`."""
        return self.value[0]


_RANKS = {level: rank for rank, level in enumerate(Level)}


class Compartment(Enum):
    """What a reader must be read into, all of those named."""

    CT = "CT"
    SRC = "SRC"
    OPS = "OPS"
    UNPANEL = "UNPANEL"
    PII = "PII"
    EXPORT = "EXPORT"
    STOCK = "STOCK"


class Purpose(Enum):
    """What a reader may use it for, one of those named."""

    TRACE = "TRACE"
    CRIM = "CRIM"
    CT = "CT"
    SANCTIONS = "SANCTIONS"
    STATS = "STATS"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersAt:
    """All agencies of one charter version, `members@V`: fixed when signed, later joiners are not included."""

    version: int

    def __post_init__(self) -> None:
        """Raise LabelError for what is no charter version."""
        if not 1 <= self.version <= MAX_CHARTER_VERSION:
            raise LabelError("label: rel names no possible charter version")

    def __str__(self) -> str:
        """Return the one spelling."""
        return f"members@{self.version}"


Release: TypeAlias = tuple[str, ...] | MembersAt
MembersOf: TypeAlias = Callable[[int], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What the charter says about who is in: the agencies of each version known, and today's ceilings.

    It is handed in by whoever has verified the charters; called with a version it names the agencies of that version.
    """

    versions: Mapping[int, frozenset[str]]
    ceilings: Mapping[str, Level]

    def __call__(self, version: int) -> frozenset[str]:
        """Return the agencies of charter `version`; an unknown version is refused, never read as nobody or all."""
        try:
            return self.versions[version]
        except KeyError as error:
            raise LabelError("label: rel names a charter version that is not known here") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The part of a label that a release may state anew for its reader: its `as`."""

    level: Level
    comp: frozenset[Compartment]
    purp: frozenset[Purpose]
    cav: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raise LabelError for what the one spelling could not carry."""
        _check_caveats(self.cav)
        if not self.purp:
            raise LabelError("label: purp names no purpose, so nobody could ever use it")

    def to_json(self) -> dict[str, JsonValue]:
        """Return level, comp, purp and cav, in this order."""
        return {
            "level": self.level.value,
            "comp": _sorted_values(self.comp),
            "purp": _sorted_values(self.purp),
            "cav": [*self.cav],
        }

    def below(self, label: "Terms") -> tuple[str, ...]:
        """Return the names of the terms in which this is less strict than `label`: what makes it a downgrade."""
        looser = {
            "level": self.level < label.level,
            "comp": not label.comp <= self.comp,
            "purp": not self.purp <= label.purp,
            "cav": not frozenset(label.cav) <= frozenset(self.cav),
        }
        return tuple(name for name, is_looser in looser.items() if is_looser)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One portion's label. An empty `rel` means the originator only; `native` is the national marking as written."""

    level: Level
    rel: Release
    comp: frozenset[Compartment] = frozenset()
    purp: frozenset[Purpose]
    cav: tuple[str, ...] = ()
    eval: str | None = None
    review_by: date | None = None
    expires: date | None = None
    native: str | None = None

    def __post_init__(self) -> None:
        """Raise LabelError for what the one spelling could not carry."""
        _check_rel(self.rel)
        _check_caveats(self.cav)
        if not self.purp:
            raise LabelError("label: purp names no purpose, so nobody could ever use the portion")
        if self.eval is not None and not _ADMIRALTY.fullmatch(self.eval):
            raise LabelError("label: eval is not a source A-F and an information 1-6, like B2")
        if self.native is not None and not _is_line(self.native, limit=MAX_NATIVE_BYTES):
            raise LabelError(f"label: native is not one line of at most {MAX_NATIVE_BYTES} bytes")

    @property
    def terms(self) -> Terms:
        """Return what the decision weighs besides the readers."""
        return Terms(level=self.level, comp=self.comp, purp=self.purp, cav=self.cav)

    @property
    def originator_only(self) -> bool:
        """Say whether the label names nobody."""
        return self.rel == ()

    def to_json(self) -> dict[str, JsonValue]:
        """Return the members in their one order: level, rel, comp, purp, cav, then those of the others that are set."""
        named: dict[str, JsonValue] = {
            "level": self.level.value,
            "rel": str(self.rel) if isinstance(self.rel, MembersAt) else [*self.rel],
            "comp": _sorted_values(self.comp),
            "purp": _sorted_values(self.purp),
            "cav": [*self.cav],
            "eval": self.eval,
            "review_by": self.review_by.isoformat() if self.review_by else None,
            "expires": self.expires.isoformat() if self.expires else None,
            "native": self.native,
        }
        return {name: value for name, value in named.items() if value is not None}


def label_from_json(value: JsonValue) -> Label:
    """Return the label that `value` spells in its one spelling; raise LabelError for anything else or unknown."""
    try:
        level, rel, comp, purp, cav, evaluation, review_by, expires, native = jsontext.members(
            value, "level", "rel", "comp", "purp", "cav", "eval?", "review_by?", "expires?", "native?"
        )
    except MalformedError as error:
        raise LabelError("label: unknown, missing or misplaced members") from error
    label = Label(
        level=level_of(level),
        rel=_release_of(rel),
        comp=frozenset(_code(Compartment, code, "comp") for code in _list(comp, "comp")),
        purp=frozenset(_code(Purpose, code, "purp") for code in _list(purp, "purp")),
        cav=_texts(cav, "cav"),
        eval=_text(evaluation, "eval"),
        review_by=_date(review_by, "review_by"),
        expires=_date(expires, "expires"),
        native=_text(native, "native"),
    )
    if label.to_json() != value:
        raise LabelError("label: not in its one spelling: lists are sorted and name nothing twice")
    return label


def terms_from_json(value: JsonValue) -> Terms:
    """Return the terms that `value` spells in their one spelling; raise LabelError for anything else or unknown."""
    try:
        level, comp, purp, cav = jsontext.members(value, "level", "comp", "purp", "cav")
    except MalformedError as error:
        raise LabelError("label: unknown, missing or misplaced members") from error
    terms = Terms(
        level=level_of(level),
        comp=frozenset(_code(Compartment, code, "comp") for code in _list(comp, "comp")),
        purp=frozenset(_code(Purpose, code, "purp") for code in _list(purp, "purp")),
        cav=_texts(cav, "cav"),
    )
    if terms.to_json() != value:
        raise LabelError("label: not in its one spelling: lists are sorted and name nothing twice")
    return terms


def level_of(value: JsonValue) -> Level:
    """Return the level that `value` spells; TOP SECRET is as unknown here as any other word."""
    return _code(Level, value, "level")


def purpose_of(value: JsonValue) -> Purpose:
    """Return the purpose that `value` spells."""
    return _code(Purpose, value, "purp")


def readers(label: Label, *, originator: str, members: MembersOf) -> frozenset[str]:
    """Return the agencies that `label` names, always with its originator."""
    named = members(label.rel.version) if isinstance(label.rel, MembersAt) else frozenset(label.rel)
    return named | {originator}


def _check_rel(rel: Release) -> None:
    if isinstance(rel, MembersAt):
        return
    if len(rel) > MAX_RELEASES or list(rel) != sorted(set(rel)):
        raise LabelError(f"label: rel is not a sorted list of at most {MAX_RELEASES} different agencies")
    try:
        for agency in rel:
            agency_id(agency)
    except MalformedError as error:
        raise LabelError("label: rel names what is not an agency id") from error


def _check_caveats(cav: tuple[str, ...]) -> None:
    if len(cav) > MAX_CAVEATS or list(cav) != sorted(set(cav)):
        raise LabelError(f"label: cav is not a sorted list of at most {MAX_CAVEATS} different caveats")
    if not all(caveat in CAVEATS or _is_handling(caveat) for caveat in cav):
        raise LabelError("label: cav holds an unknown caveat")


def _is_handling(caveat: str) -> bool:
    return caveat.startswith(_HANDLING) and _is_line(caveat[len(_HANDLING) :], limit=MAX_HANDLING_BYTES)


def _is_line(text: str, *, limit: int) -> bool:
    return 0 < len(text.encode(errors="replace")) <= limit and text.isprintable() and text == text.strip()


def _release_of(value: JsonValue) -> Release:
    if not isinstance(value, str):
        return _texts(value, "rel")
    match = _MEMBERS.fullmatch(value)
    if not match:
        raise LabelError("label: rel is neither a list of agencies nor members@V")
    return MembersAt(version=int(match[1]))


_Code = TypeVar("_Code", bound=Enum)


def _code(kind: type[_Code], value: JsonValue, member: str) -> _Code:
    try:
        return kind(value)
    except ValueError as error:
        raise LabelError(f"label: {member} holds an unknown value; nothing above SECRET is taken here") from error


def _list(value: JsonValue, member: str) -> list[JsonValue]:
    if not isinstance(value, list):
        raise LabelError(f"label: {member} is not a list")
    return value


def _texts(value: JsonValue, member: str) -> tuple[str, ...]:
    items = _list(value, member)
    texts = tuple(item for item in items if isinstance(item, str))
    if len(texts) != len(items):
        raise LabelError(f"label: {member} holds what is not a text")
    return texts


def _text(value: JsonValue, member: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise LabelError(f"label: {member} is not a text")
    return value


def _date(value: JsonValue, member: str) -> date | None:
    text = _text(value, member)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise LabelError(f"label: {member} is not a date like 2031-12-31") from error


def _sorted_values(codes: frozenset[Compartment] | frozenset[Purpose]) -> list[JsonValue]:
    return [*sorted(str(code.value) for code in codes)]
