"""Sign a request with the agency's `http` key (docs/protocol.md, 10; RFC 9421, 2.5 and 3.1)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from clients.transport import Request
from crypto.encoding import b64
from crypto.signing import Signer
from ledger.identifiers import KeyId
from ledger.wire import requests


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSigner:
    """The `http` key of an agency, the authority it speaks to, a clock (POSIX seconds) and a source of nonces."""

    signer: Signer
    kid: KeyId
    authority: str
    clock: Callable[[], int]
    token_bytes: Callable[[int], bytes]

    def sign(self, request: Request, *, content_type: str = "") -> Request:
        """Return `request` with its signature, and with type and digest of its body where it has one."""
        parameters = requests.Parameters(
            created=self.clock(), keyid=self.kid, nonce=self.token_bytes(requests.NONCE_BYTES)
        )
        digest = None if request.body is None else requests.content_digest(request.body)
        signature_input = parameters.format(has_body=digest is not None)
        covered = {} if digest is None else {"content-type": content_type, "content-digest": digest}
        base = requests.signature_base(
            method=request.method,
            authority=self.authority,
            path=request.path,
            query=request.query,
            covered=covered,
            signature_input=signature_input,
        )
        signature = f"{requests.LABEL}=:{b64(self.signer.sign(base))}:"
        return replace(
            request,
            headers=(
                *request.headers,
                *(() if digest is None else (("Content-Digest", digest),)),
                (requests.SIGNATURE_INPUT, signature_input),
                (requests.SIGNATURE, signature),
            ),
        )
