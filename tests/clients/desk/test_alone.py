"""A home has one desk at a time."""

from pathlib import Path

import pytest

from clients.desk.alone import alone
from clients.errors import HomeError
from tests.support.homes import a_home


def test_a_second_desk_of_one_home_does_not_start(tmp_path: Path) -> None:
    """It would note as broken off what the first is doing at that moment; when the first has ended, it may."""
    home = a_home(tmp_path)
    with alone(home), pytest.raises(HomeError, match="another desk"), alone(home):
        pass
    with alone(home):
        pass


def test_two_homes_have_a_desk_each(tmp_path: Path) -> None:
    """Two agencies' desks on one machine do not know of each other."""
    first, second = a_home(tmp_path / "first"), a_home(tmp_path / "second")
    with alone(first), alone(second):
        pass
