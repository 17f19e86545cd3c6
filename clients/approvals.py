"""Propose, approve, keep: what two officers of this agency agree on (docs/protocol.md, 6.20)."""

from dataclasses import dataclass, field
from pathlib import Path

from clients.durable import make_folder, write_file
from clients.officers import enrolled
from clients.session import Session
from crypto.signing import Signer
from ledger.kinds import Role
from ledger.officers import (
    ApprovalError,
    Plan,
    Proposal,
    ProposalFile,
    approve,
    keep,
    parse_proposal,
    propose,
    verify_approved,
    verify_proposed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """An officer who signs now."""

    officer: str
    signer: Signer = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """What two officers agreed on, and where the agency keeps the proof."""

    proposal: Proposal
    officers: tuple[str, ...]
    kept: Path


def make_proposal(session: Session, do: Plan, hand: Hand) -> bytes:
    """Return the file that another officer may approve; the proposer must be enrolled here."""
    me, now = session.config.id, session.world.clock()
    file = propose(do, agency=me, officer=hand.officer, signer=hand.signer, now=now)
    verify_proposed(file, agency=me, enrolled=enrolled(session.home), now=now)
    return file


def check_proposal(session: Session, file: bytes) -> ProposalFile:
    """Return what a file proposes, once its signatures are good and it has not run out."""
    return verify_proposed(file, agency=session.config.id, enrolled=enrolled(session.home), now=session.world.clock())


def approve_file(session: Session, file: bytes, hand: Hand) -> bytes:
    """Return the file with the second officer's signature; a file that has it stays as it is for that officer."""
    known, now, me = enrolled(session.home), session.world.clock(), session.config.id
    officers = parse_proposal(file).officers
    if len(officers) > 1:
        # The second run of one approval: it was signed, and perhaps not carried out.
        found = verify_approved(file, agency=me, enrolled=known, now=now)
        if found.officers[-1] != hand.officer:
            raise ApprovalError("the proposal was approved already, by another officer")
        return file
    return approve(file, agency=me, officer=hand.officer, signer=hand.signer, enrolled=known, now=now)


def keep_approval(session: Session, file: bytes) -> Approved:
    """Write what was agreed on under the agency's own signature, before any of it is done."""
    found = verify_approved(file, agency=session.config.id, enrolled=enrolled(session.home), now=session.world.clock())
    signing = session.keyring.signer(Role.SIGN)
    make_folder(session.home.approvals)
    path = session.home.approvals / f"{found.proposal.id.hex()}.json"
    write_file(path, keep(file, agency=session.config.id, signer=signing.signer, kid=signing.kid))
    return Approved(proposal=found.proposal, officers=found.officers, kept=path)
