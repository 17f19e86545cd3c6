"""The SQLite file: its settings, its privacy, and that its schema is what the models say."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from server import database, schema
from server.errors import StorageError
from server.models import APPEND_ONLY, Base

ROOT = Path(__file__).resolve().parents[2]


def _shape(path: Path) -> Mapping[str, frozenset[str]]:
    """Return every table, index and trigger of a database as the set of its parts: columns and constraints have no order."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'").fetchall()
    connection.close()
    # SQLite writes an added column behind the last comma, without a line of its own.
    return {name: frozenset(part.strip(" )\t\n") for part in (sql or "").split(",")) for name, sql in rows}


def test_the_upgraded_schema_is_the_models(tmp_path: Path) -> None:
    """Tables, indexes and triggers are the same, whichever way they were made."""
    schema.migrate(tmp_path / "upgraded.sqlite")
    engine = database.writer(tmp_path / "made.sqlite")
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
    engine.dispose()

    upgraded = _shape(tmp_path / "upgraded.sqlite")

    assert upgraded == _shape(tmp_path / "made.sqlite")
    assert sum(name.endswith(("_no_update", "_no_delete")) for name in upgraded) == 2 * len(APPEND_ONLY)


def test_alembic_finds_nothing_to_change(tmp_path: Path) -> None:
    """A model that has no revision yet would be found here."""
    schema.migrate(tmp_path / "ledger.sqlite")
    engine = database.writer(tmp_path / "ledger.sqlite")

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()

    assert differences == []


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    """Every start migrates."""
    schema.migrate(tmp_path / "ledger.sqlite")
    before = _shape(tmp_path / "ledger.sqlite")

    schema.migrate(tmp_path / "ledger.sqlite")

    assert _shape(tmp_path / "ledger.sqlite") == before


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [
        ("page_size", 16_384),
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
    ],
)
@pytest.mark.parametrize("reading", [True, False], ids=["reader", "writer"])
def test_every_connection_has_the_settings(tmp_path: Path, pragma: str, expected: object, *, reading: bool) -> None:
    """Durable, checked and wiped: the settings that the design stands on, on every connection."""
    path = tmp_path / "ledger.sqlite"
    schema.migrate(path)
    engine = database.readers(path, connections=1) if reading else database.writer(path)

    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
    engine.dispose()

    assert found == expected


def test_only_the_owner_can_read_the_database(tmp_path: Path) -> None:
    """The file is private however the umask stands, and so is the write-ahead log beside it."""
    path = tmp_path / "ledger.sqlite"
    path.touch(mode=0o644)
    engine = database.writer(path)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    engine.dispose()

    assert modes == {0o600}


def test_the_write_ahead_log_is_emptied_into_the_file(tmp_path: Path) -> None:
    """After a truncating checkpoint a copy of the file alone holds everything."""
    path = tmp_path / "ledger.sqlite"
    schema.migrate(path)
    engine = database.writer(path)
    with engine.connect() as connection:
        with connection.begin():
            connection.exec_driver_sql("INSERT INTO nonces VALUES ('k', 'n', 1)")
        database.truncate_log(connection)
        copy = tmp_path / "copy.sqlite"
        copy.write_bytes(path.read_bytes())
    engine.dispose()

    with sqlite3.connect(copy) as connection_of_copy:
        assert connection_of_copy.execute("SELECT count(*) FROM nonces").fetchone() == (1,)
    connection_of_copy.close()


def test_a_write_ahead_log_that_cannot_be_emptied_is_an_error(tmp_path: Path) -> None:
    """The result of a checkpoint is looked at: a reader that holds a snapshot is named, not overlooked."""
    path = tmp_path / "ledger.sqlite"
    schema.migrate(path)
    engine = database.writer(path)
    reader = sqlite3.connect(path, isolation_level=None)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
        connection.rollback()
        with connection.begin():
            connection.exec_driver_sql("INSERT INTO nonces VALUES ('k', 'n', 1)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM nonces").fetchall()
        with connection.begin():
            connection.exec_driver_sql("INSERT INTO nonces VALUES ('k', 'm', 1)")

        with pytest.raises(StorageError, match="could not be emptied"):
            database.truncate_log(connection)
    reader.close()
    engine.dispose()


def test_opening_the_database_again_keeps_the_locks_of_this_process(tmp_path: Path) -> None:
    """Another program must not find a running service's database unused: it would delete the write-ahead log in use."""
    path = tmp_path / "ledger.sqlite"
    schema.migrate(path)
    first = database.writer(path)
    program = (
        "import sys; from pathlib import Path; from server.database import require_unused; from server.errors import StartError\n"
        "try: require_unused(Path(sys.argv[1]))\n"
        "except StartError: sys.exit(17)"
    )
    with first.begin() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM accounts")
        database.writer(path).dispose()
        command = [sys.executable, "-c", program, str(path)]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)  # noqa: S603 - our own program
    first.dispose()

    assert done.returncode == 17, done.stderr
