"""`witnesses.toml`: read strictly, since a wrong address sends checkpoints elsewhere and a wrong `lost` waives a quorum."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import ConfigError
from server.publishing.addresses import Addresses, read_addresses


def _read(folder: Path, text: str | bytes) -> Addresses:
    path = folder / "witnesses.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_addresses(path)


def test_no_file_is_no_address(tmp_path: Path) -> None:
    """An unwitnessed log, or one all of whose witnesses come themselves, needs none."""
    assert read_addresses(tmp_path / "witnesses.toml") == Addresses()


def test_addresses_and_lost_charters(tmp_path: Path) -> None:
    """One line a witness; a slash at the end says nothing."""
    text = 'lost = [5]\n[witness]\nxar-arms = "https://witness.test/a/"\nxbe-cib = "http://127.0.0.1:8480"\n'

    found = _read(tmp_path, text)

    assert found.urls == {"xar-arms": "https://witness.test/a", "xbe-cib": "http://127.0.0.1:8480"}
    assert found.lost == {5}


@pytest.mark.parametrize(
    "text",
    [
        "[witness]\nxar-arms = 5\n",
        '[witness]\nxar-arms = "http://witness.test"\n',
        '[witness]\nxar-arms = "ftp://witness.test"\n',
        '[witness]\nxar-arms = "https://user@witness.test"\n',
        '[witness]\nxar-arms = "https://witness.test/?a"\n',
        '[witness]\nxar-arms = "https://"\n',
        '[witness]\nxar-arms = "https://witness.test:0"\n',
        '[witness]\nxar-arms = "https://witness.test:99999"\n',
        '[witness]\nxar-arms = "https://wit ness.test"\n',
        '[witness]\nNobody = "https://witness.test"\n',
        "witness = 1\n",
        "lost = [1]\n",
        "lost = [true]\n",
        "lost = 5\n",
        "other = 1\n",
        "not toml",
        b"\xff",
        b"#" * 70_000,
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str | bytes) -> None:
    """The service does not start on a file that may mean something else than it says."""
    with pytest.raises(ConfigError, match=r"witnesses\.toml"):
        _read(tmp_path, text)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    """Whatever stands there, the operator is told in our words."""
    with suppress(ConfigError):
        _read(tmp_path_factory.getbasetemp(), raw)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    """What cannot be read is not taken for absent."""
    (tmp_path / "witnesses.toml").mkdir()

    with pytest.raises(ConfigError, match="cannot be read"):
        read_addresses(tmp_path / "witnesses.toml")
