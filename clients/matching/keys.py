"""The matching key Kc: drawn by the agency that the charter names, granted to all members (docs/protocol.md, 6.3, 6.4).

Kc counts from that agency only, and only if it opens to the charter's kcid. Whoever could plant another key would make
an agency's tokens meet nobody's, or its own alone.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from clients.chain import make_batch, send_waiting
from clients.errors import HomeError
from clients.keyring import Keyring
from clients.session import Session, Standing
from crypto.digests import sha256
from crypto.portionkeys import KEY_BYTES, matching_key_id
from ledger.charter import Charter
from ledger.grants import Grant, Use, seal_grant
from ledger.keys import Key
from ledger.kinds import Role
from ledger.labels import Level
from ledger.membership import Membership
from ledger.terms import Match

OVERLAP_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """What tokens of one token epoch are made with: the key that members share, and the service's public one."""

    ep: int
    kc: bytes = field(repr=False)
    pk: bytes


def draw_matching_key(keyring: Keyring) -> bytes:
    """Return the id of a fresh matching key, which is in the keystore before anybody hears of it."""
    key = secrets.token_bytes(KEY_BYTES)
    kcid = matching_key_id(key)
    keyring.put_matching_key(kcid, key)
    return kcid


def counts(grant: Grant, charters: Iterable[Charter]) -> bool:
    """Say whether a charter names this very key, and its issuer as the one who hands it out."""
    named = {(one.match.by, one.match.ep, one.match.kcid) for one in charters if one.match is not None}
    return grant.use is Use.MATCH and (grant.name.iss, grant.ep, grant.ek) in named


def matches(standing: Standing) -> bool:
    """Say whether any charter of this log has named a matching key: before that nothing is asked or told."""
    return any(logged.charter.match is not None for logged in standing.view.charters)


def current_key(standing: Standing) -> TokenKey | None:
    """Return the key of the token epoch in force, None while the charter names none; HomeError if it is not held."""
    match = standing.view.charter.match
    if match is None:
        return None
    found = _held(standing, match)
    if found is None:
        lost = "restore its keystore from a backup"
        missing = f"run `sealtrace sync`; if it stays so, {match.by} has not handed the key out yet"
        raise HomeError(
            "this home does not hold the matching key that the charter names",
            next_step=lost if match.by == standing.me else missing,
        )
    return found


def asking_keys(standing: Standing) -> tuple[TokenKey, ...]:
    """Return the keys that a question is asked under: of the epoch in force, and for 30 days of the one before it."""
    current = current_key(standing)
    if current is None:
        raise HomeError("the charter names no matching key yet", next_step="see `sealtrace charter propose --match-by`")
    earlier = _before(standing, current.ep)
    since = _first_seen(standing, current.ep)
    if earlier is None or standing.now() >= since + OVERLAP_SECONDS:
        return (current,)
    return (earlier, current)


def standing_of(session: Session) -> Standing:
    """Return where a home stands, the matching key handed out first if that is its to do."""
    standing = session.stand()
    return session.stand() if hand_out(standing) else standing


def hand_out(standing: Standing) -> bool:
    """Grant the key of the epoch in force to every member, if that is this agency's to do; say whether it was done.

    It is done again for whoever joined or has a new key for boxes since.
    """
    match = standing.view.charter.match
    if match is None or match.by != standing.me:
        return False
    held = standing.session.keyring.matching_keys().get(match.kcid)
    if held is None:
        return False
    recipients = _recipients(standing)
    mark = f"handed/{sha256(b''.join(sorted(key.public_key for key in recipients.values()))).hex()}/{match.ep}"
    if standing.session.book.state(mark, default=0):
        return False
    signing = standing.signing_key(Role.SIGN)
    grant = seal_grant(
        signer=signing.signer,
        kid=signing.kid,
        iat=standing.now(),
        use=Use.MATCH,
        ep=match.ep,
        level=Level.UNCLASSIFIED,
        epoch_key=held,
        recipients={name: key.public_key for name, key in recipients.items()},
    )
    send_waiting(standing.session)
    standing.session.outbox.put(make_batch(standing, [grant]))
    send_waiting(standing.session)
    standing.session.book.remember(mark, 1)
    return True


def _recipients(standing: Standing) -> dict[str, Key]:
    names = [agency.id for agency in standing.view.charter.agencies]
    for name in names:
        standing.authority.catch_up(name)
    membership: Membership = standing.authority.membership
    size = standing.view.checkpoint.size
    return {name: membership.newest(name, Role.RECOVERY if name == standing.me else Role.HPKE, size) for name in names}


def _held(standing: Standing, match: Match) -> TokenKey | None:
    key = standing.session.keyring.matching_keys().get(match.kcid)
    return None if key is None else TokenKey(ep=match.ep, kc=key, pk=match.pk)


def _before(standing: Standing, ep: int) -> TokenKey | None:
    named = {one.charter.match.ep: one.charter.match for one in standing.view.charters if one.charter.match}
    earlier = max((one for one in named if one < ep), default=None)
    return None if earlier is None else _held(standing, named[earlier])


def _first_seen(standing: Standing, ep: int) -> int:
    """Return when this home first used a token epoch: the log has no clock, and 30 days bear a day's difference."""
    name = f"epoch/{ep}"
    seen = standing.session.book.state(name, default=0) or standing.now()
    standing.session.book.remember(name, seen)
    return seen
