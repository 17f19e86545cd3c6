"""`sealtrace-server backup`: a copy of a running service that is whole, complete, and a mirror too."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clients.auditing import audit
from clients.sources import FolderLog
from ledger.audit import Verdict
from ledger.submissions import Depth
from server import tombstones
from server.backup import MANIFEST, Backup, back_up, read_manifest
from server.cli import app
from server.config import Config
from server.errors import ConfigError, StartError
from server.fsck import check_folder
from tests.support.copies import by_hand, copy_of, filled_world
from tests.support.services import World

NOW = 1_800_000_000


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a running service with a keystore's bytes beside it."""
    world = filled_world(tmp_path_factory.mktemp("service"))
    world.config.keystore.write_bytes(b"as good as a keystore: it is only copied")
    yield world
    world.close()


def _folder(output: Path) -> Config:
    return Config(data=output, fingerprint=b"")


def test_a_backup_is_whole(filled: World, tmp_path: Path) -> None:
    """It is checked when it is made, and checks again; nothing of the service's folder is missing."""
    backup = back_up(filled.config, output=tmp_path / "b", now=NOW)

    copy = _folder(tmp_path / "b")
    assert backup == Backup(created=NOW, size=15) == read_manifest(tmp_path / "b")
    assert check_folder(copy, progress=lambda _: None).findings == ()
    assert filled.config.keystore.read_bytes() == copy.keystore.read_bytes()
    assert filled.config.service.read_bytes() == copy.service.read_bytes()
    assert filled.config.highest.read_bytes() == copy.highest.read_bytes()


def test_a_backup_is_a_mirror_too(filled: World, tmp_path: Path) -> None:
    """An auditor may be handed the folder: it has the paths of the service."""
    back_up(filled.config, output=tmp_path / "b", now=NOW)

    done = audit(
        FolderLog(tmp_path / "b"),
        fingerprint=filled.config.fingerprint,
        depth=Depth.RECORDS,
        progress=lambda _done, _all: None,
    )
    assert done.report.verdict is Verdict.UNWITNESSED


def test_a_backup_is_its_owners_alone(filled: World, tmp_path: Path) -> None:
    """Database, keystore and manifest are as private as in the service's own folder."""
    back_up(filled.config, output=tmp_path / "b", now=NOW)

    copy = _folder(tmp_path / "b")
    files = (copy.database, copy.keystore, copy.highest, tmp_path / "b" / MANIFEST)
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600] * 4


def test_a_backup_under_load_is_of_one_moment(world: World, tmp_path: Path) -> None:
    """Agencies submit while the copy is made; it holds whole batches and nothing torn."""
    world.open_epoch("xaa-arms")
    records = [[world.consortium.record("xaa-arms")] for _ in range(12)]

    def submit() -> None:
        for batch in records:
            world.log("xaa-arms", batch)

    thread = threading.Thread(target=submit)
    thread.start()
    backups = [back_up(world.config, output=tmp_path / str(number), now=NOW) for number in range(3)]
    thread.join()

    assert all(4 <= backup.size <= 28 for backup in backups)
    for number in range(3):
        copy = _folder(tmp_path / str(number))
        assert check_folder(copy, progress=lambda _: None).broken == 0


def test_tombstones_travel(filled: World, tmp_path: Path) -> None:
    """The names of expunged records are in the backup's list, from the service's file and from its database."""
    names = sorted(filled.consortium.store.rows.statements)[:2]
    folder = tmp_path / "service"
    folder.mkdir()
    copy_of(filled, folder / "ledger.sqlite")
    tombstones.bury_in_file(folder / "ledger.sqlite", [names[0]])
    tombstones.add_names(folder / "tombstones", [names[1]])

    back_up(_folder(folder), output=tmp_path / "b", now=NOW)

    assert set(names) == tombstones.read_names(tmp_path / "b" / "tombstones")


def test_a_damaged_service_makes_no_backup(filled: World, tmp_path: Path) -> None:
    """A copy of damage is not called a backup: it has no manifest, and the operator is told to run fsck."""
    folder = tmp_path / "service"
    folder.mkdir()
    with by_hand(copy_of(filled, folder / "ledger.sqlite")) as connection:
        connection.execute("UPDATE blobs SET data = x'00' WHERE place = 'item'")

    with pytest.raises(StartError, match=r"damaged \(blob: blobs row item\).*fsck"):
        back_up(_folder(folder), output=tmp_path / "b", now=NOW)

    with pytest.raises(ConfigError, match="no finished backup"):
        read_manifest(tmp_path / "b")


def test_a_folder_without_a_database_makes_no_backup(tmp_path: Path) -> None:
    """A wrong path is named, in one line."""
    with pytest.raises(StartError, match=r"nowhere/ledger\.sqlite is missing: start the service"):
        back_up(_folder(tmp_path / "nowhere"), output=tmp_path / "b", now=NOW)


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b'{"created":1}\n', b'{"created":"1","size":2}\n', b'{"size":2,"created":1}\n']
)
def test_a_manifest_has_one_spelling(tmp_path: Path, raw: bytes) -> None:
    """Half a manifest is a backup that was interrupted."""
    (tmp_path / MANIFEST).write_bytes(raw)
    (tmp_path / MANIFEST).chmod(0o600)

    with pytest.raises(ConfigError, match="no finished backup"):
        read_manifest(tmp_path)


def test_the_command_tells_what_it_made(filled: World, tmp_path: Path) -> None:
    """Exit 0 with size and place; exit 2 for a folder that holds something already."""
    arguments = ["backup", "--data", str(filled.folder), "--output", str(tmp_path / "b")]

    made = CliRunner().invoke(app, arguments)
    again = CliRunner().invoke(app, arguments)

    assert [made.exit_code, again.exit_code] == [0, 2]
    assert "✓ 15 entries backed up" in made.output
