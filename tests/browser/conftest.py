"""One story of two desks in Chromium, lived once for all tests here that ask about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import chromium, deskdisclosure
from tests.support.deskstory import STEPS, Story
from tests.support.twodesks import two_desks


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `pytest tests/browser --screenshots docs/images` draw the pictures of the documentation."""
    parser.addoption("--screenshots", type=Path, default=None, help="a folder for pictures of the desk's main pages")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Story]:
    """Give the story after its last step, with everybody still at their browser."""
    chromium.program()
    pictures = pytestconfig.getoption("--screenshots", default=None)
    with two_desks(tmp_path_factory.mktemp("desks")) as world, chromium.browser() as browser:
        made = Story(world=world, browser=browser, pictures=pictures)
        for step in (*STEPS, *deskdisclosure.STEPS):
            step(made)
        yield made
