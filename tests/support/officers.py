"""Two officers of an agency, enrolled in its home, who agree on whatever a test needs."""

from clients.approvals import Approved, Hand, approve_file, keep_approval, make_proposal
from clients.officers import create_officer, enrolled, officer_signer
from clients.session import Session
from ledger.officers import Plan
from tests.support.loopback import PHRASE, WEAK

FIRST, SECOND = "A. Abiola", "B. Berg"


def hand(session: Session, officer: str) -> Hand:
    """Return an officer who signs now, enrolled if they were not yet."""
    if officer not in enrolled(session.home):
        create_officer(session.home, officer, passphrase=PHRASE, cost=WEAK)
    return Hand(officer=officer, signer=officer_signer(session.home, officer, passphrase=PHRASE, allow_weak=True))


def agreed(session: Session, do: Plan) -> Approved:
    """Return what two officers agreed on."""
    file = make_proposal(session, do, hand(session, FIRST))
    return keep_approval(session, approve_file(session, file, hand(session, SECOND)))
