"""`sealtrace request`: ask others to trace a weapon, or to show what they withheld."""

from collections.abc import Sequence
from typing import Annotated

import typer

from clients.cli.conversing import LaterOption, deliver, sent_json, sent_lines
from clients.cli.edge import Edge
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.cli.reading import viewer_of
from clients.codes import load_tables
from clients.errors import ListError
from clients.home import Home
from clients.lists.cells import CellError
from clients.lists.values import Fields, Reading, read_cell
from clients.talk.sending import letter
from clients.talk.threads import draw_thread
from clients.views import Viewer, view_record
from ledger.errors import NotFoundError
from ledger.identifiers import StatementName, statement_name
from ledger.jsontext import JsonValue
from ledger.labels import purpose_of
from ledger.talk import reading as forms
from ledger.talk.bodies import Body
from ledger.talk.requests import (
    Declared,
    DisclosureRequest,
    Onward,
    Priority,
    TraceRequest,
    What,
    check_weapon,
)

_WEAPON = {
    "make": "item.make",
    "type": "item.type",
    "serial": "item.serials",
    "calibre": "item.calibre",
    "country": "item.country_of_manufacture",
}


def request(  # noqa: PLR0913 - each option is one thing that the other side has to know
    context: typer.Context,
    record: Annotated[
        str | None, typer.Argument(metavar="[ISS/JTI]", help="Whose record is to be shown to us.")
    ] = None,
    *,
    use: Annotated[str, typer.Option(help="What it is for, in words: they are shown before anybody decides.")],
    purpose: Annotated[str, typer.Option(help="TRACE, CRIM, CT, SANCTIONS or STATS.")] = "TRACE",
    to: Annotated[
        list[str] | None, typer.Option(help="Whom to ask; more than once for several, in one thread.")
    ] = None,
    portion: Annotated[list[str] | None, typer.Option(help="item, event or case; else all that is withheld.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="A single field, like case.offence.")] = None,
    history: Annotated[bool, typer.Option("--history", help="Ask for all closed epochs: for a newcomer.")] = False,
    about: Annotated[str | None, typer.Option(metavar="ISS/JTI", help="Trace the weapon of this record.")] = None,
    make: Annotated[str | None, typer.Option(help="Trace a weapon of this make.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Its type, like 'semi-automatic pistol'.")] = None,
    serial: Annotated[str | None, typer.Option(help="Its serial number, as marked.")] = None,
    calibre: Annotated[str | None, typer.Option(help="Its calibre.")] = None,
    country: Annotated[str | None, typer.Option(help="Where it was made; ZZZ for unknown.")] = None,
    circumstances: Annotated[str | None, typer.Option(help="How it was found.")] = None,
    reference: Annotated[str | None, typer.Option(help="Your own reference.")] = None,
    reply_by: Annotated[str | None, typer.Option(help="When an answer is needed, like 2031-12-31.")] = None,
    onward: Annotated[list[str] | None, typer.Option(help="COURT, MEMBERS, NATIONAL or PUBLIC.")] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="8 hours instead of 7 days.")] = False,
    later: LaterOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask: for what an agency withheld of a record, for its history, or where a weapon comes from.

    Example: sealtrace request --to xbe-cib --about xar-arms/5tQx… --use 'murder inquiry' --urgent
    """
    edge = edge_of(context)
    declared = Declared(
        purpose=purpose_of(purpose),
        use=forms.words(use),
        priority=Priority.URGENT if urgent else Priority.NORMAL,
        reply_by=None if reply_by is None else forms.day(reply_by),
        onward=tuple(sorted({forms.code(Onward, one) for one in onward or ()}, key=lambda one: one.value)),
        reference=reference,
    )
    place = edge.home(home)
    viewer, _ = viewer_of(place, purpose, edge)
    body: Body
    if record is not None or history:
        about_name = None if record is None else statement_name(record)
        body = DisclosureRequest(what=_what(edge, place, viewer, about_name, portion, field), declared=declared)
        recipients, re = _asked(about_name, to), about_name
    else:
        told = {"make": make, "type": kind, "serial": serial, "calibre": calibre, "country": country}
        weapon, found = _weapon(edge, place, viewer, about, told)
        check_weapon(weapon)
        body = TraceRequest(weapon=weapon, found=found or None, circumstances=circumstances, declared=declared)
        recipients, re = to or [], None if about is None else statement_name(about)
    if not recipients:
        raise ListError("nobody is asked", next_step="say --to AGENCY, once for each")
    thread = draw_thread()
    letters = [letter(body, to=agency, thread=thread, re=re) for agency in dict.fromkeys(recipients)]
    with edge.session(home) as session:
        sent = deliver(edge, session, letters, later=later)
    edge.show("\n".join(sent_lines(letters, sent)), sent_json(letters, sent), as_json=as_json)


def _asked(name: StatementName | None, to: Sequence[str] | None) -> Sequence[str]:
    if name is None:
        return to or []
    if to and set(to) != {name.iss}:
        raise ListError("only its originator can show a record", next_step=f"leave --to out: {name.iss} is asked")
    return [name.iss]


def _what(  # noqa: PLR0913, PLR0917 - where to look, who looks, and what the command line gave
    edge: Edge,
    place: Home,
    viewer: Viewer,
    name: StatementName | None,
    portions: list[str] | None,
    fields: list[str] | None,
) -> What:
    """Return what is asked for; of a record without further words, all that is withheld."""
    if name is None:
        return What(history=True)
    if fields or portions:
        return What(
            portions=tuple(one for one in ("item", "event", "case") if one in (portions or ())),
            fields=forms.field_names([*sorted(set(fields or ()))]),
        )
    with edge.replica(place) as replica:
        found = replica.find(name)
    if found is None:
        raise NotFoundError("no record of that name is in the replica: say --portion or --field")
    withheld = [one.portion for one in view_record(found, viewer).portions if one.withheld or one.partial]
    if not withheld:
        raise ListError("nothing of this record is withheld from you", next_step="see `sealtrace show`")
    return What(portions=tuple(withheld))


def _weapon(
    edge: Edge, place: Home, viewer: Viewer, about: str | None, told: dict[str, str | None]
) -> tuple[Fields, Fields]:
    """Return the weapon as a record shows it, or as it was told, and how it was found where a record says so."""
    weapon: Fields = {}
    found: Fields = {}
    if about is not None:
        with edge.replica(place) as replica:
            record = replica.find(statement_name(about))
        if record is None:
            raise NotFoundError("no record of that name is in the replica: run `sealtrace sync`")
        shown: dict[str, JsonValue] = dict(view_record(record, viewer).fields)
        weapon = {name: value for name, value in shown.items() if name.startswith("item.")}
        found = {name: value for name, value in shown.items() if name.startswith("event.")}
    table = Reading(dates=("EDTF",), tables=load_tables(place))
    for option, text in told.items():
        if text is not None:
            weapon |= _read(_WEAPON[option], text, table)
    return weapon, found


def _read(name: str, text: str, table: Reading) -> Fields:
    try:
        return read_cell(name, text, table)
    except CellError as error:
        raise ListError(f"{name}: {error}", next_step="see `sealtrace request --help`") from error
