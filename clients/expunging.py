"""Expunge an own record: what lies beside the log goes, here, at the service, and at everybody who syncs it.

docs/protocol.md, 3 and 9. Two officers stand behind it: one proposes, another approves, and the agency keeps what both
signed. What a partner has copied out is beyond reach.
"""

from clients.approvals import Approved
from clients.chain import Logged, make_batch, send_waiting
from clients.errors import HomeError, NotPermittedError, TrustError
from clients.session import Session
from ledger.expunges import Why, build_expunge
from ledger.identifiers import StatementName
from ledger.kinds import Role
from ledger.officers import PlannedExpunge


def plan_expunge(session: Session, name: StatementName, *, why: str) -> PlannedExpunge:
    """Return the order that two officers are to agree on; only its originator expunges a record."""
    grounds = {one.value: one for one in Why}
    if why not in grounds:
        raise HomeError("an expungement has a ground", next_step=f"say --why {' or '.join(grounds)}")
    if name.iss != session.config.id:
        raise NotPermittedError("only its originator expunges a record", next_step=f"ask {name.iss}")
    return PlannedExpunge(of=name.jti, why=grounds[why])


def expunge(session: Session, order: PlannedExpunge, approved: Approved) -> Logged:
    """Log the order that two officers approved; what was sent and not answered is sent again first."""
    send_waiting(session)
    standing = session.stand()
    standing.authority.catch_up(standing.me)
    signing = standing.signing_key(Role.SIGN)
    statement = build_expunge(signer=signing.signer, kid=signing.kid, iat=standing.now(), of=order.of, why=order.why)
    session.outbox.put(make_batch(standing, [statement]), approval=approved.proposal.id)
    logged = send_waiting(session)
    if logged is None:
        raise TrustError("the outbox lost a batch that was just written to it")
    return logged
