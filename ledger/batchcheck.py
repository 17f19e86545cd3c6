"""The checks that make a batch one: keys, both signatures, chain, root (docs/protocol.md, 7).

Nothing here needs more than the batch, its statements and who is a member. The signatures of the statements can be
verified ahead and side by side, slice by slice: `verify_signatures` takes no lock and holds no state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.batches import FIRST_PREV, Batch
from ledger.checks import locate, refuse, require, require_signature
from ledger.errors import BadSignatureError, LedgerError, MalformedError, SequenceError, StaleKeysError
from ledger.jws import split_compact
from ledger.keys import HeaderKey
from ledger.kinds import STATEMENTS, Role, Typ
from ledger.log import BatchRow
from ledger.membership import Membership
from ledger.merkle import root_of
from ledger.submissions import Submission, first_places

_BATCH_ROLES = (Role.SIGN, Role.BATCH)
_STATEMENT_TYPS = frozenset(STATEMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Where an agency's chain of batches stands: its last seq, the hash of that payload, the index of that entry."""

    seq: int = 0
    prev: bytes = FIRST_PREV
    index: int | None = None


def find_logged(batch: Batch, *, logged: BatchRow | None, chain: Chain) -> BatchRow | None:
    """Return where a batch stands if it is logged already, whatever its signatures: signing twice differs (7).

    Asked before keys or statements are judged, so that a retry is answered even when the keys have changed since.
    Another payload for a used seq raises SequenceError.
    """
    if logged is None:
        return None
    require("batch/payload", expected=logged.payload_hash, found=batch.payload_hash, refusal=_sequence(chain))
    return logged


def verify_chain(batch: Batch, chain: Chain) -> None:
    """Raise SequenceError unless the batch is the next of its agency's chain."""
    require("batch/seq", expected=chain.seq + 1, found=batch.seq, refusal=_sequence(chain))
    require("batch/prev", expected=chain.prev, found=batch.prev, refusal=_sequence(chain))


def verify_batch(
    submission: Submission, *, membership: Membership, first: int, chain: Chain, verify_statements: bool = True
) -> None:
    """Raise unless a batch may stand with its first statement at `first`, as far as it does not depend on their content.

    Log, member, chain, kx, both signatures, headers, root; with `verify_statements` each statement's signature too.
    """
    batch, statements = submission.batch, submission.statements
    refusal = MalformedError("this batch is of another log")
    require("batch/log", expected=membership.origin, found=batch.log, refusal=refusal)
    membership.agency(batch.iss, first)
    verify_chain(batch, chain)
    _check_kx(batch, kx=membership.kx(batch.iss, first))
    headers = membership.headers(first)
    verify_both(batch, headers)
    _check_headers(submission, headers)
    refusal = MalformedError("these are not the statements that the batch was signed for")
    require("batch/root", expected=batch.root, found=root_of(submission.leaves), refusal=refusal)
    if verify_statements:
        verify_signatures(statements, headers, unreadable=submission.unreadable)


def verify_signatures(
    statements: Sequence[bytes], headers: Mapping[bytes, HeaderKey], *, unreadable: frozenset[int] = frozenset()
) -> None:
    """Raise BadSignatureError unless every statement of the slice is signed by the key its header names.

    A pure function over a slice: libsodium lets go of the interpreter's lock, so a few threads run this side by side.
    """
    for place, statement in enumerate(statements):
        if place in unreadable:
            continue
        try:
            _verify_statement(statement, headers)
        except LedgerError as error:
            locate(error, place)
            raise


def _verify_statement(statement: bytes, headers: Mapping[bytes, HeaderKey]) -> None:
    item, signed = split_compact(statement)
    key = headers.get(item.protected)
    if key is None:
        raise BadSignatureError("a statement that names no key in force")
    require_signature(
        "statement/signature",
        kid=key.kid,
        key=key.public_key,
        message=signed,
        signature=item.signature,
        refusal=BadSignatureError("a statement's signature does not verify"),
    )


def _check_kx(batch: Batch, *, kx: int) -> None:
    refusal = StaleKeysError("a charter or key entry was appended since this batch was signed", kx=kx)
    require("batch/kx", expected=kx, found=batch.kx, refusal=refusal)


def verify_both(batch: Batch, headers: Mapping[bytes, HeaderKey]) -> None:
    """Raise BadSignatureError unless the Ed25519 and the ML-DSA-65 signature are good, each by name: one of two is none."""
    for item, role in zip(batch.general.signatures, _BATCH_ROLES, strict=True):
        key = headers.get(item.protected)
        refusal = BadSignatureError("a batch is signed by a sign and a batch key of its agency, both in force")
        if key is None or (key.agency, key.typ, key.role) != (batch.iss, Typ.BATCH, role):
            expected = f"the header of a {role.value} key of {batch.iss} in force"
            raise refuse("batch/header", expected=expected, found="another", refusal=refusal)
        require_signature(
            "batch/signature",
            kid=key.kid,
            key=key.public_key,
            message=batch.general.signing_input(item),
            signature=item.signature,
            refusal=refusal,
        )


def _sequence(chain: Chain) -> SequenceError:
    return SequenceError(
        "this batch does not continue its agency's chain", seq=chain.seq, prev=chain.prev, index=chain.index
    )


def _check_headers(submission: Submission, headers: Mapping[bytes, HeaderKey]) -> None:
    """Raise BadSignatureError unless every statement has the exact header of a `sign` key of its agency in force."""
    iss = submission.batch.iss
    for header, place in first_places(submission.headers, submission.unreadable).items():
        key = headers.get(header)
        if key is None or key.agency != iss or key.typ not in _STATEMENT_TYPS:
            refusal = refuse(
                "statement/header",
                expected=f"a header of a sign key of {iss} in force",
                found="none of them" if key is None else f"one of {key.kid} for {key.typ.value}",
                refusal=BadSignatureError("a statement that names no key its agency may sign it with"),
            )
            locate(refusal, place)
            raise refusal
