"""A record as a line of a list: what a person looks for, from what may be shown."""

from dataclasses import dataclass

from clients.plaintext import visible
from clients.show import event_title, serials, summary
from clients.views import RecordView
from ledger.jsontext import JsonValue
from ledger.makes import MakeTable


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


def hit(view: RecordView, makes: MakeTable) -> Hit:
    """Return the line of a record, from what is shown of it."""
    fields = view.fields
    return Hit(
        view=view,
        item=summary(fields, makes),
        serial=", ".join(number for number, _ in serials(fields)),
        event=event_title(fields),
        date=visible(str(fields.get("event.date", ""))),
    )
