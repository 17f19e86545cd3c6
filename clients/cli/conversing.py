"""What the commands of the conversation share: sending, and the words about it."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer

from clients.cli.edge import Edge
from clients.outboxrows import Letter
from clients.session import Session
from clients.talk.sending import TICK_SECONDS, Sent, send_letters, write
from clients.talk.threads import spelled
from ledger.jsontext import JsonValue

LaterOption: TypeAlias = Annotated[
    bool, typer.Option("--later", help="Keep it in the outbox; the next sync or message sends it.")
]
UNCONFIRMED = "not confirmed until the other side's receipt is here: run `sealtrace sync` later"


def deliver(edge: Edge, session: Session, letters: Sequence[Letter], *, later: bool) -> Sent:
    """Put letters into the outbox and send them at the full minute, unless that is to wait."""
    write(session, letters)
    if later:
        return Sent()
    edge.note(f"sent at the full minute, so that its second tells nothing: up to {TICK_SECONDS} s")
    return send_letters(session)


def sent_lines(letters: Sequence[Letter], sent: Sent) -> list[str]:
    """Return what was sent to whom, in words."""
    lines = [
        f"{'✓ sent' if sent.batches else 'waiting':<13}{one.kind.replace('_', ' ')} to {one.to}" for one in letters
    ]
    lines += [f"thread       {thread}" for thread in sorted({spelled(one.thread) for one in letters})]
    lines += [f"✗ not sent   {agency} is a member no longer" for agency in sent.undeliverable]
    return [*lines, UNCONFIRMED if sent.batches else "it goes with the next `sealtrace sync`"]


def sent_json(letters: Sequence[Letter], sent: Sent) -> dict[str, JsonValue]:
    """Return the same for machines."""
    return {
        "sent": bool(sent.batches),
        "batches": [one.seq for one in sent.batches],
        "messages": [{"kind": one.kind, "to": one.to, "thread": spelled(one.thread)} for one in letters],
        "undeliverable": [*sent.undeliverable],
    }
