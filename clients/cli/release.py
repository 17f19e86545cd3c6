"""`sealtrace release` and `approve`: show one agency more, after saying what that means; two officers where it takes them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from clients import approvals, expunging
from clients.approvals import Approved
from clients.cli.conversing import LaterOption, deliver, sent_json, sent_lines
from clients.cli.edge import Edge
from clients.cli.officer import hand_of
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.durable import write_file
from clients.errors import ListError, NotPermittedError
from clients.session import Session
from clients.syncing import Sync
from clients.talk.agreeing import agreed_letters, declared_of, permitted_offers, rebuilt
from clients.talk.answering import letters_of
from clients.talk.releasing import Offer
from clients.talk.stating import SaidTerms, Wanted
from clients.talk.telling import offer_json, offer_lines
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.officers import MAX_FILE_BYTES, PlannedExpunge, PlannedSubmission

ConfirmOption = Annotated[bool, typer.Option("--confirm", help="Do it: without this, only say what it would do.")]


def release(  # noqa: PLR0913 - what, to whom, under which terms, and who says so
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="ISS/JTI", help="A request to us, or a record of ours.")] = None,
    *,
    to: Annotated[str | None, typer.Option(help="To whom, where nobody asked.")] = None,
    portion: Annotated[list[str] | None, typer.Option(help="item, event or case: with its label.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="A single field, like case.offence: without the label.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Closed epochs instead: epochs=all, epochs=1-5, level=RESTRICTED.")
    ] = None,
    level: Annotated[str | None, typer.Option(help="Release it as this level; else as its label says.")] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="For these purposes; else as its label says.")] = None,
    comp: Annotated[list[str] | None, typer.Option(help="In these compartments; else as its label says.")] = None,
    cav: Annotated[list[str] | None, typer.Option(help="Under these caveats; else as its label says.")] = None,
    officer: Annotated[str | None, typer.Option(help="Who proposes it, where two officers must agree.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the proposal goes.")] = None,
    confirm: ConfirmOption = False,
    later: LaterOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Release a portion, single fields or closed epochs to one agency; without --confirm only say what that would do.

    Example: sealtrace release xbe-cib/5tQx… --portion case --level RESTRICTED --officer 'A. Abiola' -o release.json
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        wanted = Wanted(name=name, to=to, portions=portion, fields=field, where=where)
        said = SaidTerms(level=level, purp=purpose, comp=comp, cav=cav)
        offers, declared = permitted_offers(session, wanted, said, today=edge.today())
        charter = session.trust.charters()[-1]
        lines = [line for one in offers for line in offer_lines(one, charter, declared)]
        value: dict[str, JsonValue] = {"offers": [offer_json(one) for one in offers], "sent": False}
        if officer is not None and output is not None:
            lines += _propose(edge, session, offers, officer, output)
            value["proposal"] = str(output)
        elif any(one.reasons for one in offers):
            raise NotPermittedError(
                f"two officers must agree: {'; '.join(reason for one in offers for reason in one.reasons)}",
                next_step="say --officer NAME -o FILE; another officer runs `sealtrace approve FILE`",
            )
        elif confirm:
            letters = letters_of(session, offers)
            sent = deliver(edge, session, letters, later=later)
            lines += sent_lines(letters, sent)
            value |= sent_json(letters, sent)
        else:
            lines.append("nothing was sent: say the same with --confirm")
    edge.show("\n".join(lines), value, as_json=as_json)


def approve(  # noqa: PLR0913 - which proposal, and who approves it
    context: typer.Context,
    proposal: Annotated[Path, typer.Argument(metavar="FILE", help="What another officer proposed.")],
    *,
    officer: Annotated[str, typer.Option(help="Who approves it, with a key of their own.")],
    confirm: ConfirmOption = False,
    later: LaterOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve what another officer proposed, and carry it out; without --confirm only say what that would do.

    Example: sealtrace approve release.json --officer 'B. Berg' --confirm
    """
    edge = edge_of(context)
    file = _read(proposal)
    with edge.session(home) as session:
        found = approvals.check_proposal(session, file)
        do = found.proposal.do
        lines = [f"proposed     by {found.officers[0]}"]
        if isinstance(do, PlannedSubmission):
            raise _at_the_desk()
        if isinstance(do, PlannedExpunge):
            name = StatementName(session.config.id, do.of)
            lines.append(f"expunge      {name} · {do.why.value}: what a partner has copied out is beyond reach")
            value: dict[str, JsonValue] = {"record": str(name), "why": do.why.value, "done": False}
        else:
            offer = rebuilt(session, do, today=edge.today())
            lines += offer_lines(offer, session.trust.charters()[-1], declared_of(session, do))
            value = {**offer_json(offer), "done": False}
        if not confirm:
            lines.append("nothing was done: say the same with --confirm")
        else:
            approved_file = approvals.approve_file(session, file, hand_of(edge, session.home, officer))
            write_file(proposal, approved_file)
            approved = approvals.keep_approval(session, approved_file)
            lines += _carry_out(edge, session, approved, later=later)
            value |= {"done": True, "officers": [*approved.officers], "kept": str(approved.kept)}
    edge.show("\n".join(lines), value, as_json=as_json)


def _propose(edge: Edge, session: Session, offers: Sequence[Offer], officer: str, output: Path) -> list[str]:
    if len(offers) != 1:
        raise ListError("one proposal is about one release", next_step="narrow it: --where level=RESTRICTED")
    write_file(output, approvals.make_proposal(session, offers[0].plan(), hand_of(edge, session.home, officer)))
    return [
        f"proposed     by {officer}; nothing was sent",
        f"next         another officer: sealtrace approve {output} --officer NAME",
    ]


def _carry_out(edge: Edge, session: Session, approved: Approved, *, later: bool) -> list[str]:
    """Do what two officers agreed on, once; what they signed is kept before."""
    lines = [f"✓ approved   by {' and '.join(approved.officers)}; kept as {approved.kept.name}"]
    do = approved.proposal.do
    if isinstance(do, PlannedExpunge):
        logged = expunging.expunge(session, do, approved)
        Sync(session, progress=edge.progress("entries")).by_feed()
        return [
            *lines,
            f"✓ expunged   batch {logged.seq}, entry {logged.first:,}",
            "gone         at the service, which says so; that it kept no copy nobody can prove",
        ]
    if isinstance(do, PlannedSubmission):
        raise _at_the_desk()
    letters = agreed_letters(session, do, approved, today=edge.today())
    return lines + sent_lines(letters, deliver(edge, session, letters, later=later))


def _at_the_desk() -> NotPermittedError:
    """Return the refusal of a proposed list: a file that names only its hash shows nobody what is in it."""
    return NotPermittedError(
        "a list is approved where it can be seen", next_step="open the import at the desk that it was proposed at"
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise ListError("not a proposal: the file is too large")
    return raw
