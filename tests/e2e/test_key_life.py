"""Keys rotate and are stolen, roots are renewed: what a home does, and what a lost answer leaves."""

import json
from collections.abc import Sequence
from contextlib import suppress

import pytest

from clients import charters, keychange
from clients.chain import make_batch, send_waiting
from clients.epochs import sealing_keys
from clients.errors import HomeError, UnreachableError
from clients.service import Service
from clients.session import load_profile
from clients.syncing import Sync
from clients.transport import Request, Response, Transport
from ledger.errors import BusyError, QuotaError, StaleEpochError
from ledger.expunges import Why, build_expunge
from ledger.identifiers import KeyId
from ledger.keyentries import build_key_entry
from ledger.kinds import Role
from ledger.profiles import default_profile
from ledger.profiletoml import to_toml
from ledger.wire import paths, schemas
from server.errors import problem
from tests.support.charterlife import (
    OWNER,
    PARTNER,
    THIRD,
    Flaky,
    found_members,
    next_name,
    over,
    pass_charter,
    quiet,
    root,
    submit,
    sync,
)
from tests.support.lists import submit_rows
from tests.support.loopback import ORIGIN, Walk


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with one record in it, closed: a template to copy."""
    return found_members(tmp_path_factory.mktemp("founded"))


def test_rotated_keys_are_used_and_old_seeds_destroyed(walk: Walk) -> None:
    """All four roles have new numbers; only the seed that opens old boxes is kept."""
    before = {key.kid: key.role for key in walk.keyring(OWNER).public_keys()}

    changed = keychange.rotate(walk.session(OWNER), root(walk, OWNER))

    after = {key.kid: key.role for key in walk.keyring(OWNER).public_keys()}
    assert [(key.kid.number, key.role) for key in changed.added] == [
        (8, Role.SIGN), (9, Role.BATCH), (10, Role.HTTP), (11, Role.HPKE)
    ]  # fmt: skip
    assert set(changed.ended) == set(before)
    assert [kid.number for kid in before if kid in after] == [7]
    assert walk.keyring(OWNER).pending() == ()
    submit(walk, "LIFE2")
    assert sync(walk, PARTNER).records == 2


def test_a_repeat_that_was_on_its_way_when_its_epoch_ended_does_not_stop_the_agency(walk: Walk) -> None:
    """Logged behind the charter that ended the epoch, it reopens nothing: the next record opens the next epoch."""
    shared_with_partner = to_toml(default_profile(OWNER, (PARTNER,)))
    walk.homes[OWNER].profile.write_text(shared_with_partner, encoding="utf-8")
    submit(walk, "LIFE2")
    keychange.rotate(walk.session(PARTNER), root(walk, PARTNER), [Role.HPKE])
    with pytest.raises(UnreachableError):
        submit_rows(
            over(walk.session(OWNER), Flaky(walk.transport, paths.BATCHES, delivered=False)),
            [{"make": "Colt", "serial": "LIFE3"}],
        )
    without = charters.propose_next(walk.charter_file, [], charters.Terms(removed=frozenset({THIRD})))
    pass_charter(walk, without, walk.charter_file)

    submit(walk, "LIFE3")

    session = walk.session(PARTNER)
    Sync(session, progress=quiet).by_feed()
    assert [record.ep for record in session.replica.records()] == [1, 2, 3]


def test_a_seed_for_boxes_is_destroyed_90_days_after_its_key_ended(walk: Walk) -> None:
    """As long as a box may come that it opens it is kept; whoever steals the keystore later opens no older box."""
    keychange.rotate(walk.session(PARTNER), root(walk, PARTNER), [Role.HPKE])
    sync(walk, PARTNER)
    held = []
    for days in (89, 1):
        walk.clock.advance(days * 86_400)
        sync(walk, PARTNER)
        held.append([key.kid.number for key in walk.keyring(PARTNER).public_keys() if key.role is Role.HPKE])

    assert held == [[7, 8], [8]]


def test_a_clock_that_stood_wrong_once_destroys_no_seed(walk: Walk) -> None:
    """A machine that believed for one sync that it was 2001: the key has ended no earlier than its end was signed."""
    keychange.rotate(walk.session(PARTNER), root(walk, PARTNER), [Role.HPKE])
    right = walk.clock.now
    session = walk.session(PARTNER)
    walk.clock.now = 1_000_000_000
    session.refresh()
    walk.clock.now = right + 86_400
    sync(walk, PARTNER)

    assert [key.kid.number for key in walk.keyring(PARTNER).public_keys() if key.role is Role.HPKE] == [7, 8]


def test_an_epoch_that_a_wrong_clock_opened_in_the_future_is_not_gone_on_with(walk: Walk) -> None:
    """Put right, the clock would reach the epoch's end in years: the next record opens the next epoch."""
    right = walk.clock.now
    walk.clock.now = right + 8 * 86_400 * 100
    submit(walk, "LIFE2")
    walk.clock.now = right
    submit(walk, "LIFE3")
    walk.clock.now = right - 60
    submit(walk, "LIFE4")

    session = walk.session(OWNER)
    Sync(session, progress=quiet).by_feed()
    assert [record.ep for record in session.replica.records()] == [1, 2, 3, 3]


def test_one_role_can_be_rotated_alone(walk: Walk) -> None:
    """The others go on as they are."""
    changed = keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.HTTP])

    assert [str(kid) for kid in changed.ended] == [f"{OWNER}#6"]
    assert walk.keyring(OWNER).signer(Role.SIGN).kid == KeyId(OWNER, 4)
    assert walk.keyring(OWNER).signer(Role.HTTP).kid == KeyId(OWNER, 8)


@pytest.mark.parametrize("delivered", [True, False], ids=["answer lost", "request lost"])
def test_a_rotation_that_lost_its_answer_is_finished(walk: Walk, *, delivered: bool) -> None:
    """The same entry is sent again to the byte; until it is proved, the old keys stay in use."""
    session = over(walk.session(OWNER), Flaky(walk.transport, paths.KEYS, delivered=delivered))
    with pytest.raises(UnreachableError):
        keychange.rotate(session, root(walk, OWNER), [Role.SIGN])
    entry = walk.homes[OWNER].key_entry.read_bytes()
    assert walk.keyring(OWNER).signer(Role.SIGN).kid == KeyId(OWNER, 4)
    assert [key.kid for key in walk.keyring(OWNER).pending()] == [KeyId(OWNER, 8)]

    changed = keychange.resume(walk.session(OWNER))

    assert changed is not None
    assert Service(walk.transport, signer=session.service._signer).entry(changed.index).entry == entry
    assert walk.keyring(OWNER).signer(Role.SIGN).kid == KeyId(OWNER, 8)
    assert keychange.resume(walk.session(OWNER)) is None
    submit(walk, "LIFE2")


def test_a_rotation_finishes_the_one_before(walk: Walk) -> None:
    """A command that is run again goes on where it stopped, then does what it was asked."""
    session = over(walk.session(OWNER), Flaky(walk.transport, paths.KEYS, delivered=True))
    with pytest.raises(UnreachableError):
        keychange.rotate(session, root(walk, OWNER), [Role.SIGN])

    changed = keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.SIGN])

    assert ([key.kid.number for key in changed.added], changed.ended) == ([9], (KeyId(OWNER, 8),))


def test_a_refused_entry_is_not_sent_again(walk: Walk) -> None:
    """After the fifth change of a day nothing waits: tomorrow's entry is signed anew, and only its keys are left."""
    for _ in range(4):
        keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.BATCH])

    with pytest.raises(QuotaError):
        keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.BATCH])
    assert not walk.homes[OWNER].key_entry.exists()
    walk.clock.advance(86_400)
    assert [key.kid.number for key in keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.BATCH]).added] == [
        13
    ]
    assert walk.keyring(OWNER).pending() == ()


def test_a_change_of_every_key_that_lost_its_answer_is_finished_by_the_next(walk: Walk) -> None:
    """Requests of the very command that finishes it are signed with the new key: the old one has ended."""
    session = over(walk.session(OWNER), Flaky(walk.transport, paths.KEYS, delivered=True))
    with pytest.raises(UnreachableError):
        keychange.rotate(session, root(walk, OWNER))

    changed = keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.HTTP])

    assert ([key.kid.number for key in changed.added], changed.ended) == ([12], (KeyId(OWNER, 10),))


@pytest.mark.parametrize("shown", [True, False], ids=["logged at once", "logged after another was refused"])
def test_attack_a_key_entry_that_is_refused_and_logged_all_the_same(walk: Walk, *, shown: bool) -> None:
    """One lie does not leave an agency with keys that have ended: it finds its entry in the tree, and uses the new ones."""
    refusing = Refusing(walk.transport)
    with pytest.raises(QuotaError):
        keychange.rotate(over(walk.session(OWNER), refusing), root(walk, OWNER))
    if not shown:
        with pytest.raises(QuotaError):
            keychange.rotate(over(walk.session(OWNER), refusing), root(walk, OWNER), [Role.SIGN])
    Service(walk.transport).submit_key(refusing.entries[0])

    changed = keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.BATCH])

    kept = {key.kid.number for key in walk.keyring(OWNER).public_keys()}
    assert changed.ended == (KeyId(OWNER, 9),)
    assert kept == {7, 8, 10, 11, changed.added[0].kid.number}
    assert walk.keyring(OWNER).pending() == ()
    submit(walk, "LIFE2")


class Refusing:
    """A service that says that the day's limit is used up, whatever it does with the key entries that it was sent."""

    def __init__(self, honest: Transport) -> None:
        """Take the service as it would answer."""
        self.entries: list[bytes] = []
        self._honest = honest

    def send(self, request: Request, *, limit: int) -> Response:
        """Keep key entries, and refuse them."""
        if request.path != paths.KEYS:
            return self._honest.send(request, limit=limit)
        self.entries.append(request.body or b"")
        body = schemas.PROBLEM.write(problem(QuotaError("the day's limit is used up")))
        return Response(status=429, content_type=paths.PROBLEM_TYPE, body=body)


def test_a_busy_service_keeps_the_entry_waiting(walk: Walk) -> None:
    """Try again is no refusal."""

    class Busy:
        def send(self, request: Request, *, limit: int) -> Response:
            """Be busy for keys."""
            if request.path != paths.KEYS:
                return walk.transport.send(request, limit=limit)
            body = {"type": "/problems/busy", "title": "t", "status": 503, "detail": "d", "next": "n"}
            return Response(
                status=503, content_type=paths.PROBLEM_TYPE, body=json.dumps(body, separators=(",", ":")).encode()
            )

    with pytest.raises(BusyError):
        keychange.rotate(over(walk.session(OWNER), Busy()), root(walk, OWNER), [Role.SIGN])
    assert walk.homes[OWNER].key_entry.exists()


def test_another_agencys_root_signs_nothing_here(walk: Walk) -> None:
    """A root keystore that the charter does not name for this home is refused before anything is sent."""
    with pytest.raises(HomeError, match="not the one the charter names"):
        keychange.rotate(walk.session(OWNER), root(walk, PARTNER))
    assert not walk.homes[OWNER].key_entry.exists()


def test_a_revoked_hpke_key_ends_epochs_and_is_replaced(walk: Walk) -> None:
    """Whoever seals for that agency opens a new epoch, for the key that came with the revocation."""
    stolen = walk.keyring(PARTNER).public_keys()[-1].kid
    changed = keychange.revoke(walk.session(PARTNER), root(walk, PARTNER), [stolen], since=1)
    submit(walk, "LIFE2")
    session = walk.session(PARTNER)
    Sync(session, progress=quiet).by_feed()

    assert (changed.ended, [key.role for key in changed.added]) == ((stolen,), [Role.HPKE])
    assert [record.ep for record in session.replica.records()] == [1, 2]


def test_a_revoked_sign_key_disputes_what_it_signed(walk: Walk) -> None:
    """What stands is valid by its place, and marked for whoever asks."""
    sign = walk.keyring(OWNER).signer(Role.SIGN).kid
    keychange.revoke(walk.session(OWNER), root(walk, OWNER), [sign], since=2)
    standing = walk.session(PARTNER).stand()
    standing.authority.catch_up(OWNER)

    membership = standing.authority.membership
    assert [membership.disputed(sign, index) for index in (1, 2, 5)] == [False, True, True]
    submit(walk, "LIFE2")


@pytest.mark.parametrize("kids", [[], [KeyId(OWNER, 1)], [KeyId(PARTNER, 4)], [KeyId(OWNER, 99)]])
def test_only_own_working_keys_are_revoked(walk: Walk, kids: Sequence[KeyId]) -> None:
    """Roots change by charter alone, others' keys by others."""
    with pytest.raises(HomeError, match="not a working key"):
        keychange.revoke(walk.session(OWNER), root(walk, OWNER), kids, since=None)


@pytest.mark.parametrize("role", [Role.SIGN, Role.BATCH, Role.HTTP])
def test_attack_a_refused_batch_gains_a_thief_no_time(walk: Walk, role: Role) -> None:
    """A stolen key ends though a batch waits that the service takes from nobody; that batch is where it was."""
    refusing = over(walk.session(OWNER), RefusingBatches(walk.transport))
    with pytest.raises(QuotaError):
        submit_rows(refusing, [{"make": "Colt", "serial": "LIFE2"}])
    waiting = refusing.outbox.waiting()
    stolen = refusing.keyring.signer(role).kid

    changed = keychange.revoke(refusing, root(walk, OWNER), [stolen], since=None)

    assert changed.ended == (stolen,)
    assert waiting is not None
    assert walk.session(OWNER).outbox.waiting() == waiting


@pytest.mark.parametrize("role", [Role.SIGN, Role.BATCH])
def test_what_waited_when_a_key_was_revoked_is_logged_under_the_next(walk: Walk, role: Role) -> None:
    """Its rows are sealed again where the key that signed them ended, the batch signed anew where that of batches did."""
    row = {"make": "Colt", "serial": "LIFE2"}
    with pytest.raises(QuotaError):
        submit_rows(over(walk.session(OWNER), RefusingBatches(walk.transport)), [row])
    keychange.revoke(walk.session(OWNER), root(walk, OWNER), [walk.keyring(OWNER).signer(role).kid], since=None)

    with suppress(StaleEpochError):
        send_waiting(walk.session(OWNER))
    submit_rows(walk.session(OWNER), [row])

    assert walk.session(OWNER).outbox.waiting() is None
    assert sync(walk, PARTNER).records == 2


class RefusingBatches:
    """A service that takes no batch, and everything else as it should."""

    def __init__(self, honest: Transport) -> None:
        """Take the service as it would answer."""
        self._honest = honest

    def send(self, request: Request, *, limit: int) -> Response:
        """Refuse batches."""
        if request.path != paths.BATCHES:
            return self._honest.send(request, limit=limit)
        body = schemas.PROBLEM.write(problem(QuotaError("the day's limit is used up")))
        return Response(status=429, content_type=paths.PROBLEM_TYPE, body=body)


def test_a_waiting_batch_of_an_ended_key_is_dropped(walk: Walk) -> None:
    """Statements of a key that ended can never be logged: the rows are sealed again, not the batch around them."""
    session = walk.session(OWNER)
    standing = session.stand()
    signing = standing.signing_key(Role.SIGN)
    statement = build_expunge(signer=signing.signer, kid=signing.kid, iat=1, of=next_name(walk).jti, why=Why.ERROR)
    session.outbox.put(make_batch(standing, [statement]))
    entry = build_key_entry(
        iss=OWNER, iat=1, origin=ORIGIN, prev=0, roots=root(walk, OWNER).roots(), end=[signing.kid], since=1
    )
    session.service.submit_key(entry)

    with pytest.raises(StaleEpochError, match="seal them again"):
        send_waiting(session)
    assert session.outbox.waiting() is None


def test_an_epoch_goes_on_over_keys_that_seal_nothing(walk: Walk) -> None:
    """A recipient's new sign key needs neither a new epoch nor a repeat."""
    keychange.rotate(walk.session(PARTNER), root(walk, PARTNER), [Role.SIGN, Role.BATCH, Role.HTTP])
    submit(walk, "LIFE2")
    session = walk.session(THIRD)
    Sync(session, progress=quiet).by_feed()

    assert [record.ep for record in session.replica.records()] == [1, 1]
    assert len(session.replica.grants(OWNER, 1)) == 1


def test_a_repeat_is_logged_once(walk: Walk) -> None:
    """After one repeat for a rotated key the epoch is whole again: the next list brings no further one."""
    keychange.rotate(walk.session(PARTNER), root(walk, PARTNER), [Role.HPKE])
    session = walk.session(OWNER)
    profile = load_profile(session.home, session.refresh().charter)
    sizes = []
    for _ in range(3):
        assert sealing_keys(session.stand(), profile).ep == 1
        sizes.append(session.refresh().checkpoint.size)

    assert sizes[0] == sizes[1] == sizes[2]
    partner = walk.session(PARTNER)
    assert Sync(partner, progress=quiet).by_feed().refused == {}
