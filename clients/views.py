"""What may be shown of a record, decided by the one decision function (docs/vocabulary.md, 5).

A portion is shown whole or it is withheld; of a withheld one nothing is told, not even whether it holds anything.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from clients.replica import StoredPortion, StoredRecord
from ledger.decision import Reader, UnderLabel, require_permit
from ledger.errors import LedgerError
from ledger.jsontext import JsonValue
from ledger.labels import Label, Level, Members, Purpose, label_from_json, readers
from ledger.markings import Marking, join, marking
from ledger.recordform import PORTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks, for what, when, under which charters."""

    reader: Reader
    purpose: Purpose
    today: dt.date
    members: Members


@dataclass(frozen=True, slots=True, kw_only=True)
class PortionView:
    """One portion as shown: its level and fields, or neither and the reason it is withheld."""

    portion: str
    level: Level | None = None
    fields: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    reason: str = ""

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


def view_record(record: StoredRecord, viewer: Viewer) -> RecordView:
    """Return what `viewer` may see of a stored record."""
    shown: list[Marking] = []
    portions = [_view_portion(record, name, viewer, shown) for name in PORTIONS]
    return RecordView(record=record, portions=tuple(portions), marking=join(shown[0], *shown[1:]) if shown else None)


def _view_portion(record: StoredRecord, name: str, viewer: Viewer, shown: list[Marking]) -> PortionView:
    stored = record.portions.get(name)
    if stored is None:
        return PortionView(portion=name, reason="sealed to others")
    try:
        label = _permitted(record, stored, viewer)
    except LedgerError as error:
        return PortionView(portion=name, reason=str(error))
    shown.append(marking(label, originator=record.name.iss, members=viewer.members))
    return PortionView(portion=name, level=label.level, fields=stored.fields)


def _permitted(record: StoredRecord, stored: StoredPortion, viewer: Viewer) -> Label:
    label = label_from_json(stored.label)
    carried = UnderLabel(
        label=label,
        originator=record.name.iss,
        readers=readers(label, originator=record.name.iss, members=viewer.members),
        bound=stored.level,
    )
    ceiling = viewer.members.ceilings.get(viewer.reader.agency)
    require_permit(viewer.reader, carried, purpose=viewer.purpose, charter_ceiling=ceiling, today=viewer.today)
    return label
