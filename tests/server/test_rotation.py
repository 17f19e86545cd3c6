"""Generations of the service's keys: drawn ahead, in force by charter, the old one destroyed by the rotation after."""

from pathlib import Path

import pytest

from crypto.errors import KeystoreError
from crypto.keystore import Keystore
from ledger import jsontext
from ledger.fingerprints import of_file
from server import schema
from server.config import Config
from server.errors import StartError
from server.highest import HighestSigned
from server.keys import add_generation, create_keys, open_keys
from server.rotation import prepare_successor
from server.service import open_service
from tests.support.consortium import ORIGIN, make_agency, make_charter, sign_by
from tests.support.keystores import PASSPHRASE, WEAK
from tests.support.services import make_config


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a keystore with the first generation."""
    create_keys(tmp_path / "keystore", passphrase=PASSPHRASE, cost=WEAK)
    return tmp_path / "keystore"


def reopened(path: Path) -> list[int]:
    """Return the generations a keystore holds."""
    keys = open_keys(path, passphrase=PASSPHRASE, allow_weak=True)
    return [one.generation for one in keys.generations()]


def test_a_successor_waits_beside_the_keys_in_force(path: Path) -> None:
    """Both are held; the second has five keys of its own and the next number."""
    first = open_keys(path, passphrase=PASSPHRASE, allow_weak=True)

    second = add_generation(path, passphrase=PASSPHRASE, in_force=first.named(ORIGIN), allow_weak=True)

    assert reopened(path) == [1, 2]
    names = [dict(keys.named(ORIGIN).owners()) for keys in (first, second)]
    assert not set(names[0].values()) & set(names[1].values())
    assert str(second.named(ORIGIN).answer_kid) == "log#2"


def test_a_second_successor_is_refused_while_one_waits(path: Path) -> None:
    """Destroying the keys in force, or drawing keys nobody will name, both start with a hurried second rotation."""
    first = open_keys(path, passphrase=PASSPHRASE, allow_weak=True)
    add_generation(path, passphrase=PASSPHRASE, in_force=first.named(ORIGIN), allow_weak=True)

    with pytest.raises(KeystoreError, match="not in force yet"):
        add_generation(path, passphrase=PASSPHRASE, in_force=first.named(ORIGIN), allow_weak=True)
    assert reopened(path) == [1, 2]


def test_the_generation_before_is_destroyed_by_the_next_rotation(path: Path) -> None:
    """Once the second is in force, the first is of no use to anybody but a thief."""
    first = open_keys(path, passphrase=PASSPHRASE, allow_weak=True)
    second = add_generation(path, passphrase=PASSPHRASE, in_force=first.named(ORIGIN), allow_weak=True)

    add_generation(path, passphrase=PASSPHRASE, in_force=second.named(ORIGIN), allow_weak=True)

    assert reopened(path) == [2, 3]
    held = {secret.value for secret in Keystore.open(path, passphrase=PASSPHRASE, allow_weak=True).secrets.values()}
    assert len(held) == 11  # five keys of each generation, and the matching key that waits for its charter


def test_half_a_generation_is_no_keystore_of_a_service(path: Path) -> None:
    """A keystore that has lost one of five keys does not open as one that has none of them."""
    Keystore.open(path, passphrase=PASSPHRASE, allow_weak=True).remove("access/ML-DSA-44")

    with pytest.raises(KeystoreError, match="not the keystore of a service"):
        open_keys(path, passphrase=PASSPHRASE, allow_weak=True)


def test_a_rotation_needs_a_charter(path: Path) -> None:
    """Before the first charter the log has the keys it was made with."""
    config = Config(data=path.parent, fingerprint=b"")
    schema.migrate(config.database)

    with pytest.raises(StartError, match="no charter yet"):
        prepare_successor(config, passphrase=PASSPHRASE, allow_weak=True)


def test_a_rotation_writes_what_the_next_charter_names(path: Path) -> None:
    """service.next.json has the new keys under the log's origin and url; the log runs on under the old ones."""
    keys = open_keys(path, passphrase=PASSPHRASE, allow_weak=True)
    agencies = [make_agency("xaa-arms")]
    charter = make_charter(agencies, log=keys.named(ORIGIN))
    file = sign_by(charter, agencies)
    config = make_config(path.parent, fingerprint=of_file(file))
    config.highest.unlink(missing_ok=True)
    HighestSigned(config.highest).begin(keys, origin=ORIGIN)
    service = open_service(config, keys=keys, clock=lambda: 0)
    service.submitting.charter(file)
    service.close()

    raw = prepare_successor(config, passphrase=PASSPHRASE, allow_weak=True)

    both = open_keys(path, passphrase=PASSPHRASE, allow_weak=True)
    origin, url, log, match = jsontext.members(jsontext.load(raw.strip()), "origin", "url", "log", "match")
    assert (origin, url, log) == (ORIGIN, charter.url, both.generations()[1].named(ORIGIN).to_json())
    assert match == both.matching.to_json()
    assert config.next_service.read_bytes() == raw
    open_service(config, keys=both, clock=lambda: 0).close()
