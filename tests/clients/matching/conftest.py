"""One consortium that matches, founded once for the tests here and copied for each."""

import pytest

from tests.support.commands import command
from tests.support.loopback import Walk
from tests.support.matched import ask, found_matching, submit, tick

OWNER, ASKER = "xbe-cib", "xar-arms"
TAURUS = "2024-01-02;recovery;pistol;Taurus;9 mm;TJS84213"


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give agencies that match, one of which was asked for its record, all told by a tick; closed, to be copied."""
    found = found_matching(tmp_path_factory.mktemp("asked"))
    for done in (submit(found, OWNER, [TAURUS]),):
        if done.code:
            raise AssertionError(done.output + done.notes)
    ask(found, ASKER, "--make", "Taurus", "--serial", "TJS84213")
    tick(found)
    for agency in (OWNER, ASKER):
        command(found, "notices", home=agency)
    found.close()
    return found
