"""`sealtrace-server fsck`: whatever byte of a database is changed, it is named by row and index."""

# ruff: noqa: S608 — every statement here is spelled from constants of this file

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ledger.expunges import Why, build_expunge
from ledger.kinds import Role
from ledger.state import kind_of
from server import tombstones
from server.cli import app
from server.errors import StartError
from server.fsck import Report, check_database, check_folder
from server.fsck.findings import MAX_FINDINGS
from tests.support.copies import by_hand, copy_of, filled_world, flip
from tests.support.services import World

# Where things stand in the log of `filled_world`.
GRANT, RECORD, BATCH, MESSAGE, SIZE = 1, 4, 8, 12, 15


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a running service; the tests here change only copies of its database."""
    world = filled_world(tmp_path_factory.mktemp("service"))
    yield world
    world.close()


@pytest.fixture
def copy(filled: World, tmp_path: Path) -> Path:
    """Return a copy to be changed."""
    return copy_of(filled, tmp_path / "copy.sqlite")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of a database with a full tile."""
    world = filled_world(tmp_path_factory.mktemp("large"), records=260)
    copy = copy_of(world, tmp_path_factory.mktemp("copy") / "large.sqlite")
    world.close()
    return copy


def _check(path: Path) -> Report:
    return check_database(path, progress=lambda _: None)


def _changed(path: Path, *statements: str) -> Report:
    with by_hand(path) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement
    return _check(path)


def test_a_whole_database_has_no_findings(filled: World, copy: Path) -> None:
    """A copy taken while the service runs is whole; every row of every table of the log was looked at."""
    report = _check(copy)

    rows = filled.rows()
    assert (report.broken, report.findings) == (0, ())
    assert report.size == filled.service.store.head().size == SIZE
    assert report.root == filled.service.store.head().tree.root()
    checked = ("entries", "tiles", "statements", "recipients", "batches", "charters", "handovers", "blobs", "head")
    assert [rows[table] for table in checked] == [report.rows.get(table, 0) for table in checked]


def test_a_running_service_is_checked_with_what_lies_beside_it(filled: World) -> None:
    """With --data the highest-signed file is compared too, and the service goes on meanwhile."""
    report = check_folder(filled.config, progress=lambda _: None)

    assert report.findings == ()


def test_the_places_named_here_are_the_places_of_the_log(filled: World) -> None:
    """The indices that the cases below expect are those of a grant, a record, a batch and a message."""
    kinds = [kind_of(entry).name for entry in filled.service.store.entries(0, SIZE)]

    assert [kinds[at] for at in (GRANT, RECORD, BATCH, MESSAGE)] == ["GRANT", "RECORD", "BATCH", "MESSAGE"]


CASES = {
    "an entry": (
        (
            "UPDATE entries SET entry = CAST(substr(entry, 1, 600)"
            " || CASE substr(entry, 601, 1) WHEN x'41' THEN 'B' ELSE 'A' END || substr(entry, 602) AS BLOB)"
            f" WHERE idx = {RECORD}"
        ),
        ("leaf", "entries", str(RECORD), RECORD),
    ),
    "a leaf hash": (f"UPDATE entries SET leaf = zeroblob(32) WHERE idx = {RECORD}", ("leaf", "entries", "4", 4)),
    "the kind of an entry": (
        f"UPDATE entries SET typ = 'grant' WHERE idx = {RECORD}",
        ("entry/typ", "entries", "4", 4),
    ),
    "a missing entry": (f"DELETE FROM entries WHERE idx = {RECORD}", ("entry/missing", "entries", "4", 4)),
    "a last entry cut off": ("DELETE FROM entries WHERE idx = 14", ("head/size", "head", "1", None)),
    "the size of the head": ("UPDATE head SET size = 14", ("head/size", "head", "1", None)),
    "the right edge": (
        (
            "UPDATE head SET tree = CAST(substr(tree, 1, length(tree) - 1)"
            " || CASE substr(tree, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)"
        ),
        ("head/tree", "head", "1", None),
    ),
    "half a right edge": ("UPDATE head SET tree = x'00'", ("head/tree", "head", "1", None)),
    "the checkpoint": (
        "UPDATE head SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT), '15', '14') AS BLOB)",
        ("checkpoint", "head", "1", None),
    ),
    "a charter file": (
        "UPDATE charters SET file = CAST(file || ' ' AS BLOB)",
        ("charter/column 2", "charters", "0", 0),
    ),
    "a missing charter": ("DELETE FROM charters", ("charter/missing", "charters", "0", 0)),
    "a charter at another index": ("UPDATE charters SET idx = 1", ("charter/missing", "charters", "0", 0)),
    "the issuer of a statement": (
        f"UPDATE statements SET iss = 'xac-arms' WHERE idx = {RECORD}",
        ("statement/column 2", "statements", "4", 4),
    ),
    "the name of a statement": (
        f"UPDATE statements SET jti = zeroblob(16) WHERE idx = {RECORD}",
        ("statement/column 3", "statements", "4", 4),
    ),
    "the epoch of a record": (
        f"UPDATE statements SET ep = 2 WHERE idx = {RECORD}",
        ("statement/column 5", "statements", "4", 4),
    ),
    "a record made superseding": (
        f"UPDATE statements SET sup = zeroblob(16) WHERE idx = {RECORD}",
        ("statement/column 6", "statements", "4", 4),
    ),
    "a key commitment": (
        f"UPDATE statements SET kcs = zeroblob(96) WHERE idx = {RECORD}",
        ("statement/column 8", "statements", "4", 4),
    ),
    "the batch of a statement": (
        f"UPDATE statements SET batch = 3 WHERE idx = {RECORD}",
        ("statement/column 9", "statements", "4", 4),
    ),
    "a missing statement": (
        f"DELETE FROM statements WHERE idx = {RECORD}",
        ("statement/missing", "statements", "4", 4),
    ),
    "a statement too many": (
        f"INSERT INTO statements (idx, iss, jti, typ, batch) VALUES ({BATCH}, 'xaa-arms', zeroblob(16), 'x', 9)",
        ("statement/stray", "statements", str(BATCH), BATCH),
    ),
    "the seq of a batch": (
        f"UPDATE batches SET seq = 9 WHERE idx = {BATCH}",
        ("batch/column 2", "batches", str(BATCH), BATCH),
    ),
    "the hash of a batch": (
        f"UPDATE batches SET payload_hash = zeroblob(32) WHERE idx = {BATCH}",
        ("batch/column 5", "batches", str(BATCH), BATCH),
    ),
    "a missing batch": (f"DELETE FROM batches WHERE idx = {BATCH}", ("batch/missing", "batches", str(BATCH), BATCH)),
    "a batch too many": (
        "INSERT INTO batches VALUES ('xac-arms', 1, 5, 4, zeroblob(32))",
        ("batch/stray", "batches", "5", 5),
    ),
    "a reader taken from a grant": (
        f"DELETE FROM recipients WHERE agency = 'xac-arms' AND idx = {GRANT}",
        ("recipient", "recipients", "1", 1),
    ),
    "a reader added to a record": (
        f"INSERT INTO recipients VALUES ('xac-arms', {RECORD})",
        ("recipient", "recipients", "4", 4),
    ),
    "a message handed to another": (
        f"UPDATE recipients SET agency = 'xac-arms' WHERE idx = {MESSAGE}",
        ("recipient", "recipients", str(MESSAGE), MESSAGE),
    ),
    "a ciphertext": (
        f"UPDATE blobs SET data = zeroblob(2064) WHERE place = 'item' AND idx = {RECORD}",
        ("blob", "blobs", "item", RECORD),
    ),
    "a slip": (
        f"UPDATE blobs SET data = x'7b7d' WHERE place = 'slip' AND idx = {RECORD}",
        ("blob", "blobs", "slip", 4),
    ),
    "a box": (
        f"UPDATE blobs SET data = zeroblob(1168) WHERE place = 'box/xab-arms' AND idx = {GRANT}",
        ("blob", "blobs", "box/xab-arms", GRANT),
    ),
    "a box for another agency": (
        f"UPDATE blobs SET only_for = 'xac-arms' WHERE place = 'box/xab-arms' AND idx = {GRANT}",
        ("blob/reader", "blobs", "box/xab-arms", GRANT),
    ),
    "a fetch tag": (
        f"UPDATE blobs SET tag_hash = zeroblob(32) WHERE place = 'case' AND idx = {RECORD}",
        ("blob/tag", "blobs", "case", RECORD),
    ),
    "a route": (
        f"UPDATE blobs SET data = x'7b7d' WHERE place = 'route' AND idx = {MESSAGE}",
        ("blob", "blobs", "route", MESSAGE),
    ),
    "a message's reader": (
        f"UPDATE blobs SET only_for = 'xac-arms' WHERE place = 'to' AND idx = {MESSAGE}",
        ("blob/reader", "blobs", "to", MESSAGE),
    ),
    "a missing ciphertext": (
        f"DELETE FROM blobs WHERE place = 'event' AND idx = {RECORD}",
        ("blob/missing", "blobs", "event", RECORD),
    ),
    "a missing route": (
        f"DELETE FROM blobs WHERE place = 'route' AND idx = {MESSAGE}",
        ("blob/missing", "blobs", "route", MESSAGE),
    ),
    "a blob too many": (
        f"INSERT INTO blobs (idx, place, data) VALUES ({RECORD}, 'extra', x'00')",
        ("blob/stray", "blobs", "extra", RECORD),
    ),
    "a blob of nothing": (
        f"INSERT INTO blobs (idx, place, data) VALUES ({BATCH}, 'item', x'00')",
        ("blob/stray", "blobs", str(BATCH), BATCH),
    ),
    "a reader of nothing": (
        f"INSERT INTO recipients VALUES ('xac-arms', {BATCH})",
        ("recipient/stray", "recipients", str(BATCH), BATCH),
    ),
    "a handover": (
        "UPDATE handovers SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT), char(10) || '1', char(10) || '2') AS BLOB)",
        ("handover", "handovers", "0", 0),
    ),
    "a missing handover": ("DELETE FROM handovers", ("handover", "handovers", "0", 0)),
    "a handover too many": (
        "INSERT INTO handovers VALUES (3, (SELECT checkpoint FROM handovers))",
        ("handover/stray", "handovers", "3", 3),
    ),
    "the revision": (
        "UPDATE alembic_version SET version_num = '0000'",
        ("schema/revision", "alembic_version", "1", None),
    ),
}


TILES = {
    "a tile": (
        "UPDATE tiles SET data = CAST(zeroblob(8192) AS BLOB) WHERE level = 0",
        ("tile", "tiles", "tile/0/000", 0),
    ),
    "a missing tile": ("DELETE FROM tiles WHERE level = 0", ("tile/missing", "tiles", "tile/0/000", 0)),
    "a tile too many": ("INSERT INTO tiles VALUES (1, 0, zeroblob(8192))", ("tile/beyond", "tiles", "1/0", None)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_changed_row_is_named(copy: Path, case: str) -> None:
    """Whoever changes one value by hand is answered with table, row, index, and what to do next."""
    statement, expected = CASES[case]

    report = _changed(copy, statement)

    named = [(finding.check, finding.table, finding.row, finding.index) for finding in report.findings]
    assert expected in named
    assert all(finding.next_step and finding.expected != finding.found for finding in report.findings)


@pytest.mark.parametrize("case", TILES)
def test_a_changed_tile_is_named(tmp_path: Path, large: Path, case: str) -> None:
    """A tile that is not what the entries hash to is named by its path, and by the first entry under it."""
    statement, expected = TILES[case]
    copy = Path(shutil.copy(large, tmp_path / "copy.sqlite"))

    report = _changed(copy, statement)

    (finding,) = report.findings
    assert expected == (finding.check, finding.table, finding.row, finding.index)


def test_an_entry_that_is_no_entry_is_named(copy: Path) -> None:
    """Bytes of no known form stop neither the check nor the rows behind them."""
    report = _changed(
        copy,
        f"UPDATE entries SET entry = x'00' WHERE idx = {RECORD}",
        f"UPDATE entries SET entry = x'7b7d' WHERE idx = {BATCH}",
        f"UPDATE statements SET ep = 7 WHERE idx = {MESSAGE}",
    )

    named = {(finding.check, finding.index) for finding in report.findings}
    assert {("leaf", 4), ("entry/form", 4), ("leaf", BATCH), ("statement/column 5", MESSAGE)} <= named


def test_a_trigger_that_was_dropped_is_named(copy: Path) -> None:
    """The database must keep refusing UPDATE and DELETE: a missing trigger is damage, whatever the rows say."""
    with sqlite3.connect(copy) as connection:
        connection.execute("DROP TRIGGER entries_no_update")
    connection.close()

    (finding,) = _check(copy).findings

    assert (finding.check, finding.row) == ("schema/trigger", "entries_no_update")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(min_value=0, max_value=1, exclude_max=True))
def test_no_flipped_bit_of_an_entry_or_a_blob_goes_unseen(filled: World, tmp_path: Path, place: float) -> None:
    """Wherever in the sealed and signed bytes a bit rots, fsck finds it, or SQLite says that the file is broken."""
    copy = copy_of(filled, tmp_path / "flipped.sqlite")
    with sqlite3.connect(copy) as connection:
        rows = connection.execute(
            "SELECT data FROM blobs WHERE place IN ('item', 'event', 'case') UNION ALL SELECT entry FROM entries"
        ).fetchall()
    connection.close()
    data = rows[int(place * len(rows))][0]
    raw = copy.read_bytes()
    # A long value lies on several pages; its first bytes are in one piece.
    flip(copy, raw.index(data[:64]) + int(place * 64))

    assert _check(copy).broken


def test_a_broken_page_is_told_apart(copy: Path) -> None:
    """Damage below the tables is the disk's, and the next step says so."""
    raw = bytearray(copy.read_bytes())
    raw[16_384 * 3 : 16_384 * 3 + 200] = bytes(200)
    copy.write_bytes(raw)

    report = _check(copy)

    assert "page" in {finding.check for finding in report.findings}
    assert any("check the disk" in finding.next_step for finding in report.findings)


def test_the_copy_is_only_read(copy: Path) -> None:
    """A check leaves no trace: not a byte of the copy, not a file beside it."""
    before = copy.read_bytes(), sorted(copy.parent.iterdir())

    _check(copy)

    assert before == (copy.read_bytes(), sorted(copy.parent.iterdir()))


def test_what_is_no_database_is_no_report(tmp_path: Path) -> None:
    """A file that SQLite cannot open is an error in one line."""
    with pytest.raises(StartError, match="missing"):
        _check(tmp_path / "missing.sqlite")


def test_an_empty_database_is_behind_its_schema(tmp_path: Path) -> None:
    """A file without our tables is one finding, not one for each table."""
    (tmp_path / "x.sqlite").touch()

    (finding,) = _check(tmp_path / "x.sqlite").findings

    assert finding.check == "schema/revision"


def test_many_findings_are_counted_and_the_first_are_kept(tmp_path: Path, large: Path) -> None:
    """A thousand damaged rows make one readable report, which says how many it leaves out."""
    copy = Path(shutil.copy(large, tmp_path / "copy.sqlite"))
    report = _changed(copy, "DELETE FROM blobs")

    damaged = CliRunner().invoke(app, ["fsck", "--database", str(copy)])

    assert report.broken > MAX_FINDINGS == len(report.findings)
    assert report.findings[0].index == GRANT
    assert f"and {report.broken - MAX_FINDINGS:,} more" in damaged.output.splitlines()[-1]


def test_an_expunged_record_may_have_no_blobs(filled: World, copy: Path) -> None:
    """What a tombstone names is gone and must stay gone: its missing bytes are no damage, bytes of it are."""
    name = filled.consortium.store.rows.statements
    record = next(found for found, row in name.items() if row.statement.index == RECORD)
    with by_hand(copy) as connection:
        connection.execute("INSERT INTO tombstones VALUES (?, ?)", tuple(record))

    undeleted = _check(copy)

    tombstones.bury_in_file(copy, [record])
    assert {finding.check for finding in undeleted.findings} == {"expunged"}
    assert len(undeleted.findings) == 4
    assert _check(copy).findings == ()


def test_a_database_behind_the_highest_signed_checkpoint_is_named(filled: World, tmp_path: Path) -> None:
    """With --data, a whole database that is too old is a finding: another tree of the same size is, too."""
    folder = tmp_path / "older"
    folder.mkdir()
    copy_of(filled, folder / "ledger.sqlite")
    config = type(filled.config)(data=folder, fingerprint=b"")
    missing = check_folder(config, progress=lambda _: None)
    (folder / "highest-signed").write_bytes(filled.config.highest.read_bytes().replace(b"\n15\n", b"\n16\n"))
    (folder / "highest-signed").chmod(0o600)
    behind = check_folder(config, progress=lambda _: None)
    (folder / "highest-signed").write_bytes(filled.config.highest.read_bytes().replace(b"\n15\n", b"\n14\n"))
    other = check_folder(config, progress=lambda _: None)

    for report in (missing, behind, other):
        assert [finding.check for finding in report.findings] == ["checkpoint/highest"]
    assert behind.findings[0].found == "15"


def test_the_command_names_what_is_damaged(filled: World, copy: Path) -> None:
    """Exit 0 for a whole database; 1 for a damaged one, with check, both values and the next step; 2 for no name."""
    whole = CliRunner().invoke(app, ["fsck", "--data", str(filled.folder)])
    _changed(copy, f"UPDATE blobs SET data = zeroblob(9) WHERE place = 'item' AND idx = {RECORD}")
    damaged = CliRunner().invoke(app, ["fsck", "--database", str(copy)])
    told = CliRunner().invoke(app, ["fsck", "--database", str(copy), "--json"])
    nothing = CliRunner().invoke(app, ["fsck"])
    missing = CliRunner().invoke(app, ["fsck", "--database", str(copy) + ".x"])

    assert [run.exit_code for run in (whole, damaged, told, nothing, missing)] == [0, 1, 1, 2, 1]
    assert "✓ whole  15 entries" in whole.output
    assert "✗ blob: blobs row item, entry 4" in damaged.output
    assert "next     Put the newest backup back" in damaged.output
    assert json.loads(told.output)["findings"][0]["index"] == RECORD


def test_an_expungement_that_was_logged_and_not_done_is_named(filled: World, copy: Path) -> None:
    """A log that orders a deletion, and a database without its tombstone: somebody put the bytes back."""
    sign, kid = filled.consortium.signing("xaa-arms", Role.SIGN)
    record = next(
        name for name, row in filled.consortium.store.rows.statements.items() if row.statement.index == RECORD
    )
    expunge = build_expunge(signer=sign, kid=kid, iat=0, of=record.jti, why=Why.LAW)
    with by_hand(copy) as connection:
        connection.execute(f"UPDATE entries SET entry = ? WHERE idx = {RECORD + 1}", (expunge.entry,))

    report = _check(copy)

    assert ("expunged", RECORD + 1) in {(finding.check, finding.index) for finding in report.findings}
