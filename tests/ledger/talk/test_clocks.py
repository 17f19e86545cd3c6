"""Clocks run from the times of entries, and from nothing that a message says."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ledger.talk.answers import Acknowledgement, Ground, Question, Refusal, RefusalKind, Reply, Response
from ledger.talk.bodies import Body
from ledger.talk.clocks import ACKNOWLEDGE_SECONDS, DECIDE_SECONDS, HOUR, Duty, Task, duties, end_of, overdue
from ledger.talk.requests import Priority
from tests.support.talks import ASKER, FULL, OWNER, RECORD, Talking, disclosure, hours, trace

DAY = 24 * HOUR
FIRST = 10 * HOUR  # of the entry at index 10, an hour for each


def owed(talking: Talking, *, count: float = 1) -> dict[Task, Duty]:
    """Return what is owed, entries standing `count` hours apart."""
    return {duty.task: duty for duty in duties(talking.thread, hours(count))}


def asked(body: Body | None = None) -> Talking:
    """Return a thread with one request in it."""
    talking = Talking()
    talking.say(ASKER, OWNER, body or trace())
    return talking


def test_a_request_is_acknowledged_in_a_day_and_decided_in_a_week() -> None:
    """The agreed targets, from the time of the request's entry."""
    found = owed(asked())

    assert (ACKNOWLEDGE_SECONDS, DECIDE_SECONDS[Priority.NORMAL]) == (DAY, 7 * DAY)
    assert (found[Task.ACKNOWLEDGE].due, found[Task.DECIDE].due) == (FIRST + DAY, FIRST + 7 * DAY)
    assert {(duty.who, duty.to) for duty in found.values()} == {(OWNER, ASKER)}


def test_an_urgent_request_is_acknowledged_and_decided_in_eight_hours() -> None:
    """It would be absurd to acknowledge after the answer is due."""
    found = owed(asked(trace(FULL)))

    assert {duty.due for duty in found.values()} == {FIRST + 8 * HOUR}


def test_anything_the_one_asked_says_acknowledges() -> None:
    """Who answers has it."""
    for body in (Acknowledgement(), Question(asks="?"), Response(outcome=1, final=False)):
        talking = asked()
        talking.say(OWNER, ASKER, body, talking.said[0].name)
        assert Task.ACKNOWLEDGE not in owed(talking)


def test_nothing_is_owed_after_the_decision() -> None:
    """Neither side has anything overdue for ever."""
    talking = asked()
    talking.say(OWNER, ASKER, Response(outcome=1, final=True), talking.said[0].name)

    assert owed(talking) == {}


def test_the_decision_waits_for_the_answer_to_a_question() -> None:
    """While the asker owes an answer the asker's clock runs, and the other side's stands still."""
    talking = asked()
    question = talking.say(OWNER, ASKER, Question(asks="?"), talking.said[0].name)
    open_ = owed(talking, count=24)
    talking.step = 3
    talking.say(ASKER, OWNER, Reply(answers="!"), question)
    answered = owed(talking, count=24)

    assert [*open_] == [Task.ANSWER]
    assert (open_[Task.ANSWER].who, open_[Task.ANSWER].due) == (ASKER, 11 * DAY + 7 * DAY)
    # Asked on day 11, answered on day 16: five days more.
    assert answered[Task.DECIDE].due == 10 * DAY + 7 * DAY + 5 * DAY


def test_a_delay_moves_the_decision_to_the_end_of_its_day() -> None:
    """The last second of the day in UTC is still in time."""
    talking = asked()
    refusal = Refusal(kind=RefusalKind.DELAY, ground=Ground.LAW, until=date(2031, 12, 31))
    talking.say(OWNER, ASKER, refusal, talking.said[0].name)

    assert owed(talking)[Task.DECIDE].due == end_of(date(2031, 12, 31)) == 1_956_527_999


def test_without_a_time_nothing_is_due_yet() -> None:
    """An entry that nobody has dated starts no clock, and is never overdue."""
    talking = asked()
    question = talking.say(OWNER, ASKER, Question(asks="?"), talking.said[0].name)
    talking.say(ASKER, OWNER, Reply(answers="!"), question)

    for dated in ({}, {10: 5}, {10: 5, 11: 6}, {11: 6, 12: 7}):
        (duty,) = duties(talking.thread, dated.get)
        assert duty.due is None
        assert not duty.is_overdue(10**12)


def test_the_overdue_list_begins_with_what_is_longest_overdue() -> None:
    """The last second is in time, the next one is not."""
    talking = asked()
    talking.say(ASKER, OWNER, disclosure("case", declared=FULL), RECORD)
    found = duties(talking.thread, hours(1))
    urgent = 11 * HOUR + 8 * HOUR

    assert overdue(found, now=urgent) == ()
    assert {duty.about for duty in overdue(found, now=urgent + 1)} == {talking.said[1].name}
    late = overdue(found, now=FIRST + DAY + 1)
    assert [duty.due for duty in late] == sorted(duty.due or 0 for duty in late)


@given(start=st.integers(0, 2**40), now=st.integers(0, 2**41))
def test_both_sides_see_the_same_list_from_the_same_times(start: int, now: int) -> None:
    """Nothing but the thread and the times goes in; iat is nowhere."""
    one, other = asked(), asked()

    def times(index: int) -> int:
        return start + index

    assert overdue(duties(one.thread, times), now=now) == overdue(duties(other.thread, times), now=now)
