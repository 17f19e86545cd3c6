"""May this person read this, for this? The one decision (docs/vocabulary.md, 5).

Preview, sealing, the desk and every export ask `permit`, so that what is shown before signing is what can be read
after. Whatever is not known denies: there is no branch here that lets anything through by default.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TypeAlias, assert_never

from ledger.errors import LedgerError
from ledger.labels import Compartment, Label, Level, Purpose, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A person of an agency; `clearance` is None for one who was never cleared."""

    agency: str
    clearance: Level | None
    compartments: frozenset[Compartment]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderLabel:
    """A portion that came by an epoch key: its label, and `readers`, the agencies the label names (`labels.readers`).

    `bound` is the level of the grant that carried the key; when sealing, the originator's own ceiling for the reader
    (None where it has set none).
    """

    label: Label
    originator: str
    readers: frozenset[str]
    bound: Level | None
    recalled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderRelease:
    """A portion or a single field that came by a verified release of its originator to the agencies in `to`.

    `terms` is the release's `as` and stands in place of the label's; an expiry the label has still counts. `bound`
    is as for `UnderLabel`.
    """

    terms: Terms
    originator: str
    to: frozenset[str]
    bound: Level | None
    expires: date | None
    recalled: bool


Carried: TypeAlias = UnderLabel | UnderRelease


class Reason(Enum):
    """Why not; the value is fit to be shown."""

    NOT_NAMED = "the originator has not named your agency"
    NOT_A_MEMBER = "your agency is not in the charter in force"
    CEILING = "above your agency's ceiling"
    CARRIER = "above the level it was sent at"
    CLEARANCE = "above your clearance"
    COMPARTMENT = "in a compartment you are not read into"
    PURPOSE = "not for this purpose"
    EXPIRED = "expired"
    RECALLED = "recalled by the originator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Yes, under these terms: the caveats bind whoever reads on."""

    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No, and the first rule that says so."""

    reason: Reason


class NotPermittedError(LedgerError):
    """The decision was no; `reason` says which rule."""

    def __init__(self, reason: Reason) -> None:
        """Hold the rule."""
        super().__init__(reason.value)
        self.reason = reason


def permit(
    reader: Reader, carried: Carried, *, purpose: Purpose, charter_ceiling: Level | None, today: date
) -> Permit | Denied:
    """Return whether `reader` may read what was `carried`, for `purpose`, as of `today`.

    `charter_ceiling` is that of the reader's agency in the charter in force, None where it is no member. The
    originator always passes the ceiling and naming rules, and only those.
    """
    terms, named, expires = _terms(carried)
    own = reader.agency == carried.originator
    rules = (
        (Reason.NOT_NAMED, own or reader.agency in named),
        (Reason.NOT_A_MEMBER, own or charter_ceiling is not None),
        (Reason.CEILING, own or _within(terms.level, charter_ceiling)),
        (Reason.CARRIER, own or _within(terms.level, carried.bound)),
        (Reason.CLEARANCE, _within(terms.level, reader.clearance)),
        (Reason.COMPARTMENT, terms.comp <= reader.compartments),
        (Reason.PURPOSE, purpose in terms.purp),
        (Reason.EXPIRED, expires is None or today <= expires),
        (Reason.RECALLED, not carried.recalled),
    )
    broken = next((reason for reason, kept in rules if not kept), None)
    return Permit(terms=terms) if broken is None else Denied(reason=broken)


def require_permit(
    reader: Reader, carried: Carried, *, purpose: Purpose, charter_ceiling: Level | None, today: date
) -> Permit:
    """Return the permit, or raise NotPermittedError: for callers who hold the value and must not go on without one."""
    answer = permit(reader, carried, purpose=purpose, charter_ceiling=charter_ceiling, today=today)
    if isinstance(answer, Denied):
        raise NotPermittedError(answer.reason)
    return answer


def _terms(carried: Carried) -> tuple[Terms, frozenset[str], date | None]:
    match carried:
        case UnderLabel():
            return carried.label.terms, carried.readers, carried.label.expires
        case UnderRelease():
            return carried.terms, carried.to, carried.expires
        case _:
            assert_never(carried)


def _within(level: Level, bound: Level | None) -> bool:
    return bound is not None and level <= bound
