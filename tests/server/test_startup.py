"""What is checked before anything is signed: a database that was changed behind the service's back is found."""

import sqlite3
from pathlib import Path

import pytest

from crypto.signing import Algorithm
from ledger.fingerprints import of_file
from server.errors import StartError
from server.keys import ServiceKeys
from server.service import open_service
from tests.support.consortium import signer
from tests.support.services import World, make_config, service_keys


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the database of a stopped service with 300 entries."""
    world = World(tmp_path_factory.mktemp("stopped"))
    world.found()
    world.open_epoch("xaa-arms")
    world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(300)])
    world.close()
    return world.config.database.read_bytes()


def start(folder: Path, database: bytes, change: str = "", *, keys: ServiceKeys | None = None) -> None:
    """Start a service on a copy of the database with one change made to it, and stop it again."""
    charter_file = sqlite_value(folder, database, "SELECT file FROM charters")
    config = make_config(folder, fingerprint=of_file(charter_file))
    config.database.write_bytes(database)
    with sqlite3.connect(config.database) as shell:
        triggers = shell.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            shell.execute(f"DROP TRIGGER {name}")
        if change:
            shell.execute(change)
        for _, sql in triggers:
            shell.execute(sql)
    shell.close()
    open_service(config, keys=keys or service_keys(), clock=lambda: 0).close()


def sqlite_value(folder: Path, database: bytes, query: str) -> bytes:
    """Return one value out of a database given as bytes."""
    (folder / "look.sqlite").write_bytes(database)
    with sqlite3.connect(folder / "look.sqlite") as shell:
        value: bytes = shell.execute(query).fetchone()[0]
    shell.close()
    return value


def test_an_untouched_database_starts(tmp_path: Path, stopped: bytes) -> None:
    """What was stopped starts again."""
    start(tmp_path, stopped)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET entry = CAST(x'00' || substr(entry, 2) AS BLOB) WHERE idx = 0",
        "UPDATE entries SET entry = CAST(substr(entry, 1, 900) || x'7e' || substr(entry, 902) AS BLOB) WHERE idx = 7",
        "UPDATE entries SET entry = 'a text where bytes should be' WHERE idx = 7",
        "DELETE FROM entries WHERE idx = 303",
        "UPDATE tiles SET data = CAST(substr(data, 2) || x'00' AS BLOB)",
        "DELETE FROM tiles",
        (
            "UPDATE head SET tree = CAST(substr(tree, 1, 20)"
            " || CASE substr(tree, 21, 1) WHEN x'00' THEN x'01' ELSE x'00' END || substr(tree, 22) AS BLOB)"
        ),
        "UPDATE head SET tree = x'00'",
        "UPDATE head SET checkpoint = CAST(substr(checkpoint, 1, 30) || x'7e' || substr(checkpoint, 32) AS BLOB)",
        "UPDATE head SET checkpoint = x''",
        "UPDATE head SET size = size - 1",
        "UPDATE head SET size = size + 1",
        "UPDATE charters SET file = CAST(file || x'58' AS BLOB)",
        "DELETE FROM charters",
    ],
)
def test_a_changed_database_does_not_start(tmp_path: Path, stopped: bytes, change: str) -> None:
    """One byte of an entry, a tile, the right edge, the checkpoint or a charter file: nothing is signed on top."""
    with pytest.raises(StartError):
        start(tmp_path, stopped, change)


def test_a_log_without_its_ciphertexts_starts(tmp_path: Path, stopped: bytes) -> None:
    """What lies beside the log may lawfully go: the tree does not need it."""
    start(tmp_path, stopped, "DELETE FROM blobs")


def test_a_checkpoint_of_another_tree_does_not_start(
    tmp_path: Path, stopped: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A well signed checkpoint of an earlier size is not the one of this tree."""
    world = World(tmp_path_factory.mktemp("earlier"))
    world.found()
    earlier = world.service.store.head().checkpoint.hex()
    world.close()

    with pytest.raises(StartError, match="of another tree"):
        start(tmp_path, stopped, f"UPDATE head SET checkpoint = x'{earlier}'")  # noqa: S608  hex digits of our own


def test_a_damaged_file_does_not_start(tmp_path: Path, stopped: bytes) -> None:
    """A page of zeros in the middle of the file is said to be what it is."""
    page = 16_384
    damaged = stopped[: 2 * page] + bytes(40 * page) + stopped[42 * page :]
    config = make_config(tmp_path, fingerprint=bytes(32))
    config.database.write_bytes(damaged)

    with pytest.raises(StartError):
        open_service(config, keys=service_keys(), clock=lambda: 0)


def test_another_charter_than_the_logs_does_not_start(tmp_path: Path, stopped: bytes) -> None:
    """A service told to trust another charter refuses the log it finds."""
    config = make_config(tmp_path, fingerprint=bytes(32))
    config.database.write_bytes(stopped)

    with pytest.raises(StartError, match="not the charter that was pinned"):
        open_service(config, keys=service_keys(), clock=lambda: 0)


def test_another_services_keys_do_not_start(tmp_path: Path, stopped: bytes) -> None:
    """The keystore must hold the keys that the charter in the database names."""
    other = signer("other", Algorithm.ED25519)
    keys = service_keys()
    wrong = ServiceKeys(
        ed25519=other,
        ml_dsa_44=keys.ml_dsa_44,
        access_ed25519=keys.access_ed25519,
        access_ml_dsa_44=keys.access_ml_dsa_44,
        answer=keys.answer,
    )

    with pytest.raises(StartError, match="names other keys of the service"):
        start(tmp_path, stopped, keys=wrong)


def test_another_answer_key_does_not_start(tmp_path: Path, stopped: bytes) -> None:
    """Also a key that signs no checkpoint must be the one the charter names."""
    keys = service_keys()
    wrong = ServiceKeys(
        ed25519=keys.ed25519,
        ml_dsa_44=keys.ml_dsa_44,
        access_ed25519=keys.access_ed25519,
        access_ml_dsa_44=keys.access_ml_dsa_44,
        answer=signer("other", Algorithm.ED25519),
    )

    with pytest.raises(StartError, match="other keys"):
        start(tmp_path, stopped, keys=wrong)


def test_a_restart_knows_what_was_known(tmp_path: Path) -> None:
    """Chains, epochs and keys are rebuilt from the log: the next batch goes on where the last one ended."""
    world = World(tmp_path)
    world.found()
    world.open_epoch("xaa-arms")
    world.close()

    world.open()
    receipt = world.log("xaa-arms", [world.consortium.record("xaa-arms")])

    assert receipt.first == 4
    world.close()
