"""A consortium founded once and copied for each test: founding one takes ten times as long.

A module that needs another one defines its own `founded`, closed when it is given; `walk` is a copy of that.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.loopback import Walk, found_consortium


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies around a real service, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), "xar-arms", "xbe-cib")
    found.close()
    return found


@pytest.fixture
def walk(founded: Walk, tmp_path: Path) -> Iterator[Walk]:
    """Give a copy of the founded consortium, open, that a test may change."""
    copied = founded.copy_to(tmp_path / "copy")
    yield copied
    copied.close()
