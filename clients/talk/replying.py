"""Answers, refusals and recalls out of what a person says, each held against the thread and against what still waits to go out.

The other side judges by the same rule (docs/protocol.md, 6.16), so what would change nothing is not said at all.
"""

from collections.abc import Iterable, Sequence

from clients.errors import NotPermittedError
from clients.outboxrows import Letter
from clients.session import Session
from clients.talk.releasing import Offer
from clients.talk.sending import body_of, letter
from clients.talk.threads import Talk, message, talk, talk_of
from ledger.errors import DuplicateError
from ledger.expunges import Why
from ledger.identifiers import StatementName
from ledger.talk import reading as forms
from ledger.talk.answers import Ground, Referral, Refusal, RefusalKind
from ledger.talk.bodies import Body
from ledger.talk.notices import Recall
from ledger.talk.releases import Release
from ledger.talk.state import Said, Thread
from ledger.talk.thread import listen

CANNOT_BE_UNDONE = (
    "what was read, copied or printed cannot be taken back, and the release can be proved to anyone for ever"
)


def reply_letter(session: Session, name: StatementName, body: Body) -> Letter:
    """Return what answers the message `name`, to the other side of it; raise NotPermittedError if it would change nothing."""
    found = talk_of(session.replica, name)
    said = message(found, name)
    to = said.to if said.name.iss == session.config.id else said.name.iss
    reply = letter(body, to=to, thread=found.id, re=name)
    check_fit(session, found, [reply])
    return reply


def check_fit(session: Session, found: Talk, letters: Sequence[Letter]) -> None:
    """Raise NotPermittedError unless each letter counts after all that was said and all that waits to be sent.

    What another officer wrote within the last minute has no place in the log yet, and is as good as said.
    """
    me = session.config.id
    expected = expected_thread(found, session.outbox.unfiled(), me=me)
    after = _with_letters(found, expected, letters, me=me)
    for fault in (one.fault for one in after.heard[len(expected.heard) :]):
        if fault is not None:
            raise NotPermittedError(
                f"this would change nothing: {fault.value}", next_step="see `sealtrace inbox THREAD`"
            )


def check_new(session: Session, offer: Offer) -> None:
    """Raise DuplicateError for a release that was made before, or waits to be sent, in the same thread: a stale page."""
    ident, body = offer.address.thread, offer.release.to_json()
    waiting = [body_of(one) for one in session.outbox.unfiled() if one.thread == ident and one.to == offer.address.to]
    said = [] if not session.replica.talk.messages(ident) else _releases(session, ident, offer.address.to)
    if any(isinstance(one, Release) and one.to_json() == body for one in (*waiting, *said)):
        raise DuplicateError("this very release was made before, or waits to be sent")


def expected_thread(found: Talk, waiting: Iterable[Letter], *, me: str) -> Thread:
    """Return a thread of `me` as it will be when what waits in the outbox is logged."""
    return _with_letters(found, found.thread, [one for one in waiting if one.thread == found.id], me=me)


def referral(to: str, *, contact: str | None, note: str | None) -> Referral:
    """Return the referral to a State (XBE) or an agency (xbe-cib)."""
    state = to.partition("-")[0].upper()
    return Referral(country=state, agency=to if "-" in to else None, contact=contact, note=note)


def refusal(*, kind: str, ground: str, until: str | None, reason: str | None) -> Refusal:
    """Return a refusal, a delay or a restriction, on a ground of the International Tracing Instrument."""
    return Refusal(
        kind=forms.code(RefusalKind, kind),
        ground=forms.code(Ground, ground),
        until=None if until is None else forms.day(until),
        reason=reason,
    )


def recalled(why: str, *, reason: str | None) -> Recall:
    """Return the recall of a release."""
    return Recall(why=forms.code(Why, why), reason=reason)


def _releases(session: Session, ident: bytes, to: str) -> Sequence[Body]:
    """Return what was released to an agency in a thread and not recalled."""
    found = talk(session.replica, ident).thread.releases.values()
    return [one.said.body for one in found if one.recalled is None and one.said.to == to]


def _with_letters(found: Talk, thread: Thread, letters: Sequence[Letter], *, me: str) -> Thread:
    numbered = enumerate(letters, start=len(thread.heard))
    return listen((_said(found, one, me=me, number=number) for number, one in numbered), after=thread)


def _said(found: Talk, one: Letter, *, me: str, number: int) -> Said:
    """Return a letter as it will be heard; its name is drawn when it is sealed, so until then it has one of its own."""
    index = max(found.times, default=0) + 1 + number
    return Said(
        index=index, name=StatementName(me, number.to_bytes(16, "big")), to=one.to, re=one.re, body=body_of(one)
    )
