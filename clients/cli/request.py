"""`sealtrace request`: ask others to trace a weapon, or to show what they withheld."""

from typing import Annotated

import typer

from clients.cli.conversing import LaterOption, deliver, sent_json, sent_lines
from clients.cli.edge import Edge
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.cli.reading import viewer_of
from clients.codes import load_tables
from clients.home import Home
from clients.lists.values import Fields
from clients.talk.requesting import (
    asked_agencies,
    declared_need,
    named_parts,
    request_letters,
    weapon_shown,
    weapon_told,
    withheld_parts,
)
from clients.views import Viewer
from ledger.identifiers import StatementName, statement_name
from ledger.talk.bodies import Body
from ledger.talk.requests import DisclosureRequest, TraceRequest, What, check_weapon


def request(  # noqa: PLR0913 - each option is one thing that the other side has to know
    context: typer.Context,
    record: Annotated[
        str | None, typer.Argument(metavar="ISS/JTI", help="The record of which something is withheld.")
    ] = None,
    *,
    use: Annotated[str, typer.Option(help="What it is for, in words: they are shown before anybody decides.")],
    purpose: Annotated[str, typer.Option(help="TRACE, CRIM, CT, SANCTIONS or STATS.")] = "TRACE",
    to: Annotated[list[str] | None, typer.Option(help="Whom to ask, in one thread.")] = None,
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
    declared = declared_need(
        purpose=purpose, use=use, urgent=urgent, reply_by=reply_by, onward=onward or (), reference=reference
    )
    place = edge.home(home)
    viewer, _ = viewer_of(place, purpose, edge)
    body: Body
    if record is not None or history:
        re = None if record is None else statement_name(record)
        body = DisclosureRequest(what=_what(edge, place, viewer, re, portion, field), declared=declared)
        recipients = asked_agencies(re, to)
    else:
        re = None if about is None else statement_name(about)
        told = {"make": make, "type": kind, "serial": serial, "calibre": calibre, "country": country}
        weapon, found = _weapon(edge, place, viewer, re, told)
        check_weapon(weapon)
        body = TraceRequest(weapon=weapon, found=found or None, circumstances=circumstances, declared=declared)
        recipients = to or []
    letters = request_letters(body, recipients, re=re)
    with edge.session(home) as session:
        sent = deliver(edge, session, letters, later=later)
    edge.show("\n".join(sent_lines(letters, sent)), sent_json(letters, sent), as_json=as_json)


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
        return named_parts(portions or (), fields or ())
    with edge.replica(place) as replica:
        return withheld_parts(replica, name, viewer)


def _weapon(
    edge: Edge, place: Home, viewer: Viewer, about: StatementName | None, told: dict[str, str | None]
) -> tuple[Fields, Fields]:
    """Return the weapon as a record shows it, or as it was told, and how it was found where a record says so."""
    weapon: Fields = {}
    found: Fields = {}
    if about is not None:
        with edge.replica(place) as replica:
            weapon, found = weapon_shown(replica, about, viewer)
    return weapon | weapon_told(told, load_tables(place)), found
