"""From signed to published: the quorum, what readers see meanwhile, and what witnesses may do wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.wire import paths, schemas
from ledger.witnesses import open_published
from tests.support.witnessed import WitnessedWorld

A, B, C, D = "xaa-arms", "xab-arms", "xac-arms", "xad-arms"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WitnessedWorld]:
    """Return a service whose first charter names four witnesses, three of which must cosign."""
    found = WitnessedWorld(tmp_path)
    yield found
    found.close()


def _receipt(data: bytes) -> schemas.Receipt:
    return schemas.RECEIPT.read(data)


def test_a_checkpoint_is_published_with_the_quorum_under_it(world: WitnessedWorld) -> None:
    """What readers see satisfies the charter: the log's two keys, and three witnesses with two keys each."""
    receipt = _receipt(world.found().data)

    assert receipt.stage == "witnessed"
    assert receipt.since is None
    cosigned = open_published(world.client.get(paths.CHECKPOINT).data, charter=world.consortium.charter)
    assert cosigned.checkpoint.size == 1
    assert len(cosigned.times) >= 3
    assert set(cosigned.times.values()) == {world.clock()}


def test_without_the_quorum_nothing_is_shown(world: WitnessedWorld) -> None:
    """It fails closed: two of four are no quorum, however long one waits; what was published stays."""
    world.found()
    for agency in (C, D):
        world.cosigners[agency].down = True
    world.hurry()
    world.clock.advance(7)

    grants = [world.consortium.grant(A, world.consortium.ids)]
    receipt = world.log(A, grants)

    assert (receipt.stage, receipt.size, receipt.since) == ("durable", 3, world.clock())
    assert world.published().size == 1
    assert world.service.store.head().size == 3
