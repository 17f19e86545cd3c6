"""A replica that was lost: records come back from the log, and what was said longer ago than 90 days comes from a backup alone."""

from pathlib import Path

import pytest

from server.app import service_of
from server.expiry import BoxExpiry
from tests.support.charterlife import sync
from tests.support.commands import command
from tests.support.lists import submit_rows
from tests.support.loopback import Walk

OWNER, PARTNER = "xar-arms", "xbe-cib"
DAY = 86_400


def expire(walk: Walk) -> int:
    """Have the service delete the boxes that are old enough, as it does every day."""
    service = service_of(walk.app)
    return BoxExpiry(service.store, service.submitting, clock=walk.clock).run()


@pytest.fixture
def talked(walk: Walk) -> Walk:
    """Give two agencies of which one has asked the other about a record, both synced."""
    submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": "OLD1"}])
    sync(walk, PARTNER)
    asked = command(walk, "request", "--history", "--to", OWNER, "--use", "an inquiry", home=PARTNER)
    assert asked.code == 0, asked.notes
    sync(walk, OWNER)
    expire(walk)
    return walk


def rebuilt(walk: Walk, agency: str) -> tuple[int, int]:
    """Return how many records and messages a home holds whose replica was removed and synced anew."""
    for path in walk.homes[agency].path.glob("replica.sqlite*"):
        path.unlink()
    sync(walk, agency, full=True)
    replica = walk.session(agency).replica
    return replica.count(), len(replica.talk.messages())


@pytest.mark.parametrize("agency", [OWNER, PARTNER])
def test_what_was_said_within_90_days_is_synced_anew(talked: Walk, agency: str) -> None:
    """The boxes of both sides lie at the service still."""
    talked.clock.now += 80 * DAY
    expire(talked)

    assert rebuilt(talked, agency) == (1, 1)


@pytest.mark.parametrize("agency", [OWNER, PARTNER])
def test_what_was_said_earlier_is_in_a_backup_of_the_replica_alone(talked: Walk, agency: str, tmp_path: Path) -> None:
    """No service has it any more, as is promised: so nobody is told that a replica needs no backup."""
    kept = talked.copy_to(tmp_path / "backup")
    talked.clock.now += 91 * DAY
    assert expire(talked) > 0
    assert rebuilt(talked, agency) == (1, 0)

    assert len(kept.session(agency).replica.talk.messages()) == 1
    kept.close()
    told = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    (line,) = [line for line in told.splitlines() if "must be backed up" in line]
    assert "`replica.sqlite`" in line.partition("must be backed up")[0]
