"""`sealtrace sync`, `show` and `list`: the verified replica, and what may be shown of it."""

from collections.abc import Iterator
from typing import Annotated

import typer

from clients import finding
from clients import show as showing
from clients.authority import members_of
from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.codes import load_tables
from clients.finding import Facet, Search
from clients.freshness import require_fresh, vouched_replica
from clients.home import Home
from clients.listing import Hit, hit
from clients.matching.noticing import Arrived
from clients.opening import agency_reader
from clients.originators import originator
from clients.outbox import Outbox
from clients.plaintext import visible, wrap
from clients.reading import read_record
from clients.replica import FRESH, SIZE, VERIFIED_AT, Replica
from clients.session import Session
from clients.syncing import SyncReport
from clients.talk.confirming import write_opened, write_receipts
from clients.talk.sending import TICK_SECONDS, Sent, send_letters
from clients.talk.tables import HeldRelease
from clients.trust import Trust
from clients.updating import update
from clients.views import Viewer
from ledger.counting import counted
from ledger.errors import MalformedError
from ledger.eventfields import KINDS
from ledger.identifiers import statement_name
from ledger.jsontext import JsonValue
from ledger.labels import Purpose

PurposeOption = Annotated[str, typer.Option(help="What it is wanted for: TRACE, CRIM, CT, SANCTIONS or STATS.")]


def sync(
    context: typer.Context,
    *,
    full: Annotated[bool, typer.Option("--full", help="Read the whole log: proves that nothing was left out.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch, verify and open everything this agency may read.

    Example: sealtrace sync --full
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        done = update(session, progress=edge.progress("entries"), full=full)
        report, arrived = done.report, done.arrived
        sent = _send_waiting(edge, session)
        text = "\n".join([*_synced(report, sent), *_noticed(arrived, handed=done.handed)])
        value: dict[str, JsonValue] = {
            **_synced_json(report),
            "sent": sent.letters,
            "notices": len(arrived.new),
            "doubts": list(arrived.doubts),
        }
        edge.show(text, value, as_json=as_json)
        require_fresh(report.fresh, now=edge.world.clock())
    if report.refused or report.left_out or arrived.doubts:
        raise typer.Exit(Exit.REFUSED)


def _send_waiting(edge: Edge, session: Session) -> Sent:
    """Send what waits, and receipts for what came, at the full minute."""
    if write_receipts(session) or session.outbox.letters():
        edge.note(f"receipts are sent at the full minute: up to {TICK_SECONDS} s")
    return send_letters(session)


def show(
    context: typer.Context,
    record: Annotated[str, typer.Argument(metavar="ISS/JTI", help="The record's name.")],
    *,
    purpose: PurposeOption = "TRACE",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one record: what may be read, what is withheld, and why it can be believed.

    Example: sealtrace show xar-arms/5tQxAAAAAAAAAAAAAAAA9w
    """
    edge = edge_of(context)
    place = edge.home(home)
    viewer, contacts = viewer_of(place, purpose, edge)
    name = statement_name(record)
    with edge.stored(place) as (replica, outbox):
        proof, fresh = _proof(replica, edge), _fresh(replica)
        view = read_record(replica, name, viewer)
        _note_opened(edge, replica, outbox, [one for portion in view.portions for one in portion.releases], viewer)
    members = frozenset(viewer.members.ceilings)
    text = showing.render(
        view, proof, makes=load_tables(place).makes, contact=contacts.get(name.iss, "not named in the charter")
    )
    edge.show(text, showing.to_json(view, proof, members=members), as_json=as_json)
    require_fresh(fresh, now=edge.world.clock())


def _note_opened(edge: Edge, replica: Replica, outbox: Outbox, releases: list[HeldRelease], viewer: Viewer) -> None:
    """Put into the outbox that what was released is being looked at; the next sync sends it."""
    if releases and write_opened(outbox, replica, releases, purpose=viewer.purpose):
        edge.note("its originator is told that it was opened, with the next `sealtrace sync`")


def find(  # noqa: PLR0913 - each option narrows the search
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="WORD", help="Words that must all occur.")] = None,
    *,
    event: Annotated[str | None, typer.Option(help="Only this kind of event, like recovery.")] = None,
    iss: Annotated[str | None, typer.Option(help="Only this originator's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    purpose: PurposeOption = "TRACE",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find records in the replica.

    Example: sealtrace list taurus --event recovery
    """
    edge = edge_of(context)
    place = edge.home(home)
    viewer, _ = viewer_of(place, purpose, edge)
    makes = load_tables(place).makes
    event = None if event is None else _event(event)
    iss = None if iss is None else originator(iss, viewer.members)
    facets = {facet: value for facet, value in ((Facet.EVENT, event), (Facet.ORIGINATOR, iss)) if value is not None}
    search = Search(words=tuple(words or ()), facets=facets)
    with edge.replica(place) as replica:
        page = finding.find(replica, search, viewer, makes, limit=limit)
        fresh, said = _fresh(replica), vouched_replica(replica, now=edge.world.clock())
    hits, total = [hit(view, makes) for view in page.views], page.total
    value: JsonValue = {"records": [one.to_json() for one in hits], "of": total, "witnesses": said}
    edge.show(_table(hits, total, said), value, as_json=as_json)
    require_fresh(fresh, now=edge.world.clock())


def viewer_of(place: Home, purpose: str, edge: Edge) -> tuple[Viewer, dict[str, str]]:
    """Return who looks, from what the home trusts, and each agency's point of contact."""
    charters = Trust(place.trusted).charters()
    viewer = Viewer(
        reader=agency_reader(place.config().id),
        purpose=_purpose(purpose),
        today=edge.today(),
        members=members_of(charters),
    )
    contacts = {agency.id: f"{agency.contact.name}, {agency.contact.hours}" for agency in charters[-1].agencies}
    return viewer, contacts


def _purpose(text: str) -> Purpose:
    """Return the purpose that somebody typed."""
    try:
        return Purpose(text)
    except ValueError as error:
        known = ", ".join(one.value for one in Purpose)
        raise MalformedError(f"{visible(text)[:40]} is no purpose: they are {known}") from error


def _event(text: str) -> str:
    """Return the kind of event that somebody typed: of one that there is not, nothing would be found in silence."""
    if text not in KINDS:
        raise MalformedError(f"{visible(text)[:40]} is no kind of event: they are {', '.join(KINDS)}")
    return text


def _proof(replica: Replica, edge: Edge) -> showing.Proof:
    return showing.Proof(
        size=replica.state(SIZE, default=0),
        witnesses=vouched_replica(replica, now=edge.world.clock()),
        checked=replica.state(VERIFIED_AT, default=0),
        now=edge.world.clock(),
    )


def _fresh(replica: Replica) -> int | None:
    """Return the time up to which witnesses vouched for what the replica was read under; None without witnesses."""
    return replica.state(FRESH, default=0) or None


def _noticed(arrived: Arrived, *, handed: bool) -> Iterator[str]:
    """Yield what matching brought: a key handed out, notices, and what of them does not hold."""
    if handed:
        yield "handed out   the matching key, to every member"
    if arrived.new:
        yield f"notices      {len(arrived.new):,} new: see `sealtrace notices`"
    yield from (f"✗ {doubt}" for doubt in arrived.doubts)


def _synced(report: SyncReport, sent: Sent) -> list[str]:
    lines = [
        f"✓ verified   {counted(report.size, 'entry', 'entries')} · {report.vouched}",
        f"opened       {counted(report.records, 'record')} · {counted(report.grants, 'new key')}",
    ]
    if report.expunged:
        lines.append(f"expunged     {counted(report.expunged, 'record')}: deleted here by order of the originator")
    if report.messages:
        lines.append(f"received     {counted(report.messages, 'message')}: see `sealtrace inbox`")
    if report.released:
        lines.append(f"released     {counted(report.released, 'release')} to you, checked and taken over")
    if report.recalled:
        lines.append(
            f"recalled     {counted(report.recalled, 'release')}: deleted here; what was read or copied stays known"
        )
    if sent.letters:
        lines.append(f"sent         {counted(sent.letters, 'message')}, receipts included")
    for index, why in report.refused.items():
        lines += wrap(f"✗ entry {index:,} is not shown: {why}", width=80, indent="  ")
    if report.left_out:
        lines.append(
            f"✗ the service's feed left out {counted(len(report.left_out), 'record')}, the first at {report.left_out[0]:,}"
        )
    return lines


def _synced_json(report: SyncReport) -> dict[str, JsonValue]:
    return {
        "size": report.size,
        "witnesses": report.vouched,
        "fresh": report.fresh,
        "records": report.records,
        "grants": report.grants,
        "expunged": report.expunged,
        "messages": report.messages,
        "released": report.released,
        "recalled": report.recalled,
        "refused": {str(index): why for index, why in report.refused.items()},
        "left_out": list(report.left_out),
    }


def _table(hits: list[Hit], total: int, vouched: str) -> str:
    lines: list[str] = []
    for one in hits:
        lines.append(f"{one.view.record.name}  {one.event}  {one.date}".rstrip())
        what = f"{one.item} · {one.serial}" if one.serial else one.item
        lines += [f"  {line}" for line in wrap(what or "item withheld", width=78, indent="")]
    if not total:
        lines.append("no record here has all of that; what was logged lately is found after `sealtrace sync`")
    return "\n".join([*lines, f"{len(hits):,} of {counted(total, 'record')} · {vouched}"])
