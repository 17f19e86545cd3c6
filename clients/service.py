"""The ledger service as an agency calls it (docs/protocol.md, 10). What comes back is shaped, not yet believed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from clients.problems import problem_error
from clients.requestsigning import RequestSigner
from clients.transport import Request, Response, Transport
from crypto.signing import Signer
from ledger.errors import MalformedError
from ledger.identifiers import KeyId, StatementName
from ledger.notices import NoticePage, parse_page
from ledger.padding import PADDED_BYTES
from ledger.tiles import MAX_ENTRY_BUNDLE_BYTES, TilePath
from ledger.wire import limits, paths
from ledger.wire.frames import parse_frames
from ledger.wire.matching import (
    EVALUATION_ANSWER,
    EVALUATION_REQUEST,
    REVIEWS,
    USAGE,
    EvaluationAnswer,
    EvaluationRequest,
    Reviews,
    Usage,
)
from ledger.wire.requests import SIGNATURE, SIGNATURE_INPUT
from ledger.wire.schemas import (
    AGENCY_HEAD,
    BLOB_REQUEST,
    CHARTER_LIST,
    FEED,
    LOGGED_ENTRY,
    RECEIPT,
    AgencyHead,
    BlobName,
    BlobRequest,
    CharterList,
    Feed,
    LoggedEntry,
    Receipt,
)

MAX_BLOBS_BYTES = limits.MAX_BLOB_NAMES * (4 + 16_384)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """An answer, and the two fields that signed its question: what the access log commits to (docs/protocol.md, 6.12)."""

    body: bytes = field(repr=False)
    signature_input: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedEvaluation:
    """An evaluation, the bytes that asked for it, and how they were signed."""

    answer: EvaluationAnswer
    request: bytes = field(repr=False)
    signed: SignedAnswer


class Service:
    """One service; with a request signer every call that may need a signature carries one."""

    def __init__(self, transport: Transport, *, signer: RequestSigner | None = None) -> None:
        """Take the way to the service, and the agency's `http` key where there is one."""
        self._transport = transport
        self._signer = signer

    def signed_by(self, signer: Signer, kid: KeyId) -> "Service":
        """Return the same service, asked with another key where it is asked with one."""
        anew = None if self._signer is None else replace(self._signer, signer=signer, kid=kid)
        return Service(self._transport, signer=anew)

    def checkpoint(self) -> bytes:
        """Return the published checkpoint."""
        return self._get(paths.CHECKPOINT, limit=limits.MAX_NOTE_BYTES)

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile or an entry bundle; raise NotFoundError."""
        return self._get(f"/{path.format()}", limit=MAX_ENTRY_BUNDLE_BYTES)

    def charters(self) -> CharterList:
        """Return which charters the service has."""
        return CHARTER_LIST.read(self._get(paths.CHARTERS, limit=limits.MAX_JSON_BYTES))

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""
        return self._get(paths.charter(ver), limit=limits.MAX_CHARTER_BYTES)

    def handover(self, index: int) -> bytes:
        """Return the published checkpoint that first held the entry at `index`; raise NotFoundError."""
        return self._get(paths.FIRST_CHECKPOINT, query=f"index={index}", limit=limits.MAX_NOTE_BYTES)

    def entry(self, index: int) -> LoggedEntry:
        """Return the entry at `index` and its proof."""
        return LOGGED_ENTRY.read(self._get(paths.entry(index), limit=limits.MAX_JSON_BYTES))

    def statement(self, name: StatementName) -> LoggedEntry:
        """Return the statement of that name and its proof; raise NotFoundError."""
        return LOGGED_ENTRY.read(self._get(paths.statement(name), limit=limits.MAX_JSON_BYTES))

    def agency_head(self, iss: str) -> AgencyHead:
        """Return where an agency's chain of batches stands."""
        return AGENCY_HEAD.read(self._get(paths.agency_head(iss), limit=limits.MAX_JSON_BYTES))

    def feed(self, after: int) -> Feed:
        """Return what concerns this agency after index `after` (-1 at first)."""
        return FEED.read(self._get(paths.FEED, query=f"after={after}", limit=limits.MAX_JSON_BYTES))

    def blobs(self, names: Sequence[BlobName]) -> tuple[bytes, ...]:
        """Return the blobs of `names` in order, empty for what is not there or not for this agency."""
        raw = BLOB_REQUEST.write(BlobRequest(get=tuple(names)))
        frames = parse_frames(self._post(paths.BLOBS, raw, paths.JSON_TYPE, limit=MAX_BLOBS_BYTES), most=len(names))
        if len(frames) != len(names):
            raise MalformedError("the service answered with fewer blobs than were asked for")
        return frames

    def evaluate(self, request: EvaluationRequest) -> SignedEvaluation:
        """Return blinded elements evaluated under the service's key, and what was signed; the proof is not verified."""
        raw = EVALUATION_REQUEST.write(request)
        signed = self._ask(paths.EVALUATIONS, raw, paths.JSON_TYPE, limit=limits.MAX_EVALUATION_BYTES)
        return SignedEvaluation(answer=EVALUATION_ANSWER.read(signed.body), request=raw, signed=signed)

    def match(self, question: bytes) -> SignedAnswer:
        """Return the padded answer to a question, not verified here, and how the question was signed."""
        return self._ask(paths.MATCHES, question, paths.QUESTION_TYPE, limit=PADDED_BYTES)

    def access_checkpoint(self) -> bytes:
        """Return the published checkpoint of the access log."""
        return self._get(paths.ACCESS_CHECKPOINT, limit=limits.MAX_ENTRY_BYTES)

    def access_tile(self, path: TilePath) -> bytes:
        """Return a hash tile or an entry bundle of the access log; raise NotFoundError."""
        return self._get(f"/access/{path.format()}", limit=MAX_ENTRY_BUNDLE_BYTES)

    def notices(self, after: int) -> NoticePage:
        """Return what waits for this agency after a cursor of its own (0 at first)."""
        return parse_page(self._get(paths.NOTICES, query=f"after={after}", limit=PADDED_BYTES))

    def review(self, ids: Sequence[bytes]) -> None:
        """Say which silent hits were looked into."""
        self._post(paths.REVIEWS, REVIEWS.write(Reviews(ids=tuple(ids))), paths.JSON_TYPE)

    def usage(self) -> Usage:
        """Return what agencies used of their limits, and overdue reviews, as an auditor of the charter is shown them."""
        return USAGE.read(self._get(paths.USAGE, limit=limits.MAX_USAGE_BYTES), limit=limits.MAX_USAGE_BYTES)

    def complain(self, complaint: bytes) -> None:
        """Call the charter's auditors to an entry of the access log."""
        self._post(paths.COMPLAINTS, complaint, paths.COMPLAINT_TYPE)

    def complaints(self, after: int) -> NoticePage:
        """Return complaints after a cursor of an auditor's own (0 at first)."""
        return parse_page(self._get(paths.COMPLAINTS, query=f"after={after}", limit=PADDED_BYTES))

    def submit_batch(self, body: bytes) -> Receipt:
        """Send a batch; the receipt is not verified here."""
        return RECEIPT.read(self._post(paths.BATCHES, body, paths.BATCH_TYPE))

    def submit_charter(self, file: bytes) -> Receipt:
        """Send a charter file; its root signatures speak for it."""
        return RECEIPT.read(self._post(paths.CHARTERS, file, paths.CHARTER_TYPE, signed=False))

    def submit_key(self, entry: bytes) -> Receipt:
        """Send a key entry; its root signatures speak for it."""
        return RECEIPT.read(self._post(paths.KEYS, entry, paths.KEY_TYPE, signed=False))

    def witness_pending(self, *, log: str, old: int) -> bytes | None:
        """Return what a witness that last cosigned `old` entries is to cosign; None if nothing came up for a while."""
        query = f"log={log}&old={old}"
        return self._get(paths.WITNESS_PENDING, query=query, limit=limits.MAX_WITNESS_BYTES) or None

    def witness_cosignatures(self, note: bytes) -> None:
        """Send a checkpoint under this witness's own cosignatures."""
        self._post(paths.WITNESS_COSIGNATURES, note, paths.TEXT_TYPE, limit=limits.MAX_WITNESS_BYTES)

    def _ask(self, path: str, body: bytes, content_type: str, *, limit: int) -> SignedAnswer:
        request = self._request(path, body, content_type, signed=True)
        fields = {name.lower(): value for name, value in request.headers}
        return SignedAnswer(
            body=self._send(request, limit),
            signature_input=fields.get(SIGNATURE_INPUT.lower(), ""),
            signature=fields.get(SIGNATURE.lower(), ""),
        )

    def _get(self, path: str, *, query: str = "", limit: int) -> bytes:
        request = Request(method="GET", path=path, query=query)
        return self._send(request if self._signer is None else self._signer.sign(request), limit)

    def _post(
        self, path: str, body: bytes, content_type: str, *, signed: bool = True, limit: int = limits.MAX_JSON_BYTES
    ) -> bytes:
        return self._send(self._request(path, body, content_type, signed=signed), limit)

    def _request(self, path: str, body: bytes, content_type: str, *, signed: bool) -> Request:
        request = Request(method="POST", path=path, body=body, headers=(("Content-Type", content_type),))
        if signed and self._signer is not None:
            return self._signer.sign(request, content_type=content_type)
        return request

    def _send(self, request: Request, limit: int) -> bytes:
        response = self._transport.send(request, limit=limit)
        return _success(response)


def _success(response: Response) -> bytes:
    if response.status not in {200, 201, 204}:
        raise problem_error(response)
    return response.body
