"""From errors to pages: the only such table of the desk. What happened, why, what to do; never a stack trace."""

from dataclasses import dataclass
from http import HTTPStatus

from flask_babel import lazy_gettext as _l  # type: ignore[import-untyped]  # it has no types
from sqlalchemy.exc import SQLAlchemyError

from clients.cli.exits import next_step
from clients.desk.gate import RefusedError
from clients.desk.once import DoneBeforeError
from clients.desk.sentences import linked
from clients.errors import (
    ClientError,
    HomeError,
    ListError,
    NotPermittedError,
    PassphraseError,
    StaleError,
    TrustError,
    UnreachableError,
)
from clients.intake.store import ChangedError, MissingError
from crypto.errors import CryptoError
from ledger import decision, errors
from ledger.checks import CheckFailedError
from ledger.officers import ApprovalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An error as its page shows it; `alarming` stops the page in red, for what no accident explains."""

    status: HTTPStatus
    title: str
    what: str
    next_step: str
    check: str = ""
    alarming: bool = False


_ALARMING = _l("A verification failed")
_TABLE: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    (errors.NotFoundError, HTTPStatus.NOT_FOUND, _l("There is no such thing here")),
    (decision.NotPermittedError, HTTPStatus.FORBIDDEN, _l("You may not see this")),
    (NotPermittedError, HTTPStatus.FORBIDDEN, _l("This is not permitted")),
    (errors.NotAMemberError, HTTPStatus.FORBIDDEN, _l("This is not permitted")),
    (errors.AboveCeilingError, HTTPStatus.FORBIDDEN, _l("This is not permitted")),
    (ApprovalError, HTTPStatus.FORBIDDEN, _l("This is not permitted")),
    (PassphraseError, HTTPStatus.FORBIDDEN, _l("The passphrase is not right")),
    (errors.QuotaError, HTTPStatus.TOO_MANY_REQUESTS, _l("The day's limit is used up")),
    (errors.BusyError, HTTPStatus.SERVICE_UNAVAILABLE, _l("The service is busy")),
    (UnreachableError, HTTPStatus.SERVICE_UNAVAILABLE, _l("The service cannot be reached")),
    (StaleError, HTTPStatus.SERVICE_UNAVAILABLE, _l("What is known is too old")),
    (errors.UnwitnessedError, HTTPStatus.SERVICE_UNAVAILABLE, _l("Too few witnesses have vouched for it yet")),
    (TrustError, HTTPStatus.BAD_GATEWAY, _ALARMING),
    (errors.ProofError, HTTPStatus.BAD_GATEWAY, _ALARMING),
    (errors.BadSignatureError, HTTPStatus.BAD_GATEWAY, _ALARMING),
    (DoneBeforeError, HTTPStatus.CONFLICT, _l("This was done already")),
    (MissingError, HTTPStatus.NOT_FOUND, _l("There is no such thing here")),
    (ChangedError, HTTPStatus.CONFLICT, _l("Somebody was quicker")),
    (errors.ConflictError, HTTPStatus.CONFLICT, _l("Somebody was quicker")),
    (errors.SequenceError, HTTPStatus.CONFLICT, _l("Somebody was quicker")),
    (errors.StaleEpochError, HTTPStatus.CONFLICT, _l("Somebody was quicker")),
    (errors.StaleKeysError, HTTPStatus.CONFLICT, _l("Somebody was quicker")),
    (errors.DuplicateError, HTTPStatus.CONFLICT, _l("This was done already")),
    (errors.ReplayedError, HTTPStatus.CONFLICT, _l("This was done already")),
    (ListError, HTTPStatus.UNPROCESSABLE_ENTITY, _l("This cannot be taken as it is")),
    (errors.LedgerError, HTTPStatus.UNPROCESSABLE_ENTITY, _l("This cannot be taken as it is")),
    (HomeError, HTTPStatus.INTERNAL_SERVER_ERROR, _l("The home of the desk needs attention")),
    (CryptoError, HTTPStatus.INTERNAL_SERVER_ERROR, _l("The home of the desk needs attention")),
    (ClientError, HTTPStatus.UNPROCESSABLE_ENTITY, _l("This cannot be done now")),
)


def shown(error: Exception) -> Shown:
    """Return how an error is shown; of one that is not ours nothing is told, since its text may hold content."""
    if isinstance(error, RefusedError):
        return Shown(status=error.status, title=str(error), what="", next_step=error.next_step)
    for kind, status, title in _TABLE:
        if isinstance(error, kind):
            return Shown(
                status=status,
                title=str(title),
                what=linked(error),
                next_step=linked(next_step(error)),
                check=_check(error),
                alarming=title is _ALARMING,
            )
    if isinstance(error, (SQLAlchemyError, OSError)):
        return Shown(
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            title=str(_l("A file of the home cannot be used")),
            what=type(error).__name__,
            next_step=str(
                _l("See that the disk is not full and that no other program holds the home, then try again.")
            ),
        )
    return Shown(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        title=str(_l("A defect of this program")),
        what=type(error).__name__,
        next_step=str(
            _l("What is logged is not affected. Tell your administrator what you did and what stands above.")
        ),
    )


def _check(error: Exception) -> str:
    failed = error.__cause__
    if not isinstance(failed, CheckFailedError):
        return ""
    return f"{failed.check}: {failed.expected} / {failed.found}"
