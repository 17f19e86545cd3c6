"""Keys and sealing of one portion (docs/protocol.md, 4 and 5)."""

import hmac
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from crypto import portionkeys
from crypto.encoding import lp
from crypto.errors import EncodingError, OpenError
from crypto.portionkeys import PortionKeys

EPOCH_KEY = bytes(range(32))
CONTEXT = lp("xar-arms", bytes(16), "item")
KEYS = portionkeys.derive(epoch_key=EPOCH_KEY, context=CONTEXT)
PLAINTEXT = bytes(2_048)

# Of epoch key 00 01 … 1f and lp("xar-arms", 16 zero bytes, "item"), sealing nothing.
FIXED = {
    "commitment": "c481113fa0aeb03bc8ed6c80f36565637128f394adde71882d455615199493a1",
    "fetch_tag": "6d05981fd332d20391b1cecf7e1b53f4ffa96783920bbc1d8026ec813e649402",
    "sealed": "942bef1720ec8c7095a98b16b55827ff",
    "ekid": "a02839d4d2f82357e590771e5680232b5c7d3b35521907ca1014ef0b06b54ce6",
    "kcid": "f774b9e3dd81923cf0e399495a357c66820f2320411eab45b3383429fff64327",
}


def _expand(key: bytes, info: bytes) -> bytes:
    return hmac.digest(key, info + b"\x01", "sha256")


def _seal(plaintext: bytes = PLAINTEXT, *, epoch_key: bytes = EPOCH_KEY, context: bytes = CONTEXT) -> bytes:
    return portionkeys.seal(epoch_key=epoch_key, context=context, plaintext=plaintext).ciphertext


def _open(keys: PortionKeys, ciphertext: bytes, *, context: bytes = CONTEXT, commitment: bytes | None = None) -> bytes:
    return portionkeys.open_sealed(
        keys, context=context, commitment=commitment or keys.commitment, ciphertext=ciphertext
    )


def test_derivation_is_the_protocols() -> None:
    """Every key is what the protocol writes, computed here from HMAC alone."""
    record_key = _expand(EPOCH_KEY, b"sealtrace/v1/record" + CONTEXT)

    assert KEYS.record_key == record_key
    assert KEYS.commitment == _expand(record_key, b"sealtrace/v1/commit")
    assert KEYS.fetch_tag == _expand(record_key, b"sealtrace/v1/fetch")


def test_sealing_is_the_protocols() -> None:
    """The ciphertext is AES-256-GCM with a zero nonce and AAD over lp(iss, rid, portion, kc), to the byte."""
    aead_key = _expand(KEYS.record_key, b"sealtrace/v1/aead")
    associated = b"sealtrace/v1/portion" + lp("xar-arms", bytes(16), "item", KEYS.commitment)

    expected = AESGCM(aead_key).encrypt(bytes(12), PLAINTEXT, associated)

    assert _seal() == expected


def test_sealing_leaves_what_readers_derive() -> None:
    """Commitment and fetch tag come out of sealing as every holder of the epoch key derives them."""
    sealed = portionkeys.seal(epoch_key=EPOCH_KEY, context=CONTEXT, plaintext=PLAINTEXT)

    assert sealed == (KEYS.commitment, KEYS.fetch_tag, _seal())


def test_a_fixed_answer() -> None:
    """Keys and ciphertext of a fixed epoch key never change, whatever is done to the code: the log is for ever."""
    sealed = _seal(b"")

    assert KEYS.commitment.hex() == FIXED["commitment"]
    assert KEYS.fetch_tag.hex() == FIXED["fetch_tag"]
    assert sealed.hex() == FIXED["sealed"]
    assert portionkeys.epoch_key_id(EPOCH_KEY).hex() == FIXED["ekid"]
    assert portionkeys.matching_key_id(EPOCH_KEY).hex() == FIXED["kcid"]


def test_identifiers_are_the_protocols() -> None:
    """An epoch key and the matching key are named by expansions of their own."""
    assert portionkeys.epoch_key_id(EPOCH_KEY) == _expand(EPOCH_KEY, b"sealtrace/v1/ekid")
    assert portionkeys.matching_key_id(EPOCH_KEY) == _expand(EPOCH_KEY, b"sealtrace/v1/kcid")


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=60), st.binary(max_size=300))
def test_what_is_sealed_opens(epoch_key: bytes, context: bytes, plaintext: bytes) -> None:
    """A portion opens to what was sealed, for whoever holds the epoch key or only the record key."""
    keys = portionkeys.derive(epoch_key=epoch_key, context=context)
    sealed = _seal(plaintext, epoch_key=epoch_key, context=context)

    for holder in (keys, portionkeys.from_record_key(keys.record_key)):
        assert _open(holder, sealed, context=context) == plaintext
    assert len(sealed) == len(plaintext) + portionkeys.TAG_BYTES


def test_a_released_record_key_gives_the_same_keys() -> None:
    """A release of kr opens that portion exactly as the epoch key does."""
    assert portionkeys.from_record_key(KEYS.record_key) == KEYS


@pytest.mark.parametrize(
    "context",
    [
        lp("xar-arms", bytes(16), "event"),
        lp("xar-arms", bytes(15) + b"\1", "item"),
        lp("xbe-cib", bytes(16), "item"),
        lp("xar-armsx", bytes(15), "item"),
        b"",
    ],
)
def test_every_portion_has_keys_of_its_own(context: bytes) -> None:
    """Another portion, record or issuer shares no key: releasing one opens no other."""
    other = portionkeys.derive(epoch_key=EPOCH_KEY, context=context)

    assert other.record_key != KEYS.record_key
    assert other.commitment != KEYS.commitment
    assert other.fetch_tag != KEYS.fetch_tag


def test_no_key_doubles_as_another() -> None:
    """What is public or sent to the server says nothing about what must stay with readers: all differ."""
    aead_key = _expand(KEYS.record_key, b"sealtrace/v1/aead")
    values = [KEYS.record_key, KEYS.commitment, KEYS.fetch_tag, aead_key, portionkeys.epoch_key_id(EPOCH_KEY)]

    assert len(set(values)) == len(values)


def test_attack_swapped_portion() -> None:
    """A ciphertext moved to another portion of the same record does not open there."""
    sealed = _seal()
    elsewhere = lp("xar-arms", bytes(16), "event")

    with pytest.raises(OpenError):
        _open(KEYS, sealed, context=elsewhere)
    with pytest.raises(OpenError):
        _open(portionkeys.derive(epoch_key=EPOCH_KEY, context=elsewhere), sealed, context=elsewhere)


def test_attack_ciphertext_that_opens_under_two_keys() -> None:
    """The signed commitment decides which key counts: with any other nothing is decrypted at all."""
    other = portionkeys.derive(epoch_key=bytes(32), context=CONTEXT)
    sealed = _seal(epoch_key=bytes(32))
    assert _open(other, sealed) == PLAINTEXT

    with pytest.raises(OpenError, match="commits"):
        _open(other, sealed, commitment=KEYS.commitment)


@pytest.mark.parametrize("commitment", [b"", b"\0", KEYS.commitment[:31], KEYS.commitment + b"\0", bytes(32)])
def test_a_commitment_of_any_other_value_is_refused(commitment: bytes) -> None:
    """Shorter, longer and other commitments are refused alike."""
    with pytest.raises(OpenError):
        portionkeys.open_sealed(
            KEYS,
            context=CONTEXT,
            commitment=commitment,
            ciphertext=_seal(),
        )


def test_attack_keys_with_another_commitment() -> None:
    """The commitment is in the associated data too: keys put together by hand do not open what was sealed."""
    sealed = _seal()
    forged = replace(KEYS, commitment=bytes(32))

    with pytest.raises(OpenError):
        _open(forged, sealed)


def test_damaged_ciphertexts_do_not_open() -> None:
    """Each byte of a short portion counts, and so does its length."""
    sealed = _seal(b"frame, legible")

    for place in range(len(sealed)):
        with pytest.raises(OpenError):
            _open(KEYS, sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
        with pytest.raises(OpenError):
            _open(KEYS, sealed[:place])
    with pytest.raises(OpenError):
        _open(KEYS, sealed + b"\0")


@given(st.binary(max_size=100))
def test_noise_raises_only_open_error(ciphertext: bytes) -> None:
    """Whatever the server serves in place of a portion is refused with our error."""
    with pytest.raises(OpenError):
        _open(KEYS, ciphertext)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    """No key is derived from anything but 32 bytes: an empty key in a release is no key."""
    with pytest.raises(EncodingError):
        portionkeys.derive(epoch_key=bytes(size), context=CONTEXT)
    with pytest.raises(EncodingError):
        _seal(epoch_key=bytes(size))
    with pytest.raises(EncodingError):
        portionkeys.from_record_key(bytes(size))
    with pytest.raises(EncodingError):
        portionkeys.epoch_key_id(bytes(size))
    with pytest.raises(EncodingError):
        portionkeys.matching_key_id(bytes(size))


def test_no_secret_is_shown() -> None:
    """The repr of keys shows the public commitment and nothing a reader alone may know."""
    sealed = portionkeys.seal(epoch_key=EPOCH_KEY, context=CONTEXT, plaintext=PLAINTEXT)

    assert repr(KEYS) == f"PortionKeys(commitment={KEYS.commitment!r})"
    assert repr(sealed) == "SealedPortion()"
