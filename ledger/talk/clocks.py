"""Who owes what by when: from the times of entries alone, so that both sides see one list (docs/protocol.md, 6.17)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import TypeAlias

from ledger.identifiers import StatementName
from ledger.talk.requests import DisclosureRequest, Priority, TraceRequest
from ledger.talk.state import Request, Thread

EntryTime: TypeAlias = Callable[[int], int | None]
"""The POSIX time of the entry at an index; None where it has none yet."""

HOUR = 3_600
ACKNOWLEDGE_SECONDS = 24 * HOUR
DECIDE_SECONDS = {Priority.NORMAL: 7 * 24 * HOUR, Priority.URGENT: 8 * HOUR}


class Task(Enum):
    """What is owed."""

    ACKNOWLEDGE = "acknowledge"
    DECIDE = "decide"
    ANSWER = "answer a question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What one agency owes another: `due` is None while an entry that it is counted from has no time yet."""

    task: Task
    who: str
    to: str
    about: StatementName
    due: int | None

    def is_overdue(self, now: int) -> bool:
        """Say whether the time has passed; the last second is still in time."""
        return self.due is not None and now > self.due


def duties(thread: Thread, entry_time: EntryTime) -> tuple[Duty, ...]:
    """Return what is owed in a thread, the same for whoever computes it from the same times."""
    return tuple(duty for request in thread.requests.values() for duty in _duties(request, entry_time))


def overdue(owed: Iterable[Duty], *, now: int) -> tuple[Duty, ...]:
    """Return what is overdue at `now`, the longest first."""
    late = [duty for duty in owed if duty.is_overdue(now)]
    return tuple(sorted(late, key=lambda duty: (duty.due or 0, duty.about, duty.task.value)))


def _duties(request: Request, entry_time: EntryTime) -> Iterator[Duty]:
    said = request.said
    asker, asked = said.name.iss, said.to
    target = _target(request)
    if request.decided is not None:
        return
    if request.heard is None:
        due = _after(entry_time(said.index), min(ACKNOWLEDGE_SECONDS, target))
        yield Duty(task=Task.ACKNOWLEDGE, who=asked, to=asker, about=said.name, due=due)
    question = request.open_question
    if question is not None:
        due = _after(entry_time(question.said.index), target)
        yield Duty(task=Task.ANSWER, who=asker, to=asked, about=question.said.name, due=due)
    else:
        yield Duty(
            task=Task.DECIDE, who=asked, to=asker, about=said.name, due=_decision_due(request, target, entry_time)
        )


def _decision_due(request: Request, target: int, entry_time: EntryTime) -> int | None:
    if request.delay is not None and request.delay.until is not None:
        return end_of(request.delay.until)
    due = _after(entry_time(request.said.index), target)
    for one in request.questions:
        started = entry_time(one.said.index)
        ended = entry_time(one.answered) if one.answered is not None else None
        due = None if due is None or started is None or ended is None else due + max(0, ended - started)
    return due


def end_of(day: date) -> int:
    """Return the last second of a day in UTC."""
    return int((datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1)).timestamp()) - 1


def _target(request: Request) -> int:
    body = request.said.body
    priority = body.declared.priority if isinstance(body, TraceRequest | DisclosureRequest) else Priority.NORMAL
    return DECIDE_SECONDS[priority]


def _after(start: int | None, seconds: int) -> int | None:
    return None if start is None else start + seconds
