"""The inbox: conversations with their clocks, what waits for a second officer or for the full minute, and each conversation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, request
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types

from clients.desk.leaving import marked_table
from clients.desk.parts import office, parts
from clients.desk.people.current import me
from clients.desk.people.person import Role
from clients.desk.proposals import Proposals, Waits
from clients.desk.rendering import page
from clients.desk.rounds import rounds
from clients.desk.talking import is_read, marking_of, terms_of, viewer_of, waiting_letters
from clients.desk.talkwords import FAULT_WORDS, KIND_WORDS, TASK_WORDS, facts
from clients.matching.book import Book
from clients.matching.noticing import waits
from clients.talk.replying import expected_thread
from clients.talk.threads import Talk, find, spelled, talks
from ledger.agencies import Law
from ledger.identifiers import StatementName
from ledger.labels import Terms
from ledger.messages import Kind
from ledger.talk.clocks import Duty
from ledger.talk.requests import Declared, DisclosureRequest, TraceRequest
from ledger.talk.state import Heard
from ledger.talk.thread import next_steps

bp = Blueprint("inbox", __name__, url_prefix="/inbox")

_PAGE = 100
_HEADS = ("thread", "with", "began as", "messages", "last", "task", "who", "due", "overdue")
_MESSAGE_HEADS = (
    "message",
    "entry",
    "time",
    "from",
    "to",
    "kind",
    "re",
    "fault",
    "confirmed",
    "opened",
    "recalled",
    "words",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message as its page shows it; `facts` and `declared` are None where whoever looks may not read its words."""

    heard: Heard
    kind: str
    fault: str
    time: int | None
    facts: Sequence[tuple[str, str]] | None
    declared: Declared | None
    law: Sequence[Law]
    confirmed: int | None
    opened: int | None
    is_recalled: bool
    can_answer: bool


@bp.get("")
def inbox() -> str:
    """Show the conversations, and what waits."""
    letters, talks = waiting_letters(office()), _newest_first()
    only_late, before = "overdue" in request.args, request.args.get("before", type=int)
    wanted = _late(talks) if only_late else talks
    rest = [talk for talk in wanted if before is None or talk.last < before]
    return page(
        "inbox.html",
        is_empty=not talks,
        talks=rest[:_PAGE],
        at_start=before is None,
        older=rest[_PAGE - 1].last if len(rest) > _PAGE else None,
        me=office().me,
        kind_words=KIND_WORDS,
        task_words=TASK_WORDS,
        letters=letters,
        proposals=waiting_proposals(),
        reviews=_reviews(),
        spelled=spelled,
        only_late=only_late,
        rounds=rounds(),
    )


@bp.get("/list.<any(json, csv):form>")
def listed(form: str) -> Response:
    """Return the same list for machines: a line for each thing owed, or one for a conversation where nothing is."""
    now = parts().clock()
    rows = [row for talk in _newest_first() for row in _rows(talk, now)]
    return marked_table(form, _HEADS, rows, of=["the list of conversations"])


@bp.get("/<thread>")
def thread(thread: str) -> str:
    """Show one conversation in the order of the log; a link may name one of its messages instead."""
    found, lines, shown = conversation(thread)
    return page(
        "thread.html",
        marking=marking_of(shown, found),
        opened=[f"thread {spelled(found.id)}"] if shown else (),
        talk=found,
        ident=spelled(found.id),
        lines=lines,
        me=office().me,
        task_words=TASK_WORDS,
        kind_words=KIND_WORDS,
        unsent=[one for one in waiting_letters(office()) if one.thread == found.id],
        rounds=rounds(),
    )


@bp.get("/<thread>/messages.<any(json, csv):form>")
def messages(thread: str, form: str) -> Response:
    """Return the messages of a conversation for machines: keys and ciphertexts of releases are in neither."""
    found, lines, shown = conversation(thread)
    of, marking = [f"thread {spelled(found.id)}"], marking_of(shown, found)
    return marked_table(form, _MESSAGE_HEADS, map(_message_row, lines), of=of, marking=marking)


def conversation(text: str) -> tuple[Talk, Sequence[Line], Sequence[Terms]]:
    """Return a conversation, its messages as whoever is signed in may see them, and the terms of the words shown."""
    viewer = viewer_of(office(), me())
    with office().replica() as replica:
        found = find(replica, text)
        terms = {one.said.name: terms_of(one.said, replica) for one in found.thread.heard}
    read = {name for name, value in terms.items() if is_read(value, viewer)}
    answerable = steps(found)
    laws = {one.id: one.law for one in office().charter().agencies}
    lines = [_line(found, one, one.said.name in read, answerable, laws) for one in found.thread.heard]
    return found, lines, [terms[name] for name in terms if name in read]


def steps(talk: Talk) -> Mapping[StatementName, frozenset[Kind]]:
    """Return which kinds of message may answer which message now, with what waits to be sent counted as said."""
    expected = expected_thread(talk, waiting_letters(office()), me=office().me)
    found: dict[StatementName, set[Kind]] = {}
    for other in talk.others - {office().me}:
        for kind, re in next_steps(expected, office().me, other):
            if re is not None and kind not in {Kind.TRACE_REQUEST, Kind.DISCLOSURE_REQUEST, Kind.OPENED}:
                found.setdefault(re, set()).add(kind)
    return {name: frozenset(kinds) for name, kinds in found.items()}


def _line(
    talk: Talk,
    one: Heard,
    is_shown: bool,  # noqa: FBT001 - one of the two things that are known of a message here
    answerable: Mapping[StatementName, frozenset[Kind]],
    laws: Mapping[str, Sequence[Law]],
) -> Line:
    said = one.said
    released = talk.thread.releases.get(said.name)
    asks = isinstance(said.body, TraceRequest | DisclosureRequest)
    return Line(
        heard=one,
        kind=str(KIND_WORDS[said.kind.value]),
        fault=str(FAULT_WORDS[one.fault]) if one.fault else "",
        time=talk.times.get(said.index),
        facts=facts(said.body) if is_shown else None,
        declared=said.body.declared if is_shown and isinstance(said.body, TraceRequest | DisclosureRequest) else None,
        law=laws.get(said.name.iss, ()) if asks else (),
        confirmed=talk.thread.confirmed.get(said.name),
        opened=released.opened if released else None,
        is_recalled=released is not None and released.recalled is not None,
        can_answer=one.fault is None and said.name in answerable,
    )


def _newest_first() -> Sequence[Talk]:
    with office().replica() as replica:
        return talks(replica)[::-1]


def _late(talks: Iterable[Talk]) -> Sequence[Talk]:
    now = parts().clock()
    return [talk for talk in talks if any(duty.is_overdue(now) for duty in talk.duties)]


def waiting_proposals() -> Sequence[Waits]:
    """Return what waits for a second officer, for whoever may be one."""
    if Role.RELEASING not in me().person.roles:
        return ()
    return Proposals(parts().engine, clock=parts().clock).waiting()


def _reviews() -> int:
    book = Book(office().home.matching, key=office().database_key)
    try:
        return sum(waits(one) for one in book.notices())
    finally:
        book.close()


def _rows(talk: Talk, now: int) -> list[tuple[str | int | None, ...]]:
    first = talk.thread.heard[0].said.kind.value if talk.thread.heard else "damaged"
    others = ", ".join(sorted(talk.others - {office().me}))
    about = (spelled(talk.id), others, first, len(talk.thread.heard), talk.times.get(talk.last))
    owed = [_owed(duty, now) for duty in talk.duties] or [(None, None, None, None)]
    return [(*about, *one) for one in owed]


def _owed(duty: Duty, now: int) -> tuple[str | int | None, ...]:
    return duty.task.name.lower(), duty.who, duty.due, "yes" if duty.is_overdue(now) else "no"


def _message_row(line: Line) -> tuple[str | int | None, ...]:
    said = line.heard.said
    words = None if line.facts is None else "; ".join(f"{title}: {text}" for title, text in line.facts)
    return (
        str(said.name),
        said.index,
        line.time,
        said.name.iss,
        said.to,
        said.kind.value,
        None if said.re is None else str(said.re),
        line.heard.fault.value if line.heard.fault else None,
        line.confirmed,
        line.opened,
        "yes" if line.is_recalled else "no",
        words if words is not None else _("withheld"),
    )
