"""Letters in the outbox: durable, sent once, and back in the queue when their batch is not to be."""

from pathlib import Path

import pytest

from clients.errors import HomeError, ListError
from clients.outbox import Outbox
from clients.outboxrows import Letter, OutboxBatch, Posted
from clients.session import World
from clients.talk.sending import TICK_SECONDS, letter, wait_for_tick
from ledger.identifiers import StatementName
from ledger.talk.answers import Acknowledgement
from tests.support.keystores import DATABASE_KEY
from tests.support.talks import BODIES, OWNER, RECORD, trace

NAME = StatementName(OWNER, bytes(16))


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """Give an empty outbox."""
    return Outbox(tmp_path / "outbox.sqlite", key=DATABASE_KEY)


def note(approval: bytes | None = None) -> Letter:
    """Return a letter."""
    return letter(Acknowledgement(note="it is here"), to=OWNER, thread=bytes(16), re=RECORD, approval=approval)


def batch(seq: int = 1) -> OutboxBatch:
    """Return a batch to be sent."""
    return OutboxBatch(seq=seq, payload_hash=bytes([seq] * 32), body=b"body")


def post(outbox: Outbox, seq: int = 1) -> int:
    """Put the one waiting letter into a batch; return its number."""
    ((number, _),) = outbox.letters().items()
    outbox.put(batch(seq), letters=[Posted(number=number, place=3, names=(NAME,))])
    return number


def test_a_letter_waits_is_posted_logged_and_filed(outbox: Outbox) -> None:
    """It is in one of four states, and its place in the log follows from its batch's."""
    outbox.write_letters([note()])
    assert [*outbox.letters().values()] == [note()]
    number = post(outbox)
    assert (outbox.letters(), outbox.sent_letters()) == ({}, ())
    outbox.logged(batch(), first=20, index=30)
    (sent,) = outbox.sent_letters()
    assert (sent.number, sent.letter, sent.index, sent.names) == (number, note(), 23, (NAME,))
    outbox.filed([number])
    assert outbox.sent_letters() == ()


def test_a_letter_is_unfiled_until_the_replica_holds_it(outbox: Outbox) -> None:
    """Waiting, in a batch on its way, or just logged: whoever answers next counts it as said."""
    outbox.write_letters([note()])
    assert outbox.unfiled() == (note(),)
    number = post(outbox)
    assert outbox.unfiled() == (note(),)
    outbox.logged(batch(), first=20, index=30)
    assert outbox.unfiled() == (note(),)
    outbox.filed([number])
    assert outbox.unfiled() == ()


def test_an_approval_is_used_once_it_carried_a_letter(outbox: Outbox) -> None:
    """And not before."""
    approval = bytes(range(16))
    assert not outbox.is_used(approval)
    outbox.write_letters([note(approval)])

    assert outbox.is_used(approval)
    assert not outbox.is_used(bytes(16))


def test_a_batch_that_is_dropped_gives_its_letters_back(outbox: Outbox) -> None:
    """They are sealed again, and sent in another batch."""
    outbox.write_letters([note()])
    post(outbox)
    outbox.discard(batch(), root=bytes(32))

    assert [*outbox.letters().values()] == [note()]
    post(outbox, 2)
    outbox.logged(batch(2), first=5, index=9)
    assert [one.index for one in outbox.sent_letters()] == [8]


def test_a_batch_signed_anew_keeps_its_letters(outbox: Outbox) -> None:
    """Under its new number."""
    outbox.write_letters([note()])
    post(outbox)
    outbox.replace(batch(), batch(4))
    outbox.logged(batch(4), first=5, index=9)

    assert len(outbox.sent_letters()) == 1


def test_an_approval_is_used_once(outbox: Outbox) -> None:
    """By a letter or by a batch; what fails writes nothing."""
    outbox.write_letters([note(b"one")])
    with pytest.raises(HomeError, match="carried out before"):
        outbox.write_letters([note(), note(b"one")])
    with pytest.raises(HomeError, match="carried out before"):
        outbox.put(batch(), approval=b"one")

    assert len(outbox.letters()) == 1
    assert outbox.waiting() is None


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_kind_waits_as_it_will_be_sent(outbox: Outbox, body: Acknowledgement) -> None:
    """To the byte."""
    one = letter(body, to=OWNER, thread=bytes(16), re=None)
    outbox.write_letters([one])

    assert [*outbox.letters().values()] == [one]


def test_what_nobody_could_read_is_not_written() -> None:
    """An officer's slip is told before it is signed."""
    with pytest.raises(ListError, match="white space"):
        letter(Acknowledgement(note=" "), to=OWNER, thread=bytes(16), re=None)
    assert trace()


@pytest.mark.parametrize(("now", "waited"), [(0, 60), (1, 59), (59, 1), (60, 60), (61, 59)])
def test_the_wait_ends_at_the_full_minute(now: int, waited: int) -> None:
    """The second at which a message is logged tells nothing of when it was written."""
    slept: list[float] = []

    wait_for_tick(World(clock=lambda: now, token_bytes=bytes, sleep=slept.append))

    assert slept == [waited]
    assert (now + waited) % TICK_SECONDS == 0
