"""Keys come and go: rotated by a key entry, granted again, and what was sealed before opens late but opens."""

import secrets

from clients.chain import make_batch, send_waiting
from clients.keyring import Keyring, public_key
from clients.service import Service
from clients.session import Session, Standing
from clients.submitting import Submission
from clients.syncing import Sync, SyncReport
from crypto.keystore import Keystore, Secret
from ledger.grants import Use, seal_grant
from ledger.keyentries import build_key_entry
from ledger.kinds import Role
from ledger.labels import Level
from ledger.records import SealedStatement
from tests.support.lists import submit_rows
from tests.support.loopback import ORIGIN, PHRASE, Walk

OWNER, PARTNER = "xar-arms", "xbe-cib"


def sync(session: Session) -> SyncReport:
    """Sync by the feed."""
    return Sync(session, progress=lambda _done, _total: None).by_feed()


def submit(walk: Walk, *serials: str) -> Submission:
    """Submit weapons of the owner."""
    return submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": serial} for serial in serials])


def rotate(walk: Walk, agency: str, role: Role, name: str) -> Secret:
    """Log a key entry that adds a new key of an agency; return its seed as the keystore holds it."""
    form = {Role.HPKE: "hpke/hpke", Role.SIGN: "sign/Ed25519"}[role]
    fresh = Secret(name=name, role=form, value=secrets.token_bytes(32))
    root = Keyring.open(walk.homes[agency].root_keystore, passphrase=PHRASE, allow_weak=True)
    entry = build_key_entry(
        iss=agency, iat=walk.clock(), origin=ORIGIN, prev=0, roots=root.roots(), add=[public_key(fresh)]
    )
    Service(walk.transport).submit_key(entry)
    return fresh


def keystore(walk: Walk, agency: str) -> Keystore:
    """Return an agency's open keystore."""
    return Keystore.open(walk.homes[agency].keystore, passphrase=PHRASE, allow_weak=True)


def test_a_grant_repeated_for_a_new_key_opens_what_was_sealed_before(walk: Walk) -> None:
    """A partner that lost its key rotates it; the owner repeats the grant; the earlier records open at the next sync."""
    keystore(walk, PARTNER).remove(f"{PARTNER}#7")
    submit(walk, "LATE1", "LATE2")
    before = sync(walk.session(PARTNER))
    assert before.records == 0
    assert "does not hold" in next(iter(before.refused.values()))

    keystore(walk, PARTNER).put(rotate(walk, PARTNER, Role.HPKE, f"{PARTNER}#8"))
    repeat(walk)
    after = sync(walk.session(PARTNER))
    assert (after.records, after.grants, dict(after.refused)) == (2, 1, {})


def shared_grant(walk: Walk, standing: Standing) -> SealedStatement:
    """Return the shared grant of the owner's open epoch once more, to everybody's newest key."""
    epoch = standing.session.outbox.epoch()
    assert epoch is not None
    (name,) = (name for audience, name in epoch.audiences.items() if audience.startswith("RESTRICTED"))
    membership, size = standing.authority.membership, standing.view.checkpoint.size
    signing = standing.signing_key(Role.SIGN)
    return seal_grant(
        signer=signing.signer,
        kid=signing.kid,
        iat=walk.clock(),
        use=Use.EPOCH,
        ep=epoch.ep,
        level=Level.RESTRICTED,
        epoch_key=standing.session.keyring.epoch_keys()[name],
        recipients={
            OWNER: membership.newest(OWNER, Role.RECOVERY, size).public_key,
            PARTNER: membership.newest(PARTNER, Role.HPKE, size).public_key,
        },
    )


def repeat(walk: Walk) -> None:
    """Log the shared grant once more."""
    session = walk.session(OWNER)
    standing = session.stand()
    standing.authority.catch_up(PARTNER)
    session.outbox.put(make_batch(standing, [shared_grant(walk, standing)]))
    assert send_waiting(session) is not None


def test_a_rotated_sign_key_is_learned_by_readers_and_used_by_its_owner(walk: Walk) -> None:
    """A batch names the key entry it was signed under; whoever reads it fetches, verifies and keeps that entry."""
    submit(walk, "OLD1")
    keystore(walk, OWNER).put(rotate(walk, OWNER, Role.SIGN, f"{OWNER}#8"))
    submit(walk, "NEW1")
    session = walk.session(PARTNER)
    sync(session)

    assert [record.kid for record in session.replica.records()] == [f"{OWNER}#4", f"{OWNER}#8"]
    assert len(session.replica.key_entries()) == 1


def test_a_batch_signed_before_a_key_entry_is_signed_anew(walk: Walk) -> None:
    """`stale-keys`: the waiting statements stay as they are, the batch around them names the new key entry."""
    submit(walk, "OLD1")
    session = walk.session(OWNER)
    standing = session.stand()
    rotate(walk, OWNER, Role.HPKE, f"{OWNER}#8")
    session.outbox.put(make_batch(standing, [shared_grant(walk, standing)]))
    logged = send_waiting(session)

    assert logged is not None
    assert sync(walk.session(PARTNER)).size == logged.index + 1


def test_a_planned_rotation_of_a_recipient_repeats_the_grants(walk: Walk) -> None:
    """The epoch goes on: its grants are logged once more, with boxes for the new key, before the next record."""
    submit(walk, "OLD1")
    keystore(walk, PARTNER).put(rotate(walk, PARTNER, Role.HPKE, f"{PARTNER}#8"))
    submit(walk, "NEW1")
    session = walk.session(PARTNER)
    sync(session)

    assert [record.ep for record in session.replica.records()] == [1, 1]
    assert len({grant.index for grant in session.replica.grants(OWNER, 1)}) == 2


def test_the_replica_knows_where_an_epoch_can_have_begun(walk: Walk) -> None:
    """Own grants give the epoch number back after a lost outbox, and bound where records of an epoch can stand."""
    submit(walk, "OLD1")
    session = walk.session(OWNER)
    sync(session)

    assert session.replica.last_epoch(OWNER) == 1
    assert session.replica.last_index_below(OWNER, 1) == -1
    assert session.replica.last_index_below(OWNER, 2) > 0
