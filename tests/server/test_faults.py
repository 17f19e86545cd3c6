"""The storage breaks: before the write, after the commit, under a second writer. Then reload and verify all of it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from ledger.kinds import Role
from ledger.wire import paths, schemas
from server import database
from server.appending import SqlTransaction
from server.startup import verify_store
from server.store import SqlStore
from tests.support.consortium import ORIGIN, log_keys
from tests.support.services import World, assert_problem, body_of


class FaultyStore(SqlStore):
    """A store whose next transaction fails where it is told to."""

    fault: Callable[[], None] | None = None
    lose_reply = False

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Fail before the commit, or commit and lose the reply."""
        fault, self.fault = self.fault, None
        with super().transaction() as transaction:
            yield transaction
            if fault is not None and not self.lose_reply:
                fault()
        if fault is not None:
            fault()


def faulty(world: World) -> FaultyStore:
    """Give the service a store that fails on demand, and return it."""
    world.close()
    store = FaultyStore(
        writer=database.writer(world.config.database), readers=database.readers(world.config.database, connections=4)
    )
    world.open()
    # The service's parts are frozen around one store: the fault goes where whoever writes looks.
    world.service.submitting.__dict__["_store"] = store
    return store


def power_fails() -> None:
    """Fail as a disk does."""
    raise OSError("the disk is gone")


def reverify(world: World) -> None:
    """Stop the service, open the log anew, and check all of it by the second path."""
    world.close()
    world.open()
    verify_store(world.service.store, origin=ORIGIN, vkeys=log_keys().vkeys)


def test_a_failure_before_the_commit_leaves_nothing(world: World) -> None:
    """The client is told that it failed; the same bytes sent again are logged once."""
    store = faulty(world)
    store.fault = power_fails
    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", world.consortium.ids)])
    standing = world.standing()

    failed = world.post_batch("xaa-arms", body)
    after = world.standing()
    again = world.post_batch("xaa-arms", body)

    assert_problem(failed, "internal", 500)
    assert after == standing
    assert again.status_code == 201
    reverify(world)
    store.close()


def test_a_lost_reply_is_answered_by_the_retry(world: World) -> None:
    """Committed, but the answer was lost: the state follows the database, and the retry gets 200."""
    store = faulty(world)
    store.lose_reply, store.fault = True, power_fails
    consortium = world.consortium
    grants = [consortium.grant("xaa-arms", consortium.ids)]
    entry = consortium.batch("xaa-arms", grants)

    failed = world.post_batch("xaa-arms", body_of(entry, grants))
    again = world.post_batch("xaa-arms", body_of(entry, grants))

    assert_problem(failed, "internal", 500)
    assert (again.status_code, schemas.RECEIPT.read(again.data).index) == (200, 2)
    world.step(entry, grants)
    world.log("xaa-arms", [consortium.record("xaa-arms")])
    reverify(world)
    store.close()


def test_a_lost_reply_to_a_charter_and_a_key_entry(world: World) -> None:
    """What holds for batches holds for what changes members and keys."""
    store = faulty(world)
    store.lose_reply, store.fault = True, power_fails
    entry = world.consortium.key_entry("xaa-arms", end=[world.consortium.newest("xaa-arms", Role.SIGN).kid])

    failed = world.post_key(entry)
    again = world.post_key(entry)

    assert (failed.status_code, again.status_code) == (500, 200)
    head = schemas.AGENCY_HEAD.read(world.get("xab-arms", paths.agency_head("xaa-arms")).data)
    assert head.kx == 1
    reverify(world)
    store.close()


def test_a_failing_commit_does_not_stop_the_sequencer(world: World) -> None:
    """The driver fails in the commit itself and leaves its transaction open; later submissions are taken all the same."""
    engine = world.service.store._writer.engine
    failures = [True]

    @event.listens_for(engine, "commit")
    def fail(_connection: object) -> None:
        if failures:
            failures.clear()
            raise OSError("no space left")

    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", world.consortium.ids)])
    failed = world.post_batch("xaa-arms", body)
    again = world.post_batch("xaa-arms", body)

    assert (failed.status_code, again.status_code) == (500, 201)
    reverify(world)


def test_another_process_that_appends_is_caught_up_with(world: World, tmp_path: Path) -> None:
    """Two services over one database: the loser answers busy, catches up, and takes the same bytes then."""
    del tmp_path
    other = World.__new__(World)
    other.__dict__.update(world.__dict__)
    other.open()
    consortium = world.consortium
    other.log("xaa-arms", [consortium.grant("xaa-arms", consortium.ids)])
    body = world.upload("xab-arms", [consortium.grant("xab-arms", consortium.ids)])

    conflict = world.post_batch("xab-arms", body)
    again = world.post_batch("xab-arms", body)

    assert_problem(conflict, "busy", 503)
    assert conflict.headers["Retry-After"] == "1"
    assert again.status_code == 201
    other.close()
    reverify(world)


def test_many_agencies_at_once_are_logged_in_some_order(tmp_path: Path) -> None:
    """Batches of different agencies sent side by side are all logged, and the log verifies."""
    world = World(tmp_path)
    world.found()
    ids = world.consortium.ids
    bodies = {iss: world.upload(iss, [world.consortium.grant(iss, ids)]) for iss in ids}
    signed = {
        iss: world.signed(iss, "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE)
        for iss, body in bodies.items()
    }

    with ThreadPoolExecutor(len(ids)) as pool:
        answers = list(pool.map(world.send, signed.values()))

    assert {answer.status_code for answer in answers} == {201}
    receipts = [schemas.RECEIPT.read(answer.data) for answer in answers]
    assert sorted(receipt.index for receipt in receipts) == [2, 4, 6]
    reverify(world)
    world.close()


def test_one_agency_has_one_batch_in_flight(world: World) -> None:
    """A second submission of an agency while the first is worked on is told to wait; others are not."""
    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", world.consortium.ids)])
    with world.service.submitting._turns.hold("xaa-arms"):
        busy = world.post_batch("xaa-arms", body)

    assert_problem(busy, "busy", 503)
    assert world.post_batch("xaa-arms", body).status_code == 201


def test_a_key_ended_between_verification_and_its_turn(world: World) -> None:
    """What was verified ahead under keys that have changed since is judged again before it is appended."""
    consortium = world.consortium
    body = world.upload("xaa-arms", [consortium.grant("xaa-arms", consortium.ids)])
    entry = consortium.key_entry("xaa-arms", end=[consortium.newest("xaa-arms", Role.SIGN).kid])
    submitting = world.service.submitting
    run = submitting._sequencer.run

    def key_first(work: Callable[[], object]) -> object:
        submitting._sequencer.__dict__.pop("run")
        assert world.post_key(entry).status_code == 201
        return run(work)

    submitting._sequencer.__dict__["run"] = key_first

    response = world.post_batch("xaa-arms", body)

    assert assert_problem(response, "stale-keys", 409).kx == 1


def test_a_batch_logged_while_its_twin_waits_is_found(world: World) -> None:
    """The same batch by two processes: the second finds it logged when its turn comes."""
    consortium = world.consortium
    grants = [consortium.grant("xaa-arms", consortium.ids)]
    entry = consortium.batch("xaa-arms", grants)
    body = body_of(entry, grants)
    submitting = world.service.submitting
    run = submitting._sequencer.run

    def twice(work: Callable[[], object]) -> object:
        run(work)
        return run(work)

    submitting._sequencer.__dict__["run"] = twice

    response = world.post_batch("xaa-arms", body)

    assert response.status_code == 200
    assert world.rows()["batches"] == 1


def test_a_stopped_service_takes_nothing(world: World) -> None:
    """Once it stops, submissions are told to come again; nothing hangs."""
    world.service.submitting.close()

    response = world.post_batch("xaa-arms", world.upload("xaa-arms", [world.consortium.grant("xaa-arms", [])]))

    assert response.status_code in {500, 503}
    assert world.client.get(paths.READYZ).status_code == 503
    world.open()
