"""`sealtrace-server export`: the folder that a mirror holds, written from any database and verified by its reader."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clients.auditing import audit
from clients.sources import FolderLog
from ledger.audit import Verdict
from ledger.submissions import Depth
from ledger.tiles import TilePath, entry_bundle_path, tile_paths
from ledger.wire import paths
from server.cli import app
from server.config import DATABASE
from server.errors import ConfigError, StartError
from server.exporting import export
from tests.support.services import World


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service whose log has full and partial tiles on two levels; the tests here only read it."""
    world = World(tmp_path_factory.mktemp("service"))
    world.found()
    world.open_epoch("xaa-arms")
    world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(300)])
    yield world
    world.close()


def _verdict(world: World, folder: Path) -> Verdict:
    done = audit(
        FolderLog(folder),
        fingerprint=world.config.fingerprint,
        depth=Depth.RECORDS,
        progress=lambda _done, _all: None,
    )
    return done.report.verdict


def test_the_folder_holds_every_file_that_the_size_implies(filled: World, tmp_path: Path) -> None:
    """A mirror made from the database has the relative paths of the service, no more and no fewer."""
    size = filled.service.store.head().size
    bundles = [entry_bundle_path(index=index, size=size) for index in range(-(-size // 256))]
    expected = {
        "checkpoint",
        "v1/charters/1",
        "v1/checkpoints/0",
        *(path.format() for path in [*tile_paths(size), *bundles]),
    }

    exported = export(filled.config.database, output=tmp_path / "out")

    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert expected == found
    assert (size, len(expected)) == (exported.size, exported.files)
    assert {"tile/0/000", "tile/0/001.p/49", "tile/1/000.p/1", "tile/entries/001.p/49"} <= found


def test_every_file_is_what_the_service_answers(filled: World, tmp_path: Path) -> None:
    """Whether a reader asks the service or opens the folder, the bytes are the same."""
    export(filled.config.database, output=tmp_path / "out")

    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            relative = path.relative_to(tmp_path / "out")
            assert filled.client.get(_url(relative)).data == path.read_bytes(), relative


def _url(relative: Path) -> str:
    """Return where the service answers what a file holds: a published checkpoint is asked for by index."""
    folder = Path(paths.FIRST_CHECKPOINT.lstrip("/"))
    return f"/{folder}?index={relative.name}" if relative.parent == folder else f"/{relative}"


def test_an_auditor_verifies_the_folder(filled: World, tmp_path: Path) -> None:
    """What is exported from a running service, or from a copy of its database, passes an audit."""
    export(filled.config.database, output=tmp_path / "live")
    filled.close()
    shutil.copy(filled.config.database, tmp_path / "copy.sqlite")
    filled.open()
    export(tmp_path / "copy.sqlite", output=tmp_path / "copied")

    assert _verdict(filled, tmp_path / "live") is Verdict.UNWITNESSED
    assert _verdict(filled, tmp_path / "copied") is Verdict.UNWITNESSED


def test_a_changed_byte_is_exported_and_left_for_the_auditor_to_find(filled: World, tmp_path: Path) -> None:
    """Export verifies nothing: a lying database gives a lying folder, and the audit names the entry."""
    filled.close()
    copy = Path(shutil.copy(filled.config.database, tmp_path / "copy.sqlite"))
    filled.open()
    with sqlite3.connect(copy) as connection:
        entry = bytearray(connection.execute("SELECT entry FROM entries WHERE idx = 7").fetchone()[0])
    connection.close()
    raw = bytearray(copy.read_bytes())
    raw[raw.index(entry) + 400] ^= 1
    copy.write_bytes(raw)

    export(copy, output=tmp_path / "out")

    assert _verdict(filled, tmp_path / "out") is Verdict.FAILED


def test_a_row_that_is_missing_leaves_its_file_out(filled: World, tmp_path: Path) -> None:
    """A tile or a bundle that the database lost is a file that the reader does not find."""
    filled.close()
    copy = Path(shutil.copy(filled.config.database, tmp_path / "copy.sqlite"))
    filled.open()
    with sqlite3.connect(copy) as connection:
        connection.executescript(
            "DROP TRIGGER tiles_no_delete; DROP TRIGGER entries_no_delete;"
            "DELETE FROM tiles WHERE level = 0; DELETE FROM entries WHERE idx >= 256"
        )
    connection.close()

    export(copy, output=tmp_path / "out")

    assert not (tmp_path / "out" / "tile/0/000").exists()
    assert not (tmp_path / "out" / TilePath(level=None, index=1, width=49).format()).exists()
    assert _verdict(filled, tmp_path / "out") is Verdict.FAILED


def test_the_database_and_its_folder_stay_as_they_are(filled: World, tmp_path: Path) -> None:
    """Export reads: a copy on a read-only medium gets no file beside it and no byte changed."""
    filled.close()
    folder = tmp_path / "stick"
    folder.mkdir()
    shutil.copy(filled.config.database, folder / DATABASE)
    filled.open()
    before = (folder / DATABASE).read_bytes()
    folder.chmod(0o500)

    export(folder / DATABASE, output=tmp_path / "out")

    folder.chmod(0o700)
    assert [path.name for path in folder.iterdir()] == [DATABASE]
    assert before == (folder / DATABASE).read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"not a database at all", bytes(8192)])
def test_what_is_no_database_is_named_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    """A missing, empty or foreign file is an error of ours, and nothing is written."""
    source = tmp_path / "x.sqlite"
    if content is not None:
        source.write_bytes(content)

    with pytest.raises(StartError, match=r"x\.sqlite"):
        export(source, output=tmp_path / "out")

    assert not list((tmp_path / "out").iterdir())


def test_an_empty_log_has_nothing_to_export(empty_world: World, tmp_path: Path) -> None:
    """Before the first charter there is no checkpoint, and the error says so."""
    with pytest.raises(StartError, match="first charter"):
        export(empty_world.config.database, output=tmp_path / "out")


def test_two_exports_never_mix(filled: World, tmp_path: Path) -> None:
    """A folder that holds anything is refused: tiles of two sizes would lie side by side."""
    export(filled.config.database, output=tmp_path / "out")

    with pytest.raises(ConfigError, match="not empty"):
        export(filled.config.database, output=tmp_path / "out")


def test_the_command_says_what_it_wrote_and_that_it_verified_nothing(filled: World, tmp_path: Path) -> None:
    """The operator is told the size, the folder, and who has to verify."""
    arguments = ["export", "--database", str(filled.config.database), "--output", str(tmp_path / "out")]

    done = CliRunner().invoke(app, arguments)
    again = CliRunner().invoke(app, arguments)

    assert (done.exit_code, again.exit_code) == (0, 2)
    assert "305 entries" in done.output
    assert "nothing of it was verified" in done.output
    assert "not empty" in again.output
