"""The keystore: what it keeps, and that it loses nothing (docs/protocol.md, 2)."""

import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from crypto import keystore as keystore_module
from crypto.encoding import lp
from crypto.errors import KeystoreError
from crypto.keystore import STRONG, Cost, Keystore, Secret
from tests.support.keystores import BATCH, EPOCH, HEADER, PASSPHRASE, SIGN, WEAK, reopen, small_keystore

WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
SECRETS = st.builds(Secret, name=WORDS, role=WORDS, value=st.binary(max_size=80))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a keystore with two secrets, cheap to open."""
    return small_keystore(tmp_path)


def test_secrets_survive(path: Path) -> None:
    """What was put in is found by the next program that opens the file, to the byte."""
    assert dict(reopen(path).secrets) == {"xar-arms#1": SIGN, "xar-arms#2": BATCH}


def test_a_new_keystore_is_strong_and_empty(tmp_path: Path) -> None:
    """Unless told otherwise a keystore costs 64 MiB and three passes a guess, and opens without leave for less."""
    path = tmp_path / "keystore"
    Keystore.create(path, passphrase=PASSPHRASE)

    assert dict(Keystore.open(path, passphrase=PASSPHRASE).secrets) == {}
    assert HEADER.unpack_from(path.read_bytes())[2:5] == (65_536, 3, 1)
    assert Cost(memory_kib=65_536, passes=3, lanes=1) == STRONG


def test_the_format_is_what_its_documentation_says(path: Path) -> None:
    """A program written from the description alone opens the file: nobody is locked in, and no change goes unseen."""
    raw = path.read_bytes()
    magic, version, memory, passes, lanes, salt, nonce = HEADER.unpack_from(raw)
    assert (magic, version) == (b"sealtrace-keys\0\0", 1)

    key = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(PASSPHRASE)
    plain = AESGCM(key).decrypt(nonce, raw[58:], raw[:58])

    assert plain == lp("xar-arms#1", "sign", SIGN.value, "xar-arms#2", "batch", BATCH.value)


@given(st.lists(SECRETS, unique_by=lambda secret: secret.name, max_size=6), st.binary(min_size=1, max_size=40))
def test_any_secrets_survive_under_any_passphrase(secrets: list[Secret], passphrase: bytes) -> None:
    """Every name, role, value and passphrase round-trips."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keystore"
        Keystore.create(path, passphrase=passphrase, cost=WEAK).put(*secrets)

        assert dict(reopen(path, passphrase).secrets) == {secret.name: secret for secret in secrets}


def test_create_never_overwrites(path: Path) -> None:
    """Creating a keystore where one is would destroy it, so it is refused."""
    before = path.read_bytes()

    with pytest.raises(KeystoreError, match="there is a file already"):
        Keystore.create(path, passphrase=PASSPHRASE, cost=WEAK)
    assert path.read_bytes() == before


def test_create_does_not_follow_a_link(tmp_path: Path) -> None:
    """A dangling link at the place of the keystore is refused too."""
    (tmp_path / "keystore").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(KeystoreError, match="there is a file already"):
        Keystore.create(tmp_path / "keystore", passphrase=PASSPHRASE, cost=WEAK)


def test_create_in_no_folder_is_our_error(tmp_path: Path) -> None:
    """A missing folder is told by our error, with the path and the reason."""
    with pytest.raises(KeystoreError, match="nowhere/keystore: No such file"):
        Keystore.create(tmp_path / "nowhere" / "keystore", passphrase=PASSPHRASE, cost=WEAK)


def test_open_of_no_file_is_our_error(tmp_path: Path) -> None:
    """A missing keystore is told by our error, with the path and the reason."""
    with pytest.raises(KeystoreError, match="keystore: No such file"):
        reopen(tmp_path / "keystore")


def test_every_write_has_a_nonce_of_its_own(path: Path) -> None:
    """No two versions of the file are encrypted under one nonce; the salt, and so the key, stays."""
    store = reopen(path)
    headers = [HEADER.unpack_from(path.read_bytes())]
    for number in range(20):
        store.put(Secret(name=f"x#{number}", role="sign", value=b"x"))
        headers.append(HEADER.unpack_from(path.read_bytes()))

    assert len({header[6] for header in headers}) == 21
    assert len({header[5] for header in headers}) == 1


def test_two_keystores_share_no_salt(path: Path, tmp_path: Path) -> None:
    """The same passphrase gives another key in every keystore."""
    Keystore.create(tmp_path / "other", passphrase=PASSPHRASE, cost=WEAK)

    assert HEADER.unpack_from(path.read_bytes())[5] != HEADER.unpack_from((tmp_path / "other").read_bytes())[5]


def test_put_is_on_the_disk_when_it_returns(path: Path) -> None:
    """A secret that was put is in the file and in the handle."""
    store = reopen(path)
    store.put(EPOCH)

    assert store.secrets[EPOCH.name] == EPOCH
    assert reopen(path).secrets[EPOCH.name] == EPOCH
    assert set(reopen(path).secrets) == {SIGN.name, BATCH.name, EPOCH.name}


def test_put_again_changes_nothing(path: Path) -> None:
    """Putting what is there already is no error, so an interrupted step can be repeated."""
    store = reopen(path)
    store.put(SIGN, EPOCH, EPOCH)

    assert set(reopen(path).secrets) == {SIGN.name, BATCH.name, EPOCH.name}


@pytest.mark.parametrize("change", [{"value": b"other"}, {"role": "http"}])
def test_attack_key_replaced_by_another(path: Path, change: dict[str, Any]) -> None:
    """A name keeps its value: a second key under the same kid is refused, and nothing else of that call is kept."""
    store = reopen(path)

    with pytest.raises(KeystoreError, match="another one"):
        store.put(EPOCH, replace(SIGN, **change))
    assert dict(store.secrets) == dict(reopen(path).secrets) == {SIGN.name: SIGN, BATCH.name: BATCH}


def test_remove_is_on_the_disk_when_it_returns(path: Path) -> None:
    """An erased key is gone from the file and from the handle; erasing it twice is no error."""
    store = reopen(path)
    store.remove(SIGN.name, "never-there#1")
    store.remove(SIGN.name)

    assert dict(store.secrets) == dict(reopen(path).secrets) == {BATCH.name: BATCH}
    assert SIGN.value not in path.read_bytes()


def test_a_removed_name_may_be_put_anew(path: Path) -> None:
    """Whoever means to replace a secret removes it first."""
    store = reopen(path)
    store.remove(SIGN.name)
    store.put(Secret(name=SIGN.name, role="sign", value=b"other"))

    assert reopen(path).secrets[SIGN.name].value == b"other"


def test_the_list_of_secrets_is_a_snapshot(path: Path) -> None:
    """Nobody changes the keystore through what it hands out, and a list once taken does not change."""
    store = reopen(path)
    before = store.secrets
    store.put(EPOCH)

    assert EPOCH.name not in before
    with pytest.raises(TypeError):
        store.secrets["x"] = SIGN  # type: ignore[index]  # the point of the test


def test_two_handles_lose_nothing(path: Path) -> None:
    """A program that opened the keystore earlier adds to what another one wrote since, and erases only its own."""
    first, second = reopen(path), reopen(path)
    first.put(EPOCH)
    second.remove(SIGN.name)
    first.put(Secret(name="x#1", role="http", value=b"x"))

    assert set(first.secrets) == set(reopen(path).secrets) == {BATCH.name, EPOCH.name, "x#1"}


def test_reload_sees_what_others_wrote(path: Path) -> None:
    """A long-running program takes in new keys without the passphrase."""
    first, second = reopen(path), reopen(path)
    second.put(EPOCH)
    assert EPOCH.name not in first.secrets

    first.reload()

    assert first.secrets == second.secrets


def test_many_threads_lose_nothing(path: Path) -> None:
    """Threads on one handle and on several handles take turns."""
    shared = reopen(path)

    def put(store: Keystore, number: int) -> None:
        for step in range(5):
            store.put(Secret(name=f"t{number}#{step}", role="sign", value=b"x"))

    stores = [shared, shared, reopen(path), reopen(path)]
    threads = [threading.Thread(target=put, args=(store, number)) for number, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(reopen(path).secrets) == 2 + 4 * 5


PROGRAM = """
import sys
from pathlib import Path
from crypto.keystore import Keystore, Secret
store = Keystore.open(Path(sys.argv[1]), passphrase=sys.argv[2].encode(), allow_weak=True)
for step in range(20):
    store.put(Secret(name=f"{sys.argv[3]}#{step}", role="sign", value=b"x"))
"""


def test_many_programs_lose_nothing(path: Path) -> None:
    """Programs that write at the same moment keep each other's secrets."""
    root = Path(keystore_module.__file__).parents[1]
    programs = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(path), PASSPHRASE.decode(), name], cwd=root)  # noqa: S603  our own interpreter and text
        for name in ("p", "q", "r")
    ]

    assert [program.wait() for program in programs] == [0, 0, 0]
    assert len(reopen(path).secrets) == 2 + 3 * 20


def test_another_keystore_in_its_place_is_not_written(path: Path) -> None:
    """If the file was replaced by another keystore, the handle refuses to write over secrets it does not know."""
    store = reopen(path)
    path.unlink()
    Keystore.create(path, passphrase=PASSPHRASE, cost=WEAK).put(EPOCH)

    with pytest.raises(KeystoreError, match="another keystore"):
        store.put(SIGN)
    with pytest.raises(KeystoreError, match="another keystore"):
        store.reload()
    assert dict(reopen(path).secrets) == {EPOCH.name: EPOCH}


@pytest.mark.parametrize("damage", ["removed", "cut", "opened to others"])
def test_a_file_damaged_under_the_handle_is_not_written(path: Path, damage: str) -> None:
    """A change is refused when the file is no longer what was opened; what the handle holds is not lost."""
    store = reopen(path)
    raw = path.read_bytes()
    match damage:
        case "removed":
            path.unlink()
        case "cut":
            path.write_bytes(raw[:-1])
        case _:
            path.chmod(0o644)

    with pytest.raises(KeystoreError):
        store.put(EPOCH)
    assert dict(store.secrets) == {SIGN.name: SIGN, BATCH.name: BATCH}


def test_a_write_that_fails_loses_nothing(path: Path) -> None:
    """When the disk refuses, the caller hears it, the old file stays, and the handle does not pretend."""
    store = reopen(path)
    obstacle = path.with_name("keystore.new")
    obstacle.mkdir()

    with pytest.raises(KeystoreError, match="keystore: "):
        store.put(EPOCH)
    assert dict(store.secrets) == dict(reopen(path).secrets) == {SIGN.name: SIGN, BATCH.name: BATCH}

    obstacle.rmdir()
    store.put(EPOCH)
    assert EPOCH.name in reopen(path).secrets
