"""What the charter's auditors are shown of the access log, and whether it is true (docs/protocol.md, 6.11 and 6.21).

Both openings of an entry, of questions and evaluations alike: they must open the entry that stands in the verified log,
and the request must bear the signature of the agency that is said to have made it. So the service can frame nobody. Nor
does it show an entry early unnoticed: what nobody complained of is held against the time that its asker signed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from clients.errors import TrustError
from clients.matching.accessing import AccessLog
from clients.session import Standing
from crypto.encoding import b64
from crypto.errors import CryptoError
from ledger.accesslog import Asked
from ledger.complaints import Complaint, check_openings
from ledger.errors import BadSignatureError, LedgerError, MalformedError, ProofError
from ledger.identifiers import access_origin
from ledger.keys import Key
from ledger.kinds import Role
from ledger.notices import OPENED_AFTER_DAYS, Audited, Complained, Notice, NoticePage
from ledger.wire import paths, requests

_MAX_PAGES = 10_000
_DAY_SECONDS = 86_400
_ASKED_BY: Mapping[str, str] = {paths.MATCHES: paths.QUESTION_TYPE, paths.EVALUATIONS: paths.JSON_TYPE}
ReadPage = Callable[[int], NoticePage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An entry of the access log as an auditor is shown it: what was asked, where to; `doubt` says what does not hold."""

    index: int
    asker: str
    path: str
    complaint: Complaint | None
    doubt: str = ""


def openings(standing: Standing) -> tuple[Opened, ...]:
    """Return what the auditors are shown: entries older than 30 days, and those that somebody complained of."""
    service = standing.session.service
    shown = [*_pages(service.notices), *_pages(service.complaints)]
    access = AccessLog(standing) if shown else None
    return tuple(_opened(standing, access, one) for one in shown if access is not None)


def _pages(read: ReadPage) -> Iterator[Audited | Complained]:
    cursor = 0
    for _ in range(_MAX_PAGES):
        page = read(cursor)
        if page.next < cursor or (page.more and page.next == cursor):
            raise ProofError("the service's openings do not go forward")
        yield from map(_opening, page.items)
        cursor = page.next
        if not page.more:
            return
    raise TrustError("the service's openings do not end")


def _opening(notice: Notice) -> Audited | Complained:
    if not isinstance(notice, Audited | Complained):
        raise MalformedError("this home is no auditor's: the service shows it no openings of others")
    return notice


def _opened(standing: Standing, access: AccessLog, shown: Audited | Complained) -> Opened:
    complaint = shown.complaint if isinstance(shown, Complained) else None
    audited = shown.audited if isinstance(shown, Complained) else shown
    path, doubt = "", ""
    try:
        entry = access.entry(audited.index)
        check_openings(entry, asked=audited.asked, salt=audited.salt, outcome=audited.outcome)
        path = _check_signed(standing, audited.asked)
        if complaint is None:
            _check_due(audited.asked, now=standing.now())
        else:
            _check_complaint(standing, complaint, audited)
            complaint.check(entry, origin=access_origin(standing.view.charter.origin))
    except LedgerError as error:
        doubt = str(error)
    return Opened(index=audited.index, asker=audited.asked.iss, path=path, complaint=complaint, doubt=doubt)


def _check_due(asked: Asked, *, now: int) -> None:
    """Raise ProofError for what is shown before its 30 days (6.11), by the time that the asker signed, which is none later.

    Both the asker's clock and the auditor's are the service's but for what its check of a request lets pass.
    """
    created = requests.parse_signature_input(asked.signature_input, has_body=True).created
    due = created + OPENED_AFTER_DAYS * _DAY_SECONDS - requests.MAX_SKEW_SECONDS - requests.MAX_AGE_SECONDS
    if now < due:
        raise ProofError("it was shown before its 30 days, and nobody complained of it")


def _check_complaint(standing: Standing, complaint: Complaint, audited: Audited) -> None:
    """Raise unless the complaint is of this entry, and under the complainant's key where it was signed."""
    if complaint.own.index != audited.index:
        raise ProofError("a complaint of another entry")
    standing.authority.catch_up(complaint.iss)
    key = standing.authority.membership.key(complaint.kid, complaint.held)
    if key.role is not Role.SIGN:
        raise BadSignatureError("a complaint signed with a key that signs no statements")
    complaint.verify(key.verifier())


def _check_signed(standing: Standing, asked: Asked) -> str:
    """Return where a request went; raise BadSignatureError unless its asker signed it (docs/protocol.md, 10)."""
    parameters = requests.parse_signature_input(asked.signature_input, has_body=True)
    if parameters.keyid.agency != asked.iss:
        raise BadSignatureError("the request was signed by another agency than is said to have made it")
    standing.authority.catch_up(asked.iss)
    key = standing.authority.membership.known_key(parameters.keyid)
    signature = requests.parse_signature(asked.signature)
    authority = requests.authority(standing.view.charter.url)
    for path in _ASKED_BY:
        if key.role is Role.HTTP and _is_good(key, _base(asked, path, authority), signature):
            return path
    raise BadSignatureError("the request is not what its asker signed")


def _base(asked: Asked, path: str, authority: str) -> bytes:
    digest = f"sha-256=:{b64(asked.body_hash)}:"
    return requests.signature_base(
        method="POST",
        authority=authority,
        path=path,
        query="",
        covered={"content-type": _ASKED_BY[path], "content-digest": digest},
        signature_input=asked.signature_input,
    )


def _is_good(key: Key, base: bytes, signature: bytes) -> bool:
    try:
        key.verifier().verify(message=base, signature=signature)
    except CryptoError:
        return False
    return True
