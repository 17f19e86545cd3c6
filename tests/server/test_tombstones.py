"""Tombstones: a file that outlives the database, and a database that obeys it."""

from pathlib import Path

import pytest

from ledger.identifiers import StatementName
from server import tombstones
from server.config import Config
from server.errors import StartError

FIRST = StatementName("xaa-arms", bytes(16))
SECOND = StatementName("xab-arms", bytes(range(16)))


def test_no_file_names_nobody(tmp_path: Path) -> None:
    """A service that never expunged anything needs no file."""
    assert tombstones.read_names(tmp_path / "tombstones") == frozenset()


def test_names_are_added_and_never_leave(tmp_path: Path) -> None:
    """What was added once is read back, whatever is added later."""
    path = Config(data=tmp_path, fingerprint=b"").tombstones
    tombstones.add_names(path, [FIRST])
    tombstones.add_names(path, [SECOND])

    assert tombstones.read_names(path) == {FIRST, SECOND}


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    """Names of expunged records are nobody else's business on the service's machine."""
    path = tmp_path / "tombstones"
    tombstones.add_names(path, [FIRST])

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("raw", [b"xaa-arms\n", b"xaa-arms/short\n", b"\xff\n", b"xaa-arms/AAAAAAAAAAAAAAAAAAAAAA \n"])
def test_a_damaged_file_stops_the_start(tmp_path: Path, raw: bytes) -> None:
    """A list that cannot be read must not be taken for an empty one: what it names would come back."""
    path = tmp_path / "tombstones"
    path.write_bytes(raw)

    with pytest.raises(StartError):
        tombstones.read_names(path)
