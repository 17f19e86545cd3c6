"""The library under our rules: it verifies the RFC's own signature, with our Ed25519 and our clock."""

import base64

import pytest
from http_message_signatures import InvalidSignature

from crypto.errors import SignatureError
from crypto.signing import Algorithm, PublicKey, SeedSigner
from ledger.errors import BadSignatureError
from server.signatures import Message, _Ed25519, _Verifier, message
from tests.support.reference import vector_json

VECTOR = "crypto/rfc9421/ed25519.json"


def _rfc_message() -> tuple[Message, PublicKey]:
    vector = vector_json(VECTOR)
    pem = "".join(vector["public_key_pem"].splitlines()[1:-1])
    key = PublicKey(algorithm=Algorithm.ED25519, raw=base64.b64decode(pem)[-32:])
    request = vector["request"]
    fields = {**request["headers"], "Signature-Input": vector["signature_input"], "Signature": vector["signature"]}
    headers = {name.lower(): value for name, value in fields.items()}
    return Message(method=request["method"], url=request["url"], headers=headers), key


def test_the_signature_of_rfc_9421_verifies() -> None:
    """RFC 9421, B.2.6: an Ed25519 signature made elsewhere, over components we do not use."""
    request, key = _rfc_message()

    (result,) = _Verifier(key).verify(request)

    assert result.parameters == {"created": 1618884473, "keyid": "test-key-ed25519"}


@pytest.mark.parametrize("field", ["date", "content-type", "content-length"])
def test_a_changed_field_breaks_it(field: str) -> None:
    """Everything the vector covers counts."""
    request, key = _rfc_message()
    changed = Message(method=request.method, url=request.url, headers={**request.headers, field: "changed"})

    with pytest.raises(InvalidSignature):
        _Verifier(key).verify(changed)


def test_a_field_that_stands_twice_is_refused() -> None:
    """Two fields of one name are two requests."""
    with pytest.raises(BadSignatureError, match="twice"):
        message(method="GET", base_url="https://x", path="/", query="", headers=[("A", "1"), ("a", "1")])


def test_without_a_key_nothing_verifies() -> None:
    """The algorithm refuses rather than passes when it was given nothing."""
    with pytest.raises(BadSignatureError):
        _Ed25519().verify(b"", b"")


def test_the_algorithm_is_the_strict_one() -> None:
    """A signature of the identity point, which the library's own Ed25519 would weigh, is refused."""
    key = SeedSigner(Algorithm.ED25519, bytes(32)).public_key

    with pytest.raises(SignatureError):
        _Ed25519(public_key=key).verify(b"\x01" + bytes(63), b"message")
