"""A home is private, says whose it is, and follows one log."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import home as homes
from clients.durable import write_file
from clients.errors import HomeError
from clients.home import Home, HomeConfig, create_home, open_home

CONFIG = HomeConfig(id="xar-arms", name='Arms "Office" of Árk', country="XAR")


def test_a_new_home_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    """Folder and files of a new home carry no permission for anybody else."""
    home = create_home(str(tmp_path / "deep" / "home"), {}, CONFIG)

    assert home.config() == CONFIG
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert home.config_file.stat().st_mode & 0o777 == 0o600
    assert home == open_home(None, {"SEALTRACE_HOME": str(home.path)})


def test_the_files_of_a_home_have_the_names_scripts_rely_on(tmp_path: Path) -> None:
    """Backups and checks find each file under its documented name."""
    home = Home(tmp_path)
    files = (
        home.keystore,
        home.root_keystore,
        home.outbox,
        home.replica,
        home.trusted,
        home.config_file,
        home.profile,
        home.codes,
    )

    names = "keystore root.keystore outbox.sqlite replica.sqlite trusted config.toml profile.toml codes"
    assert names.split() == [path.name for path in files]


def test_a_home_open_to_others_is_refused(tmp_path: Path) -> None:
    """A group-readable home is refused with the command that mends it."""
    home = create_home(str(tmp_path / "home"), {}, CONFIG)
    home.path.chmod(0o750)

    with pytest.raises(HomeError, match="open to other users") as caught:
        open_home(str(home.path), {})
    assert "chmod 700" in caught.value.next_step


def test_no_home_is_invented(tmp_path: Path) -> None:
    """Neither a missing name nor an empty folder passes for a home."""
    with pytest.raises(HomeError, match="no home was named"):
        open_home(None, {})
    with pytest.raises(HomeError, match="no home at"):
        open_home(str(tmp_path), {})


def test_a_home_is_not_made_twice(tmp_path: Path) -> None:
    """Creating over a home would lose keys: refused."""
    create_home(str(tmp_path / "home"), {}, CONFIG)

    with pytest.raises(HomeError, match="already"):
        create_home(str(tmp_path / "home"), {}, CONFIG)


def test_a_home_follows_one_log(tmp_path: Path) -> None:
    """Joining the same log again is harmless; another log is refused."""
    home = create_home(str(tmp_path / "home"), {}, CONFIG)
    with pytest.raises(HomeError, match="no log yet"):
        home.joined()

    home.join(url="https://log.example", origin="log.example")
    home.join(url="https://log.example", origin="log.example")

    assert home.joined().url == "https://log.example"
    with pytest.raises(HomeError, match="another log"):
        home.join(url="https://evil.example", origin="log.example")
    with pytest.raises(HomeError, match="another log"):
        home.join(url="https://evil.example", origin="log.example", named="https://moved.example")


def test_a_home_follows_its_log_to_the_address_that_the_charter_names(tmp_path: Path) -> None:
    """Whoever joined at a mirror goes on to the service; under that name another log is refused as ever."""
    home = create_home(str(tmp_path / "home"), {}, CONFIG)
    home.join(url="https://mirror.example", origin="log.example", named="https://log.example")
    with pytest.raises(HomeError, match="another log"):
        home.join(url="https://log.example", origin="other.example", named="https://log.example")

    home.join(url="https://log.example", origin="log.example", named="https://log.example")

    assert home.joined().url == "https://log.example"


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff", b"[agency]\nid = 'x'", b"agency = 1", b"#" * 70_000, b"x=" + b"[" * 5_000, b"x=" + b"9" * 5_000],
)
def test_a_damaged_configuration_is_refused(tmp_path: Path, raw: bytes) -> None:
    """A configuration that is cut, binary, too large or too much for the reader of TOML is named as such."""
    home = create_home(str(tmp_path / "home"), {}, CONFIG)
    write_file(home.config_file, raw)

    with pytest.raises(HomeError, match="cannot be read"):
        home.config()


@given(st.text(max_size=40))
def test_every_name_reads_back_or_is_refused(name: str) -> None:
    """A name is stored as it is or refused, never changed on the way."""
    config = HomeConfig(id="xar-arms", name=name, country="XAR", url="https://a.example", origin="a.example")
    try:
        raw = homes._format(config)
    except HomeError:
        return
    assert config == homes._parse(raw)


def test_a_write_replaces_all_or_nothing(tmp_path: Path) -> None:
    """Nothing but the finished file is left behind."""
    write_file(tmp_path / "file", b"one")
    write_file(tmp_path / "file", b"two")

    assert (tmp_path / "file").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
