"""Officers of a home: a key of their own for each, under a passphrase of their own."""

from pathlib import Path

import pytest

from clients.errors import HomeError
from clients.home import Home
from clients.officers import create_officer, enrolled, officer_signer
from crypto.errors import KeystoreError
from tests.support.loopback import PHRASE, WEAK


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give the folder of a home."""
    return Home(tmp_path)


def test_an_officer_signs_with_the_key_that_was_enrolled(home: Home) -> None:
    """The list names the very key that the officer's own keystore holds."""
    keys = {name: create_officer(home, name, passphrase=PHRASE, cost=WEAK) for name in ("A. Abiola", "Bérg/Ø")}

    assert enrolled(home) == keys
    for name, key in keys.items():
        assert officer_signer(home, name, passphrase=PHRASE, allow_weak=True).public_key.raw == key
    assert {path.stat().st_mode & 0o077 for path in home.officers.iterdir()} == {0}


def test_another_passphrase_opens_nothing(home: Home) -> None:
    """Whoever holds the home cannot sign for an officer."""
    create_officer(home, "A. Abiola", passphrase=PHRASE, cost=WEAK)

    with pytest.raises(KeystoreError):
        officer_signer(home, "A. Abiola", passphrase=b"another passphrase", allow_weak=True)


@pytest.mark.parametrize("name", ["", " A", "A  B", "A\u202eB", "x" * 101, "two\nlines"])
def test_a_name_can_be_read_back_by_anybody(home: Home, name: str) -> None:
    """No empty, hidden or endless name stands in an approval."""
    with pytest.raises(HomeError, match="one line"):
        create_officer(home, name, passphrase=PHRASE, cost=WEAK)


def test_two_officers_have_two_names(home: Home) -> None:
    """However they are spelled."""
    create_officer(home, "A. Abiola", passphrase=PHRASE, cost=WEAK)

    with pytest.raises(HomeError, match="enrolled already"):
        create_officer(home, "a. abiola", passphrase=PHRASE, cost=WEAK)


def test_nobody_signs_who_is_not_enrolled(home: Home) -> None:
    """A home without officers has none; one with a broken list says so."""
    assert enrolled(home) == {}
    with pytest.raises(HomeError, match="no officer of that name"):
        officer_signer(home, "A. Abiola", passphrase=PHRASE)
    create_officer(home, "A. Abiola", passphrase=PHRASE, cost=WEAK)
    for broken in (b"[]", b"{", b'{"A": "AA"}', b'{"A": 1}'):
        (home.officers / "officers.json").write_bytes(broken)
        with pytest.raises(HomeError, match="cannot be read"):
            enrolled(home)
