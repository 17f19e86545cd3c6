"""Batches: one agency's statements, closed by a root that a classical and a post-quantum key sign.

docs/protocol.md, 7. The batch is the unit of submission and of sequence; each names the one before it, so nothing an
agency signed can be left out or put in between without breaking a hash.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.digests import sha256
from crypto.encoding import b64u
from crypto.signing import Algorithm, Signer
from ledger import jsontext, jws
from ledger.errors import MalformedError
from ledger.identifiers import KeyId, agency_id, hash_of, origin_name
from ledger.kinds import Typ
from ledger.merkle import leaf_hashes, root_of

MAX_STATEMENTS = 1_000
FIRST_PREV = bytes(32)

_PAYLOAD_TYP = "sealtrace/v1/batch"
_ALGORITHMS = (Algorithm.ED25519, Algorithm.ML_DSA_65)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch entry taken apart; `general` holds the two signatures, neither verified here."""

    log: str
    iss: str
    iat: int
    seq: int
    prev: bytes
    kx: int
    n: int
    root: bytes
    payload: bytes
    general: jws.General

    @property
    def payload_hash(self) -> bytes:
        """Return H(payload): what the next batch of the agency names as `prev`."""
        return sha256(self.payload)


def statements_root(statements: Sequence[bytes]) -> bytes:
    """Return MTH of s₁…sₙ."""
    return root_of(leaf_hashes(statements))


def build_batch(  # noqa: PLR0913 - the members of the statement, all by name
    *,
    log: str,
    iss: str,
    iat: int,
    seq: int,
    prev: bytes,
    kx: int,
    statements: Sequence[bytes],
    sign: tuple[Signer, KeyId],
    batch: tuple[Signer, KeyId],
) -> bytes:
    """Return the batch entry that closes `statements`, signed by the agency's `sign` and `batch` keys."""
    payload = jsontext.dump(
        {
            "typ": _PAYLOAD_TYP,
            "log": log,
            "iss": iss,
            "iat": iat,
            "seq": seq,
            "prev": b64u(prev),
            "kx": kx,
            "n": len(statements),
            "root": b64u(statements_root(statements)),
        }
    )
    entry = jws.format_general(payload, tuple(_sign(payload, *key) for key in (sign, batch)))
    parse_batch(entry)
    return entry


def parse_batch(raw: bytes) -> Batch:
    """Return what a batch entry says; raise MalformedError for any other form. Verifies no signature."""
    general = jws.parse_general(raw, signatures=len(_ALGORITHMS))
    typ, log, iss, iat, seq, prev, kx, n, root = jsontext.members(
        jsontext.load(general.payload), "typ", "log", "iss", "iat", "seq", "prev", "kx", "n", "root"
    )
    if typ != _PAYLOAD_TYP:
        raise MalformedError("not the payload of a batch")
    batch = Batch(
        log=origin_name(log),
        iss=agency_id(iss),
        iat=jsontext.integer(iat),
        seq=jsontext.integer(seq, low=1),
        prev=hash_of(prev),
        kx=jsontext.integer(kx),
        n=jsontext.integer(n, low=1, high=MAX_STATEMENTS),
        root=hash_of(root),
        payload=general.payload,
        general=general,
    )
    _check(batch)
    return batch


def _sign(payload: bytes, signer: Signer, kid: KeyId) -> jws.Signature:
    protected = jws.protected_header(alg=signer.public_key.algorithm.value, kid=kid, typ=Typ.BATCH)
    return jws.Signature(protected=protected, signature=signer.sign(jws.signing_input(protected, payload)))


def _check(batch: Batch) -> None:
    """Raise MalformedError unless the signatures are one Ed25519 and one ML-DSA-65 of the issuer, in this order."""
    signatures = batch.general.signatures
    if len(signatures) != len(_ALGORITHMS):
        raise MalformedError("a batch has two signatures")
    for signature, algorithm in zip(signatures, _ALGORITHMS, strict=True):
        header = jws.parse_header(signature.protected)
        if (header.alg, header.kid.agency, header.typ) != (algorithm.value, batch.iss, Typ.BATCH):
            raise MalformedError(f"a batch signature that is not the issuer's {algorithm.value}")
        if len(signature.signature) != algorithm.signature_bytes:
            raise MalformedError("a signature of the wrong length")
