"""Which message fits where: the table of docs/protocol.md, 6.14, and what was settled before (6.16).

Two questions. Does a message of this kind, from this agency to that one, fit behind that message, whatever it says?
Then: does what it says fit, too? The first one also tells each side what it may do next.
"""

from ledger.identifiers import StatementName
from ledger.messages import Kind
from ledger.talk.answers import Decision, Question, Reply
from ledger.talk.bodies import Body
from ledger.talk.notices import Receipt
from ledger.talk.releases import Release
from ledger.talk.requests import DisclosureRequest, What
from ledger.talk.state import Asked, Fault, Request, Said, Thread


def place_fault(thread: Thread, *, kind: Kind, iss: str, to: str, re: StatementName | None) -> Fault | None:
    """Return why no message of this kind fits here, whatever it says."""
    match kind:
        case Kind.TRACE_REQUEST | Kind.RECEIPT:
            return None
        case Kind.DISCLOSURE_REQUEST:
            return None if re is None or re.iss == to else Fault.NOT_THEIR_RECORD
        case Kind.RELEASE:
            return None if re is None else _release_fault(thread, iss=iss, to=to, re=re)
        case Kind.RECALL | Kind.OPENED:
            return _after_release_fault(thread, kind, iss=iss, to=to, re=re)
        case _:
            return _answer_fault(thread, kind, iss=iss, to=to, re=re)


def _answer_fault(thread: Thread, kind: Kind, *, iss: str, to: str, re: StatementName | None) -> Fault | None:
    asked = thread.question(re)
    if asked is not None:
        return _reply_fault(asked[1], kind, iss=iss, to=to)
    request = thread.requests.get(re) if re is not None else None
    if request is None:
        return Fault.WRONG_KIND if thread.find(re) else Fault.UNKNOWN
    if kind is Kind.RESPONSE and iss == request.said.name.iss:
        return _told_fault(request, to)
    return _sides_fault(request.said, iss=iss, to=to) or _ANSWER_FAULTS[kind](request)


def _sides_fault(said: Said, *, iss: str, to: str) -> Fault | None:
    """Return why `iss` does not answer `said`: only the one it was said to does, and to the one who said it."""
    if said.to != iss:
        return Fault.WRONG_AGENCY
    return None if said.name.iss == to else Fault.NOT_THE_ASKER


def _reply_fault(asked: Asked, kind: Kind, *, iss: str, to: str) -> Fault | None:
    if kind is not Kind.MORE_INFORMATION:
        return Fault.WRONG_KIND
    return _sides_fault(asked.said, iss=iss, to=to) or (Fault.ANSWERED if asked.answered is not None else None)


def _told_fault(request: Request, to: str) -> Fault | None:
    if request.said.kind is not Kind.TRACE_REQUEST:
        return Fault.WRONG_KIND
    if request.said.to != to:
        return Fault.WRONG_AGENCY
    return Fault.NOT_FINAL if request.decided is None or request.told is not None else None


def _acknowledgement_fault(request: Request) -> Fault | None:
    if request.acknowledged is not None:
        return Fault.ACKNOWLEDGED
    return Fault.DECIDED if request.decided else None


def _question_fault(request: Request) -> Fault | None:
    if request.decided:
        return Fault.DECIDED
    return Fault.QUESTION_OPEN if request.open_question else None


def _trace_fault(request: Request) -> Fault | None:
    if request.said.kind is not Kind.TRACE_REQUEST:
        return Fault.WRONG_KIND
    return Fault.DECIDED if request.decided else None


def _disclosure_fault(request: Request) -> Fault | None:
    if request.said.kind is not Kind.DISCLOSURE_REQUEST:
        return Fault.WRONG_KIND
    return Fault.DECIDED if request.decided else None


def _refusal_fault(request: Request) -> Fault | None:
    return Fault.DECIDED if request.decided else None


_ANSWER_FAULTS = {
    Kind.ACKNOWLEDGEMENT: _acknowledgement_fault,
    Kind.MORE_INFORMATION: _question_fault,
    Kind.REFERRAL: _trace_fault,
    Kind.RESPONSE: _trace_fault,
    Kind.REFUSAL: _refusal_fault,
    Kind.DISCLOSURE_DECISION: _disclosure_fault,
}


def _release_fault(thread: Thread, *, iss: str, to: str, re: StatementName) -> Fault | None:
    request = thread.requests.get(re)
    if request is None:
        return Fault.WRONG_KIND if thread.find(re) else Fault.UNKNOWN
    fault = _sides_fault(request.said, iss=iss, to=to)
    if fault or request.refused:
        return fault or Fault.REFUSED
    needs_decision = request.said.kind is Kind.DISCLOSURE_REQUEST
    return Fault.UNDECIDED if needs_decision and request.decided is None else None


def _after_release_fault(thread: Thread, kind: Kind, *, iss: str, to: str, re: StatementName | None) -> Fault | None:
    released = thread.releases.get(re) if re is not None else None
    if released is None:
        return Fault.WRONG_KIND if thread.find(re) else Fault.UNKNOWN
    by, reader = (iss, to) if kind is Kind.RECALL else (to, iss)
    if (released.said.name.iss, released.said.to) != (by, reader):
        return Fault.WRONG_AGENCY
    if released.recalled is not None:
        return Fault.RECALLED
    return Fault.OPENED if kind is Kind.OPENED and released.opened is not None else None


def content_fault(thread: Thread, said: Said) -> Fault | None:
    """Return why what a message says does not fit, though one of its kind would."""
    match said.body:
        case Question() | Reply():
            asks = isinstance(said.body, Question)
            return Fault.ASKS_OR_ANSWERS if asks == (thread.question(said.re) is not None) else None
        case DisclosureRequest():
            return Fault.NOT_THEIR_RECORD if said.body.what.history != (said.re is None) else None
        case Decision() if said.re is not None:
            return _decision_fault(said.body.what, thread.requests[said.re].said.body)
        case Release() if said.re is not None:
            return _within_fault(said.body, thread.requests[said.re])
        case Receipt():
            return _receipt_fault(thread, said, said.body)
        case _:
            return None


def _decision_fault(what: What, asked: Body) -> Fault | None:
    if not isinstance(asked, DisclosureRequest) or what.history != asked.what.history:
        return Fault.BEYOND_ASKED
    wanted = asked.what
    fields = all(
        name in wanted.fields or name.partition(".")[0] in wanted.portions or "case" in wanted.portions
        for name in what.fields
    )
    return None if fields and set(what.portions) <= set(wanted.portions) else Fault.BEYOND_ASKED


def _within_fault(release: Release, request: Request) -> Fault | None:
    decision = request.decided.body if request.decided is not None else None
    if not isinstance(decision, Decision):
        return None
    of = {request.said.re.jti} if request.said.re is not None else set()
    names = {name for shown in release.disclosures for name in shown.names}
    portions = {one.portion for one in release.portions}
    granted = names <= set(decision.what.fields) and portions <= set(decision.what.portions)
    fits = granted and release.records <= of and (decision.what.history or not release.epochs)
    same = decision.what.history or release.terms == decision.terms
    return None if fits and same else Fault.BEYOND_DECIDED


def _receipt_fault(thread: Thread, said: Said, receipt: Receipt) -> Fault | None:
    names = [StatementName(said.to, jti) for jti in receipt.of]
    is_owed = all(thread.is_sent(name, said.name.iss) and name not in thread.confirmed for name in names)
    return None if is_owed else Fault.NOT_RECEIVED
