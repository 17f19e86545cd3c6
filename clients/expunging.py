"""Expunge an own record: what lies beside the log goes, here, at the service, and at everybody who syncs it.

docs/protocol.md, 3 and 9. Two officers stand behind it. They are named and written down before anything is sent; until
officers have keys of their own that is this home's word, and proves nothing to anybody else. What a partner has copied
out is beyond reach.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from clients.chain import Logged, make_batch, send_waiting
from clients.durable import write_file
from clients.errors import HomeError, NotPermittedError, TrustError
from clients.plaintext import visible
from clients.session import Session
from ledger.expunges import Why, build_expunge
from ledger.identifiers import StatementName
from ledger.kinds import Role

OFFICERS = 2
MAX_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What two officers ordered."""

    name: StatementName
    why: Why
    officers: tuple[str, ...]


def make_order(name: StatementName, *, why: str, officers: Sequence[str]) -> Order:
    """Return the order of two different officers; raise NotPermittedError for one alone, or one twice."""
    grounds = {one.value: one for one in Why}
    if why not in grounds:
        raise HomeError("an expungement has a ground", next_step=f"say --why {' or '.join(grounds)}")
    named = tuple(" ".join(one.split()) for one in officers)
    if len(named) != OFFICERS or len({one.casefold() for one in named}) != OFFICERS or not all(named):
        raise NotPermittedError("two officers order an expungement", next_step="say --officer A --officer B")
    if any(visible(one) != one or len(one) > MAX_NAME for one in named):
        raise HomeError("an officer's name is one line of at most 100 characters")
    return Order(name=name, why=grounds[why], officers=named)


def expunge(session: Session, order: Order) -> Logged:
    """Log the order and delete the record here; what was sent and not answered is sent again first."""
    if order.name.iss != session.config.id:
        raise NotPermittedError("only its originator expunges a record", next_step=f"ask {order.name.iss}")
    send_waiting(session)
    standing = session.stand()
    standing.authority.catch_up(standing.me)
    signing = standing.signing_key(Role.SIGN)
    statement = build_expunge(
        signer=signing.signer, kid=signing.kid, iat=standing.now(), of=order.name.jti, why=order.why
    )
    _record(session, order)
    session.outbox.put(make_batch(standing, [statement]))
    logged = send_waiting(session)
    if logged is None:
        raise TrustError("the outbox lost a batch that was just written to it")
    return logged


def _record(session: Session, order: Order) -> None:
    """Write down who ordered what, before it is sent."""
    path = session.home.expungements
    line = {
        "at": session.world.clock(),
        "record": str(order.name),
        "why": order.why.value,
        "officers": list(order.officers),
    }
    before = path.read_bytes() if path.exists() else b""
    write_file(path, before + json.dumps(line, ensure_ascii=False).encode() + b"\n")
