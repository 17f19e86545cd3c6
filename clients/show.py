"""One redacted record as text of 80 columns and as JSON (README.md shows one)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clients.plaintext import visible, wrap
from clients.views import PortionView, RecordView
from ledger.countries import country_name
from ledger.itemfields import type_name
from ledger.jsontext import JsonValue
from ledger.makes import MakeTable
from ledger.markings import Marking, tlp
from ledger.witnesswords import UNWITNESSED, ago

WIDTH = 80
BAR = "█" * 20
# Where a number stands when all that is known is that it is none of the usual places: nothing to tell a reader.
NO_PLACE = ("location", "other")
_TITLE_WIDTH = 12
_TITLES = {"item": "Item", "event": "Event", "case": "Case"}
_SUMMARISED = frozenset(
    [
        "item.kind",
        "item.type",
        "item.type_text",
        "item.make",
        "item.make_text",
        "item.model",
        "item.calibre",
        "item.calibre_code",
        "item.country_of_manufacture",
        "item.serials",
        "item.condition",
        "event.kind",
        "event.date",
        "event.country",
        "event.place",
        "event.locode",
        "event.recovery",
        "event.sale",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How far a record is verified: the size of the tree it was read under, and who vouches for that tree since when.

    Without witnesses nobody but this home does, since it `checked` the tree.
    """

    size: int
    witnesses: str
    checked: int
    now: int

    @property
    def vouched(self) -> str:
        """Return who vouches and since when, in words."""
        return f"{UNWITNESSED} · {ago(self.now - self.checked)}" if self.witnesses == UNWITNESSED else self.witnesses


def banner(marking: Marking | None, originator: str) -> str:
    """Return the marking line of a page: level, originator, readers, compartments, caveats."""
    if marking is None:
        return f"NOTHING SHOWN · {originator}"
    others = sorted(marking.readers - {originator})
    parts = [marking.level.value, originator, f"REL TO {', '.join(others)}" if others else "ORIGINATOR ONLY"]
    parts += sorted(one.value for one in marking.comp)
    parts += sorted(marking.cav)
    return " · ".join(visible(part) for part in parts)


def render(view: RecordView, proof: Proof, *, makes: MakeTable, contact: str) -> str:
    """Return the record as it is printed."""
    marks = list(wrap(banner(view.marking, view.record.name.iss), width=WIDTH, indent="  "))
    lines = [*marks, *_title(view), ""]
    for portion in view.portions:
        lines += _portion(view, portion, makes)
    lines += ["", *_proof(view, proof)]
    if any(portion.withheld for portion in view.portions):
        lines += _entry("ask", f"{view.record.name.iss}: {visible(contact)}")
    return "\n".join([*lines, *marks])


def to_json(view: RecordView, proof: Proof, *, members: frozenset[str]) -> dict[str, JsonValue]:
    """Return the record for machines: the same decision, every shown field, nothing of what is withheld."""
    record = view.record
    marking = view.marking
    return {
        "iss": record.name.iss,
        "record": str(record.name),
        "banner": banner(marking, record.name.iss),
        "tlp": tlp(marking, members=members).value if marking else None,
        "superseded": record.superseded_by is not None,
        "portions": {portion.portion: _portion_json(portion, record.name.iss) for portion in view.portions},
        "proof": {
            "kid": record.kid,
            "batch": record.seq,
            "index": record.index,
            "size": proof.size,
            "witnesses": proof.witnesses,
            "checked": proof.checked,
        },
    }


def summary(fields: Mapping[str, JsonValue], makes: MakeTable) -> str:
    """Return an item in a line: type, make, model, calibre, country."""
    ncic = fields.get("item.type")
    kind = str(fields.get("item.kind", "")).replace("_", " ")
    parts = [
        type_name(ncic) if isinstance(ncic, str) else str(fields.get("item.type_text") or kind),
        _make(fields, makes),
        str(fields.get("item.model") or ""),
        str(fields.get("item.calibre") or ""),
    ]
    country = fields.get("item.country_of_manufacture")
    if isinstance(country, str):
        parts.append(f"made in {country_name(country)}")
    return " · ".join(visible(part) for part in parts if part)


def event_title(fields: Mapping[str, JsonValue]) -> str:
    """Return an event's kind, with how it came about where that is known: `recovery (seized)`."""
    kind = str(fields.get("event.kind", "")).replace("_", " ")
    how = fields.get("event.recovery") or fields.get("event.sale")
    return visible(f"{kind} ({str(how).replace('_', ' ')})" if how else kind)


def serials(fields: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    """Return each serial as marked, and where it stands in which condition."""
    found = fields.get("item.serials")
    entries = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [
        (
            visible(str(one.get("as_marked", ""))),
            ", ".join(
                visible(str(one[name])).replace("_", " ")
                for name in ("location", "condition")
                if name in one and (name, one[name]) != NO_PLACE
            ),
        )
        for one in entries
    ]


def _title(view: RecordView) -> Iterator[str]:
    fields = view.fields
    parts = [f"record {view.record.name}", event_title(fields), visible(str(fields.get("event.date", "")))]
    yield from wrap("   ".join(part for part in parts if part), width=WIDTH, indent="  ")
    if view.record.superseded_by is not None:
        yield "superseded: its originator has logged a correction of this record"


def _portion(view: RecordView, portion: PortionView, makes: MakeTable) -> Iterator[str]:
    title = _TITLES[portion.portion]
    if portion.withheld or portion.level is None:
        yield f"{f'(?) {title}':<{_TITLE_WIDTH}}{BAR}  withheld · ask {view.record.name.iss}"
        return
    yield from _entry(f"({portion.level.mark}) {title}", _headline(portion, makes))
    fields = portion.fields
    for number, condition in serials(fields):
        yield from _entry("", f"serial  {number}   {condition}".rstrip())
    if portion.portion == "item" and "item.serials" not in fields and "item.condition" in fields:
        yield from _entry("", f"serial  {visible(str(fields['item.condition'])).replace('_', ' ')}")
    for name, value in fields.items():
        if name not in _SUMMARISED:
            yield from _entry("", f"{_field_title(portion.portion, name)}  {_value(value)}")
    yield from _released(portion, view.record.name.iss)


def _released(portion: PortionView, iss: str) -> Iterator[str]:
    """Yield by which releases a portion is shown, and that the rest of it is not."""
    for release in portion.releases:
        terms = " · ".join([release.terms.level.value, *release.terms.cav])
        yield from _entry("", f"released to you by {iss}, entry {release.index:,}: {visible(terms)}")
    if portion.partial:
        yield from _entry("", f"{BAR}  the rest withheld · ask {iss}")


def _field_title(portion: str, name: str) -> str:
    """Return a field's name in words; one that was moved here keeps the portion it came from."""
    home, _, rest = name.partition(".")
    return visible(rest.replace("_", " ") if home == portion else name)


def _headline(portion: PortionView, makes: MakeTable) -> str:
    match portion.portion:
        case "item":
            return summary(portion.fields, makes) or "nothing recorded"
        case "event":
            return _event(portion.fields) or "nothing recorded"
        case _:
            return "" if portion.fields else "nothing recorded"


def _event(fields: Mapping[str, JsonValue]) -> str:
    where = [str(fields[name]) for name in ("event.country", "event.place") if name in fields]
    locode = fields.get("event.locode")
    place = ", ".join(where) + (f" ({str(locode)[:2]} {str(locode)[2:]})" if locode else "")
    parts = [event_title(fields), visible(place), visible(str(fields.get("event.date") or "date not recorded"))]
    return " · ".join(part for part in parts if part)


def _make(fields: Mapping[str, JsonValue], makes: MakeTable) -> str:
    code = fields.get("item.make")
    text = fields.get("item.make_text")
    if isinstance(text, str):
        return text
    known = makes.by_code.get(code) if isinstance(code, str) else None
    return known.text if known else str(code or "")


def _value(value: JsonValue) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{visible(name)} {_value(item)}" for name, item in value.items())
    if isinstance(value, list):
        return "; ".join(_value(item) for item in value)
    return visible(str(value))


def _proof(view: RecordView, proof: Proof) -> Iterator[str]:
    record = view.record
    signed = f"signed by {record.kid} · batch {record.seq:,} (Ed25519 + ML-DSA-65)"
    yield from _entry("✓ verified", signed)
    yield from _entry("", f"entry {record.index:,} of {proof.size:,} · {proof.vouched}")


def _entry(title: str, text: str) -> Iterator[str]:
    """Yield a titled entry, its text in one column."""
    for number, line in enumerate(wrap(text, width=WIDTH - _TITLE_WIDTH, indent="")):
        yield f"{title if number == 0 else '':<{_TITLE_WIDTH}}{line}".rstrip()


def _portion_json(portion: PortionView, iss: str) -> JsonValue:
    if portion.withheld or portion.level is None:
        return {"withheld": True, "ask": iss, "reason": portion.reason}
    shown: dict[str, JsonValue] = {"withheld": False, "level": portion.level.value, "fields": dict(portion.fields)}
    if portion.releases:
        shown |= {"partial": portion.partial, "released": [str(one.name) for one in portion.releases]}
    return shown
