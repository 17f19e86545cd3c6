"""The epochs of this agency: when a new one is due, its keys, its grants (docs/protocol.md, 5).

An epoch brings one key and one grant for every audience of the profile, used or not, so that nobody learns from the
log which record uses which. The keys are in the keystore before anything is sealed with them.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.chain import make_batch, send_waiting
from clients.errors import HomeError
from clients.outboxrows import OpenEpoch
from clients.session import Standing
from crypto.portionkeys import KEY_BYTES, epoch_key_id
from ledger.grants import Use, seal_grant
from ledger.kinds import Role
from ledger.membership import KeyChange
from ledger.profiles import Audience, Profile, audiences
from ledger.statements import SealedStatement

EPOCH_SECONDS = 7 * 86_400
CLOCK_SECONDS = 300
"""By so much a clock may be put back under an open epoch."""
MAX_RECORDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKeys:
    """What records are sealed with now: the epoch's number and the key of every audience."""

    ep: int
    keys: Mapping[Audience, bytes] = field(repr=False)


def sealing_keys(standing: Standing, profile: Profile) -> SealingKeys:
    """Return the keys of the open epoch; open a new one first where none fits."""
    wanted = audiences(profile, standing.authority.members())
    for agency in sorted({name for audience in wanted for name in audience.recipients}):
        standing.authority.catch_up(agency)
    epoch = standing.session.outbox.epoch()
    if epoch is None or not _fits(standing, epoch, wanted):
        epoch = _open(standing, wanted)
    else:
        _repeat(standing, epoch, wanted)
    held = standing.session.keyring.epoch_keys()
    return SealingKeys(ep=epoch.ep, keys={audience: held[epoch.audiences[_spelled(audience)]] for audience in wanted})


def _fits(standing: Standing, epoch: OpenEpoch, wanted: Sequence[Audience]) -> bool:
    """Say whether `epoch` may go on: young, not full, for these audiences, and nothing changed under it.

    Any later charter ends it here, and any key entry of a recipient with `since`, though only some end it by force: a
    new epoch is always allowed, and judging which change matters would be one more thing to get wrong. Later is what stands
    after the batch that opened it: a repeat that was on its way stands after what ended the epoch, and reopens nothing.
    """
    held = standing.session.keyring.epoch_keys()
    spelled = {_spelled(audience) for audience in wanted}
    if not spelled <= set(epoch.audiences) or not set(epoch.audiences.values()) <= set(held):
        return False
    age = standing.now() - epoch.opened
    # Opened by a clock that was ahead and has been put right: it would go on until that day and a week more.
    if not -CLOCK_SECONDS <= age < EPOCH_SECONDS or epoch.records >= MAX_RECORDS:
        return False
    if epoch.first is None or standing.authority.membership.charter_index(standing.view.checkpoint.size) > epoch.first:
        return False
    return all(change.entry.since is None for change in _key_changes(standing, wanted, after=epoch.first))


def _key_changes(standing: Standing, wanted: Sequence[Audience], *, after: int) -> list[KeyChange]:
    """Return the key entries of recipients that stand after an index."""
    recipients = sorted({name for audience in wanted for name in audience.recipients})
    return [one for name in recipients for one in standing.authority.membership.key_changes(name, after=after)]


def _repeat(standing: Standing, epoch: OpenEpoch, wanted: Sequence[Audience]) -> None:
    """Grant the open epoch again to whoever has a new hpke key: the same keys, levels and recipients, new boxes."""
    changes = _key_changes(standing, wanted, after=-1 if epoch.index is None else epoch.index)
    renewed = {one.entry.iss for one in changes if any(key.role is Role.HPKE for key in one.entry.add)} - {standing.me}
    served = [audience for audience in wanted if renewed & set(audience.recipients)]
    if not served:
        return
    held = standing.session.keyring.epoch_keys()
    grants = [_grant(standing, one, ep=epoch.ep, key=held[epoch.audiences[_spelled(one)]]) for one in served]
    standing.session.outbox.put(make_batch(standing, grants), repeats=epoch)
    send_waiting(standing.session)


def _open(standing: Standing, wanted: Sequence[Audience]) -> OpenEpoch:
    """Open the next epoch: keys into the keystore, grants into the outbox, then into the log."""
    session = standing.session
    ep = max(session.replica.last_epoch(standing.me), _last(standing)) + 1
    drawn = {audience: secrets.token_bytes(KEY_BYTES) for audience in wanted}
    names = {audience: epoch_key_id(key).hex() for audience, key in drawn.items()}
    session.keyring.put_epoch_keys({names[audience]: key for audience, key in drawn.items()})
    grants = [_grant(standing, audience, ep=ep, key=key) for audience, key in drawn.items()]
    batch = make_batch(standing, grants)
    epoch = OpenEpoch(
        ep=ep,
        opened=standing.now(),
        audiences={_spelled(audience): name for audience, name in names.items()},
    )
    session.outbox.put(batch, epoch=epoch)
    send_waiting(session)
    opened = session.outbox.epoch()
    if opened is None or opened.ep != ep:
        raise HomeError("the epoch was not opened", next_step="run `sealtrace submit` again")
    return opened


def _grant(standing: Standing, audience: Audience, *, ep: int, key: bytes) -> SealedStatement:
    signing = standing.signing_key(Role.SIGN)
    return seal_grant(
        signer=signing.signer,
        kid=signing.kid,
        iat=standing.now(),
        use=Use.EPOCH,
        ep=ep,
        level=audience.level,
        epoch_key=key,
        recipients={
            name: standing.authority.membership.newest(
                name, Role.RECOVERY if name == standing.me else Role.HPKE, standing.view.checkpoint.size
            ).public_key
            for name in audience.recipients
        },
    )


def _last(standing: Standing) -> int:
    epoch = standing.session.outbox.epoch()
    return epoch.ep if epoch else 0


def _spelled(audience: Audience) -> str:
    return f"{audience.level.value} {' '.join(sorted(audience.recipients))}"
