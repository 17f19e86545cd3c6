"""Members, keys and log keys change under a running service: who loses what, and what an attacker gains (nothing)."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from crypto.signing import Algorithm
from ledger.agencies import Agency
from ledger.charter import Charter, sign_charter
from ledger.checkpoints import open_checkpoint
from ledger.errors import BadSignatureError
from ledger.identifiers import KeyId
from ledger.keyentries import build_key_entry
from ledger.keys import Key
from ledger.kinds import Role
from ledger.terms import Limits
from ledger.wire import paths, schemas
from server.errors import StartError
from server.fsck import check_database
from server.keys import ServiceKeys
from server.service import open_service
from tests.support.consortium import (
    NOW,
    ORIGIN,
    Consortium,
    first_charter,
    make_agency,
    make_key,
    make_keys,
    roots_of,
    sign_by,
    signer,
)
from tests.support.services import World, assert_problem, assert_refused, service_keys

A, B, C, D = "xaa-arms", "xab-arms", "xac-arms", "xad-arms"


@pytest.fixture
def four(tmp_path: Path) -> Iterator[World]:
    """Return a service with four agencies: three are a threshold, two are not."""
    charter, file = first_charter(4)
    world = World(tmp_path, consortium=Consortium(charter=charter, charter_file=file))
    world.found()
    yield world
    world.close()


def pass_charter(world: World, charter: Charter, *, by: tuple[str, ...] = (A, B, C)) -> bytes:
    """Log a charter in the service and in the consortium's own log; return its file."""
    current = world.consortium.current
    signers = [agency for agency in (*current.agencies, *charter.agencies) if agency.id in by]
    file = sign_by(charter, list(dict.fromkeys(signers)), previous=current)
    response = world.post_charter(file)
    assert response.status_code == 201, response.get_data(as_text=True)
    world.consortium.submit_charter(file)
    return file


def without(consortium: Consortium, agency: str) -> Charter:
    """Return the next charter with one agency less."""
    kept = tuple(one for one in consortium.next_charter().agencies if one.id != agency)
    return consortium.next_charter(agencies=kept, threshold=len(kept) // 2 + 1)


def pass_key(
    world: World, agency: str, *, add: tuple[Key, ...] = (), end: tuple[KeyId, ...] = (), since: int | None = None
) -> None:
    """Log a key entry in the service and in the consortium's own log."""
    entry = world.consortium.key_entry(agency, add=add, end=end, since=since)
    response = world.post_key(entry)
    assert response.status_code == 201, response.get_data(as_text=True)
    world.consortium.submit_key_entry(entry)


def http_key(agency: str, number: int) -> Key:
    """Return a new key for requests."""
    return make_key(KeyId(agency, number), Role.HTTP, Algorithm.ED25519)


def sign_key(agency: str, number: int) -> Key:
    """Return a new key for statements."""
    return make_key(KeyId(agency, number), Role.SIGN, Algorithm.ED25519)


def test_a_charter_by_too_few_is_refused(four: World) -> None:
    """Two of four are not the threshold, whatever they agree on."""
    current = four.consortium.current
    file = sign_by(without(four.consortium, D), current.agencies[:2], previous=current)
    standing = four.standing()

    assert_problem(four.post_charter(file), "bad-signature", 401)
    assert four.standing() == standing


def test_a_charter_with_one_agency_twice_is_refused(four: World) -> None:
    """The same two signatures repeated count for nobody: a signature has one place."""
    current = four.consortium.current
    file = sign_by(without(four.consortium, D), current.agencies[:2], previous=current)
    start = file.index(b'{"protected"')
    repeated = file[:start] + file[start:-2] + b"," + file[start:-2] + b"]}"
    standing = four.standing()

    assert_problem(four.post_charter(repeated), "bad-signature", 401)
    assert four.standing() == standing


def test_a_charter_by_an_old_charters_keys_is_refused(four: World) -> None:
    """Roots that a charter replaced vote no more, though they once were enough."""
    consortium = four.consortium
    old = consortium.current
    renewed = tuple(make_agency(one.id, keys=make_keys(one.id, start=40)) for one in old.agencies[:3])
    pass_charter(four, consortium.next_charter(agencies=(*renewed, consortium.next_charter().agencies[3])))
    following = without(consortium, D)
    file = sign_charter(
        following.payload(), roots=[root for one in old.agencies[:3] for root in roots_of(one)], previous=old
    )
    standing = four.standing()

    assert_problem(four.post_charter(file), "bad-signature", 401)
    assert four.standing() == standing


def test_a_stale_charter_is_refused(four: World) -> None:
    """Two charters that follow the same one cannot both count: the second is about a past that is over."""
    consortium = four.consortium
    current = consortium.current
    late = sign_by(without(consortium, C), current.agencies, previous=current)
    pass_charter(four, without(consortium, D))
    standing = four.standing()

    assert_problem(four.post_charter(late), "malformed", 400)
    assert four.standing() == standing


def test_an_older_charter_sent_again_changes_nothing(four: World) -> None:
    """Charter 2 again, after charter 3: found where it stands, and not in force again."""
    second = pass_charter(four, without(four.consortium, D))
    pass_charter(four, four.consortium.next_charter(limits=Limits(entries="members")))
    standing = four.standing()

    response = four.post_charter(second)

    assert (response.status_code, schemas.RECEIPT.read(response.data).index) == (200, 1)
    assert four.standing() == standing
    assert four.client.get("/tile/entries/000.p/1").status_code == 401


def test_a_removal_ends_every_epoch_until_new_grants(four: World) -> None:
    """After a member left, records of the epoch before are stale; new grants without it open the next one."""
    consortium = four.consortium
    four.open_epoch(A)
    four.log(A, [consortium.record(A)])
    pass_charter(four, without(consortium, D))

    problem = assert_refused(four, A, four.upload(A, [consortium.record(A)]), "stale-epoch", 409)
    assert "new" in problem.next
    four.log(A, [consortium.grant(A, consortium.ids, ep=2), consortium.grant(A, [], ep=2)])
    four.log(A, [consortium.record(A, ep=2)])


def test_a_removed_agency_let_in_by_an_old_epoch(four: World) -> None:
    """Neither a repeat of old grants nor a new one names an agency that left, and its own requests are nobody's."""
    consortium = four.consortium
    old = four.open_epoch(A)[0]
    request = four.signed(D, "GET", paths.FEED, query="after=-1")
    pass_charter(four, without(consortium, D))
    again = replace(consortium.grant(A, (B, C)), entry=old.entry, name=old.name, blobs=old.blobs)

    assert_refused(four, A, four.upload(A, [again]), "not-a-member", 403)
    assert_problem(four.send(request), "not-a-member", 403)
    body = four.upload(A, [consortium.record(A)])
    assert_refused(four, A, body, "stale-epoch", 409)


def test_a_repeat_reopens_no_ended_epoch(four: World) -> None:
    """Grants of the epoch before, to members who are still there, are logged and end nothing that ended."""
    consortium = four.consortium
    mine = consortium.grant(A, [])
    four.log(A, [consortium.grant(A, (B,)), mine])
    pass_charter(four, without(consortium, D))
    four.log(A, [consortium.grant(A, (B,))])

    assert_refused(four, A, four.upload(A, [consortium.record(A)]), "stale-epoch", 409)


def test_a_batch_signed_under_a_stale_charter_is_refused(four: World) -> None:
    """A batch says under which charter it was signed; after the next one it is signed anew or not logged."""
    consortium = four.consortium
    body = four.upload(A, [consortium.grant(A, [])])
    pass_charter(four, without(consortium, D))

    problem = assert_refused(four, A, body, "stale-keys", 409)
    assert problem.kx == 1


def test_a_revoked_hpke_key_ends_the_epochs_that_name_it(four: World) -> None:
    """With `since`, somebody else may hold the key: every epoch with a box for it is over at once."""
    consortium = four.consortium
    four.open_epoch(A)
    stolen = consortium.newest(B, Role.HPKE)
    fresh = make_key(KeyId(B, 40), Role.HPKE, None)
    pass_key(four, B, add=(fresh,), end=(stolen.kid,), since=1)

    assert_refused(four, A, four.upload(A, [consortium.record(A)]), "stale-epoch", 409)


def test_a_planned_rotation_ends_no_epoch(four: World) -> None:
    """Without `since` the epoch goes on; its grants may be repeated for the new key, and for no key that ended."""
    consortium = four.consortium
    old = four.open_epoch(A)[0]
    stolen = consortium.newest(B, Role.HPKE)
    pass_key(four, B, add=(make_key(KeyId(B, 40), Role.HPKE, None),), end=(stolen.kid,))

    four.log(A, [consortium.record(A)])
    four.log(A, [consortium.grant(A, consortium.ids)])
    again = replace(consortium.grant(A, consortium.ids), entry=old.entry, name=old.name, blobs=old.blobs)
    assert_refused(four, A, four.upload(A, [again]), "malformed", 400)


class Held:
    """The sequencer, kept busy: what is sent meanwhile waits behind it, in the order it was sent."""

    def __init__(self, world: World) -> None:
        """Hold it."""
        self._world = world
        self._free = threading.Event()
        self._threads: list[threading.Thread] = []
        self.responses: dict[str, TestResponse] = {}
        self._waited_in_vain = False
        begun = threading.Event()

        def wait() -> None:
            begun.set()
            self._waited_in_vain = not self._free.wait(30)

        self._spawn(lambda: world.service.submitting._sequencer.run(wait))
        begun.wait(30)

    def send(self, name: str, post: Callable[[], TestResponse]) -> None:
        """Send a request that will wait, and return when it does."""
        queue = self._world.service.submitting._sequencer._jobs
        before = queue.qsize()
        self._spawn(lambda: self.responses.__setitem__(name, post()))
        while queue.qsize() == before:
            self._threads[-1].join(0.01)
            assert self._threads[-1].is_alive(), self.responses[name].get_data(as_text=True)

    def release(self) -> None:
        """Let everything through; whoever was to be answered meanwhile, and waited instead, has kept us from coming here."""
        self._free.set()
        assert not self._waited_in_vain
        for thread in self._threads:
            thread.join(30)

    def _spawn(self, work: Callable[[], object]) -> None:
        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()


def test_a_key_that_ended_between_verification_and_append(four: World) -> None:
    """A batch verified under a key that a waiting key entry ends is judged again at its place, and refused."""
    consortium = four.consortium
    four.open_epoch(A)
    old = consortium.newest(A, Role.SIGN)
    body = four.upload(A, [consortium.record(A)])
    ending = consortium.key_entry(A, add=[sign_key(A, 40)], end=[old.kid], since=1)
    held = Held(four)
    held.send("key", lambda: four.post_key(ending))
    held.send("batch", lambda: four.post_batch(A, body))
    held.release()

    assert held.responses["key"].status_code == 201
    assert_problem(held.responses["batch"], "stale-keys", 409)
    # Signed anew by the new key, around a statement of the old one, it is refused for that statement.
    record = consortium.record(A)
    consortium.submit_key_entry(ending)
    assert_refused(four, A, four.upload(A, [record]), "bad-signature", 401)


def test_two_key_entries_on_one_prev(four: World) -> None:
    """Of two that were signed side by side one counts; the other does not follow it."""
    held = Held(four)
    for name, number in (("first", 40), ("second", 41)):
        entry = four.consortium.key_entry(
            A if name == "first" else B, add=[http_key(A if name == "first" else B, number)]
        )
        held.send(name, lambda entry=entry: four.post_key(entry))
    held.release()

    assert {name: response.status_code for name, response in held.responses.items()} == {"first": 201, "second": 201}
    late = build_key_entry(
        iss=A,
        iat=NOW,
        origin=ORIGIN,
        prev=0,
        roots=roots_of(four.consortium.current.agencies[0]),
        add=[http_key(A, 42)],
    )
    assert_problem(four.post_key(late), "malformed", 400)


def test_an_ended_key_added_again(four: World) -> None:
    """Neither its key id nor its public key comes back: not the next day, not under a new number, not after a charter."""
    consortium = four.consortium
    ended = consortium.newest(A, Role.HTTP)
    pass_key(four, A, add=(http_key(A, 40),), end=(ended.kid,))
    renamed = replace(ended, kid=KeyId(A, 41))
    standing = four.standing()

    for key in (ended, renamed):
        assert_problem(four.post_key(consortium.key_entry(A, add=[key])), "duplicate", 409)
    assert four.standing() == standing
    pass_charter(four, without(consortium, D))
    for key in (ended, renamed):
        assert_problem(four.post_key(consortium.key_entry(A, add=[key])), "duplicate", 409)


def test_an_ended_key_is_not_added_again_by_a_charter(four: World) -> None:
    """A new root lists all keys anew; one that was ever used before makes the whole charter void."""
    consortium = four.consortium
    current = consortium.current
    listed = consortium.next_charter().agencies
    reused = (*make_keys(A, start=40)[:-1], replace(consortium.newest(A, Role.HPKE), kid=KeyId(A, 46)))
    renewed = consortium.next_charter(agencies=(make_agency(A, keys=reused), *listed[1:]))
    standing = four.standing()

    assert_problem(
        four.post_charter(sign_by(renewed, [*current.agencies, renewed.agencies[0]], previous=current)),
        "duplicate",
        409,
    )
    assert four.standing() == standing


def test_a_new_root_ends_all_keys_under_the_old_one(four: World) -> None:
    """Requests, batches and key entries by the old keys are refused from the charter on; the new ones count."""
    consortium = four.consortium
    old = consortium.current.agencies[0]
    four.open_epoch(A)
    body = four.upload(A, [consortium.record(A)])
    old_request = four.signed(A, "GET", paths.FEED, query="after=-1")
    listed = consortium.next_charter().agencies
    renewed: Agency = make_agency(A, keys=make_keys(A, start=40))
    pass_charter(four, consortium.next_charter(agencies=(renewed, *listed[1:])), by=(B, C, D, A))

    assert_problem(four.send(old_request), "not-a-member", 403)
    assert_refused(four, A, body, "stale-keys", 409)
    stolen = build_key_entry(iss=A, iat=NOW, origin=ORIGIN, prev=0, roots=roots_of(old), add=[http_key(A, 90)])
    assert_problem(four.post_key(stolen), "bad-signature", 401)
    four.log(A, [consortium.grant(A, consortium.ids, ep=2), consortium.grant(A, [], ep=2)])
    four.log(A, [consortium.record(A, ep=2)])


def test_one_members_key_entries_use_up_only_its_own_day(four: World) -> None:
    """The charter allows 4 a day: the fifth is refused, another member's first is not, and tomorrow is another day."""
    consortium = four.consortium
    for number in range(4):
        pass_key(four, A, add=(http_key(A, 40 + number),))
    fifth = consortium.key_entry(A, add=[http_key(A, 50)])
    standing = four.standing()

    assert_problem(four.post_key(fifth), "quota", 429)
    assert four.standing() == standing
    pass_key(four, B, add=(http_key(B, 40),))
    four.clock.advance(86_400)
    pass_key(four, A, add=(http_key(A, 50),))


def test_a_stolen_key_can_be_ended_when_the_day_is_used_up(four: World) -> None:
    """An entry that only ends keys is never refused for a quota; there are no more of them than there were keys."""
    for number in range(4):
        pass_key(four, A, add=(http_key(A, 40 + number),))

    pass_key(four, A, end=(KeyId(A, 40),), since=1)


def test_a_quota_survives_a_restart(four: World) -> None:
    """What was used today is in the database, not in the process."""
    for number in range(4):
        pass_key(four, A, add=(http_key(A, 40 + number),))
    four.close()
    four.open()

    assert_problem(four.post_key(four.consortium.key_entry(A, add=[http_key(A, 50)])), "quota", 429)


def test_one_members_key_statements_do_not_stop_the_others(four: World) -> None:
    """While one member's entry waits, its second is told to wait, another's goes in, and nobody takes its turn for it."""
    consortium = four.consortium
    held = Held(four)
    waiting = consortium.key_entry(A, add=[http_key(A, 40)])
    held.send("mine", lambda: four.post_key(waiting))
    forged = build_key_entry(
        iss=C, iat=NOW, origin=ORIGIN, prev=0, roots=roots_of(consortium.current.agencies[3]), add=[http_key(C, 40)]
    )

    busy = four.post_key(consortium.key_entry(A, add=[http_key(A, 41)]))
    refused = four.post_key(forged)
    others = consortium.key_entry(C, add=[http_key(C, 40)])
    held.send("others", lambda: four.post_key(others))
    held.release()

    assert_problem(busy, "busy", 503)
    assert_problem(refused, "bad-signature", 401)
    assert {name: response.status_code for name, response in held.responses.items()} == {"mine": 201, "others": 201}


def test_a_forged_charter_never_waits_for_the_writer(four: World) -> None:
    """What nobody signed is refused while batches are being written; it costs them nothing."""
    held = Held(four)
    current = four.consortium.current
    forged = sign_by(without(four.consortium, D), current.agencies[:1], previous=current)

    response = four.post_charter(forged)
    held.release()

    assert_problem(response, "bad-signature", 401)


def test_entries_are_for_members_when_the_charter_says_so(four: World) -> None:
    """Bundles need a signature of a charter key from that entry on, hash tiles and checkpoints never do, and back again."""
    bundle = "/tile/entries/000.p/1"
    leaver = four.signed(D, "GET", bundle)
    assert four.client.get(bundle).status_code == 200
    pass_charter(four, four.consortium.next_charter(limits=Limits(entries="members")))

    assert_problem(four.client.get(bundle), "bad-signature", 401)
    member = four.get(A, bundle)
    assert member.status_code == 200
    assert "private" in member.headers["Cache-Control"]
    for path in (
        "/checkpoint",
        "/tile/0/000.p/2",
        paths.CHARTERS,
        paths.charter(2),
        f"{paths.FIRST_CHECKPOINT}?index=1",
    ):
        assert four.client.get(path).status_code == 200, path
    pass_charter(four, without(four.consortium, D))
    assert_problem(four.send(leaver), "not-a-member", 403)
    pass_charter(four, four.consortium.next_charter(limits=Limits(entries="open")), by=(A, B))
    assert four.client.get(bundle).status_code == 200


def second_generation() -> ServiceKeys:
    """Return the next keys of the service."""
    return ServiceKeys(
        ed25519=signer("log 2", Algorithm.ED25519),
        ml_dsa_44=signer("log 2", Algorithm.ML_DSA_44),
        access_ed25519=signer("access 2", Algorithm.ED25519),
        access_ml_dsa_44=signer("access 2", Algorithm.ML_DSA_44),
        answer=signer("answer 2", Algorithm.ED25519),
        generation=2,
    )


@pytest.fixture
def rotating(tmp_path: Path) -> Iterator[World]:
    """Return a service with four agencies whose keystore holds two generations."""
    charter, file = first_charter(4)
    keys = replace(service_keys(), successor=second_generation())
    world = World(tmp_path, consortium=Consortium(charter=charter, charter_file=file), keys=keys)
    world.found()
    yield world
    world.close()


def test_a_charter_hands_the_log_over_to_its_next_keys(rotating: World) -> None:
    """The first checkpoint that holds the charter is signed by both generations, the next by the new one alone."""
    consortium = rotating.consortium
    old, new = service_keys().named(ORIGIN).vkeys, second_generation().named(ORIGIN).vkeys
    pass_charter(rotating, consortium.next_charter(log=second_generation().named(ORIGIN)))
    between = rotating.client.get(paths.CHECKPOINT).data
    rotating.open_epoch(A)
    after = rotating.client.get(paths.CHECKPOINT).data

    assert open_checkpoint(between, origin=ORIGIN, vkeys=old) == open_checkpoint(between, origin=ORIGIN, vkeys=new)
    assert rotating.client.get(f"{paths.FIRST_CHECKPOINT}?index=1").data == between
    assert open_checkpoint(after, origin=ORIGIN, vkeys=new).size == 5
    with pytest.raises(BadSignatureError):
        open_checkpoint(after, origin=ORIGIN, vkeys=old)


def test_a_service_goes_on_after_its_handover(rotating: World) -> None:
    """Started again, with both generations or with the new one alone, it signs on; with the old one alone it does not."""
    pass_charter(rotating, rotating.consortium.next_charter(log=second_generation().named(ORIGIN)))
    for keys in (rotating.keys, second_generation()):
        rotating.close()
        rotating.keys = keys
        rotating.open()
    rotating.open_epoch(A)
    rotating.close()

    with pytest.raises(StartError, match="names other keys"):
        open_service(rotating.config, keys=service_keys(), clock=rotating.clock)
    rotating.open()


def test_a_charter_that_names_keys_the_service_does_not_hold_is_refused(four: World) -> None:
    """A log that nobody could sign any more would end there: the charter is not logged."""
    charter = four.consortium.next_charter(log=second_generation().named(ORIGIN))
    current = four.consortium.current
    standing = four.standing()

    assert_problem(four.post_charter(sign_by(charter, current.agencies, previous=current)), "malformed", 400)
    assert four.standing() == standing


def test_half_a_generation_is_refused(rotating: World) -> None:
    """All five keys pass together: a charter that mixes generations is not one the service can serve under."""
    mixed = replace(second_generation().named(ORIGIN), access=service_keys().named(ORIGIN).access)
    current = rotating.consortium.current
    charter = rotating.consortium.next_charter(log=mixed)

    assert_problem(rotating.post_charter(sign_by(charter, current.agencies, previous=current)), "malformed", 400)


def test_what_no_checkpoint_has_held_has_none(four: World) -> None:
    """Every entry has the checkpoint that first held it, none beyond has, and a number has one spelling."""
    four.open_epoch(A)
    size = four.service.store.head().size

    assert four.client.get(f"{paths.FIRST_CHECKPOINT}?index={size - 1}").data == four.service.store.head().checkpoint
    assert_problem(four.client.get(f"{paths.FIRST_CHECKPOINT}?index={size}"), "not-found", 404)
    assert_problem(four.client.get("/v1/checkpoints?index=00"), "malformed", 400)
    assert_problem(four.client.get(paths.FIRST_CHECKPOINT), "malformed", 400)
    assert_problem(four.client.get(f"{paths.FIRST_CHECKPOINT}/0"), "not-found", 404)


@pytest.mark.parametrize(
    "damage", ["DELETE FROM handovers WHERE idx = 1", "UPDATE handovers SET checkpoint = x'00' WHERE idx = 1"]
)
def test_fsck_names_a_handover_that_is_damaged(rotating: World, damage: str) -> None:
    """Whoever comes late has nothing else to believe the new keys by: it is checked like every other byte."""
    pass_charter(rotating, rotating.consortium.next_charter(log=second_generation().named(ORIGIN)))
    rotating.close()
    before = check_database(rotating.config.database, progress=lambda _: None)
    with sqlite3.connect(rotating.config.database) as shell:
        for verb in ("update", "delete"):
            shell.execute(f"DROP TRIGGER handovers_no_{verb}")
        shell.execute(damage)
    shell.close()

    after = check_database(rotating.config.database, progress=lambda _: None)

    assert before.findings == ()
    assert ("handover/signed", "handovers", 1) in [(one.check, one.table, one.index) for one in after.findings]
    rotating.open()
