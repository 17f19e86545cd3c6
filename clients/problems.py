"""A problem the service answered with, as the error of ours that it stands for (docs/protocol.md, 10)."""

from collections.abc import Callable, Mapping

from clients.errors import ClientError, NotPermittedError, StaleError, UnreachableError
from clients.transport import Response
from ledger import errors
from ledger.errors import LedgerError
from ledger.wire import paths
from ledger.wire.schemas import PROBLEM, Problem

_PREFIX = paths.PROBLEMS.format(type="")


def problem_error(response: Response) -> Exception:
    """Return the error to raise for an answer that is no success."""
    if response.content_type.partition(";")[0].strip() != paths.PROBLEM_TYPE:
        return UnreachableError(
            f"the service answered with status {response.status} and not in its own words",
            next_step="check that the address is the ledger service's, then try again",
        )
    try:
        problem = PROBLEM.read(response.body)
    except LedgerError:
        return UnreachableError(f"the service answered with status {response.status} and a problem that cannot be read")
    return _error(problem, response)


def _error(problem: Problem, response: Response) -> Exception:
    name = problem.type.removeprefix(_PREFIX)
    text = f"the service refused: {problem.detail}"
    if name in _PLAIN:
        return _PLAIN[name](text)
    match name:
        case "batch-sequence":
            return errors.SequenceError(text, seq=problem.seq or 0, prev=problem.prev or bytes(32), index=problem.index)
        case "stale-keys":
            return errors.StaleKeysError(text, kx=problem.kx or 0)
        case "busy":
            return errors.BusyError(text, retry_after_seconds=response.retry_after_seconds)
        case _:
            return _ADVISED.get(name, UnreachableError)(text, next_step=problem.next)


_ADVISED: Mapping[str, type[ClientError]] = {"not-a-member": NotPermittedError, "unwitnessed": StaleError}
_PLAIN: Mapping[str, Callable[[str], LedgerError]] = {
    "malformed": errors.MalformedError,
    "too-large": errors.TooLargeError,
    "bad-signature": errors.BadSignatureError,
    "replayed": errors.ReplayedError,
    "stale-epoch": errors.StaleEpochError,
    "above-ceiling": errors.AboveCeilingError,
    "duplicate": errors.DuplicateError,
    "quota": errors.QuotaError,
    "not-found": errors.NotFoundError,
}
