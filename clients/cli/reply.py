"""`sealtrace answer`, `refuse` and `recall`: what the agency that was asked says, and what it takes back."""

from typing import Annotated

import typer

from clients.cli.conversing import LaterOption, deliver, sent_json, sent_lines
from clients.cli.edge import Edge
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.errors import ListError
from clients.talk.replying import CANNOT_BE_UNDONE, recalled, referral, refusal, reply_letter
from ledger.identifiers import StatementName, statement_name
from ledger.talk.answers import OUTCOMES, Acknowledgement, Question, Reply, Response
from ledger.talk.bodies import Body
from ledger.talk.notices import Recall

NameArgument = Annotated[
    str, typer.Argument(metavar="ISS/JTI", help="The message's name, as `sealtrace inbox` shows it.")
]


def answer(  # noqa: PLR0913 - each option is one way to answer, or one fact of it
    context: typer.Context,
    name: NameArgument,
    *,
    acknowledge: Annotated[bool, typer.Option("--acknowledge", help="Say that it is here.")] = False,
    ask: Annotated[str | None, typer.Option(help="Ask back, in words.")] = None,
    tell: Annotated[str | None, typer.Option(help="Answer what was asked back.")] = None,
    refer: Annotated[str | None, typer.Option(help="Send them to a State (XBE) or an agency (xbe-cib).")] = None,
    outcome: Annotated[int | None, typer.Option(min=0, max=5, help="0 not traced … 5 where it became illicit.")] = None,
    custodian: Annotated[str | None, typer.Option(help="The last lawful custodian.")] = None,
    date: Annotated[str | None, typer.Option(help="When that was, like 2021-03 or 2019/2021.")] = None,
    records: Annotated[list[str] | None, typer.Option("--record", help="A record that shows it.")] = None,
    interim: Annotated[bool, typer.Option("--interim", help="More will follow: this decides nothing yet.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why it was not traced.")] = None,
    reference: Annotated[str | None, typer.Option(help="Your own reference.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to ask there.")] = None,
    note: Annotated[str | None, typer.Option(help="Anything else.")] = None,
    later: LaterOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a message: acknowledge, ask back, tell, refer, or say what came of the trace.

    Example: sealtrace answer xbe-cib/5tQx… --outcome 3 --custodian 'Arms Depot 2' --date 2019
    """
    edge = edge_of(context)
    body: Body | None = None
    chosen = [acknowledge, ask is not None, tell is not None, refer is not None, outcome is not None]
    if sum(chosen) != 1:
        raise ListError(
            "one answer at a time", next_step="say one of --acknowledge, --ask, --tell, --refer and --outcome"
        )
    if acknowledge:
        body = Acknowledgement(reference=reference, note=note)
    elif ask is not None:
        body = Question(asks=ask)
    elif tell is not None:
        body = Reply(answers=tell)
    elif refer is not None:
        body = referral(refer, contact=contact, note=note)
    else:
        body = Response(
            outcome=outcome or 0,
            final=not interim,
            reason=reason,
            custodian=custodian,
            date=date,
            records=tuple(sorted(statement_name(one) for one in records or ())),
            note=note,
        )
    _reply(edge, home, statement_name(name), body, later=later, as_json=as_json)


def refuse(  # noqa: PLR0913 - what is refused, how far, why and for how long
    context: typer.Context,
    name: NameArgument,
    *,
    ground: Annotated[str, typer.Option(help="INVESTIGATION, LAW, CONFIDENTIALITY, SECURITY or UNSPECIFIED.")],
    kind: Annotated[str, typer.Option(help="DELAY, RESTRICT or REFUSE.")] = "REFUSE",
    until: Annotated[str | None, typer.Option(help="With DELAY: until when, like 2031-12-31.")] = None,
    reason: Annotated[str | None, typer.Option(help="More about it.")] = None,
    later: LaterOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse a request, delay it, or say that the answer will be restricted; on a ground of the ITI.

    Example: sealtrace refuse xbe-cib/5tQx… --ground INVESTIGATION --kind DELAY --until 2031-12-31
    """
    body = refusal(kind=kind, ground=ground, until=until, reason=reason)
    _reply(edge_of(context), home, statement_name(name), body, later=later, as_json=as_json)


def recall(  # noqa: PLR0913 - which release, and why
    context: typer.Context,
    name: NameArgument,
    *,
    why: Annotated[str, typer.Option(help="error, law or safety.")],
    reason: Annotated[str | None, typer.Option(help="More about it.")] = None,
    later: LaterOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recall a release: its reader's replica deletes it. What was read or copied stays known.

    Example: sealtrace recall xar-arms/5tQx… --why error
    """
    body = recalled(why, reason=reason)
    _reply(edge_of(context), home, statement_name(name), body, later=later, as_json=as_json)


def _reply(  # noqa: PLR0913 - what is said, to which message, and how it is sent
    edge: Edge, home: str | None, name: StatementName, body: Body, *, later: bool, as_json: bool
) -> None:
    with edge.session(home) as session:
        letters = [reply_letter(session, name, body)]
        sent = deliver(edge, session, letters, later=later)
    lines = sent_lines(letters, sent)
    if isinstance(body, Response):
        lines.insert(0, f"outcome      {body.outcome} of 5: {OUTCOMES[body.outcome]}")
    if isinstance(body, Recall):
        lines.append(f"beyond reach {CANNOT_BE_UNDONE}")
    edge.show("\n".join(lines), sent_json(letters, sent), as_json=as_json)
