"""An access log that was put back goes on only from where it had been seen (docs/protocol.md, 6.12; docs/adr/0029)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.accesslog import FILL
from server.accesscatching import catch_up_access
from server.accessstore import AccessStore
from server.database import readers, writer
from server.errors import StartError
from server.exporting import export
from server.store import SqlStore
from tests.support.matching import B, MatchWorld, token


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MatchWorld]:
    """Return a service whose access log has grown since a copy of its database was put aside as `older`."""
    (tmp_path / "data").mkdir()
    world = MatchWorld(tmp_path / "data")
    world.begin()
    world.ask(B, token("revolver"))
    world.service.tick()
    world.close()
    shutil.copy(world.config.database, tmp_path / "older.sqlite")
    world.open()
    world.ask(B, token("rifle"))
    world.service.tick()
    world.service.telling.checkpoint()
    world.close()
    export(world.config.database, output=tmp_path / "mirror")
    shutil.copy(tmp_path / "older.sqlite", world.config.database)
    yield world
    world.service.store.close()


def test_an_older_access_log_put_back_is_not_signed_on(world: MatchWorld) -> None:
    """What had been shown of the access log stands in a file of its own: behind it nothing is signed."""
    with pytest.raises(StartError, match="entries were signed and published"):
        world.open()


def test_a_mirror_brings_the_access_log_back(world: MatchWorld, tmp_path: Path) -> None:
    """The commitments are on every mirror: with them the log goes on where it stopped."""
    assert _catch_up(world, tmp_path / "mirror") == 2 * FILL

    world.open()
    world.ask(B, token("pistol"))
    assert world.service.tick() == FILL
    world.close()


def test_a_mirror_of_another_access_log_is_refused(world: MatchWorld, tmp_path: Path) -> None:
    """Entries that are not those of the signed checkpoint, or no access log at all, change nothing."""
    empty = tmp_path / "empty"
    empty.mkdir()
    bundle = tmp_path / "mirror/access/tile/entries/000.p/16"
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"]")

    assert _catch_up(world, empty) == 0
    with pytest.raises(StartError, match="does not continue the access log"):
        _catch_up(world, tmp_path / "mirror")


def _catch_up(world: MatchWorld, mirror: Path) -> int:
    path = world.config.database
    store = SqlStore(writer=writer(path), readers=readers(path, connections=1))
    try:
        size = catch_up_access(store, mirror, [world.consortium.current])
        assert AccessStore(store).head().size == max(size, FILL)
    finally:
        store.close()
    return size
