"""What a member writes who has good keys and no manners: any bytes in a payload or a header, properly signed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crypto.encoding import b64u, unb64u
from crypto.signing import Signer
from ledger.identifiers import KeyId
from ledger.jws import Signature, format_compact, format_general, parse_compact, parse_general, protected_header
from ledger.kinds import Role, Typ
from ledger.statements import SealedStatement
from tests.support.consortium import Consortium, roots_of

Change = Callable[[bytes], bytes]
Signers = Sequence[tuple[Signer, KeyId]]


def same(raw: bytes) -> bytes:
    """Change nothing."""
    return raw


def headers(signers: Signers, typ: Typ) -> tuple[bytes, ...]:
    """Return the protected headers that these signers write, in JSON."""
    kids = [(signer.public_key.algorithm.value, kid) for signer, kid in signers]
    return tuple(unb64u(protected_header(alg=alg, kid=kid, typ=typ)) for alg, kid in kids)


def sign_general(payload: bytes, signers: Signers, typ: Typ, *, header: Change = same) -> bytes:
    """Return any payload under any headers in JSON General, every signature good."""
    spelled = [b64u(header(raw)).encode() for raw in headers(signers, typ)]
    encoded = b64u(payload).encode()
    signed = zip(signers, spelled, strict=True)
    return format_general(
        payload,
        tuple(
            Signature(protected=protected, signature=signer.sign(protected + b"." + encoded))
            for (signer, _), protected in signed
        ),
    )


def sign_compact(payload: bytes, signers: Signers, typ: Typ, *, header: Change = same) -> bytes:
    """Return any payload under any header as a compact JWS, its signature good."""
    ((signer, _),) = signers
    protected = b64u(header(headers(signers, typ)[0])).encode()
    signed = protected + b"." + b64u(payload).encode()
    return format_compact(signed, signer.sign(signed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A member of a consortium, about to hand in its first batch: one grant, one record, one message or a key entry."""

    consortium: Consortium
    iss: str
    statements: Mapping[Typ, SealedStatement]

    def statement(self, typ: Typ, *, payload: Change = same, header: Change = same) -> bytes:
        """Return a statement with its payload or header changed, signed as it then is."""
        honest = parse_compact(self.statements[typ].entry).payload
        return sign_compact(payload(honest), [self._key(Role.SIGN)], typ, header=header)

    def batch(self, *, payload: Change = same, header: Change = same, typ: Typ = Typ.GRANT) -> bytes:
        """Return the batch over a grant with its payload or headers changed, signed twice as it then is."""
        honest = parse_general(self.consortium.batch(self.iss, [self.statements[typ]])).payload
        return sign_general(payload(honest), [self._key(Role.SIGN), self._key(Role.BATCH)], Typ.BATCH, header=header)

    def key_entry(self, entry: bytes, *, payload: Change = same, header: Change = same) -> bytes:
        """Return a key entry with its payload or headers changed, signed by both roots as it then is."""
        return sign_general(payload(parse_general(entry).payload), self._roots(), Typ.KEY, header=header)

    def _roots(self) -> Signers:
        agency = self.consortium.state.membership.agency(self.iss, self.consortium.state.size)
        return [(signer, key.kid) for signer, key in roots_of(agency)]

    def _key(self, role: Role) -> tuple[Signer, KeyId]:
        return self.consortium.signing(self.iss, role)


def sign_file(payload: bytes, consortium: Consortium, *, header: Change = same) -> bytes:
    """Return a charter file of any payload, signed by all members of the charter in force."""
    signers = [(signer, key.kid) for agency in consortium.current.agencies for signer, key in roots_of(agency)]
    return sign_general(payload, signers, Typ.CHARTER, header=header)
