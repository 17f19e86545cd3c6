"""A virtual authenticator: makes passkeys and answers challenges as a browser with a security key does (WebAuthn 3, 5 and 6).

Whatever a lying browser or a copied key could do is an argument: another origin, another relying party, no verification,
a counter that went back, a handle or a credential of somebody else.
"""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from struct import pack
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from crypto.encoding import b64u, unb64u

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
_AAGUID = bytes(16)


@dataclass
class Credential:
    """One passkey inside the authenticator."""

    rp_id: str
    handle: bytes
    name: str
    id: bytes = field(default_factory=lambda: token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0

    @property
    def cose(self) -> bytes:
        """Return the public key as COSE (RFC 9053): ES256 over P-256."""
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})


@dataclass
class Authenticator:
    """Somebody's security key in their browser, which is at `origin`."""

    origin: str
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: str, *, rp_id: str | None = None, **said: Any) -> str:
        """Answer options for a new passkey; `said` replaces members of the client data."""
        asked = json.loads(options)
        credential = Credential(
            rp_id=rp_id or asked["rp"]["id"], handle=unb64u(asked["user"]["id"]), name=asked["user"]["name"]
        )
        self.credentials.append(credential)
        attested = _AAGUID + pack(">H", len(credential.id)) + credential.id + credential.cose
        data = self._data(credential, self.flags | ATTESTED) + attested
        client = self._client("webauthn.create", asked["challenge"], said)
        response = {
            "clientDataJSON": b64u(client),
            "attestationObject": b64u(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return _answer(credential.id, response)

    def get(
        self,
        options: str,
        *,
        credential: Credential | None = None,
        rp_id: str | None = None,
        handle: bytes | None = None,
        **said: Any,
    ) -> str:
        """Answer options with a passkey, the first unless told otherwise; `said` replaces members of the client data."""
        asked = json.loads(options)
        chosen = credential or self.credentials[0]
        if self.counts:
            chosen.count += 1
        data = self._data(chosen, self.flags, rp_id=rp_id)
        client = self._client("webauthn.get", asked["challenge"], said)
        response = {
            "clientDataJSON": b64u(client),
            "authenticatorData": b64u(data),
            "signature": b64u(chosen.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))),
            "userHandle": b64u(chosen.handle if handle is None else handle),
        }
        return _answer(chosen.id, response)

    @staticmethod
    def _data(credential: Credential, flags: int, *, rp_id: str | None = None) -> bytes:
        return sha256((rp_id or credential.rp_id).encode()).digest() + bytes([flags]) + pack(">I", credential.count)

    def _client(self, kind: str, challenge: str, said: dict[str, Any]) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **said}
        ).encode()


def _answer(credential: bytes, response: dict[str, str]) -> str:
    return json.dumps({"id": b64u(credential), "rawId": b64u(credential), "type": "public-key", "response": response})
