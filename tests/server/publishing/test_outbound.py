"""Witnesses behind a wall: they come for what waits, and bring their cosignatures."""

import threading
import time

import pytest
from werkzeug.test import TestResponse

from crypto.signing import Algorithm, SeedSigner
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.notes import format_note, parse_note
from ledger.wire import paths, schemas
from ledger.witnesses import LogName, open_published
from ledger.witnessing import AddCheckpoint
from tests.support.consortium import ORIGIN
from tests.support.services import assert_problem
from tests.support.witnessed import WitnessedWorld

A, B, C, D = "xaa-arms", "xab-arms", "xac-arms", "xad-arms"
TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def walled(world: WitnessedWorld) -> WitnessedWorld:
    """Return a service two of whose witnesses have no address."""
    world.close()
    world.outbound = (C, D)
    world.open()
    world.hurry()
    return world


def ask(world: WitnessedWorld, agency: str, *, old: int = 0, log: str = "log") -> TestResponse:
    """Ask what waits, as a witness."""
    return world.get(agency, paths.WITNESS_PENDING, query=f"log={log}&old={old}")


def bring(world: WitnessedWorld, agency: str, body: bytes) -> TestResponse:
    """Cosign an add-checkpoint body and bring the note."""
    note = AddCheckpoint.parse(body).checkpoint
    lines = world.cosigners[agency].add_checkpoint(body).body
    parsed = parse_note(note)
    whole = format_note(parsed.text, [*parsed.signatures, *parse_note(b"x\n\n" + lines).signatures])
    return world.post(agency, paths.WITNESS_COSIGNATURES, whole, TEXT)


def test_an_outbound_witness_makes_the_quorum(walled: WitnessedWorld) -> None:
    """Two witnesses with an address and one that comes: three of four."""
    assert schemas.RECEIPT.read(walled.found().data).stage == "durable"

    answer = bring(walled, C, ask(walled, C).data)

    assert (answer.status_code, answer.data) == (200, b"1\n")
    cosigned = open_published(walled.client.get(paths.CHECKPOINT).data, charter=walled.consortium.charter)
    assert set(cosigned.times) >= {A, B, C}


def test_what_waits_begins_where_the_witness_stands(walled: WitnessedWorld) -> None:
    """The proof is from the size that the witness names, which it holds against its own state."""
    walled.found()
    bring(walled, C, ask(walled, C).data)
    walled.log(A, [walled.consortium.grant(A, [])])

    answer = bring(walled, C, ask(walled, C, old=1).data)

    assert answer.data == b"3\n"
    assert walled.cosigners[C].size(ORIGIN) == 3


def test_nothing_waits_for_long(walled: WitnessedWorld) -> None:
    """Where there is nothing to cosign the answer is 204, after a while that is bounded."""
    walled.found()
    bring(walled, C, ask(walled, C).data)
    bring(walled, D, ask(walled, D).data)
    walled.until(lambda: walled.published().size == 1)
    started = time.monotonic()

    answer = ask(walled, C, old=1)

    assert (answer.status_code, answer.data) == (204, b"")
    assert walled.timing.poll_seconds <= time.monotonic() - started < 10


def test_a_second_question_ends_the_first(walled: WitnessedWorld) -> None:
    """A connection that broke holds no thread until its time is over."""
    walled.found()
    bring(walled, C, ask(walled, C).data)
    walled.close()
    walled.timing = type(walled.timing)(poll_seconds=30, first_retry_seconds=0.02, republish_seconds=3_600)
    walled.open()
    walled.hurry()
    bring(walled, C, ask(walled, C, old=1).data)
    bring(walled, D, ask(walled, D).data)
    publisher = walled.service.publishing._parts[LogName.LOG].publisher
    walled.until(lambda: publisher._current is None and publisher._last is not None and publisher._last.holds(C))
    first: list[int] = []
    # The test client is one thread's; the other asks behind the gate.
    thread = threading.Thread(target=lambda: first.append(_pending(walled, C) is None))
    turns = walled.service.publishing._turns
    before = turns[C, LogName.LOG]
    started = time.monotonic()

    thread.start()
    walled.until(lambda: turns[C, LogName.LOG] > before)
    other = threading.Thread(target=lambda: _pending(walled, C), daemon=True)
    other.start()
    thread.join(timeout=10)

    assert first == [True]
    assert time.monotonic() - started < 10


def _pending(world: WitnessedWorld, agency: str) -> bytes | None:

    return world.service.publishing.pending(agency, log=LogName.LOG, old=1)


@pytest.mark.parametrize(
    "query", ["", "log=log", "old=0&log=log", "log=log&old=01", "log=other&old=0", "log=log&old=-1"]
)
def test_a_question_has_one_spelling(walled: WitnessedWorld, query: str) -> None:
    """Anything else is malformed."""
    walled.found()

    assert_problem(walled.get(C, paths.WITNESS_PENDING, query=query), "malformed", 400)


def test_an_access_log_without_an_entry_has_nothing_to_cosign(walled: WitnessedWorld) -> None:
    """The second log is asked for by its name, and waits for its own first entries."""
    walled.found()

    assert ask(walled, C, log="access").status_code == 204


def test_what_is_not_waiting_is_not_taken(walled: WitnessedWorld) -> None:
    """Cosignatures of a checkpoint nobody asked for change nothing, and are no failure of the service."""
    walled.found()
    body = ask(walled, C).data
    bring(walled, C, body)
    walled.log(A, [walled.consortium.grant(A, [])])
    bring(walled, C, ask(walled, C, old=1).data)
    walled.until(lambda: walled.published().size == 3)

    assert_problem(bring(walled, D, body), "not-found", 404)


def test_a_forged_cosignature_is_refused(walled: WitnessedWorld) -> None:
    """A member that brings another's cosignature, or a broken one of its own, is told so and counts for nothing."""
    walled.found()
    body = ask(walled, C).data
    note = parse_note(AddCheckpoint.parse(body).checkpoint)
    lines = walled.cosigners[C].add_checkpoint(body).body
    stolen = format_note(note.text, [*note.signatures, *parse_note(b"x\n\n" + lines).signatures])

    assert_problem(walled.post(D, paths.WITNESS_COSIGNATURES, stolen, TEXT), "bad-signature", 401)
    broken = stolen[:-40] + b"A" * 38 + stolen[-2:]
    assert walled.post(C, paths.WITNESS_COSIGNATURES, broken, TEXT).status_code in (400, 401)
    assert_problem(walled.post(C, paths.WITNESS_COSIGNATURES, b"garbage", TEXT), "malformed", 400)
    assert_problem(walled.client.get(paths.CHECKPOINT), "unwitnessed", 503)


@pytest.mark.parametrize("origin", [ORIGIN, f"{ORIGIN}/access", "other.example/log"])
def test_attack_a_witness_that_brings_what_this_log_never_signed(walled: WitnessedWorld, origin: str) -> None:
    """A checkpoint of a stranger's making is refused as what it is: no failure of the service, and it stops nothing."""
    walled.found()
    key = SeedSigner(Algorithm.ED25519, bytes(32))
    mldsa = SeedSigner(Algorithm.ML_DSA_44, bytes(32))
    forged = sign_checkpoint(Checkpoint(origin=origin, size=99, root=bytes(32)), ed25519=key, ml_dsa_44=mldsa)

    assert_problem(walled.post(C, paths.WITNESS_COSIGNATURES, forged, TEXT), "malformed", 400)
    assert walled.service.publishing.not_compared() is None


def test_attack_a_witness_that_asks_many_times_at_once(walled: WitnessedWorld) -> None:
    """Each question has a number of its own, so that of any two one ends the other, and one place is all it holds."""
    publishing = walled.service.publishing
    numbers: list[int] = []

    def take() -> None:
        numbers.extend(publishing._take_turn(C, LogName.LOG) for _ in range(2_000))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(1, 8_001))


def test_a_witness_ahead_of_the_log_is_told_to_wait(walled: WitnessedWorld) -> None:
    """It claims more than there is: it is given nothing, least of all a proof."""
    walled.found()

    assert_problem(ask(walled, C, old=9), "busy", 503)
