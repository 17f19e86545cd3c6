"""What each call of `ledger/wire/calls.py` does. A view reads its arguments, asks the service, and shapes the answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from ledger.errors import BadSignatureError, MalformedError, NotFoundError
from ledger.identifiers import StatementName, agency_id, jti_of
from ledger.tiles import TilePath
from ledger.wire import matching, schemas
from ledger.witnesses import LogName
from server import openapi
from server.errors import kinds
from server.pace import Pace
from server.ratelimit import RateLimit
from server.service import Service
from server.signatures import Asker
from server.submitting import Logged

NO_STORE = "no-store"
IMMUTABLE = "public, max-age=31536000, immutable"
PRIVATE_IMMUTABLE = "private, max-age=31536000, immutable"
SECONDS = "public, max-age=1"

_WHOLE = re.compile(r"0|[1-9][0-9]{0,15}")
_PENDING = re.compile(r"log=(log|access)&old=(0|[1-9][0-9]{0,15})")
_AFTER = re.compile(r"after=(-1|0|[1-9][0-9]{0,15})")
_INDEX = re.compile(r"index=(0|[1-9][0-9]{0,15})")
_CURSOR = re.compile(r"after=(0|[1-9][0-9]{0,15})")
_SUBMISSIONS_A_MINUTE = 30
# A proxy that compressed an answer would give its content away by its length (docs/protocol.md, 6.9).
UNCHANGED = "no-store, no-transform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request after the checks that all calls share; `address` is what its sender counts as (`counted_as`)."""

    asker: Asker | None
    names: Mapping[str, str]
    query: str
    body: bytes
    address: str

    def signer(self) -> Asker:
        """Return who signed; raise BadSignatureError, though the gate lets no signed call through without."""
        if self.asker is None:
            raise BadSignatureError("this call needs a signature")
        return self.asker


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An answer; its media type is the call's."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    cache: str = NO_STORE


View = Callable[[Incoming], Outgoing]


class Views:
    """One method for each call, by its name."""

    def __init__(self, service: Service, *, pace: Pace) -> None:
        """Take the service, and the steps of time in which questions are answered.

        The limit on unsigned submissions is by address and minute.
        """
        self._service = service
        self._reading = service.reading
        self._submitting = service.submitting
        self._matching = service.matching
        self._telling = service.telling
        self._complaining = service.complaining
        self._pace = pace
        self._limit = RateLimit(most=_SUBMISSIONS_A_MINUTE, seconds=60, clock=service.clock)
        self._openapi = openapi.written()

    def view(self, name: str) -> View:
        """Return the view of the call `name`."""
        view: View = getattr(self, name)
        return view

    def checkpoint(self, _request: Incoming) -> Outgoing:
        """Return the newest checkpoint."""
        return Outgoing(body=self._reading.checkpoint(), cache=SECONDS)

    def tile(self, request: Incoming) -> Outgoing:
        """Return a hash tile."""
        path = TilePath.parse(f"tile/{request.names['path']}")
        return Outgoing(body=self._reading.tile(path), cache=IMMUTABLE)

    def bundle(self, request: Incoming) -> Outgoing:
        """Return a bundle of entries; one for members alone must stay out of shared caches."""
        path = TilePath.parse(f"tile/entries/{request.names['path']}")
        return Outgoing(body=self._reading.tile(path), cache=PRIVATE_IMMUTABLE if request.asker else IMMUTABLE)

    def submit_batch(self, request: Incoming) -> Outgoing:
        """Log a batch."""
        return self._receipt(self._submitting.batch(request.body, request.signer()))

    def submit_charter(self, request: Incoming) -> Outgoing:
        """Log the next charter."""
        self._limit.take(request.address)
        return self._receipt(self._submitting.charter(request.body))

    def submit_key(self, request: Incoming) -> Outgoing:
        """Log a key entry."""
        self._limit.take(request.address)
        return self._receipt(self._submitting.key(request.body))

    def charters(self, _request: Incoming) -> Outgoing:
        """Return which charters there are."""
        return Outgoing(body=schemas.CHARTER_LIST.write(self._reading.charters()), cache=SECONDS)

    def charter(self, request: Incoming) -> Outgoing:
        """Return a charter file."""
        return Outgoing(body=self._reading.charter(_whole(request.names["ver"])), cache=IMMUTABLE)

    def handover(self, request: Incoming) -> Outgoing:
        """Return the published checkpoint that first held an entry."""
        found = _INDEX.fullmatch(request.query)
        if found is None:
            raise MalformedError("the query is index=INDEX, of an entry")
        return Outgoing(body=self._reading.first_checkpoint(int(found[1])), cache=IMMUTABLE)

    def statement(self, request: Incoming) -> Outgoing:
        """Return a statement by its name."""
        name = StatementName(agency_id(request.names["iss"]), jti_of(request.names["jti"]))
        return Outgoing(body=schemas.LOGGED_ENTRY.write(self._reading.statement(name)))

    def entry(self, request: Incoming) -> Outgoing:
        """Return an entry by its index."""
        return Outgoing(body=schemas.LOGGED_ENTRY.write(self._reading.entry(_whole(request.names["index"]))))

    def agency_head(self, request: Incoming) -> Outgoing:
        """Return where an agency's chain stands."""
        head = self._reading.agency_head(agency_id(request.names["iss"]), asker=request.signer().agency)
        return Outgoing(body=schemas.AGENCY_HEAD.write(head))

    def feed(self, request: Incoming) -> Outgoing:
        """Return what was logged for the asker."""
        found = _AFTER.fullmatch(request.query)
        if found is None:
            raise MalformedError("the query is after=INDEX, and -1 at first")
        feed = self._reading.feed(agency=request.signer().agency, after=int(found[1]))
        return Outgoing(body=schemas.FEED.write(feed))

    def blobs(self, request: Incoming) -> Outgoing:
        """Return sealed blobs."""
        wanted = schemas.BLOB_REQUEST.read(request.body, limit=len(request.body))
        return Outgoing(body=self._reading.blobs(agency=request.signer().agency, request=wanted))

    def evaluate(self, request: Incoming) -> Outgoing:
        """Return blind evaluations."""
        answer = self._matching.evaluate(request.body, request.signer())
        return Outgoing(body=matching.EVALUATION_ANSWER.write(answer))

    def match(self, request: Incoming) -> Outgoing:
        """Return the answer to a question, when its step of time is over."""
        with self._pace.hold():
            self._await(self._matching.waits_for())
            return Outgoing(body=self._matching.match(request.body, request.signer()), cache=UNCHANGED)

    def notices(self, request: Incoming) -> Outgoing:
        """Return a page of what waits for the asker."""
        page = self._telling.notices(asker=request.signer().agency, after=_cursor(request.query))
        return Outgoing(body=page, cache=UNCHANGED)

    def review(self, request: Incoming) -> Outgoing:
        """Note which silent hits were reviewed."""
        reviews = matching.REVIEWS.read(request.body, limit=len(request.body))
        self._matching.review(reviews, request.signer())
        return Outgoing(body=b"ok\n")

    def complain(self, request: Incoming) -> Outgoing:
        """Keep a complaint for the charter's auditors."""
        self._complaining.complain(request.body, request.signer())
        return Outgoing(body=b"ok\n")

    def complaints(self, request: Incoming) -> Outgoing:
        """Return a page of complaints to an auditor."""
        page = self._telling.complaints(asker=request.signer().agency, after=_cursor(request.query))
        return Outgoing(body=page, cache=UNCHANGED)

    def usage(self, request: Incoming) -> Outgoing:
        """Return the counts that auditors compare."""
        return Outgoing(body=matching.USAGE.write(self._telling.usage(asker=request.signer().agency)))

    def access_checkpoint(self, _request: Incoming) -> Outgoing:
        """Return the newest checkpoint of the access log."""
        return Outgoing(body=self._telling.checkpoint(), cache=SECONDS)

    def access_tile(self, request: Incoming) -> Outgoing:
        """Return a hash tile of the access log."""
        path = TilePath.parse(f"tile/{request.names['path']}")
        return Outgoing(body=self._telling.tile(path), cache=IMMUTABLE)

    def access_bundle(self, request: Incoming) -> Outgoing:
        """Return a bundle of entries of the access log."""
        path = TilePath.parse(f"tile/entries/{request.names['path']}")
        return Outgoing(body=self._telling.tile(path), cache=IMMUTABLE)

    def witness_pending(self, request: Incoming) -> Outgoing:
        """Return what a witness that takes no connections is to cosign; nothing if nothing comes for a while."""
        found = _PENDING.fullmatch(request.query)
        if found is None:
            raise MalformedError("the query is log=log or log=access, and old=SIZE that was cosigned last")
        agency = request.signer().agency
        body = self._service.publishing.pending(agency, log=LogName(found[1]), old=int(found[2]))
        return Outgoing(body=body or b"", status=HTTPStatus.NO_CONTENT if body is None else HTTPStatus.OK)

    def witness_cosignatures(self, request: Incoming) -> Outgoing:
        """Take the cosignatures of such a witness, and return the size that is published now."""
        size = self._service.publishing.cosign(request.signer().agency, request.body)
        return Outgoing(body=f"{size}\n".encode())

    def healthz(self, _request: Incoming) -> Outgoing:
        """Answer."""
        return Outgoing(body=b"ok\n")

    def readyz(self, _request: Incoming) -> Outgoing:
        """Answer whether the log can be read and written and has its first charter; what is damaged stops nothing else."""
        publishing = self._service.publishing
        size = self._service.store.head().size
        why = publishing.not_compared()
        ready = bool(size) and self._submitting.is_alive and publishing.is_alive and why is None
        lines = ["ready" if ready else "not ready"]
        if why is not None:
            lines.append(f"not signing: {why}")
        if (since := publishing.pending_since) is not None:
            lines.append(f"pending, unwitnessed since {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC")
        if damaged := self._service.damage.count:
            lines.append(f"damaged: {damaged:,} sealed blobs that were asked for; run `sealtrace-server fsck`")
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Outgoing(body="".join(f"{line}\n" for line in lines).encode(), status=status)

    def openapi(self, _request: Incoming) -> Outgoing:
        """Return the description of the service."""
        return Outgoing(body=self._openapi, cache=SECONDS)

    def problem(self, request: Incoming) -> Outgoing:
        """Return what a type of problem means."""
        meant = kinds().get(request.names["type"])
        if meant is None:
            raise NotFoundError("there is no problem of that type")
        text = "".join(f"{kind.status.value} {kind.title}.\n{kind.next}\n" for kind in meant)
        return Outgoing(body=text.encode(), cache=SECONDS)

    def _receipt(self, logged: Logged) -> Outgoing:
        """Answer once it is witnessed, or after a short wait: it is durable all the same."""
        published = self._service.store.published()
        self._await(logged.index if published is None or published.size <= logged.index else None)
        body = schemas.RECEIPT.write(self._reading.receipt(logged))
        return Outgoing(body=body, status=HTTPStatus.CREATED if logged.is_new else HTTPStatus.OK)

    def _await(self, index: int | None) -> None:
        """Wait a short while until an entry that is durable is shown; None is none."""
        if index is not None:
            self._service.publishing.wait(index, self._service.wait_seconds)


def _cursor(query: str) -> int:
    found = _CURSOR.fullmatch(query)
    if found is None:
        raise MalformedError("the query is after=CURSOR, and 0 at first")
    return int(found[1])


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise MalformedError("not a number in its one spelling")
    return int(text)
