"""`sealtrace-server doctor`: each of these faults is seeded, found by its name, and answered with a next step."""

import fcntl
import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto.keystore import Keystore
from ledger import jsontext
from ledger.fingerprints import of_file
from server import lastrun
from server.backup import back_up
from server.cli import app
from server.config import Config
from server.doctor import NEXT_STEPS, Site, diagnose
from server.keys import service_json
from server.lastrun import LastRun
from tests.support.consortium import NOW, URL
from tests.support.copies import by_hand
from tests.support.keystores import PASSPHRASE, WEAK
from tests.support.services import World, service_keys

Seed = Callable[[Site], Site | None]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a stopped service with nothing wrong, and a backup beside it."""
    root = tmp_path_factory.mktemp("healthy")
    (root / "service").mkdir(mode=0o700)
    world = World(root / "service")
    world.found()
    world.open_epoch("xaa-arms")
    world.client.get("/checkpoint")
    Keystore.create(world.config.keystore, passphrase=PASSPHRASE, cost=WEAK)
    (root / "backups").mkdir()
    back_up(world.config, output=root / "backups" / "1", now=NOW - 3_600)
    world.close()
    return root


@pytest.fixture
def site(healthy: Path, tmp_path: Path) -> Site:
    """Return a copy that a test may spoil, on a machine with nothing wrong."""
    shutil.copytree(healthy, tmp_path / "site")
    world_config = _config(tmp_path / "site" / "service")
    return Site(
        config=world_config,
        now=NOW,
        free_bytes=2**40,
        fingerprint=world_config.fingerprint,
        keys=service_keys(),
        backups=tmp_path / "site" / "backups",
    )


def _config(folder: Path) -> Config:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as connection:
        (file,) = connection.execute("SELECT file FROM charters").fetchone()
    return Config(data=folder, fingerprint=of_file(file))


def _sql(*statements: str) -> Seed:
    def seed(site: Site) -> None:
        with by_hand(site.config.database) as connection:
            for statement in statements:
                connection.execute(statement)

    return seed


def _file(name: str, change: Callable[[Path], object]) -> Seed:
    def seed(site: Site) -> None:
        change(site.config.data / name)

    return seed


def _told(**values: object) -> Seed:
    return lambda site: replace(site, **values)  # type: ignore[arg-type]  # members by name


def _service_json(**values: str) -> Seed:
    def seed(site: Site) -> None:
        raw = jsontext.load(site.config.service.read_bytes().removesuffix(b"\n"))
        assert isinstance(raw, dict)
        site.config.service.write_bytes(jsontext.dump({**raw, **values}) + b"\n")

    return seed


def _corrupt(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[16_384 * 2 : 16_384 * 2 + 64] = b"\xff" * 64
    path.write_bytes(raw)


def _grow(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(257 * 2**20)


def _ahead(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n4\n", b"\n5\n"))


def _no_wal_mode(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _newest(site: Site) -> Path:
    assert site.backups is not None
    return site.backups / "1"


def _interrupted(site: Site) -> None:
    (_newest(site) / "backup.json").unlink()


def _other_keys(site: Site) -> Site:
    other = service_keys()
    return replace(site, keys=replace(other, answer=other.ed25519))


def _fsck_found(site: Site) -> None:
    lastrun.write(site.config.data / lastrun.FSCK, LastRun(at=NOW, size=4, broken=2))


def _backed_up(ago: int) -> Seed:
    def seed(site: Site) -> Site:
        lastrun.write(site.config.data / lastrun.BACKUP, LastRun(at=NOW - ago, size=4, broken=0))
        return replace(site, backups=None)

    return seed


def _remove_all(site: Site) -> None:
    shutil.rmtree(site.config.data)


def _no_backups(site: Site) -> None:
    shutil.rmtree(_newest(site))


FAULTS: dict[str, tuple[str, Seed]] = {
    "a clock of last century": ("clock", _told(now=1_000_000_000)),
    "a clock that went back": ("clock", _file("highest-signed", lambda path: os.utime(path, (NOW + 999, NOW + 999)))),
    "a clock behind a request": ("clock", _sql("INSERT INTO nonces VALUES ('xaa-arms#1', 'n', 1800009999)")),
    "a full disk": ("disk-full", _told(free_bytes=1_000)),
    "a disk that runs low": ("disk-low", _told(free_bytes=500 * 2**20)),
    "a wrong path": ("folder-missing", _remove_all),
    "a folder others may enter": ("folder-permissions", _file("", lambda path: path.chmod(0o755))),
    "a database others may read": ("database-permissions", _file("ledger.sqlite", lambda path: path.chmod(0o644))),
    "a lost database": ("database-missing", _file("ledger.sqlite", Path.unlink)),
    "a database that is a text": ("database-foreign", _file("ledger.sqlite", lambda path: path.write_bytes(b"x" * 99))),
    "a broken page": ("database-corrupt", _file("ledger.sqlite", _corrupt)),
    "a journal mode of somebody's": ("journal-mode", _file("ledger.sqlite", _no_wal_mode)),
    "a write-ahead log that was deleted": ("wal-missing", _file("ledger.sqlite-shm", Path.touch)),
    "a write-ahead log that grew": ("wal-oversized", _file("ledger.sqlite-wal", _grow)),
    "an older schema": ("migration-pending", _sql("UPDATE alembic_version SET version_num = '0001'")),
    "a newer schema": ("migration-unknown", _sql("UPDATE alembic_version SET version_num = '9999'")),
    "a lost keystore": ("keystore-missing", _file("keystore", Path.unlink)),
    "a keystore others may read": ("keystore-permissions", _file("keystore", lambda path: path.chmod(0o640))),
    "a keystore cut short": ("keystore-damaged", _file("keystore", lambda path: path.write_bytes(b"sealtrace"))),
    "a keystore of another service": ("keystore-foreign", _other_keys),
    "a lost service.json": ("service-file", _file("service.json", Path.unlink)),
    "a damaged service.json": ("service-file", _file("service.json", lambda path: path.write_bytes(b"{}\n"))),
    "keys that the charter does not name": ("charter-keys", _other_keys),
    "a wrong fingerprint": ("charter-fingerprint", _told(fingerprint=bytes(32))),
    "another url": ("url-mismatch", _service_json(url="https://elsewhere.test")),
    "a lost highest-signed file": ("highest-missing", _file("highest-signed", Path.unlink)),
    "a database put back": ("database-behind", _file("highest-signed", _ahead)),
    "a checkpoint of another tree": (
        "checkpoint-mismatch",
        _sql(
            "UPDATE head SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT), char(10) || '4', char(10) || '3') AS BLOB)"
        ),
    ),
    "a head that was moved": ("checkpoint-mismatch", _sql("UPDATE head SET size = 3")),
    "a restore that was interrupted": ("restore-unfinished", _file("ledger.sqlite.restoring", Path.touch)),
    "a damaged list of tombstones": (
        "tombstones-damaged",
        _file("tombstones", lambda path: path.write_bytes(b"\xff\n")),
    ),
    "a list of witnesses that cannot be read": (
        "witnesses-file",
        _file("witnesses.toml", lambda path: path.write_text("[witness]\nNobody = 1\n", encoding="utf-8")),
    ),
    "no backup at all": ("backup-missing", _no_backups),
    "a folder of backups that is not there": ("backup-missing", _told(backups=Path("/nonexistent"))),
    "an old backup": ("backup-old", _told(now=NOW + 2 * 86_400)),
    "no backup for two days, wherever they are": ("backup-old", _backed_up(2 * 86_400 + 1)),
    "an interrupted backup": ("backup-unreadable", _interrupted),
    "findings of the last check": ("fsck-findings", _fsck_found),
}


def test_nothing_is_found_where_nothing_is_wrong(site: Site) -> None:
    """A healthy service gives no alarm, and looking changes nothing."""
    before = {path: path.read_bytes() for path in site.config.data.iterdir()}

    found = diagnose(site)

    assert found == ()
    assert before == {path: path.read_bytes() for path in site.config.data.iterdir()}


@pytest.mark.parametrize("case", FAULTS)
def test_a_seeded_fault_is_found(site: Site, case: str) -> None:
    """Whatever was done to the folder or the machine is named, with what was found and the next step."""
    name, seed = FAULTS[case]

    found = diagnose(seed(site) or site)

    assert name in {fault.name for fault in found}
    assert all(fault.found and fault.next_step for fault in found)


def test_a_file_that_is_gone_is_called_missing(site: Site) -> None:
    """And not damaged: whoever moved it away looks for it, and what to do is said once."""
    site.config.service.unlink()

    (told,) = [fault.found for fault in diagnose(site) if fault.name == "service-file"]

    assert told == f"{site.config.service} is missing"


def test_every_fault_it_knows_is_seeded() -> None:
    """A fault that no test seeds may never be found."""
    seeded = {name for name, _ in FAULTS.values()} | {
        "port-in-use",
        "stale-lock",
        "database-locked",
        "triggers-dropped",
        "origin-mismatch",
    }

    assert seeded == set(NEXT_STEPS)
    assert len(seeded) >= 20


def test_a_fault_is_told_once(site: Site) -> None:
    """Two signs of one fault are one line: the operator reads the first."""
    found = diagnose(replace(site, now=1_000_000_000))

    names = [fault.name for fault in found]
    assert len(names) == len(set(names))


def test_dropped_triggers_are_named(site: Site) -> None:
    """Which tables could be changed unseen since then stands in the finding."""
    with closing(sqlite3.connect(site.config.database)) as connection:
        connection.execute("DROP TRIGGER entries_no_delete")

    (fault,) = diagnose(site)

    assert (fault.name, fault.found) == ("triggers-dropped", "entries_no_delete")


def test_a_service_file_of_another_log_is_named(site: Site) -> None:
    """The keys may even be the same: the log's name is what its checkpoints are signed under."""
    site.config.service.write_bytes(service_json(service_keys(), origin="log.test/other", url=URL))

    (fault,) = diagnose(replace(site, keys=None))

    assert fault.name == "origin-mismatch"


def test_a_port_that_is_taken_is_named(site: Site) -> None:
    """Before the service is started, the address it is to listen on is tried."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = listener.getsockname()
        (fault,) = diagnose(replace(site, listen=address))

    assert fault.name == "port-in-use"
    assert diagnose(replace(site, listen=address)) == ()


def test_a_held_lock_is_told_from_one_left_behind(site: Site) -> None:
    """A lock file alone is nothing; one that a living program holds is."""
    lock = site.config.data / "keystore.lock"
    lock.touch()
    left = diagnose(site)
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (held,) = diagnose(site)

    assert left == ()
    assert held.name == "stale-lock"


def test_a_writer_that_never_ends_is_named(site: Site) -> None:
    """Another program holds the database's write lock: the service would wait in vain."""
    with _writing(site.config.database):
        names = {fault.name for fault in diagnose(site)}

    assert names == {"database-locked"}


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO nonces VALUES ('a', 'b', 0)")
        yield
        connection.execute("ROLLBACK")


def test_an_empty_service_is_not_ill(tmp_path: Path) -> None:
    """Between `create` and charter 1 there is only one thing to say: the database comes with the first start."""
    tmp_path.chmod(0o700)
    world = World(tmp_path)
    Keystore.create(world.config.keystore, passphrase=PASSPHRASE, cost=WEAK)
    found = diagnose(Site(config=world.config, now=NOW, free_bytes=2**40))
    world.close()

    assert found == ()


def test_the_command_says_what_to_do(site: Site) -> None:
    """Exit 1 with each fault and its next step, for people and for machines; exit 0 where nothing is wrong."""
    _sql("DELETE FROM nonces")(site)  # they are of the fixed clock of these tests, the command reads the machine's
    arguments = ["doctor", "--data", str(site.config.data)]
    whole = CliRunner().invoke(app, arguments)
    site.config.service.unlink()
    ill = CliRunner().invoke(app, arguments)
    told = CliRunner().invoke(app, [*arguments, "--json"])
    wrong = CliRunner().invoke(app, [*arguments, "--charter", "nonsense"])
    locked = CliRunner().invoke(app, [*arguments, "--keys"])

    assert [run.exit_code for run in (whole, ill, told, wrong, locked)] == [0, 1, 1, 1, 2]
    assert "✓ no fault found" in whole.output
    assert "✗ service-file" in ill.output
    assert "  next  Put service.json back" in ill.output
    assert json.loads(told.output)[0]["fault"] == "service-file"
    assert "no passphrase" in locked.output
