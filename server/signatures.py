"""Verify a signed request (docs/protocol.md, 10; docs/adr/0023).

`ledger/wire/requests.py` says what a signature must cover and how that is spelled, and is compared first. The
library then rebuilds the signature base from the request itself (RFC 9421, 2.5): our clients build it by hand, so the
two check each other. What it is told and what it is not asked stands in `_Verifier`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
)

from crypto.encoding import b64u
from crypto.signing import PublicKey
from ledger.errors import BadSignatureError
from ledger.identifiers import KeyId
from ledger.log import Nonce
from ledger.wire import requests

FindKey = Callable[[KeyId], PublicKey]
"""Returns the `http` key of that id in force; raises NotAMemberError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request as the library wants it. `url` begins with the charter's url: what the Host header says is not asked."""

    method: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who signed a request, the nonce that makes its effect happen once, and the signature's two fields as received."""

    agency: str
    nonce: Nonce
    signature_input: str = ""
    signature: str = ""


def message(*, method: str, base_url: str, path: str, query: str, headers: Iterable[tuple[str, str]]) -> Message:
    """Return the request for verification; raise BadSignatureError if a field the signature rests on stands twice."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name.lower() in found:
            raise BadSignatureError("a field of the request stands twice")
        found[name.lower()] = value
    url = f"{base_url}{path}" + (f"?{query}" if query else "")
    return Message(method=method, url=url, headers=found)


def verify_request(request: Message, *, has_body: bool, find_key: FindKey, now: int) -> Asker:
    """Return who signed `request`; raise BadSignatureError, NotAMemberError or ReplayedError.

    The body is not needed: its digest is covered, and `requests.verify_content_digest` compares it once it is read.
    """
    parameters = requests.parse_signature_input(_field(request, requests.SIGNATURE_INPUT), has_body=has_body)
    requests.parse_signature(_field(request, requests.SIGNATURE))
    requests.verify_fresh(parameters.created, now=now)
    key = find_key(parameters.keyid)
    try:
        _Verifier(key).verify(request, expect_tag=requests.TAG, expect_label=requests.LABEL)
    except HTTPMessageSignaturesException as error:
        raise BadSignatureError("the request's signature does not verify") from error
    expires = now + requests.NONCE_SECONDS
    nonce = Nonce(keyid=str(parameters.keyid), nonce=b64u(parameters.nonce), expires=expires)
    return Asker(
        agency=parameters.keyid.agency,
        nonce=nonce,
        signature_input=_field(request, requests.SIGNATURE_INPUT),
        signature=_field(request, requests.SIGNATURE),
    )


def _field(request: Message, name: str) -> str:
    value = request.headers.get(name.lower())
    if value is None:
        raise BadSignatureError(f"the request has no {name}")
    return value


class _Ed25519(HTTPSignatureAlgorithm):
    """The strict Ed25519 of `crypto/`, which refuses the keys and signatures that the library's own lets through."""

    algorithm_id = requests.ALGORITHM

    def __init__(self, public_key: PublicKey | None = None, private_key: object = None) -> None:
        del private_key
        self._key = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        if self._key is None:
            raise BadSignatureError("there is no key to verify with")
        self._key.verify(message=message, signature=signature)


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: PublicKey) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Any:
        del key_id
        return self._key


class _Verifier(HTTPMessageVerifier):
    """The library with one key and one algorithm, told the tag and the label."""

    def __init__(self, key: PublicKey) -> None:
        super().__init__(signature_algorithm=_Ed25519, key_resolver=_OneKey(key))

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        """Leave the age to `requests.verify_fresh`: the library would read the machine's clock, not the service's."""
        del sig_input, max_age
