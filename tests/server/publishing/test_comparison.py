"""What witnesses remember and a database has forgotten: the comparison before anything is signed."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.errors import BusyError, UnwitnessedError
from ledger.terms import WitnessPolicy
from ledger.wire import paths
from ledger.witnesses import LogName
from server.publishing.comparison import Comparison, needed
from server.publishing.link import Answer
from tests.support.accesslogs import grow
from tests.support.consortium import ORIGIN
from tests.support.cosigners import Cosigner, Twisted
from tests.support.services import assert_problem
from tests.support.witnessed import QUICK, WitnessedWorld

A, B, C, D = "xaa-arms", "xab-arms", "xac-arms", "xad-arms"


@pytest.mark.parametrize(
    ("n", "k", "f", "heard"), [(0, 0, 0, 0), (4, 3, 1, 3), (5, 4, 1, 3), (7, 5, 2, 5), (2, 2, 0, 1)]
)
def test_how_many_witnesses_are_heard_before_signing(n: int, k: int, f: int, heard: int) -> None:
    """N - k + 1 + f: among so many is an honest one of every quorum; never more than the quorum itself."""
    policy = WitnessPolicy(agencies=tuple(f"xa{chr(97 + at)}-arms" for at in range(n)), k=k, f=f)

    assert needed(policy) == heard
    assert heard <= k


@pytest.fixture
def rolled_back(world: WitnessedWorld, tmp_path: Path) -> WitnessedWorld:
    """Return a service that was put back to an older day, folder and all: only its witnesses know of the rest."""
    world.found()
    world.close()
    old = tmp_path.parent / f"{tmp_path.name}-old"
    shutil.copytree(tmp_path, old)
    world.open()
    world.until(lambda: world.service.publishing.not_compared() is None)
    world.log(A, [world.consortium.grant(A, [])])
    world.until(lambda: all(one.size(ORIGIN) == 3 for one in world.cosigners.values()))
    world.close()
    shutil.rmtree(tmp_path)
    shutil.copytree(old, tmp_path)
    shutil.rmtree(old)
    return world


def test_a_rollback_at_start_signs_nothing(rolled_back: WitnessedWorld) -> None:
    """The folder agrees with itself, and one witness after the other shows a checkpoint that it does not reach."""
    rolled_back.open()
    rolled_back.hurry()
    rolled_back.until(lambda: "arms holds a checkpoint" in (rolled_back.service.publishing.not_compared() or ""))
    standing = rolled_back.standing()

    response = rolled_back.post_batch(A, rolled_back.upload(A, [rolled_back.message(A, to=B)], seq=1, prev=bytes(32)))

    assert_problem(response, "unwitnessed", 503)
    assert rolled_back.standing() == standing
    assert rolled_back.client.get(paths.READYZ).status_code == 503
    with pytest.raises(UnwitnessedError, match="does not continue"):
        rolled_back.service.publishing.require_compared()


def test_one_honest_witness_that_remembers_is_enough(rolled_back: WitnessedWorld) -> None:
    """Those who hide what they know do not outvote it: one valid checkpoint of the log stops it."""
    for agency in (A, B, C):
        rolled_back.cosigners[agency].notes.clear()
    rolled_back.open()

    rolled_back.until(lambda: "xad-arms holds" in (rolled_back.service.publishing.not_compared() or ""))


def test_nothing_is_signed_while_too_few_were_heard(world: WitnessedWorld) -> None:
    """Two of four are silent: a third of them might be the one that knows better."""
    world.found()
    world.close()
    for agency in (C, D):
        world.cosigners[agency].down = True
    world.open()
    world.hurry()

    assert_problem(world.post_batch(A, world.upload(A, [world.message(A, to=B)])), "busy", 503)
    with pytest.raises(BusyError):
        world.service.publishing.require_compared()
    assert b"not signing: " in world.client.get(paths.READYZ).data
    world.cosigners[C].down = False
    world.until(lambda: world.service.publishing.not_compared() is None)
    assert world.post_batch(A, world.upload(A, [world.message(A, to=B)])).status_code == 201


def test_a_witness_that_knows_nothing_counts_as_size_zero(world: WitnessedWorld) -> None:
    """A new witness answers 404: it has seen no larger tree."""
    world.found()
    world.close()
    for one in world.cosigners.values():
        one.notes.clear()
    world.open()

    world.until(lambda: world.service.publishing.not_compared() is None)


def test_a_checkpoint_that_the_log_never_signed_stops_nothing(world: WitnessedWorld) -> None:
    """A lying witness cannot keep the log from signing with a checkpoint of its own making."""
    world.found()
    world.close()
    other = Checkpoint(origin=ORIGIN, size=99, root=bytes(32))
    forged = sign_checkpoint(other, ed25519=world.keys.access_ed25519, ml_dsa_44=world.keys.access_ml_dsa_44)
    world.cosigners[B].notes[ORIGIN] = forged
    world.open()

    world.until(lambda: world.service.publishing.not_compared() is None)


def test_cosigning_what_was_there_counts_as_being_heard(world: WitnessedWorld) -> None:
    """A witness whose monitoring path is closed has cosigned the head since the start: it knows nothing larger."""
    world.found()
    world.close()
    for agency in (A, B, C):
        world.cosigners[agency] = _NoMonitor(agency, [(0, world.consortium.charter)], world.clock)
    world.open()

    world.until(lambda: world.service.publishing.not_compared() is None)


class _NoMonitor(Twisted):
    def latest(self, origin: str) -> Answer:
        answer = super().latest(origin)
        return replace(answer, status=500)


def test_a_fork_at_one_size_signs_nothing(world: WitnessedWorld) -> None:
    """A checkpoint of the size we have and another root, signed by the log: stop, and keep both."""
    world.found()
    world.close()
    other = Checkpoint(origin=ORIGIN, size=1, root=bytes(32))
    forked = sign_checkpoint(other, ed25519=world.keys.ed25519, ml_dsa_44=world.keys.ml_dsa_44)
    world.cosigners[D].held[ORIGIN], world.cosigners[D].notes[ORIGIN] = other, forked
    world.open()

    world.until(lambda: "xad-arms holds" in (world.service.publishing.not_compared() or ""))


def test_a_witness_is_asked_even_where_enough_have_cosigned(world: WitnessedWorld) -> None:
    """Three that are quicker do not keep the fourth from showing the fork that it holds."""
    world.found()
    other = Checkpoint(origin=ORIGIN, size=1, root=bytes(32))
    forked = sign_checkpoint(other, ed25519=world.keys.ed25519, ml_dsa_44=world.keys.ml_dsa_44)
    links = {**world.cosigners, D: Cosigner(D, [(0, world.consortium.charter)], world.clock, notes={ORIGIN: forked})}
    logs = world.service.publishing._comparison._logs
    comparison = Comparison(logs=logs, charter=world.consortium.charter, links=links, timing=QUICK)
    for agency in (A, B, C):
        for name in logs:
            comparison.cosigned(agency, 1, log=name)
    assert comparison.waits() is None
    comparison.start()

    world.until(lambda: "xad-arms holds" in (comparison.waits() or ""))


def test_a_witness_that_hangs_keeps_no_other_from_being_asked_again(world: WitnessedWorld) -> None:
    """One that is lost in a name server for minutes costs its own thread: the others are soon enough to be signed with."""
    world.found()
    logs = world.service.publishing._comparison._logs
    hanging = _Hanging(D, [(0, world.consortium.charter)], world.clock)
    links = {**world.cosigners, D: hanging}
    links[C].down = True
    comparison = Comparison(logs=logs, charter=world.consortium.charter, links=links, timing=QUICK)
    comparison.start()
    world.until(lambda: comparison.waits() == "2 of 3 witnesses heard" and hanging.is_asked.is_set())
    links[C].down = False

    try:
        world.until(lambda: comparison.waits() is None)
    finally:
        hanging.ends.set()


class _Hanging(Cosigner):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.is_asked, self.ends = threading.Event(), threading.Event()

    def latest(self, origin: str) -> Answer:
        self.is_asked.set()
        self.ends.wait()
        return super().latest(origin)


@pytest.fixture
def forgetful(world: WitnessedWorld, tmp_path: Path) -> WitnessedWorld:
    """Return a service that was put back to a day before its last questions: the log itself is as it was."""
    world.found()
    grow(world, 1)
    world.close()
    old = tmp_path.parent / f"{tmp_path.name}-old"
    shutil.copytree(tmp_path, old)
    world.open()
    grow(world, 2)
    world.close()
    shutil.rmtree(tmp_path)
    shutil.copytree(old, tmp_path)
    shutil.rmtree(old)
    return world


def test_attack_a_rollback_of_the_access_log_alone(forgetful: WitnessedWorld) -> None:
    """Questions that were asked and are forgotten stop the whole service: its witnesses remember that log too."""
    forgetful.open()

    forgetful.until(
        lambda: "/access signed and does not continue" in (forgetful.service.publishing.not_compared() or "")
    )


def test_both_logs_are_heard_of_before_signing(world: WitnessedWorld) -> None:
    """An honest service with questions in its access log opens as ever."""
    world.found()
    grow(world, 1)
    world.close()
    world.open()

    world.until(lambda: world.service.publishing.not_compared() is None)


def test_cosigning_one_log_is_no_word_on_the_other(world: WitnessedWorld) -> None:
    """A large access log that a witness cosigns says nothing of the log of records, nor the other way round."""
    world.found()
    grow(world, 1)
    comparison = world.service.publishing._comparison
    before = {name: set(heard) for name, heard in comparison._heard_of.items()}
    comparison.cosigned("xzz-new", 10**6, log=LogName.ACCESS)

    assert "xzz-new" in comparison._heard_of[LogName.ACCESS]
    assert comparison._heard_of[LogName.LOG] == before[LogName.LOG]
