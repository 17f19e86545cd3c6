"""`sealtrace-server backup --into`: the newest few stay, and nothing that is not ours or not replaced goes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server import lastrun, nightly
from server.backup import MANIFEST, read_manifest
from server.cli import app
from server.config import Config
from server.errors import ConfigError, StartError
from server.nightly import Kept, back_up_beside
from tests.support.copies import by_hand, copy_of, filled_world
from tests.support.services import World

NOW = 1_800_000_000  # 2027-01-15T08:00:00Z
NIGHT = 86_400


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a running service with a keystore's bytes beside it."""
    world = filled_world(tmp_path_factory.mktemp("service"))
    world.config.keystore.write_bytes(b"as good as a keystore: it is only copied")
    yield world
    world.close()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Return the folder of backups, still empty."""
    folder = tmp_path / "backups"
    folder.mkdir(mode=0o700)
    return folder


def _nights(filled: World, into: Path, count: int, *, keep: int) -> list[Kept]:
    return [back_up_beside(filled.config, into=into, keep=keep, now=NOW + NIGHT * day) for day in range(count)]


def _names(into: Path) -> list[str]:
    return sorted(path.name for path in into.iterdir())


def test_the_newest_stay(filled: World, into: Path) -> None:
    """After four nights with room for two, the last two are there, whole; one goes for each that comes."""
    made = _nights(filled, into, 4, keep=2)

    assert [kept.removed for kept in made] == [0, 0, 1, 1]
    assert _names(into) == ["2027-01-17T080000Z", "2027-01-18T080000Z"]
    assert read_manifest(made[-1].folder) == made[-1].backup


def test_what_is_not_ours_stays(filled: World, into: Path) -> None:
    """A folder by another name, a file and a link by such a name are nobody's business."""
    (into / "friday").mkdir()
    (into / "2020-01-01T000000Z").write_text("a file")
    (into / "2020-01-02T000000Z").symlink_to(into / "friday")
    (into / "2020-01-03T000000Z.old").mkdir()
    _nights(filled, into, 2, keep=1)

    assert _names(into) == [
        "2020-01-01T000000Z", "2020-01-02T000000Z", "2020-01-03T000000Z.old", "2027-01-16T080000Z", "friday",
    ]  # fmt: skip


def test_what_an_interrupted_run_left_goes_first(filled: World, into: Path) -> None:
    """It would fill the disk night by night; it counts for none of those that are kept."""
    (made,) = _nights(filled, into, 1, keep=2)
    left = into / "2027-01-15T090000Z"
    left.mkdir()
    (left / "ledger.sqlite").write_bytes(b"half")

    kept = back_up_beside(filled.config, into=into, keep=2, now=NOW + NIGHT)

    assert _names(into) == [made.folder.name, kept.folder.name]
    assert kept.removed == 0


def test_a_failed_backup_removes_none(filled: World, into: Path, tmp_path: Path) -> None:
    """A service that is damaged makes none, and costs none of those from before."""
    _nights(filled, into, 2, keep=2)
    before = _names(into)
    folder = tmp_path / "damaged"
    folder.mkdir()
    with by_hand(copy_of(filled, folder / "ledger.sqlite")) as connection:
        connection.execute("UPDATE blobs SET data = x'00' WHERE place = 'item'")

    for night in (3, 4):
        with pytest.raises(StartError, match="damaged"):
            back_up_beside(Config(data=folder, fingerprint=b""), into=into, keep=2, now=NOW + NIGHT * night)

    assert [name for name in _names(into) if (into / name / MANIFEST).exists()] == before
    assert len(_names(into)) == len(before) + 1


def test_two_never_write_beside_each_other(filled: World, into: Path) -> None:
    """The second is refused while the first has the folder, touches nothing, and says so; afterwards it may."""
    with nightly._alone(into), pytest.raises(StartError, match="under way: wait"):
        _nights(filled, into, 1, keep=1)

    assert _names(into) == []
    assert len(_nights(filled, into, 1, keep=1)) == 1


def test_a_clock_that_went_back_costs_not_the_newest(filled: World, into: Path) -> None:
    """What was just made stays, though by its name it is the oldest."""
    _nights(filled, into, 2, keep=2)

    kept = back_up_beside(filled.config, into=into, keep=2, now=NOW - NIGHT)

    assert _names(into) == [kept.folder.name, "2027-01-16T080000Z"]


def test_a_folder_that_is_not_there_is_not_made(filled: World, tmp_path: Path) -> None:
    """A disk that is not mounted is no reason to fill the one below it."""
    with pytest.raises(ConfigError, match="mount its disk"):
        _nights(filled, tmp_path / "none", 1, keep=1)

    assert not (tmp_path / "none").exists()


def test_half_a_backup_is_never_taken_for_one(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that is being removed the manifest goes first: what a power cut leaves is none."""
    old = into / "2027-01-15T080000Z"
    old.mkdir()
    (old / MANIFEST).write_bytes(b"{}")
    # Stands for the power cut: nothing of ours is replaced but what the system does to the files.
    monkeypatch.setattr("shutil.rmtree", lambda _path: None)

    nightly._remove(old)

    assert old.exists()
    assert not (old / MANIFEST).exists()


@pytest.mark.parametrize("places", [(), ("--output", "b", "--into", "i")])
def test_a_backup_has_one_place(filled: World, tmp_path: Path, places: tuple[str, ...]) -> None:
    """None and two are refused with exit 2 and both names; nothing is made."""
    named = [str(tmp_path / one) if not one.startswith("--") else one for one in places]
    refused = CliRunner().invoke(app, ["backup", "--data", str(filled.folder), *named])

    assert refused.exit_code == 2
    assert "--output" in refused.output
    assert "--into" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_made_and_what_went(filled: World, into: Path) -> None:
    """In words, for machines, and in the file that doctor and the console read."""
    arguments = ["backup", "--data", str(filled.folder), "--into", str(into), "--keep", "1"]
    back_up_beside(filled.config, into=into, keep=1, now=NOW - NIGHT)

    said = CliRunner().invoke(app, arguments)
    (made,) = into.iterdir()
    # In a folder of its own: two backups in one second would have one name.
    other = into / "other"
    other.mkdir()
    told = json.loads(CliRunner().invoke(app, [*arguments, "--into", str(other), "--json"]).output)

    assert said.exit_code == 0
    assert f"15 entries backed up to {made}" in said.output
    assert "1 older backup removed" in said.output
    assert (told["size"], told["removed"]) == (15, 0)
    assert [path.name for path in other.iterdir()] == [Path(told["folder"]).name]
    assert lastrun.read(filled.folder / lastrun.BACKUP) is not None
