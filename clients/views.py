"""What may be shown of a record, decided by the one decision function (docs/vocabulary.md, 5).

A portion is shown whole or it is withheld; of a withheld one nothing is told, not even whether it holds anything. What its
originator released beside its label is shown under the terms of the release: the whole portion, or the fields named.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.replica import StoredRecord
from clients.talk.tables import HeldRelease, StoredRelease
from ledger.decision import Permit, Reader, UnderLabel, permit, require_permit
from ledger.errors import LedgerError
from ledger.jsontext import JsonValue
from ledger.labels import Label, Level, Members, Purpose, label_from_json, readers
from ledger.markings import Marking, join, marking
from ledger.recordform import PORTIONS
from ledger.talk.releases import under_release


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks, for what, when, under which charters."""

    reader: Reader
    purpose: Purpose
    today: dt.date
    members: Members


_CONTRADICTS = "it gives a field another value than a portion before it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortionView:
    """One portion as shown: its level and fields, or neither and the reason it is withheld.

    `partial` says that only single fields were released; `releases` are those by which anything of it is shown;
    `disclosures` are the signed words that show it.
    """

    portion: str
    level: Level | None = None
    fields: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    reason: str = ""
    partial: bool = False
    releases: tuple[HeldRelease, ...] = ()
    disclosures: tuple[str, ...] = field(default=(), repr=False)

    @property
    def withheld(self) -> bool:
        """Say whether nothing of the portion is shown."""
        return self.level is None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """A record as this viewer may see it, and the marking that the page with it needs."""

    record: StoredRecord
    portions: tuple[PortionView, ...]
    marking: Marking | None

    @property
    def fields(self) -> Mapping[str, JsonValue]:
        """Return every field that is shown, by its full name."""
        return {name: value for portion in self.portions for name, value in portion.fields.items()}


def view_record(record: StoredRecord, viewer: Viewer, *, portions: Sequence[str] = PORTIONS) -> RecordView:
    """Return what `viewer` may see of a stored record, or of some portions of it: their marking is for these alone."""
    shown: list[Marking] = []
    views = _without_contradictions([_view_portion(record, name, viewer, shown) for name in portions])
    return RecordView(record=record, portions=views, marking=join(shown[0], *shown[1:]) if shown else None)


def _without_contradictions(views: Sequence[PortionView]) -> tuple[PortionView, ...]:
    """Return the portions, without any that gives a field another value than one before it.

    A name stands once in a record (docs/protocol.md, 4.2), which nobody sees who is shown one portion of two: each alone
    opens to signed words. Whoever sees both is told, and not shown the later value as if there were no other.
    """
    said: dict[str, JsonValue] = {}
    found: list[PortionView] = []
    for view in views:
        contradicts = any(said.get(name, value) != value for name, value in view.fields.items())
        found.append(PortionView(portion=view.portion, reason=_CONTRADICTS) if contradicts else view)
        said.update(found[-1].fields)
    return tuple(found)


def _view_portion(record: StoredRecord, name: str, viewer: Viewer, shown: list[Marking]) -> PortionView:
    stored = record.portions.get(name)
    reason = "sealed to others"
    if stored is not None:
        try:
            label = permitted_label(record.name.iss, stored.label, bound=stored.level, viewer=viewer)
        except LedgerError as error:
            reason = str(error)
        else:
            shown.append(marking(label, originator=record.name.iss, members=viewer.members))
            return PortionView(portion=name, level=label.level, fields=stored.fields, disclosures=stored.disclosures)
    return _view_released(record, name, viewer, shown) or PortionView(portion=name, reason=reason)


def _view_released(record: StoredRecord, name: str, viewer: Viewer, shown: list[Marking]) -> PortionView | None:
    """Return what releases show of a portion, or None where none of them may be shown now."""
    allowed = [one for one in record.released if one.portion == name and _is_permitted(record, one, viewer)]
    if not allowed:
        return None
    shown += [release_marking(record.name.iss, one.release, viewer) for one in allowed]
    return PortionView(
        portion=name,
        level=max(one.release.terms.level for one in allowed),
        fields={field_name: value for one in allowed for field_name, value in one.fields.items()},
        partial=not any(one.whole for one in allowed),
        releases=tuple(one.release for one in allowed),
        disclosures=tuple(dict.fromkeys(text for one in allowed for text in one.disclosures)),
    )


def _is_permitted(record: StoredRecord, one: StoredRelease, viewer: Viewer) -> bool:
    return shows_released(record.name.iss, one.release, label=one.label, viewer=viewer)


def shows_released(iss: str, release: HeldRelease, *, label: JsonValue, viewer: Viewer) -> bool:
    """Say whether what a release carries of a record of `iss` may be shown; `label` came with a whole portion only."""
    ceiling = viewer.members.ceilings.get(viewer.reader.agency)
    signed = label_from_json(label) if label is not None else None
    weighed = under_release(
        release.terms,
        originator=iss,
        to=viewer.reader.agency,
        expires=(release.expires, signed.expires if signed else None),
        recalled=release.recalled is not None,
    )
    answer = permit(viewer.reader, weighed, purpose=viewer.purpose, charter_ceiling=ceiling, today=viewer.today)
    return isinstance(answer, Permit)


def release_marking(iss: str, release: HeldRelease, viewer: Viewer) -> Marking:
    """Return the marking of what a release of `iss` shows: its terms, and no reader but the two agencies."""
    terms = release.terms
    return Marking(
        originators=frozenset({iss}),
        readers=frozenset({iss, viewer.reader.agency}),
        level=terms.level,
        comp=terms.comp,
        purp=terms.purp,
        cav=frozenset(terms.cav),
        review_by=None,
        expires=release.expires,
    )


def permitted_label(iss: str, label: JsonValue, *, bound: Level, viewer: Viewer) -> Label:
    """Return the label of a stored portion that may be shown; LedgerError says why not. `bound` is its grant's level."""
    signed = label_from_json(label)
    carried = UnderLabel(
        label=signed,
        originator=iss,
        readers=readers(signed, originator=iss, members=viewer.members),
        bound=bound,
    )
    ceiling = viewer.members.ceilings.get(viewer.reader.agency)
    require_permit(viewer.reader, carried, purpose=viewer.purpose, charter_ceiling=ceiling, today=viewer.today)
    return signed
