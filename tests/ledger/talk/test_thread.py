"""A thread counts what fits, shows why the rest does not, and tells each side what it may do next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.expunges import Why
from ledger.identifiers import StatementName
from ledger.labels import Level, Purpose
from ledger.messages import Kind
from ledger.talk.answers import (
    Acknowledgement,
    Decision,
    Ground,
    Question,
    Referral,
    Refusal,
    RefusalKind,
    Reply,
    Response,
)
from ledger.talk.bodies import Body, kind_of
from ledger.talk.notices import Opened, Recall, Receipt
from ledger.talk.releases import Release, ReleasedPortion
from ledger.talk.requests import DisclosureRequest, What
from ledger.talk.rules import place_fault
from ledger.talk.state import Fault, Said, Thread
from ledger.talk.thread import listen, next_steps
from tests.support.talks import (
    ASKER,
    BODIES,
    DECLARED,
    OWNER,
    RECORD,
    TERMS,
    THIRD,
    Talking,
    disclosure,
    epoch_release,
    trace,
)

REFUSE = Refusal(kind=RefusalKind.REFUSE, ground=Ground.LAW)
DELAY = Refusal(kind=RefusalKind.DELAY, ground=Ground.INVESTIGATION, until=date(2031, 1, 1))
FINAL = Response(outcome=2, final=True)
CASE = Release(terms=TERMS, portions=(ReleasedPortion(of=RECORD.jti, portion="case", kr=bytes(32), ct=bytes(4_112)),))
GRANTED = Decision(what=What(portions=("case",)), terms=TERMS)


def asked(body: Body | None = None, re: StatementName | None = None) -> tuple[Talking, StatementName]:
    """Return a thread with one request in it."""
    talking = Talking()
    return talking, talking.say(ASKER, OWNER, body or trace(), re)


def granted() -> tuple[Talking, StatementName]:
    """Return a thread in which a case was asked for and granted."""
    talking, request = asked(disclosure("case"), RECORD)
    talking.say(OWNER, ASKER, GRANTED, request)
    return talking, request


def test_a_conversation_from_request_to_recall_counts() -> None:
    """Each step in its turn: nothing of it is a fault, and the state says how far it came."""
    talking, request = asked(disclosure("case"), RECORD)
    talking.say(OWNER, ASKER, Acknowledgement(), request)
    question = talking.say(OWNER, ASKER, Question(asks="why?"), request)
    talking.say(ASKER, OWNER, Reply(answers="because"), question)
    talking.say(OWNER, ASKER, GRANTED, request)
    release = talking.say(OWNER, ASKER, CASE, request)
    talking.say(ASKER, OWNER, Receipt(of=(release.jti,)))
    talking.say(ASKER, OWNER, Opened(purpose=Purpose.TRACE), release)
    talking.say(OWNER, ASKER, Recall(why=Why.ERROR), release)

    thread = talking.thread
    assert [one.fault for one in thread.heard] == [None] * 9
    assert thread.requests[request].decided is not None
    assert thread.requests[request].open_question is None
    assert (thread.releases[release].opened, thread.confirmed[release]) == (17, 16)
    assert thread.releases[release].recalled is not None


def test_attack_a_decision_by_the_wrong_agency() -> None:
    """One of several agencies asked under one thread cannot refuse, answer or release for another."""
    for body in (REFUSE, FINAL, Referral(country="XDU"), Acknowledgement(), Question(asks="?"), epoch_release()):
        talking, request = asked()
        talking.say(ASKER, THIRD, trace())

        talking.say(THIRD, ASKER, body, request)

        assert talking.fault is Fault.WRONG_AGENCY
        assert talking.thread.requests[request].decided is None


def test_attack_an_answer_to_somebody_else_than_the_asker() -> None:
    """The one that was asked cannot answer a third agency about it."""
    talking, request = asked()

    talking.say(OWNER, THIRD, FINAL, request)

    assert talking.fault is Fault.NOT_THE_ASKER


@pytest.mark.parametrize("first", [REFUSE, FINAL, Referral(country="XDU")])
@pytest.mark.parametrize("second", [REFUSE, FINAL, Referral(country="XDU"), Acknowledgement(), Question(asks="?")])
def test_attack_a_double_decision(first: Body, second: Body) -> None:
    """A request is decided once: what comes after is shown, and changes nothing."""
    talking, request = asked()
    talking.say(OWNER, ASKER, first, request)
    before = talking.thread.requests

    talking.say(OWNER, ASKER, second, request)

    assert talking.fault is Fault.DECIDED
    assert talking.thread.requests == before


def test_what_does_not_decide_leaves_the_decision_open() -> None:
    """A delay, a restriction and an interim answer are each followed by a decision."""
    restrict = Refusal(kind=RefusalKind.RESTRICT, ground=Ground.SECURITY)
    talking, request = asked()
    for body in (DELAY, restrict, Response(outcome=1, final=False), DELAY, REFUSE):
        talking.say(OWNER, ASKER, body, request)
        assert talking.fault is None

    assert talking.thread.requests[request].refused
    assert talking.thread.requests[request].delay == DELAY


def test_attack_a_message_resigned_by_another_member_is_that_members_own_word() -> None:
    """Whoever signs a release of another agency anew releases nothing: `of` and `re` count for who signed."""
    talking, request = granted()
    release = talking.say(OWNER, ASKER, CASE, request)

    talking.say(THIRD, ASKER, CASE, request)
    assert talking.fault is Fault.WRONG_AGENCY
    talking.say(THIRD, ASKER, Recall(why=Why.ERROR), release)
    assert talking.fault is Fault.WRONG_AGENCY
    talking.say(THIRD, OWNER, Opened(purpose=Purpose.TRACE), release)
    assert talking.fault is Fault.WRONG_AGENCY
    assert talking.thread.releases[release].recalled is None
    assert [*talking.thread.releases] == [release]


def test_attack_a_receipt_for_what_was_sent_to_another() -> None:
    """Nobody confirms another's messages, its own, a receipt, or one message twice."""
    talking, request = asked()
    receipt = talking.say(OWNER, ASKER, Receipt(of=(request.jti,)))
    assert talking.fault is None

    for iss, to, of in (
        (THIRD, ASKER, request),
        (ASKER, OWNER, request),
        (ASKER, OWNER, receipt),
        (OWNER, ASKER, request),
    ):
        talking.say(iss, to, Receipt(of=(of.jti,)))
        assert talking.fault is Fault.NOT_RECEIVED
    assert [*talking.thread.confirmed] == [request]


def test_attack_a_recalled_release_is_opened_or_recalled_again() -> None:
    """After the recall nothing more happens to a release."""
    talking, _ = asked()
    release = talking.say(OWNER, ASKER, epoch_release())
    talking.say(OWNER, ASKER, Recall(why=Why.ERROR), release)

    for iss, to, body in ((ASKER, OWNER, Opened(purpose=Purpose.TRACE)), (OWNER, ASKER, Recall(why=Why.LAW))):
        talking.say(iss, to, body, release)
        assert talking.fault is Fault.RECALLED
    assert talking.thread.releases[release].opened is None


def test_a_release_is_opened_once() -> None:
    """The first opening counts."""
    talking = Talking()
    release = talking.say(OWNER, ASKER, epoch_release())
    for fault in (None, Fault.OPENED):
        talking.say(ASKER, OWNER, Opened(purpose=Purpose.TRACE), release)
        assert talking.fault is fault


def test_a_reader_recalls_nothing_and_an_originator_opens_nothing() -> None:
    """Each has its own step."""
    talking = Talking()
    release = talking.say(OWNER, ASKER, epoch_release())

    talking.say(ASKER, OWNER, Recall(why=Why.ERROR), release)
    assert talking.fault is Fault.WRONG_AGENCY
    talking.say(OWNER, ASKER, Opened(purpose=Purpose.TRACE), release)
    assert talking.fault is Fault.WRONG_AGENCY


def test_an_answer_to_nothing_is_shown_as_such() -> None:
    """What names no message of the thread, or one of another kind, changes nothing."""
    talking, request = asked()
    note = talking.say(OWNER, ASKER, Acknowledgement(), request)
    strange = StatementName(ASKER, bytes(16))

    for re, fault in ((None, Fault.UNKNOWN), (strange, Fault.UNKNOWN), (note, Fault.WRONG_KIND)):
        for body in (FINAL, Recall(why=Why.ERROR), Opened(purpose=Purpose.TRACE)):
            talking.say(OWNER, ASKER, body, re)
            assert talking.fault is fault
    for re, fault in ((strange, Fault.UNKNOWN), (note, Fault.WRONG_KIND)):
        talking.say(OWNER, ASKER, epoch_release(), re)
        assert talking.fault is fault


def test_a_message_that_did_not_count_is_answered_by_nothing() -> None:
    """An answer to a faulty message has no effect either."""
    talking, request = asked()
    talking.say(OWNER, ASKER, FINAL, request)
    late = talking.say(OWNER, ASKER, Question(asks="?"), request)

    talking.say(ASKER, OWNER, Reply(answers="!"), late)

    assert talking.fault is Fault.UNKNOWN


def test_one_question_at_a_time_answered_once_by_whoever_was_asked() -> None:
    """The clock of the decision stands still for one question, and no third agency starts it again."""
    talking, request = asked()
    question = talking.say(OWNER, ASKER, Question(asks="?"), request)
    talking.say(OWNER, ASKER, Question(asks="and?"), request)
    assert talking.fault is Fault.QUESTION_OPEN
    talking.say(THIRD, OWNER, Reply(answers="!"), question)
    assert talking.fault is Fault.WRONG_AGENCY
    talking.say(ASKER, OWNER, FINAL, question)
    assert talking.fault is Fault.WRONG_KIND
    talking.say(ASKER, OWNER, Question(asks="what?"), question)
    assert talking.fault is Fault.ASKS_OR_ANSWERS
    talking.say(OWNER, ASKER, Reply(answers="!"), request)
    assert talking.fault is Fault.QUESTION_OPEN
    talking.say(ASKER, OWNER, Reply(answers="!"), question)
    assert talking.fault is None
    talking.say(ASKER, OWNER, Reply(answers="!"), question)
    assert talking.fault is Fault.ANSWERED
    talking.say(OWNER, ASKER, Reply(answers="!"), request)
    assert talking.fault is Fault.ASKS_OR_ANSWERS
    talking.say(OWNER, ASKER, Question(asks="and?"), request)
    assert talking.fault is None


def test_a_request_is_acknowledged_once() -> None:
    """The second time says nothing."""
    talking, request = asked()
    for fault in (None, Fault.ACKNOWLEDGED):
        talking.say(OWNER, ASKER, Acknowledgement(), request)
        assert talking.fault is fault


def test_the_asker_tells_how_it_ended_once_and_after_the_answer() -> None:
    """The outcome goes back to whoever helped."""
    talking, request = asked()
    talking.say(ASKER, OWNER, FINAL, request)
    assert talking.fault is Fault.NOT_FINAL
    talking.say(OWNER, ASKER, FINAL, request)
    talking.say(ASKER, THIRD, FINAL, request)
    assert talking.fault is Fault.WRONG_AGENCY
    talking.say(ASKER, OWNER, FINAL, request)
    assert talking.fault is None
    talking.say(ASKER, OWNER, FINAL, request)
    assert talking.fault is Fault.NOT_FINAL


def test_traces_are_answered_and_disclosures_are_decided() -> None:
    """Each request has its own kind of yes."""
    talking, request = asked()
    talking.say(OWNER, ASKER, GRANTED, request)
    assert talking.fault is Fault.WRONG_KIND
    talking, request = asked(disclosure("case"), RECORD)
    for body in (FINAL, Referral(country="XDU")):
        talking.say(OWNER, ASKER, body, request)
        assert talking.fault is Fault.WRONG_KIND
    talking.say(ASKER, OWNER, FINAL, request)
    assert talking.fault is Fault.WRONG_KIND


def test_a_record_is_asked_for_where_it_was_written() -> None:
    """Nobody else can show it."""
    talking, _ = asked(disclosure("case"), StatementName(THIRD, bytes(16)))
    assert talking.fault is Fault.NOT_THEIR_RECORD
    talking, _ = asked(disclosure("case"))
    assert talking.fault is Fault.NOT_THEIR_RECORD
    talking, _ = asked(DisclosureRequest(what=What(history=True), declared=DECLARED), RECORD)
    assert talking.fault is Fault.NOT_THEIR_RECORD


@pytest.mark.parametrize(
    ("wanted", "what", "fits"),
    [
        (disclosure("case"), What(portions=("case",)), True),
        (disclosure("case"), What(fields=("case.offence", "item.description")), True),
        (disclosure("item"), What(fields=("item.make",)), True),
        (disclosure(fields=("item.make",)), What(fields=("item.make",)), True),
        (disclosure(fields=("item.make",)), What(fields=("item.model",)), False),
        (disclosure("case"), What(portions=("item", "case")), False),
        (disclosure("item"), What(fields=("case.offence",)), False),
        (disclosure("case"), What(history=True), False),
    ],
)
def test_a_decision_stays_within_what_was_asked(wanted: DisclosureRequest, what: What, *, fits: bool) -> None:
    """Nobody is shown, by a slip, what nobody asked for."""
    talking, request = asked(wanted, RECORD)

    talking.say(OWNER, ASKER, Decision(what=what, terms=TERMS), request)

    assert talking.fault is (None if fits else Fault.BEYOND_ASKED)


def test_a_release_waits_for_its_decision_and_stays_within_it() -> None:
    """Portions, records, epochs and terms are those that were decided on."""
    talking, request = asked(disclosure("item", "case"), RECORD)
    talking.say(OWNER, ASKER, CASE, request)
    assert talking.fault is Fault.UNDECIDED
    talking.say(OWNER, ASKER, GRANTED, request)
    item = replace(CASE.portions[0], portion="item", ct=bytes(2_064))
    beyond = [
        replace(CASE, terms=replace(TERMS, level=Level.UNCLASSIFIED)),
        replace(CASE, portions=(replace(CASE.portions[0], of=bytes(16)),)),
        replace(CASE, portions=(item,)),
        epoch_release(),
    ]
    for release in beyond:
        talking.say(OWNER, ASKER, release, request)
        assert talking.fault is Fault.BEYOND_DECIDED
    talking.say(OWNER, ASKER, CASE, request)
    assert talking.fault is None


def test_a_history_is_granted_with_each_releases_own_terms() -> None:
    """Keys of several levels come in several releases."""
    talking, request = asked(DisclosureRequest(what=What(history=True), declared=DECLARED))
    talking.say(OWNER, ASKER, Decision(what=What(history=True), terms=TERMS), request)
    for level in (Level.RESTRICTED, Level.SECRET):
        talking.say(OWNER, ASKER, epoch_release(replace(TERMS, level=level)), request)
        assert talking.fault is None


def test_what_was_refused_is_not_released_in_answer() -> None:
    """A change of mind is a release of its own."""
    for body, re in ((trace(), None), (disclosure("case"), RECORD)):
        talking, request = asked(body, re)
        talking.say(OWNER, ASKER, REFUSE, request)
        talking.say(OWNER, ASKER, CASE, request)
        assert talking.fault is Fault.REFUSED
        talking.say(OWNER, ASKER, CASE)
        assert talking.fault is None


def test_a_trace_may_be_answered_by_a_release() -> None:
    """The agency that was asked may show a record at any time, and others may not in its place."""
    talking, request = asked()
    talking.say(OWNER, ASKER, epoch_release(), request)
    assert talking.fault is None
    assert talking.thread.requests[request].heard is not None


# What each of three agencies may say at random, to whom, about what.
MOVES = st.tuples(st.permutations((ASKER, OWNER, THIRD)), st.sampled_from(BODIES), st.integers(-1, 12), st.booleans())


def random_thread(moves: list[tuple[list[str], Body, int, bool]]) -> Thread:
    """Return the thread of random messages; `re` is an earlier message, the record, or nothing."""
    said: list[Said] = []
    for index, (sides, body, back, about_record) in enumerate(moves):
        re = said[-1 - back].name if 0 <= back < len(said) else RECORD if about_record else None
        named = StatementName(sides[0], index.to_bytes(16, "big"))
        said.append(Said(index=index, name=named, to=sides[1], re=re, body=body))
    return listen(said)


@settings(max_examples=150)
@given(moves=st.lists(MOVES, max_size=16))
def test_no_faulty_message_changes_anything(moves: list[tuple[list[str], Body, int, bool]]) -> None:
    """Leave out what did not count: the state is the same, message for message."""
    thread = random_thread(moves)

    again = listen(one.said for one in thread.heard if one.fault is None)

    assert (again.requests, again.releases) == (thread.requests, thread.releases)


@settings(max_examples=100)
@given(moves=st.lists(MOVES, max_size=12), sides=st.permutations((ASKER, OWNER, THIRD)))
def test_what_each_side_may_do_next_is_what_counts(
    moves: list[tuple[list[str], Body, int, bool]], sides: list[str]
) -> None:
    """Every step that is offered has its place, and no other message of the thread is answered."""
    thread = random_thread(moves)
    steps = set(next_steps(thread, sides[0], sides[1]))

    for body in BODIES:
        kind = kind_of(body)
        for one in thread.heard:
            said = Said(index=99, name=StatementName(sides[0], b"x" * 16), to=sides[1], re=one.said.name, body=body)
            counts = listen([said], after=thread).heard[-1].fault is None
            if counts and kind is not Kind.RECEIPT:
                assert (kind, one.said.name) in steps or kind in {Kind.TRACE_REQUEST, Kind.DISCLOSURE_REQUEST}
    for kind, re in steps:
        assert place_fault(thread, kind=kind, iss=sides[0], to=sides[1], re=re) is None


@settings(max_examples=100)
@given(moves=st.lists(MOVES, max_size=16))
def test_a_request_is_never_decided_by_anybody_but_the_one_asked(
    moves: list[tuple[list[str], Body, int, bool]],
) -> None:
    """Whatever three agencies say in whatever order."""
    thread = random_thread(moves)

    for request in thread.requests.values():
        if request.decided is not None:
            assert (request.decided.name.iss, request.decided.to) == (request.said.to, request.said.name.iss)
    for released in thread.releases.values():
        if released.recalled is not None:
            assert released.recalled.name.iss == released.said.name.iss


@settings(max_examples=60)
@given(moves=st.lists(MOVES, max_size=14))
def test_both_sides_come_to_the_same(moves: list[tuple[list[str], Body, int, bool]]) -> None:
    """Two agencies that were alone in a thread hold the same messages and so the same state."""
    pair = frozenset({ASKER, OWNER})
    thread = random_thread(moves)
    seen = [one.said for one in thread.heard if one.said.sides == pair]

    one, other = listen(seen), listen(list(seen))

    assert one == other


@settings(max_examples=100)
@given(moves=st.lists(MOVES, max_size=16), cut=st.integers(0, 16))
def test_a_thread_is_heard_on_where_it_stopped(moves: list[tuple[list[str], Body, int, bool]], cut: int) -> None:
    """In two goes it comes to what it comes to in one, and what was heard before stays as it was."""
    thread = random_thread(moves)
    said = [one.said for one in thread.heard]
    before = listen(said[:cut])
    unchanged = listen(said[:cut])

    assert listen(said[cut:], after=before) == thread
    assert before == unchanged


@settings(max_examples=100)
@given(moves=st.lists(MOVES, max_size=16))
def test_what_is_looked_up_is_what_a_search_would_find(moves: list[tuple[list[str], Body, int, bool]]) -> None:
    """Among all that was heard: the messages that count, the questions and whose they are, and what is to be confirmed."""
    thread = random_thread(moves)
    asked = {one.said.name: (request, one) for request in thread.requests.values() for one in request.questions}

    for one in thread.heard:
        name = one.said.name
        assert thread.find(name) == (one.said if one.fault is None else None)
        assert thread.question(name) == asked.get(name)
        for agency in (ASKER, OWNER, THIRD):
            assert thread.is_sent(name, agency) == (one.said.to == agency and one.said.kind is not Kind.RECEIPT)
    for request in thread.requests.values():
        assert request.open_question == next((one for one in request.questions if one.answered is None), None)
    assert (thread.find(None), thread.question(None), thread.find(RECORD)) == (None, None, None)


def test_attack_a_second_message_of_one_name_takes_nothing_back() -> None:
    """A service that logs a request's or a release's name again undoes no question, no decision and no recall."""
    talking, request = asked(disclosure("case"), RECORD)
    question = talking.say(OWNER, ASKER, Question(asks="why?"), request)
    talking.say(ASKER, OWNER, Reply(answers="because"), question)
    talking.say(OWNER, ASKER, GRANTED, request)
    release = talking.say(OWNER, ASKER, CASE, request)
    talking.say(OWNER, ASKER, Recall(why=Why.ERROR), release)
    before = talking.thread

    again = [replace(one, index=99) for one in talking.said if one.name in {request, release}]
    after = listen(again, after=before)

    assert (after.requests, after.releases) == (before.requests, before.releases)


@dataclass
class Looks:
    """How often what was said before is looked at."""

    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Said):
    """A message that counts how often it is looked at to learn of what kind it is."""

    looks: Looks

    @property
    def kind(self) -> Kind:
        """Return its kind."""
        self.looks.count += 1
        return kind_of(self.body)


class WatchedName(StatementName):
    """A name that counts how often it is compared, by its hash or by itself."""

    looks: Looks

    def __eq__(self, other: object) -> bool:
        """Say whether it is the same name."""
        self.looks.count += 1
        return tuple(self) == other

    def __hash__(self) -> int:
        """Return the hash of the name."""
        self.looks.count += 1
        return hash(tuple(self))


Flood = Callable[[int], tuple[str, Body, StatementName | None]]


def flood(count: int, said: Flood) -> int:
    """Return how often messages are looked at while `count` are heard in one thread, and its next steps asked for."""
    looks = Looks()
    heard = []
    for number in range(count):
        iss, body, re = said(number)
        name = WatchedName(iss, number.to_bytes(16, "big"))
        name.looks = looks
        to = OWNER if iss == ASKER else ASKER
        heard.append(Watched(index=number, name=name, to=to, re=re, body=body, looks=looks))
    next_steps(listen(heard), OWNER, ASKER)
    return looks.count


def after_requests(said: Callable[[int], tuple[str, Body, StatementName | None]]) -> Flood:
    """Return a flood in which every second message is a request of the asker, and counts."""
    return lambda number: said(number) if number % 2 else (ASKER, trace(), None)


def named(iss: str, number: int) -> StatementName:
    """Return the name of a message of a flood."""
    return StatementName(iss, number.to_bytes(16, "big"))


@pytest.mark.parametrize(
    "said",
    [
        after_requests(lambda number: (OWNER, Receipt(of=(named(ASKER, number - 1).jti,)), None)),
        after_requests(lambda _number: (OWNER, Receipt(of=(bytes(16),)), None)),
        after_requests(lambda number: (OWNER, Acknowledgement(), named(ASKER, number - 1))),
        after_requests(lambda number: (OWNER, Question(asks="?"), named(ASKER, number - 1))),
        after_requests(lambda number: (ASKER, Reply(answers="x"), named(OWNER, number))),
        after_requests(lambda _number: (OWNER, epoch_release(), None)),
        after_requests(lambda number: (OWNER, Recall(why=Why.ERROR), named(OWNER, number))),
    ],
    ids=["receipts", "false receipts", "answers", "questions", "replies to nothing", "releases", "recalls of nothing"],
)
def test_attack_one_thread_is_flooded(said: Flood) -> None:
    """Each message of a flood costs its reader what the first one did: twice as many are no more than twice the work."""
    once, twice = flood(200, said), flood(400, said)

    assert once > 0
    assert twice <= 2 * once
