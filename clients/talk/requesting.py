"""Make a request out of what a person says: who needs what for what, of which record, about which weapon (docs/protocol.md, 6.14)."""

from collections.abc import Iterable, Mapping, Sequence

from clients.errors import ListError
from clients.lists.cells import CellError
from clients.lists.values import Fields, Reading, Tables, read_cell
from clients.outboxrows import Letter
from clients.replica import Replica
from clients.talk.sending import letter
from clients.talk.threads import draw_thread
from clients.views import Viewer, view_record
from ledger.errors import NotFoundError
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import purpose_of
from ledger.recordform import PORTIONS
from ledger.talk import reading as forms
from ledger.talk.bodies import Body
from ledger.talk.requests import Declared, Onward, Priority, What

# What a person may say of a weapon, and the field that it gives.
WEAPON = {
    "make": "item.make",
    "type": "item.type",
    "serial": "item.serials",
    "calibre": "item.calibre",
    "country": "item.country_of_manufacture",
}


def declared_need(  # noqa: PLR0913 - what an asker says about its own need, by name
    *,
    purpose: str,
    use: str,
    urgent: bool = False,
    reply_by: str | None = None,
    onward: Iterable[str] = (),
    reference: str | None = None,
) -> Declared:
    """Return what the other side is shown before it decides; raise a LedgerError for what cannot be said so."""
    return Declared(
        purpose=purpose_of(purpose),
        use=forms.words(use),
        priority=Priority.URGENT if urgent else Priority.NORMAL,
        reply_by=None if reply_by is None else forms.day(reply_by),
        onward=tuple(sorted({forms.code(Onward, one) for one in onward}, key=lambda one: one.value)),
        reference=reference,
    )


def named_parts(portions: Iterable[str], fields: Iterable[str]) -> What:
    """Return the portions and fields that are asked for by name."""
    chosen = set(portions)
    return What(
        portions=tuple(one for one in PORTIONS if one in chosen), fields=forms.field_names([*sorted(set(fields))])
    )


def withheld_parts(replica: Replica, name: StatementName, viewer: Viewer) -> What:
    """Return all that is withheld of a record from whoever looks."""
    found = replica.find(name)
    if found is None:
        raise NotFoundError("no record of that name is in the replica: say --portion or --field")
    withheld = [one.portion for one in view_record(found, viewer).portions if one.withheld or one.partial]
    if not withheld:
        raise ListError("nothing of this record is withheld from you", next_step="see `sealtrace show`")
    return What(portions=tuple(withheld))


def weapon_shown(replica: Replica, name: StatementName, viewer: Viewer) -> tuple[Fields, Fields]:
    """Return the weapon as a record shows it to whoever looks, and how it was found."""
    record = replica.find(name)
    if record is None:
        raise NotFoundError("no record of that name is in the replica: run `sealtrace sync`")
    shown: dict[str, JsonValue] = dict(view_record(record, viewer).fields)
    weapon: Fields = {name: value for name, value in shown.items() if name.startswith("item.")}
    found: Fields = {name: value for name, value in shown.items() if name.startswith("event.")}
    return weapon, found


def weapon_told(told: Mapping[str, str | None], tables: Tables) -> Fields:
    """Return the weapon as a person describes it, by the names of `WEAPON`; raise ListError for what cannot be read."""
    weapon: Fields = {}
    for option, text in told.items():
        if text is not None:
            weapon |= _read(WEAPON[option], text, Reading(dates=("EDTF",), tables=tables))
    return weapon


def asked_agencies(name: StatementName | None, to: Sequence[str] | None) -> Sequence[str]:
    """Return whom a request for disclosure goes to: a record's originator alone can show it."""
    if name is None:
        return to or []
    if to and set(to) != {name.iss}:
        raise ListError("only its originator can show a record", next_step=f"leave --to out: {name.iss} is asked")
    return [name.iss]


def request_letters(body: Body, recipients: Sequence[str], *, re: StatementName | None) -> list[Letter]:
    """Return the letters of one request to each of several agencies, in one new thread."""
    if not recipients:
        raise ListError("nobody is asked", next_step="say --to AGENCY, once for each")
    thread = draw_thread()
    return [letter(body, to=agency, thread=thread, re=re) for agency in dict.fromkeys(recipients)]


def _read(name: str, text: str, table: Reading) -> Fields:
    try:
        return read_cell(name, text, table)
    except CellError as error:
        raise ListError(f"{name}: {error}", next_step="see `sealtrace request --help`") from error
