"""What the service is told at its start: everything or nothing, and never a secret by the wrong door."""

import os
from pathlib import Path

import pytest

from crypto.errors import KeystoreError
from ledger import fingerprints, jsontext
from ledger.terms import parse_log_keys
from server.config import Config
from server.errors import ConfigError, StartError
from server.keys import create_keys, open_keys, service_json
from server.passphrase import CREDENTIAL, CREDENTIALS, DESCRIPTOR, read_passphrase
from server.servicefile import read_service_file
from tests.support.consortium import ORIGIN, URL, first_charter
from tests.support.keystores import PASSPHRASE, WEAK, small_keystore
from tests.support.services import make_config, service_keys

FINGERPRINT = bytes(range(32))


@pytest.mark.parametrize("spell", [fingerprints.to_text, fingerprints.to_words])
def test_a_configuration_comes_from_the_environment(spell: object) -> None:
    """Folder and fingerprint, the latter as words or as text."""
    text = spell(FINGERPRINT)  # type: ignore[operator]  # one of two functions

    config = Config.from_env({"SEALTRACE_DATA": "/srv/x", "SEALTRACE_CHARTER": text})

    assert (config.data, config.fingerprint) == (Path("/srv/x"), FINGERPRINT)
    assert {config.database, config.keystore, config.service} == {
        Path("/srv/x/ledger.sqlite"),
        Path("/srv/x/keystore"),
        Path("/srv/x/service.json"),
    }


@pytest.mark.parametrize("missing", ["SEALTRACE_DATA", "SEALTRACE_CHARTER"])
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_has_a_default(missing: str, value: str | None) -> None:
    """A missing or empty setting refuses to start, and is named."""
    environ = {"SEALTRACE_DATA": "/srv/x", "SEALTRACE_CHARTER": fingerprints.to_text(FINGERPRINT)}
    del environ[missing]
    if value is not None:
        environ[missing] = value

    with pytest.raises(ConfigError, match=missing):
        Config.from_env(environ)


def test_a_fingerprint_that_is_none_is_named_and_not_quoted() -> None:
    """The message says which setting; it does not repeat the value."""
    with pytest.raises(ConfigError, match="SEALTRACE_CHARTER") as caught:
        Config.from_env({"SEALTRACE_DATA": "/srv/x", "SEALTRACE_CHARTER": "SECRET"})

    assert "SECRET" not in str(caught.value)


def test_made_keys_are_opened_again(tmp_path: Path) -> None:
    """What `create` makes, `serve` opens: five keys, all different, none shown."""
    made = create_keys(tmp_path / "keystore", passphrase=PASSPHRASE, cost=WEAK)

    opened = open_keys(tmp_path / "keystore", passphrase=PASSPHRASE, allow_weak=True)

    assert made.named(ORIGIN) == opened.named(ORIGIN)
    assert (
        len(
            {
                made.named(ORIGIN).answer_key,
                *(key.public_key.raw for key in (*made.named(ORIGIN).vkeys, *made.named(ORIGIN).access)),
            }
        )
        == 5
    )
    assert "SeedSigner(Ed25519)" in repr(made)


def test_keys_are_never_made_twice_over(tmp_path: Path) -> None:
    """A second `create` does not destroy the first one's keys."""
    create_keys(tmp_path / "keystore", passphrase=PASSPHRASE, cost=WEAK)

    with pytest.raises(KeystoreError, match="already"):
        create_keys(tmp_path / "keystore", passphrase=PASSPHRASE, cost=WEAK)


def test_a_keystore_of_an_agency_is_not_the_services(tmp_path: Path) -> None:
    """A keystore without the service's keys is refused."""
    with pytest.raises(KeystoreError, match="not the keystore of a service"):
        open_keys(small_keystore(tmp_path), passphrase=PASSPHRASE, allow_weak=True)


def test_a_service_keystore_must_be_strong(tmp_path: Path) -> None:
    """Without leave to be weak, a cheaply stretched passphrase is refused."""
    create_keys(tmp_path / "keystore", passphrase=PASSPHRASE, cost=WEAK)

    with pytest.raises(KeystoreError):
        open_keys(tmp_path / "keystore", passphrase=PASSPHRASE)


def test_service_json_is_what_a_charter_names() -> None:
    """The member `log` can be put into a charter as it stands."""
    raw = service_json(service_keys(), origin=ORIGIN, url=URL)

    origin, url, log = jsontext.members(jsontext.load(raw.removesuffix(b"\n")), "origin", "url", "log")

    assert (origin, url) == (ORIGIN, URL)
    assert parse_log_keys(log, origin=ORIGIN) == first_charter(3)[0].log


def test_a_service_that_was_not_created_does_not_start(tmp_path: Path) -> None:
    """Without service.json, or with another file by that name, the operator is told what writes it."""
    config = Config(data=tmp_path, fingerprint=FINGERPRINT)
    with pytest.raises(ConfigError, match="create"):
        read_service_file(config.service)

    config.service.write_text("{}\n")

    with pytest.raises(ConfigError, match="create"):
        read_service_file(config.service)


def test_identity_is_read_back(tmp_path: Path) -> None:
    """Origin and url are what `create` was given."""
    identity = read_service_file(make_config(tmp_path, fingerprint=FINGERPRINT).service)

    assert (identity.origin, identity.url) == (ORIGIN, URL)


def test_other_keys_than_the_charters_are_refused(tmp_path: Path) -> None:
    """A restored keystore of another service is found before it signs."""
    other = create_keys(tmp_path / "keystore", passphrase=PASSPHRASE, cost=WEAK)

    with pytest.raises(StartError, match="other keys"):
        other.require_named_by(first_charter(3)[0])


def _descriptor(content: bytes) -> str:
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return str(reader)


@pytest.mark.parametrize("content", [b"pass phrase", b"pass phrase\n"])
def test_a_passphrase_comes_from_a_descriptor(content: bytes) -> None:
    """One line end is the shell's, not the passphrase's; afterwards the descriptor is closed."""
    number = _descriptor(content)

    assert read_passphrase({DESCRIPTOR: number}, prompt=None) == b"pass phrase"
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(int(number))


def test_a_passphrase_comes_from_a_service_credential(tmp_path: Path) -> None:
    """Systemd's LoadCredential= puts it into a folder that only the service sees."""
    (tmp_path / CREDENTIAL).write_bytes(b"from systemd\n")

    assert read_passphrase({CREDENTIALS: str(tmp_path)}, prompt=None) == b"from systemd"


def test_a_credential_that_cannot_be_read_is_named() -> None:
    """What the service may not read ends it with a word, and not with its source code in the journal."""
    with pytest.raises(ConfigError, match=f"{CREDENTIAL} cannot be read"):
        read_passphrase({CREDENTIALS: "/" + "x" * 5_000}, prompt=None)


def test_a_person_is_asked_last() -> None:
    """On a terminal, where nothing else gave one."""
    assert read_passphrase({}, prompt=lambda _text: "typed") == b"typed"


def test_without_a_door_the_service_does_not_start() -> None:
    """No terminal, no descriptor, no credential: the operator is told what to set."""
    with pytest.raises(ConfigError, match=DESCRIPTOR):
        read_passphrase({}, prompt=None)


@pytest.mark.parametrize("text", ["", "x", "-1", "999999"])
def test_a_descriptor_that_is_none_is_refused(text: str) -> None:
    """A wrong number is an error of configuration."""
    with pytest.raises(ConfigError, match=DESCRIPTOR):
        read_passphrase({DESCRIPTOR: text}, prompt=None)


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 5_000])
def test_an_empty_or_endless_passphrase_is_refused(content: bytes) -> None:
    """It protects nothing, or it is the wrong file."""
    with pytest.raises(ConfigError, match="1 to 4096"):
        read_passphrase({DESCRIPTOR: _descriptor(content)}, prompt=None)
