"""What still counts of a batch that does not stand, so that one fault is not reported as many.

An audit that finds a fault goes on, and judges what follows by what came before. If nothing of a bad batch counted,
every later batch of its agency would be reported for a place in the chain, an epoch or a record that the log does
hold. So what the agency has demonstrably signed is carried on: its single statements, each verified, and its chain if
the agency itself signs on top of it (`LogState.pass_over`). The batch stays a finding and the verdict FAILED.
"""

from collections.abc import Mapping, Sequence

from crypto.errors import CryptoError
from ledger.batchcheck import verify_signatures
from ledger.batches import Batch
from ledger.epochs import IssuerEpochs, judge_grant
from ledger.errors import LedgerError, NotAMemberError
from ledger.grants import Grant
from ledger.keys import HeaderKey
from ledger.kinds import STATEMENTS, Typ
from ledger.state import LogState
from ledger.submissions import Depth, Statement, parse_statement


def salvage(
    state: LogState, batch: Batch, statements: Sequence[bytes], *, depth: Depth
) -> tuple[Statement | None, ...]:
    """Step over a batch; return its statements that are their agency's own, None for the others, and let grants count.

    At the depth of structure only grants are looked at, as in a batch that stands.
    """
    wanted = (Typ.GRANT,) if depth is Depth.STRUCTURE else STATEMENTS
    headers = _headers(state, batch.iss)
    read = tuple(_read(raw, headers, wanted=wanted) for raw in statements)
    if headers:
        state.epochs.enter(batch.iss, _with_grants(state, batch.iss, read))
        state.pass_over(batch, len(statements) + 1)
    else:
        state.skip(len(statements) + 1)
    return read


def _headers(state: LogState, iss: str) -> Mapping[bytes, HeaderKey]:
    """Return the headers under which `iss` may sign statements here; none for a stranger."""
    try:
        state.membership.agency(iss, state.size)
    except NotAMemberError:
        return {}
    headers = state.membership.headers(state.size)
    return {raw: key for raw, key in headers.items() if key.agency == iss and key.typ in STATEMENTS}


def _read(raw: bytes, headers: Mapping[bytes, HeaderKey], *, wanted: Sequence[Typ]) -> Statement | None:
    key = headers.get(raw[: raw.find(b".")])
    if key is None or key.typ not in wanted:
        return None
    try:
        verify_signatures((raw,), headers)
        return parse_statement(raw, key.typ)
    except (LedgerError, CryptoError):
        return None


def _with_grants(state: LogState, iss: str, statements: Sequence[Statement | None]) -> IssuerEpochs:
    epochs = state.epochs.current(iss)
    for index, statement in enumerate(statements, start=state.size):
        if isinstance(statement, Grant):
            try:
                epochs = judge_grant(epochs, statement, index=index, batch=state.size, membership=state.membership)
            except LedgerError:
                continue
    return epochs
