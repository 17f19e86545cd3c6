"""Officers of a home: a key of their own for each, under a passphrase of their own."""

from pathlib import Path

import pytest

from clients.errors import HomeError
from clients.home import Home
from clients.officers import Ended, create_officer, end_officer, ended, enrolled, officer_signer
from crypto.errors import KeystoreError
from crypto.keystore import Keystore
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


def test_an_officer_who_left_signs_no_more_and_is_not_forgotten(home: Home) -> None:
    """Their key verifies what they signed; nobody signs with it, and nobody takes their name."""
    key = create_officer(home, "A. Abiola", passphrase=PHRASE, cost=WEAK)
    create_officer(home, "B. Berg", passphrase=PHRASE, cost=WEAK)
    end_officer(home, "A. Abiola", now=1_900_000_000)

    assert [*enrolled(home)] == ["B. Berg"]
    assert ended(home) == {"A. Abiola": Ended(key=key, at=1_900_000_000)}
    with pytest.raises(HomeError, match="no officer of that name"):
        officer_signer(home, "A. Abiola", passphrase=PHRASE, allow_weak=True)
    with pytest.raises(HomeError, match="no officer of that name"):
        end_officer(home, "A. Abiola", now=1_900_000_001)
    with pytest.raises(HomeError, match="enrolled already"):
        create_officer(home, "a. abiola", passphrase=PHRASE, cost=WEAK)


def test_an_end_that_was_killed_halfway_is_an_end(home: Home) -> None:
    """Whoever stands on both lists signs no more: of two writes the first one decides."""
    create_officer(home, "A. Abiola", passphrase=PHRASE, cost=WEAK)
    listed = (home.officers / "officers.json").read_bytes()
    end_officer(home, "A. Abiola", now=1_900_000_000)
    (home.officers / "officers.json").write_bytes(listed)

    assert enrolled(home) == {}


def test_a_list_of_ended_officers_that_cannot_be_read_is_said(home: Home) -> None:
    """A damaged list lets nobody who left sign again."""
    create_officer(home, "A. Abiola", passphrase=PHRASE, cost=WEAK)
    for broken in (b"[]", b"{", b'{"B": "AA"}', b'{"B": {"key": "AA", "at": 1}}', b'{"B": {"at": 1}}'):
        (home.officers / "ended.json").write_bytes(broken)
        with pytest.raises(HomeError, match="cannot be read"):
            enrolled(home)


@pytest.mark.parametrize("was_put", [False, True])
def test_an_enrolment_that_was_killed_halfway_is_begun_again(home: Home, was_put: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A keystore that no list names blocks nobody's name: under its passphrase it is taken up, and else it stays."""
    key = create_officer(home, "A. Abiola", passphrase=PHRASE, cost=WEAK)
    (home.officers / "officers.json").unlink()
    if not was_put:
        (path,) = home.officers.glob("*.keystore")
        Keystore.open(path, passphrase=PHRASE, allow_weak=True).remove("officer")
    with pytest.raises(KeystoreError):
        create_officer(home, "A. Abiola", passphrase=b"another passphrase", cost=WEAK)
    again = create_officer(home, "A. Abiola", passphrase=PHRASE, cost=WEAK)

    assert (again == key) is was_put
    assert officer_signer(home, "A. Abiola", passphrase=PHRASE, allow_weak=True).public_key.raw == again
