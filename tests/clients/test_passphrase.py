"""A passphrase comes from a descriptor, a credential or a prompt, and from nowhere else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.errors import PassphraseError
from clients.passphrase import Passphrases, Purpose


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    """Give a descriptor that holds a passphrase and a second line."""
    path = tmp_path / "phrase"
    path.write_bytes(b"correct horse battery\r\nnot this\n")
    number = os.open(path, os.O_RDONLY)
    yield number
    os.close(number)


def never(_question: str) -> str:
    """Fail the test that prompts."""
    raise AssertionError("asked although the passphrase was given")


def test_the_descriptor_comes_first_and_is_read_once(descriptor: int) -> None:
    """One line of the descriptor is the passphrase, however often it is wanted."""
    phrases = Passphrases({"SEALTRACE_PASSPHRASE_FD": str(descriptor)}, ask=never)

    assert phrases.of(Purpose.KEYSTORE) == b"correct horse battery"
    assert phrases.of(Purpose.KEYSTORE, new=True) == b"correct horse battery"


def test_the_root_keystore_has_its_own(descriptor: int) -> None:
    """The offline keystore's passphrase has another variable."""
    phrases = Passphrases({"SEALTRACE_ROOT_PASSPHRASE_FD": str(descriptor)}, ask=None)

    assert phrases.of(Purpose.ROOT) == b"correct horse battery"
    with pytest.raises(PassphraseError, match="no passphrase for the keystore"):
        phrases.of(Purpose.KEYSTORE)


def test_a_service_credential_is_read(tmp_path: Path) -> None:
    """Systemd's credential folder is the way of a service without a terminal."""
    (tmp_path / "sealtrace-passphrase").write_bytes(b"from the credential\n")

    phrases = Passphrases({"CREDENTIALS_DIRECTORY": str(tmp_path)}, ask=never)

    assert phrases.of(Purpose.KEYSTORE) == b"from the credential"
    with pytest.raises(AssertionError, match="asked"):
        phrases.of(Purpose.ROOT)


def test_a_service_credential_that_cannot_be_read_is_named() -> None:
    """Whatever keeps the program from it is an error of ours."""
    with pytest.raises(PassphraseError, match="sealtrace-passphrase cannot be read"):
        Passphrases({"CREDENTIALS_DIRECTORY": "/" + "x" * 5_000}, ask=never).of(Purpose.KEYSTORE)


def test_a_prompt_asks_twice_for_a_new_one() -> None:
    """A typing slip in a new passphrase is caught before keys are locked with it."""
    answers = iter(["five words drawn by dice", "five words drawn by dise"])
    with pytest.raises(PassphraseError, match="differ"):
        Passphrases({}, ask=lambda _question: next(answers)).of(Purpose.KEYSTORE, new=True)

    assert Passphrases({}, ask=lambda _question: "old and short").of(Purpose.KEYSTORE) == b"old and short"


@pytest.mark.parametrize(
    ("answer", "message"), [("", "empty or too long"), ("x" * 1025, "empty or too long"), ("short", "at least 12")]
)
def test_bad_new_passphrases_are_refused(answer: str, message: str) -> None:
    """An empty, huge or short new passphrase is refused, and never quoted."""
    with pytest.raises(PassphraseError, match=message):
        Passphrases({}, ask=lambda _question: answer).of(Purpose.ROOT, new=True)


@pytest.mark.parametrize("number", ["x", "-1", "9999"])
def test_a_descriptor_that_is_none_is_refused(number: str) -> None:
    """A wrong descriptor is an error, not a reason to try the next source."""
    with pytest.raises(PassphraseError, match="SEALTRACE_PASSPHRASE_FD"):
        Passphrases({"SEALTRACE_PASSPHRASE_FD": number}, ask=never).of(Purpose.KEYSTORE)
