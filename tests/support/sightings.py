"""Weapons' lives as a reader sees them, in few words."""

from collections.abc import Callable

from crypto.digests import sha256
from ledger.forms import Form, TokenClass
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.sightings import Fields, Sighting
from ledger.traces import Trace, trace_of


def named(number: int, iss: str = "xar-arms") -> StatementName:
    """Return the name of record `number`."""
    return StatementName(iss, sha256(f"{iss} {number}".encode())[:16])


def seen(
    number: int,
    kind: str | None,
    date: str | None,
    country: str | None = "XAR",
    *,
    iss: str = "xar-arms",
    **more: JsonValue,
) -> Sighting:
    """Return a record of one event; `more` gives further fields as `item__make="COL"`, and `withheld` portions."""
    withheld = more.pop("withheld", ())
    fields: dict[str, JsonValue] = {
        "event.kind": kind,
        "event.date": date,
        "event.country": country,
        **{name.replace("__", "."): value for name, value in more.items()},
    }
    return Sighting(
        name=named(number, iss),
        index=number,
        fields={name: value for name, value in fields.items() if value is not None},
        withheld=frozenset(withheld) if isinstance(withheld, tuple) else frozenset(),
    )


def life(*events: tuple[str, str | None, str]) -> Trace:
    """Return the trace of events given as (kind, date, country), recorded in this order."""
    return trace_of(seen(number, kind, date, country) for number, (kind, date, country) in enumerate(events))


def form(number: str, group: str = "COL", token_class: TokenClass = TokenClass.T0) -> Form:
    """Return a form."""
    return Form(token_class=token_class, group=group, form=number)


def forms_in(fields: Fields) -> frozenset[Form]:
    """Return the forms that a record of these tests carries in the clear: `T0:COL:12345 T3:9/HANDGUN:12345`."""
    listed = str(fields.get("item.description", "")).split()
    parts = [text.split(":") for text in listed]
    return frozenset(form(number, group, TokenClass(kind)) for kind, group, number in parts)


FORMS_IN: Callable[[Fields], frozenset[Form]] = forms_in
