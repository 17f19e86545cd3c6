"""Refuse to start on a machine that lacks a primitive (docs/protocol.md, 2): no fallback, no downgrade.

Each check computes a published answer, or makes something and takes it apart again where the algorithm is randomised.
A library built without a primitive, or with a broken one, is found before the first key is touched.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from crypto import ed25519, hpke, oprf
from crypto.digests import expand, sha256
from crypto.errors import KeyRefusedError, OpenError, OprfError, PrimitiveError, SignatureError
from crypto.signing import Algorithm, SeedSigner

_SEED = bytes(range(32))


def _hashes() -> None:
    """FIPS 180-4 and FIPS 202 examples."""
    _same(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    _same(
        hashlib.shake_256(b"").digest(32),
        "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f",
    )


def _hkdf() -> None:
    """RFC 5869, A.1: the first block of OKM."""
    prk = bytes.fromhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
    info = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
    _same(expand(prk, info), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")


def _aes_256_gcm() -> None:
    """Test case 14 of the GCM specification (McGrew and Viega)."""
    sealed = AESGCM(bytes(32)).encrypt(bytes(12), bytes(16), b"")
    _same(sealed, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")


def _argon2id() -> None:
    """RFC 9106, 5.3."""
    hasher = Argon2id(
        salt=b"\x02" * 16, length=32, iterations=3, lanes=4, memory_cost=32, ad=b"\x04" * 12, secret=b"\x03" * 8
    )
    _same(hasher.derive(b"\x01" * 32), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")


def _ed25519() -> None:
    """RFC 8032, 7.1, test 1, by both libraries; and a key of small order is refused."""
    signer = SeedSigner(
        Algorithm.ED25519, bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    _same(signer.public_key.raw, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    _signs(signer)
    ed25519.verify_cryptography(public_key=signer.public_key.raw, message=b"", signature=signer.sign(b""))
    _refuses(KeyRefusedError, lambda: ed25519.check_public_key(bytes(32)))


def _ml_dsa_44() -> None:
    """RFC 9881, appendix C: the public key of the example seed, by its hash."""
    signer = SeedSigner(Algorithm.ML_DSA_44, _SEED)
    _same(sha256(signer.public_key.raw), "9f107644c1084526af3bc8098680b05499a2325a644e388fb4f970e058d19d46")
    _signs(signer)


def _ml_dsa_65() -> None:
    """RFC 9881, appendix C: the public key of the example seed, by its hash."""
    signer = SeedSigner(Algorithm.ML_DSA_65, _SEED)
    _same(sha256(signer.public_key.raw), "d666806e11cee19a7c989f7445f90dd419cf4d2d51db8c0fdb4c0f0a542238c9")
    _signs(signer)


def _hpke() -> None:
    """draft-connolly-cfrg-xwing-kem, test vector 1: the public key, by its hash; then seal and open."""
    decapsulator = hpke.SeedDecapsulator(
        bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
    )
    _same(sha256(decapsulator.public_key), "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb")
    box = hpke.seal(public_key=decapsulator.public_key, info=b"a", plaintext=_SEED)
    _same(decapsulator.open(box=box, info=b"a"), _SEED.hex())
    _refuses(OpenError, lambda: decapsulator.open(box=box, info=b"b"))


def _oprf() -> None:
    """RFC 9497, A.1.2: the public key and the first output; a proof under another key is refused, so is the identity."""
    key = bytes.fromhex("e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909")
    public = oprf.public_key(key)
    _same(public, "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e")
    blinded = oprf.blind([b"\x00"])
    evaluation = oprf.evaluate(key=key, elements=[blinded[0].element])
    (output,) = oprf.finalize(blinded=blinded, evaluation=evaluation, public_key=public)
    _same(
        output,
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
        "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
    )
    other = oprf.public_key(oprf.generate_key())
    _refuses(OprfError, lambda: oprf.finalize(blinded=blinded, evaluation=evaluation, public_key=other))
    _refuses(OprfError, lambda: oprf.evaluate(key=key, elements=[bytes(32)]))


CHECKS: Mapping[str, Callable[[], None]] = MappingProxyType(
    {
        "SHA-256 and SHAKE256": _hashes,
        "HKDF-SHA256": _hkdf,
        "AES-256-GCM": _aes_256_gcm,
        "Argon2id": _argon2id,
        "Ed25519": _ed25519,
        "ML-DSA-44": _ml_dsa_44,
        "ML-DSA-65": _ml_dsa_65,
        "HPKE with MLKEM768-X25519": _hpke,
        "VOPRF with ristretto255-SHA512": _oprf,
    }
)


@cache
def require_primitives() -> None:
    """Raise PrimitiveError, naming the primitive, unless all of them work on this machine.

    What a process has found to work is not tried again: it is the same library.
    """
    require_each(CHECKS)


def require_each(checks: Mapping[str, Callable[[], None]]) -> None:
    """Raise PrimitiveError for the first of the checks that fails, by its name."""
    for name, check in checks.items():
        try:
            check()
        except Exception as error:
            # Whatever a missing primitive raises in which library: the answer is always not to start.
            raise PrimitiveError(f"{name} is missing from this machine or broken: refusing to start") from error


def _same(found: bytes, expected: str) -> None:
    if found.hex() != expected:
        raise PrimitiveError("a known answer came out differently")


def _signs(signer: SeedSigner) -> None:
    key = signer.public_key
    signature = signer.sign(b"")
    key.verify(message=b"", signature=signature)
    _refuses(SignatureError, lambda: key.verify(message=b"x", signature=signature))


def _refuses(expected: type[Exception], attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except expected:
        return
    raise PrimitiveError("what must be refused was accepted")
