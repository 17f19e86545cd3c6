"""What the desk does by itself, as pages show it: how each round went, when letters leave, and a way to have it now."""

from collections.abc import Sequence
from dataclasses import dataclass

from clients.desk.parts import parts
from clients.desk.ticks import AT_ANY_SECOND, JOBS, LETTERS
from clients.desk.working import Ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A job that comes round: what it does, how it went the last time, and whether it is being done."""

    title: str
    ran: Ran | None
    is_under_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """All of them; `departure` is when letters leave next, and with `is_reading` the log is being read right now."""

    jobs: Sequence[Round]
    departure: int | None
    is_reading: bool


def rounds() -> Rounds:
    """Return how the rounds of this desk stand."""
    working = parts().working
    ran = working.ran
    return Rounds(
        jobs=[
            Round(title=str(title), ran=ran.get(name), is_under_way=working.is_waiting(name)) for name, title in JOBS
        ],
        departure=working.due(LETTERS),
        is_reading=any(map(working.is_waiting, AT_ANY_SECOND)),
    )


def hasten() -> None:
    """Have everything come round now that may; what is under way already is not done twice."""
    working = parts().working
    for name in AT_ANY_SECOND:
        if not working.is_waiting(name):
            working.wake(name)
