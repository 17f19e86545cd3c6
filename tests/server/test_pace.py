"""Answers leave on a grid of time (docs/protocol.md, 6.9)."""

import pytest

from server.pace import Pace


class _Clock:
    """A clock that moves by what is slept, and by what work is said to take."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("took", "expected"), [(0.0001, 0.005), (0.0049, 0.005), (0.0051, 0.010), (0.012, 0.015)])
def test_an_answer_leaves_on_the_grid(took: float, expected: float) -> None:
    """Whatever an answer took, what can be seen of it is the step it was ready in."""
    clock = _Clock()
    pace = Pace(clock=clock, sleep=clock.sleep)

    with pace.hold():
        clock.now += took

    assert clock.now - 100.0 == pytest.approx(expected)


def test_a_refusal_leaves_on_the_grid_too() -> None:
    """An exception is no way around it."""
    clock = _Clock()

    with pytest.raises(ValueError, match="refused"):
        _refuse(clock)

    assert clock.now - 100.0 == pytest.approx(0.005)


def _refuse(clock: _Clock) -> None:
    with Pace(clock=clock, sleep=clock.sleep).hold():
        clock.now += 0.001
        raise ValueError("refused")
