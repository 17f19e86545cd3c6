"""Ed25519 means the same to libsodium and to OpenSSL, and neither is fooled (docs/protocol.md, 1)."""

import _thread
import hashlib
import itertools
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings
from nacl.exceptions import BadSignatureError

from crypto import ed25519
from crypto.encoding import unb64
from crypto.errors import KeyRefusedError, SignatureError
from tests.support.reference import vector_json

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
IDENTITY = (1).to_bytes(32, "little")
# A generator of the eight points of small order (ed25519-speccheck, case 0).
TORSION = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")

# RFC 8032, 7.1, tests 1, 2, 3 and SHA(abc): seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
            "3dca179c138ac17ad9bef1177331a704"
        ),
    ),
]


def scalar_times_base(scalar: int) -> bytes:
    """Return the point that is the public key of `scalar`."""
    return bindings.crypto_scalarmult_ed25519_base_noclamp(scalar.to_bytes(32, "little"))


def add(left: bytes, right: bytes) -> bytes:
    """Return the sum of two points."""
    return bindings.crypto_core_ed25519_add(left, right)


def small_order_points() -> list[bytes]:
    """Return the eight points of small order in their canonical spelling."""
    return list(itertools.accumulate(itertools.repeat(TORSION, 8), add))


def spellings(point: bytes) -> Iterator[bytes]:
    """Yield every 32 bytes that a lax reader takes for the y of `point`: not reduced, and with either sign."""
    y = int.from_bytes(point, "little") % 2**255
    for value in (y, y + P):
        if value < 2**255:
            yield from ((value | sign << 255).to_bytes(32, "little") for sign in (0, 1))


SMALL_ORDER = sorted({spelling for point in small_order_points() for spelling in spellings(point)})


def challenge(*, nonce_point: bytes, public_key: bytes, message: bytes) -> int:
    """Return the h of RFC 8032, 5.1.6."""
    return int.from_bytes(hashlib.sha512(nonce_point + public_key + message).digest(), "little") % L


def dishonest_signature(*, key: int, nonce: int, nonce_point: bytes, message: bytes) -> bytes:
    """Return a signature by the owner of `key`, who puts any `nonce_point` where R belongs."""
    public_key = scalar_times_base(key)
    h = challenge(nonce_point=nonce_point, public_key=public_key, message=message)
    return nonce_point + ((nonce + h * key) % L).to_bytes(32, "little")


def verdicts(*, public_key: bytes, message: bytes, signature: bytes) -> list[bool]:
    """Return what our rule with libsodium and our rule with OpenSSL say: enrolment, then verification."""
    return [
        enrolled(public_key) and accepted(verify, public_key=public_key, message=message, signature=signature)
        for verify in (ed25519.verify, ed25519.verify_cryptography)
    ]


def enrolled(public_key: bytes) -> bool:
    """Say whether a key passes; nothing but our error may tell that it does not."""
    try:
        ed25519.check_public_key(public_key)
    except KeyRefusedError:
        return False
    return True


def accepted(verify: Callable[..., None], *, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether a signature passes; nothing but our error may tell that it does not."""
    try:
        verify(public_key=public_key, message=message, signature=signature)
    except SignatureError:
        return False
    return True


@pytest.mark.parametrize(("seed", "public_key", "message", "signature"), RFC_8032)
def test_the_rfc_signs_and_verifies(seed: str, public_key: str, message: str, signature: str) -> None:
    """Key pair, signature and both verifications are those of RFC 8032, 7.1."""
    key = ed25519.load_private_key(bytes.fromhex(seed))

    assert key.public_key().public_bytes_raw().hex() == public_key
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert verdicts(
        public_key=bytes.fromhex(public_key), message=bytes.fromhex(message), signature=bytes.fromhex(signature)
    ) == [True, True]


def test_wycheproof() -> None:
    """Both libraries give Wycheproof's verdict on all of its 151 signatures."""
    groups = vector_json("crypto/wycheproof/ed25519_test.json")["testGroups"]
    cases = [(group["publicKey"]["pk"], case) for group in groups for case in group["tests"]]
    assert len(cases) == 151

    for public_key, case in cases:
        expected = case["result"] == "valid"
        found = verdicts(
            public_key=bytes.fromhex(public_key),
            message=bytes.fromhex(case["msg"]),
            signature=bytes.fromhex(case["sig"]),
        )
        assert found == [expected, expected], case["tcId"]


def test_the_twelve_cases_on_which_libraries_disagree() -> None:
    """Under our rule both libraries agree on ed25519-speccheck, and no key of small order is accepted."""
    cases = vector_json("crypto/ed25519-speccheck/cases.json")
    assert len(cases) == 12

    found = [verdicts(**_speccheck(case)) for case in cases]

    assert found == [[False, False]] * 12
    assert sum(bytes.fromhex(case["pub_key"]) in SMALL_ORDER for case in cases) == 4


def _speccheck(case: dict[str, str]) -> dict[str, bytes]:
    return {
        "public_key": bytes.fromhex(case["pub_key"]),
        "message": bytes.fromhex(case["message"]),
        "signature": bytes.fromhex(case["signature"]),
    }


def test_message_signature_of_rfc_9421() -> None:
    """The Ed25519 example of RFC 9421, B.2.6 verifies with both libraries, and not with one byte changed."""
    example = vector_json("crypto/rfc9421/ed25519.json")
    public_key = _last_32_bytes_of_pem(example["public_key_pem"])
    base = example["signature_base"].encode()
    signature = unb64(example["signature"].split(":")[1])

    assert verdicts(public_key=public_key, message=base, signature=signature) == [True, True]
    assert verdicts(public_key=public_key, message=base + b" ", signature=signature) == [False, False]
    seed = _last_32_bytes_of_pem(example["private_key_pem"])
    assert ed25519.load_private_key(seed).sign(base) == signature


def _last_32_bytes_of_pem(pem: str) -> bytes:
    return unb64("".join(pem.splitlines()[1:-1]))[-32:]


def test_every_spelling_of_every_small_order_point_is_listed() -> None:
    """The attacks below know all eight points and the spare spellings that lax readers take."""
    assert len(set(small_order_points())) == 8
    assert IDENTITY in SMALL_ORDER
    assert len(SMALL_ORDER) == 14


@pytest.mark.parametrize("public_key", SMALL_ORDER, ids=bytes.hex)
def test_attack_one_signature_for_every_message(public_key: bytes) -> None:
    """A key of small order, for which one signature fits many messages, is never enrolled in any spelling."""
    with pytest.raises(KeyRefusedError):
        ed25519.check_public_key(public_key)


def test_openssl_alone_falls_for_it() -> None:
    """The rule is needed: OpenSSL accepts one fixed signature for any message under the identity as key."""
    signature = IDENTITY + bytes(32)

    for message in (b"destroyed", b"exported"):
        Ed25519PublicKey.from_public_bytes(IDENTITY).verify(signature, message)


@pytest.mark.parametrize("point", small_order_points()[:7], ids=bytes.hex)
def test_attack_key_outside_the_prime_order_group(point: bytes) -> None:
    """A good key shifted by a point of small order is another spelling of the same power, and is refused."""
    shifted = add(scalar_times_base(7), point)

    with pytest.raises(KeyRefusedError):
        ed25519.check_public_key(shifted)


@pytest.mark.parametrize("y", range(19))
def test_attack_second_spelling_of_a_key(y: int) -> None:
    """The 19 values of y with a second, unreduced spelling are no keys of prime order: neither spelling is enrolled."""
    for value, sign in itertools.product((y, y + P), (0, 1)):
        with pytest.raises(KeyRefusedError):
            ed25519.check_public_key((value | sign << 255).to_bytes(32, "little"))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    """A key has 32 bytes: libsodium is never handed a shorter one to read past."""
    with pytest.raises(KeyRefusedError):
        ed25519.check_public_key(bytes(size))
    with pytest.raises(SignatureError):
        ed25519.verify(public_key=bytes(size), message=b"", signature=bytes([2]) * 64)
    with pytest.raises(SignatureError):
        ed25519.verify_cryptography(public_key=bytes(size), message=b"", signature=bytes([2]) * 64)


def test_a_point_off_the_curve_is_refused() -> None:
    """About half of all y belong to no point; such a key is refused, and verifies nothing if it is used all the same."""
    off_curve = (2).to_bytes(32, "little")

    assert verdicts(public_key=off_curve, message=b"", signature=bytes([2]) * 64) == [False, False]
    with pytest.raises(SignatureError):
        ed25519.verify_cryptography(public_key=off_curve, message=b"", signature=bytes([2]) * 64)


@pytest.mark.parametrize("nonce_point", SMALL_ORDER, ids=bytes.hex)
def test_attack_signature_whose_r_has_small_order(nonce_point: bytes) -> None:
    """A signer who puts a point of small order in place of R convinces neither library, in whatever spelling."""
    signature = dishonest_signature(key=11, nonce=0, nonce_point=nonce_point, message=b"loss")

    assert verdicts(public_key=scalar_times_base(11), message=b"loss", signature=signature) == [False, False]


def test_libraries_alone_disagree_on_the_identity() -> None:
    """The rule is needed: OpenSSL accepts the identity as R where libsodium refuses it."""
    signature = dishonest_signature(key=11, nonce=0, nonce_point=IDENTITY, message=b"loss")
    public_key = scalar_times_base(11)

    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, b"loss")
    with pytest.raises(BadSignatureError):
        bindings.crypto_sign_open(signature + b"loss", public_key)


@pytest.mark.parametrize("point", small_order_points()[:7], ids=bytes.hex)
def test_attack_signature_that_only_a_cofactored_verifier_takes(point: bytes) -> None:
    """An R shifted by a point of small order, valid after multiplication by eight, is refused by both libraries."""
    signature = dishonest_signature(key=11, nonce=5, nonce_point=add(scalar_times_base(5), point), message=b"diversion")

    assert verdicts(public_key=scalar_times_base(11), message=b"diversion", signature=signature) == [False, False]


def test_the_dishonest_signer_can_sign_honestly() -> None:
    """The tool of these attacks makes a good signature when R is what it should be, so a refusal means something."""
    signature = dishonest_signature(key=11, nonce=5, nonce_point=scalar_times_base(5), message=b"diversion")

    assert verdicts(public_key=scalar_times_base(11), message=b"diversion", signature=signature) == [True, True]


def test_attack_second_signature_by_adding_the_group_order() -> None:
    """S + L would be a second signature over the same message by anybody: both libraries refuse it."""
    public_key, message, signature = (bytes.fromhex(item) for item in RFC_8032[1][1:])
    malleated = signature[:32] + (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")

    assert verdicts(public_key=public_key, message=message, signature=malleated) == [False, False]


@pytest.mark.parametrize("moved", [-3, -1, 1, 2])
def test_attack_bytes_moved_between_signature_and_message(moved: int) -> None:
    """The two parts are joined for libsodium, but a byte moved across the seam is refused before that."""
    seed = ed25519.load_private_key(bytes(32))
    message = b"exported"
    whole = seed.sign(message) + message
    public_key = seed.public_key().public_bytes_raw()

    found = verdicts(public_key=public_key, message=whole[64 + moved :], signature=whole[: 64 + moved])

    assert found == [False, False]


@given(st.data())
def test_libraries_agree_on_damaged_signatures(data: st.DataObject) -> None:
    """Any one bit changed in key, message or signature is refused by both libraries alike."""
    key = ed25519.load_private_key(data.draw(st.binary(min_size=32, max_size=32)))
    message = data.draw(st.binary(max_size=100))
    whole = bytearray(key.public_key().public_bytes_raw() + key.sign(message) + message)
    assert verdicts(**_split(bytes(whole))) == [True, True]

    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8

    assert verdicts(**_split(bytes(whole))) == [False, False]


@given(st.binary(min_size=96, max_size=160))
def test_arbitrary_bytes_raise_only_our_errors(raw: bytes) -> None:
    """Noise is refused with SignatureError or KeyRefusedError by both libraries."""
    assert verdicts(**_split(raw)) == [False, False]


def _split(whole: bytes) -> dict[str, bytes]:
    return {"public_key": whole[:32], "signature": whole[32:96], "message": whole[96:]}


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(size: int) -> None:
    """A private key comes from 32 bytes and from nothing else."""
    for load in (ed25519.load_private_key, ed25519.signing):
        with pytest.raises(KeyRefusedError):
            load(bytes(size))


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=300))
def test_both_libraries_sign_to_the_byte(seed: bytes, message: bytes) -> None:
    """A signature depends on seed and message alone, whichever library makes it (RFC 8032, 5.1.6)."""
    assert ed25519.signing(seed)(message) == ed25519.load_private_key(seed).sign(message)


def test_verification_runs_beside_other_threads() -> None:
    """The server verifies on two cores because libsodium is called without the interpreter's lock."""
    key = ed25519.load_private_key(bytes(32))
    message = bytes(32 * 1024 * 1024)  # long enough that a free interpreter is certain to get a turn
    signature = key.sign(message)
    public_key = key.public_key().public_bytes_raw()
    gate = _thread.allocate_lock()
    gate.acquire()
    finished = []

    def verify() -> None:
        gate.release()
        ed25519.verify(public_key=public_key, message=message, signature=signature)
        finished.append(True)

    worker = threading.Thread(target=verify)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1_000)  # nobody is asked to give the lock up, so this thread runs only if it is released
    try:
        worker.start()
        gate.acquire()
        ran_beside = not finished
    finally:
        sys.setswitchinterval(interval)
        worker.join()

    assert ran_beside
    assert finished == [True]
