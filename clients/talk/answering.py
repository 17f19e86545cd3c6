"""What a release answers, and the messages that it takes: the decision first, where a request is still to be decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from clients.errors import ListError, NotPermittedError
from clients.outboxrows import Letter
from clients.session import Session
from clients.talk.releasing import Address, Choice, Offer
from clients.talk.sending import letter
from clients.talk.threads import Talk, draw_thread, message, talk_of
from ledger.identifiers import StatementName
from ledger.talk.answers import Decision
from ledger.talk.requests import Declared, DisclosureRequest, TraceRequest, What
from ledger.talk.state import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that a release may answer: where it stands, and what its asker declared."""

    address: Address
    talk: Talk
    request: Request

    @property
    def declared(self) -> Declared | None:
        """Return what the asker says about its need."""
        body = self.request.said.body
        return body.declared if isinstance(body, TraceRequest | DisclosureRequest) else None

    @property
    def wants_history(self) -> bool:
        """Say whether all closed epochs are asked for."""
        body = self.request.said.body
        return isinstance(body, DisclosureRequest) and body.what.history

    def choice(self, portions: Sequence[str], fields: Sequence[str]) -> Choice:
        """Return what is to be released of the record that was asked for: what was asked, unless less is said."""
        body, re = self.request.said.body, self.request.said.re
        if not isinstance(body, DisclosureRequest) or re is None:
            raise ListError("this request asks for no portion", next_step="name an own record, and --to")
        if portions or fields:
            return Choice(name=re, portions=tuple(portions), fields=tuple(fields))
        return Choice(name=re, portions=body.what.portions, fields=body.what.fields)


def asked(session: Session, name: StatementName) -> Asked | None:
    """Return the request of that name, if it is one that was put to this agency."""
    if session.replica.talk.thread_of(name) is None:
        return None
    talk = talk_of(session.replica, name)
    message(talk, name)
    request = talk.thread.requests.get(name)
    if request is None or request.said.to != session.config.id:
        raise NotPermittedError(
            "a release answers a request that was put to this agency", next_step="see `sealtrace inbox`"
        )
    address = Address(to=request.said.name.iss, thread=talk.id, re=name)
    return Asked(address=address, talk=talk, request=request)


def unasked(to: str) -> Address:
    """Return the address of a release that nobody asked for, in a thread of its own."""
    return Address(to=to, thread=draw_thread(), re=None)


def letters_of(session: Session, offers: Sequence[Offer], *, approval: bytes | None = None) -> list[Letter]:
    """Return the messages that carry releases out: the decision too, where a request for disclosure is undecided."""
    letters = [
        letter(one.release, to=one.address.to, thread=one.address.thread, re=one.address.re, approval=approval)
        for one in offers
    ]
    first = offers[0]
    found = None if first.address.re is None else asked(session, first.address.re)
    if found is None or found.request.decided or not isinstance(found.request.said.body, DisclosureRequest):
        return letters
    return [letter(grant_of(offers), to=first.address.to, thread=first.address.thread, re=first.address.re), *letters]


def grant_of(offers: Sequence[Offer]) -> Decision:
    """Return the decision that grants what these releases show, under their terms."""
    return Decision(what=_granted(offers), terms=max((one.release.terms for one in offers), key=lambda one: one.level))


def _granted(offers: Sequence[Offer]) -> What:
    portions = {part.portion for one in offers for part in one.release.portions}
    fields = {name for one in offers for part in one.release.disclosures for name in part.names}
    if any(one.release.epochs for one in offers):
        return What(history=True)
    return What(
        portions=tuple(name for name in ("item", "event", "case") if name in portions), fields=tuple(sorted(fields))
    )
