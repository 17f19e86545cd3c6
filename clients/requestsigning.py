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
        digest = () if request.body is None else (("Content-Digest", requests.content_digest(request.body)),)
        signature_input = parameters.format(has_body=request.body is not None)
        base = self._base(request, content_type, signature_input)
        signature = f"{requests.LABEL}=:{b64(self.signer.sign(base))}:"
        return replace(
            request,
            headers=(
                *request.headers,
                *digest,
                (requests.SIGNATURE_INPUT, signature_input),
                (requests.SIGNATURE, signature),
            ),
        )

    def _base(self, request: Request, content_type: str, signature_input: str) -> bytes:
        values = {
            "@method": request.method,
            "@authority": self.authority,
            "@path": request.path,
            "@query": f"?{request.query}",
        }
        if request.body is not None:
            values |= {"content-type": content_type, "content-digest": requests.content_digest(request.body)}
        covered = signature_input.removeprefix(f"{requests.LABEL}=")
        lines = [f'"{name}": {value}' for name, value in values.items()]
        return "\n".join([*lines, f'"@signature-params": {covered}']).encode("ascii")
