"""A thread as a state machine: what was said counts, or is shown with the reason why not (docs/protocol.md, 6.16).

Pure: messages in log order in, state out, and both agencies come to the same. A message that does not fit changes
nothing, so whoever forges, repeats or answers for another gains no state by it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from ledger.identifiers import StatementName
from ledger.messages import Kind
from ledger.talk.answers import Decision, Question, Referral, Refusal, RefusalKind, Reply, Response
from ledger.talk.notices import Receipt
from ledger.talk.rules import content_fault, place_fault
from ledger.talk.state import Asked, Heard, Released, Request, Said, Thread

_T = TypeVar("_T")


def listen(said: Iterable[Said]) -> Thread:
    """Return the thread that messages in log order come to."""
    thread = Thread()
    for one in said:
        thread = hear(thread, one)
    return thread


def hear(thread: Thread, said: Said) -> Thread:
    """Return the thread after one more message: changed by it only if it counts."""
    place = place_fault(thread, kind=said.kind, iss=said.name.iss, to=said.to, re=said.re)
    fault = place or content_fault(thread, said)
    after = thread if fault else _counted(thread, said)
    return replace(after, heard=(*thread.heard, Heard(said=said, fault=fault)))


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


def _counted(thread: Thread, said: Said) -> Thread:
    """Return the thread after a message that counts."""
    if said.kind in {Kind.TRACE_REQUEST, Kind.DISCLOSURE_REQUEST}:
        return replace(thread, requests=_with(thread.requests, said.name, Request(said=said)))
    if isinstance(said.body, Receipt):
        confirmed = {StatementName(said.to, jti): said.index for jti in said.body.of}
        return replace(thread, confirmed=MappingProxyType({**thread.confirmed, **confirmed}))
    if said.kind in {Kind.RECALL, Kind.OPENED} and said.re is not None:
        return replace(thread, releases=_with(thread.releases, said.re, _after_release(thread.releases[said.re], said)))
    after = thread
    if said.kind is Kind.RELEASE:
        after = replace(thread, releases=_with(thread.releases, said.name, Released(said=said)))
    question = thread.question(said.re)
    request = question[0] if question else thread.requests.get(said.re) if said.re is not None else None
    if request is None:
        return after
    return replace(after, requests=_with(after.requests, request.said.name, _after_answer(request, said)))


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


def _with(known: Mapping[StatementName, _T], name: StatementName, value: _T) -> Mapping[StatementName, _T]:
    return MappingProxyType({**known, name: value})
