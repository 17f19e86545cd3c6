"""`sealtrace expunge`: delete what lies beside the log of an own record."""

from typing import Annotated

import typer

from clients import expunging
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.syncing import Sync
from ledger.identifiers import statement_name
from ledger.jsontext import JsonValue


def expunge(  # noqa: PLR0913 - what, why, and the two who say so
    context: typer.Context,
    record: Annotated[str, typer.Argument(metavar="ISS/JTI", help="The record's name.")],
    *,
    why: Annotated[str, typer.Option(help="error, law or safety: everybody who reads the log sees it.")],
    officer: Annotated[list[str], typer.Option(help="Who orders it: two officers, written down in the home only.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Expunge an own record: its ciphertexts and slip go at the service and at everybody who syncs.

    Example: sealtrace expunge xar-arms/5tQxAAAAAAAAAAAAAAAA9w --why law --officer 'A. Abiola' --officer 'B. Berg'
    """
    edge = edge_of(context)
    order = expunging.make_order(statement_name(record), why=why, officers=officer)
    with edge.session(home) as session:
        logged = expunging.expunge(session, order)
        Sync(session, progress=edge.progress("entries")).by_feed()
        path = session.home.expungements
    lines = [
        f"✓ expunged   {order.name} · {order.why.value} · batch {logged.seq}, entry {logged.first:,}",
        "gone         at the service, which says so; that it kept no copy nobody can prove",
        "beyond reach what a partner has copied out",
        f"officers     {' and '.join(order.officers)}, written to {path.name}: named, not proved by keys of their own",
    ]
    value: dict[str, JsonValue] = {
        "record": str(order.name),
        "why": order.why.value,
        "batch": logged.seq,
        "index": logged.first,
    }
    edge.show("\n".join(lines), value, as_json=as_json)
