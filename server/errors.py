"""The one table from exception to answer (RFC 9457, docs/protocol.md, 10). No text here quotes what was sent."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from crypto.errors import EncodingError, KeyRefusedError, OprfError, SignatureError
from ledger import errors
from ledger.wire.schemas import Problem


class ConfigError(Exception):
    """The service cannot start with what it was given; names the setting, never its value."""


class StartError(Exception):
    """The database and the charter do not fit each other, or the tree does not recompute: nothing is signed."""


class StorageError(Exception):
    """The database did not do what it was asked to, and said so."""


class WitnessError(Exception):
    """A witness that does not answer, or not with a cosignature; the text quotes nothing of its answer."""


class UnsupportedTypeError(errors.MalformedError):
    """A body of another media type than the path takes."""


class MethodError(errors.MalformedError):
    """A method that the path does not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A stable problem type: its status, its title and the step that follows."""

    type: str
    status: HTTPStatus
    title: str
    next: str


_MALFORMED = Kind(
    type="malformed",
    status=HTTPStatus.BAD_REQUEST,
    title="The request is not in the form the protocol names",
    next="Compare it with docs/protocol.md and send it again in its one spelling.",
)
_BAD_SIGNATURE = Kind(
    type="bad-signature",
    status=HTTPStatus.UNAUTHORIZED,
    title="A signature is missing or does not verify",
    next="Sign with a key in force for this role; ask the consortium which keys the charter names.",
)
INTERNAL = Kind(
    type="internal",
    status=HTTPStatus.INTERNAL_SERVER_ERROR,
    title="The service failed",
    next="Send the same bytes again; if it fails again, give the operator the request id of the answer.",
)

TABLE: dict[type[Exception], Kind] = {
    errors.MalformedError: _MALFORMED,
    EncodingError: _MALFORMED,
    KeyRefusedError: _MALFORMED,
    OprfError: _MALFORMED,
    UnsupportedTypeError: Kind(
        type="malformed",
        status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        title="The body is of another type than this path takes",
        next="Set Content-Type to the type that /openapi.json names for this path.",
    ),
    MethodError: Kind(
        type="malformed",
        status=HTTPStatus.METHOD_NOT_ALLOWED,
        title="The path does not take this method",
        next="Use one of the methods that Allow names.",
    ),
    errors.LabelError: _MALFORMED,
    # What a witness that came itself has brought (9.10); of one that was asked it reaches no answer.
    WitnessError: _MALFORMED,
    errors.ProofError: _MALFORMED,
    errors.TooLargeError: Kind(
        type="too-large",
        status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        title="The request carries more than a limit allows",
        next="Send less at a time: at most 1,000 statements and 32 MiB in a batch.",
    ),
    errors.BadSignatureError: _BAD_SIGNATURE,
    SignatureError: _BAD_SIGNATURE,
    errors.NotAMemberError: Kind(
        type="not-a-member",
        status=HTTPStatus.FORBIDDEN,
        title="The charter in force does not admit this agency to this",
        next="Ask the consortium for a charter that names the agency, its role and its keys.",
    ),
    errors.ReplayedError: Kind(
        type="replayed",
        status=HTTPStatus.CONFLICT,
        title="The request was seen before, or is too old to be told from one that was",
        next="Check the clock and sign the request anew; a batch is sent again with the same body.",
    ),
    errors.SequenceError: Kind(
        type="batch-sequence",
        status=HTTPStatus.CONFLICT,
        title="The batch does not continue its agency's chain",
        next="Verify the entry at `index`, then sign the batch anew on top of `seq` and `prev`.",
    ),
    errors.StaleKeysError: Kind(
        type="stale-keys",
        status=HTTPStatus.CONFLICT,
        title="The charter or the agency's keys have changed since the batch was signed",
        next="Read the log up to `kx`, then sign the batch anew with keys in force.",
    ),
    errors.StaleEpochError: Kind(
        type="stale-epoch",
        status=HTTPStatus.CONFLICT,
        title="The epoch this was sealed under has ended",
        next="Issue the grants of a new epoch and seal the records again.",
    ),
    errors.AboveCeilingError: Kind(
        type="above-ceiling",
        status=HTTPStatus.FORBIDDEN,
        title="A grant is above the charter's ceiling for a recipient",
        next="Lower the level or leave that recipient out of the audience.",
    ),
    errors.DuplicateError: Kind(
        type="duplicate",
        status=HTTPStatus.CONFLICT,
        title="The log holds this already",
        next="Nothing was added; read what is logged under that name.",
    ),
    errors.QuotaError: Kind(
        type="quota",
        status=HTTPStatus.TOO_MANY_REQUESTS,
        title="A daily limit of the charter is used up",
        next="Wait for the next day (UTC), or agree a higher limit in the charter.",
    ),
    errors.NotFoundError: Kind(
        type="not-found",
        status=HTTPStatus.NOT_FOUND,
        title="Nothing of that name is here for you",
        next="Check the name against a verified entry of the log.",
    ),
    errors.UnwitnessedError: Kind(
        type="unwitnessed",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title="Too few witnesses have cosigned this yet",
        next="Ask again in a while; if it lasts, ask the agencies that witness the log, and the operator.",
    ),
    errors.BusyError: Kind(
        type="busy",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title="The service has work in flight for this asker",
        next="Wait as long as Retry-After says, then send the same bytes again.",
    ),
    # A head that moved under the writer is the service's own affair: the client only sends again.
    errors.ConflictError: Kind(
        type="busy",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title="Another writer moved the head of the log",
        next="Wait as long as Retry-After says, then send the same bytes again.",
    ),
}


def kind_of(error: Exception) -> Kind:
    """Return the problem type of an exception: of its class, or of the nearest class above it."""
    return next((TABLE[cls] for cls in type(error).__mro__ if cls in TABLE), INTERNAL)


def kinds() -> dict[str, list[Kind]]:
    """Return every kind of problem by its type; a type that comes with two statuses has two."""
    found: dict[str, list[Kind]] = {}
    for kind in dict.fromkeys([*TABLE.values(), INTERNAL]):
        found.setdefault(kind.type, []).append(kind)
    return found


def problem(error: Exception) -> Problem:
    """Return the problem document of an exception; only our own errors speak, since others may quote what was sent."""
    kind = kind_of(error)
    detail = str(error) if kind is not INTERNAL else "The failure was recorded under the request id."
    return Problem(
        type=f"/problems/{kind.type}",
        title=kind.title,
        status=kind.status.value,
        detail=detail,
        next=kind.next,
        **_members(error),
    )


def retry_after_seconds(error: Exception) -> int | None:
    """Return how long to wait before the same bytes are welcome again, if waiting helps."""
    if isinstance(error, errors.BusyError):
        return error.retry_after_seconds
    return 1 if isinstance(error, errors.ConflictError | errors.UnwitnessedError) else None


def _members(error: Exception) -> dict[str, Any]:
    match error:
        case errors.SequenceError():
            return {"seq": error.seq, "prev": error.prev, "index": error.index}
        case errors.StaleKeysError():
            return {"kx": error.kx}
        case _:
            return {}
