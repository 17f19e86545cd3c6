"""The highest-signed file: a database put back to an older day must never sign a second history."""

import shutil
import threading
from pathlib import Path

import pytest

from crypto.signing import Algorithm
from ledger.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.errors import NotFoundError
from ledger.log import Head
from ledger.treestate import TreeState
from server.config import Config
from server.errors import StartError
from server.highest import HighestSigned, require_reached
from tests.support.consortium import ORIGIN, log_keys, signer
from tests.support.services import World, service_keys


def _checkpoint(size: int, *, fill: int = 1, origin: str = ORIGIN) -> bytes:
    value = Checkpoint(origin=origin, size=size, root=bytes([fill]) * 32)
    return sign_checkpoint(
        value, ed25519=signer("log", Algorithm.ED25519), ml_dsa_44=signer("log", Algorithm.ML_DSA_44)
    )


def _head(size: int, fill: int = 1) -> Head:
    return Head(size=size, tree=TreeState.empty(), checkpoint=_checkpoint(size, fill=fill))


def _snapshot(config: Config, target: Path) -> None:
    target.mkdir()
    for path in config.data.iterdir():
        if path.is_file():
            shutil.copy2(path, target / path.name)


def _put_back(world: World, snapshot: Path, *, but: str = "") -> None:
    for path in world.folder.iterdir():
        if path.is_file() and path.name != but:
            path.unlink()
    for path in snapshot.iterdir():
        if path.name != but:
            shutil.copy2(path, world.folder / path.name)


def test_a_new_log_begins_with_a_signed_checkpoint_of_nothing(tmp_path: Path) -> None:
    """The file is an ordinary checkpoint, which any tool that knows the log's keys can read."""
    path = tmp_path / "highest-signed"

    HighestSigned(path).begin(service_keys(), origin=ORIGIN)

    checkpoint = open_checkpoint(path.read_bytes(), origin=ORIGIN, vkeys=log_keys().vkeys)
    assert checkpoint == HighestSigned(path).read()
    assert checkpoint.size == 0


def test_making_a_service_never_overwrites_what_was_signed(tmp_path: Path) -> None:
    """Keys made anew in a folder that has signed before are refused: the file is evidence."""
    highest = HighestSigned(tmp_path / "highest-signed")
    highest.raise_to(_checkpoint(5))

    with pytest.raises(StartError, match="another log was signed"):
        highest.begin(service_keys(), origin=ORIGIN)

    assert highest.read().size == 5


def test_every_checkpoint_that_leaves_is_in_the_file_before(world: World) -> None:
    """Receipt, proof and /checkpoint: whatever a client holds, the file holds that or more."""
    highest = HighestSigned(world.config.highest)
    receipt_size = world.log("xaa-arms", [world.consortium.grant("xaa-arms", world.consortium.ids)]).size

    assert highest.read().size == receipt_size == world.service.store.head().size
    raw = world.client.get("/checkpoint").data
    assert raw == world.config.highest.read_bytes()
    assert world.get("xaa-arms", "/v1/entries/1").status_code == 200


def test_a_checkpoint_does_not_leave_when_the_file_cannot_be_written(world: World) -> None:
    """With no durable trace of it, the service says that it failed and hands out nothing."""
    world.config.highest.unlink()
    world.config.highest.mkdir()
    (world.config.highest / "x").touch()
    world.service.reading._highest._covered = (-1, b"\n")

    response = world.client.get("/checkpoint")

    assert response.status_code == 500
    assert world.service.store.head().checkpoint not in response.data


def test_a_restart_goes_on_where_it_stopped(world: World) -> None:
    """The file does not stand in the way of an ordinary restart, nor of one after a crash before an answer."""
    world.open_epoch("xaa-arms")
    world.close()
    world.config.highest.unlink()
    HighestSigned(world.config.highest).begin(service_keys(), origin=ORIGIN)

    world.open()

    assert world.client.get("/checkpoint").status_code == 200
    assert HighestSigned(world.config.highest).read().size == 4


def test_an_older_database_signs_nothing(world: World, tmp_path: Path) -> None:
    """Attack: the machine's disk is set back to yesterday's snapshot, and the file is not."""
    world.close()
    _snapshot(world.config, tmp_path / "snapshot")
    world.open()
    world.open_epoch("xaa-arms")
    world.close()
    _put_back(world, tmp_path / "snapshot", but="highest-signed")

    with pytest.raises(StartError, match=r"4 entries were signed and published, and this database holds 1.*restore"):
        world.open()

    assert HighestSigned(world.config.highest).read().size == 4
    _put_back(world, tmp_path / "snapshot")  # only so that the fixture can close a service
    world.open()


def test_another_tree_of_the_same_size_signs_nothing(world: World) -> None:
    """Attack: the database of a fork is put in place; it is long enough, and not what was published."""
    world.open_epoch("xaa-arms")
    store = world.service.store

    with pytest.raises(StartError, match="not those that were signed"):
        require_reached(Checkpoint(origin=ORIGIN, size=3, root=bytes(32)), store)


def test_without_the_file_nothing_is_signed(world: World) -> None:
    """A lost file is no fresh start: keystore and database alone do not know what was published."""
    raw = world.config.highest.read_bytes()
    world.close()
    world.config.highest.unlink()

    with pytest.raises(StartError, match=r"is missing.*restore"):
        world.open()

    HighestSigned(world.config.highest).raise_to(raw)
    world.open()


@pytest.mark.parametrize("content", [b"", b"log.test/weapons\n1\n", b"\xff" * 40, _checkpoint(3)[:-200] + b"\n\n"])
def test_a_damaged_file_is_not_believed(tmp_path: Path, content: bytes) -> None:
    """Half a checkpoint says nothing; the error names the file and the next step."""
    path = tmp_path / "highest-signed"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(StartError, match=r"highest-signed.*restore"):
        HighestSigned(path).read()


def test_a_file_that_others_may_write_is_not_believed(tmp_path: Path) -> None:
    """Mode 0600 is part of the file: what another user may lower protects nothing."""
    highest = HighestSigned(tmp_path / "highest-signed")
    highest.raise_to(_checkpoint(3))
    (tmp_path / "highest-signed").chmod(0o666)

    with pytest.raises(StartError, match="0666"):
        highest.read()


def test_the_file_only_rises(tmp_path: Path) -> None:
    """A smaller checkpoint, from a slower thread or another process, changes nothing."""
    highest = HighestSigned(tmp_path / "highest-signed")
    other = HighestSigned(tmp_path / "highest-signed")

    other.cover(size=9, checkpoint=_head(9).checkpoint)
    highest.cover(size=5, checkpoint=_head(5).checkpoint)
    other.cover(size=9, checkpoint=_head(9).checkpoint)

    assert highest.read().size == 9


def test_two_trees_of_one_size_are_never_both_covered(tmp_path: Path) -> None:
    """Attack: another process signs a fork beside this one; its checkpoint does not leave."""
    highest = HighestSigned(tmp_path / "highest-signed")
    highest.cover(size=9, checkpoint=_head(9, fill=1).checkpoint)

    with pytest.raises(StartError, match="two trees of 9 entries"):
        HighestSigned(tmp_path / "highest-signed").cover(size=9, checkpoint=_head(9, fill=2).checkpoint)
    with pytest.raises(StartError, match="another log"):
        highest.raise_to(_checkpoint(12, origin="log.test/other"))

    assert highest.read().root == bytes([1]) * 32


def test_threads_raise_it_together(tmp_path: Path) -> None:
    """Readers that see different heads at once leave the largest in the file."""
    path = tmp_path / "highest-signed"
    highest = HighestSigned(path)
    heads = [_head(size) for size in range(1, 9)]
    threads = [
        threading.Thread(target=highest.cover, kwargs={"size": head.size, "checkpoint": head.checkpoint})
        for head in heads
        for _ in range(2)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert highest.read().size == 8
    assert {path.name for path in tmp_path.iterdir()} == {"highest-signed", "highest-signed.lock"}


def test_an_empty_log_has_nothing_to_cover(empty_world: World) -> None:
    """Before charter 1 no checkpoint leaves, and the file stays at nothing."""
    assert empty_world.client.get("/checkpoint").status_code == 404
    with pytest.raises(NotFoundError):
        empty_world.service.reading.checkpoint()

    assert HighestSigned(empty_world.config.highest).read().size == 0
