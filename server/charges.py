"""What happens at most once, or at most so often a day: nonces and counters, written in the transaction of an effect."""

from sqlalchemy import Connection

from ledger.errors import QuotaError, ReplayedError
from ledger.log import Charge, Nonce
from ledger.wire.requests import NONCE_SECONDS

# Auditors compare days with one another; after a quarter of a year a counter has said what it can.
KEPT_DAYS = 90

_TAKE = """
INSERT INTO uses (agency, kind, day, used) SELECT ?1, ?2, ?3, ?5 WHERE ?5 <= ?4
ON CONFLICT DO UPDATE SET used = used + ?5 WHERE used + ?5 <= ?4 RETURNING used
"""
_KEEP = "INSERT INTO nonces (keyid, nonce, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING expires"


def keep_nonce(connection: Connection, nonce: Nonce) -> None:
    """Remember the request; raise ReplayedError if it had its effect already."""
    connection.exec_driver_sql("DELETE FROM nonces WHERE expires < ?", (nonce.expires - NONCE_SECONDS,))
    if connection.exec_driver_sql(_KEEP, (nonce.keyid, nonce.nonce, nonce.expires)).one_or_none() is None:
        raise ReplayedError("a request with this nonce was seen before")


def take(connection: Connection, charge: Charge) -> None:
    """Count uses of a daily limit, in one statement with the question whether as many are left; else QuotaError."""
    row = (charge.agency, charge.limit, charge.day, charge.most, charge.amount)
    if connection.exec_driver_sql(_TAKE, row).one_or_none() is None:
        raise used_up(charge)
    connection.exec_driver_sql("DELETE FROM uses WHERE day < ?", (charge.day - KEPT_DAYS,))


def used_up(charge: Charge) -> QuotaError:
    """Return the refusal of a charge that has no room left."""
    return QuotaError(f"the charter's daily limit of {charge.limit} is used up")
