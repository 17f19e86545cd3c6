"""Find records in the replica by words, kind, originator: what may be shown, and nothing else, is looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clients.plaintext import visible
from clients.replica import StoredRecord
from clients.show import event_title, serials, summary
from clients.views import RecordView, Viewer, view_record
from ledger.jsontext import JsonValue
from ledger.makes import MakeTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for; all of it must hold."""

    words: tuple[str, ...] = ()
    event: str | None = None
    iss: str | None = None
    with_superseded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One record found, as a line of a list."""

    view: RecordView
    item: str
    serial: str
    event: str
    date: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the line for machines."""
        return {
            "record": str(self.view.record.name),
            "event": self.event,
            "date": self.date,
            "item": self.item,
            "serial": self.serial,
            "withheld": [portion.portion for portion in self.view.portions if portion.withheld],
        }


def find(records: Iterable[StoredRecord], query: Query, viewer: Viewer, makes: MakeTable) -> Iterator[Hit]:
    """Yield the records that match, in log order."""
    for record in records:
        if record.superseded_by is not None and not query.with_superseded:
            continue
        if query.iss is not None and record.name.iss != query.iss:
            continue
        hit = _hit(view_record(record, viewer), makes)
        if _matches(hit, query):
            yield hit


def _hit(view: RecordView, makes: MakeTable) -> Hit:
    fields = view.fields
    return Hit(
        view=view,
        item=summary(fields, makes),
        serial=", ".join(number for number, _ in serials(fields)),
        event=event_title(fields),
        date=visible(str(fields.get("event.date", ""))),
    )


def _matches(hit: Hit, query: Query) -> bool:
    fields = hit.view.fields
    if query.event is not None and fields.get("event.kind") != query.event:
        return False
    text = " ".join([hit.item, hit.serial, hit.event, hit.date, *(str(value) for value in fields.values())]).casefold()
    return all(word.casefold() in text for word in query.words)
