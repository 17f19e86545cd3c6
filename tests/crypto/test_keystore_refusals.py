"""What a keystore refuses: damage, weak or absurd parameters, other eyes (docs/protocol.md, 2)."""

import struct
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from crypto import privatefile
from crypto.encoding import lp
from crypto.errors import KeystoreError
from crypto.keystore import MAX_BYTES, Cost, Keystore, Secret
from tests.support.keystores import BATCH, HEADER, PASSPHRASE, SIGN, WEAK, reopen, small_keystore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a keystore with two secrets, cheap to open."""
    return small_keystore(tmp_path)


@pytest.mark.parametrize("passphrase", [b"wrong", PASSPHRASE[:-1], PASSPHRASE + b" ", PASSPHRASE + b"\0"])
def test_a_wrong_passphrase_opens_nothing(path: Path, passphrase: bytes) -> None:
    """Nearly right is wrong."""
    with pytest.raises(KeystoreError, match="passphrase is wrong or the file is damaged"):
        reopen(path, passphrase)


def test_an_empty_passphrase_is_refused(path: Path, tmp_path: Path) -> None:
    """A forgotten passphrase setting never makes a keystore that anybody opens."""
    with pytest.raises(KeystoreError, match="empty passphrase"):
        Keystore.create(tmp_path / "other", passphrase=b"", cost=WEAK)
    with pytest.raises(KeystoreError, match="empty passphrase"):
        reopen(path, b"")
    assert not (tmp_path / "other").exists()


def test_every_flipped_bit_is_found(path: Path) -> None:
    """No bit of the file, header included, can change without the keystore refusing to open."""
    raw = path.read_bytes()

    for bit in range(len(raw) * 8):
        damaged = bytearray(raw)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(damaged))
        with pytest.raises(KeystoreError):
            reopen(path)

    path.write_bytes(raw)
    assert dict(reopen(path).secrets) == {"xar-arms#1": SIGN, "xar-arms#2": BATCH}


def test_every_truncation_is_found(path: Path) -> None:
    """A file cut anywhere, or with anything after its end, is refused."""
    raw = path.read_bytes()

    for size in range(len(raw)):
        path.write_bytes(raw[:size])
        with pytest.raises(KeystoreError):
            reopen(path)
    path.write_bytes(raw + b"\0")
    with pytest.raises(KeystoreError):
        reopen(path)


@given(st.binary(max_size=200))
def test_noise_raises_only_our_error(raw: bytes) -> None:
    """Arbitrary bytes, also behind a good magic, are refused with our error."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keystore"
        for content in (raw, HEADER.pack(b"sealtrace-keys\0\0", 1, 8, 1, 1, bytes(16), bytes(12)) + raw):
            privatefile.replace(path, content)
            with pytest.raises(KeystoreError):
                reopen(path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o400])
def test_another_mode_is_refused(path: Path, mode: int) -> None:
    """A keystore that others may have read is not opened, and the message says what to look at."""
    path.chmod(mode)

    with pytest.raises(KeystoreError, match=f"keystore: mode {mode:04o}"):
        reopen(path)


@pytest.mark.parametrize(
    "cost", [WEAK, Cost(memory_kib=65_535, passes=3, lanes=1), Cost(memory_kib=65_536, passes=2, lanes=1)]
)
def test_weak_parameters_are_refused(tmp_path: Path, cost: Cost) -> None:
    """A keystore stretched less than the protocol demands opens only for a program that says it means it."""
    path = tmp_path / "keystore"
    Keystore.create(path, passphrase=PASSPHRASE, cost=cost)

    with pytest.raises(KeystoreError, match="stretched less"):
        Keystore.open(path, passphrase=PASSPHRASE)
    assert dict(reopen(path).secrets) == {}


def test_attack_header_that_weakens_the_next_guess(tmp_path: Path) -> None:
    """Lower parameters written into the header of a strong keystore open nothing, even where weak ones are allowed."""
    path = tmp_path / "keystore"
    Keystore.create(path, passphrase=PASSPHRASE)
    raw = path.read_bytes()
    path.write_bytes(raw[:18] + struct.pack(">III", 8, 1, 1) + raw[30:])

    with pytest.raises(KeystoreError, match="stretched less"):
        Keystore.open(path, passphrase=PASSPHRASE)
    with pytest.raises(KeystoreError, match="wrong or the file is damaged"):
        reopen(path)


@pytest.mark.parametrize(
    "cost",
    [(2**32 - 1, 3, 1), (524_289, 3, 1), (65_536, 17, 1), (65_536, 2**32 - 1, 1), (65_536, 3, 17)],
    ids=str,
)
def test_attack_header_that_asks_for_all_memory(path: Path, cost: tuple[int, int, int]) -> None:
    """A header that asks for terabytes or years is refused before anything is computed."""
    raw = path.read_bytes()
    path.write_bytes(raw[:18] + struct.pack(">III", *cost) + raw[30:])

    with pytest.raises(KeystoreError, match="more work than any"):
        reopen(path)


@pytest.mark.parametrize("cost", [(7, 1, 1), (0, 1, 1), (8, 0, 1), (8, 1, 0), (8, 1, 2), (127, 1, 16)], ids=str)
def test_impossible_parameters_are_refused(path: Path, tmp_path: Path, cost: tuple[int, int, int]) -> None:
    """What Argon2id itself cannot do is refused by us, in a header and when creating."""
    raw = path.read_bytes()
    path.write_bytes(raw[:18] + struct.pack(">III", *cost) + raw[30:])
    memory_kib, passes, lanes = cost

    with pytest.raises(KeystoreError, match="its "):
        reopen(path)
    with pytest.raises(KeystoreError, match="its "):
        Keystore.create(
            tmp_path / "other", passphrase=PASSPHRASE, cost=Cost(memory_kib=memory_kib, passes=passes, lanes=lanes)
        )


@pytest.mark.parametrize(
    ("magic", "version"), [(b"sealtrace-keys\0\1", 1), (b"sealtrace-keys\0\0", 0), (b"sealtrace-keys\0\0", 2)]
)
def test_other_versions_are_refused(path: Path, magic: bytes, version: int) -> None:
    """A file of another kind or of a later version is told from a damaged one."""
    raw = path.read_bytes()
    path.write_bytes(struct.pack(">16sH", magic, version) + raw[18:])

    with pytest.raises(KeystoreError, match="version"):
        reopen(path)


@pytest.mark.parametrize(
    "plain",
    [
        b"\0",
        lp("a#1"),
        lp("a#1", "sign"),
        lp("a#1", "sign", b"x", "b#1"),
        lp("b#1", "sign", b"x", "a#1", "sign", b"x"),
        lp("a#1", "sign", b"x", "a#1", "sign", b"x"),
        lp("a#1", "sign", b"x", "a#1", "sign", b"y"),
        lp("", "sign", b"x"),
        lp("a#1", "", b"x"),
        lp("a 1", "sign", b"x"),
        lp("a#1\n", "sign", b"x"),
        lp("é#1", "sign", b"x"),
        lp(b"\xff", "sign", b"x"),
        lp("a" * 129, "sign", b"x"),
    ],
)
def test_content_has_one_spelling(path: Path, plain: bytes) -> None:
    """Even who knows the passphrase cannot make a file that two programs read as two lists of secrets."""
    path.write_bytes(_sealed(path.read_bytes()[:58], plain))

    with pytest.raises(KeystoreError):
        reopen(path)


def test_a_file_sealed_by_hand_opens(path: Path) -> None:
    """The tool of the test above makes good files when their content is good, so a refusal means something."""
    path.write_bytes(_sealed(path.read_bytes()[:58], lp("a#1", "sign", b"x", "b#1", "sign", b"")))

    assert list(reopen(path).secrets) == ["a#1", "b#1"]


def _sealed(header: bytes, plain: bytes) -> bytes:
    _, _, memory, passes, lanes, salt, nonce = HEADER.unpack(header)
    key = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(PASSPHRASE)
    return header + AESGCM(key).encrypt(nonce, plain, header)


def test_it_does_not_grow_beyond_what_it_would_read(path: Path) -> None:
    """A file too large to be opened again is never written, and one that is there is not read."""
    with pytest.raises(KeystoreError, match="grow beyond"):
        reopen(path).put(Secret(name="x#1", role="sign", value=bytes(MAX_BYTES)))
    assert dict(reopen(path).secrets) == {SIGN.name: SIGN, BATCH.name: BATCH}

    with path.open("r+b") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(KeystoreError, match="larger than"):
        reopen(path)


@pytest.mark.parametrize("name", ["", "a b", "a\n", "é", "a" * 129, "\ud800"])
def test_names_are_visible_ascii(name: str) -> None:
    """A name or role that two eyes could read as two things is refused."""
    with pytest.raises(KeystoreError):
        Secret(name=name, role="sign", value=b"")
    with pytest.raises(KeystoreError):
        Secret(name="a#1", role=name, value=b"")


def test_no_secret_is_shown(path: Path) -> None:
    """Neither repr nor any error text holds a value or a passphrase."""
    store = reopen(path)
    shown = [repr(store), repr(SIGN)]
    for attempt in (
        lambda: reopen(path, b"wrong passphrase"),
        lambda: store.put(Secret(name=SIGN.name, role="sign", value=b"canary")),
    ):
        with pytest.raises(KeystoreError) as caught:
            attempt()
        shown.append(str(caught.value))

    assert shown[:2] == [f"Keystore({str(path)!r})", "Secret(name='xar-arms#1', role='sign')"]
    assert not [text for text in shown if "canary" in text or "wrong passphrase" in text or repr(SIGN.value) in text]
