"""`sealtrace-server restore`: a service comes back, and never signs a second history."""

import copy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto.signing import Algorithm
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.expunges import Why, build_expunge
from ledger.kinds import Role
from server import database, tombstones
from server.backup import back_up
from server.cli import app
from server.config import Config
from server.errors import ConfigError, StartError
from server.exporting import export
from server.fsck import check_database
from server.highest import HighestSigned
from server.restore import Restored, Sources, restore
from server.service import Service, open_service
from tests.support.consortium import NOW, ORIGIN, signer
from tests.support.copies import by_hand
from tests.support.services import World, service_keys


class Site:
    """A service that was backed up, went on for two batches and was mirrored; then it loses its machine."""

    def __init__(self, folder: Path) -> None:
        """Fill the service, back it up, let it go on, mirror it."""
        (folder / "service").mkdir()
        self.world = world = World(folder / "service")
        self.backup, self.mirror, self.new = folder / "backup", folder / "mirror", folder / "new"
        world.found()
        world.open_epoch("xaa-arms")
        self.first = world.consortium.record("xaa-arms")
        world.log("xaa-arms", [self.first])
        back_up(world.config, output=self.backup, now=0)
        self.later = world.consortium.record("xaa-arms", sup=self.first.name.jti)
        self.receipt = world.log("xaa-arms", [self.later])
        world.open_epoch("xab-arms")
        export(world.config.database, output=self.mirror)
        self.size = world.service.store.head().size

    @property
    def config(self) -> Config:
        """Return the configuration of the new machine."""
        return Config(data=self.new, fingerprint=self.world.config.fingerprint)

    def at(self, folder: Path) -> "Site":
        """Return the same site with a backup and a mirror that a test may spoil, and a new machine of its own."""
        other = copy.copy(self)
        other.backup, other.mirror, other.new = folder / "backup", folder / "mirror", folder / "new"
        shutil.copytree(self.backup, other.backup)
        shutil.copytree(self.mirror, other.mirror)
        return other

    @contextmanager
    def started(self) -> Iterator[Service]:
        """Return a service on the new machine."""
        service = open_service(self.config, keys=service_keys(), clock=self.world.clock)
        yield service
        service.close()


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return the site that all tests here begin with."""
    site = Site(tmp_path_factory.mktemp("lost"))
    yield site
    site.world.close()


@pytest.fixture
def site(lost: Site, tmp_path: Path) -> Site:
    """Return a site that a test may spoil; the old service itself stays as it is."""
    return lost.at(tmp_path)


def _checkpoint(size: int, *, root: bytes = bytes(32), name: str = "log") -> bytes:
    value = Checkpoint(origin=ORIGIN, size=size, root=root)
    return sign_checkpoint(value, ed25519=signer(name, Algorithm.ED25519), ml_dsa_44=signer(name, Algorithm.ML_DSA_44))


def test_an_older_backup_catches_up_from_a_mirror_and_goes_on(site: Site) -> None:
    """Every entry is there again, the very head that was published; the next batch continues the one history."""
    published = site.world.service.store.head()

    restored = restore(site.config, Sources(backup=site.backup, mirror=site.mirror))

    assert restored.may_sign
    assert (restored.size, restored.signed) == (site.size, site.size)
    assert restored.caught_up is not None
    assert (restored.caught_up.before, restored.caught_up.after, restored.caught_up.bare) == (6, 11, 3)
    with site.started() as service:
        assert service.store.head() == published


def test_a_restored_service_continues_the_one_history(tmp_path: Path) -> None:
    """The agencies go on where they were: the next batch is taken, and its receipt proves the whole tree."""
    site = Site(tmp_path)
    restore(site.config, Sources(backup=site.backup, mirror=site.mirror))
    world = site.world
    world.close()
    world.config = site.config

    world.open()

    assert world.log("xaa-arms", [world.consortium.record("xaa-arms")]).size == site.size + 2
    assert world.service.store.head().tree.root() == world.consortium.store.head().tree.root()
    world.close()


def test_only_what_lay_beside_the_log_is_missing_then(site: Site) -> None:
    """Fsck of a database that was caught up names the blobs that no mirror has, and nothing else."""
    restore(site.config, Sources(backup=site.backup, mirror=site.mirror))

    report = check_database(site.config.database, progress=lambda _: None)

    assert {finding.check for finding in report.findings} == {"blob/missing"}
    assert {finding.index for finding in report.findings} == {6, 8, 9}


def test_an_older_backup_alone_signs_nothing(site: Site) -> None:
    """Attack on oneself: yesterday's backup is put back in haste; the newest checkpoint somebody holds stops it."""
    newest = site.mirror / "checkpoint"

    restored = restore(site.config, Sources(backup=site.backup, checkpoints=[newest]))

    assert (restored.may_sign, restored.size, restored.signed) == (False, 6, site.size)
    with pytest.raises(StartError, match="would fork the log"):
        open_service(site.config, keys=service_keys(), clock=site.world.clock)
    again = restore(site.config, Sources(mirror=site.mirror))
    assert again.may_sign


def test_a_backup_knows_not_what_was_signed_after_it(site: Site) -> None:
    """Without any evidence from outside nothing is restored, and the operator is told whom to ask."""
    with pytest.raises(ConfigError, match=r"Ask the members.*--checkpoint or --from"):
        restore(site.config, Sources(backup=site.backup))

    assert not site.new.exists()


def test_a_surviving_folder_is_evidence_enough(site: Site) -> None:
    """Only the disk of the database broke: the highest-signed file in the folder says how far it had signed."""
    site.new.mkdir()
    shutil.copy2(site.world.config.highest, site.config.highest)

    restored = restore(site.config, Sources(backup=site.backup))

    assert (restored.may_sign, restored.signed) == (False, site.size)


def test_a_backup_that_nothing_followed_signs_at_once(site: Site, tmp_path: Path) -> None:
    """A backup made last, and the checkpoint that everybody holds: nothing to catch up with."""
    back_up(site.world.config, output=tmp_path / "last", now=1)

    restored = restore(site.config, Sources(backup=tmp_path / "last", checkpoints=[site.mirror / "checkpoint"]))

    assert (restored.may_sign, restored.caught_up) == (True, None)
    assert check_database(site.config.database, progress=lambda _: None).findings == ()
    with site.started() as service:
        assert service.store.head().size == site.size


def test_a_log_is_rebuilt_from_a_mirror_alone(site: Site) -> None:
    """No backup at all: keys, service.json and a mirror give the whole log again, bare of its blobs."""
    site.new.mkdir()
    shutil.copy2(site.world.config.service, site.config.service)

    restored = restore(site.config, Sources(mirror=site.mirror))

    assert (restored.may_sign, restored.size) == (True, site.size)
    with site.started() as service:
        assert service.reading.checkpoint() == (site.mirror / "checkpoint").read_bytes()


def test_a_batch_sent_again_after_a_restore_is_found(site: Site) -> None:
    """An agency that never got its answer repeats the batch: the same place, nothing twice."""
    restore(site.config, Sources(backup=site.backup, mirror=site.mirror))

    with site.started() as service:
        index = service.store.statement_index(site.later.name)
        facts = service.store.record_facts(site.first.name)

    assert index == site.receipt.first
    assert facts is not None
    assert facts.superseded


def test_a_forked_mirror_is_not_caught_up_with(site: Site, tmp_path: Path) -> None:
    """Attack: the mirror's log is signed by the same keys and is another history. Nothing changes, both are named."""
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    other.found()
    other.open_epoch("xab-arms")
    other.open_epoch("xac-arms")
    other.log("xab-arms", [other.consortium.record("xab-arms") for _ in range(6)])
    export(other.config.database, output=tmp_path / "fork")
    other.close()

    with pytest.raises(StartError, match="does not continue this database"):
        restore(site.config, Sources(backup=site.backup, mirror=tmp_path / "fork"))

    assert not site.config.database.exists()


def test_two_checkpoints_that_cannot_both_be_true_stop_everything(site: Site, tmp_path: Path) -> None:
    """Evidence of a fork is no reason to choose a side."""
    (tmp_path / "other").write_bytes(_checkpoint(site.size))

    with pytest.raises(StartError, match="forked already"):
        restore(
            site.config,
            Sources(backup=site.backup, checkpoints=[tmp_path / "other", site.mirror / "checkpoint"]),
        )


def test_a_checkpoint_of_another_beginning_is_seen(site: Site, tmp_path: Path) -> None:
    """A smaller checkpoint that is not a beginning of the database is a fork too."""
    (tmp_path / "other").write_bytes(_checkpoint(3))

    with pytest.raises(StartError, match="not those that were signed"):
        restore(site.config, Sources(backup=site.backup, checkpoints=[tmp_path / "other"], mirror=site.mirror))


def test_a_checkpoint_that_the_log_never_signed_binds_nobody(site: Site, tmp_path: Path) -> None:
    """Attack: somebody invents a huge checkpoint so that the service may never sign again."""
    (tmp_path / "invented").write_bytes(_checkpoint(10**9, name="somebody"))

    with pytest.raises(StartError, match="not a checkpoint that this log's keys have signed"):
        restore(site.config, Sources(backup=site.backup, checkpoints=[tmp_path / "invented"]))


def test_a_mirror_with_a_changed_entry_is_not_believed(site: Site) -> None:
    """Every bundle must hash to the tiles under the signed root."""
    bundle = next(site.mirror.glob("tile/entries/000.p/*"))
    raw = bytearray(bundle.read_bytes())
    raw[-500] ^= 1
    bundle.write_bytes(raw)

    with pytest.raises(StartError, match=r"tile/entries/000.*not what its tiles commit to"):
        restore(site.config, Sources(backup=site.backup, mirror=site.mirror))


@pytest.mark.parametrize("part", ["tile/entries", "tile/0", "checkpoint", "v1/charters"])
def test_half_a_mirror_changes_nothing(site: Site, part: str) -> None:
    """A file that is missing ends the restore with its name."""
    target = site.mirror / part
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    site.new.mkdir()
    shutil.copy2(site.world.config.service, site.config.service)

    with pytest.raises((StartError, ConfigError), match=part):
        restore(site.config, Sources(mirror=site.mirror))

    assert not site.config.database.exists()


def test_what_was_expunged_after_the_backup_is_expunged_again(tmp_path: Path) -> None:
    """The order itself is in the log: a mirror of after it deletes the bytes that the backup still had."""
    site = Site(tmp_path)
    world = site.world
    sign, kid = world.consortium.signing("xaa-arms", Role.SIGN)
    order = build_expunge(signer=sign, kid=kid, iat=NOW, of=site.first.name.jti, why=Why.LAW)
    world.log("xaa-arms", [order])
    export(world.config.database, output=tmp_path / "later")
    world.close()

    restore(site.config, Sources(backup=site.backup, mirror=tmp_path / "later"))

    with site.started() as service:
        assert service.store.blob(site.first.name, "item") is None
        facts = service.store.record_facts(site.first.name)
    assert facts is not None
    assert facts.expunged
    assert tombstones.read_names(site.config.tombstones) == {site.first.name}


def test_a_mirror_without_the_handover_is_half_a_mirror(site: Site) -> None:
    """The checkpoint that first held a charter is part of what clients follow: its absence is told, with its path."""
    shutil.rmtree(site.mirror / "v1/checkpoints")
    site.new.mkdir()
    shutil.copy2(site.world.config.service, site.config.service)

    with pytest.raises(StartError, match="v1/checkpoints/0"):
        restore(site.config, Sources(mirror=site.mirror))


def test_what_was_expunged_after_the_backup_stays_gone(site: Site) -> None:
    """The folder's tombstones are newer than the backup's: what they name is deleted before anybody can ask for it."""
    site.new.mkdir()
    tombstones.add_names(site.config.tombstones, [site.first.name])

    restore(site.config, Sources(backup=site.backup, mirror=site.mirror))

    with site.started() as service:
        assert service.store.blob(site.first.name, "item") is None
    assert tombstones.read_names(site.config.tombstones) == {site.first.name}


def test_a_damaged_backup_is_not_put_back(site: Site) -> None:
    """It is checked before it takes its place."""
    with by_hand(site.backup / "ledger.sqlite") as connection:
        connection.execute("UPDATE blobs SET data = x'00' WHERE place = 'item'")

    with pytest.raises(StartError, match="the backup is damaged"):
        restore(site.config, Sources(backup=site.backup, mirror=site.mirror))

    assert not site.config.database.exists()


def test_a_database_is_never_overwritten(site: Site) -> None:
    """What is there may be the only copy: the operator moves it aside himself."""
    with pytest.raises(ConfigError, match="move it aside"):
        restore(site.world.config, Sources(backup=site.backup, mirror=site.mirror))


@pytest.mark.parametrize("with_backup", [True, False])
def test_what_a_killed_service_had_not_yet_written_into_its_database_goes_with_it(
    site: Site, *, with_backup: bool
) -> None:
    """The write-ahead log of the database that was moved aside would be replayed over the one that is put back."""
    site.new.mkdir(mode=0o700)
    shutil.copy(database.wal_path(site.world.config.database), site.new)
    shutil.copy(site.world.config.service, site.new)
    wal = database.wal_path(site.config.database)
    left = wal.read_bytes()

    with pytest.raises(ConfigError, match="-wal is there without its database: move it aside too"):
        restore(site.config, Sources(backup=site.backup if with_backup else None, mirror=site.mirror))

    assert (len(left) > 0, wal.read_bytes()) == (True, left)
    wal.rename(site.new / "aside")
    assert restore(site.config, Sources(backup=site.backup if with_backup else None, mirror=site.mirror)).may_sign
    assert (
        check_database(site.config.database, progress=lambda _: None).root
        == site.world.service.store.head().tree.root()
    )


def test_an_interrupted_backup_is_not_put_back(site: Site) -> None:
    """Without its manifest a folder is no backup."""
    (site.backup / "backup.json").unlink()

    with pytest.raises(ConfigError, match="no finished backup"):
        restore(site.config, Sources(backup=site.backup, mirror=site.mirror))


def test_a_running_service_is_left_alone(site: Site) -> None:
    """Catching up in place needs the database for itself."""
    with pytest.raises(StartError, match="stop the service first"):
        restore(site.world.config, Sources(mirror=site.mirror))


def test_an_interrupted_restore_is_begun_again(site: Site) -> None:
    """What a crash left half-copied is thrown away; the highest-signed file it wrote holds."""
    site.new.mkdir()
    (site.new / "ledger.sqlite.restoring").write_bytes(b"half")

    restored = restore(site.config, Sources(backup=site.backup, mirror=site.mirror))

    assert restored.may_sign
    assert not (site.new / "ledger.sqlite.restoring").exists()
    assert HighestSigned(site.config.highest).read().size == site.size


def test_the_command_says_whether_it_may_sign(site: Site) -> None:
    """Exit 4 while the database is behind, 0 when it has caught up, 2 without evidence, 1 for a fork."""

    def run(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["restore", "--data", str(site.new), *map(str, arguments)])
        return done.exit_code, done.output

    blind = run("--backup", site.backup)
    behind = run("--backup", site.backup, "--checkpoint", site.mirror / "checkpoint")
    whole = run("--from", site.mirror)

    assert [blind[0], behind[0], whole[0]] == [2, 4, 0]
    assert "✗ it is behind" in behind[1]
    assert "caught up from 6 to 11; 3 statements without blobs" in whole[1]
    assert "✓ it reaches what was signed" in whole[1]


def test_the_size_decides() -> None:
    """A database as long as what was signed may sign; one entry less may not."""
    assert Restored(size=5, signed=5, caught_up=None).may_sign
    assert not Restored(size=4, signed=5, caught_up=None).may_sign
