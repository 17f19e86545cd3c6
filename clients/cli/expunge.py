"""`sealtrace expunge`: propose that what lies beside the log of an own record is deleted."""

from pathlib import Path
from typing import Annotated

import typer

from clients import approvals, expunging
from clients.cli.officer import hand_of
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.durable import write_file
from ledger.identifiers import statement_name


def expunge(  # noqa: PLR0913 - what, why, and who proposes it
    context: typer.Context,
    record: Annotated[str, typer.Argument(metavar="ISS/JTI", help="The record's name.")],
    *,
    why: Annotated[str, typer.Option(help="error, law or safety: everybody who reads the log sees it.")],
    officer: Annotated[str, typer.Option(help="Who proposes it, with a key of their own.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the proposal goes.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose to expunge an own record; another officer carries it out with `sealtrace approve`.

    Example: sealtrace expunge xar-arms/5tQxAAAAAAAAAAAAAAAA9w --why law --officer 'A. Abiola' -o expunge.json
    """
    edge = edge_of(context)
    name = statement_name(record)
    with edge.session(home) as session:
        order = expunging.plan_expunge(session, name, why=why)
        file = approvals.make_proposal(session, order, hand_of(edge, session.home, officer))
    write_file(output, file)
    lines = [
        f"proposed     to expunge {name} · {order.why.value} · by {officer}; nothing was sent",
        "it takes     the record's ciphertexts and slip, at the service and at everybody who syncs",
        "beyond reach what a partner has copied out",
        f"next         another officer: sealtrace approve {output} --officer NAME",
    ]
    edge.show("\n".join(lines), {"record": str(name), "why": order.why.value, "proposal": str(output)}, as_json=as_json)
