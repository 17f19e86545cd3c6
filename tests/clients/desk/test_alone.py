"""A home has one desk at a time."""

from pathlib import Path

import pytest

from clients.desk.alone import alone
from clients.errors import HomeError
from clients.home import Home


def test_a_second_desk_of_one_home_does_not_start(tmp_path: Path) -> None:
    """It would note as broken off what the first is doing at that moment; when the first has ended, it may."""
    home = Home(path=tmp_path)
    with alone(home), pytest.raises(HomeError, match="another desk"), alone(home):
        pass
    with alone(home):
        pass


def test_two_homes_have_a_desk_each(tmp_path: Path) -> None:
    """Two agencies' desks on one machine do not know of each other."""
    first, second = Home(path=tmp_path / "first"), Home(path=tmp_path / "second")
    first.path.mkdir()
    second.path.mkdir()
    with alone(first), alone(second):
        pass
