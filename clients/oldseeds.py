"""Seeds of keys that have ended: kept as long as a box may come that they open, and no longer (docs/protocol.md, 5.8)."""

from contextlib import suppress

from clients.entrytimes import KnownTimes
from clients.errors import StaleError
from clients.session import Standing
from ledger.kinds import Role
from ledger.wire.limits import BOX_DAYS


def destroy_old(standing: Standing) -> None:
    """Destroy seeds for boxes 90 days after the log was seen to end their keys: what they open is kept no longer.

    Called when all that the view holds for this home was opened. When a key ended is told by the home's own clock, and by
    no single moment at which it was wrong: a key did not end before its end was signed, and today is no later than the
    witnesses say, where the log has any.
    """
    keyring, replica = standing.session.keyring, standing.session.replica
    held = {key.kid for key in keyring.public_keys() if key.role is Role.HPKE}
    if len(held) == 1 or standing.authority.membership.first_listed(standing.me) is None:
        return
    with suppress(StaleError):  # an entry that waits for the log's witnesses: the next sync looks again
        standing.authority.catch_up(standing.me)
    changes = standing.authority.membership.key_changes(standing.me, after=-1)
    due = min(standing.now(), standing.view.fresh or standing.now()) - BOX_DAYS * 86_400
    times = KnownTimes(replica)
    seen = [(one, times.first_verified(one.index)) for one in changes]
    past = [one for one, at in seen if at is not None and max(at, one.entry.iat) <= due]
    if old := held & {key.kid for one in past for key in one.ended}:
        keyring.destroy(old)
