"""From what a person wants to release to what may be released, and from what two officers agreed on to the letters of it."""

from datetime import date

from clients.approvals import Approved
from clients.outboxrows import Letter
from clients.session import Session
from clients.talk.answering import asked, letters_of
from clients.talk.releasing import Offer, check_may, rebuild
from clients.talk.stating import SaidTerms, Wanted, epochs_of, offers_of
from ledger.officers import PlannedRelease
from ledger.talk.requests import Declared


def permitted_offers(
    session: Session, wanted: Wanted, said: SaidTerms, *, today: date
) -> tuple[tuple[Offer, ...], Declared | None]:
    """Return the releases that are wanted, each permitted, and what their asker declared where somebody asked."""
    standing = session.stand()
    found, offers = offers_of(standing, wanted, said)
    for one in offers:
        check_may(session, one, standing.authority.members(), today=today)
    return offers, found.declared if found else None


def rebuilt(session: Session, planned: PlannedRelease, *, today: date) -> Offer:
    """Return the very release that officers signed, still permitted; raise ApprovalError if it would be another by now."""
    standing = session.stand()
    offer = rebuild(session, planned, epochs_of(standing, planned))
    check_may(session, offer, standing.authority.members(), today=today)
    return offer


def declared_of(session: Session, planned: PlannedRelease) -> Declared | None:
    """Return what the asker declared that a planned release answers."""
    found = None if planned.re is None else asked(session, planned.re)
    return found.declared if found else None


def agreed_letters(session: Session, planned: PlannedRelease, approved: Approved, *, today: date) -> list[Letter]:
    """Return the letters that carry out what two officers agreed on; the outbox takes them once."""
    return letters_of(session, [rebuilt(session, planned, today=today)], approval=approved.proposal.id)
