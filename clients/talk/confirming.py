"""What a home says by itself: that messages came, and that a person opened what was released (docs/protocol.md, 6.19)."""

from collections.abc import Iterable, Iterator

from clients.outbox import Outbox
from clients.outboxrows import Letter
from clients.replica import Replica
from clients.session import Session
from clients.talk.sending import letter
from clients.talk.tables import HeldRelease
from clients.talk.threads import Talk, talks
from ledger.labels import Purpose
from ledger.messages import Kind
from ledger.talk.notices import MAX_CONFIRMED, Opened, Receipt


def write_receipts(session: Session) -> int:
    """Put the receipts that this agency owes into the outbox; return how many messages they confirm."""
    waiting = {(one.thread, one.to) for one in session.outbox.unfiled() if one.kind == Kind.RECEIPT.value}
    members = {agency.id for agency in session.trust.charters()[-1].agencies}
    letters = [
        one
        for talk in talks(session.replica)
        for one in _receipts(talk, session.config.id)
        # One that waits, or is on its way, is logged first: what came since is confirmed by the next.
        if (one.thread, one.to) not in waiting and one.to in members
    ]
    session.outbox.write_letters(letters)
    return len(letters)


def write_opened(outbox: Outbox, replica: Replica, releases: Iterable[HeldRelease], *, purpose: Purpose) -> int:
    """Put into the outbox that a person has opened releases, each once; nothing is sent here."""
    fresh = [one for one in dict.fromkeys(releases) if replica.talk.mark_opened(one)]
    outbox.write_letters(
        [letter(Opened(purpose=purpose), to=one.name.iss, thread=one.thread, re=one.name) for one in fresh]
    )
    return len(fresh)


def _receipts(talk: Talk, me: str) -> Iterator[Letter]:
    """Yield receipts for what was sent to `me` and is not confirmed, a sender at a time, in log order."""
    owed: dict[str, list[bytes]] = {}
    for one in talk.thread.heard:
        said = one.said
        if said.to == me and said.kind is not Kind.RECEIPT and said.name not in talk.thread.confirmed:
            owed.setdefault(said.name.iss, []).append(said.name.jti)
    for sender, names in owed.items():
        for at in range(0, len(names), MAX_CONFIRMED):
            body = Receipt(of=tuple(names[at : at + MAX_CONFIRMED]))
            yield letter(body, to=sender, thread=talk.id, re=None)
