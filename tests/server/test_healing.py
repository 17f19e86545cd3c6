"""`sealtrace-server fsck --heal-from`: damaged rows come back byte for byte, or are named and never signed."""

# ruff: noqa: S608 — every statement here is spelled from constants of this file

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto.signing import Algorithm
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.identifiers import StatementName
from ledger.slips import Hit
from ledger.tiles import TilePath, encode_entry_bundle, parse_entry_bundle, tile_path
from ledger.treestate import TreeState
from server.backup import back_up
from server.cli import app
from server.config import Config
from server.errors import ConfigError, StartError
from server.exporting import export
from server.fsck import check_folder
from server.healing import Healed, heal
from server.service import open_service
from tests.support.consortium import ORIGIN, signer
from tests.support.copies import by_hand, copy_folder, filled_world
from tests.support.matched import AGENCIES, ask, found_matching, tick
from tests.support.matching import A, MatchWorld
from tests.support.services import World, service_keys

TABLES = (
    *("entries", "tiles", "charters", "head", "statements", "batches", "blobs"),
    *("recipients", "handovers", "published", "newest_published"),
)
RECORD, LATE = 10, 264
FLIP = (
    "CAST(substr({0}, 1, 600) || CASE substr({0}, 601, 1) WHEN x'41' THEN 'B' ELSE 'A' END || substr({0}, 602) AS BLOB)"
)


@dataclass(frozen=True)
class Site:
    """The folder of a service that is stopped, a mirror of it, and an older mirror."""

    folder: Path
    mirror: Path
    older: Path

    @property
    def config(self) -> Config:
        """Return where the service is."""
        return Config(data=self.folder, fingerprint=b"")

    def damage(self, *statements: str) -> None:
        """Change rows by hand."""
        with by_hand(self.config.database) as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount != 0, statement

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of the tables of the log."""
        with closing(sqlite3.connect(self.config.database)) as connection:
            return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}

    def heal(self, mirror: Path | None = None) -> Healed:
        """Heal from the mirror, or from another."""
        return heal(self.config, mirror or self.mirror)

    def findings(self) -> list[str]:
        """Return the rows that fsck names."""
        report = check_folder(self.config, progress=lambda _: None)
        return [f"{one.table} {one.row}" for one in report.findings]

    def starts(self, world: World) -> bool:
        """Say whether a service starts on it."""
        try:
            config = Config(data=self.folder, fingerprint=world.config.fingerprint)
            open_service(config, keys=service_keys(), clock=world.clock).close()
        except StartError:
            return False
        return True


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a service with a full tile, stopped."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "service").mkdir()
    found = filled_world(folder / "service", records=260)
    export(found.config.database, output=folder / "older")
    found.open_epoch("xac-arms")
    export(found.config.database, output=folder / "mirror")
    found.close()
    return found


@pytest.fixture
def site(world: World, tmp_path: Path) -> Site:
    """Return copies of it all, to be damaged."""
    place = world.folder.parent
    for name in ("older", "mirror"):
        shutil.copytree(place / name, tmp_path / name)
    folder = copy_folder(world, tmp_path / "service")
    return Site(folder=folder, mirror=tmp_path / "mirror", older=tmp_path / "older")


CASES = {
    "a flipped byte in an entry": (
        f"UPDATE entries SET entry = {FLIP.format('entry')} WHERE idx = {RECORD}",
        f"entries {RECORD}",
    ),
    "a flipped byte in a late entry": (
        f"UPDATE entries SET entry = {FLIP.format('entry')} WHERE idx = {LATE}",
        f"entries {LATE}",
    ),
    "a leaf hash": (f"UPDATE entries SET leaf = zeroblob(32) WHERE idx = {RECORD}", f"entries {RECORD}"),
    "the kind of an entry": (f"UPDATE entries SET typ = 'grant' WHERE idx = {RECORD}", f"entries {RECORD}"),
    "a missing entry": (f"DELETE FROM entries WHERE idx = {RECORD}", f"entries {RECORD}"),
    "the last entry": ("DELETE FROM entries WHERE idx = (SELECT MAX(idx) FROM entries)", None),
    "the charter's entry": ("UPDATE entries SET entry = x'00' WHERE idx = 0", "entries 0"),
    "a flipped byte in a tile": (f"UPDATE tiles SET data = {FLIP.format('data')}", "tiles tile/0/000"),
    "a missing tile": ("DELETE FROM tiles", "tiles tile/0/000"),
    "a charter file": ("UPDATE charters SET file = CAST(file || ' ' AS BLOB)", "charters 1"),
    "a missing charter": ("DELETE FROM charters", "charters 1"),
    "the right edge": ("UPDATE head SET tree = x'00'", "head 1"),
}


@pytest.mark.parametrize("case", CASES)
def test_damage_is_healed_byte_for_byte(world: World, site: Site, case: str) -> None:
    """Every table is what it was, fsck finds nothing, the guards are back, and the service starts."""
    whole = site.rows()
    statement, name = CASES[case]
    site.damage(statement)
    assert site.findings()
    # No signature depends on the column beside an entry: that one keeps nobody from signing.
    assert site.starts(world) is (case == "a leaf hash")
    healed = site.heal()

    assert healed.lost == ()
    assert len(healed.restored) == 1
    assert name is None or healed.restored == (name,)
    assert site.rows() == whole
    assert site.findings() == []
    with (
        closing(sqlite3.connect(site.config.database)) as connection,
        pytest.raises(sqlite3.Error, match="append-only"),
    ):
        connection.execute("UPDATE entries SET typ = 'grant'")
    assert site.starts(world)


def test_everything_at_once(world: World, site: Site) -> None:
    """All these tables damaged together come back together."""
    whole = site.rows()
    site.damage(
        "DELETE FROM entries WHERE idx % 2 = 0",
        "DELETE FROM tiles",
        "DELETE FROM charters",
        "UPDATE head SET tree = x'00'",
    )
    site.heal()

    assert site.rows() == whole
    assert site.starts(world)


def test_a_whole_database_is_left_alone(site: Site) -> None:
    """Nothing is put back where nothing is damaged."""
    assert site.heal() == Healed(restored=(), lost=())


def test_an_older_mirror_heals_what_it_has(world: World, site: Site) -> None:
    """What it holds is proved by the newer tree; an entry that was logged later it cannot bring back."""
    whole = site.rows()
    site.damage(CASES["a flipped byte in an entry"][0])
    assert site.heal(site.older).restored == (f"entries {RECORD}",)
    assert site.rows() == whole
    last = max(int(str(row[0])) for row in whole["entries"])
    site.damage(f"DELETE FROM entries WHERE idx = {last}")

    assert site.heal(site.older) == Healed(restored=(), lost=(f"entries {last}",))
    assert not site.starts(world)
    assert site.heal().restored == (f"entries {last}",)
    assert site.starts(world)


def test_a_tile_is_grown_from_entries_where_no_mirror_has_it(site: Site) -> None:
    """A mirror without hash tiles is enough: the entries make them."""
    whole = site.rows()
    shutil.rmtree(site.mirror / "tile" / "0")
    site.damage("DELETE FROM tiles")

    assert site.heal().restored == ("tiles tile/0/000",)
    assert site.rows() == whole


def test_attack_a_damaged_mirror_puts_nothing_wrong_in(world: World, site: Site) -> None:
    """Bytes that the signed tree does not prove are not taken: the row is named, stays, and nothing is signed on it."""
    path = site.mirror / TilePath(level=None, index=0).format()
    entries = list(parse_entry_bundle(path.read_bytes(), width=256))
    entries[RECORD] = entries[RECORD][:-1] + b"?"
    path.write_bytes(encode_entry_bundle(entries))
    site.damage(
        f"UPDATE entries SET entry = {FLIP.format('entry')} WHERE idx IN ({RECORD}, {RECORD + 1})",
    )
    before = site.rows()["entries"][RECORD]
    healed = site.heal()

    assert healed == Healed(restored=(f"entries {RECORD + 1}",), lost=(f"entries {RECORD}",))
    assert site.rows()["entries"][RECORD] == before
    assert f"entries {RECORD}" in site.findings()
    assert not site.starts(world)


def test_attack_a_mirror_with_rubbish_for_files(world: World, site: Site) -> None:
    """Whatever lies under its paths, nothing of it comes in."""
    site.damage("DELETE FROM entries WHERE idx = 10", "DELETE FROM tiles", "DELETE FROM charters")
    for path in site.mirror.rglob("*"):
        if path.is_file() and path.name != "checkpoint":
            path.write_bytes(b"rubbish")
    healed = site.heal()

    assert healed.restored == ()
    assert set(healed.lost) == {"tiles tile/0/000", "entries 0 to 255", "charters 1"}
    assert not site.starts(world)


def test_attack_the_mirror_of_another_log(site: Site) -> None:
    """Its checkpoint is not by this log's keys: nothing is touched."""
    whole = site.rows()
    other = Checkpoint(origin="log.test/other", size=1, root=bytes(32))
    note = sign_checkpoint(other, ed25519=signer("x", Algorithm.ED25519), ml_dsa_44=signer("x", Algorithm.ML_DSA_44))
    (site.mirror / "checkpoint").write_bytes(note)
    site.damage("DELETE FROM tiles")

    with pytest.raises(StartError, match="not a checkpoint that this log's keys have signed"):
        site.heal()
    assert {**site.rows(), "tiles": whole["tiles"]} == whole


@pytest.mark.parametrize("fewer", [0, 4])
def test_attack_the_mirror_of_a_fork(site: Site, fewer: int) -> None:
    """Signed by this log's keys, and another tree, of this size or an older one: stop, and change nothing."""
    site.damage("DELETE FROM tiles")
    before, keys = site.rows(), service_keys()
    fork = Checkpoint(origin=ORIGIN, size=len(before["entries"]) - fewer, root=bytes(32))
    note = sign_checkpoint(fork, ed25519=keys.ed25519, ml_dsa_44=keys.ml_dsa_44)
    (site.mirror / "checkpoint").write_bytes(note)

    with pytest.raises(StartError, match="the log has forked"):
        site.heal()
    assert site.rows() == before


def test_attack_the_mirror_of_a_fork_that_is_larger(site: Site) -> None:
    """A signed tree that goes on from another beginning than this database's."""
    leaves = [bytes([at % 256]) * 32 for at in range(300)]
    state, tiles = TreeState.empty().append(leaves)
    keys = service_keys()
    fork = Checkpoint(origin=ORIGIN, size=300, root=state.root())
    note = sign_checkpoint(fork, ed25519=keys.ed25519, ml_dsa_44=keys.ml_dsa_44)
    (site.mirror / "checkpoint").write_bytes(note)
    (site.mirror / "tile/0/000").write_bytes(tiles[0].data)
    for path in (tile_path(level=0, index=1, size=300), tile_path(level=1, index=0, size=300)):
        place = site.mirror / path.format()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(state.tile(path))

    with pytest.raises(StartError, match="the log has forked"):
        site.heal()


def test_a_folder_that_is_no_mirror(site: Site, tmp_path: Path) -> None:
    """Without a checkpoint there is nothing to heal from."""
    with pytest.raises(ConfigError, match="no mirror"):
        site.heal(tmp_path)


def test_a_service_that_runs_is_not_healed(site: Site) -> None:
    """The database must be nobody else's meanwhile."""
    with closing(sqlite3.connect(site.config.database)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StartError, match="in use"):
            site.heal()


DERIVED = {
    "a statement's name": (f"UPDATE statements SET jti = zeroblob(16) WHERE idx = {RECORD}", f"statements {RECORD}"),
    "a statement's epoch": (f"UPDATE statements SET ep = 7 WHERE idx = {RECORD}", f"statements {RECORD}"),
    "a missing statement": (f"DELETE FROM statements WHERE idx = {RECORD}", f"statements {RECORD}"),
    "a batch": ("UPDATE batches SET payload_hash = zeroblob(32) WHERE idx = (SELECT MIN(idx) FROM batches)", None),
    "a missing batch": ("DELETE FROM batches WHERE idx = (SELECT MAX(idx) FROM batches)", None),
    "whom a message is for": (
        "DELETE FROM recipients WHERE idx IN (SELECT idx FROM statements WHERE typ LIKE '%message%')",
        None,
    ),
    "somebody else a message is for": (
        "UPDATE recipients SET agency = 'xac-arms' WHERE idx IN (SELECT idx FROM statements WHERE typ LIKE '%message%')",
        None,
    ),
    "the tag that a ciphertext is asked for by": (
        f"UPDATE blobs SET tag_hash = zeroblob(32) WHERE idx = {RECORD} AND place = 'case'",
        f"blobs {RECORD} case",
    ),
    "who may have a box": (
        "UPDATE blobs SET only_for = 'xac-arms' WHERE id = (SELECT MIN(id) FROM blobs WHERE only_for IS NOT NULL)",
        None,
    ),
    "whom a grant is for": ("DELETE FROM recipients WHERE idx = (SELECT MIN(idx) FROM recipients)", None),
    "the head's checkpoint": ("UPDATE head SET checkpoint = x'00'", "head 1"),
    "the size in the head": ("UPDATE head SET size = 1", "head 1"),
    "a handover": ("UPDATE handovers SET checkpoint = x'00'", "handovers 0"),
    "a missing handover": ("DELETE FROM handovers", "handovers 0"),
    "a published checkpoint": ("UPDATE published SET note = x'00' WHERE size = 1", "published 1"),
    "the newest checkpoint": ("UPDATE newest_published SET note = x'00'", None),
    "no newest checkpoint": ("DELETE FROM newest_published", None),
}


@pytest.mark.parametrize("case", DERIVED)
def test_what_follows_from_the_entries_is_healed_too(world: World, site: Site, case: str) -> None:
    """Names, chains, recipients, and checkpoints that stand somewhere else as well: each as it was, and fsck is content."""
    whole = site.rows()
    statement, name = DERIVED[case]
    site.damage(statement)
    assert site.findings()
    healed = site.heal()

    assert healed.lost == ()
    assert len(healed.restored) == 1
    assert name is None or healed.restored == (name,)
    assert site.rows() == whole
    assert site.findings() == []
    assert site.starts(world)


SIGNED = {
    "a flipped byte in an entry": (CASES["a flipped byte in an entry"][0],),
    "a flipped byte in a late entry": (CASES["a flipped byte in a late entry"][0],),
    "a missing entry": (CASES["a missing entry"][0],),
    "the last entry": (CASES["the last entry"][0],),
    "the charter's entry": (CASES["the charter's entry"][0],),
    "a tile and an entry of it": (CASES["a missing tile"][0], CASES["a missing entry"][0]),
    "a charter file": (CASES["a charter file"][0],),
    "a missing charter": (CASES["a missing charter"][0],),
    "the right edge": (CASES["the right edge"][0],),
    "the head's checkpoint": (
        "UPDATE head SET checkpoint = x'00'",
        "UPDATE published SET note = x'00'",
        "UPDATE newest_published SET note = x'00'",
    ),
}


@pytest.mark.parametrize("case", SIGNED)
def test_what_cannot_be_healed_is_never_signed(world: World, site: Site, case: str) -> None:
    """From a mirror that has a checkpoint and nothing else: the row is named or nothing is changed, and nothing starts."""
    for path in [*site.older.iterdir()]:
        if path.name != "checkpoint":
            shutil.rmtree(path)
    site.damage(*SIGNED[case])
    if case == "the head's checkpoint":
        site.config.highest.write_bytes(b"rubbish")
    before = site.rows()
    try:
        healed = site.heal(site.older)
    except StartError:
        assert site.rows() == before
    else:
        assert healed.lost
        assert healed.restored == ()

    assert not site.starts(world)


SEALED = ["slip", "item", "event", "case", "to", "self", "route", "box"]


def sealed_row(site: Site, place: str) -> tuple[int, str]:
    """Return index and place of a blob of a kind."""
    chosen = "place NOT IN ('slip', 'item', 'event', 'case', 'to', 'self', 'route')" if place == "box" else "place = ?"
    values = () if place == "box" else (place,)
    with closing(sqlite3.connect(site.config.database)) as connection:
        index, found = connection.execute(
            f"SELECT idx, place FROM blobs WHERE {chosen} ORDER BY idx", values
        ).fetchone()
    return int(index), str(found)


@pytest.mark.parametrize("place", SEALED)
def test_sealed_bytes_come_back_from_a_backup_alone(world: World, site: Site, place: str) -> None:
    """A mirror has none: they are named and left as they are. No signature is over them, so that the service starts."""
    back_up(site.config, output=site.folder.parent / "backup", now=0)
    whole = site.rows()
    index, name = sealed_row(site, place)
    site.damage(f"UPDATE blobs SET data = {FLIP.format('data')} WHERE idx = {index} AND place = '{name}'")
    damaged = site.rows()

    assert site.heal() == Healed(restored=(), lost=(f"blobs {index} {name}",))
    assert site.rows() == damaged
    assert f"blobs {name}" in site.findings()
    assert site.starts(world)
    assert site.heal(site.folder.parent / "backup") == Healed(restored=(f"blobs {index} {name}",), lost=())
    assert site.rows() == whole
    assert site.findings() == []


def test_a_missing_blob_comes_back_from_a_backup(site: Site) -> None:
    """With the columns that its statement gives it."""
    back_up(site.config, output=site.folder.parent / "backup", now=0)
    columns = "SELECT idx, place, tag_hash, only_for, data FROM blobs ORDER BY 1, 2"
    with closing(sqlite3.connect(site.config.database)) as connection:
        whole = connection.execute(columns).fetchall()
    site.damage(f"DELETE FROM blobs WHERE idx >= {RECORD}")
    site.heal(site.folder.parent / "backup")

    with closing(sqlite3.connect(site.config.database)) as connection:
        assert connection.execute(columns).fetchall() == whole
    assert site.findings() == []


def test_attack_a_backup_with_other_bytes_puts_none_of_them_in(site: Site) -> None:
    """What does not hash to what the statement names is nobody's ciphertext; a backup that is no database has none."""
    backup = site.folder.parent / "backup"
    back_up(site.config, output=backup, now=0)
    copy = Config(data=backup, fingerprint=b"").database
    with by_hand(copy) as connection:
        connection.execute(f"UPDATE blobs SET data = zeroblob(length(data)) WHERE idx = {RECORD}")
    site.damage(f"DELETE FROM blobs WHERE idx = {RECORD} AND place = 'item'")

    assert site.heal(backup) == Healed(restored=(), lost=(f"blobs {RECORD} item",))
    copy.write_bytes(b"rubbish")
    assert site.heal(backup) == Healed(restored=(), lost=(f"blobs {RECORD} item",))


def test_attack_what_was_expunged_does_not_come_back_from_a_backup(tmp_path: Path) -> None:
    """The backup is older than the order: its bytes stay where they are."""
    (tmp_path / "service").mkdir()
    world = World(tmp_path / "service")
    world.found()
    world.open_epoch("xaa-arms")
    record = world.consortium.record("xaa-arms")
    index = world.log("xaa-arms", [record]).first
    back_up(world.config, output=tmp_path / "backup", now=0)
    world.log("xaa-arms", [world.consortium.expunge("xaa-arms", record.name)])
    world.close()

    assert heal(world.config, tmp_path / "backup") == Healed(restored=(), lost=())
    with closing(sqlite3.connect(world.config.database)) as connection:
        assert connection.execute("SELECT count(*) FROM blobs WHERE idx = ?", (index,)).fetchone() == (0,)


def test_a_published_checkpoint_that_nobody_else_holds_is_named_and_stays(site: Site) -> None:
    """Another in its place would give its entries another time; without one they only have a later."""
    site.damage("UPDATE published SET note = x'00' WHERE size = (SELECT MIN(size) FROM published WHERE size > 1)")
    (size,) = [int(str(row[1])) for row in site.rows()["published"] if row[2] == b"\x00"]
    healed = site.heal()

    assert healed == Healed(restored=(), lost=(f"published {size}",))
    assert f"published {size}" in site.findings()


def test_attack_a_head_whose_checkpoint_is_of_more_than_is_here(site: Site) -> None:
    """The last entries are gone and with them the word for them: an older checkpoint must not take its place."""
    last = max(int(str(row[0])) for row in site.rows()["entries"])
    site.damage("UPDATE head SET checkpoint = x'00'", f"DELETE FROM entries WHERE idx = {last}")
    before = site.rows()

    with pytest.raises(StartError, match="the head of the database"):
        site.heal()
    assert site.rows() == before


def test_the_head_that_nobody_signed_judges_nothing(site: Site) -> None:
    """Where no checkpoint of these entries is left anywhere, the database cannot be healed: that is for restore."""
    site.damage(
        "UPDATE head SET checkpoint = x'00'",
        "UPDATE published SET note = x'00'",
        "UPDATE newest_published SET note = x'00'",
    )
    site.config.highest.write_bytes(b"rubbish")

    with pytest.raises(StartError, match="the head of the database"):
        site.heal(site.older)


def test_the_command_heals_checks_and_tells(site: Site) -> None:
    """What was put back, what was lost, and the report of fsck after it; exit 1 while anything is damaged."""
    site.damage(CASES["a flipped byte in an entry"][0])
    options = ["fsck", "--data", str(site.folder), "--heal-from"]
    told = CliRunner().invoke(app, [*options, str(site.mirror)])
    again = CliRunner().invoke(app, [*options, str(site.mirror), "--json"])
    wrong = CliRunner().invoke(app, ["fsck", "--database", str(site.config.database), "--heal-from", str(site.mirror)])

    assert (told.exit_code, again.exit_code, wrong.exit_code) == (0, 0, 2)
    assert f"✓ put back  entries {RECORD}, as the signed tree has it" in told.output
    assert json.loads(again.stdout)["healed"] == {"restored": [], "lost": []}
    site.damage("DELETE FROM tiles", f"DELETE FROM entries WHERE idx = {RECORD}")
    for path in (site.mirror / "tile").rglob("*"):
        if path.is_file():
            path.unlink()
    lost = CliRunner().invoke(app, [*options, str(site.mirror)])
    assert lost.exit_code == 1
    assert "✗ lost      tiles tile/0/000: it is not whole there either" in lost.output


MATCHED = {
    "a hit policy": "UPDATE slips SET hit = 'silent'",
    "a slip's tokens": "UPDATE slips SET tokens = zeroblob(length(tokens))",
    "where a slip came from": "UPDATE slips SET source = (SELECT MIN(idx) FROM statements)",
    "missing slips": "DELETE FROM slips",
    "a moved token": "UPDATE tokens SET place = 9 WHERE place = 3",
    "a missing token": "DELETE FROM tokens WHERE place = 0",
    "a stray token": "INSERT INTO tokens (part, token, ep, place, idx) SELECT part, zeroblob(16), ep, 7, idx FROM tokens LIMIT 1",
}


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a service that was stopped, with live slips, one of them renewed; a mirror lies in it."""
    world = renewed(tmp_path_factory.mktemp("matched"))
    world.close()
    export(world.config.database, output=world.folder / "mirror")
    return world.folder


def renewed(folder: Path) -> MatchWorld:
    """Return a service with three records, two of which were given new slips."""
    world = MatchWorld(folder)
    world.begin()
    world.log(A, [world.record(A, "carbine")])
    records = [world.record(A, weapon) for weapon in ("revolver", "rifle")]
    world.log(A, records)
    one, two = [record.name for record in records]
    seq = world.consortium.state.chain(A).seq
    world.log(A, [world.renewal(A, seq, [(one, "pistol", Hit.OPEN), (two, "rifle", Hit.SILENT)])])
    return world


@pytest.mark.parametrize("case", MATCHED)
def test_what_is_matched_follows_from_slips_that_are_whole(matched: Path, tmp_path: Path, case: str) -> None:
    """Policies and tokens are made anew from the slips and their renewals, to the row."""
    config = Config(data=Path(shutil.copytree(matched, tmp_path / "service")), fingerprint=b"")
    whole = matching_rows(config)
    assert whole["slips"]
    assert len(whole["tokens"]) == 8 * len(whole["slips"])
    with by_hand(config.database) as connection:
        connection.execute(MATCHED[case])
    assert matching_rows(config) != whole
    healed = heal(config, config.data / "mirror")

    assert healed.lost == ()
    assert healed.restored
    assert matching_rows(config) == whole
    assert not check_folder(config, progress=lambda _: None).findings


def test_what_hangs_from_a_damaged_slip_is_left_alone(matched: Path, tmp_path: Path) -> None:
    """What it said cannot be known: its rows stay as they are, damaged or not, and it is named."""
    config = Config(data=Path(shutil.copytree(matched, tmp_path / "service")), fingerprint=b"")
    with by_hand(config.database) as connection:
        connection.execute("UPDATE blobs SET data = zeroblob(length(data)) WHERE place = 'slip'")
        connection.execute("DELETE FROM slips")
    healed = heal(config, config.data / "mirror")

    assert {name.split()[2] for name in healed.lost} == {"slip"}
    assert matching_rows(config)["slips"] == []


def test_attack_an_expunged_slip_does_not_come_back_in_a_renewal_of_a_backup(tmp_path: Path) -> None:
    """Its hash stands in its place, as the order left it; the other slips come back and match."""
    (tmp_path / "service").mkdir()
    world = renewed(tmp_path / "service")
    back_up(world.config, output=tmp_path / "backup", now=0)
    with closing(sqlite3.connect(world.config.database)) as connection:
        query = (
            "SELECT s.jti FROM slips AS l JOIN statements AS s ON s.idx = l.idx WHERE l.source != l.idx ORDER BY l.idx"
        )
        (jti,) = connection.execute(query).fetchone()
    world.log(A, [world.consortium.expunge(A, StatementName(A, jti))])
    world.close()
    whole = renewal_in(world.config), matching_rows(world.config)
    with by_hand(world.config.database) as connection:
        connection.execute("UPDATE blobs SET data = zeroblob(9) WHERE place = 'slips'")
        connection.execute("DELETE FROM slips WHERE source != idx")
    healed = heal(world.config, tmp_path / "backup")

    assert healed.lost == ()
    assert (renewal_in(world.config), matching_rows(world.config)) == whole
    assert not check_folder(world.config, progress=lambda _: None).findings


def renewal_in(config: Config) -> bytes:
    """Return the slips of the one renewal."""
    with closing(sqlite3.connect(config.database)) as connection:
        (data,) = connection.execute("SELECT data FROM blobs WHERE place = 'slips'").fetchone()
    return bytes(data)


def matching_rows(config: Config) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of what is matched."""
    with closing(sqlite3.connect(config.database)) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4").fetchall()
            for table in ("slips", "tokens")
        }


def test_the_access_log_is_healed_too(tmp_path: Path) -> None:
    """Its entries are commitments that everybody can hold: what its own checkpoint proves comes back."""
    walk = found_matching(tmp_path)
    ask(walk, AGENCIES[1], "--make", "Taurus", "--serial", "ABC12345")
    tick(walk)
    walk.close()
    export(walk.config.database, output=tmp_path / "mirror")
    with closing(sqlite3.connect(walk.config.database)) as connection:
        whole = connection.execute("SELECT * FROM access_entries ORDER BY idx").fetchall()
    with by_hand(walk.config.database) as connection:
        connection.execute("UPDATE access_entries SET entry = x'00' WHERE idx = 3")
        connection.execute("DELETE FROM access_entries WHERE idx = 5")
    healed = heal(walk.config, tmp_path / "mirror")

    assert healed == Healed(restored=("access_entries 3", "access_entries 5"), lost=())
    with closing(sqlite3.connect(walk.config.database)) as connection:
        assert connection.execute("SELECT * FROM access_entries ORDER BY idx").fetchall() == whole
