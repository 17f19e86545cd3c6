"""Answers that are held against the thread, and against what waits to be sent, before anybody says them."""

import pytest

from clients.errors import ListError
from clients.talk.replying import expected_thread, recalled, referral, refusal
from clients.talk.requesting import asked_agencies, declared_need, named_parts, request_letters, weapon_told
from clients.talk.sending import letter
from clients.talk.threads import Talk
from ledger.errors import LedgerError
from ledger.labels import Purpose
from ledger.talk.answers import Acknowledgement, Ground, Referral, Refusal, RefusalKind
from ledger.talk.requests import Onward, Priority
from tests.support.talks import ASKER, OWNER, RECORD, THIRD, Talking, trace

REFUSAL = Refusal(kind=RefusalKind.REFUSE, ground=Ground.LAW)


def talk_of(talking: Talking) -> Talk:
    """Return a thread as a home knows it."""
    return Talk(
        id=bytes(16), thread=talking.thread, damaged=(), duties=(), times={one.index: 0 for one in talking.said}
    )


def test_what_waits_to_be_sent_counts_as_said() -> None:
    """A refusal written a moment ago decides the request; a letter of another thread changes nothing here."""
    talking = Talking()
    request = talking.say(ASKER, OWNER, trace())
    here = letter(REFUSAL, to=ASKER, thread=bytes(16), re=request)
    elsewhere = letter(REFUSAL, to=ASKER, thread=bytes(range(16)), re=request)

    assert expected_thread(talk_of(talking), [elsewhere], me=OWNER).requests[request].decided is None
    assert expected_thread(talk_of(talking), [here], me=OWNER).requests[request].decided is not None


def test_of_two_answers_that_wait_the_second_changes_nothing() -> None:
    """They are heard in the order in which they were written, each under a name of its own."""
    talking = Talking()
    request = talking.say(ASKER, OWNER, trace())
    waiting = [letter(REFUSAL, to=ASKER, thread=bytes(16), re=request) for _ in range(2)]
    heard = expected_thread(talk_of(talking), waiting, me=OWNER).heard

    assert [one.fault is None for one in heard] == [True, True, False]
    assert len({one.said.name for one in heard}) == 3


def test_a_referral_names_a_state_or_an_agency_with_its_state() -> None:
    """`XDU` is a State, `xdu-moi` an agency of it."""
    assert referral("XDU", contact=None, note=None) == Referral(country="XDU")
    assert referral("xdu-moi", contact="desk", note="n") == Referral(
        country="XDU", agency="xdu-moi", contact="desk", note="n"
    )


def test_codes_that_are_none_are_refused() -> None:
    """Of a refusal, a recall, a purpose and what may go onward."""
    for wrong in (
        lambda: refusal(kind="NEVER", ground="LAW", until=None, reason=None),
        lambda: refusal(kind="REFUSE", ground="WHIM", until=None, reason=None),
        lambda: refusal(kind="DELAY", ground="LAW", until="soon", reason=None),
        lambda: recalled("regret", reason=None),
        lambda: declared_need(purpose="FUN", use="x"),
        lambda: declared_need(purpose="TRACE", use="x", onward=["EVERYBODY"]),
        lambda: declared_need(purpose="TRACE", use=""),
    ):
        with pytest.raises(LedgerError):
            wrong()


def test_a_need_is_declared_with_what_was_said() -> None:
    """Onward uses in their order, each once."""
    said = declared_need(purpose="CRIM", use="x", urgent=True, onward=["PUBLIC", "COURT", "PUBLIC"], reference="K 1")

    assert (said.purpose, said.priority, said.reference) == (Purpose.CRIM, Priority.URGENT, "K 1")
    assert said.onward == (Onward.COURT, Onward.PUBLIC)


def test_a_request_goes_to_each_agency_once_in_one_thread() -> None:
    """Several are asked side by side; nobody asked is an error."""
    letters = request_letters(trace(), [OWNER, THIRD, OWNER], re=None)

    assert [one.to for one in letters] == [OWNER, THIRD]
    assert len({one.thread for one in letters}) == 1
    with pytest.raises(ListError, match="nobody is asked"):
        request_letters(trace(), [], re=None)


def test_only_its_originator_is_asked_for_a_record() -> None:
    """Whoever else is named is refused, not left out in silence."""
    assert asked_agencies(RECORD, None) == [OWNER]
    assert asked_agencies(RECORD, [OWNER]) == [OWNER]
    assert asked_agencies(None, [THIRD]) == [THIRD]
    with pytest.raises(ListError, match="only its originator"):
        asked_agencies(RECORD, [THIRD])


def test_portions_stand_in_their_order() -> None:
    """However they were named."""
    assert named_parts(["case", "item"], []).portions == ("item", "case")
    assert named_parts([], ["case.offence", "case.offence"]).fields == ("case.offence",)


def test_an_acknowledgement_says_what_it_says() -> None:
    """A letter's words are read out of it again as they went in."""
    said = Acknowledgement(reference="K 1", note="it is here")

    assert letter(said, to=OWNER, thread=bytes(16), re=RECORD).kind == "acknowledgement"
    assert weapon_told({"make": None}, None) == {}  # type: ignore[arg-type]  # no table is asked for what was not told
