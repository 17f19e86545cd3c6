"""How an agency signs a request (docs/protocol.md, 10): RFC 9421 with one spelling, RFC 9530 for the body.

RFC 9421 lets a signer choose what to cover, in which order, under which label. Here there is one choice, so the
field `Signature-Input` is written from three values and read back by comparing: a signature that covers less,
or something else, is not even parsed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crypto.digests import sha256
from crypto.encoding import b64, b64u, unb64, unb64u
from crypto.errors import EncodingError
from ledger.errors import BadSignatureError, MalformedError, ReplayedError
from ledger.identifiers import KeyId, key_id

LABEL = "sealtrace"
TAG = "sealtrace/v1/req"
ALGORITHM = "ed25519"
COMPONENTS = ("@method", "@authority", "@path", "@query")
BODY_COMPONENTS = (*COMPONENTS, "content-type", "content-digest")
SIGNATURE_INPUT = "Signature-Input"
SIGNATURE = "Signature"
CONTENT_DIGEST = "Content-Digest"

NONCE_BYTES = 16
MAX_AGE_SECONDS = 60
MAX_SKEW_SECONDS = 5
NONCE_SECONDS = 120

_URL = re.compile(r"(https?)://([a-z0-9.-]{1,253}|\[[0-9a-f:]{2,45}\])(?::([1-9][0-9]{0,4}))?/?")
_OWN_PORTS = {("http", "80"), ("https", "443")}
_SIGNATURE = re.compile(rf"{LABEL}=:([A-Za-z0-9+/]{{86}}==):")
_INPUT = re.compile(r'.*;created=(\d{1,12});keyid="([^"]{1,64})";alg="ed25519";nonce="([^"]{22})";tag="[^"]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a request's signature says of itself: when it was made (POSIX seconds), by which key, once."""

    created: int
    keyid: KeyId
    nonce: bytes

    def format(self, *, has_body: bool) -> str:
        """Return the field `Signature-Input`, parameters in their one order."""
        covered = " ".join(f'"{name}"' for name in components(has_body=has_body))
        return (
            f'{LABEL}=({covered});created={self.created};keyid="{self.keyid}";alg="{ALGORITHM}"'
            f';nonce="{b64u(self.nonce)}";tag="{TAG}"'
        )


def components(*, has_body: bool) -> tuple[str, ...]:
    """Return what a request's signature covers, in order."""
    return BODY_COMPONENTS if has_body else COMPONENTS


def parse_signature_input(text: str, *, has_body: bool) -> Parameters:
    """Return the parameters that `text` spells; raise BadSignatureError for any other cover, order or spelling."""
    found = _INPUT.fullmatch(text)
    try:
        parameters = Parameters(
            created=int(found[1]) if found else 0,
            keyid=key_id(found[2] if found else ""),
            nonce=unb64u(found[3] if found else "", size=NONCE_BYTES),
        )
    except (EncodingError, MalformedError) as error:
        raise BadSignatureError("the signature's parameters are not those of the protocol") from error
    if parameters.format(has_body=has_body) != text:
        raise BadSignatureError("the signature covers other parts of the request than the protocol names")
    return parameters


def signature_base(  # noqa: PLR0913  the components of a request, all by name
    *, method: str, authority: str, path: str, query: str, covered: Mapping[str, str], signature_input: str
) -> bytes:
    """Return what a request's signature signs (RFC 9421, 2.5); `covered` are the fields of a body, if it has one."""
    values = {"@method": method, "@authority": authority, "@path": path, "@query": f"?{query}", **covered}
    lines = [f'"{name}": {value}' for name, value in values.items()]
    named = signature_input.removeprefix(f"{LABEL}=")
    return "\n".join([*lines, f'"@signature-params": {named}']).encode("ascii")


def parse_signature(field: str) -> bytes:
    """Return the one Ed25519 signature under the one label; raise BadSignatureError for any other spelling."""
    found = _SIGNATURE.fullmatch(field)
    try:
        return unb64(found[1] if found else "!", size=64)
    except EncodingError as error:
        raise BadSignatureError("the field Signature is not one Ed25519 signature under the one label") from error


def content_digest(body: bytes) -> str:
    """Return the field `Content-Digest` of `body` (RFC 9530, 2): sha-256 and nothing else."""
    return f"sha-256=:{b64(sha256(body))}:"


def verify_content_digest(field: str, *, body: bytes) -> None:
    """Raise BadSignatureError unless `field` is the digest of `body`; it says nothing before its signature is good."""
    if field != content_digest(body):
        raise BadSignatureError("the body is not the one that was signed")


def verify_fresh(created: int, *, now: int) -> None:
    """Raise ReplayedError unless a signature made at `created` is at most a minute old (POSIX seconds)."""
    if not now - MAX_AGE_SECONDS <= created <= now + MAX_SKEW_SECONDS:
        raise ReplayedError(f"the request is not from the last {MAX_AGE_SECONDS} seconds: check the clock, sign again")


def authority(url: str) -> str:
    """Return the `@authority` of a charter's `url` (RFC 9421, 2.2.3): the host, and the port unless the scheme's own.

    Raises MalformedError for what is no such URL.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise MalformedError("not a service's url like https://ledger.example")
    scheme, host, port = found.groups()
    return host if port is None or (scheme, port) in _OWN_PORTS else f"{host}:{port}"
