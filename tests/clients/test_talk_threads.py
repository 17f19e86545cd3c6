"""Threads as a home knows them: whose time counts, what is damaged, and what a name leads to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from clients.entrytimes import KnownTimes
from clients.errors import ListError
from clients.replica import Replica
from clients.talk.telling import times_text
from clients.talk.threads import FIRST_SEEN, WITNESSED, draw_thread, find, message, spelled, talk_of, talks
from ledger.errors import LedgerError, NotFoundError
from ledger.identifiers import StatementName
from ledger.messages import Inner
from ledger.talk.answers import Acknowledgement
from ledger.talk.bodies import Body, kind_of
from ledger.talk.parts import Arrived
from tests.support.keystores import DATABASE_KEY
from tests.support.talks import ASKER, OWNER, trace

FIRST, SECOND = (StatementName(iss, bytes([number] * 16)) for iss, number in ((ASKER, 1), (OWNER, 2)))


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    """Give a replica with a request and two acknowledgements of it, verified at two times."""
    found = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
    found.talk.add_messages(
        [
            arrived(10, FIRST, OWNER, trace()),
            arrived(20, SECOND, ASKER, Acknowledgement(), re=FIRST),
            arrived(30, StatementName(OWNER, bytes(16)), ASKER, Acknowledgement(), re=FIRST),
        ]
    )
    found.note_verified(size=15, at=1_000)
    found.note_verified(size=40, at=2_000)
    yield found
    found.close()


def arrived(index: int, name: StatementName, to: str, body: Body, re: StatementName | None = None) -> Arrived:
    """Return a message at its place."""
    inner = Inner(kind=kind_of(body), to=to, thread=bytes(16), re=re, part=1, parts=1, body=body.to_json())
    return Arrived(index=index, name=name, inner=inner)


def test_a_time_is_when_this_home_first_verified_the_entry(replica: Replica) -> None:
    """A later checkpoint makes no entry younger, and what no checkpoint holds has no time."""
    replica.note_verified(size=15, at=9_000)
    replica.note_verified(size=60, at=9_000)

    assert [KnownTimes(replica).time(index) for index in (10, 14, 15, 39, 40, 60)] == [
        1_000,
        1_000,
        2_000,
        2_000,
        9_000,
        None,
    ]


def test_the_witnesses_time_comes_first(replica: Replica) -> None:
    """Where witnesses dated an entry, this home's own clock says nothing; and the thread says whose time it shows."""
    assert times_text(talks(replica)) == FIRST_SEEN
    replica.add(state={"entry-time/10": 500, "entry-time/20": 600})
    assert (KnownTimes(replica).time(10), KnownTimes(replica).time(30)) == (500, 2_000)
    assert times_text(talks(replica)) == FIRST_SEEN
    replica.add(state={"entry-time/30": -1})
    assert KnownTimes(replica).time(30) == 2_000
    replica.add(state={"entry-time/30": 700})

    assert times_text(talks(replica)) == WITNESSED


def test_a_thread_is_found_by_its_id_and_by_its_messages(replica: Replica) -> None:
    """Any other name leads nowhere, and says so."""
    (talk,) = talks(replica)

    assert find(replica, spelled(talk.id)) == find(replica, str(SECOND)) == talk_of(replica, FIRST) == talk
    for wrong in ("AAAAAAAAAAAAAAAAAAAAAQ", f"{OWNER}/AAAAAAAAAAAAAAAAAAAAAQ"):
        with pytest.raises(NotFoundError):
            find(replica, wrong)
    for malformed in ("", "x/y", "="):
        with pytest.raises(LedgerError):
            find(replica, malformed)


def test_only_a_message_that_counts_is_answered(replica: Replica) -> None:
    """The second acknowledgement changed nothing, so there is nothing to answer."""
    (talk,) = talks(replica)

    assert message(talk, FIRST).name == FIRST
    with pytest.raises(ListError, match="acknowledged before"):
        message(talk, StatementName(OWNER, bytes(16)))
    with pytest.raises(ListError, match="damaged"):
        message(talk, StatementName(OWNER, b"y" * 16))


def test_a_message_is_kept_once(replica: Replica) -> None:
    """Synced again, it is not new."""
    assert replica.talk.add_messages([arrived(10, FIRST, OWNER, trace())]) == 0
    assert len(replica.talk.messages(bytes(16))) == len(replica.talk.messages()) == 3
    assert replica.talk.messages(b"z" * 16) == ()


def test_the_id_of_a_new_thread_is_no_option_of_a_command() -> None:
    """`sealtrace inbox` takes the id it shows; one that began with a hyphen would be read as an option, one in 64."""
    drawn = {spelled(draw_thread()) for _ in range(1_000)}

    assert len(drawn) == 1_000
    assert [one for one in drawn if one.startswith("-")] == []


@pytest.mark.parametrize("ask", [talks, lambda replica: talk_of(replica, FIRST)])
def test_attack_a_flooded_thread_is_read_in_as_many_questions(
    replica: Replica, ask: Callable[[Replica], object]
) -> None:
    """However much a member says, the database is asked as often: the times of all entries are read at once."""
    before = questions(replica, ask)
    replica.talk.add_messages(
        [
            arrived(index, StatementName(OWNER, index.to_bytes(16, "big")), ASKER, Acknowledgement(), re=FIRST)
            for index in range(40, 90)
        ]
    )
    replica.note_verified(size=90, at=3_000)

    assert questions(replica, ask) == before


def questions(replica: Replica, ask: Callable[[Replica], object]) -> int:
    """Return how many statements the database was given."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(replica._engine, "before_cursor_execute", note)
    try:
        ask(replica)
    finally:
        event.remove(replica._engine, "before_cursor_execute", note)
    return len(asked)


@given(
    verified=st.dictionaries(st.integers(1, 30), st.integers(1, 1_000), max_size=8),
    witnessed=st.dictionaries(st.integers(0, 30), st.sampled_from([-1, 1, 7, 500]), max_size=8),
)
def test_times_read_at_once_are_those_read_one_by_one(verified: dict[int, int], witnessed: dict[int, int]) -> None:
    """The witnesses' first, else the earliest at which a checkpoint with the entry was verified, else none."""
    times = KnownTimes(Remembered(verified, witnessed))

    for index in range(32):
        first = min((at for size, at in verified.items() if size > index), default=None)
        by_witnesses = witnessed.get(index, -1)
        assert times.time(index) == (first if by_witnesses == -1 else by_witnesses)
        assert times.is_asked(index) == (index in witnessed)


class Remembered:
    """What a replica remembers of times."""

    def __init__(self, verified: dict[int, int], witnessed: dict[int, int]) -> None:
        """Take the checkpoints and what witnesses said."""
        self._verified = verified
        self._witnessed = witnessed

    def verified(self) -> tuple[tuple[int, int], ...]:
        """Return checkpoints, the largest first."""
        return tuple(sorted(self._verified.items(), reverse=True))

    def states(self, prefix: str) -> dict[str, int]:
        """Return what witnesses said."""
        return {str(index): at for index, at in self._witnessed.items() if prefix == "entry-time/"}
