"""Threads that are kept while a replica is open are those that all its messages come to."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from clients.replica import Replica
from clients.talk.hearing import HeardThread
from clients.talk.threads import talks
from ledger.identifiers import StatementName
from ledger.messages import Inner
from ledger.talk.bodies import kind_of
from ledger.talk.parts import Arrived, put_together
from ledger.talk.state import Said
from ledger.talk.thread import listen
from tests.support.keystores import DATABASE_KEY
from tests.support.talks import ASKER, BODIES, OWNER

_PLACES, _THREADS = 40, 4


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    """Give an empty replica."""
    found = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
    yield found
    found.close()


def whole_reading(arrived: list[Arrived]) -> dict[bytes, HeardThread]:
    """Return what all messages come to, thread by thread, each read from its first message."""
    found = {}
    for ident in {one.inner.thread for one in arrived}:
        wholes = list(put_together([one for one in arrived if one.inner.thread == ident]))
        said = [
            Said(index=one.index, name=one.name, to=one.inner.to, re=one.inner.re, body=one.body)
            for one in wholes
            if one.body is not None
        ]
        found[ident] = HeardThread(
            id=ident,
            thread=listen(said),
            damaged=tuple(one for one in wholes if one.body is None),
            indices=tuple(one.index for one in wholes),
        )
    return found


def name_at(index: int) -> StatementName:
    """Return the name of the message at a place: the two agencies take turns."""
    return StatementName((ASKER, OWNER)[index % 2], index.to_bytes(16, "big"))


@st.composite
def messages(draw: st.DrawFn) -> Arrived:
    """Return any message at any place: many answer nothing, some are damaged or parts of what never came whole."""
    index, body = draw(st.integers(0, _PLACES - 1)), draw(st.sampled_from(BODIES))
    parts = draw(st.sampled_from([1, 1, 1, 2]))
    inner = Inner(
        kind=kind_of(body),
        to=(OWNER, ASKER)[index % 2],
        thread=bytes([draw(st.integers(0, _THREADS - 1))] * 16),
        re=draw(st.none() | st.integers(0, _PLACES - 1).map(name_at)),
        part=draw(st.integers(1, parts)),
        parts=parts,
        body=draw(st.sampled_from([body.to_json(), body.to_json(), "damaged"])),
    )
    return Arrived(index=index, name=name_at(index), inner=inner)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.lists(messages(), max_size=6), min_size=1, max_size=8))
def test_kept_threads_are_those_of_a_whole_reading(steps: list[list[Arrived]]) -> None:
    """Whatever comes, in whatever order and at whatever place of the log: after every step both say the same."""
    with TemporaryDirectory() as folder:
        replica = Replica(Path(folder) / "replica.sqlite", key=DATABASE_KEY)
        try:
            for arrived in steps:
                replica.talk.add_messages(arrived)
                found = replica.hearing.threads()

                assert {one.id: one for one in found} == whole_reading(list(replica.talk.messages()))
                assert len(found) == len({one.id for one in found})
                assert [one.id for one in talks(replica)] == sorted(
                    (one.id for one in found), key=lambda ident: max(_indices(found, ident))
                )
        finally:
            replica.close()


def test_what_another_program_added_is_heard(replica: Replica, tmp_path: Path) -> None:
    """The worker, and commands beside the desk, write through replicas of their own: the open one sees it at once."""
    first, second = (_request(index) for index in (2, 4))
    replica.talk.add_messages([first])
    (before,) = replica.hearing.threads()
    beside = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
    beside.talk.add_messages([second])
    beside.close()
    (after,) = replica.hearing.threads()

    assert (before.indices, after.indices) == ((2,), (2, 4))


def test_only_threads_that_grew_are_read_again(replica: Replica) -> None:
    """Of three threads the two that stayed as they were are counted, and not one message of them is read."""
    replica.talk.add_messages([_request(index, thread=index) for index in (1, 2, 3)])
    before = {one.id: one for one in replica.hearing.threads()}
    replica.talk.add_messages([_request(9, thread=2)])
    read: list[tuple[str, object]] = []
    event.listen(replica._engine, "before_cursor_execute", lambda *args: read.append((args[2], args[3])))
    after = {one.id: one for one in replica.hearing.threads()}

    assert [ident for ident, one in after.items() if one is not before[ident]] == [bytes([2] * 16)]
    assert [values for statement, values in read if "body" in statement] == [(bytes([2] * 16),)]


def _request(index: int, *, thread: int = 7) -> Arrived:
    inner = Inner(
        kind=kind_of(BODIES[0]),
        to=(OWNER, ASKER)[index % 2],
        thread=bytes([thread] * 16),
        re=None,
        part=1,
        parts=1,
        body=BODIES[0].to_json(),
    )
    return Arrived(index=index, name=name_at(index), inner=inner)


def _indices(found: tuple[HeardThread, ...], ident: bytes) -> tuple[int, ...]:
    return next(one.indices for one in found if one.id == ident)
