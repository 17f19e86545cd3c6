"""A thread as a state machine: what was said counts, or is shown with the reason why not (docs/protocol.md, 6.16).

Pure: messages in log order in, state out, and both agencies come to the same. A message that does not fit changes
nothing, so whoever forges, repeats or answers for another gains no state by it.
"""

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from ledger.identifiers import StatementName
from ledger.messages import Kind
from ledger.talk.answers import Decision, Question, Referral, Refusal, RefusalKind, Reply, Response
from ledger.talk.notices import Receipt
from ledger.talk.rules import content_fault, place_fault
from ledger.talk.state import Asked, Heard, Index, Released, Request, Said, Thread

_SILENCE = Thread()


def listen(said: Iterable[Said], *, after: Thread = _SILENCE) -> Thread:
    """Return the thread that messages in log order come to, `after` what was heard before them."""
    growing = _Growing(after)
    for one in said:
        growing.hear(one)
    return growing.thread()


def next_steps(thread: Thread, agency: str, other: str) -> tuple[tuple[Kind, StatementName | None], ...]:
    """Return what `agency` may say to `other` now, and to which message: the same rule that judges what comes."""
    names = [None, *(one.said.name for one in thread.heard if one.fault is None and other in one.said.sides)]
    kinds = [kind for kind in Kind if kind is not Kind.RECEIPT]
    return tuple(
        (kind, name)
        for name in names
        for kind in kinds
        if place_fault(thread, kind=kind, iss=agency, to=other, re=name) is None
    )


class _Growing:
    """A thread while it is listened to: changed in place, as a new one for each message would cost the square of them."""

    def __init__(self, thread: Thread) -> None:
        self._heard = [*thread.heard]
        self._requests, self._releases = {**thread.requests}, {**thread.releases}
        self._confirmed = {**thread.confirmed}
        self._counted, self._questions = {**thread.index.counted}, {**thread.index.questions}
        self._sent = {*thread.index.sent}
        # What the rules are asked of: it shows the tables above as they grow, and what was heard in no order.
        self._so_far = Thread(
            requests=MappingProxyType(self._requests),
            releases=MappingProxyType(self._releases),
            confirmed=MappingProxyType(self._confirmed),
            index=Index(
                counted=MappingProxyType(self._counted), questions=MappingProxyType(self._questions), sent=self._sent
            ),
        )

    def thread(self) -> Thread:
        """Return what was heard; nothing more may be heard here."""
        return replace(self._so_far, heard=tuple(self._heard))

    def hear(self, said: Said) -> None:
        """Take in one more message: it changes something only if it counts."""
        place = place_fault(self._so_far, kind=said.kind, iss=said.name.iss, to=said.to, re=said.re)
        fault = place or content_fault(self._so_far, said)
        if fault is None:
            self._count(said)
            self._counted.setdefault(said.name, said)
        self._heard.append(Heard(said=said, fault=fault))
        if said.kind is not Kind.RECEIPT:
            self._sent.add((said.name, said.to))

    def _count(self, said: Said) -> None:
        """Change what a message that counts changes."""
        if said.kind in {Kind.TRACE_REQUEST, Kind.DISCLOSURE_REQUEST}:
            # The first of a name stands: one more, which only a lying service logs, takes back nothing that was said to it.
            self._requests.setdefault(said.name, Request(said=said))
        elif isinstance(said.body, Receipt):
            self._confirmed.update({StatementName(said.to, jti): said.index for jti in said.body.of})
        elif said.kind in {Kind.RECALL, Kind.OPENED} and said.re is not None:
            self._releases[said.re] = _after_release(self._releases[said.re], said)
        else:
            self._answer(said)

    def _answer(self, said: Said) -> None:
        """Take in a release, or what either side says to a request or to a question about it."""
        question = self._so_far.question(said.re)
        if said.kind is Kind.RELEASE:
            self._releases.setdefault(said.name, Released(said=said))
        request = question[0] if question else self._requests.get(said.re) if said.re is not None else None
        if request is None:
            return
        after = _after_answer(request, said)
        self._requests[request.said.name] = after
        if len(after.questions) > len(request.questions):
            self._questions.setdefault(said.name, (request.said.name, len(request.questions)))


def _after_release(released: Released, said: Said) -> Released:
    return replace(released, opened=said.index) if said.kind is Kind.OPENED else replace(released, recalled=said)


def _after_answer(request: Request, said: Said) -> Request:
    """Return a request after what the agency that was asked, or the asker itself, has said to it."""
    if said.name.iss == request.said.name.iss:
        return _after_asker(request, said)
    heard = replace(request, heard=said.index if request.heard is None else request.heard)
    match said.body:
        case Question():
            return replace(heard, questions=(*heard.questions, Asked(said=said)))
        case Refusal(kind=RefusalKind.DELAY):
            return replace(heard, delay=said.body)
        case Refusal(kind=RefusalKind.REFUSE) | Referral() | Decision() | Response(final=True):
            return replace(heard, decided=said)
        case _ if said.kind is Kind.ACKNOWLEDGEMENT:
            return replace(heard, acknowledged=said.index)
        case _:
            return heard


def _after_asker(request: Request, said: Said) -> Request:
    if not isinstance(said.body, Reply):
        return replace(request, told=said)
    questions = tuple(
        replace(one, answered=said.index) if one.said.name == said.re else one for one in request.questions
    )
    return replace(request, questions=questions)
